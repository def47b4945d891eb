#!/usr/bin/env python3
"""Random SQLite databases, migrated and compared with what SQLite holds.

First with the defaults: every column must have the type that docs/types.md
gives it, as oracle.py reads it, and every value must mean what it meant.  Then
with random types asked for: what sq2pg.try_convert calls changed or bad must
be refused, and all else must arrive as sq2pg.try_convert says.

Usage: migrate.py --seed N --count VALUES [--directory DIR] [--encoding NAME]
"""

import argparse
import os
import random
import re
import sqlite3
import sys
import tempfile

import agree
import oracle
import server
import values
from values import Text

STRICT_TYPES = ['INT', 'INTEGER', 'REAL', 'TEXT', 'BLOB', 'ANY']
SHORT_NAMES = {'character varying': 'varchar', 'timestamp without time zone': 'timestamp',
               'timestamp with time zone': 'timestamptz', 'time without time zone': 'time'}
TYPES = """
DROP SCHEMA IF EXISTS kinds CASCADE;
CREATE SCHEMA kinds;
""" + agree.TYPES % {'schema': 'kinds'}
ROWS = 40

# what is likely in a column of this declared type
LIKELY = [(r'BOOL|TINYINT\(1\)', values.plain_text), (r'DATE|TIME', values.time_text), (r'JSON', values.json_text),
          (r'ID', values.uuid_text), (r'CHAR|TEXT|CLOB|BLOB|BIN|BYTEA', values.plain_text)]


class Column:
    def __init__(self, name, declared):
        self.name = name
        self.declared = declared
        self.wish = None                        # a type that the values were made for
        self.values = []


class Table:
    def __init__(self, name):
        self.name = name
        self.strict = False
        self.alias = False
        self.rowid = True
        self.columns = []


def good_values(rng, declared):
    """Values that one of the candidates of the declared type holds, often the first."""
    chain = oracle.CHAINS[declared]
    name = rng.choice([chain[0], rng.choice(chain)])
    found = [None]
    for _ in range(80):
        value = column_value(rng, declared, True)
        if chain is oracle.DYNAMIC and name not in oracle.TEXT_CHAIN and not isinstance(value, (int, float)):
            continue
        if value is not None and value == value and oracle.holds(name, value):
            found.append(value)
    return found


def wished_values(rng, wish):
    """A few values for a type of which the oracle knows nothing."""
    kinds, texts = agree.TARGETS[wish]
    return [values.pick(rng, [int(k) for k in kinds], texts) for _ in range(rng.choice([1, 1, 2, 3, 20]))]


def make_pool(rng, column):
    """Values to draw from, or None for anything at all."""
    way = rng.random()
    if way < 0.65:
        return good_values(rng, column.declared)
    if way < 0.85:
        column.wish = rng.choice(list(agree.TARGETS))
        return wished_values(rng, column.wish)
    return None


def column_value(rng, declared, narrow):
    likely = values.number_text
    for pattern, texts in LIKELY:
        if re.search(pattern, declared, re.I):
            likely = texts
            break
    texts = [likely] if narrow or rng.random() < 0.8 else values.ALL_TEXTS
    chain = oracle.CHAINS[declared]
    kinds = {'text': [1, 1, 8, 1, 1], 'bytea': [1, 1, 2, 8, 1]}.get(chain[0], [5, 4, 5, 1, 1])
    return values.pick(rng, kinds, texts)


def make_table(rng, name):
    table = Table(name)
    table.strict = rng.random() < 0.25
    table.rowid = rng.random() < 0.8
    key = rng.choice(['INTEGER PRIMARY KEY', 'INT PRIMARY KEY', 'INTEGER NOT NULL'])
    if not table.rowid:
        key = rng.choice(['INTEGER PRIMARY KEY', 'INT PRIMARY KEY NOT NULL'])
    table.alias = table.rowid and key == 'INTEGER PRIMARY KEY'
    for i in range(rng.randint(3, 14)):
        declared = rng.choice(STRICT_TYPES if table.strict else list(oracle.CHAINS))
        table.columns.append(Column('c%d' % i, declared))
    options = [o for o, wanted in (('STRICT', table.strict), ('WITHOUT ROWID', not table.rowid)) if wanted]
    table.sql = 'CREATE TABLE %s (k %s, %s) %s' % (
        name, key, ', '.join('%s %s' % (c.name, c.declared) for c in table.columns), ', '.join(options))
    return table


def insert(connection, table, key, row):
    marks = []
    bound = []
    for value in row:
        if isinstance(value, Text):
            try:
                bound.append(value.data.decode('utf-8'))
                marks.append('?')
            except UnicodeDecodeError:
                # in a UTF-16 database these bytes are UTF-16
                bound.append(value.data)
                marks.append('CAST(? AS TEXT)')
        else:
            bound.append(value)
            marks.append('?')
    connection.execute('INSERT INTO %s VALUES (?, %s)' % (table.name, ', '.join(marks)), [key] + bound)


def fill_table(rng, connection, table):
    connection.execute(table.sql)
    pools = [make_pool(rng, column) for column in table.columns]
    for key in range(rng.choice([0, 1, ROWS, ROWS, ROWS, ROWS])):
        row = [rng.choice(pool) if pool else column_value(rng, column.declared, False)
               for column, pool in zip(table.columns, pools)]
        for attempt in (row, [None] * len(row)):
            try:
                insert(connection, table, key, attempt)
                break
            except sqlite3.IntegrityError:      # STRICT
                continue
    order = connection.execute('SELECT * FROM %s ORDER BY k' % table.name)
    for row in order:
        for column, value in zip(table.columns, row[1:]):
            column.values.append(value)


def make_database(rng, file):
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA encoding = '%s'" % rng.choice(['UTF-8', 'UTF-8', 'UTF-16le', 'UTF-16be']))
    connection.text_factory = Text
    tables = [make_table(rng, 't%d' % i) for i in range(rng.randint(1, 6))]
    for table in tables:
        fill_table(rng, connection, table)
    connection.commit()
    connection.close()
    os.chmod(file, 0o644)
    return tables


def migration(file, schema, options=''):
    return """DROP SCHEMA IF EXISTS %s CASCADE;
CREATE SCHEMA %s;
COPY (SELECT table_name, verified, notes FROM sq2pg_migrate(%s, '%s'%s)) TO STDOUT;
""" % (schema, schema, server.literal(file), schema, options)


def dumps(tables, schema):
    """What came of a migration: types, then rows."""
    out = ["""\\echo ====
COPY (SELECT relname, attname, format_type(atttypid, atttypmod) FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid
       WHERE relnamespace = '%s'::regnamespace AND attnum > 0 AND relkind = 'r') TO STDOUT;""" % schema]
    for table in tables:
        out.append('\\echo ====\nCOPY (SELECT %s FROM %s.%s ORDER BY k) TO STDOUT;' % (
            ', '.join(c.name for c in table.columns), schema, table.name))
    return '\n'.join(out) + '\n'


def short_type(name):
    for long_name, short in SHORT_NAMES.items():
        name = name.replace(long_name, short)
    return name.replace(',0)', ')')


class Judge:
    def __init__(self, seed):
        self.seed = seed
        self.checked = 0
        self.wrong = 0

    def complain(self, text):
        self.wrong += 1
        print('not ok: seed %s: %s' % (self.seed, text))

    def check_defaults(self, tables, output):
        report, types, *contents = output.split(b'====\n')
        notes = {}
        for name, verified, note in server.rows(report):
            notes[(name or b'').decode()] = (note or b'').decode()
            if verified != b't':
                self.complain('%s is not verified' % name)
        actual = {(t.decode(), c.decode()): short_type(n.decode()) for t, c, n in server.rows(types)}
        for table, content in zip(tables, contents):
            lines = server.rows(content)
            for i, column in enumerate(table.columns):
                self.check_column(table, column, actual.get((table.name, column.name)),
                                  [line[i] for line in lines], notes.get(table.name, ''))

    def check_column(self, table, column, actual, printed, notes):
        where = '%s.%s %s' % (table.name, column.name, column.declared)
        expected = oracle.type_of(column.declared, column.values)
        if actual != expected:
            bad = [v for v in column.values if v is not None and not oracle.holds(actual, v)] if actual else []
            self.complain('%s became %s, not %s; %r' % (where, actual, expected, bad[:3] or column.values[:50]))
            return
        chain = oracle.CHAINS[column.declared]
        if chain is not oracle.DYNAMIC and actual != chain[0] and '"%s" became' % column.name not in notes:
            self.complain('%s became %s and no note says why' % (where, actual))
        if len(printed) != len(column.values):
            self.complain('%s has %d rows, not %d' % (where, len(printed), len(column.values)))
            return
        for value, out in zip(column.values, printed):
            self.checked += 1
            if value is None or out is None:
                good = value is None and out is None
            else:
                good = oracle.is_same(actual, value, out)
            if not good:
                self.complain('%s: %r became %r in %s' % (where, value, out, actual))


def verdicts(cases, options):
    """What sq2pg.try_convert says: one (verdict, printed) for each case."""
    out = ['CREATE TEMP TABLE cases (id int, class text, payload bytea, target text);', 'COPY cases FROM STDIN;']
    for i, (value, target) in enumerate(cases):
        kind, payload = agree.storage(value)
        out.append('%d\t%s\t\\\\x%s\t%s' % (i, kind, payload.hex(), target))
    out.append("""\\.
COPY (SELECT t.verdict, t.value FROM cases, sq2pg.try_convert(class, payload, target, '%s', %s) AS t
       ORDER BY id) TO STDOUT;""" % options)
    return server.rows(server.run('\n'.join(out)))


def ask_types(rng, tables):
    """Random types for some columns: {(table, column): type}."""
    asked = {}
    for table in tables:
        for column in table.columns:
            if rng.random() < (0.9 if column.wish else 0.3):
                target = column.wish or rng.choice(list(agree.TARGETS))
                if not column.wish and column.values and rng.random() < 0.6:
                    target = oracle.type_of(column.declared, column.values)
                asked[(table.name, column.name)] = 'kinds.' + target if target in agree.OWN else target
    return asked


def types_option(asked, options):
    pairs = ', '.join('%s, %s' % (server.literal('%s.%s' % key), server.literal(name))
                      for key, name in asked.items())
    return ", types => jsonb_build_object(%s), time_zone => '%s', empty_as_null => %s" % (pairs, *options)


def check_asked(rng, judge, file, tables):
    """The second half: types asked for."""
    options = (rng.choice(agree.ZONES), rng.choice(['true', 'false']))
    asked = ask_types(rng, tables)
    cells = [(table.name, column.name, value) for table in tables for column in table.columns
             if (table.name, column.name) in asked for value in column.values]
    said = verdicts([(value, asked[(t, c)]) for t, c, value in cells], options)
    refused = set()
    printed = {}
    for (table, column, value), (verdict, out) in zip(cells, said):
        printed.setdefault((table, column), []).append(out)
        if verdict in (b'changed', b'bad'):
            refused.add((table, column))

    if refused:
        try:
            server.run(migration(file, 'asked', types_option(asked, options)))
            judge.complain('%s: %r was not refused' % (file, refused))
        except server.Failed as error:
            named = set(re.findall(r'^(?:DETAIL:  )?Column "(\w+)"\."(\w+)"', str(error), re.M))
            if 'do not fit the types that were asked for' not in str(error) or refused != named:
                judge.complain('%s: refused for %r instead of %r' % (file, str(error)[:500], refused))
    asked = {key: name for key, name in asked.items() if key not in refused}
    output = server.run(migration(file, 'asked', types_option(asked, options)) + dumps(tables, 'asked'))
    report, _, *contents = output.split(b'====\n')
    if any(row[1] != b't' for row in server.rows(report)):
        judge.complain('%s: not verified' % file)
    for table, content in zip(tables, contents):
        lines = server.rows(content)
        for i, column in enumerate(table.columns):
            key = (table.name, column.name)
            if key in asked:
                judge.checked += len(lines)
                if [line[i] for line in lines] != printed.get(key, []):
                    judge.complain('%s: %s as %s is not what was promised' % (file, key, asked[key]))


def check_database(seed, file):
    rng = random.Random(seed)
    judge = Judge(seed)
    tables = make_database(rng, file)
    try:
        judge.check_defaults(tables, server.run(migration(file, 'given') + dumps(tables, 'given')))
        check_asked(rng, judge, file, tables)
    except server.Failed as error:
        judge.complain('%s: %s' % (file, str(error)[:2000]))
    return judge


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--count', type=int, default=20000)
    parser.add_argument('--directory')
    parser.add_argument('--encoding', default='utf-8', help="the database's, as Python calls it")
    arguments = parser.parse_args()
    oracle.encoding = arguments.encoding

    server.run(TYPES)
    checked = wrong = databases = 0
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        os.chmod(directory, 0o755)
        while checked < arguments.count and wrong < 20:
            file = os.path.join(directory, '%d.db' % databases)
            judge = check_database('%d.%d' % (arguments.seed, databases), file)
            checked += judge.checked
            wrong += judge.wrong
            databases += 1
            os.unlink(file)
    print('seed %d: %d databases, %d values checked, %d wrong' % (arguments.seed, databases, checked, wrong))
    sys.exit(1 if wrong > 0 else 0)


if __name__ == '__main__':
    main()
