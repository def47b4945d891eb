-- keys under NOCASE go on folding ASCII letters, and only those
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/nocase.db'
\set VERBOSITY sqlstate
SET client_min_messages = warning;
CREATE SCHEMA n;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', 'n');
SET search_path = n;
INSERT INTO nocase VALUES ('B', 'z', 3);
INSERT INTO nocase VALUES ('c', 'y', 3);
INSERT INTO nocase VALUES ('Ö', 'Ü', 2);
INSERT INTO plain VALUES ('K');
INSERT INTO plain VALUES ('m');
-- the keys are still keys that foreign keys can refer to
INSERT INTO refers VALUES ('b');
INSERT INTO refers VALUES ('no such code');
SELECT contype, count(*) FROM pg_constraint
 WHERE connamespace = 'n'::regnamespace AND contype <> 'n' GROUP BY contype ORDER BY contype;
SELECT code FROM nocase ORDER BY code COLLATE "C";
DROP SCHEMA n CASCADE;
