-- SQLite's catalog as rows: tables, views and columns
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/quirks.db'
SELECT table_name, type, columns, without_rowid, strict, autoincrement, sequence, problem
  FROM sq2pg_tables(:'db') ORDER BY table_name COLLATE "C";
SELECT table_name, sql FROM sq2pg_tables(:'db') WHERE table_name IN ('int_key', 'good_view', 'sqlite_sequence');
SELECT table_name, ordinal, column_name, declared_type, not_null, default_value, pk_position AS pk, hidden,
       collation_name AS collation, rowid_alias AS alias
  FROM sq2pg_columns(:'db') WHERE table_name NOT LIKE 'doc\_%' ORDER BY table_name COLLATE "C", ordinal;
SELECT DISTINCT table_name FROM sq2pg_columns(:'db') WHERE table_name LIKE 'doc\_%' ORDER BY 1;
