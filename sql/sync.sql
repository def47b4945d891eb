-- sq2pg_sync: a target that was migrated is made equal to a newer source
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set old :srcdir '/test/fixtures/sync.db'
\set new :srcdir '/test/fixtures/sync_new.db'
SET client_min_messages = warning;
CREATE SCHEMA s;
SELECT table_name, source_rows, verified FROM sq2pg_migrate(:'old', 's');
-- the same source: nothing to do
SELECT * FROM sq2pg_sync(:'old', 's');
-- rows that stay as they are keep their place
CREATE TABLE before AS SELECT id, ctid AS place FROM s.plain;
SELECT * FROM sq2pg_sync(:'new', 's');
SELECT p.*, p.ctid IS NOT DISTINCT FROM b.place AS untouched FROM s.plain AS p LEFT JOIN before AS b USING (id) ORDER BY id;
SELECT * FROM s.nokey ORDER BY 1, 2;
SELECT * FROM s.pair ORDER BY 1, 2;
SELECT * FROM s.list ORDER BY 1;
SELECT * FROM s.pet JOIN s.owner ON owner.id = pet.owner ORDER BY 1;
SELECT * FROM s.tree ORDER BY 1;
SELECT * FROM s.team ORDER BY 1;
SELECT * FROM s.player ORDER BY 1;
SELECT * FROM s.thing ORDER BY 1;
SELECT * FROM s.note ORDER BY 1;
SELECT * FROM sq2pg_verify(:'new', 's') WHERE NOT matches;
SELECT count(*) AS differences FROM sq2pg_sync(:'new', 's') WHERE inserted + updated + deleted > 0 OR NOT verified;
-- as after a migration
INSERT INTO s.plain (name) VALUES ('next') RETURNING id;
-- constraints are as they were
SELECT conname, condeferrable, condeferred, convalidated FROM pg_constraint
 WHERE connamespace = 's'::regnamespace AND contype = 'f' ORDER BY conname COLLATE "C";
-- and back again, some tables only: the others are left alone
DELETE FROM s.plain WHERE name = 'next';
SELECT * FROM sq2pg_sync(:'old', 's', include => '{plain,list,entry}');
SELECT * FROM sq2pg_sync(:'old', 's');
SELECT * FROM sq2pg_verify(:'old', 's') WHERE NOT matches;
-- history
SELECT parameters->>'mode' AS mode, x.table_name, x.source_rows, x.loaded, x.skipped, x.verified, x.notes
  FROM (SELECT * FROM sq2pg.runs ORDER BY run DESC LIMIT 1) AS r,
       jsonb_to_recordset(r.tables) AS x(table_name text, source_rows int, loaded int, skipped int, verified boolean, notes text)
 WHERE x.loaded > 0;
SELECT count(*) AS digests FROM (SELECT * FROM sq2pg.runs ORDER BY run DESC LIMIT 1) AS r, jsonb_object_keys(digests);
SELECT * FROM sq2pg_verify(:'old', 's', run => (SELECT max(run) FROM sq2pg.runs)) WHERE NOT matches;
-- a transaction of the caller's takes all of it back
BEGIN;
SELECT sum(inserted + updated + deleted) > 0 AS differs FROM sq2pg_sync(:'new', 's');
ROLLBACK;
SELECT * FROM sq2pg_verify(:'old', 's') WHERE NOT matches;
-- parameters as sq2pg_migrate has them
CREATE SCHEMA t;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'old', 't', include => '{plain,list}', exclude => '{list.name}',
    rename => '{"plain": "goods", "plain.name": "title"}', types => '{"plain.doc": "text"}');
SELECT * FROM sq2pg_sync(:'new', 't', include => '{plain,list}', exclude => '{list.name}',
    rename => '{"plain": "goods", "plain.name": "title"}', types => '{"plain.doc": "text"}');
SELECT id, title, price, doc FROM t.goods ORDER BY id;
DROP TABLE before;
DROP SCHEMA s, t CASCADE;
