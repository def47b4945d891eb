-- what becomes of a value in a character type or bytea (docs/types.md)
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
CREATE TEMP TABLE cases (n int GENERATED ALWAYS AS IDENTITY, class text, payload bytea, target text);
INSERT INTO cases (class, payload, target) VALUES
('text', 'abc', 'text'), ('text', '', 'text'), ('integer', '-42', 'text'),
('integer', '-9223372036854775808', 'text'), ('real', '1', 'text'), ('real', '-0.0', 'text'),
('real', '0.1', 'text'), ('real', '0.30000000000000004', 'text'), ('real', '1e20', 'text'),
('real', '123456789012345680', 'text'), ('real', '5e-324', 'text'), ('real', 'inf', 'text'),
('real', '-inf', 'text'), ('real', 'nan', 'text'),
('text', '\x68c3a96c6c6f', 'text'), ('blob', '\x68c3a96c6c6f', 'text'), ('blob', '', 'text'),
('text', '\x610062', 'text'), ('text', '\x00', 'text'), ('text', '\x61ff62', 'text'),
('text', '\xeda080', 'text'), ('text', '\xc0af', 'text'), ('text', '\xe282', 'text'),
('text', '\xe28261', 'text'), ('text', '\xf0908d', 'text'), ('text', '\xf09f9880', 'text'),
('text', '\xf4908080', 'text'), ('text', '\x80', 'text'), ('blob', '\xfffe00', 'text'),
('text', 'abcdefgh\000ijklmnopq', 'text'),
('text', 'abc', 'varchar(3)'), ('text', 'abcd', 'varchar(3)'), ('text', 'abc  ', 'varchar(3)'),
('text', '\xc3a9c3a9c3a9', 'varchar(3)'), ('text', '\xc3a9c3a9c3a9c3a9', 'varchar(3)'),
('text', '\xff616263', 'varchar(3)'), ('integer', '1234', 'varchar(3)'), ('real', '1', 'varchar'),
('text', 'ab', 'char(3)'), ('text', 'ab     ', 'char(3)'), ('text', 'abcd', 'char(3)'),
('text', '\xc3a9', 'char(3)'), ('text', '   ', 'char(3)'), ('integer', '12', 'char(3)'), ('text', '', 'bpchar'),
('text', 'abc', 'name'),
('text', 'a', '"char"'), ('text', 'abc', 'bytea'), ('text', '\xff00', 'bytea'), ('blob', '\x00ff', 'bytea'),
('blob', '', 'bytea'), ('integer', '42', 'bytea'), ('real', '1', 'bytea'),
-- text that is no text anywhere else
('text', '\xff', 'inet'), ('text', '\x3100', 'integer'), ('text', '\x3130002e302e302e31', 'inet');
SELECT n, class, encode(payload, 'escape') AS payload, target, c.verdict, c.value, c.sqlstate
FROM cases, sq2pg.try_convert(class, payload, target) c ORDER BY n;
-- bytes, not only looks
SELECT c.verdict, convert_to(c.value, 'UTF8') FROM sq2pg.try_convert('text', '\x6100ff62e282', 'text') c;
SELECT c.verdict, length(c.value), c.message FROM sq2pg.try_convert('text', convert_to(repeat('x', 64), 'UTF8'), 'name') c;
-- long values have the long header
SELECT n, c.verdict, length(c.value), md5(c.value) = md5(repeat('x', n)) AS same
FROM generate_series(124, 130) n, sq2pg.try_convert('text', convert_to(repeat('x', n), 'UTF8'), 'text') c;
-- NULL and empty text
SELECT c.verdict, c.value IS NULL AS isnull FROM sq2pg.try_convert('null', '', 'integer') c;
SELECT target, c.verdict, c.value IS NULL AS isnull
FROM unnest('{integer,boolean,timestamp,jsonb,json,uuid,int[],inet,text,varchar(3),char(3),bytea,name}'::text[]) target,
	sq2pg.try_convert('text', '', target, empty_as_null => true) c;
-- the door itself
SELECT * FROM sq2pg.try_convert('word', '', 'text');
SELECT * FROM sq2pg.try_convert('integer', 'x', 'text');
SELECT * FROM sq2pg.try_convert('integer', '9223372036854775808', 'text');
SELECT * FROM sq2pg.try_convert('text', '', 'no_such_type');
SELECT * FROM sq2pg.try_convert('text', '', 'text', 'Nowhere/Here');
