--
-- What other tools lose or alter without saying so, one table each
--
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/defects.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA defects;
SET search_path = defects, public;
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db') ORDER BY table_name;

-- text is not cut at a NUL: the column keeps the bytes
SELECT pg_typeof(t), t FROM text_with_nul;
-- Unix seconds and milliseconds are instants, not the year 2000 or 1700000000
SELECT id, pg_typeof(at), to_char(at, 'YYYY-MM-DD HH24:MI:SS.MS') AS at FROM unix_seconds ORDER BY id;
-- 2^53 + 1 and more, in DECIMAL
SELECT id, d FROM big_decimal ORDER BY id;
-- a REAL in an INTEGER column is not rounded
SELECT id, pg_typeof(n), n FROM real_in_integer ORDER BY id;
-- an offset is not dropped
SELECT pg_typeof(at), at = '2024-06-01 06:30:00+00' AS same_instant FROM with_offset;
-- invalid UTF-8 is not stored as text
SELECT pg_typeof(t), t FROM invalid_utf8;
-- any declared type works, and none is executed
SELECT pg_typeof(s), s FROM unknown_type;
SELECT pg_typeof(s), s FROM injected_type;
-- NaN in NUMERIC, quotes in names
SELECT id, n FROM nan_in_numeric ORDER BY id;
SELECT * FROM "quo""ted 'name'";
-- five billion is not 2147483647, 'abc' is not 0
SELECT n FROM five_billion;
SELECT pg_typeof(n), n FROM word_in_integer;
-- text in a BLOB column is not base64
SELECT id, b FROM text_in_blob ORDER BY id;
-- REAL keeps its eight bytes
SELECT id, r FROM eight_bytes ORDER BY id;
-- no digit is cut, no text
SELECT pg_typeof(n), n FROM cut_digits;
SELECT t FROM long_text;
-- an id that was used and deleted does not come back; NOT NULL and DEFAULT are there
INSERT INTO used_ids (t) VALUES ('c') RETURNING id;
INSERT INTO used_ids (t) VALUES (NULL);
INSERT INTO "bracket ed" ("a b") VALUES (DEFAULT) RETURNING *;
INSERT INTO "bracket ed" ("c") VALUES ('x');
INSERT INTO "bracket ed" ("c") VALUES ('');
-- generated columns, partial indexes and indexes on expressions
SELECT * FROM partly_indexed;
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'partly_indexed'::regclass ORDER BY 1;

-- a rehearsal is one
CREATE SCHEMA rehearsed;
SELECT action, loaded, verified FROM sq2pg_migrate(:'db', 'rehearsed', dry_run => true) WHERE action = 'total';
SELECT count(*) FROM pg_class WHERE relnamespace = 'rehearsed'::regnamespace;

DROP SCHEMA defects, rehearsed CASCADE;
