-- the converter and the verifier, written apart, judge alike where it is
-- easy not to (docs/types.md)
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;
CREATE TEMP TABLE cases (n int GENERATED ALWAYS AS IDENTITY, class text, payload bytea, target text, zone text DEFAULT 'UTC');
INSERT INTO cases (class, payload, target) VALUES
-- an integer is a double if it is exactly that
('integer', '4611686018427387904', 'double precision'), ('integer', '9007199254740993', 'double precision'),
('integer', '9223372036854775807', 'double precision'), ('integer', '-9223372036854775808', 'double precision'),
-- a decimal is a double if that prints as it, or has its very value
('text', '4611686018427387904', 'double precision'), ('text', '4611686018427387905', 'double precision'),
('text', '123456789012345680', 'double precision'), ('text', '123456789012345678', 'double precision'),
('text', '1e22', 'double precision'), ('text', '5e22', 'double precision'),
('text', '49999999999999995805696', 'double precision'),
('text', '0.1000000000000000055511151231257827021181583404541015625', 'double precision'),
('text', '0.1000000000000000055511151231257827021181583404541015624', 'double precision'),
('text', '-0.1000000000000000055511151231257827021181583404541015625e3', 'double precision'),
('text', '18014398509481984.0', 'double precision'), ('text', '5e-324', 'double precision'),
-- the same for real, which is rounded once
('real', '0.1', 'real'), ('real', '0.30000000000000004', 'real'), ('real', '16777217', 'real'),
('real', '0.10000000149011612', 'real'), ('integer', '16777217', 'real'), ('integer', '100000000000', 'real'),
('text', '0.1', 'real'), ('text', '0.100000001490116119384765625', 'real'), ('text', '0.10000000149', 'real'),
('text', '3.4028235e38', 'real'), ('text', '1e11', 'real'), ('text', '1e-45', 'real'),
-- types that read any text as far as it is a number
('text', '12', 'xid'), ('text', '0x10', 'xid'),
('text', 'abc', 'oid'), ('text', '-9', 'oid'), ('text', '1.239', 'money'), ('text', '1.23', 'money'),
-- arrays
('text', '[1:1][2:3]={{1,2}}', 'integer[]'), ('text', '[1+1][2:3]={{1,2}}', 'integer[]'),
('text', '[+0:1]={1,2}', 'integer[]'), ('text', '[0]={1}', 'integer[]'), ('text', '[1]', 'integer[]'),
('text', '1 5', 'int2vector'), ('text', '[1,5]', 'int2vector'),
-- SQLite's binary JSON as SQLite writes it: a line feed, 17 hexadecimal digits
('blob', '\x3a610a62', 'json'), ('blob', '\x3a610a62', 'jsonb'), ('blob', '\x2a011f', 'json'),
('blob', '\xc412307866666666666666666666666666666666', 'json'),
('blob', '\xc41330786666666666666666666666666666666666', 'json'), ('blob', '\x33313233', 'jsonb'),
-- Unix time is rounded half up, Julian days end before the year 10000
('real', '1700000000.0000005', 'timestamp'), ('real', '-1700000000.5', 'timestamp(0)'),
('real', '1721425.5', 'timestamp'), ('real', '1721425.4999', 'timestamp'),
('real', '5373484.4999', 'timestamp'), ('real', '5373484.5', 'timestamp');
INSERT INTO cases (class, payload, target, zone) VALUES
-- clocks put back: the later of two; and put forward: none
('text', '2024-11-03 01:30', 'timestamptz', 'America/New_York'),
('text', '2024-10-27 01:30', 'timestamptz', 'Europe/Dublin'),
('text', '2014-10-26 01:30', 'timestamptz', 'Europe/Moscow'),
('text', '2024-03-10 02:30', 'timestamptz', 'America/New_York');

-- exact for the one is equal for the other
CREATE FUNCTION pg_temp.stored(value text, target text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	form bytea;
BEGIN
	EXECUTE format('SELECT sq2pg.canonical_target(%L::%s)', value, target) INTO form;
	RETURN form;
END $$;
SELECT n, class, target, t.verdict, t.value,
	pg_temp.stored(t.value, target) = sq2pg.canonical_source(class, payload, target, zone) AS equal
FROM cases, sq2pg.try_convert(class, payload, target, zone) t ORDER BY n;

-- an empty document is no document, or NULL
SELECT type, empty_as_null, t.verdict, t.value IS NULL AS is_null,
	sq2pg.canonical_source('text', '', type, 'UTC', empty_as_null) = sq2pg.canonical_target(NULL::json) AS equal
FROM unnest(ARRAY['json', 'jsonb']) type, unnest(ARRAY[false, true]) empty_as_null,
	sq2pg.try_convert('text', '', type, 'UTC', empty_as_null) t ORDER BY type, empty_as_null;

-- text that is no number: refused since 16, read as far as it goes before; never exact
SELECT c.payload, c.target, t.verdict IN ('changed', 'bad') AS not_exact
  FROM (VALUES ('abc', 'xid'), ('12abc', 'xid8'), ('', 'cid')) AS c(payload, target),
       sq2pg.try_convert('text', convert_to(c.payload, 'UTF8'), c.target) AS t;
