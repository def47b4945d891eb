-- defaults that PostgreSQL takes only in parentheses
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/defaults_odd.db'
SET client_min_messages = warning;
CREATE SCHEMA odd;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'odd') WHERE action <> 'total';
INSERT INTO odd.d (a) VALUES (2);
SELECT * FROM odd.d ORDER BY a;
DROP SCHEMA odd CASCADE;
