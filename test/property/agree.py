#!/usr/bin/env python3
"""Do the converter and the verifier judge every value alike?

They were written apart.  For random values and target types: what the
converter calls exact (or noise), and only that, must be equal for the
verifier to its source.  Neither may ever raise an error.

Usage: agree.py --seed N --count N
"""

import argparse
import random
import sys

import server
import values
from values import Text

# target: kinds (integer, real, text, blob, NULL), generators of text
TARGETS = {
    'boolean': ('44811', [values.number_text, values.plain_text]),
    'smallint': ('66811', [values.number_text]),
    'integer': ('66811', [values.number_text]),
    'bigint': ('66811', [values.number_text]),
    'real': ('69911', [values.number_text]),
    'double precision': ('69911', [values.number_text]),
    'numeric': ('69911', [values.number_text]),
    'numeric(10,2)': ('69911', [values.number_text]),
    'numeric(5,5)': ('69911', [values.number_text]),
    'numeric(20,0)': ('69911', [values.number_text]),
    'numeric(3,-2)': ('69911', [values.number_text]),
    'text': ('22941', values.ALL_TEXTS),
    'varchar(5)': ('44941', values.ALL_TEXTS),
    'varchar': ('22941', values.ALL_TEXTS),
    'char(5)': ('44941', values.ALL_TEXTS),
    'name': ('22941', values.ALL_TEXTS),
    '"char"': ('22911', values.ALL_TEXTS),
    'bytea': ('22991', values.ALL_TEXTS),
    'date': ('33911', [values.time_text]),
    'time': ('11911', [values.time_text]),
    'time(2)': ('11911', [values.time_text]),
    'timetz': ('11911', [values.time_text]),
    'timestamp': ('55911', [values.time_text]),
    'timestamp(3)': ('55911', [values.time_text]),
    'timestamptz': ('33911', [values.time_text]),
    'timestamptz(0)': ('33911', [values.time_text]),
    'uuid': ('11951', [values.uuid_text]),
    'json': ('22991', [values.json_text]),
    'jsonb': ('22991', [values.json_text]),
    'colour': ('11911', [values.plain_text]),
    'positive': ('66811', [values.number_text]),
    'short_text': ('22911', [values.plain_text]),
    'pair': ('22911', [values.other_text, values.plain_text]),
    'tags': ('11911', [values.array_text]),
    'colour[]': ('11911', [values.array_text]),
    'positive[]': ('11911', [values.array_text]),
    'short_text[]': ('11911', [values.array_text]),
    'short_stamp': ('55911', [values.time_text]),
    'money': ('44911', [values.number_text, values.other_text]),
    'oid': ('44911', [values.number_text, values.other_text]),
    'xid': ('44911', [values.number_text, values.other_text]),
    'xid8': ('44911', [values.number_text, values.other_text]),
    'interval': ('11911', [values.other_text, values.time_text]),
    'interval(0)': ('11911', [values.other_text, values.time_text]),
    'inet': ('11911', [values.other_text]),
    'cidr': ('11911', [values.other_text]),
    'macaddr': ('11911', [values.other_text]),
    'bit(3)': ('11911', [values.other_text]),
    'varbit(4)': ('11911', [values.other_text]),
    'point': ('11911', [values.other_text]),
    'pg_lsn': ('11911', [values.other_text]),
    'int4range': ('11911', [values.other_text]),
    'tstzrange': ('11911', [values.other_text, values.time_text]),
    'datemultirange': ('11911', [values.other_text]),
    'tsvector': ('11911', [values.other_text, values.plain_text]),
    'jsonpath': ('11911', [values.other_text]),
    'regtype': ('11911', [values.other_text, values.number_text]),
    'tid': ('11911', [values.other_text]),
    'int2vector': ('11911', [values.other_text, values.number_text]),
    'integer[]': ('11911', [values.array_text]),
    'text[]': ('11911', [values.array_text]),
    'numeric(5,1)[]': ('11911', [values.array_text]),
    'varchar(3)[]': ('11911', [values.array_text]),
    'timestamp[]': ('11911', [values.array_text]),
    'boolean[]': ('11911', [values.array_text]),
    'box[]': ('11911', [values.array_text, values.other_text]),
}

ZONES = ['UTC', 'America/New_York', 'Europe/Berlin', 'Europe/Moscow', 'Pacific/Apia', 'Asia/Kathmandu',
         'Africa/Casablanca', 'Europe/Dublin', 'Australia/Lord_Howe', 'America/St_Johns', 'Antarctica/Troll']

# made in a schema
TYPES = """
CREATE TYPE %(schema)s.colour AS ENUM ('red', 'Red', 'green', 'blue', 'caf\u00e9');
CREATE DOMAIN %(schema)s.positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN %(schema)s.short_text AS varchar(10) NOT NULL;
CREATE DOMAIN %(schema)s.stamp AS timestamp(2);
CREATE DOMAIN %(schema)s.short_stamp AS %(schema)s.stamp CHECK (VALUE > '1900-01-01');
CREATE DOMAIN %(schema)s.tags AS varchar(4)[] CHECK (cardinality(VALUE) < 4);
CREATE TYPE %(schema)s.pair AS (a integer, b varchar(3));
"""
OWN = ('colour', 'positive', 'short_text', 'short_stamp', 'tags', 'pair', 'colour[]', 'positive[]', 'short_text[]')


def storage(value):
    """Storage class and payload, as sq2pg.try_convert wants them."""
    if isinstance(value, int):
        return 'integer', str(value).encode()
    if isinstance(value, float):
        return 'real', repr(value).encode()
    if isinstance(value, Text):
        return 'text', value.data
    if value is None:
        return 'null', b''
    return 'blob', value


def make_cases(rng, count):
    names = list(TARGETS)
    for _ in range(count):
        target = rng.choice(names)
        kinds, texts = TARGETS[target]
        if rng.random() < 0.1:
            texts = values.ALL_TEXTS
        value = values.pick(rng, [int(k) for k in kinds], texts)
        if isinstance(value, float) and value != value:
            value = None                        # SQLite keeps no NaN
        yield target, value, rng.choice(ZONES), rng.random() < 0.2


def script(cases):
    """Both judgements of every case, as rows of COPY."""
    out = [TYPES % {'schema': 'pg_temp'}, 'CREATE TEMP TABLE cases (id int, class text, payload bytea, target text, zone text, empty bool);',
           'COPY cases FROM STDIN;']
    for i, (target, value, zone, empty) in enumerate(cases):
        kind, payload = storage(value)
        target = 'pg_temp.' + target if target in OWN else target
        out.append('%d\t%s\t\\\\x%s\t%s\t%s\t%s' % (i, kind, payload.hex(), target, zone, 't' if empty else 'f'))
    out.append('\\.\nCREATE INDEX ON cases (target); ANALYZE cases;')
    for target in TARGETS:
        name = 'pg_temp.' + target if target in OWN else target
        # a text in a SQL string cannot be of type "char" or name by a mere cast: it may be cut
        out.append("""
COPY (SELECT c.id, t.verdict, convert_to(t.value, getdatabaseencoding()), t.sqlstate,
             s.form = CASE WHEN t.verdict <> 'bad' THEN sq2pg.canonical_target(CAST(t.value AS %s)) END, s.form
        FROM cases AS c, sq2pg.try_convert(class, payload, target, zone, empty) AS t,
             LATERAL (SELECT sq2pg.canonical_source(class, payload, target, zone, empty) AS form) AS s
       WHERE c.target = %s) TO STDOUT;""" % (name, server.literal(name)))
    return '\n'.join(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--count', type=int, default=20000)
    arguments = parser.parse_args()

    cases = list(make_cases(random.Random(arguments.seed), arguments.count))
    wrong = 0
    judged = 0
    verdicts = {}
    for number, verdict, value, sqlstate, equal, form in server.rows(server.run(script(cases))):
        judged += 1
        verdict = verdict.decode()
        verdicts[verdict] = verdicts.get(verdict, 0) + 1
        good = {'exact': equal == b't', 'noise': equal == b't', 'changed': equal == b'f', 'bad': equal is None}
        if not good[verdict]:
            wrong += 1
            print('not ok: %r -> %s: %s by the converter, %s by the verifier (%s)' % (
                cases[int(number)], value, verdict, 'equal' if equal == b't' else 'different', form))
    print('seed %d: %d values judged, %d disagreements; %s' % (
        arguments.seed, judged, wrong, ', '.join('%s %d' % v for v in sorted(verdicts.items()))))
    sys.exit(1 if wrong > 0 or judged < len(cases) else 0)


if __name__ == '__main__':
    main()
