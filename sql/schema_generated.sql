-- types of generated columns follow their values, too
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/schema_generated.db'
\pset format unaligned
SET client_min_messages = warning;
CREATE SCHEMA s;
SELECT code, column_name, message FROM sq2pg_check(:'db', 's') WHERE code <> 'estimate';
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', 's');
SELECT attname, format_type(atttypid, atttypmod), attgenerated FROM pg_attribute WHERE attrelid = 's.sums'::regclass AND attnum > 0 ORDER BY attnum;
TABLE s.sums;
TABLE s.digits;
DROP SCHEMA s CASCADE;
