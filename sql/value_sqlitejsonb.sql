-- SQLite's binary JSONB in a BLOB (docs/types.md)
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;
SELECT what, c.verdict, c.value, c.message
FROM (VALUES
	('null', '\x00'), ('true', '\x01'), ('false', '\x02'), ('123', '\x33313233'), ('-5', '\x232d35'),
	('leading zero', '\x33303132'), ('0x1F', '\x4430783146'), ('-0xff', '\x542d30786666'),
	('0xffffffffffffffff', '\xc412307866666666666666666666666666666666'),
	('17 hex digits', '\xc41330783166666666666666666666666666666666'),
	('1.5', '\x35312e35'), ('.5', '\x262e35'), ('5.', '\x26352e'), ('-.5e3', '\x562d2e356533'), ('+5', '\x262b35'),
	('two points', '\x35312e2e'), ('no digits', '\x05'),
	('"abc"', '\x37616263'), ('"a\nb" escaped', '\x48615c6e62'), ('raw quote', '\x3a612262'), ('raw control', '\x1a01'),
	('JSON5 escapes', '\xc90f5c275c7834315c76425c0a43222778'), ('unknown escape', '\xc90f5c275c7834315c76425c0a435c7a78'),
	('quote in plain text', '\x37612262'), ('backslash in plain text', '\x275c6e'), ('quote in escaped text', '\x38612262'),
	('half escape', '\x185c'), ('injected member', '\xa761222c2262223a226122'),
	('[]', '\x0b'), ('[1,2]', '\x4b13311332'), ('[[],[1]]', '\x4b0b2b1331'), ('{}', '\x0c'), ('{"a":1}', '\x4c17611331'),
	('{"a":1,"b":[true]}', '\x8c1761133117621b01'), ('repeated key', '\x8c1761133117611332'),
	('key without value', '\x2c1761'), ('number as key', '\x4c13311332'), ('array as key', '\x2c0b01'),
	('size in 1 byte', '\xc303313233'), ('size in 2 bytes', '\xd30003313233'), ('size in 4 bytes', '\xe300000003313233'),
	('size in 8 bytes', '\xf30000000000000003313233'), ('huge size', '\xf3ffffffffffffffff313233'),
	('size cut off', '\xe30000'), ('too short', '\x4331'), ('too long', '\x13313233'), ('inner too long', '\x2b3331'),
	('reserved type', '\x0d'), ('true with payload', '\x1131'), ('empty', '\x'), ('not UTF-8', '\x17ff')) t(what, hex),
	sq2pg.try_convert('blob', hex::bytea, 'json') c;
-- text in a BLOB
SELECT payload, c.verdict, c.value FROM unnest('{"{\"a\": 1}","[1,2]","12","nope"}'::text[]) payload,
	sq2pg.try_convert('blob', payload::bytea, 'jsonb') c;
-- nesting: each level is an array that holds the next
CREATE FUNCTION pg_temp.nested(depth int) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE result bytea := '\x0b';
BEGIN
	FOR i IN 2 .. depth LOOP
		result := '\xeb'::bytea || int4send(length(result)) || result;
	END LOOP;
	RETURN result;
END $$;
SELECT depth, c.verdict, length(c.value), c.message
FROM unnest('{3,2000,2001,3000}'::int[]) depth, sq2pg.try_convert('blob', pg_temp.nested(depth), 'jsonb') c;
-- no byte string may do worse than be refused
SELECT count(*) AS tried, count(j.value::jsonb) > 20 AS some_are_json, count(*) FILTER (WHERE j.verdict NOT IN ('exact', 'bad')) AS odd
FROM generate_series(1, 20000) i, sq2pg.try_convert('blob', substr(decode(md5('seed' || i), 'hex'), 1, 1 + i % 9), 'json') j;
