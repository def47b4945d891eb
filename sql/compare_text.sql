--
-- When does stored text, bytea, uuid, enum stand for its source?
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

CREATE TYPE compare_mood AS ENUM ('sad', 'ok', 'Über');
CREATE DOMAIN compare_code AS varchar(10) CHECK (VALUE <> 'never');
CREATE DOMAIN compare_price AS numeric(8,2);

INSERT INTO pairs (type, class, payload, stored, equal) VALUES
-- text: the bytes
('text', 'text', 'abc', 'abc', true),
('text', 'text', 'abc', 'ABC', false),
('text', 'text', 'abc', 'abc ', false),
('text', 'text', '', '', true),
('text', 'text', '', NULL, false),
('text', 'null', '', '', false),
('text', 'null', '', NULL, true),
('text', 'text', 'Grüße 漢字 😀', 'Grüße 漢字 😀', true),
-- the same letter composed and decomposed is not the same bytes
('text', 'text', chr(252), 'u' || chr(776), false),
('text', 'integer', '-42', '-42', true),
('text', 'integer', '42', '42.0', false),
('text', 'real', '42', '42.0', true),
('text', 'real', '42', '42', false),
('text', 'real', '-0.0', '-0.0', true),
('text', 'real', '0.1', '0.1', true),
('text', 'real', '1e100', '1e+100', true),
('text', 'real', 'Infinity', 'Infinity', true),
('text', 'blob', '616263', 'abc', true),
-- what no text can stand for: NUL inside, broken UTF-8
('text', 'blob', '610062', 'a', false),
('text', 'blob', '610062', 'ab', false),
('text', 'blob', 'ff', '�', false),
('varchar', 'text', 'abc', 'abc', true),
('varchar(3)', 'text', 'abcd', 'abc', false),
('varchar(5)', 'text', 'ab  ', 'ab  ', true),
('varchar(5)', 'text', 'ab', 'ab  ', false),
-- char(n): without trailing spaces
('char(5)', 'text', 'ab', 'ab', true),
('char(5)', 'text', 'ab  ', 'ab', true),
('char(5)', 'text', ' ab', 'ab', false),
('char(5)', 'text', 'ab' || chr(9), 'ab', false),
('char(2)', 'text', 'abc', 'ab', false),
('char(5)', 'integer', '7', '7', true),
-- bytea
('bytea', 'blob', '00ff10', '\x00ff10', true),
('bytea', 'blob', '00ff10', '\x00ff11', false),
('bytea', 'blob', '', '\x', true),
('bytea', 'blob', '', NULL, false),
('bytea', 'text', 'é', '\xc3a9', true),
('bytea', 'integer', '15', '\x3135', true),
('bytea', 'real', '15', '\x31352e30', true),
-- uuid
('uuid', 'text', '01234567-89ab-cdef-0123-456789abcdef', '01234567-89ab-cdef-0123-456789abcdef', true),
('uuid', 'text', '0123456789ABCDEF0123456789abcdef', '01234567-89ab-cdef-0123-456789abcdef', true),
('uuid', 'text', '{01234567-89AB-CDEF-0123-456789ABCDEF}', '01234567-89ab-cdef-0123-456789abcdef', true),
('uuid', 'blob', '0123456789abcdef0123456789abcdef', '01234567-89ab-cdef-0123-456789abcdef', true),
('uuid', 'blob', '0123456789abcdef0123456789abcdee', '01234567-89ab-cdef-0123-456789abcdef', false),
('uuid', 'blob', '0123456789abcdef0123456789abcd', '01234567-89ab-cdef-0123-456789abcdef', false),
('uuid', 'text', '0123-4567-89ab-cdef-0123-4567-89ab-cdef', '01234567-89ab-cdef-0123-456789abcdef', false),
('uuid', 'text', '{01234567-89ab-cdef-0123-456789abcdef', '01234567-89ab-cdef-0123-456789abcdef', false),
('uuid', 'text', '01234567-89ab-cdef-0123-456789abcdeg', '01234567-89ab-cdef-0123-456789abcdef', false),
('uuid', 'integer', '0', '00000000-0000-0000-0000-000000000000', false),
-- enum: the label itself
('compare_mood', 'text', 'sad', 'sad', true),
('compare_mood', 'text', 'Über', 'Über', true),
('compare_mood', 'text', 'SAD', 'sad', false),
('compare_mood', 'text', 'ok', 'sad', false),
('compare_mood', 'text', 'glad', 'sad', false),
('compare_mood', 'integer', '0', 'sad', false),
('compare_mood', 'null', '', NULL, true),
-- domain: its base type, with the modifier that the domain has
('compare_code', 'text', 'x', 'x', true),
('compare_code', 'integer', '7', '7', true),
('compare_code', 'text', 'x', 'y', false),
('compare_price', 'real', '0.30000000000000004', '0.30', true),
('compare_price', 'real', '0.305', '0.31', false);

-- none of these may be judged otherwise
SELECT id, type, class, payload, stored, equal
FROM pairs WHERE pg_temp.same(pairs) IS DISTINCT FROM equal ORDER BY id;

SELECT type, count(*) FILTER (WHERE equal) AS equal,
	count(*) FILTER (WHERE NOT equal) AS different
FROM pairs GROUP BY type ORDER BY type COLLATE "C";

-- one bit of a long text, which enters as a hash, and its length
CREATE TEMP TABLE long (a text, b text, c text);
INSERT INTO long SELECT t, overlay(t PLACING 'b' FROM 500001 FOR 1), t || 'c'
FROM repeat('c', 1000000) AS t;
SELECT sq2pg.canonical_source('text', convert_to(a, 'UTF8'), 'text') = sq2pg.canonical_target(a) AS same,
	sq2pg.canonical_source('text', convert_to(a, 'UTF8'), 'text') = sq2pg.canonical_target(b) AS one_bit,
	sq2pg.canonical_source('text', convert_to(a, 'UTF8'), 'text') = sq2pg.canonical_target(c) AS longer,
	length(sq2pg.canonical_target(a)) < 100 AS short
FROM long;

-- empty_as_null: not where '' is a value
SELECT type, sq2pg.canonical_source('text', '', type, empty_as_null => true)
	= sq2pg.canonical_target(NULL::text) AS null_form
FROM unnest('{text,varchar(3),char(3),bytea,json,name,integer,numeric,date,uuid,boolean,jsonb,inet,int[],compare_code,compare_mood}'::text[]) AS type;
SELECT sq2pg.canonical_source('text', ' ', 'integer', empty_as_null => true) = sq2pg.canonical_target(NULL::int) AS space,
	sq2pg.canonical_source('blob', '', 'integer', empty_as_null => true) = sq2pg.canonical_target(NULL::int) AS blob;

-- wrong arguments
SELECT sq2pg.canonical_source('varchar', 'x', 'text');
SELECT sq2pg.canonical_source('text', 'x', 'text', 'Mars/Olympus');
SELECT sq2pg.canonical_source('text', 'x', NULL);

DROP DOMAIN compare_code, compare_price;
DROP TYPE compare_mood CASCADE;
