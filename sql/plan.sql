-- sq2pg_plan prints what sq2pg_migrate would do, and does nothing
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
CREATE SCHEMA shop;
SELECT count(*) AS runs FROM sq2pg.runs \gset
-- (the statements that name the path of the source are cut there)
SELECT step, phase, object, split_part(regexp_replace(statement, '\s+', ' ', 'g'), ' OPTIONS', 1) AS statement
  FROM sq2pg_plan(:'db', 'shop', include => ARRAY['customer', 'orders']);
-- in one statement with its parameters
SELECT phase, count(*), bool_and(statement LIKE '%;') AS complete
  FROM sq2pg_plan(:'db', 'shop', mode => 'create', names => 'snake') GROUP BY phase ORDER BY min(step);
SELECT statement FROM sq2pg_plan(:'db', 'shop', include => ARRAY['log'], dry_run => true) ORDER BY step DESC LIMIT 1;
SELECT statement FROM sq2pg_plan(:'db', 'shop', include => ARRAY['log'], owner => 'pg_monitor')
 WHERE phase = 'owner';
-- a reader's transaction is enough
BEGIN READ ONLY;
SELECT count(*) > 10 AS printed FROM sq2pg_plan(:'db', 'shop');
COMMIT;

-- nothing was made
SELECT count(*) FROM pg_class WHERE relnamespace = 'shop'::regnamespace;
SELECT count(*) FROM pg_foreign_server WHERE srvname LIKE 'sq2pg%source';
SELECT count(*) - :runs AS runs FROM sq2pg.runs;
SHOW search_path;
DROP SCHEMA shop;
