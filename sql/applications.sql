-- what schemas and data of real applications hold
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/applications.db'
CREATE SCHEMA applications;
SELECT code, table_name, column_name, message, hint FROM sq2pg_check(:'db', 'applications')
 WHERE code NOT IN ('estimate', 'orphans') ORDER BY table_name, column_name;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'applications');
SET search_path = applications, public;

-- a column that says nothing is of the type of what it refers to
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'applications'::regnamespace AND contype = 'f' ORDER BY conrelid::regclass::text, conname;
SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod) FROM pg_attribute
 WHERE attrelid IN ('item_data'::regclass, 'mixed_data'::regclass, 'creators'::regclass, 'untyped'::regclass) AND attnum > 0
 ORDER BY attrelid::regclass::text, attnum;
-- and the plan says the same as the run
CREATE SCHEMA planned;
SELECT statement FROM sq2pg_plan(:'db', 'planned') WHERE statement ~ '^CREATE TABLE.*(item_data|mixed_data)' ORDER BY step;
-- a type that was asked for is named
SELECT message FROM sq2pg_check(:'db', 'planned', types => '{"item_data.value_id": "text"}') WHERE code = 'foreign_key_left_out' ORDER BY message;

-- what the hint of a widened column leads to
DROP SCHEMA planned;
CREATE SCHEMA asked;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SELECT loaded, changed, verified FROM sq2pg_migrate(:'db', 'asked', include => ARRAY['users'], empty_as_null => true,
    types => '{"users.created_at": "timestamptz", "users.born": "date"}', on_bad_value => 'repair') WHERE table_name = 'users';
SELECT * FROM asked.users ORDER BY id;
SET client_min_messages = warning;
DROP SCHEMA applications, asked CASCADE;
