"""Other tools, each doing the whole job in its own usual way. What they leave out is counted, not added."""

import os
import re

from job import AFTER, BEFORE
from methods import Method, Skip
from server import Failed, identifier, literal


def analyzed(run):
    run.sql('ANALYZE')


def pgloader(job, run):
    """Makes tables, indexes and foreign keys by itself."""
    target = 'pgsql://{PGUSER}@unix:{PGHOST}:{PGPORT}/'.format(**os.environ) + run.database
    command = job.file('pgloader', 'load')
    with open(command, 'w', encoding='utf-8') as file:
        file.write(f"LOAD DATABASE FROM sqlite://{job.sources['rollback']} INTO {target};\n")
    run.client(['pgloader', '--root-dir', job.file('pgloader', 'tmp'), command])
    analyzed(run)


def ogr2ogr(job, run):
    """Makes tables with their primary keys; no other index and no foreign key."""
    run.client(['ogr2ogr', '-f', 'PostgreSQL', f"PG:dbname={run.database}", job.sources['rollback'], '-nlt', 'NONE',
                '-preserve_fid', '-unsetDefault', '-lco', 'FID=id', '-lco', 'LAUNDER=NO', '-gt', '100000',
                '--config', 'PG_USE_COPY', 'YES', '--config', 'OGR_SQLITE_LIST_ALL_TABLES', 'YES'])
    analyzed(run)


def sqlite_fdw_ready(_, run):
    run.session.rows('CREATE EXTENSION sqlite_fdw')


def sqlite_fdw(job, run):
    """By hand: our tables, INSERT ... SELECT from its foreign tables, our keys."""
    loads = ''.join('INSERT INTO public.{0} ({1}) SELECT {1} FROM old.{0};\n'.format(
        identifier(t), ', '.join(identifier(c) for c, _ in job.tables[t])) for t in job.order)
    run.sql(f"BEGIN; CREATE SCHEMA old; CREATE SERVER old FOREIGN DATA WRAPPER sqlite_fdw OPTIONS (database {literal(job.sources['rollback'])});"
            f"IMPORT FOREIGN SCHEMA main FROM SERVER old INTO old;\n{job.script(*BEFORE)}\n{loads}\n{job.script(*AFTER)}\nCOMMIT")


def duckdb(job, run):
    """By hand: our tables, INSERT ... SELECT by DuckDB through its extensions, our keys."""
    run.sql(job.script(*BEFORE))
    loads = ''.join('INSERT INTO pg.public.{0} ({1}) SELECT {1} FROM old.{0};'.format(
        identifier(t), ', '.join(identifier(c) for c, _ in job.tables[t])) for t in job.order)
    connection = 'host={PGHOST} port={PGPORT} user={PGUSER}'.format(**os.environ)
    run.client([os.environ.get('DUCKDB', 'duckdb'), '-c',
                f"LOAD sqlite; LOAD postgres; ATTACH {literal(job.sources['rollback'])} AS old (TYPE sqlite, READ_ONLY);"
                f"ATTACH {literal(connection + ' dbname=' + run.database)} AS pg (TYPE postgres); BEGIN; {loads} COMMIT"])
    run.sql(job.script(*AFTER))


PEERS = {
    'pgloader': Method('pgloader', 'pgloader', pgloader),
    'ogr2ogr': Method('ogr2ogr', 'ogr2ogr', ogr2ogr),
    'sqlite_fdw': Method('sqlite_fdw', 'sqlite_fdw, INSERT ... SELECT', sqlite_fdw, sqlite_fdw_ready),
    'duckdb': Method('duckdb', 'DuckDB, INSERT ... SELECT', duckdb),
}
