"""What is measured: ways to move a source into PostgreSQL with nothing but PostgreSQL, sqlite3 and this extension."""

import shlex
from collections import namedtuple

import server
from job import AFTER, BEFORE, KEYS
from server import Failed, identifier, literal

# function(job, run) does the work; prepare(job, run) what is not timed before it.
Method = namedtuple('Method', 'name label function prepare', defaults=(None,))


class Skip(Exception):
    """The method cannot be had here; the text says why."""


class Run:
    """One execution of one method: adds up its time and the memory of its clients."""

    def __init__(self, session, database):
        self.session = session
        self.database = database
        self.seconds = 0.0
        self.client_cpu = 0.0
        self.client_kb = 0

    def sql(self, text):
        self.seconds += self.session.timed(text)

    def client(self, command, **variables):
        seconds, cpu, kilobytes = server.client(command, **variables)
        self.seconds += seconds
        self.client_cpu += cpu
        self.client_kb = max(self.client_kb, kilobytes)


# -- a target that is made: tables, rows, keys, indexes, foreign keys, ANALYZE --

def made_by_copy(suffix, options):
    def function(job, run):
        run.sql(f'BEGIN;\n{job.script(*BEFORE)}\n{job.copy(suffix, options)}\n{job.script(*AFTER)}\nCOMMIT')
    return function


def insert_select(job, run):
    run.sql(job.whole_plan())


def csv_select(job, table):
    """The query whose CSV output COPY reads without loss."""
    values = {'bytea': "CASE WHEN {0} IS NOT NULL THEN '\\x' || hex({0}) END"}
    columns = ', '.join(values.get(kind, '{0}').format(identifier(name)) for name, kind in job.tables[table])
    return f'SELECT {columns} FROM {identifier(table)}'


def sqlite_csv(job, run):
    run.sql(job.script(*BEFORE))
    pipes = ''.join('sqlite3 -readonly -csv {} {} | psql -qX -v ON_ERROR_STOP=1 -d {} -c {}\n'.format(
        *map(shlex.quote, (job.sources['rollback'], csv_select(job, t), run.database,
                           f'COPY public.{identifier(t)} FROM STDIN (FORMAT csv)'))) for t in job.order)
    script = job.file('pipes', 'sh')
    with open(script, 'w', encoding='utf-8') as file:
        file.write('set -e -o pipefail\n' + pipes)
    run.client(['bash', script])
    run.sql(job.script(*AFTER))


def migrate(journal, verify, options='', settings=''):
    def function(job, run):
        run.session.rows(settings)
        run.sql('SELECT count(*) FROM sq2pg_migrate({}, verify => {}{})'.format(
            literal(job.sources[journal]), literal(verify), options))
    return function


IN_PLACE = 'SET sqlite_fdw_mig.read_in_place = on'

COPY_BINARY = Method('copy_binary', 'COPY, binary file', made_by_copy('bin', '(FORMAT binary)'))
CREATE = [
    COPY_BINARY,
    Method('copy_freeze', 'COPY FREEZE, binary file', made_by_copy('bin', '(FORMAT binary, FREEZE)')),
    Method('copy_text', 'COPY, text file', made_by_copy('txt', '')),
    Method('sqlite_csv', 'sqlite3 -csv piped into psql', sqlite_csv),
    Method('insert_select', 'INSERT ... SELECT from our foreign table', insert_select),
    Method('migrate_none_wal', 'sq2pg_migrate, WAL, not verified', migrate('wal', 'none')),
    Method('migrate_content_wal', 'sq2pg_migrate, WAL, verified', migrate('wal', 'content')),
    Method('migrate_none_copied', 'sq2pg_migrate, journal (source copied), not verified', migrate('rollback', 'none')),
    Method('migrate_content_copied', 'sq2pg_migrate, journal (source copied), verified', migrate('rollback', 'content')),
    Method('migrate_none_in_place', 'sq2pg_migrate, journal read in place, not verified',
           migrate('rollback', 'none', settings=IN_PLACE)),
    Method('migrate_content_in_place', 'sq2pg_migrate, journal read in place, verified',
           migrate('rollback', 'content', settings=IN_PLACE)),
]
FEW = [m for m in CREATE if m.name in ('copy_binary', 'migrate_none_wal', 'migrate_content_wal')]


# -- load only: one statement, between BEGIN with CREATE TABLE and COMMIT, is timed --

def loaded_by_copy(suffix, options):
    def function(job, run):
        run.session.rows(f'BEGIN;\n{job.script(*BEFORE)}')
        run.sql(job.copy(suffix, options))
        run.session.rows('COMMIT')
    return function


def loader_arguments(session):
    """The loader has got more arguments over time."""
    names = session.rows("SELECT unnest(proargnames) FROM pg_proc WHERE oid::regproc = 'sq2pg.load_table'::regproc")
    more = {'method': "'bare'", 'on_conflict': "'error'", 'conflict_columns': "'{}'"}
    return ''.join(f', {name} => {value}' for name, value in more.items() if name in names)


def loaded_by_us(settings=''):
    def function(job, run):
        more = loader_arguments(run.session)
        run.session.rows(f'BEGIN;\n{settings};\n{job.script(*BEFORE)}')
        for table in job.order:
            columns = 'ARRAY[' + ', '.join(literal(c) for c, _ in job.tables[table]) + ']'
            run.sql(f"SELECT 1 / (misfits IS NULL)::int FROM sq2pg.load_table(source => {literal(job.sources['wal'])}, "
                    f"source_table => {literal(table)}, source_columns => {columns}, "
                    f"target => {literal('public.' + identifier(table))}, target_columns => {columns}, "
                    f"time_zone => 'UTC', empty_as_null => false, policy => 'stop'{more})")
        run.session.rows('COMMIT')
    return function


LOAD = [
    Method('copy_binary', 'COPY, binary file', loaded_by_copy('bin', '(FORMAT binary)')),
    Method('copy_freeze', 'COPY FREEZE, binary file', loaded_by_copy('bin', '(FORMAT binary, FREEZE)')),
    Method('copy_text', 'COPY, text file', loaded_by_copy('txt', '')),
    Method('loader', 'our loader', loaded_by_us()),
    Method('loader_alone', 'our loader without parallel workers', loaded_by_us('SET LOCAL max_parallel_workers = 0')),
]


# -- a target that exists, with its keys, indexes and foreign keys, and is empty --

def existing_tables(job, run):
    run.session.rows(job.script(*BEFORE, *KEYS))


def into_existing_by_copy(job, run):
    run.sql(f"BEGIN;\n{job.copy('bin', '(FORMAT binary)')}\n{job.script('identity', 'analyze')}\nCOMMIT")


def data_mode(verify):
    def function(job, run):
        try:
            migrate('wal', verify, options=", mode => 'data'")(job, run)
        except Failed as error:
            if error.unsupported:
                raise Skip('this version has no data mode') from error
            raise
    return function


EXISTING = [
    Method('copy_binary', 'COPY, binary file', into_existing_by_copy, existing_tables),
    Method('data_none', 'sq2pg_migrate in data mode, not verified', data_mode('none'), existing_tables),
    Method('data_content', 'sq2pg_migrate in data mode, verified', data_mode('content'), existing_tables),
]


# -- a trap: does the comparison notice? --

NULLABLE = """SELECT quote_ident(attname) FROM pg_attribute
               WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attnotnull ORDER BY attnum DESC LIMIT 1"""


def tampered(job, run):
    COPY_BINARY.function(job, run)
    table = 'public.' + identifier(job.order[0])
    column = run.session.rows(NULLABLE.format(literal(table)))[0]
    run.session.rows(f'UPDATE {table} SET {column} = NULL WHERE ctid = (SELECT min(ctid) FROM {table} WHERE {column} IS NOT NULL)')


TRAP = Method('tampered', 'COPY with one value changed', tampered)
