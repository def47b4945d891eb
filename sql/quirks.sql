-- create mode on what SQLite allows: odd names, generated columns, virtual
-- tables, WITHOUT ROWID, STRICT, definitions that no longer hold
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/quirks.db'
CREATE SCHEMA q;
SELECT table_name, action, loaded, next_id, verified, note
  FROM sq2pg_migrate(:'db', 'q') LEFT JOIN LATERAL regexp_split_to_table(notes, '; ') AS note ON true;
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "not null",
       concat(a.attidentity, a.attgenerated) AS "by", pg_get_expr(d.adbin, d.adrelid) AS "default"
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'q'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C", a.attnum;
SELECT conrelid::regclass AS "table", conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
 WHERE connamespace = 'q'::regnamespace AND contype <> 'n' ORDER BY conrelid::regclass::text COLLATE "C", conname COLLATE "C";
SELECT pg_get_indexdef(indexrelid) AS index FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE relnamespace = 'q'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
 ORDER BY relname COLLATE "C";
SET search_path = q;
SELECT a, b, s, v, n FROM generated ORDER BY a;
INSERT INTO generated (a, b) VALUES (10, 5) RETURNING a, b, s, v, n, d IS NOT NULL AS dated;
SELECT * FROM good_view ORDER BY a;
TABLE doc;
TABLE strict_one;
TABLE "quoted ""name""";
INSERT INTO auto_key (v) VALUES ('new') RETURNING id;
INSERT INTO "Select" ("WHERE") VALUES ('new') RETURNING "From";
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA q CASCADE;
