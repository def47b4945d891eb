-- sq2pg_check lists all problems at once, and what to do about each
\getenv srcdir PG_ABS_SRCDIR
\set keys :srcdir '/test/fixtures/keys.db'
\set quirks :srcdir '/test/fixtures/quirks.db'
\set orphans :srcdir '/test/fixtures/orphans.db'
\set types :srcdir '/test/fixtures/types.db'
\set SHOW_CONTEXT never
\pset format unaligned
CREATE SCHEMA c;
SELECT count(*) AS runs FROM sq2pg.runs \gset
SELECT * FROM sq2pg_check(:'keys', 'c') WHERE code <> 'estimate';
SELECT severity, code, table_name, message FROM sq2pg_check(:'quirks', 'c') WHERE code <> 'estimate' ORDER BY severity, code, table_name, message COLLATE "C";
SELECT severity, code, table_name, column_name, occurrences, sample, message, hint FROM sq2pg_check(:'orphans', 'c') WHERE severity = 'error';
SELECT severity, code, occurrences FROM sq2pg_check(:'orphans', 'c', on_orphan => 'keep') WHERE code LIKE 'orphan%';
SELECT severity, code, table_name, column_name, occurrences, sample, message, hint
  FROM sq2pg_check(:'types', 'c', include => ARRAY['widened'], types => '{"widened.int_big": "integer", "widened.bool_text": "boolean"}')
 WHERE column_name IN ('int_big', 'bool_text', 'ts_tz');
SELECT severity, code, column_name, occurrences
  FROM sq2pg_check(:'types', 'c', include => ARRAY['widened'], types => '{"widened.int_big": "integer"}', on_bad_value => 'repair')
 WHERE column_name = 'int_big';
-- what a run would refuse before it begins is an error here too
SELECT * FROM sq2pg_check(:'keys', 'c', mode => 'nonsense');
SELECT * FROM sq2pg_check(:'keys', 'nowhere');
-- it writes nothing
BEGIN READ ONLY;
SELECT count(*) FROM sq2pg_check(:'orphans', 'c') WHERE severity = 'error';
COMMIT;
SELECT count(*) FROM pg_class WHERE relnamespace = 'c'::regnamespace;
SELECT count(*) - :runs AS runs FROM sq2pg.runs;
-- and it is right: with no errors the run succeeds, with errors it does not
SELECT verified FROM sq2pg_migrate(:'quirks', 'c', dry_run => true) WHERE action = 'total';
\set VERBOSITY terse
SELECT verified FROM sq2pg_migrate(:'orphans', 'c', dry_run => true) WHERE action = 'total';
DROP SCHEMA c;
