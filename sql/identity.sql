-- identities go on after the highest id that was ever used
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/identity.db'
CREATE SCHEMA i;
SELECT table_name, loaded, next_id, verified, notes FROM sq2pg_migrate(:'db', 'i');
SELECT relname, seqtypid::regtype AS type, seqincrement, seqmin, seqcycle
  FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
 WHERE relnamespace = 'i'::regnamespace ORDER BY relname COLLATE "C";
-- a sequence belongs to its column
SELECT pg_get_serial_sequence('i.auto_gone', 'id');
SET search_path = i;
INSERT INTO auto_gone (v) VALUES ('new') RETURNING id;
INSERT INTO auto_low (v) VALUES ('new') RETURNING id;
INSERT INTO auto_high (v) VALUES ('new') RETURNING id;
INSERT INTO auto_emptied (v) VALUES ('new') RETURNING id;
INSERT INTO auto_empty (v) VALUES ('new') RETURNING id;
INSERT INTO plain_empty (v) VALUES ('new') RETURNING id;
INSERT INTO plain (v) VALUES ('new') RETURNING id;
INSERT INTO negative (v) VALUES ('new') RETURNING id;
INSERT INTO last_but_one (v) VALUES ('new') RETURNING id;
INSERT INTO last_but_one (v) VALUES ('none left') RETURNING id;
INSERT INTO "full" (v) VALUES ('none left') RETURNING id;
INSERT INTO no_alias (v) VALUES ('no identity') RETURNING id;
-- an explicit id is as welcome as in SQLite
INSERT INTO plain VALUES (77, 'given') RETURNING id;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA i CASCADE;

-- a rollback takes all of it back
CREATE SCHEMA i;
BEGIN;
SELECT count(*) FROM sq2pg_migrate(:'db', 'i');
INSERT INTO i.plain (v) VALUES ('new');
ROLLBACK;
SELECT count(*) FROM pg_class WHERE relnamespace = 'i'::regnamespace;
SELECT count(*) FROM sq2pg_migrate(:'db', 'i', include => ARRAY['plain']);
INSERT INTO i.plain (v) VALUES ('new') RETURNING id;
DROP SCHEMA i CASCADE;
