-- rows without a parent: an error that lists all, or foreign keys NOT VALID
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/orphans.db'
\set SHOW_CONTEXT never
CREATE SCHEMA o;
SELECT * FROM sq2pg_migrate(:'db', 'o');
SELECT count(*) FROM pg_class WHERE relnamespace = 'o'::regnamespace;

-- tables without orphans are no matter
SELECT table_name, loaded, verified, notes FROM sq2pg_migrate(:'db', 'o', include => ARRAY['parent', 'fine', 'pair', 'of_pair'], dry_run => true);

SELECT table_name, loaded, verified, note
  FROM sq2pg_migrate(:'db', 'o', on_orphan => 'keep') LEFT JOIN LATERAL regexp_split_to_table(notes, '; ') AS note ON true;
SET search_path = o;
SELECT conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'o'::regnamespace AND contype = 'f'
 ORDER BY conrelid::regclass::text, conname;
-- what is kept is there, what comes is checked
SELECT id, parent_id FROM child ORDER BY id;
INSERT INTO child (parent_id) VALUES (55);
INSERT INTO child (parent_id) VALUES (1) RETURNING id;
-- repaired, it becomes valid
DELETE FROM grandchild WHERE id = 101;
ALTER TABLE grandchild VALIDATE CONSTRAINT grandchild_child_id_fkey;
SELECT convalidated FROM pg_constraint WHERE conrelid = 'grandchild'::regclass AND contype = 'f';
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA o CASCADE;
