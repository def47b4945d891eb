"""What server processes take, seen from outside: memory above their start, and processor time."""

import os
import threading

PERIOD = 0.01
TICK = os.sysconf('SC_CLK_TCK')


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


def processor(pid):
    """Seconds of processor time that a process has had. None if it is gone."""
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
            fields = file.read().rpartition(')')[2].split()
            return (int(fields[11]) + int(fields[12])) / TICK
    except OSError:
        return None


def children(pid):
    try:
        with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
            return file.read().split()
    except OSError:
        return []


class Sampler:
    """Watches all processes of a server while a block runs.

    Memory: a process that was there at the start counts with what it takes more
    than then, a new one (a parallel worker, the other end of a client) with
    what it takes more than when it was first seen.
    """

    def __init__(self, postmaster):
        self.postmaster = postmaster
        self.start = {}             # memory of processes at their start
        self.before = {}            # processor time of processes that were there
        self.now = {}
        self.process = 0            # peak memory of the process that grew most
        self.server = 0             # peak memory of all together
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def look(self):
        growth = []
        for pid in children(self.postmaster):
            memory, seconds = private(pid), processor(pid)
            if memory is not None and seconds is not None:
                growth.append(memory - self.start.setdefault(pid, memory))
                self.now[pid] = seconds
        if growth:
            self.process = max(self.process, *growth, 0)
            self.server = max(self.server, sum(g for g in growth if g > 0))

    def watch(self):
        while not self.done.wait(PERIOD):
            self.look()

    @property
    def seconds(self):
        """Processor time of all processes in the block."""
        return sum(seconds - self.before.get(pid, 0) for pid, seconds in self.now.items())

    def __enter__(self):
        self.look()
        self.before = dict(self.now)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.look()
