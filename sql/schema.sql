-- what SQLite says of columns, keys, checks and indexes, read back from the catalog
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/schema.db'
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA s;
SELECT count(*), bool_and(verified) FROM sq2pg_migrate(:'db', 's');
SET search_path = s;
-- columns
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
       CASE WHEN a.attnotnull THEN 'not null' END, CASE WHEN a.attgenerated = 's' THEN 'stored' WHEN a.attidentity = 'd' THEN 'identity' END,
       pg_get_expr(d.adbin, d.adrelid)
  FROM pg_attribute AS a
  JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 's'::regnamespace
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attnum > 0 AND c.relname <> 'child'
 ORDER BY c.relname COLLATE "C", a.attnum;
-- primary keys, uniques, checks
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 's'::regnamespace AND contype IN ('p', 'u', 'c')
 ORDER BY conrelid::regclass::text COLLATE "C", contype, conname COLLATE "C";
-- foreign keys
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 's'::regnamespace AND contype = 'f' ORDER BY conname COLLATE "C";
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE c.relnamespace = 's'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u'))
 ORDER BY c.relname COLLATE "C";
-- what is left out stands on the tables
SELECT relname, obj_description(oid) FROM pg_class
 WHERE relnamespace = 's'::regnamespace AND obj_description(oid, 'pg_class') IS NOT NULL ORDER BY relname COLLATE "C";
-- uniqueness is SQLite's
\set VERBOSITY sqlstate
INSERT INTO nocase_key VALUES ('ANN');
INSERT INTO nocase_key VALUES ('änn'), ('Änn');
INSERT INTO uniques (email) VALUES ('ann@EXAMPLE.com');
INSERT INTO uniques (padded) VALUES ('x  ');
INSERT INTO without_rowid VALUES ('A', 1);
INSERT INTO without_rowid VALUES ('A', 2);
INSERT INTO null_key VALUES (NULL, 1);
INSERT INTO null_key VALUES ('a', 1);
INSERT INTO defaults DEFAULT VALUES RETURNING id, number, real_number, string, double_quoted, yes, zero, null_text, blob, length(random_key);
DROP SCHEMA s CASCADE;
