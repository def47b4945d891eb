-- names and texts that would be commands, if anything pasted them
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/hostile.db'
\pset format unaligned
SET client_min_messages = warning;
CREATE SCHEMA x;
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', 'x');
SELECT relname, relkind FROM pg_class WHERE relnamespace = 'x'::regnamespace ORDER BY relname COLLATE "C";
SELECT attrelid::regclass, attname, pg_get_expr(adbin, adrelid) AS "default"
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE relnamespace = 'x'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 ORDER BY attrelid::regclass::text COLLATE "C", attnum;
SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE relnamespace = 'x'::regnamespace ORDER BY relname COLLATE "C";
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'x'::regnamespace AND contype <> 'n' ORDER BY conname COLLATE "C";
SELECT * FROM x."v""; --";
TABLE x."100%s %I %1$L";
TABLE x.runs;
-- by hand
CREATE SCHEMA y;
\set ECHO none
SELECT statement FROM sq2pg_plan(:'db', 'y') ORDER BY step
\gexec
\set ECHO all
SELECT relname FROM pg_class WHERE relnamespace = 'x'::regnamespace EXCEPT
SELECT relname FROM pg_class WHERE relnamespace = 'y'::regnamespace;
SELECT count(*) FROM y.sq2pg_plan_source;
-- as foreign tables
SELECT * FROM sq2pg_attach(:'db', 'z"; DROP SCHEMA x; --');
SELECT * FROM "z""; DROP SCHEMA x; --"."v""; --";
TABLE "z""; DROP SCHEMA x; --"."100%s %I %1$L";
EXPLAIN (COSTS OFF) TABLE "z""; DROP SCHEMA x; --"."100%s %I %1$L";
SELECT sq2pg_detach('z"; DROP SCHEMA x; --');
-- and in parameters
\set SHOW_CONTEXT never
SELECT * FROM sq2pg_migrate(:'db', 'x"; DROP SCHEMA y; --');
SELECT * FROM sq2pg_migrate(:'db', 'y', include => ARRAY['runs'], rename => '{"runs": "r", "runs.a": "a\"); DROP SCHEMA y; --"}', owner => 'x"; DROP SCHEMA y; --');
SELECT loaded FROM sq2pg_migrate(:'db', 'y', include => ARRAY['runs'], rename => '{"runs": "r", "runs.a": "a\"); DROP SCHEMA y; --"}') WHERE action = 'total';
TABLE y.r;
-- the frame of a trigger, which people paste: nothing of the text ends its comment or its string
SELECT sq2pg.trigger_skeleton(E'CREATE TRIGGER u AFTER UPDATE ON r WHEN 1\r\nBEGIN SELECT ''$trigger$trigger$; DROP SCHEMA x; --'', ''\rDROP SCHEMA x;\r''; END',
                              'y', 'r', 'u') AS skeleton \gset
\echo :skeleton
:skeleton
UPDATE y.r SET "current_user" = 'c';
DROP SCHEMA x, y CASCADE;
