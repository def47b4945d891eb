"""How much memory server processes take above their start, seen from outside."""

import threading

PERIOD = 0.01


def private(pid):
    """Private memory of a process in kB: without shared buffers and code. None if it is gone."""
    try:
        with open(f'/proc/{pid}/status', encoding='ascii', errors='replace') as file:
            for line in file:
                if line.startswith('RssAnon:'):
                    return int(line.split()[1])
    except OSError:
        pass
    return None


def children(pid):
    try:
        with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
            return file.read().split()
    except OSError:
        return []


class Sampler:
    """Watches all processes of a server while a block runs.

    A process that was there at the start counts with what it takes more than
    then, a new one (a parallel worker, the other end of a client) with what it
    takes more than when it was first seen.
    """

    def __init__(self, postmaster):
        self.postmaster = postmaster
        self.start = {}
        self.process = 0            # peak of the process that grew most
        self.server = 0             # peak of all together
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def look(self):
        growth = []
        for pid in children(self.postmaster):
            now = private(pid)
            if now is not None:
                growth.append(now - self.start.setdefault(pid, now))
        if growth:
            self.process = max(self.process, *growth, 0)
            self.server = max(self.server, sum(g for g in growth if g > 0))

    def watch(self):
        while not self.done.wait(PERIOD):
            self.look()

    def __enter__(self):
        self.look()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
