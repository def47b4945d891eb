-- tables, columns and identities that the target lacks
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_missing.db'
SET client_min_messages = warning;
CREATE ROLE sqm_missing_owner;
CREATE SCHEMA g;
SET search_path = g;
CREATE TABLE users (id int PRIMARY KEY, "Email" text UNIQUE);
CREATE TABLE service_categories (id int PRIMARY KEY, name text);

-- all at once, with the statements
SELECT * FROM sq2pg_migrate(:'db', mode => 'data');
SELECT severity, code, table_name, column_name, message, hint FROM sq2pg_check(:'db', mode => 'data') WHERE severity <> 'note';
-- in mode auto it is an error of another kind
SELECT * FROM sq2pg_migrate(:'db');
SELECT relname FROM pg_class WHERE relnamespace = 'g'::regnamespace AND relkind <> 'i' ORDER BY relname;

-- the plan has the same statements first, and leaves nothing behind
SELECT phase, object, statement FROM sq2pg_plan(:'db', add_missing => true) WHERE statement ~ '^(CREATE TABLE|ALTER|CREATE INDEX)' ORDER BY step;
SELECT relname FROM pg_class WHERE relnamespace = 'g'::regnamespace AND relkind <> 'i' ORDER BY relname;

-- an error at the end takes back what was added
INSERT INTO users VALUES (77, 'old@x');
SELECT code, message, hint FROM sq2pg_check(:'db', add_missing => true, existing => 'append') WHERE severity = 'error';
SELECT * FROM sq2pg_migrate(:'db', add_missing => true);
SELECT * FROM sq2pg_migrate(:'db', add_missing => true, existing => 'append');
SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 ORDER BY attnum;
DELETE FROM users;
-- so does a rehearsal
SELECT table_name, action, loaded, next_id, verified FROM sq2pg_migrate(:'db', add_missing => true, dry_run => true);
SELECT relname FROM pg_class WHERE relnamespace = 'g'::regnamespace AND relkind <> 'i' ORDER BY relname;

-- added
GRANT USAGE ON SCHEMA g TO sqm_missing_owner;
SELECT table_name, action, loaded, next_id, verified, notes
  FROM sq2pg_migrate(:'db', add_missing => true, owner => 'sqm_missing_owner');
\d users
\d post
\d service_categories
SELECT relname, relkind, pg_get_userbyid(relowner) = 'sqm_missing_owner' AS given FROM pg_class
 WHERE relnamespace = 'g'::regnamespace AND relkind <> 'i' ORDER BY relname;
SELECT * FROM users ORDER BY id;
SELECT * FROM post ORDER BY id;
SELECT * FROM service_categories;
INSERT INTO service_categories (name) VALUES ('next') RETURNING id;
INSERT INTO comment (post) VALUES (7) RETURNING id;
DELETE FROM comment WHERE body IS NULL;
DELETE FROM service_categories WHERE name = 'next';
-- nothing is missing now
SELECT table_name, action, next_id, verified FROM sq2pg_migrate(:'db', add_missing => true);
SELECT table_name, action FROM sq2pg_migrate(:'db');
DROP SCHEMA g CASCADE;
DROP ROLE sqm_missing_owner;
