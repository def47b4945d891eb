"""The PostgreSQL server that is measured: sessions through psql, databases to throw away, facts."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

PSQL = ['psql', '-qAtX', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose']
END = 'end of the statements'
TEMPLATE = 'sqm_bench_template'

# What the numbers depend on, to be printed with them.
SETTINGS = ('shared_buffers', 'maintenance_work_mem', 'work_mem', 'max_wal_size', 'min_wal_size', 'wal_level', 'fsync', 'synchronous_commit',
            'full_page_writes', 'autovacuum', 'jit', 'max_parallel_workers', 'max_parallel_maintenance_workers')


class Failed(Exception):
    """The server or a program refused; the text is what it said."""

    @property
    def unsupported(self):
        return 'ERROR:  0A000:' in str(self)


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


class Session:
    """A connection that times what it executes."""

    def __init__(self, database):
        self.errors = tempfile.TemporaryFile()
        self.psql = subprocess.Popen(PSQL + ['-d', database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        self.rows('SET client_min_messages = error; SET timezone = UTC; SET datestyle = ISO')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.psql.stdin.close()
        self.psql.stdout.close()
        self.psql.wait()
        self.errors.close()

    def rows(self, sql):
        """Executes statements; returns the lines they print."""
        lines = []
        try:
            self.psql.stdin.write(f"{sql}\n;SELECT '{END}';\n".encode())
            self.psql.stdin.flush()
        except BrokenPipeError:
            pass
        for line in self.psql.stdout:
            line = line.decode('utf-8', 'replace').rstrip('\n')
            if line == END:
                return lines
            lines.append(line)
        self.errors.seek(0)
        raise Failed(self.errors.read().decode('utf-8', 'replace').strip())

    def timed(self, sql):
        """Executes statements; returns the seconds they took."""
        started = time.perf_counter()
        self.rows(sql)
        return time.perf_counter() - started


def client(command, seconds=900, **variables):
    """Runs a program; returns the seconds it took, those of processor time, and the memory of its largest process in kB."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        child = subprocess.Popen(['timeout', str(seconds)] + command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                 env={**os.environ, **variables})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.perf_counter() - started
        output.seek(0)
        said = output.read().decode('utf-8', 'replace')
    if child.returncode == 124:
        raise Failed(f'stopped after {seconds} s')
    if child.returncode != 0 or re.search(r'^(ERROR|FATAL)|\b(FATAL|ERROR) ', said, re.M):
        raise Failed(said.strip() or f'exit status {child.returncode}')
    return elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def make_template():
    with Session('postgres') as session:
        session.rows(f'DROP DATABASE IF EXISTS {TEMPLATE}; CREATE DATABASE {TEMPLATE} TEMPLATE template0')
    with Session(TEMPLATE) as session:
        session.rows('CREATE EXTENSION sqlite_fdw_mig')


class Database:
    """A new database with nothing but the extension; gone at the end."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        with Session('postgres') as session:
            session.rows(f'CREATE DATABASE {self.name} TEMPLATE {TEMPLATE}')
        return self.name

    def __exit__(self, *_):
        drop(self.name)


def drop(name):
    with Session('postgres') as session:
        session.rows(f'DROP DATABASE IF EXISTS {name} WITH (FORCE)')


LOOP = 'import time; t = time.perf_counter(); sum(i * i for i in range(3000000)); print(time.perf_counter() - t)'


def crowding():
    """How much longer a process takes while all cores are busy: those of a virtual machine may be halves of real ones."""
    def seconds(processes):
        running = [subprocess.Popen([sys.executable, '-c', LOOP], stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        return statistics.mean(float(process.communicate()[0]) for process in running)
    return statistics.median(seconds(os.cpu_count()) / seconds(1) for _ in range(5))


def facts():
    """What machine and server are like: a list of (name, value)."""
    with open('/proc/meminfo', encoding='ascii') as file:
        memory = int(re.search(r'MemTotal:\s+(\d+)', file.read()).group(1))
    with open('/proc/cpuinfo', encoding='utf-8', errors='replace') as file:
        model = re.search(r'model name\s*:\s*(.*)', file.read())
    with Session(TEMPLATE) as session:
        version = session.rows('SHOW server_version')[0]
        extension = session.rows('SELECT sq2pg_version()')[0].partition(' (')[0]     # without how SQLite was compiled
        settings = session.rows("SELECT name || ' = ' || current_setting(name) FROM pg_settings WHERE name IN ({}) ORDER BY name".format(
            ', '.join(literal(s) for s in SETTINGS)))
    return [('processor', f'{os.cpu_count()} cores' + (f', {model.group(1)}' if model else '')),
            ('a process while all cores are busy', f'takes {crowding():.2f} times as long as alone'),
            ('memory', f'{memory / 1048576:.0f} GB'),
            ('kernel', f'{os.uname().sysname} {os.uname().release} {os.uname().machine}'),
            ('PostgreSQL', version),
            ('extension', extension),
            ('settings', ', '.join(settings))]


def postmaster():
    with Session('postgres') as session:
        return int(session.rows("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")[0])
