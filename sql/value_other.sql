-- enums, arrays, domains, uuids, and types of which only their input function knows
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
CREATE SCHEMA value_other;
SET search_path = value_other, public;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'Happy', 'OK', 'très bien');
CREATE DOMAIN short AS varchar(5);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN small AS positive CHECK (VALUE < 100);
CREATE DOMAIN present AS text NOT NULL;
CREATE DOMAIN divides AS integer CHECK (100 / VALUE > 1);
CREATE DOMAIN price AS numeric(6,2) CHECK (VALUE >= 0);
CREATE TYPE pair AS (a int, b text);
CREATE TEMP TABLE cases (n int GENERATED ALWAYS AS IDENTITY, class text, payload text, target text);
INSERT INTO cases (class, payload, target) VALUES
('text', 'sad', 'mood'), ('text', 'HAPPY', 'mood'), ('text', 'ok', 'mood'), ('text', 'Ok', 'mood'), ('text', 'glad', 'mood'),
('text', '', 'mood'), ('text', 'très bien', 'mood'), ('text', 'TRÈS bien', 'mood'), ('text', repeat('x', 300), 'mood'), ('integer', '1', 'mood'),
('text', 'abcde', 'short'), ('text', 'abcdef', 'short'), ('integer', '5', 'positive'), ('integer', '-5', 'positive'),
('text', 'x', 'positive'), ('real', '0.4', 'positive'), ('real', '1.4', 'positive'), ('integer', '99', 'small'), ('integer', '100', 'small'),
('integer', '0', 'small'), ('null', '', 'positive'), ('null', '', 'present'), ('text', '', 'present'), ('integer', '10', 'divides'),
('integer', '0', 'divides'), ('integer', '70', 'divides'), ('real', '1.5', 'price'), ('real', '-1', 'price'), ('real', '0.30000000000000004', 'price'),
('text', '{1,2,3}', 'int[]'), ('text', '{}', 'int[]'), ('text', '[]', 'int[]'), ('text', '[1, 2, null]', 'int[]'), ('text', '{1,NULL}', 'int[]'),
('text', '{{1,2},{3,4}}', 'int[]'), ('text', '[0:1]={5,6}', 'int[]'), ('text', '[[1],[2]]', 'int[]'), ('text', '[{"a":1}]', 'int[]'),
('text', '[1,2', 'int[]'), ('text', '{1,2', 'int[]'), ('text', '{1,x}', 'int[]'), ('text', '[1.5]', 'int[]'), ('text', '{042}', 'int[]'),
('text', '["a\u00e9","b,\"c"]', 'text[]'), ('text', '["\u0000"]', 'text[]'), ('text', '[true, 1, "t"]', 'boolean[]'), ('text', '{abcd}', 'varchar(3)[]'),
('text', '[1.005]', 'numeric(4,2)[]'), ('text', '{2024-01-31,2024-02-30}', 'date[]'), ('text', '["2024-01-31"]', 'date[]'),
('text', '["sad","HAPPY"]', 'mood[]'), ('text', '[5,-5]', 'positive[]'), ('text', '{1}', 'small[]'), ('text', '[null]', 'present[]'), ('text', '1', 'int[]'), ('integer', '1', 'int[]'),
('text', '(1,2),(3,4);(5,6),(7,8)', 'box[]'), ('text', '{(3,4),(1,2);(7,8),(5,6)}', 'box[]'),
('text', '550e8400-e29b-41d4-a716-446655440000', 'uuid'), ('text', '550E8400E29B41D4A716446655440000', 'uuid'),
('text', '{550e8400-e29b-41d4-a716-446655440000}', 'uuid'), ('text', '{550e8400-e29b-41d4-a716-446655440000', 'uuid'),
('text', '550e-8400-e29b-41d4-a716-446655440000', 'uuid'), ('text', '550e8400-e29b-41d4-a716-44665544000g', 'uuid'), ('text', '550e8400', 'uuid'),
('blob', '0123456789abcdef', 'uuid'), ('blob', '0123456789abcde', 'uuid'), ('integer', '1', 'uuid'),
('text', '192.168.1.7/24', 'inet'), ('text', '192.168.1.7/24', 'cidr'), ('text', '300.1.1.1', 'inet'), ('text', 'a=>1', 'inet'),
('text', '1 day 02:03:04.5', 'interval'), ('text', '1 day 02:03:04.5', 'interval(0)'), ('text', '1 day 02:03:04', 'interval(0)'), ('text', 'soon', 'interval'), ('text', '1.02:03:04', 'interval'), ('text', ' -10.00:00:00.5', 'interval(3)'), ('text', '1.5 days 00:10', 'interval'),
('text', '101', 'bit(3)'), ('text', '1010', 'bit(3)'), ('text', '(1,2)', 'point'), ('text', '[1,5)', 'int4range'), ('text', '[5,1)', 'int4range'),
('text', '$.a[*]', 'jsonpath'), ('text', '$.', 'jsonpath'), ('text', 'a & b', 'tsquery'), ('text', 'a &', 'tsquery'), ('text', '(1,x)', 'pair'), ('text', '(y,x)', 'pair'),
('integer', '1234', 'money'), ('text', '1.239', 'money'), ('text', 'abc', '"char"'), ('integer', '7', 'oid'), ('integer', '-9', 'oid'), ('text', '10:11+02', 'timetz'), ('text', 'no_such_table', 'regclass'), ('blob', '1', 'inet');
SELECT n, class, left(payload, 40) AS payload, target, c.verdict, c.value, c.sqlstate
FROM cases, sq2pg.try_convert(class, convert_to(payload, 'UTF8'), target) c ORDER BY n;
-- what is finer than a microsecond, dates in timetz, digits of money: input functions lose them in silence
SELECT payload, target, c.verdict, c.value, c.message
  FROM (VALUES (1, 'text', '01:02:03.1234567', 'interval'), (2, 'text', '01:02:03.1234560', 'interval'), (3, 'real', '0.1234567', 'interval'),
  (4, 'text', '10:11:12.1234567+02', 'timetz'), (5, 'text', '2024-01-31 10:11:12+02', 'timetz'),
  (6, 'text', '["2024-01-31 10:11:12.1234567",)', 'tsrange'), (7, 'text', '{["2024-01-31 10:11:12.1234567Z",)}', 'tstzmultirange'),
  (8, 'text', '$1.239', 'money'), (9, 'text', '-$1,234.50', 'money'), (10, 'text', '', 'money'), (11, 'text', '$0.00', 'money')) AS v (n, class, payload, target),
  sq2pg.try_convert(class, convert_to(payload, 'UTF8'), target) c ORDER BY n;
-- reasons come from whoever refuses
SELECT c.message FROM cases, sq2pg.try_convert(class, convert_to(payload, 'UTF8'), target) c
WHERE payload IN ('-5', '0', '70', '300.1.1.1', '[5,1)', '[[1],[2]]', '{1,x}') ORDER BY n;
-- a refusal leaves the transaction as it was
BEGIN;
CREATE TABLE kept (a int);
SELECT c.verdict FROM sq2pg.try_convert('text', 'x', 'inet') c;
INSERT INTO kept VALUES (1) RETURNING a;
ROLLBACK;
-- labels of this very transaction
BEGIN;
ALTER TYPE mood ADD VALUE 'new';
SELECT c.verdict, c.sqlstate, c.message FROM sq2pg.try_convert('text', 'new', 'mood') c;
ROLLBACK;
-- what is no matter of the value is an error
CREATE FUNCTION forbidden(int) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = 'query_canceled'; END $$;
CREATE FUNCTION refusing(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
CREATE DOMAIN cancelled AS int CHECK (forbidden(VALUE));
CREATE DOMAIN refused AS int CHECK (refusing(VALUE));
SELECT c.verdict, c.sqlstate, c.message FROM sq2pg.try_convert('integer', '1', 'refused') c;
SELECT * FROM sq2pg.try_convert('integer', '1', 'cancelled') c;
\set VERBOSITY terse
DROP SCHEMA value_other CASCADE;
