-- foreign tables: which conditions SQLite evaluates, and with what result
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/push.db'
CREATE SERVER push FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE FOREIGN TABLE mixed (id bigint, i int, t text COLLATE "C", r float8, d numeric(10,2), flag boolean, day date, moment timestamp,
    raw bytea, any_ text, any_i int OPTIONS (column_name 'any_'), nocase text) SERVER push;
CREATE FOREIGN TABLE firm (id bigint, code text COLLATE "C", amount int, size float8, raw bytea, loose text) SERVER push;
CREATE FOREIGN TABLE seen (id bigint, i int, t text, flag boolean) SERVER push;
CREATE FOREIGN TABLE other (id bigint, i bigint, t text COLLATE "POSIX")
    SERVER push OPTIONS ("table" 'mixed');

-- What goes to SQLite, whether PostgreSQL looks again, and the ids of the rows;
-- without pushdown the ids must be the same.
CREATE FUNCTION ids(relation text, condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT string_agg(id::text, %L ORDER BY id) FROM %s WHERE %s', ' ', relation, condition) INTO result;
    RETURN coalesce(result, 'none');
END $$;
CREATE FUNCTION asked(relation text, condition text, OUT where_ text, OUT again boolean, OUT ids text) LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    again := false;
    FOR line IN EXECUTE format('EXPLAIN (COSTS OFF) SELECT id FROM %s WHERE %s', relation, condition) LOOP
        where_ := coalesce(where_, substring(line, 'SQLite query: .* WHERE (.*)$'));
        again := again OR line ~ 'Filter';
    END LOOP;
    ids := ids(relation, condition);
    SET LOCAL sqlite_fdw_mig.pushdown = off;
    IF ids(relation, condition) <> ids THEN
        ids := ids || ' but without pushdown ' || ids(relation, condition);
    END IF;
    SET LOCAL sqlite_fdw_mig.pushdown = on;
END $$;
\pset format unaligned
\pset footer off

-- integers
SELECT c, a.* FROM unnest(ARRAY['id = 3', '3 < id', 'id <> 3', 'id BETWEEN 2 AND 4', 'id IN (1, 3, NULL)', 'id NOT IN (1, 3)',
    'i > 2', 'i = 3', 'any_i = 5', 'any_i > 4', 'i < id', 'i + id > 8', 'abs(i) = 6', 'i * 2 = id + i', 'coalesce(i, -1) = -1',
    'CASE WHEN i > 3 THEN 1 ELSE id END = 1', 'i IS NULL', 'i IS NOT NULL', 'i / 2 = 1', 'i::numeric > 2.5', 'i IS DISTINCT FROM 3'])
    WITH ORDINALITY AS u(c, n), LATERAL asked('mixed', c) AS a ORDER BY n;
-- text: equality under any collation that tells all strings apart, order only as bytes
SELECT c, a.* FROM unnest(ARRAY['t = ''a''', 't <> ''a''', 't < ''b''', 't < ''b'' COLLATE "default"', 't IN (''a'', ''B'', '''')', 'any_ = ''5''', 'any_ < ''6'' COLLATE "C"',
    'nocase = ''x''', 'nocase LIKE ''x%''', 't LIKE ''_''', 't NOT LIKE ''%a%''', 'nocase LIKE ''a*_''', 'nocase LIKE ''a\*%''', 'nocase LIKE ''X%'' AND i > 0', 't ILIKE ''A''',
    'length(t) = 1', 't = ''B'' OR t = ''b''', 'lower(t) = ''b'''])
    WITH ORDINALITY AS u(c, n), LATERAL asked('mixed', c) AS a ORDER BY n;
-- other types
SELECT c, a.* FROM unnest(ARRAY['r = 1.5', 'r > 1', 'r < ''NaN''', 'r = ''NaN''', 'd = 0.1', 'd > 19.98', 'd < ''NaN''', 'flag', 'NOT flag', 'flag IS NOT TRUE', 'flag IS NULL',
    'day = ''2024-01-01''', 'day > ''2024-01-01''', 'day < ''infinity''', 'moment >= ''2024-01-01''', 'moment < ''2024-01-01''', 'moment = ''2024-01-02 10:00''', 'raw = ''a''', 'raw > ''a'''])
    WITH ORDINALITY AS u(c, n), LATERAL asked('mixed', c) AS a ORDER BY n;
-- together
SELECT c, a.* FROM unnest(ARRAY['i > 2 AND lower(t) = ''b''', 'i > 2 OR lower(t) = ''b''', 'i > 2 OR (t = ''a'' AND flag)', 'NOT (i > 2 AND t = ''a'')', 'NOT (flag OR i = 1)', 'random() < 2 AND i > 2',
    'i > (SELECT 2)', 'i > 2 AND i > ALL (SELECT 2)'])
    WITH ORDINALITY AS u(c, n), LATERAL asked('mixed', c) AS a ORDER BY n;
-- what a STRICT table guarantees needs no second look; of a view nothing is known
SELECT c, a.* FROM unnest(ARRAY['amount = 10', 'code = ''b''', 'code < ''b''', 'size > 1', 'raw = ''\x01''', 'loose = ''5''', 'amount > 10 AND size IS NULL', 'amount + 1 > 11'])
    WITH ORDINALITY AS u(c, n), LATERAL asked('firm', c) AS a ORDER BY n;
SELECT c, a.* FROM unnest(ARRAY['i = 3', 't = ''a''', 'flag'])
    WITH ORDINALITY AS u(c, n), LATERAL asked('seen', c) AS a ORDER BY n;
SELECT c, a.* FROM unnest(ARRAY['t < ''b''', 'i = 3::smallint'])
    WITH ORDINALITY AS u(c, n), LATERAL asked('other', c) AS a ORDER BY n;

-- values are bound: nothing in them is SQL, and every execution has its own
SET plan_cache_mode = force_generic_plan;
PREPARE by_text(text) AS SELECT id FROM mixed WHERE t = $1 ORDER BY id;
EXECUTE by_text('a');
EXECUTE by_text(''' OR 1=1 --');
EXECUTE by_text(NULL);
PREPARE by_number(numeric) AS SELECT id FROM mixed WHERE d >= $1 ORDER BY id;
EXECUTE by_number(19.99);
EXECUTE by_number('-Infinity');
EXECUTE by_number('NaN');
-- what is beyond SQLite's limits PostgreSQL evaluates alone
CREATE TEMP TABLE long_ (n int, c text);
INSERT INTO long_ SELECT 1, string_agg(format('id = %s AND t <> ''z''', i), ' OR ') FROM generate_series(3, 1500) AS i;
INSERT INTO long_ SELECT 2, string_agg('id <> ' || i, ' AND ') FROM generate_series(4, 1500) AS i;
INSERT INTO long_ VALUES (3, repeat('(id + ', 40) || '1' || repeat(')', 40) || ' > 100'),
    (4, repeat('NOT (id > 1 AND ', 60) || 'id < 4' || repeat(')', 60)),
    (5, repeat('abs(', 40) || 'i' || repeat(')', 40) || ' > 3'),
    (6, 't LIKE ''a'' || repeat(''%'', 2000)'), (7, 't NOT LIKE repeat(''*'', 400) || ''%'''), (8, 't LIKE repeat(''_'', 2000)'),
    (9, 't <> repeat(''x'', 3000000)'), (10, 't < repeat(''x'', 3000000)'), (11, 'raw < convert_to(repeat(''x'', 3000000), ''UTF8'')');
SELECT n, ids('mixed', c) FROM long_ ORDER BY n;
SET sqlite_fdw_mig.pushdown = off;
SELECT n, ids('mixed', c) FROM long_ ORDER BY n;
RESET sqlite_fdw_mig.pushdown;
SELECT count(*) FROM mixed WHERE t LIKE 'a' || repeat('%', 2000);
-- a row that cannot be read is not read any more where SQLite leaves it out
CREATE FOREIGN TABLE narrow (id int, any_ int, t int) SERVER push OPTIONS ("table" 'mixed');
SELECT id, t FROM narrow WHERE id = 2;
SELECT id, any_ FROM narrow WHERE id = 2;
SELECT id, any_ FROM narrow WHERE any_ > 6;
SET client_min_messages = warning;
DROP SERVER push CASCADE;
DROP FUNCTION ids, asked;
DROP TABLE long_;
