-- settings of the session change nothing of what is migrated
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/types.db'
\set keys :srcdir '/test/fixtures/data_keys.db'
\set quirks :srcdir '/test/fixtures/quirks.db'
SET client_min_messages = warning;
CREATE SCHEMA plain;
CREATE SCHEMA odd;
SELECT loaded, verified FROM sq2pg_migrate(:'db', 'plain') WHERE action = 'total';
SELECT loaded, verified FROM sq2pg_migrate(:'quirks', 'plain') WHERE action = 'total';
BEGIN;
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL IntervalStyle = iso_8601;
SET LOCAL TimeZone = 'Asia/Kathmandu';
SET LOCAL extra_float_digits = -15;
SET LOCAL bytea_output = escape;
SET LOCAL xmlbinary = hex;
SET LOCAL standard_conforming_strings = off;
SET LOCAL escape_string_warning = off;
SET LOCAL quote_all_identifiers = on;
SET LOCAL array_nulls = off;
SET LOCAL transform_null_equals = on;
SET LOCAL row_security = off;
SET LOCAL default_transaction_deferrable = on;
SET LOCAL check_function_bodies = off;
SET LOCAL enable_nestloop = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
SET LOCAL from_collapse_limit = 1;
SET LOCAL join_collapse_limit = 1;
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL jit_above_cost = 0;
SET LOCAL work_mem = 64;
SET LOCAL maintenance_work_mem = 1024;
SET LOCAL default_statistics_target = 1;
SET LOCAL synchronous_commit = off;
SET LOCAL constraint_exclusion = on;
SET LOCAL plpgsql.variable_conflict = use_column;
SET LOCAL plpgsql.extra_errors = 'all';
SET LOCAL plpgsql.extra_warnings = 'all';
SET LOCAL search_path = odd;
SELECT loaded, verified FROM sq2pg_migrate(:'db') WHERE action = 'total';
SELECT loaded, verified FROM sq2pg_migrate(:'quirks') WHERE action = 'total';
SELECT count(*) > 50 AS printed FROM sq2pg_plan(:'db', rename => '{"kept": "k", "widened": "w", "dynamic": "d", "root": "r", "mid": "m", "leaf": "l", "hostile": "h"}');
SELECT count(*) FROM sq2pg_reset_sequences();
-- they are as they were
SHOW DateStyle;
SHOW TimeZone;
SHOW search_path;
SHOW extra_float_digits;
SHOW row_security;
SHOW plpgsql.extra_errors;
COMMIT;
-- objects that stand in the way of names
CREATE SCHEMA evil;
CREATE FUNCTION evil.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'evil' $$;
CREATE TABLE evil.pg_class (oid oid, relname name);
CREATE TYPE evil.bigint AS (a int);
CREATE DOMAIN evil.text AS pg_catalog.text CHECK (VALUE <> 'z');
SET search_path = evil, pg_catalog;
CREATE TEMP TABLE pg_attribute (a int);
SELECT loaded, verified FROM sq2pg_migrate(:'db', 'evil', include => ARRAY['kept']) WHERE action = 'total';
RESET search_path;
DROP TABLE pg_temp.pg_attribute;

SELECT a.relname, a.attname, a.type, b.type AS odd
  FROM (SELECT c.relname, attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
         WHERE relnamespace = 'plain'::regnamespace AND relkind = 'r' AND attnum > 0) AS a
  FULL JOIN (SELECT c.relname, attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
         WHERE relnamespace = 'odd'::regnamespace AND relkind = 'r' AND attnum > 0) AS b USING (relname, attname)
 WHERE a.type IS DISTINCT FROM b.type;
SELECT replace(pg_get_expr(d.adbin, d.adrelid), 'plain.', '') AS "default" FROM pg_attrdef AS d JOIN pg_class AS c ON c.oid = d.adrelid WHERE relnamespace = 'plain'::regnamespace
EXCEPT
SELECT replace(pg_get_expr(d.adbin, d.adrelid), 'odd.', '') FROM pg_attrdef AS d JOIN pg_class AS c ON c.oid = d.adrelid WHERE relnamespace = 'odd'::regnamespace;
SELECT format('SELECT x AS %1$I FROM (SELECT t::text FROM plain.%1$I AS t EXCEPT ALL SELECT t::text FROM odd.%1$I AS t) AS x', relname)
  FROM pg_class WHERE relnamespace = 'plain'::regnamespace AND relkind = 'r' AND relname IN ('kept', 'widened', 'dynamic', 'generated', 'doc')
 ORDER BY relname COLLATE "C"
\gexec
-- code of others does not see how we plan
CREATE SCHEMA seen;
CREATE TABLE seen.mode (mode text);
CREATE FUNCTION seen.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen.mode VALUES (current_setting('plan_cache_mode')); END $$;
CREATE EVENT TRIGGER regress_sqm_note ON ddl_command_end EXECUTE FUNCTION seen.note();
SET plan_cache_mode = force_custom_plan;
SELECT loaded, verified
  FROM sq2pg_migrate(:'keys', 'seen', include => '{word,use}', on_orphan => 'reject', types => '{"word.word": "text USING current_setting(''plan_cache_mode'')"}')
 WHERE action = 'total';
DROP EVENT TRIGGER regress_sqm_note;
SELECT mode, count(*) > 10 AS often FROM seen.mode GROUP BY mode;
TABLE seen.word;
SHOW plan_cache_mode;
RESET plan_cache_mode;
DROP SCHEMA plain, odd, evil, seen CASCADE;
