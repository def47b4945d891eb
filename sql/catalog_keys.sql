-- SQLite's catalog as rows: indexes, foreign keys, objects
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/quirks.db'
SELECT table_name, index_name, is_unique, origin, is_partial, columns, descending, collations
  FROM sq2pg_indexes(:'db') WHERE table_name NOT LIKE 'doc\_%' ORDER BY table_name COLLATE "C", index_name COLLATE "C";
SELECT index_name, sql FROM sq2pg_indexes(:'db') WHERE sql IS NOT NULL ORDER BY index_name COLLATE "C";
SELECT * FROM sq2pg_foreign_keys(:'db') ORDER BY table_name, id;
SELECT type, name, table_name FROM sq2pg_objects(:'db')
 WHERE table_name NOT LIKE 'doc\_%' ORDER BY type, name COLLATE "C";
SELECT sql FROM sq2pg_objects(:'db') WHERE type = 'trigger';
\set db :srcdir '/test/fixtures/keys.db'
SELECT table_name, id, columns, parent_table, parent_columns, on_update, on_delete, match
  FROM sq2pg_foreign_keys(:'db') ORDER BY table_name, id;
-- they are strict, and work in joins, for a row each, and in a read-only transaction
SELECT count(*) FROM sq2pg_tables(NULL);
BEGIN READ ONLY;
SELECT count(*) FROM sq2pg_tables(:'db') AS t JOIN sq2pg_columns(:'db') AS c USING (table_name);
COMMIT;
SELECT f, t.table_name, t.columns FROM (VALUES ('keys'), ('identity')) AS v(f),
       LATERAL sq2pg_tables(:'srcdir' || '/test/fixtures/' || v.f || '.db') AS t
 WHERE t.table_name IN ('log', 'plain') ORDER BY 1;
