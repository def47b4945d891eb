#!/usr/bin/env python3
"""Random queries on foreign tables: the same answer with and without pushdown, in one process and in several.

Tables hold values of every storage class in columns of every declared type;
all of them convert to the types of the foreign tables, so an answer without
pushdown exists, unless the query itself is at fault. A few tables ("dirty")
also hold values that do not convert: there, pushdown may turn an error into an
answer, but not the reverse, and not one answer into another.

The same seed makes the same tables and queries.
"""

import argparse
import os
import random
import sqlite3
import sys
import tempfile

import server
from server import identifier, literal

# -- values, by the type that they become ------------------------------------

WORDS = ['', 'a', 'A', 'b', 'B', 'ab', 'aB', 'abc', 'Abc', ' a', 'a ', 'a  ', 'ä', 'Ä', 'z', 'Z', '12', '012', '1.5',
         '5', '-1', 'a%b', 'a_b', 'a*b', 'a?b', '[a]', 'a\\b', '%', '_', "o'k", 'ß', 'ss', '日本', '日', 'e\u0301', 'é',
         '\ufffd', '\ufffe', '\uffff', '\U0001f600', 'I', 'i', 'ı', 'true', '2024-01-02', 'null', '\t', '-', 'a-b', 'ab-']
INTEGERS = [0, 1, -1, 2, 3, 5, 7, 10, 12, 42, 100, 127, 128, 255, 1000, -1000, 32767, -32768]
WIDE = INTEGERS + [2**31, -2**31, 2**53, 2**53 + 1, 2**53 - 1, 2**62, 2**63 - 1, -2**63, -2**63 + 1, 5000000000]
REALS = [0.0, -0.0, 0.1, 0.5, 1.0, 1.5, -1.5, 2.5, 3.0, 1e10, 1e-10, 1e300, -1e300, 0.30000000000000004, 0.3, 123.456,
         float('inf'), float('-inf'), 9007199254740992.0, 5.0]
DAYS = ['2024-01-01', '2024-01-02', '2023-12-31', '2024-02-29', '1999-12-31', '0001-01-01', '9999-12-31', '12024-01-01',
        '+12024-01-01', '1970-01-01', '2000-01-01', '02024-01-01']
CLOCKS = ['00:00', '00:00:00', '12:34', '12:34:56', '23:59:59', '23:59:59.999999', '12:34:56.5']
WORDS += ['a', 'A', 'b', 'B', 'ab', 'aB'] * 2         # what differs by its case only comes up often
COLLATES = [' COLLATE "C"', ' COLLATE "POSIX"', ' COLLATE "default"']
PIECES = ['%', '%', '_', 'a', 'b', 'A', '1', '\\\\%', '*', '[', '?', 'ä', '日', '\ufffd', '-']


def keep_to(encoding):
    """Only texts that a database of another encoding can hold."""
    for pool in WORDS, PIECES:
        pool[:] = [w for w in pool if w.encode(encoding, 'ignore').decode(encoding) == w]


def of_bool(r):
    return r.choice([0, 1, 0.0, 1.0, 't', 'f', 'true', 'FALSE', 'yes', 'No', '0', '1', 'T'])


def of_int(r, pool):
    n = r.choice(pool)
    kind = r.random()
    if kind < 0.7:
        return n
    if kind < 0.85 and float(n) == n and abs(n) < 2**53:
        return float(n)
    return str(n)


def of_real(r):
    kind = r.random()
    if kind < 0.5:
        return r.choice(REALS)
    if kind < 0.75:
        return r.choice(INTEGERS)
    return r.choice(['1.5', '0.1', '-3', 'NaN', 'Infinity', '-Infinity', '1e3', '42', 'inf'])


def of_numeric(r):
    kind = r.random()
    if kind < 0.4:
        return r.choice([x for x in REALS if abs(x) < 1e200])
    if kind < 0.7:
        return r.choice(WIDE)
    return r.choice(['1.50', '0.1', '-3', 'NaN', '123456789012345678901234567890', '0.30000000000000004', '1e3', '42',
                     '9007199254740993.5'])


def of_cents(r):
    kind = r.random()
    if kind < 0.5:
        return r.choice([0.1, 0.5, 1.25, 19.99, 100.0, -3.5, 1234.56, 0.3, 0.07, 1.1 * 1.1 if r.random() < 0 else 2.2,
                         0.1 + 0.2, 1.1 + 2.2])
    if kind < 0.8:
        return r.choice([0, 1, -1, 5, 100, 99999])
    return r.choice(['1.25', '19.99', '0', '100.00'])


def of_text(r):
    kind = r.random()
    if kind < 0.7:
        return r.choice(WORDS)
    if kind < 0.8:
        return r.choice(INTEGERS)
    if kind < 0.9:
        return r.choice([x for x in REALS])
    return r.choice(WORDS).encode()


def of_bytes(r):
    kind = r.random()
    if kind < 0.6:
        return r.choice([b'', b'a', b'ab', b'\x00', b'\xff', b'a\x00', b'12', b'\xff\xfe', b'ABC'])
    if kind < 0.8:
        return r.choice(WORDS)
    return r.choice(INTEGERS + [1.5])


def of_day(r):
    return r.choice(DAYS) if r.random() < 0.8 else r.choice([0, 86400 * 19000, 1704067200, 1704067200000, 2460310.5])


def of_moment(r, zone):
    kind = r.random()
    if kind < 0.15:
        return r.choice(DAYS)
    if kind < 0.8:
        text = r.choice(DAYS) + r.choice([' ', 'T', 't']) + r.choice(CLOCKS)
        return text + (r.choice(['', 'Z', '+02', '-11:30', '+14:00', ' UTC']) if zone else '')
    return r.choice([0, 1704067200, 1704067199, 1704067200000, 1704067200.5, 2460310.5, 2460311.25])


def of_uuid(r):
    digits = '%032x' % r.choice([1, 2, 3, 2**127])
    return r.choice([digits, digits.upper(), bytes.fromhex(digits),
                     f'{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}'])


def of_json(r):
    return r.choice(['{"a": 1}', '[1,2]', '"x"', 'null', '1', '{"b":2,"a":1}'])


MAKERS = {
    'boolean': of_bool,
    'smallint': lambda r: of_int(r, INTEGERS),
    'integer': lambda r: of_int(r, INTEGERS + [2**31 - 1, -2**31]),
    'bigint': lambda r: of_int(r, WIDE),
    'double precision': of_real,
    'real': lambda r: r.choice([0, 1, 0.5, 0.1, -1.5, '2.5', 'NaN']),
    'numeric': of_numeric,
    'numeric(10,2)': of_cents,
    'text': of_text,
    'varchar(20)': of_text,
    'char(12)': lambda r: r.choice(WORDS),
    'bytea': of_bytes,
    'date': of_day,
    'timestamp': lambda r: of_moment(r, False),
    'timestamptz': lambda r: of_moment(r, True),
    'uuid': of_uuid,
    'jsonb': of_json,
}

DECLARED = ['INTEGER', 'INT', 'REAL', 'NUMERIC', 'TEXT', 'VARCHAR(20)', 'BLOB', '', 'BOOLEAN', 'DATE', 'DATETIME',
            'DECIMAL(10,2)', 'TEXT COLLATE NOCASE', 'TEXT COLLATE RTRIM', 'BLOB COLLATE NOCASE', 'FLOAT', 'STRING']
STRICT_TYPES = {
    'INTEGER': (['bigint', 'integer', 'smallint', 'numeric', 'text', 'double precision', 'boolean'],),
    'INT': (['bigint', 'integer', 'text'],),
    'REAL': (['double precision', 'numeric', 'text', 'bigint'],),
    'TEXT': (['text', 'varchar(20)', 'date', 'timestamp', 'timestamptz', 'bytea', 'boolean', 'char(12)'],),
    'TEXT COLLATE NOCASE': (['text'],),
    'BLOB': (['bytea', 'text'],),
    'ANY': (list(MAKERS),),
}
CONSTANTS = {
    'boolean': lambda r: r.choice(['true', 'false']),
    'smallint': lambda r: str(r.choice(INTEGERS)),
    'integer': lambda r: str(r.choice(INTEGERS)),
    'bigint': lambda r: f"'{r.choice(WIDE)}'::bigint",
    'double precision': lambda r: literal(str(r.choice(REALS + [float('nan')]))) + '::float8',
    'real': lambda r: literal(str(r.choice([0.5, 0.1, 1, float('nan')]))) + '::float4',
    'numeric': lambda r: r.choice(['0', '0.1', '1.5', '42', '0.3', '0.30000000000000004', "'NaN'", '1e10', '1e300',
                                   '9007199254740993', '9007199254740993.5', "'-Infinity'", '19.99', '-1.5',
                                   '123456789012345678901234567890', '1e-400']) + '::numeric',
    'text': lambda r: literal(r.choice(WORDS)) + '::text',
    'bytea': lambda r: "'\\x" + r.choice([b'', b'a', b'ab', b'\x00', b'\xff', b'12', b'a\x00']).hex() + "'::bytea",
    'date': lambda r: literal(r.choice(['2024-01-01', '2024-01-02', '2023-12-31', '1999-12-31', '12024-01-01', 'infinity',
                                        '0001-01-01', '9999-12-31', '1970-01-01'])) + '::date',
    'timestamp': lambda r: literal(r.choice(['2024-01-01', '2024-01-01 12:34:56', '2023-12-31 23:59:59.999999',
                                             '12024-01-01', '-infinity', '9999-12-31 23:59', '0001-01-01',
                                             '1970-01-01'])) + '::timestamp',
    'timestamptz': lambda r: literal(r.choice(['2024-01-01+00', '2024-01-01 12:34:56+02', '2023-12-31 10:30:00+00',
                                               '12024-01-01+00', 'infinity', '9999-12-31 23:59+00'])) + '::timestamptz',
    'uuid': lambda r: "'%032x'::uuid" % r.choice([1, 2, 3, 4]),
    'jsonb': lambda r: literal(of_json(r)) + '::jsonb',
}
CONSTANTS['numeric(10,2)'] = CONSTANTS['numeric']
CONSTANTS['varchar(20)'] = CONSTANTS['text']
CONSTANTS['char(12)'] = lambda r: literal(r.choice(WORDS)) + '::bpchar'

INT_TYPES = ('smallint', 'integer', 'bigint')
TEXT_TYPES = ('text', 'varchar(20)')
ORDERED = [t for t in MAKERS if t not in ('jsonb',)]

# -- tables --------------------------------------------------------------------


class Column:
    def __init__(self, name, declared, type_, collation=''):
        self.name, self.declared, self.type, self.collation = name, declared, type_, collation


class Table:
    def __init__(self, name, columns, dirty, empty_as_null):
        self.name, self.columns, self.dirty, self.empty_as_null = name, columns, dirty, empty_as_null

    def of(self, types):
        return [c for c in self.columns if c.type in types]


def random_column(r, number, strict, collations):
    if strict:
        declared = r.choice(list(STRICT_TYPES))
        type_ = r.choice(STRICT_TYPES[declared][0])
    else:
        declared = r.choice(DECLARED)
        type_ = r.choice(list(MAKERS))
    collation = r.choice(collations) if type_ in TEXT_TYPES else ''
    return Column(f'c{number}', declared, type_, collation)


# The usual pairs come up often, not once in a while.
USUAL = [('INTEGER', 'bigint'), ('INT', 'integer'), ('TEXT', 'text'), ('REAL', 'double precision'), ('BOOLEAN', 'boolean'),
         ('DATETIME', 'timestamp'), ('DATE', 'date'), ('DECIMAL(10,2)', 'numeric(10,2)'), ('', 'text'), ('', 'bigint'),
         ('TEXT COLLATE NOCASE', 'text'), ('BLOB', 'bytea'), ('VARCHAR(20)', 'varchar(20)'), ('NUMERIC', 'numeric')]
STRICT_USUAL = [('INTEGER', 'bigint'), ('INT', 'integer'), ('TEXT', 'text'), ('REAL', 'double precision'),
                ('BLOB', 'bytea'), ('ANY', 'text')]


def store(database, table, row):
    """Insert what a STRICT table takes of a row, at least its NULLs."""
    marks = ', '.join('?' * len(row))
    names = ', '.join(row)
    database.execute(f'INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})', list(row.values()))


def convert_for_strict(declared, value):
    try:
        if declared in ('INTEGER', 'INT'):
            return int(value) if float(value) == int(value) and abs(float(value)) < 2**62 else 0
        if declared == 'REAL':
            return float(value)
        if declared.startswith('TEXT'):
            return value.decode() if isinstance(value, bytes) else value if isinstance(value, str) else str(value)
        if declared == 'BLOB':
            return value if isinstance(value, bytes) else str(value).encode()
    except (ValueError, TypeError, OverflowError, UnicodeDecodeError):
        return None
    return value


def create_table(r, database, name, collations):
    kind = r.choice(['plain', 'plain', 'strict', 'strict', 'without', 'view'])
    strict = kind == 'strict' or (kind == 'without' and r.random() < 0.3)
    dirty = r.random() < 0.2
    columns = [Column('id', 'INTEGER PRIMARY KEY', 'bigint')]
    for number, (declared, type_) in enumerate(r.sample(STRICT_USUAL if strict else USUAL, 6 if strict else 8)):
        columns.append(Column(f'u{number}', declared, type_, r.choice(collations) if type_ in TEXT_TYPES else ''))
    for number in range(6):
        columns.append(random_column(r, number, strict, collations))
    options = ', '.join(['WITHOUT ROWID'] * (kind == 'without') + ['STRICT'] * strict)
    base = f'{name}_base' if kind == 'view' else name
    definitions = [f'{c.name} {c.declared}' + (' NOT NULL' if c.name != 'id' and r.random() < 0.2 else '')
                   for c in columns]
    database.execute(f'CREATE TABLE {base} ({", ".join(definitions)}) {options}')
    for number in range(r.randint(0, 5)):
        indexed = r.sample(columns[1:], r.randint(1, 2))
        database.execute(f'CREATE INDEX {name}_i{number} ON {base} ({", ".join(c.name for c in indexed)})')
    for number in range(r.choice([0, 5, 40, 80])):
        row = {}
        for c in columns:
            if c.name == 'id':
                row['id'] = r.choice([number + 1, number * 3 - 20, 2**40 + number])
                continue
            value = None if r.random() < 0.1 else MAKERS[c.type](r)
            if dirty and r.random() < 0.03:
                value = r.choice(['nonsense', b'\xff\x00', 1e17 + 0.5, 2**40, 'a\0b'])
            row[c.name] = convert_for_strict(c.declared, value) if strict and value is not None else value
        store(database, base, row)
    if kind == 'view':
        expressions = ['id'] + [f'+{c.name} AS {c.name}' if r.random() < 0.3 else c.name for c in columns[1:]]
        database.execute(f'CREATE VIEW {name} AS SELECT {", ".join(expressions)} FROM {base}')
    if r.random() < 0.3:
        database.execute('ANALYZE')
    return Table(name, columns, dirty, False)


def foreign_table(table, server_name, name):
    definitions = ', '.join(f'{c.name} {c.type}{c.collation}' for c in table.columns)
    return f'CREATE FOREIGN TABLE {name} ({definitions}) SERVER {server_name} OPTIONS ("table" {literal(table.name)});\n'


# -- queries -------------------------------------------------------------------


class Query:
    """Writes one random query."""

    def __init__(self, r, tables):
        self.r, self.tables, self.params = r, tables, []

    def constant(self, type_):
        r = self.r
        if r.random() < 0.03:
            return 'NULL::' + type_
        text = CONSTANTS[type_](r)
        if r.random() < 0.25:                               # not folded: a parameter
            base = {'varchar(20)': 'text', 'char(12)': 'bpchar', 'numeric(10,2)': 'numeric'}.get(type_, type_)
            return f'(SELECT {text}::{base})'
        return text

    def reference(self, alias, column):
        return f'{alias}.{column.name}'

    def integer(self, alias, table, depth):
        r = self.r
        columns = table.of(INT_TYPES)
        kind = r.random()
        if kind < 0.4 or depth == 0:
            return self.reference(alias, r.choice(columns))
        if kind < 0.5:
            return str(r.choice(INTEGERS))
        if kind < 0.7:
            return f'({self.integer(alias, table, depth - 1)}::bigint {r.choice("+-*")} {self.integer(alias, table, depth - 1)})'
        if kind < 0.78:
            return f'abs({self.integer(alias, table, depth - 1)})'
        texts = table.of(TEXT_TYPES)
        if kind < 0.85 and texts:
            return f'length({self.reference(alias, r.choice(texts))})'
        if kind < 0.92:
            return f'coalesce({self.integer(alias, table, 0)}, {self.integer(alias, table, 0)}, 7)'
        return (f'CASE WHEN {self.condition(alias, table, depth - 1)} THEN {self.integer(alias, table, 0)} '
                f'ELSE {self.integer(alias, table, 0)} END')

    def atom(self, alias, table, depth):
        r = self.r
        column = r.choice(table.columns)
        ref = self.reference(alias, column)
        kind = r.random()
        if kind < 0.08:
            return f'{ref} IS {r.choice(["", "NOT "])}NULL'
        if column.type == 'boolean':
            return r.choice([ref, f'NOT {ref}', f'{ref} IS TRUE', f'{ref} IS NOT TRUE', f'{ref} IS FALSE',
                             f'{ref} IS NOT FALSE', f'{ref} IS UNKNOWN', f'{ref} = {self.constant("boolean")}',
                             f'{ref} < {self.constant("boolean")}'])
        if kind < 0.2 and table.of(INT_TYPES):
            return (f'{self.integer(alias, table, 2)} {r.choice(["<", "<=", "=", ">=", ">", "<>"])} '
                    f'{self.integer(alias, table, 2)}')
        if column.type in TEXT_TYPES and kind < 0.4:
            pattern = ''.join(r.choice(PIECES) for _ in range(r.randint(0, 4)))
            return f"{ref} {r.choice(['', 'NOT '])}LIKE E{literal(pattern)}"
        if kind < 0.5 and column.type != 'jsonb':
            values = ', '.join(self.constant(column.type) for _ in range(r.randint(1, 4)))
            return f'{ref} {r.choice(["", "NOT "])}IN ({values})'
        if kind < 0.6:
            same = [c for c in table.columns if c.type == column.type]
            return f'{ref} {r.choice(["<", "=", ">="])} {self.reference(alias, r.choice(same))}'
        if kind < 0.68:
            return f'{ref} BETWEEN {self.constant(column.type)} AND {self.constant(column.type)}'
        if kind < 0.72:
            return f'{ref} IS DISTINCT FROM {self.constant(column.type)}'
        collate = ''
        if column.type in TEXT_TYPES and r.random() < 0.4:
            collate = r.choice(COLLATES)
        op = r.choice(['<', '<=', '=', '=', '=', '>=', '>', '<>'])
        if r.random() < 0.2:
            return f'{self.constant(column.type)} {op} {ref}{collate}'
        return f'{ref}{collate} {op} {self.constant(column.type)}'

    def condition(self, alias, table, depth=2):
        r = self.r
        kind = r.random()
        if depth == 0 or kind < 0.5:
            return self.atom(alias, table, depth)
        parts = [self.condition(alias, table, depth - 1) for _ in range(r.randint(2, 3))]
        if kind < 0.7:
            return '(' + ' AND '.join(parts) + ')'
        if kind < 0.9:
            return '(' + ' OR '.join(parts) + ')'
        return f'NOT ({parts[0]})'

    def where(self, alias, table):
        return f' WHERE {self.condition(alias, table)}' if self.r.random() < 0.85 else ''

    def outputs(self, alias, table):
        r = self.r
        if r.random() < 0.1:
            return f'{alias}.*'
        if r.random() < 0.05:
            return alias
        return ', '.join(self.reference(alias, c) for c in r.sample(table.columns, r.randint(1, 4)))

    def simple(self):
        """One comparison alone: nothing else hides what it does."""
        table = self.r.choice(self.tables)
        return False, f'SELECT a.id FROM {table.name} AS a WHERE {self.atom("a", table, 0)}'

    def plain(self):
        table = self.r.choice(self.tables)
        return False, f'SELECT {self.outputs("a", table)} FROM {table.name} AS a{self.where("a", table)}'

    def ordered(self):
        r = self.r
        table = r.choice(self.tables)
        keys = [self.reference('a', c) + r.choice(['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'])
                for c in r.sample(table.of(ORDERED), r.randint(0, 2))]
        if r.random() < 0.3:
            keys = []
        if r.random() < 0.1:                                # which rows is open, how many is not
            return False, (f'SELECT count(*) FROM (SELECT {self.outputs("a", table)} FROM {table.name} AS a'
                           f'{self.where("a", table)} LIMIT {r.randint(0, 30)} OFFSET {r.randint(0, 30)}) AS o')
        keys.append('a.id' + r.choice(['', ' DESC']))
        limit = r.choice(['', f' LIMIT {r.randint(0, 9)}', f' LIMIT {r.randint(1, 9)} OFFSET {r.randint(0, 9)}',
                          f' LIMIT {r.randint(0, 9)} OFFSET {r.randint(0, 60)}', f' OFFSET {r.randint(0, 5)}'])
        return True, (f'SELECT {self.outputs("a", table)} FROM {table.name} AS a{self.where("a", table)} '
                      f'ORDER BY {", ".join(keys)}{limit}')

    def aggregate(self, alias, table):
        r = self.r
        kind = r.random()
        if kind < 0.2:
            return 'count(*)'
        column = r.choice(table.columns)
        ref = self.reference(alias, column)
        if kind < 0.35:
            return f'count({ref})'
        if kind < 0.45:
            return f'count(DISTINCT {ref})' if column.type != 'jsonb' else 'count(*)'
        if kind < 0.6 and table.of(INT_TYPES):
            return f'sum({self.reference(alias, r.choice(table.of(INT_TYPES)))})'
        if kind < 0.65 and table.of(INT_TYPES):
            return f'sum({self.integer(alias, table, 1)})'
        if kind < 0.7 and table.of(INT_TYPES):
            return f'avg({self.reference(alias, r.choice(table.of(INT_TYPES)))})'
        simple = [c for c in table.columns if c.type not in ('boolean', 'jsonb', 'uuid', 'bytea')]
        return f'{r.choice(["min", "max"])}({self.reference(alias, r.choice(simple))})'

    def grouped(self):
        r = self.r
        table = r.choice(self.tables)
        groups = [self.reference('a', c) for c in r.sample(table.columns, r.choice([0, 1, 1, 2])) if c.type != 'jsonb']
        items = groups + [self.aggregate('a', table) for _ in range(r.randint(1, 3))]
        if r.random() < 0.2:
            items.append('count(*) + 1')
        having = ''
        if r.random() < 0.3:
            tests = [f'count(*) {r.choice(["<", "=", ">"])} {r.randint(0, 4)}',
                     f'{self.aggregate("a", table)} IS {r.choice(["", "NOT "])}NULL']
            if table.of(INT_TYPES):
                number = self.reference('a', r.choice(table.of(INT_TYPES)))
                tests.append(f'{r.choice(["sum", "min", "max"])}({number}) {r.choice(["<", ">="])} {r.choice(INTEGERS)}')
            if groups:
                tests.append(f'{r.choice(groups)} IS NOT NULL')
            having = ' HAVING ' + r.choice([' AND ', ' OR ']).join(r.sample(tests, r.randint(1, 2)))
        return False, (f'SELECT {", ".join(items)} FROM {table.name} AS a{self.where("a", table)}'
                       + (f' GROUP BY {", ".join(groups)}' if groups else '') + having)

    def distinct(self):
        r = self.r
        table = r.choice(self.tables)
        columns = [c for c in r.sample(table.columns, r.choice([1, 1, 2, 3])) if c.type != 'jsonb'] or table.columns[:1]
        items = [self.reference('a', c) for c in columns]
        if r.random() < 0.1 and table.of(INT_TYPES):
            items.append(self.integer('a', table, 1))
        query = f'SELECT DISTINCT {", ".join(items)} FROM {table.name} AS a{self.where("a", table)}'
        return False, f'SELECT count(*) FROM ({query}) AS d' if r.random() < 0.2 else query

    def pair(self, left, right):
        """A join condition of columns that can be compared."""
        r = self.r
        for _ in range(20):
            a, b = r.choice(left.columns), r.choice(right.columns)
            if (a.type == b.type or (a.type in INT_TYPES and b.type in INT_TYPES)) and a.type != 'jsonb':
                op = '=' if r.random() < 0.85 else r.choice(['<', '>=', '<>'])
                collate = ' COLLATE "C"' if a.type in TEXT_TYPES else ''
                return f'a.{a.name}{collate} {op} b.{b.name}'
        return 'a.id = b.id'

    def joined(self):
        r = self.r
        left, right = r.choice(self.tables), r.choice(self.tables)
        on = ' AND '.join(self.pair(left, right) for _ in range(r.choice([1, 1, 2])))
        if r.random() < 0.2:
            on += f' AND {self.condition("b", right, 1)}'
        kind = r.choice(['JOIN', 'JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'])
        if kind == 'FULL JOIN':
            on = 'a.id = b.id'
        outputs = 'count(*)' if r.random() < 0.3 else f'{self.outputs("a", left)}, {self.outputs("b", right)}'
        return False, (f'SELECT {outputs} FROM {left.name} AS a {kind} {right.name} AS b ON {on}'
                       + self.where(*r.choice([('a', left), ('b', right)])))

    def nested(self):
        r = self.r
        left, right = r.choice(self.tables), r.choice(self.tables)
        kind = r.random()
        if kind < 0.3:
            test = (f'{r.choice(["", "NOT "])}EXISTS (SELECT FROM {right.name} AS b WHERE {self.pair(left, right)} '
                    f'AND {self.condition("b", right, 1)})')
        elif kind < 0.6:
            test = f'a.id {r.choice(["", "NOT "])}IN (SELECT b.id FROM {right.name} AS b{self.where("b", right)})'
        else:
            return False, (f'SELECT a.id, (SELECT {self.aggregate("b", right)} FROM {right.name} AS b '
                           f'WHERE {self.pair(left, right)}) FROM {left.name} AS a{self.where("a", left)}')
        return False, f'SELECT {self.outputs("a", left)} FROM {left.name} AS a WHERE {test}'

    def local(self):
        """Against a table of PostgreSQL's own: look-ups by its values."""
        r = self.r
        table = r.choice(self.tables)
        column = r.choice([c for c in table.columns if c.type != 'jsonb'])
        ref = f'b.{column.name}'
        values = ', '.join(f'({self.constant(column.type)})' for _ in range(r.randint(1, 5)))
        type_ = {'varchar(20)': 'text', 'numeric(10,2)': 'numeric', 'char(12)': 'bpchar'}.get(column.type, column.type)
        collate = ' COLLATE "C"' if column.type in TEXT_TYPES else ''
        return False, (f'SELECT v.x, {self.outputs("b", table)} FROM (SELECT x::{type_} FROM (VALUES {values}) AS v(x)) AS v '
                       f'{r.choice(["JOIN", "LEFT JOIN"])} {table.name} AS b ON {ref}{collate} = v.x')

    def write(self):
        writer = self.r.choices([self.simple, self.plain, self.ordered, self.grouped, self.distinct, self.joined, self.nested,
                                 self.local], [22, 23, 10, 20, 5, 10, 5, 5])[0]
        return writer()


COMPARE = r"""
CREATE FUNCTION pg_temp.answer(query text, ordered boolean, OUT result text[], OUT problem text) LANGUAGE plpgsql AS $$
DECLARE
    r record;
    rows int := 0;
BEGIN
    result := '{}';
    FOR r IN EXECUTE query LOOP
        result := result || coalesce(r::text, '(null)');
        rows := rows + 1;
        IF rows > 3000 THEN
            EXIT;
        END IF;
    END LOOP;
    IF rows > 3000 THEN
        result := ARRAY['many'];
    ELSIF NOT ordered THEN
        result := (SELECT array_agg(x ORDER BY x COLLATE "C") FROM unnest(result) AS x);
    END IF;
EXCEPTION WHEN OTHERS THEN
    result := NULL;
    problem := sqlstate || ' ' || sqlerrm;
END $$;
-- The same, by a statement that several processes may share
CREATE FUNCTION pg_temp.shared(query text, ordered boolean, OUT result text[], OUT problem text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT coalesce(array_agg(coalesce(q::text, ''(null)'')), ''{}'') FROM (%s) AS q', query) INTO result;
    IF cardinality(result) > 3000 THEN
        result := ARRAY['many'];
    ELSIF NOT ordered THEN
        result := (SELECT array_agg(x ORDER BY x COLLATE "C") FROM unnest(result) AS x);
    END IF;
EXCEPTION WHEN OTHERS THEN
    result := NULL;
    problem := sqlstate || ' ' || sqlerrm;
END $$;
CREATE FUNCTION pg_temp.judge(number int, query text, ordered boolean, single boolean, settings text[], workers int)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    here record;
    there record;
    setting text;
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, false),
            set_config('min_parallel_table_scan_size', '0', false),
            set_config('parallel_setup_cost', '0', false),
            set_config('parallel_tuple_cost', '0', false);
    PERFORM set_config('sqlite_fdw_mig.pushdown', 'off', false);
    here := pg_temp.answer(query, ordered);
    FOREACH setting IN ARRAY settings LOOP
        PERFORM set_config('enable_' || setting, 'off', false);
    END LOOP;
    PERFORM set_config('sqlite_fdw_mig.pushdown', 'on', false);
    IF workers > 0 THEN
        there := pg_temp.shared(query, ordered);
    ELSE
        there := pg_temp.answer(query, ordered);
    END IF;
    FOREACH setting IN ARRAY settings LOOP
        PERFORM set_config('enable_' || setting, 'on', false);
    END LOOP;
    -- which rows of several tables are read at all depends on the order of joining
    IF NOT single AND here.problem IS NULL AND there.problem ~ '^(22|42804|42P22|0A000)' THEN
        RETURN 'error';
    END IF;
    IF here.problem IS NULL AND (there.problem IS NOT NULL OR here.result IS DISTINCT FROM there.result) THEN
        RETURN format(E'query %s: %s;\nwithout: %s\nwith:    %s\n', number, query, left(here.result::text, 600),
                      left(coalesce(there.problem, there.result::text, 'no rows'), 600));
    END IF;
    RETURN CASE WHEN here.problem IS NOT NULL THEN 'error' WHEN here.result IS NULL THEN 'empty' ELSE 'same' END;
END $$;
"""


def make_database(r, path, encoding, count, collations):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute(f"PRAGMA encoding = '{encoding}'")
    database.execute('BEGIN')
    tables = [create_table(r, database, f't{number}', collations) for number in range(count)]
    database.execute('COMMIT')
    database.close()
    os.chmod(path, 0o644)
    return tables


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--count', type=int, default=3000)
    parser.add_argument('--directory')
    parser.add_argument('--collation', action='append', default=[], help='name of a collation to try, too')
    parser.add_argument('--encoding', help='that the database has')
    parser.add_argument('--parallel', type=float, default=0.1, help='share of the queries that workers may share')
    parser.add_argument('--show', action='store_true')
    options = parser.parse_args()
    if options.encoding:
        keep_to(options.encoding)
    r = random.Random(options.seed)
    directory = options.directory or tempfile.mkdtemp()
    more = [f' COLLATE {identifier(c)}' for c in options.collation]
    collations = ['', '', ' COLLATE "C"'] + more
    COLLATES.extend(more)
    totals = {'same': 0, 'empty': 0, 'error': 0}
    failed = 0
    done = 0
    portion = 0
    while done < options.count:
        portion += 1
        encoding = r.choice(['UTF-8', 'UTF-8', 'UTF-8', 'UTF-16le', 'UTF-16be'])
        path = os.path.join(directory, f'push_{options.seed}_{portion}.db')
        if os.path.exists(path):
            os.unlink(path)
        tables = make_database(r, path, encoding, 6, collations)
        empty = r.random() < 0.2
        script = [COMPARE, 'DROP SERVER IF EXISTS push CASCADE;\n',
                  f'CREATE SERVER push FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database {literal(path)}'
                  f'{", empty_as_null $$true$$" if empty else ""});\n']
        for table in tables:
            script.append(foreign_table(table, 'push', table.name))
        if r.random() < 0.3:
            script.append('ANALYZE ' + ', '.join(t.name for t in tables) + ';\n')
        number = min(500, options.count - done)
        script.append('SELECT pg_temp.judge(n, q, o, q !~ $$ (AS b|AS v)[ ()]$$, s::text[], w) FROM (VALUES\n')
        values = []
        for i in range(number):
            clean = [t for t in tables if not t.dirty] or tables
            ordered, query = Query(r, tables if r.random() < 0.25 else clean).write()
            off = r.choice(['{}', '{}', '{hashjoin,mergejoin}', '{hashjoin,mergejoin,material}', '{hashjoin,nestloop}',
                           '{hashjoin,mergejoin,nestloop}'])
            if options.show:
                print(query)
            workers = r.choice([1, 2, 3]) if r.random() < options.parallel else 0
            values.append(f'({i}, {literal(query)}, {str(ordered).lower()}, {literal(off)}, {workers})')
        script.append(',\n'.join(values) + ') AS v(n, q, o, s, w);\n')
        output = server.run(''.join(script)).decode('utf-8', 'replace')
        for line in output.splitlines():
            if line in totals:
                totals[line] += 1
        if 'query ' in output:
            failed += output.count('\nwith: ')
            print(f'seed {options.seed}, database {path} ({encoding}, empty_as_null {empty}):')
            with open(path + '.sql', 'w', encoding='utf-8') as out:
                out.write(''.join(x for x in script if x.startswith('CREATE SERVER') or x.startswith('CREATE FOREIGN')))
            for text in '\n'.join(x for x in output.split('\n') if x not in totals).split('\n\n'):
                print(text[:2500])
        else:
            os.unlink(path)
        done += number
    server.run('DROP SERVER IF EXISTS push CASCADE;')
    print(f'{done} queries: {totals["same"]} with the same rows, {totals["empty"]} with none, '
          f'{totals["error"]} in error without pushdown, {failed} different')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
