-- values that a type cannot hold: error, NULL instead, the row left out, the nearest value
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/types.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT coalesce(max(run), 0) AS before FROM sq2pg.runs \gset
\set options ', include => ARRAY[''widened.n'', ''widened.int_big'', ''widened.decimal_numeric'', ''widened.varchar_text''], types => ''{"widened.int_big": "integer", "widened.decimal_numeric": "numeric(5,2)", "widened.varchar_text": "varchar(3)"}'''
CREATE SCHEMA b;
SELECT * FROM sq2pg_migrate(:'db', 'b' :options);
SELECT table_name, source_rows, loaded, rejected, changed, verified FROM sq2pg_migrate(:'db', 'b' :options, on_bad_value => 'null');
SELECT * FROM b.widened ORDER BY n;
SELECT max(run) AS run FROM sq2pg.runs \gset
SELECT table_name, source_rows, target_rows, missing_rows, unexpected_rows, matches, detail FROM sq2pg_verify(:'db', 'b', run => :run);
DROP TABLE b.widened;
SELECT table_name, source_rows, loaded, rejected, changed, verified FROM sq2pg_migrate(:'db', 'b' :options, on_bad_value => 'repair');
SELECT * FROM b.widened ORDER BY n;
SELECT max(run) AS run FROM sq2pg.runs \gset
SELECT table_name, source_rows, target_rows, missing_rows, unexpected_rows, matches, detail FROM sq2pg_verify(:'db', 'b', run => :run);
DROP TABLE b.widened;
SELECT table_name, source_rows, loaded, rejected, changed, next_id, verified FROM sq2pg_migrate(:'db', 'b' :options, on_bad_value => 'reject');
SELECT * FROM b.widened ORDER BY n;
-- every value that was refused or changed
SELECT r.run - :before AS run, x.source_table, x.relation, x.source_rowid AS rowid, x.column_name, x.storage_class, x.value, x.sqlstate, x.action
  FROM sq2pg.rejects AS x JOIN sq2pg.runs AS r USING (run) WHERE r.run > :before ORDER BY x.reject;
SELECT DISTINCT source_rowid, key, row_data FROM sq2pg.rejects WHERE run = (SELECT max(run) FROM sq2pg.runs) ORDER BY 1;
SELECT jsonb_array_length(sq2pg_report(max(run))->'rejects') AS listed FROM sq2pg.runs;
-- they can be repaired and loaded
SELECT max(run) AS run FROM sq2pg.runs \gset
SELECT table_name, source_rows, target_rows, missing_rows, unexpected_rows, matches, detail FROM sq2pg_verify(:'db', 'b', run => :run);
SELECT * FROM sq2pg_retry(:run);
UPDATE sq2pg.rejects SET repaired = CASE column_name WHEN 'int_big' THEN '2147483647' WHEN 'decimal_numeric' THEN '1.26' ELSE left(value, 3) END
 WHERE run = :run AND source_rowid = 20;
SELECT * FROM sq2pg_retry(:run);
SELECT * FROM b.widened ORDER BY n;
SELECT source_rowid, column_name, repaired, loaded IS NOT NULL AS loaded FROM sq2pg.rejects WHERE run = :run ORDER BY reject;
SELECT table_name, source_rows, target_rows, missing_rows, unexpected_rows, matches, detail FROM sq2pg_verify(:'db', 'b', run => :run);
-- which excuses no other change
UPDATE b.widened SET decimal_numeric = 9 WHERE n = 10;
INSERT INTO b.widened VALUES (30, 1, 'abc', 1.25);
SELECT table_name, source_rows, target_rows, missing_rows, unexpected_rows, matches FROM sq2pg_verify(:'db', 'b', run => :run);
SELECT * FROM sq2pg_retry(-1);
DROP SCHEMA b CASCADE;
