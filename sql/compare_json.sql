--
-- When does a stored json or jsonb stand for its source? (docs/types.md)
--
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

INSERT INTO pairs (type, class, payload, stored, equal) VALUES
-- json: the text as it is written
('json', 'text', '{"b": 1, "a":2}', '{"b": 1, "a":2}', true),
('json', 'text', '{"b": 1, "a":2}', '{"b":1,"a":2}', false),
('json', 'text', '1.0', '1', false),
('json', 'integer', '12', '12', true),
('json', 'real', '12', '12.0', true),
('json', 'blob', encode('[1, 2]', 'hex'), '[1, 2]', true),
('json', 'null', '', NULL, true),
('json', 'null', '', 'null', false),
-- SQLite's binary form: {"a":[1,2.5,"x",null,true]}
('json', 'blob', 'cc0d' || '1761' || 'ab' || '1331' || '35322e35' || '1778' || '0001', '{"a":[1,2.5,"x",null,true]}', true),
('json', 'blob', 'bb13311332', '[1,2]', false),
('json', 'blob', '4b13311332', '[1,2]', true),
('json', 'blob', '4b13311333', '[1,2]', false),
('json', 'blob', '4b133113', '[1]', false),
('json', 'blob', '0f', 'null', false),
('json', 'blob', '3a610a5c', '"a\n\\"', true),
-- a blob that is both is what SQLite takes it for: 123, not 3123
('json', 'blob', '33313233', '123', true),
('json', 'blob', '33313233', '3123', false),
('jsonb', 'blob', '33313233', '123', true),
('jsonb', 'blob', '33313233', '3123', false),
-- jsonb: order of keys, white space, escapes, spelling of numbers
('jsonb', 'text', '{"b": 1, "a":2}', '{"a":2,"b":1}', true),
('jsonb', 'text', '{"bb":{"z":1,"y":[{},[]]},"a":null}', '{"a":null,"bb":{"y":[{},[]],"z":1}}', true),
('jsonb', 'text', '{"b":1,"a":2}', '{"a":1,"b":2}', false),
('jsonb', 'text', '[1,2]', '[2,1]', false),
('jsonb', 'text', '[1,2]', '[1,2,2]', false),
('jsonb', 'text', '[[1],2]', '[[1,2]]', false),
('jsonb', 'text', '[]', '{}', false),
('jsonb', 'text', '{"a":{}}', '{"a":[]}', false),
('jsonb', 'text', '1', '[1]', false),
('jsonb', 'text', ' 1.50e1 ', '15', true),
('jsonb', 'text', '9007199254740993', '9007199254740993', true),
('jsonb', 'text', '9007199254740993', '9007199254740992', false),
('jsonb', 'text', '-0', '0', true),
('jsonb', 'text', '1e400', '1e400', true),
('jsonb', 'text', '"1"', '1', false),
('jsonb', 'text', '"true"', 'true', false),
('jsonb', 'text', 'null', 'null', true),
('jsonb', 'text', 'null', NULL, false),
('jsonb', 'text', 'false', 'false', true),
('jsonb', 'text', '"\u0041\/\n\"\\"', '"A/\n\"\\"', true),
('jsonb', 'text', '"\ud83d\ude00"', '"😀"', true),
('jsonb', 'text', '"\u00e9"', '"é"', true),
('jsonb', 'text', '"\u00e9"', '"e"', false),
('jsonb', 'text', '{"\u0061":1}', '{"a":1}', true),
-- what jsonb cannot stand for
('jsonb', 'text', '{"a":1,"a":2}', '{"a":2}', false),
('jsonb', 'text', '{"a":1,"\u0061":1}', '{"a":1}', false),
('jsonb', 'text', '{"x":{"a":1,"b":0,"a":1}}', '{"x":{"a":1,"b":0}}', false),
('jsonb', 'text', '"a\u0000"', '"a"', false),
('jsonb', 'text', '"\ud83d"', '"�"', false),
('jsonb', 'text', '"\ud83dx"', '"x"', false),
('jsonb', 'text', '"\ude00\ud83d"', '"😀"', false),
-- not JSON
('jsonb', 'text', '{a:1}', '{"a":1}', false),
('jsonb', 'text', '[1,]', '[1]', false),
('jsonb', 'text', '{"a":1,}', '{"a":1}', false),
('jsonb', 'text', '[1]]', '[1]', false),
('jsonb', 'text', '[1', '[1]', false),
('jsonb', 'text', '{"a"}', '{}', false),
('jsonb', 'text', '[1}', '[1]', false),
('jsonb', 'text', '01', '1', false),
('jsonb', 'text', '+1', '1', false),
('jsonb', 'text', '1.', '1', false),
('jsonb', 'text', '.5', '0.5', false),
('jsonb', 'text', 'NaN', '"NaN"', false),
('jsonb', 'text', 'nul', 'null', false),
('jsonb', 'text', 'nulll', 'null', false),
('jsonb', 'text', '"' || chr(10) || '"', '"\n"', false),
('jsonb', 'text', '"\x41"', '"A"', false),
('jsonb', 'text', '', '""', false),
('jsonb', 'text', '1 2', '1', false),
-- other classes
('jsonb', 'integer', '12', '12', true),
('jsonb', 'integer', '12', '"12"', false),
('jsonb', 'real', '12.5', '12.50', true),
('jsonb', 'real', '1e300', '1e300', true),
('jsonb', 'real', 'Infinity', '"Infinity"', false),
('jsonb', 'blob', encode('{"a":1, "b":"x"}', 'hex'), '{"b":"x","a":1}', true),
('jsonb', 'blob', 'ff', '"ff"', false),
('jsonb', 'blob', '', 'null', false),
-- the binary form: null, true, false, whole numbers, hexadecimal, floats
('jsonb', 'blob', '00', 'null', true),
('jsonb', 'blob', '01', 'true', true),
('jsonb', 'blob', '02', 'false', true),
('jsonb', 'blob', '33' || encode('-12', 'hex'), '-12', true),
('jsonb', 'blob', '44' || encode('0x1F', 'hex'), '31', true),
('jsonb', 'blob', '26' || encode('.5', 'hex'), '0.5', true),
('jsonb', 'blob', '26' || encode('5.', 'hex'), '5', true),
('jsonb', 'blob', '36' || encode('-.5', 'hex'), '-0.5', true),
('jsonb', 'blob', '55' || encode('1.5e3', 'hex'), '1500', true),
-- its four kinds of strings
('jsonb', 'blob', '37' || encode('abc', 'hex'), '"abc"', true),
('jsonb', 'blob', '37' || encode('a"c', 'hex'), '"a\"c"', false),
('jsonb', 'blob', '28' || '5c6e', '"\n"', true),
('jsonb', 'blob', '49' || '5c783431', '"A"', true),
('jsonb', 'blob', '29' || '5c76', '"\u000b"', true),
('jsonb', 'blob', '3a' || encode('a"b', 'hex'), '"a\"b"', true),
('jsonb', 'blob', '3a' || '610a5c', '"a\n\\"', true),
-- an object with longer sizes, an odd one, a key that is no string
('jsonb', 'blob', 'cc07' || '1761' || 'c70162' || '1000', '{"a":"b"}', false),
('jsonb', 'blob', 'cc05' || '1761' || 'c70162', '{"a":"b"}', true),
('jsonb', 'blob', 'dc0005' || '1761' || 'c70162', '{"a":"b"}', true),
('jsonb', 'blob', 'fc0000000000000005' || '1761' || 'c70162', '{"a":"b"}', true),
('jsonb', 'blob', 'fcffffffffffffffff' || '1761' || 'c70162', '{"a":"b"}', false),
('jsonb', 'blob', '2c' || '1761', '{}', false),
('jsonb', 'blob', '4c' || '1331' || '1332', '{"1":2}', false);

-- none of these may be judged otherwise
SELECT id, type, class, payload, stored, equal
FROM pairs WHERE pg_temp.same(pairs) IS DISTINCT FROM equal ORDER BY id;

SELECT type, count(*) FILTER (WHERE equal) AS equal,
	count(*) FILTER (WHERE NOT equal) AS different
FROM pairs GROUP BY type ORDER BY type COLLATE "C";

-- large documents: the order of keys does not matter, one character does
CREATE TEMP TABLE documents AS
SELECT jsonb_object_agg('key' || i, jsonb_build_object('n', i, 'text', repeat('x', 200), 'list', '[1, 2]'::jsonb)) AS document,
	'{' || string_agg(format('"key%s": {"text": "%s", "list": [1,2.0], "n": %s}', i, repeat('x', 200), i), ', ' ORDER BY i DESC) || '}' AS source
FROM generate_series(1, 3000) AS i;
SELECT sq2pg.canonical_target(document) = sq2pg.canonical_source('text', convert_to(source, 'UTF8'), 'jsonb') AS same,
	sq2pg.canonical_target(document) = sq2pg.canonical_source('text', convert_to(replace(source, '"n": 1500', '"n": 1501'), 'UTF8'), 'jsonb') AS other
FROM documents;

-- hostile depth is an answer, not an error
SELECT length(sq2pg.canonical_source('text', convert_to(repeat('[', 2000000), 'UTF8'), 'jsonb')) > 0 AS open,
	length(sq2pg.canonical_source('text', convert_to(repeat('{"b":0,"a":', 100000) || '0' || repeat('}', 100000), 'UTF8'), 'jsonb')) > 0 AS unsorted,
	length(sq2pg.canonical_source('blob', decode(repeat('fb0000000000ffffff', 1000), 'hex'), 'jsonb')) > 0 AS binary;
