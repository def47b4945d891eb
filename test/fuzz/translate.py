#!/usr/bin/env python3
"""
Does a translated expression have the value that SQLite computes?

Random expressions over the columns of one table are evaluated by SQLite and,
after sq2pg.translate, by PostgreSQL, on the same random rows; every row must
agree.  What the translator refuses is counted, not an error, and neither is
bigint out of range (SQLite goes on with reals there).

    python3 test/fuzz/translate.py SEED COUNT

psql's usual environment (PGHOST, PGDATABASE ...) says where; the extension
must be installed in that database.  Exit code 1 if anything differs.
"""
import json
import random
import re
import sqlite3
import subprocess
import sys

SEED, COUNT = int(sys.argv[1]), int(sys.argv[2])
R = random.Random(SEED)
ROWS = 40

# name, declared type, PostgreSQL's type, affinity, collation, values
COLUMNS = [
    ("id", "INTEGER NOT NULL", "bigint", "INTEGER", None, [1, 2, 3, 0, -5, 1000000007]),
    ("done", "BOOLEAN", "boolean", "NUMERIC", None, [0, 1, None]),
    ("n", "INT", "integer", "INTEGER", None, [0, 1, 2, -3, 7, 100, None, 2147483647]),
    ("s", "SMALLINT", "smallint", "INTEGER", None, [0, 1, -1, 5, None, 32767]),
    ("f", "REAL", "double precision", "REAL", None, [0.0, 0.5, -1.25, 3.0, 1e10, None, 2.5, 0.1]),
    ("price", "DECIMAL(10,2)", "numeric(10,2)", "NUMERIC", None, [0, 1, 2.5, 19.99, -3.25, None, 100]),
    ("name", "TEXT", "text", "TEXT", None,
     ["", "a", "A", "abc", "ABC", "Zo\u00eb", "zo\u00cb", "5", "x@y.z", " pad ", "50%", "a_b", "a\\b", "a'b", None,
      "b[c]", "-1", "0", "12abc", "-3.5e1x", " +7", "1.", "\t4", ".5", "0x10", "1e2"]),
    ("email", "VARCHAR(30) COLLATE NOCASE", "varchar(30)", "TEXT", "NOCASE",
     ["foo@x", "FOO@X", "Bar", "bar", None, "\u00c9", "\u00e9", "a", "_"]),
    ("r", "TEXT COLLATE RTRIM", "text", "TEXT", "RTRIM", ["a", "a ", "a  ", "b", "", " a", None]),
    ("d", "DATE", "date", "NUMERIC", None, ["2020-01-31", "2024-02-29", "1999-12-31", None, "2023-07-05"]),
    ("ts", "DATETIME", "timestamp", "NUMERIC", None,
     ["2020-01-31 10:00:00", "2024-02-29 23:59:59", "1999-12-31 00:00:00", None, "2023-07-05 12:34:56"]),
    ("j", "JSON", "jsonb", "NUMERIC", None,
     ['{"a":1,"b":"x","c":[1,2,{"d":null}],"e":true,"f":1.5}', '{"a":"1","b":null,"e":false}', "[]", "[1,2,3]",
      None, '{"a":{"b":2}}']),
    ("b", "BLOB", "bytea", "BLOB", None, [b"", b"\x00\xff", b"abc", None]),
    ("u", "CHAR(36)", "uuid", "TEXT", None,
     ["550e8400-e29b-41d4-a716-446655440000", "00000000-0000-0000-0000-000000000001", None]),
]
CATALOG = json.dumps([{"name": c[0], "type": c[2], "affinity": c[3], "collation": c[4] or "BINARY",
                       "not_null": c[0] == "id"} for c in COLUMNS])

INTEGERS = ["0", "1", "2", "-1", "5", "100", "0x10", "2147483647", "NULL", "TRUE", "FALSE"]
REALS = ["0.5", "2.5", "1.0", "-1.25", "1e3", ".5", "19.99"]
STRINGS = ["''", "'a'", "'A'", "'abc'", "'5'", "' 5 '", "'1'", "'0'", "'foo@X'", "'a '", "'x'", "'2020-01-31'",
           "'2023-07-05 12:34:56'", "'50\\%'", "'1.0'", "'\u00c9'", "'Zo\u00eb'", "'integer'", "'text'",
           "\"dq\"", "'a''b'", "'550e8400-e29b-41d4-a716-446655440000'", "'2.5'", "'abc' COLLATE NOCASE"]
LIKES = ["'a%'", "'A%'", "'%b%'", "'_'", "'50\\%'", "'%\\%'", "'zo\u00cb'", "''", "'%'", "'a!_b' ESCAPE '!'",
         "'a\\_b' ESCAPE '\\'", "name", "'%\u00c9%'"]
GLOBS = ["'a*'", "'[a-z]*'", "'*[^0-9]*'", "'*[0-9]'", "'?'", "'*@*.*'", "'[A-Zx]*'", "'a_b'", "'50%'", "'a\\b'",
         "'b[[]c]'", "'[^a]*'", "''", "'*'", "'[]x]*'", "'a?c'", "'*[-_.]*'"]
DATES = ["date(ts)", "date(d)", "time(ts)", "datetime(ts)", "strftime('%Y-%m',ts)", "strftime('%H:%M',ts)",
         "datetime(ts,'+1 month')", "date(d,'-1 month')", "date(d,'start of month','+1 month','-1 day')",
         "date(d,'weekday 1')", "datetime(ts,'+36 hours')", "date(d,'+1 year')", "strftime('%j',d)",
         "strftime('%d/%m/%Y x%%',d)", "datetime(id,'unixepoch')", "datetime('2020-01-31T10:00:00+02:00')",
         "date('2024-02-29','-1 year')"]
JSONS = ["json_extract(j,'$.a') = 1", "json_extract(j,'$.b') = 'x'", "j->>'a' = '1'", "json_extract(j,'$.e') = 1",
         "j->>'e' <> 0", "json_extract(j,'$.f') = 1.5", "json_extract(j,'$.b') IS NULL",
         "json_extract(j,'$.c[1]') IN (2,3)", "json_extract(j,'$[#-1]') = 3", "json_extract(j,'$.a') IS NOT 1",
         "j->'a' IS NULL", "json_extract(j,'$.c[2].d') IS NULL"]


def pick(*options):
    return R.choice(options)


def number(depth):
    if depth <= 0 or R.random() < .45:
        return pick("id", "n", "s", "f", "price", "done", "n", "id", R.choice(INTEGERS), R.choice(REALS))
    a, b = lambda: number(depth - 1), lambda: text(depth - 1)
    return pick(
        lambda: f"{a()} {R.choice('+-*')} {a()}", lambda: f"{a()} {R.choice('+-*')} {a()}",
        lambda: f"({a()}) / {a()}", lambda: f"{a()} % {a()}",
        lambda: f"{pick('abs', 'round', '-', '+', '~')}({a()})",
        lambda: pick(f"length({b()})", f"instr({b()},{b()})", f"unicode({b()})"),
        lambda: f"{pick('coalesce', 'ifnull', 'nullif', 'min', 'max')}({a()}, {a()})",
        lambda: f"CAST({a()} AS {pick('INTEGER', 'REAL', 'NUMERIC')})",
        lambda: f"CAST({b()} AS {pick('INTEGER', 'REAL')})",
        lambda: f"CASE WHEN {condition(depth - 1)} THEN {a()} ELSE {a()} END",
        lambda: f"({a()} {pick('&', '|', '<<', '>>')} {a()})",
        lambda: pick(f"round({a()}, {R.choice('012')})", "julianday(ts)", "unixepoch(ts)", f"sign({a()})",
                     "CAST(strftime('%Y',ts) AS INT)", "CAST(strftime('%w',d) AS INT)", "json_array_length(j)",
                     f"floor({a()})"))()


def text(depth):
    if depth <= 0 or R.random() < .45:
        return pick("name", "email", "r", "name", "u", R.choice(STRINGS))
    a, b = lambda: text(depth - 1), lambda: number(depth - 1)
    at = "instr(name,'@')"
    return pick(
        lambda: f"{a()} || {pick(a, b)()}",
        lambda: f"{pick('lower', 'upper', 'trim', 'ltrim', 'rtrim')}({a()})",
        lambda: f"substr({a()}, {pick('1', '2', '-2', '0', 'n', at + '+1')}"
                f"{pick('', ', 1', ', 2', ', n', ', ' + at + '-1')})",
        lambda: f"replace({a()}, {a()}, {a()})", lambda: f"coalesce({a()}, {a()})",
        lambda: f"CASE {b()} WHEN {b()} THEN {a()} ELSE {a()} END",
        lambda: f"CAST({pick(a, b)()} AS TEXT)", lambda: f"typeof({pick(a, b)()})", lambda: R.choice(DATES),
        lambda: f"printf('%s-%d', {a()}, n)", lambda: f"{pick('min', 'max', 'nullif', 'ifnull')}({a()}, {a()})")()


def anything(depth):
    return pick(number, number, text, text, lambda _: pick("d", "ts", "b", "u", "j", "x'00ff'"))(depth)


def condition(depth):
    if depth <= 0:
        return pick("done", "n > 1", "name = 'a'", "f < 2", "price <> 1", "done = 0")
    op = lambda: pick("=", "==", "<>", "!=", "<", ">", "<=", ">=", " IS ", " IS NOT ")
    no = lambda: pick("", "NOT ")
    a, b = lambda: number(depth - 1), lambda: text(depth - 1)
    c = lambda: condition(depth - 1)
    return pick(
        lambda: f"{a()} {op()} {a()}", lambda: f"{b()} {op()} {b()}",
        lambda: f"{anything(depth - 1)} {op()} {anything(depth - 1)}",
        lambda: f"{c()} {pick('AND', 'OR')} {c()}", lambda: f"NOT {c()}",
        lambda: f"{b()} {no()}LIKE {R.choice(LIKES)}",
        lambda: f"{pick('name', 'email', 'r', b(), 'n')} {no()}GLOB {R.choice(GLOBS)}",
        lambda: f"{a()} {no()}IN ({', '.join(pick(number, number, text)(depth - 2) for _ in range(R.randrange(4)))})",
        lambda: f"{b()} {no()}IN ({', '.join(pick(text, text, number)(depth - 2) for _ in range(1, 4))})",
        lambda: f"{pick(a, b)()} {no()}BETWEEN {pick(number, text)(depth - 2)} AND {pick(number, text)(depth - 2)}",
        lambda: f"{anything(depth - 1)} {pick('IS NULL', 'NOTNULL', 'IS NOT NULL', 'IS TRUE', 'IS NOT FALSE')}",
        lambda: R.choice(JSONS),
        lambda: pick("d", "ts", "date(ts)", "datetime(d)", "'2020-01-31'", "'2023-07-05 12:34:56'") + op() +
        pick("d", "ts", "date(ts)", "''", "'2023-07-05'", "'2020-01-31 10:00:00'", "datetime(ts,'+1 day')"),
        lambda: pick(a, b)())()


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return "'\\x%s'::bytea" % value.hex()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def psql(script):
    done = subprocess.run(["psql", "-XAtq"], input=script, capture_output=True, text=True)
    return done.stdout, done.stderr


def same(a, b):
    if a is None or b is None:
        return a is b
    if isinstance(b, bool):
        b = int(b)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= 1e-9 * max(1, abs(a), abs(b))
    return ("\\x" + a.hex() if isinstance(a, bytes) else a) == b


db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE t (" + ", ".join(f"{c[0]} {c[1]}" for c in COLUMNS) + ")")
setup = ["SET standard_conforming_strings = on;",
         "CREATE TEMP TABLE t (k serial, " + ", ".join(f"{c[0]} {c[2]}" for c in COLUMNS) + ");"]
for _ in range(ROWS):
    row = [R.choice(c[5]) for c in COLUMNS]
    db.execute("INSERT INTO t VALUES (" + ", ".join("?" * len(COLUMNS)) + ")", row)
    values = [literal(bool(v)) if c[0] == "done" and v is not None else literal(v) for v, c in zip(row, COLUMNS)]
    setup.append("INSERT INTO t (" + ", ".join(c[0] for c in COLUMNS) + ") VALUES (" + ", ".join(values) + ");")
setup = "\n".join(setup) + "\n"

cases = []
while len(cases) < COUNT:
    kind = pick("check", "check", "generated")
    e = condition(3) if kind == "check" else pick(number, text)(3)
    query = f"SELECT CASE WHEN ({e}) THEN 1 WHEN NOT ({e}) THEN 0 END" if kind == "check" else f"SELECT {e}"
    try:
        cases.append((kind, e, [r[0] for r in db.execute(query + " FROM t ORDER BY rowid")]))
    except sqlite3.Error:
        pass

out, err = psql(setup + "".join(
    f"SELECT to_json(ROW(translated, problem)) FROM sq2pg.translate({literal(e)}, '{kind}', {literal(CATALOG)});\n"
    for kind, e, _ in cases))
if err:
    sys.exit(err)
translated = [json.loads(line) for line in out.rstrip("\n").split("\n")]
out, err = psql(setup + "".join(
    f"\\echo @{i}\nSELECT coalesce(to_json(CASE WHEN true THEN ({t['f1']}) END), 'null') FROM t ORDER BY k;\n"
    for i, t in enumerate(translated) if t["f1"] is not None))
parts = re.split(r"^@(\d+)$", out, flags=re.M)
bad = 0
for i in range(1, len(parts), 2):
    kind, e, expected = cases[int(parts[i])]
    got = [json.loads(line) for line in parts[i + 1].strip("\n").split("\n") if line]
    differs = [k for k in range(len(got)) if not same(expected[k], got[k])]
    if differs:
        bad += 1
        k = differs[0]
        print(f"{kind}: {e}\n  => {translated[int(parts[i])]['f1']}\n  row {k}: {expected[k]!r} became {got[k]!r}")
errors = [line for line in err.split("\n") if "ERROR" in line and "out of range" not in line]
print("\n".join(errors[:10]))
print(f"{COUNT} expressions, {sum(t['f1'] is not None for t in translated)} translated, {bad} differ, "
      f"{len(errors)} errors")
sys.exit(1 if bad or errors else 0)
