#!/usr/bin/env python3
"""Random SQLite schemas: no object may vanish in silence.

Every table, column, default, generated column, NOT NULL, key, check, index,
foreign key, view and trigger of the source is either in PostgreSQL's catalog
under its planned name, or the run's notes tell of it.  Every name that is not
SQLite's own is told.  sq2pg_check says the same as the run, and where the run
fails sq2pg_check has an error to show.

Usage: schema.py --seed N --count SCHEMAS [--directory DIR]
       schema.py FILE...
"""

import argparse
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile

import server

NAMES = ['id', 'name', 'Name', 'user', 'order', 'select', 'a b', 'c"d', "e'f", 'g.h', 'i$j', 'k\nl', 'naïve', 'ÄÖ', 'äö', 'テーブル',
         '😀', 'ctid', 'xmin', 'tableoid', 'CamelCase', 'camel_case', 'camelCase', 'HTTPServer', '1st', '%', 'x' * 63,
         'x' * 64, 'x' * 70 + 'y', 'ü' * 40, '_', 'rowid', 't0_pkey', 't0_id_seq', 't1_a_key', 'a', 'b', 'v', 'w', "it''s", 'back\\slash', ' ']
TYPES = ['', 'INTEGER', 'INT', 'TEXT', 'REAL', 'BLOB', 'NUMERIC', 'BOOLEAN', 'VARCHAR(20)', 'DECIMAL(10,2)', 'DATE', 'DATETIME',
         'JSON', 'UUID', 'ANY THING', 'TINYINT(1)', 'BIGINT UNSIGNED', 'DOUBLE PRECISION', 'POINT', 'TIME']
STRICT_TYPES = ['INTEGER', 'INT', 'TEXT', 'REAL', 'BLOB', 'ANY']
COLLATIONS = ['BINARY', 'NOCASE', 'RTRIM', 'nocase', 'unicase', 'odd "collation"']
ACTIONS = ['', '', ' ON DELETE CASCADE', ' ON DELETE SET NULL', ' ON UPDATE CASCADE', ' ON DELETE SET DEFAULT ON UPDATE RESTRICT',
           ' MATCH FULL', ' DEFERRABLE INITIALLY DEFERRED', ' NOT DEFERRABLE', ' DEFERRABLE', ' ON UPDATE SET NULL']
CONFLICTS = ['', '', '', '', ' ON CONFLICT REPLACE', ' ON CONFLICT IGNORE', ' ON CONFLICT ABORT']
DEFAULTS = ['1', '-1', '0', '1.5', "'x'", '"x"', 'NULL', "'NULL'", 'TRUE', 'CURRENT_TIMESTAMP', 'CURRENT_DATE', 'CURRENT_TIME',
            "(datetime('now'))", "(strftime('%s', 'now'))", "x'00ff'", '(1 + 2)', '(app_fn(1))', '0x10', '(hex(randomblob(4)))',
            "''", "('a' || 'b')", '(NULL)', "(printf('%q', 1))", "'2024-01-01'", '9223372036854775807', '1e999']
# conditions on {c}
CONDITIONS = ['{c} > 0', '{c} IS NOT NULL', "{c} <> 'x'", '{c} IN (0, 1)', 'length({c}) < 100', "{c} LIKE 'a%'", "{c} GLOB '[a-z]*'",
              'app_fn({c})', 'typeof({c}) = \'text\'', '{c} = 1', 'json_valid({c})', '{c} COLLATE NOCASE <> \'q\'', 'coalesce({c}, 1)',
              '{c} BETWEEN 1 AND 10 OR {c} IS NULL', '{c} REGEXP \'a\'', 'NOT {c}', '{c}', '({c} <> 3) = 1', "{c} IS NOT 'z'"]
VALUES_OF = ['lower({c})', 'upper({c})', '{c} || \'x\'', '{c} + 1', 'app_fn({c})', 'abs({c})', "json_extract({c}, '$.a')", 'length({c})',
             'substr({c}, 1, 3)', "coalesce({c}, 'n')", "printf('%5d', {c})", '{c} * 2', 'CAST({c} AS TEXT)', 'lower({c}) COLLATE NOCASE',
             "date({c})", 'hex({c})', '({c} COLLATE NOCASE)', '-{c}', 'CASE WHEN {c} > 1 THEN 1 ELSE 0 END']
SAMPLES = [None, None, 0, 1, 2, 3, 1.5, 'a', 'A', 'b ', 'b', '2024-01-01', '{"a": 1}', b'\x00', '10', '1', 'x', 'true', '',
           '550e8400-e29b-41d4-a716-446655440000', 5000000000, -1]


def quote(name):
    return '"' + name.replace('"', '""') + '"'


class Schema:
    """What was declared beyond what SQLite's pragmas tell."""

    def __init__(self):
        self.checks = {}            # table: number


def connect(file):
    connection = sqlite3.connect(file, isolation_level=None)
    connection.create_function('app_fn', 1, lambda x: 1, deterministic=True)
    connection.create_function('regexp', 2, lambda x, y: 1, deterministic=True)
    for name in ('unicase', 'odd "collation"'):
        connection.create_collation(name, lambda a, b: (a > b) - (a < b))
    return connection


def try_statement(connection, sql, values=()):
    try:
        connection.execute(sql, values)
        return True
    except (sqlite3.Error, OverflowError):
        return False


def new_name(rng, taken):
    while True:
        name = rng.choice(NAMES) if rng.random() < 0.7 else 't%d' % rng.randint(0, 30)
        if name.lower() not in taken:
            taken.add(name.lower())
            return name


def maybe_constraint(rng):
    return 'CONSTRAINT %s ' % quote(rng.choice(NAMES)) if rng.random() < 0.25 else ''


def column_text(rng, name, others, strict, checks, generated):
    parts = [quote(name)]
    if rng.random() < 0.9 or strict:
        parts.append(rng.choice(STRICT_TYPES if strict else TYPES))
    if rng.random() < 0.2:
        parts.append(maybe_constraint(rng) + 'NOT NULL' + rng.choice(CONFLICTS))
    if rng.random() < 0.2:
        parts.append('COLLATE ' + quote(rng.choice(COLLATIONS)))
    if rng.random() < 0.15:
        parts.append(maybe_constraint(rng) + 'UNIQUE' + rng.choice(CONFLICTS))
    if rng.random() < 0.2:
        parts.append(maybe_constraint(rng) + 'CHECK (%s)' % rng.choice(CONDITIONS).format(c=quote(name)))
        checks.append(name)
    if generated and others and rng.random() < 0.15:
        parts.append('GENERATED ALWAYS AS (%s) %s' % (rng.choice(VALUES_OF).format(c=quote(rng.choice(others))),
                                                       rng.choice(['STORED', 'VIRTUAL', ''])))
    elif rng.random() < 0.3:
        parts.append(maybe_constraint(rng) + 'DEFAULT ' + rng.choice(DEFAULTS))
    return ' '.join(parts)


def key_list(rng, columns):
    keys = [rng.choice(columns) for _ in range(rng.choice([1, 1, 2, 2, 3]))]
    return ', '.join(quote(k) + (' COLLATE ' + quote(rng.choice(COLLATIONS)) if rng.random() < 0.15 else '')
                     + rng.choice(['', '', ' DESC']) for k in keys)


def reference(rng, tables, own):
    parents = list(tables) + [own]
    if rng.random() < 0.1:
        return 'REFERENCES nowhere (x)'
    table = rng.choice(parents)
    columns = ''
    if rng.random() < 0.6 and tables.get(table):
        columns = ' (%s)' % quote(rng.choice(tables[table]))
    return 'REFERENCES %s%s%s' % (quote(table), columns, rng.choice(ACTIONS))


def table_text(rng, name, tables, schema):
    taken = set()
    strict = rng.random() < 0.15
    checks = []
    columns = []
    items = []
    own_key = rng.random() < 0.6
    if own_key:
        key = new_name(rng, taken)
        columns.append(key)
        items.append('%s %s%s' % (quote(key), maybe_constraint(rng), '')
                     + rng.choice(['INTEGER PRIMARY KEY', 'INTEGER PRIMARY KEY AUTOINCREMENT', 'INT PRIMARY KEY',
                                   'TEXT PRIMARY KEY', 'INTEGER PRIMARY KEY DESC', 'TEXT COLLATE NOCASE PRIMARY KEY',
                                   'INTEGER PRIMARY KEY DEFAULT 5', 'INTEGER PRIMARY KEY ON CONFLICT REPLACE'])
                     if rng.random() < 0.9 else '%s TEXT' % quote(key))
    for _ in range(rng.randint(1, 7)):
        column = new_name(rng, taken)
        text = column_text(rng, column, columns, strict, checks, True)
        if rng.random() < 0.15 and 'GENERATED' not in text:
            text += ' ' + reference(rng, tables, name)
        items.append(text)
        columns.append(column)
    if not own_key and rng.random() < 0.5:
        items.append(maybe_constraint(rng) + 'PRIMARY KEY (%s)%s' % (key_list(rng, columns), rng.choice(CONFLICTS)))
    for _ in range(rng.choice([0, 0, 1, 2])):
        items.append(maybe_constraint(rng) + 'UNIQUE (%s)%s' % (key_list(rng, columns), rng.choice(CONFLICTS)))
    for _ in range(rng.choice([0, 0, 1])):
        items.append(maybe_constraint(rng) + 'CHECK (%s)' % rng.choice(CONDITIONS).format(c=quote(rng.choice(columns))))
        checks.append(None)
    for _ in range(rng.choice([0, 0, 0, 1])):
        children = rng.sample(columns, min(len(columns), rng.choice([1, 2])))
        items.append(maybe_constraint(rng) + 'FOREIGN KEY (%s) %s' % (', '.join(map(quote, children)), reference(rng, tables, name)))
    options = (['WITHOUT ROWID'] if rng.random() < 0.15 else []) + (['STRICT'] if strict else [])
    schema.checks[name] = len(checks)
    return 'CREATE TABLE %s (%s) %s' % (quote(name), ', '.join(items), ', '.join(options)), columns


def make_tables(rng, connection, schema, taken):
    tables = {}
    for _ in range(rng.randint(1, 5)):
        name = new_name(rng, taken)
        for _ in range(20):
            sql, columns = table_text(rng, name, tables, schema)
            if try_statement(connection, sql):
                tables[name] = columns
                break
    return tables


def make_virtual(rng, connection, taken):
    if rng.random() > 0.2:
        return
    name = new_name(rng, taken)
    kind = rng.choice(['fts5(title, body)', 'fts4(a, b)', 'rtree(id, x0, x1, y0, y1)', 'fts5(x, content=\'\')'])
    if try_statement(connection, 'CREATE VIRTUAL TABLE %s USING %s' % (quote(name), kind)):
        try_statement(connection, 'INSERT INTO %s VALUES (%s)' % (quote(name), '1, 0, 1, 0, 1' if 'rtree' in kind else
                                                                  "'one'" if 'content' in kind else "'one', 'two'"))


def make_indexes(rng, connection, tables, taken):
    for _ in range(rng.randint(0, 5)):
        table = rng.choice(list(tables))
        columns = tables[table]
        keys = []
        for _ in range(rng.choice([1, 1, 2])):
            column = quote(rng.choice(columns))
            keys.append((rng.choice(VALUES_OF).format(c=column) if rng.random() < 0.3 else column)
                        + (' COLLATE ' + quote(rng.choice(COLLATIONS)) if rng.random() < 0.2 else '') + rng.choice(['', ' DESC']))
        where = ' WHERE ' + rng.choice(CONDITIONS).format(c=quote(rng.choice(columns))) if rng.random() < 0.25 else ''
        try_statement(connection, 'CREATE %sINDEX %s ON %s (%s)%s' % (rng.choice(['', '', 'UNIQUE ']), quote(new_name(rng, taken)),
                                                                      quote(table), ', '.join(keys), where))


def make_views(rng, connection, tables, taken):
    for _ in range(rng.randint(0, 3)):
        table = rng.choice(list(tables))
        column = quote(rng.choice(tables[table]))
        query = rng.choice(['SELECT * FROM {t}', 'SELECT {c} FROM {t} WHERE ' + rng.choice(CONDITIONS),
                            'SELECT count(*) AS n, {c} FROM {t} GROUP BY {c}', 'SELECT a.{c}, b.{c} FROM {t} AS a JOIN {t} AS b ON a.{c} = b.{c}',
                            'SELECT ' + rng.choice(VALUES_OF) + ' AS v FROM {t} ORDER BY 1', 'SELECT * FROM nowhere', 'SELECT 1'])
        name = new_name(rng, taken)
        try_statement(connection, 'CREATE VIEW %s AS %s' % (quote(name), query.format(t=quote(table), c=column)))
    for _ in range(rng.choice([0, 0, 1])):
        table = rng.choice(list(tables))
        try_statement(connection, 'CREATE TRIGGER %s %s %s ON %s %sBEGIN SELECT 1; END' % (
            quote(new_name(rng, taken)), rng.choice(['', 'BEFORE', 'AFTER']),
            rng.choice(['INSERT', 'DELETE', 'UPDATE', 'UPDATE OF ' + quote(tables[table][0])]), quote(table),
            rng.choice(['', 'FOR EACH ROW ', 'WHEN 1 ', 'WHEN CASE WHEN 1 THEN 1 END '])))


def make_database(rng, file):
    schema = Schema()
    connection = connect(file)
    taken = set()
    tables = make_tables(rng, connection, schema, taken)
    if not tables:
        return None
    make_virtual(rng, connection, taken)
    make_indexes(rng, connection, tables, taken)
    for table in tables:
        for _ in range(rng.choice([0, 1, 3])):
            try_statement(connection, 'INSERT OR IGNORE INTO %s (%s) VALUES (%s)' % (
                quote(table), ', '.join(map(quote, tables[table])), ', '.join('?' * len(tables[table]))),
                [rng.choice(SAMPLES) for _ in tables[table]])
            plain = [c for c in tables[table] if rng.random() < 0.5]
            if plain:
                try_statement(connection, 'INSERT OR IGNORE INTO %s (%s) VALUES (%s)' % (
                    quote(table), ', '.join(map(quote, plain)), ', '.join('?' * len(plain))), [rng.choice(SAMPLES) for _ in plain])
    make_views(rng, connection, tables, taken)
    if rng.random() < 0.1:
        connection.execute('PRAGMA writable_schema = ON')
        connection.execute("INSERT INTO sqlite_schema VALUES ('table', 'ghost', 'ghost', 0, 'CREATE VIRTUAL TABLE ghost USING no_module(a)')")
    connection.close()
    os.chmod(file, 0o644)
    return schema


def source_objects(file, schema):
    """(kind, table, name, further) of everything in the file."""
    connection = connect(file)
    objects = []
    listed = {row[1]: row[2] for row in connection.execute('PRAGMA main.table_list')}
    for kind, name, table in connection.execute("SELECT type, name, tbl_name FROM sqlite_schema").fetchall():
        if name.startswith('sqlite_') or listed.get(name) == 'shadow' or listed.get(table) == 'shadow':
            continue
        objects.append((kind, table, name, None))
        if kind != 'table' or name == 'ghost':
            continue
        if listed[name] == 'table':
            objects.extend(table_objects(connection, name))
            if schema.checks.get(name):
                objects.append(('checks', name, None, schema.checks[name]))
        else:
            for row in connection.execute('PRAGMA table_xinfo(%s)' % quote(name)):
                if row[6] == 0:
                    objects.append(('column', name, row[1], None))
    connection.close()
    return objects


def table_objects(connection, table):
    keys = 0
    columns = connection.execute('PRAGMA table_xinfo(%s)' % quote(table)).fetchall()
    for _, name, declared, not_null, default, key, hidden in columns:
        yield ('column', table, name, None)
        keys += key > 0
        if not_null:
            yield ('not null', table, name, None)
        if default is not None and default.upper() != 'NULL':
            yield ('default', table, name, default)
        if hidden in (2, 3):
            yield ('generated', table, name, None)
    if keys:
        yield ('primary key', table, None, [c[1] for c in columns if c[5] > 0])
    for _, name, _, origin, _ in connection.execute('PRAGMA index_list(%s)' % quote(table)).fetchall():
        if origin == 'u':
            yield ('unique', table, None, [row[2] for row in connection.execute('PRAGMA index_info(%s)' % quote(name))])
    keys = {}
    for row in connection.execute('PRAGMA foreign_key_list(%s)' % quote(table)):
        keys.setdefault(row[0], []).append(row[3])
    for columns in keys.values():
        yield ('foreign key', table, None, columns)


RUN = """SET jit = off;
DROP SCHEMA IF EXISTS random CASCADE;
CREATE SCHEMA random;
DELETE FROM sq2pg.runs;
CREATE TEMP TABLE findings AS SELECT * FROM sq2pg_check({file}, 'random', names => '{names}', on_orphan => 'keep');
-- what is planned
CREATE TEMP TABLE model AS
    SELECT * FROM sq2pg.name_relations(sq2pg.read_model(sq2pg.make_options({file}, 'random', 'auto', NULL, NULL, NULL, 'error',
        NULL, '{names}', 'error', 'error', 'keep', false, 'UTC', 'fire', NULL, false, 'content', false)), '{{}}');
SELECT count(*) FROM sq2pg_migrate({file}, 'random', names => '{names}', on_orphan => 'keep') \\gset done_
\\echo ====
COPY (SELECT jsonb_build_object(
    'check', (SELECT coalesce(jsonb_agg(f), '[]') FROM findings AS f),
    'notes', (SELECT n.notes FROM sq2pg.runs AS n),
    'tables', (SELECT coalesce(jsonb_agg(jsonb_build_array(t.ordinal, t.source_name, t.target_name)), '[]') FROM model, unnest(tables) AS t),
    'columns', (SELECT coalesce(jsonb_agg(jsonb_build_array(c.table_ordinal, c.source_name, c.target_name)), '[]') FROM model, unnest(columns) AS c),
    'keys', (SELECT coalesce(jsonb_agg(jsonb_build_array(k.table_ordinal, k.kind, k.name, k.index_name, k.source_name)), '[]') FROM model, unnest(keys) AS k),
    'foreign_keys', (SELECT coalesce(jsonb_agg(jsonb_build_array(f.table_ordinal, f.name, f.source_name)), '[]') FROM model, unnest(foreign_keys) AS f),
    'indexes', (SELECT coalesce(jsonb_agg(jsonb_build_array(i.table_ordinal, i.source_name, i.target_name)), '[]') FROM model, unnest(indexes) AS i),
    'views', (SELECT coalesce(jsonb_agg(jsonb_build_array(0, v.source_name, v.target_name)), '[]') FROM model, unnest(views) AS v),
    'relations', (SELECT coalesce(jsonb_object_agg(relname, relkind), '{{}}') FROM pg_class WHERE relnamespace = 'random'::regnamespace),
    'attributes', (SELECT coalesce(jsonb_agg(jsonb_build_array(relname, attname, attnotnull, atthasdef, attgenerated, attidentity)), '[]')
                     FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                    WHERE relnamespace = 'random'::regnamespace AND relkind = 'r' AND attnum > 0),
    'constraints', (SELECT coalesce(jsonb_agg(jsonb_build_array(conrelid::regclass::oid, relname, contype, conname)), '[]')
                      FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE connamespace = 'random'::regnamespace)))
TO STDOUT;
DROP TABLE findings, model;
"""


def attempt(sql):
    """Run a script to its end; return what it prints, and what it complains of."""
    done = subprocess.run(['psql', '-qAtX', '-v', 'VERBOSITY=verbose', '-f', '-'], input=(server.SETTINGS + sql).encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ, check=False)
    return done.stdout, done.stderr.decode('utf-8', 'replace')


class Judge:
    """Compares one source with what became of it."""

    def __init__(self, seed, facts):
        self.seed = seed
        self.wrong = 0
        self.facts = facts
        self.ordinals = {t[1]: t[0] for t in facts['tables']}
        self.targets = {t[1]: t[2] for t in facts['tables']}
        self.columns = {(c[0], c[1]): c[2] for c in facts['columns']}
        self.attributes = {(a[0], a[1]): a[2:] for a in facts['attributes']}
        self.constraints = [tuple(c[1:]) for c in facts['constraints']]

    def complain(self, text):
        self.wrong += 1
        print('not ok: seed %s: %s' % (self.seed, text))

    def noted(self, table, *words):
        """Is there a note on this table with all these words?"""
        ordinal = self.ordinals.get(table)
        return any(note['table_ordinal'] in (None, ordinal)
                   and all(word in note['code'] + ' ' + (note['column_name'] or '') + ' ' + note['message'] for word in words)
                   for note in self.facts['notes'])

    def check(self, kind, table, name, further):
        ordinal = self.ordinals.get(table)
        target = self.targets.get(table)
        if kind in ('trigger', 'view') or (kind == 'table' and ordinal is None):
            planned = {v[1]: v[2] for v in self.facts['views']}.get(name)
            return (kind == 'view' and self.facts['relations'].get(planned) == 'v') \
                or self.noted(table, kind + '_left_out', '"%s"' % name)
        if ordinal is None:
            return self.noted(table, 'table_left_out', '"%s"' % table)
        if kind in ('column', 'not null', 'default', 'generated') and not self.attribute(ordinal, target, name):
            return self.noted(table, 'column_left_out', '"%s"' % name)
        return getattr(self, 'check_' + kind.replace(' ', '_'))(ordinal, target, table, name, further)

    def attribute(self, ordinal, target, name):
        return self.attributes.get((target, self.columns.get((ordinal, name))))

    def check_table(self, ordinal, target, table, name, further):
        return self.facts['relations'].get(target) == 'r'

    def check_column(self, ordinal, target, table, name, further):
        return True

    def check_not_null(self, ordinal, target, table, name, further):
        return self.attribute(ordinal, target, name)[0] or self.noted(table, 'not_null_left_out', name)

    def check_default(self, ordinal, target, table, name, further):
        return self.attribute(ordinal, target, name)[1] or self.noted(table, 'default_left_out', name) \
            or further.strip('()').upper() == 'NULL'

    def check_generated(self, ordinal, target, table, name, further):
        return self.attribute(ordinal, target, name)[2] == 's' or self.noted(table, 'generated_left_out', name)

    def check_primary_key(self, ordinal, target, table, name, further):
        return any(c[0] == target and c[1] == 'p' for c in self.constraints) \
            or self.noted(table, 'primary_key_holds_null') or self.noted(table, 'key_left_out')

    def check_unique(self, ordinal, target, table, name, further):
        keys = [k for k in self.facts['keys'] if k[0] == ordinal and k[1] == 'u']
        made = [k for k in keys if any(n in self.facts['relations'] for n in k[2:4] if n)]
        return len(made) == len(keys) and keys or self.noted(table, 'key_left_out')

    def check_index(self, ordinal, target, table, name, further):
        planned = {i[1]: i[2] for i in self.facts['indexes']}.get(name)
        return self.facts['relations'].get(planned) == 'i' or self.noted(table, 'index_left_out', '"%s"' % name)

    def check_checks(self, ordinal, target, table, name, further):
        made = sum(c[0] == target and c[1] == 'c' for c in self.constraints)
        told = sum(n['table_ordinal'] == ordinal and n['code'] == 'check_left_out' for n in self.facts['notes'])
        return made + told == further

    def check_foreign_key(self, ordinal, target, table, name, further):
        made = sum(c[0] == target and c[1] == 'f' for c in self.constraints)
        told = sum(n['table_ordinal'] == ordinal and n['code'] == 'foreign_key_left_out' for n in self.facts['notes'])
        planned = sum(f[0] == ordinal for f in self.facts['foreign_keys'])
        return made + told == planned and planned > 0

    def check_names(self):
        for kind in ('tables', 'columns', 'indexes', 'views'):
            for ordinal, source, target in self.facts[kind]:
                table = next((t[1] for t in self.facts['tables'] if t[0] == ordinal), None)
                words = '"%s" is called "%s"' % (source, target)
                if source != target and not self.noted(table, 'renamed', words) \
                        and not (kind == 'views' and self.noted(None, 'view_left_out', '"%s"' % source)):
                    self.complain('%s is not told' % words)

    def check_agreement(self):
        """sq2pg_check and the run say the same of the schema."""
        names = {t[0]: t[1] for t in self.facts['tables']}

        def facts(notes, table_of):
            # of rows they speak in other words
            return sorted({(table_of(n) or '', n['code'], n['message']) for n in notes
                           if n['code'] not in ('orphans', 'orphans_kept', 'check_not_valid', 'binary_noise', 'type_widened', 'estimate')})
        said = facts(self.facts['check'], lambda n: n['table_name'])
        done = facts(self.facts['notes'], lambda n: names.get(n['table_ordinal']))
        for note in said:
            if note not in done:
                self.complain('only sq2pg_check says %r' % (note,))
        for note in done:
            if note not in said:
                self.complain('only the run says %r' % (note,))


def declared_checks(file):
    """The CHECKs of a file that was not made here: its text must not hold the word otherwise."""
    schema = Schema()
    connection = connect(file)
    for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"):
        schema.checks[name] = len(re.findall(r'\bCHECK\s*\(', sql))
    connection.close()
    return schema


def check_schema(seed, file):
    rng = random.Random(seed)
    schema = declared_checks(file) if os.path.exists(file) else make_database(rng, file)
    if schema is None:
        return 0, 0, 0
    objects = source_objects(file, schema)
    facts, error = attempt(RUN.format(file=server.literal(file), names=rng.choice(['keep', 'keep', 'lower', 'snake'])))
    try:
        facts = json.loads(server.field(facts.split(b'====\n')[1].rstrip(b'\n')))
    except (IndexError, TypeError, ValueError):
        print('not ok: seed %s: %s' % (seed, error[:3000]))
        return len(objects), 1, 0
    judge = Judge(seed, facts)
    if facts['notes'] is None:
        if not any(f['severity'] == 'error' for f in facts['check']):
            judge.complain('sq2pg_check did not foresee: %s' % error[:3000])
        return len(objects), judge.wrong, 1
    for kind, table, name, further in objects:
        if not judge.check(kind, table, name, further):
            judge.complain('%s %r of %r vanished (%r)' % (kind, name, table, further))
    judge.check_names()
    judge.check_agreement()
    return len(objects), judge.wrong, 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--count', type=int, default=300)
    parser.add_argument('--directory')
    parser.add_argument('files', nargs='*')
    arguments = parser.parse_args()

    objects = wrong = refused = 0
    for file in arguments.files:
        found, bad, stopped = check_schema(os.path.basename(file), file)
        print('%s: %d objects, %d wrong' % (os.path.basename(file), found, bad + stopped))
        wrong += bad + stopped
    if arguments.files:
        sys.exit(1 if wrong > 0 else 0)
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        os.chmod(directory, 0o755)
        for i in range(arguments.count):
            file = os.path.join(directory, '%d.db' % i)
            found, bad, stopped = check_schema('%d.%d' % (arguments.seed, i), file)
            objects += found
            wrong += bad
            refused += stopped
            if os.path.exists(file):
                os.unlink(file)
            if wrong >= 100:
                break
    print('seed %d: %d schemas, %d of them refused as foretold, %d objects, %d wrong'
          % (arguments.seed, i + 1, refused, objects, wrong))
    sys.exit(1 if wrong > 0 else 0)


if __name__ == '__main__':
    main()
