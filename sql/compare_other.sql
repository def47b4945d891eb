--
-- Types that are compared by what their own functions say; arrays
--
SET lc_monetary = 'C';
-- class and payload: the SQLite value (a blob's payload in hexadecimal);
-- stored: the PostgreSQL value, as text; equal: what docs/types.md says
CREATE TEMP TABLE pairs (
	id serial,
	type text, class text, payload text, stored text, equal boolean,
	zone text DEFAULT 'UTC');

CREATE FUNCTION pg_temp.same(p pairs) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	target bytea;
BEGIN
	EXECUTE format('SELECT sq2pg.canonical_target(%L::%s)', p.stored, p.type)
		INTO target;
	RETURN target = sq2pg.canonical_source(p.class,
		CASE p.class WHEN 'blob' THEN decode(p.payload, 'hex')
			ELSE convert_to(p.payload, 'UTF8') END,
		p.type, p.zone);
END $$;

CREATE TYPE compare_pair AS (a integer, b text);
CREATE TYPE compare_color AS ENUM ('red', 'green');
CREATE DOMAIN compare_even AS integer CHECK (VALUE % 2 = 0);

INSERT INTO pairs (type, class, payload, stored, equal) VALUES
('inet', 'text', '10.0.0.1', '10.0.0.1/32', true),
('inet', 'text', '::FFFF', '::ffff', true),
('inet', 'text', '10.0.0.1', '10.0.0.2', false),
('inet', 'text', '10.0.0.256', '10.0.0.2', false),
('inet', 'blob', encode('10.0.0.1', 'hex'), '10.0.0.1', false),
('interval', 'text', '1 day', '24:00:00', false),
('interval', 'text', '90 minutes', '01:30', true),
('interval', 'text', '01:02:03.1234567', '01:02:03.123457', false),
('interval', 'real', '0.1234567', '00:00:00.123457', false),
('interval', 'text', '01:02:03.12345600', '01:02:03.123456', true),
('timetz', 'text', '10:11:12.1234567+02', '10:11:12.123457+02', false),
('timetz', 'text', '2024-01-31 10:11+02', '10:11+02', false),
('timetz', 'text', ' 10:11+02', '10:11+02', true),
('tsrange', 'text', '[2024-01-31 10:11:12.1234567,)', '[2024-01-31 10:11:12.123457,)', false),
('money', 'text', '$1.239', '1.24', false),
('money', 'text', '-$1,234.50', '-1234.5', true),
('money', 'text', '$0.00', '0', true),
('money', 'text', '', '0', false),
('money', 'text', 'abc', '0', false),
('oid', 'integer', '4294967295', '4294967295', true),
('oid', 'integer', '4294967296', '0', false),
('oid', 'integer', '-9', '4294967287', false),
('oid', 'text', '007', '7', true),
('money', 'integer', '2', '2.00', true),
('money', 'real', '1.25', '1.25', true),
('money', 'real', '1.239', '1.24', false),
('money', 'text', '1.239', '1.24', false),
('money', 'text', '1.5', '1.50', true),
('"char"', 'text', 'a', 'a', true),
('"char"', 'text', 'abc', 'a', false),
('cidr', 'text', '10.1/16', '10.1.0.0/16', true),
('interval(0)', 'text', '1.5 seconds', '2 seconds', false),
('interval(0)', 'text', '2 seconds', '2 seconds', true),
('int2vector', 'text', '1 2', '1 2', true),
('bit(3)', 'text', '101', '101', true),
('bit(3)', 'text', '1011', '101', false),
('varbit', 'text', 'x1', '0001', true),
('int4range', 'text', '[1,3]', '[1,4)', true),
('int4range', 'text', '[3,1]', 'empty', false),
('point', 'text', '1,2', '(1,2)', true),
('xid', 'text', '7', '7', true),
('xid', 'text', '7.5', '7', false),
('xid', 'text', 'abc', '0', false),
('oid', 'text', '-011', '4294967285', false),
('money', 'text', ' +01.239', '1.24', false),
('name', 'text', 'abc', 'abc', true),
('name', 'text', repeat('x', 64), repeat('x', 63), false),
('regclass', 'text', 'no_such_table', 'pg_class', false),
('compare_pair', 'text', '(1,x)', '( 1,"x")', true),
('compare_pair', 'text', '(1,x)', '(1,y)', false),
('compare_pair', 'text', '(a,x)', '(1,x)', false),
('inet', 'text', '', NULL, false),
('inet', 'null', '', NULL, true),
-- arrays from an array literal, each element as it would be in a column
('integer[]', 'text', '{}', '{}', true),
('integer[]', 'text', ' { 1 , 2 } ', '{1,2}', true),
('integer[]', 'text', '{"1",2}', '{1,2}', true),
('integer[]', 'text', '{007}', '{7}', false),
('integer[]', 'text', '{1,}', '{1}', false),
('integer[]', 'text', '{1,2}}', '{1,2}', false),
('integer[]', 'text', '{{1,2},{3}}', '{1,2,3}', false),
('integer[]', 'text', '{1,{2}}', '{1,2}', false),
('integer[]', 'text', '[2:3][1]={{1},{2}}', '[2:3][1:1]={{1},{2}}', true),
('integer[]', 'text', '[0:2]={1,2}', '{1,2}', false),
('text[]', 'text', '{ a\ b\ , "c\"\\d" ,""}', ARRAY['a b ', 'c"\d', '']::text, true),
('text[]', 'text', '{\NULL}', '{"NULL"}', true),
('text[]', 'text', '{a"b"}', '{ab}', false),
('box[]', 'text', '{(1,1),(0,0);(2,2),(1,1)}', '{(1,1),(0,0);(2,2),(1,1)}', true),
('integer[]', 'text', '{1,2,NULL}', '{1,2,NULL}', true),
('integer[]', 'text', '{1,2}', '{2,1}', false),
('integer[]', 'text', '{{1,2},{3,4}}', '{{1,2},{3,4}}', true),
('integer[]', 'text', '{{1,2},{3,4}}', '{1,2,3,4}', false),
('integer[]', 'text', '{{1,2},{3,4}}', '{{1,2,3,4}}', false),
('integer[]', 'text', '[0:1]={1,2}', '[0:1]={1,2}', true),
('integer[]', 'text', '[0:1]={1,2}', '{1,2}', false),
('integer[]', 'text', '{1,x}', '{1}', false),
('integer[]', 'text', '{1,2', '{1,2}', false),
('integer[]', 'integer', '1', '{1}', false),
('numeric[]', 'text', '{1.50}', '{1.5}', true),
('text[]', 'text', '{a,"b c"}', '{a,"b c"}', true),
('text[]', 'text', '{"a,b"}', '{a,b}', false),
('text[]', 'text', '{NULL}', '{"NULL"}', false),
-- arrays from a JSON array of scalars
('integer[]', 'text', '[]', '{}', true),
('integer[]', 'text', ' [1, -2 ,null]', '{1,-2,NULL}', true),
('integer[]', 'text', '[1,2]', '{1,2,3}', false),
('integer[]', 'text', '["1"]', '{1}', true),
('integer[]', 'text', '[1,2', '{1,2}', false),
('integer[]', 'text', '[1,2]x', '{1,2}', false),
('integer[]', 'text', '[[1,2]]', '{{1,2}}', false),
('integer[]', 'text', '[1.5]', '{2}', false),
('bigint[]', 'text', '[9223372036854775807]', '{9223372036854775807}', true),
('bigint[]', 'text', '[9223372036854775808]', '{9223372036854775807}', false),
('numeric[]', 'text', '[1.50,1e2]', '{1.5,100}', true),
('double precision[]', 'text', '[0.1]', '{0.1}', true),
('text[]', 'text', '["a\"b","\u00fc",true,1.50]', '{"a\"b",ü,true,1.50}', true),
('text[]', 'text', '["null",null]', '{"null",NULL}', true),
('text[]', 'text', '["null",null]', '{NULL,NULL}', false),
('text[]', 'text', '["a\u0000"]', '{a}', false),
('timestamp[]', 'text', '[1700000000]', '{2023-11-14 22:13:20}', false),
('boolean[]', 'text', '[true,0,"yes"]', '{t,f,t}', true),
('date[]', 'text', '["2024-02-29"]', '{2024-02-29}', true),
('timestamptz[]', 'text', '["2024-02-29T00:00+01:00"]', '{2024-02-28 23:00:00+00}', true),
('compare_color[]', 'text', '["red","green"]', '{red,green}', true),
('compare_color[]', 'text', '["red","blue"]', '{red,green}', false),
('compare_even[]', 'text', '[2,4]', '{2,4}', true),
('varchar(3)[]', 'text', '["abcd"]', '{abc}', false);

-- none of these may be judged otherwise
SELECT id, type, class, payload, stored, equal
FROM pairs WHERE pg_temp.same(pairs) IS DISTINCT FROM equal ORDER BY id;

SELECT type, count(*) FILTER (WHERE equal) AS equal,
	count(*) FILTER (WHERE NOT equal) AS different
FROM pairs GROUP BY type ORDER BY type COLLATE "C";

-- a long array, from a literal and from JSON
SELECT sq2pg.canonical_target(a) = sq2pg.canonical_source('text', convert_to(a::text, 'UTF8'), 'integer[]') AS literal,
	sq2pg.canonical_target(a) = sq2pg.canonical_source('text', convert_to(array_to_json(a)::text, 'UTF8'), 'integer[]') AS json,
	sq2pg.canonical_target(a) = sq2pg.canonical_target(a[:149999] || 0 || a[150001:]) AS other
FROM (SELECT array_agg(i) FROM generate_series(1, 300000) AS i) AS s(a);

-- a refused value leaves the transaction usable, a cancel is not swallowed
BEGIN;
SELECT count(DISTINCT sq2pg.canonical_source('text', 'x', 'inet')) FROM generate_series(1, 100);
CREATE TEMP TABLE still_alive (a integer);
COMMIT;
\set VERBOSITY terse
SET statement_timeout = '50ms';
DO $$ BEGIN
	FOR i IN 1 .. 1000000000 LOOP
		PERFORM sq2pg.canonical_source('text', 'x', 'inet');
	END LOOP;
END $$;
RESET statement_timeout;

DROP TYPE compare_pair, compare_color;
DROP DOMAIN compare_even;
