--
-- on_bad_value, sq2pg.rejects, sq2pg_retry, and types with USING
--
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/misfits.db'
\set wanted '{"visit.code": "varchar(3)", "visit.at": "timestamp", "visit.n": "integer"}'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA policies;
SET search_path = policies, public;

-- without a wish the types follow the data
SELECT table_name, loaded, changed, rejected, verified FROM sq2pg_migrate(:'db');
DROP TABLE visit, seen;

-- error: one, with all columns; nothing is there after it
SELECT * FROM sq2pg_migrate(:'db', types => :'wanted');
SELECT count(*) FROM pg_class WHERE relnamespace = 'policies'::regnamespace;
-- as foretold
SELECT severity, code, table_name, column_name, occurrences
  FROM sq2pg_check(:'db', types => :'wanted') WHERE code = 'bad_value' ORDER BY column_name;

-- null: where the column is NOT NULL, the row is left out, and here its child has no parent then
SELECT * FROM sq2pg_migrate(:'db', types => :'wanted', on_bad_value => 'null');
SELECT table_name, source_rows, loaded, skipped, rejected, changed, verified
  FROM sq2pg_migrate(:'db', types => :'wanted', on_bad_value => 'null', on_orphan => 'reject');
SELECT * FROM visit ORDER BY id;
SELECT id, visit_id FROM seen ORDER BY id;
SELECT source_table, source_rowid, column_name, storage_class, value, sqlstate, action
  FROM sq2pg.rejects WHERE run = (SELECT max(run) FROM sq2pg.runs) ORDER BY reject;
DROP TABLE visit, seen;

-- repair: the nearest value, NULL where there is none
SELECT table_name, source_rows, loaded, rejected, changed, verified
  FROM sq2pg_migrate(:'db', types => :'wanted', on_bad_value => 'repair');
SELECT * FROM visit ORDER BY id;
SELECT source_rowid, column_name, value, action, message
  FROM sq2pg.rejects WHERE run = (SELECT max(run) FROM sq2pg.runs) ORDER BY reject;
DROP TABLE visit, seen;

-- reject: rows, and the rows that refer to them; a rehearsal keeps its rejects
SELECT table_name, source_rows, loaded, rejected, changed, verified
  FROM sq2pg_migrate(:'db', types => :'wanted', on_bad_value => 'reject', on_orphan => 'reject', dry_run => true);
SELECT count(*) FROM sq2pg.rejects WHERE run = (SELECT max(run) FROM sq2pg.runs);
SELECT count(*) FROM pg_class WHERE relnamespace = 'policies'::regnamespace;
SELECT table_name, source_rows, loaded, rejected, changed, verified
  FROM sq2pg_migrate(:'db', types => :'wanted', on_bad_value => 'reject', on_orphan => 'reject');
SELECT source_table, key, column_name, value, action
  FROM sq2pg.rejects WHERE run = (SELECT max(run) FROM sq2pg.runs) ORDER BY reject;

-- repaired by hand and loaded again; what still does not fit stays
SELECT max(run) AS run FROM sq2pg.runs \gset
UPDATE sq2pg.rejects SET repaired = CASE column_name WHEN 'code' THEN 'abc' WHEN 'at' THEN '2024-02-29' ELSE '3' END
 WHERE run = :run AND source_table = 'visit' AND source_rowid <> 4;
SELECT * FROM sq2pg_retry(:run);
UPDATE sq2pg.rejects SET repaired = CASE column_name WHEN 'at' THEN '2024-02-29' ELSE '1' END
 WHERE run = :run AND source_rowid = 4;
SELECT * FROM sq2pg_retry(:run);
SELECT * FROM sq2pg_retry(:run);
SELECT * FROM visit ORDER BY id;
SELECT id, visit_id FROM seen ORDER BY id;
SELECT count(*) FROM sq2pg.rejects WHERE run = :run AND loaded IS NULL;
DROP TABLE visit, seen;

-- USING, read in the caller's search path; such columns are not verified, and said to be so
CREATE TYPE kind_t AS ENUM ('LOW', 'HIGH');
\set wanted '{"visit.kind": "kind_t USING upper(kind)::kind_t", "seen.since": "timestamptz USING to_timestamp(since + 978307200)"}'
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', types => :'wanted');
SELECT id, kind FROM visit ORDER BY id;
SELECT id, since AT TIME ZONE 'UTC' AS since FROM seen ORDER BY id;
SELECT count(*) FROM pg_foreign_server WHERE srvname LIKE 'sq2pg%';
DROP SCHEMA policies CASCADE;
SELECT * FROM sq2pg_retry(-1);
