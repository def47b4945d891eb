-- primary keys that hold NULL become UNIQUE, and that is said
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/nullkeys.db'
CREATE SCHEMA n;
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', 'n');
SET search_path = n;
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'n'::regnamespace AND contype <> 'n'
 ORDER BY conrelid::regclass::text, conname;
SELECT attrelid::regclass, attname, attnotnull FROM pg_attribute
 WHERE attrelid IN ('one'::regclass, 'pair'::regclass, 'clean'::regclass, 'empty'::regclass) AND attnum > 0
   AND attname <> 'v' ORDER BY attrelid::regclass::text, attnum;
SELECT * FROM one ORDER BY v;
-- as in SQLite
INSERT INTO one VALUES (NULL, '4');
INSERT INTO one VALUES ('a', '5');
-- the plan says the same
SELECT statement FROM sq2pg_plan(:'db', 'n', rename => '{"one": "o", "pair": "p", "descending": "d", "clean": "c", "empty": "e", "refers": "r"}')
 WHERE phase = 'key';
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA n CASCADE;
