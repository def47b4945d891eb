-- what becomes of a value in json and jsonb (docs/types.md)
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;
CREATE TEMP TABLE texts (n int GENERATED ALWAYS AS IDENTITY, payload text);
INSERT INTO texts (payload) VALUES
('{}'), ('[]'), (' { "b" : [ 1 , 2.50 , -0 , 1e2 , 1E-2 ] , "a" : { } } '), ('null'), ('true'), ('"x"'), ('12'),
('"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t"'), ('"\u0000"'), ('"\ud83d"'), ('"\ude00"'), ('"\ud83dx"'), ('"\ud83d\u0041"'),
('{"\u0000":1}'), ('"\u00g0"'), ('"\x"'), ('"\u12"'), ('"abc'), (E'"a\tb"'), (E'[1,\n\t2]\r'),
('{"a":1,"a":2}'), ('{"a":1,"\u0061":2}'), ('[{"a":1},{"a":{"b":1,"c":2,"b":3}}]'), ('{"a":{"a":1}}'),
('{"aa":1,"b":2,"A":3}'), ('01'), ('1.'), ('.5'), ('+1'), ('-'), ('1e'), ('1e400'), ('1e200000'), ('[1e-20000]'),
('123456789012345678901234567890.0100'), ('0x10'), ('NaN'), ('Infinity'), ('-Infinity'), ('nul'), ('nulll'), ('True'),
(''), (' '), ('{'), ('['), ('[1'), ('[1,'), ('[1,]'), ('[,1]'), ('[1 2]'), ('{"a"}'), ('{"a":}'), ('{"a":1,}'),
('{a:1}'), ('{''a'':1}'), ('{"a":1]'), ('[1}'), ('1 2'), ('{} {}'), ('[1] // c'), (']'), ('}'), ('{1:2}');
SELECT payload, j.verdict AS json, j.sqlstate, b.verdict AS jsonb, b.value, b.sqlstate
FROM texts, sq2pg.try_convert('text', convert_to(payload, 'UTF8'), 'json') j,
	sq2pg.try_convert('text', convert_to(payload, 'UTF8'), 'jsonb') b ORDER BY n;
-- what is kept is what was written
SELECT count(*) FROM texts, sq2pg.try_convert('text', convert_to(payload, 'UTF8'), 'json') j WHERE j.value <> payload;
-- every jsonb is what PostgreSQL itself reads
SELECT payload FROM texts, sq2pg.try_convert('text', convert_to(payload, 'UTF8'), 'jsonb') b
WHERE b.value IS DISTINCT FROM CASE WHEN b.verdict <> 'bad' THEN payload::jsonb::text END;
SELECT c.verdict, c.value::jsonb = d.d AS same
FROM (SELECT jsonb_object_agg('key' || i, jsonb_build_array(i, i / 7.0, 'text ' || i, null, i % 2 = 0, jsonb_build_object('i', i)))
	FROM generate_series(1, 500) i) d(d), sq2pg.try_convert('text', convert_to(d.d::text, 'UTF8'), 'jsonb') c;
-- nesting
SELECT depth, b.verdict AS jsonb, j.verdict AS json, j.message, b.value::jsonb::text = repeat('[', depth) || repeat(']', depth) AS same
FROM (VALUES (1), (2000), (2001), (100000)) d(depth),
	sq2pg.try_convert('text', convert_to(repeat('[', depth) || repeat(']', depth), 'UTF8'), 'json') j,
	sq2pg.try_convert('text', convert_to(repeat('[', depth) || repeat(']', depth), 'UTF8'), 'jsonb') b;
SELECT c.verdict, c.message FROM sq2pg.try_convert('text', convert_to(repeat('[', 100000), 'UTF8'), 'jsonb') c;
SELECT c.verdict, c.message FROM sq2pg.try_convert('text', convert_to(repeat('{"a":', 100000), 'UTF8'), 'jsonb') c;
-- not text, and not UTF-8
SELECT class, payload, c.verdict, c.value, c.sqlstate
FROM (VALUES ('integer', '42'), ('real', '1.5'), ('real', '1e20'), ('real', 'inf'), ('real', 'nan'), ('null', '')) t(class, payload),
	sq2pg.try_convert(class, payload::bytea, 'jsonb') c;
SELECT target, c.verdict, c.sqlstate FROM unnest('{json,jsonb}'::text[]) target,
	unnest(ARRAY['\x22ff22', '\x220022', '\x22eda08022']::bytea[]) payload, sq2pg.try_convert('text', payload, target) c;
