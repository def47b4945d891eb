-- rows without a parent: NULL instead of the reference, or the row left out
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/orphans.db'
SET client_min_messages = warning;
CREATE SCHEMA o;
-- null: where the column may be NULL
SELECT table_name, source_rows, loaded, skipped, rejected, changed, verified
  FROM sq2pg_migrate(:'db', 'o', on_orphan => 'null', exclude => ARRAY['lost']);
SELECT * FROM o.child ORDER BY id;
SELECT * FROM o.grandchild ORDER BY id;
SELECT * FROM o.tree ORDER BY id;
SELECT * FROM o.of_pair ORDER BY a, b;
SELECT count(*), bool_and(convalidated) AS all_valid FROM pg_constraint WHERE connamespace = 'o'::regnamespace AND contype = 'f';
DROP SCHEMA o CASCADE;
-- reject: with everything that refers to what is left out
CREATE SCHEMA o;
SELECT table_name, source_rows, loaded, skipped, rejected, changed, verified
  FROM sq2pg_migrate(:'db', 'o', on_orphan => 'reject', exclude => ARRAY['lost']);
SELECT * FROM o.child ORDER BY id;
SELECT * FROM o.grandchild ORDER BY id;
SELECT * FROM o.tree ORDER BY id;
SELECT count(*), bool_and(convalidated) AS all_valid FROM pg_constraint WHERE connamespace = 'o'::regnamespace AND contype = 'f';
-- ids of rows that were left out are not given again
INSERT INTO o.child (parent_id) VALUES (1) RETURNING id;
INSERT INTO o.tree (up) VALUES (1) RETURNING id;
DROP SCHEMA o CASCADE;
