"""A source to be moved: the statements that make its target, files for COPY, and what must stand there in the end."""

import os
import shutil

from server import Database, Failed, Session, identifier, literal

BEFORE = ('create',)
KEYS = ('key', 'check', 'index', 'foreign key', 'view')
AFTER = KEYS + ('identity', 'analyze')
BATCH = 100

COLUMNS = """SELECT c.relname || chr(9) || a.attname || chr(9) || format_type(a.atttypid, a.atttypmod)
               FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY c.relname, a.attnum"""

OBJECTS = """SELECT 'index' || chr(9) || count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
              WHERE c.relnamespace = 'public'::regnamespace
             UNION ALL
             SELECT CASE contype WHEN 'p' THEN 'primary key' WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' END
                    || chr(9) || count(*)
               FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'f', 'c')
              GROUP BY contype"""


def shape(session):
    """Tables of the target with their columns and types."""
    tables = {}
    for line in session.rows(COLUMNS):
        table, column, kind = line.split('\t')
        tables.setdefault(table, []).append((column, kind))
    return tables


def read_as(column, found, wanted):
    """A column as text of the wanted type."""
    if found == wanted:
        return f'{identifier(column)}::text'
    exact = '::double precision' if found == 'real' else ''
    return f'{identifier(column)}{exact}::text::{wanted}::text'


def checksums(session, tables):
    """Number of rows and sum of row hashes of every table: the same for any order of rows.

    Every column is read as the type of the reference, so that a tool with types of its own is
    not called wrong for 1 instead of 1.00.
    """
    found = shape(session)
    sums = {}
    names = sorted(tables)
    for first in range(0, len(names), BATCH):
        parts = []
        for name in names[first:first + BATCH]:
            there = dict(found.get(name, []))
            if any(column not in there for column, _ in tables[name]):
                sums[name] = 'missing'
                continue
            # In one array, not in one row: rows end at 1664 columns.
            values = ', '.join(read_as(c, there[c], kind) for c, kind in tables[name])
            parts.append(f"SELECT {literal(name)} || chr(9) || count(*) || ' ' || coalesce(sum(hashtextextended("
                         f"ARRAY[{values}]::text, 0)::numeric), 0) FROM public.{identifier(name)}")
        if parts:
            sums.update(line.split('\t') for line in session.rows(' UNION ALL '.join(parts)))
    return sums


class Job:
    def __init__(self, name, sources, directory):
        self.name = name
        self.sources = sources
        self.copies = os.path.join(directory, 'copies-' + name)
        os.mkdir(self.copies)
        os.chmod(self.copies, 0o777)            # the server writes into it
        with Database('sqm_bench_reference') as database, Session(database) as session:
            self.steps = [line.split('\t', 2) for line in session.rows(
                "SELECT phase || chr(9) || coalesce(object, '') || chr(9) || replace(statement, E'\\n', ' ') FROM sq2pg_plan({}) ORDER BY step"
                .format(literal(sources['wal'])))]
            self.order = [name for phase, name, _ in self.steps if phase == 'load']
            verified = session.rows(f"SELECT verified FROM sq2pg_migrate({literal(sources['wal'])}) WHERE action = 'total'")
            if verified != ['t']:
                raise Failed(f'the reference of "{name}" was not verified')
            self.tables = shape(session)
            self.objects = dict(line.split('\t') for line in session.rows(OBJECTS))
            for options, suffix in (('(FORMAT binary)', 'bin'), ('', 'txt')):
                session.rows(';'.join(f'COPY public.{identifier(t)} TO {literal(self.file(t, suffix))} {options}' for t in self.order))
            self.expected = checksums(session, self.tables)
        self.rows = sum(int(s.split()[0]) for s in self.expected.values())
        self.bytes = os.path.getsize(sources['rollback'])

    def close(self):
        shutil.rmtree(self.copies)
        for path in self.sources.values():
            os.unlink(path)

    def file(self, table, suffix):
        return os.path.join(self.copies, f'{table}.{suffix}')

    def script(self, *phases):
        """The statements of some phases of the plan, in its order."""
        return '\n'.join(statement for phase, _, statement in self.steps if phase in phases)

    def copy(self, suffix, options):
        return ''.join(f'COPY public.{identifier(t)} FROM {literal(self.file(t, suffix))} {options};\n' for t in self.order)

    def whole_plan(self):
        return '\n'.join(statement for _, _, statement in self.steps)

    def wrong(self, session):
        """Tables whose content is not that of the reference."""
        sums = checksums(session, self.tables)
        return [t for t in sorted(self.tables) if sums.get(t) != self.expected[t]]

    def lacking(self, session):
        """Kinds of objects of which there are fewer than in the reference: ["index 3 of 26"]."""
        found = dict(line.split('\t') for line in session.rows(OBJECTS))
        return [f'{kind} {found.get(kind, 0)} of {number}' for kind, number in sorted(self.objects.items())
                if int(found.get(kind, 0)) < int(number)]
