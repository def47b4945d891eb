-- sq2pg_retry: values as the run would have read them, rows that are alike, and whose rejects they are
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/retry.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_sqm_other;
CREATE SCHEMA retry;
SET search_path = retry;
SET timezone = 'America/New_York';
SET datestyle = 'SQL, DMY';
CREATE TABLE seen (label text);
CREATE TABLE visit (id int PRIMARY KEY, n int, at timestamptz, label text, spare int);
-- under the caller's search_path, as in the run
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (NEW.label); RETURN NEW; END $$;
CREATE TRIGGER note_it BEFORE INSERT ON visit FOR EACH ROW EXECUTE FUNCTION note_it();
\set options 'mode => ''data'', include => ''{visit}'', on_bad_value => ''reject'', time_zone => ''Europe/Berlin'', empty_as_null => true'
SELECT table_name, loaded, rejected, verified FROM sq2pg_migrate(:'db', :options);
SELECT max(run) AS run FROM sq2pg.runs \gset
SELECT column_name, value, row_data->'label' AS label FROM sq2pg.rejects WHERE run = :run;
UPDATE sq2pg.rejects SET repaired = '2' WHERE run = :run;
SELECT * FROM sq2pg_retry(:run);
SELECT id, n, at AT TIME ZONE 'Europe/Berlin' = '01/07/2024 12:00:00' AS same_moment, label, spare FROM visit ORDER BY id;
TABLE seen;
SHOW search_path;
SELECT table_name, missing_rows, unexpected_rows, matches FROM sq2pg_verify(:'db', include => '{visit}', run => :run);

-- rows without parent: alike, and with a key that is no rowid
SELECT table_name, source_rows, loaded, rejected, verified
  FROM sq2pg_migrate(:'db', include => '{parent,alike,keyed}', on_orphan => 'reject');
SELECT max(run) AS run FROM sq2pg.runs \gset
SELECT table_name, missing_rows, unexpected_rows, matches, detail FROM sq2pg_verify(:'db', run => :run);
-- which excuses no other row: keyed 7 has rowid 3, and 3 was left out
DELETE FROM keyed WHERE id = 7;
DELETE FROM alike WHERE parent_id = 1;
SELECT table_name, missing_rows, unexpected_rows, matches, detail FROM sq2pg_verify(:'db', run => :run);
INSERT INTO keyed VALUES (7, 1);
INSERT INTO alike VALUES (1, 'a');
INSERT INTO parent VALUES (5);
SELECT * FROM sq2pg_retry(:run);
TABLE alike ORDER BY parent_id;
SELECT table_name, missing_rows, unexpected_rows, matches, detail FROM sq2pg_verify(:'db', run => :run, include => '{alike,keyed}');

-- nobody slips rows into the run of another, or has them loaded by one
SET ROLE regress_sqm_other;
INSERT INTO sq2pg.rejects (run, source_table, relation, column_name, storage_class, sqlstate, message, action, row_data)
VALUES (:run, '', 'pg_catalog.pg_authid', '', 'TEXT', '22P02', '', 'reject', '{"rolname": ["TEXT", "regress_sqm_evil"]}');
INSERT INTO sq2pg.runs (run, source, target_schema, source_facts, versions, parameters, tables, notes) OVERRIDING SYSTEM VALUE
VALUES (4711000, '', '', '{}', '{}', '{}', '[]', '[]');
INSERT INTO sq2pg.runs (source, target_schema, source_facts, versions, parameters, tables, notes)
VALUES ('', '', '{}', '{}', '{}', '[]', '[]') RETURNING run AS theirs \gset
INSERT INTO sq2pg.rejects (run, source_table, relation, column_name, storage_class, sqlstate, message, action, row_data)
VALUES (:theirs, '', 'pg_catalog.pg_authid', '', 'TEXT', '22P02', '', 'reject', '{"rolname": ["TEXT", "regress_sqm_evil"]}');
\set VERBOSITY sqlstate
SELECT * FROM sq2pg_retry(:run);
RESET ROLE;
SELECT * FROM sq2pg_retry(:theirs);
SELECT count(*) FROM pg_roles WHERE rolname = 'regress_sqm_evil';
-- the rows beside those of a rehearsal are gone
SELECT rejected FROM sq2pg_migrate(:'db', :options, dry_run => true, existing => 'truncate') WHERE action = 'total';
SELECT * FROM sq2pg_retry((SELECT max(run) FROM sq2pg.runs));
DELETE FROM sq2pg.runs WHERE run = :theirs;
DROP SCHEMA retry CASCADE;
DROP ROLE regress_sqm_other;
