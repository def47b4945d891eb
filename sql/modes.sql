-- parameters: what exists in the target, invalid values
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/keys.db'
CREATE SCHEMA m;
-- none, some, all of the tables exist
SELECT table_name, action FROM sq2pg_migrate(:'db', 'm', include => ARRAY['a', 'b', 'c']);
SELECT * FROM sq2pg_migrate(:'db', 'm');
SELECT * FROM sq2pg_migrate(:'db', 'm', mode => 'create');
SELECT table_name, action, verified FROM sq2pg_migrate(:'db', 'm', include => ARRAY['a', 'b', 'c']);
SELECT * FROM sq2pg_migrate(:'db', 'm', include => ARRAY['a', 'b', 'c'], mode => 'create');
SELECT * FROM sq2pg_migrate(:'db', 'm', include => ARRAY['log'], mode => 'data');
SELECT * FROM sq2pg_migrate(:'db', 'm', include => ARRAY['log'], rename => '{"log": "b"}');
SELECT table_name FROM sq2pg_migrate(:'db', 'm', include => ARRAY['b'], rename => '{"b": "another"}');
-- views and sequences take names, too
CREATE VIEW m.log AS SELECT 1;
SELECT * FROM sq2pg_migrate(:'db', 'm', include => ARRAY['log']);
SELECT * FROM sq2pg_migrate(:'db', 'm', include => ARRAY['log'], add_missing => true);
SELECT relname FROM pg_class WHERE relnamespace = 'm'::regnamespace AND relkind <> 'i' ORDER BY relname;

-- values that no parameter has
SELECT * FROM sq2pg_migrate(:'db', 'm', mode => 'replace');
SELECT * FROM sq2pg_migrate(:'db', 'm', names => 'KEEP');
SELECT * FROM sq2pg_migrate(:'db', 'm', on_bad_value => '');
SELECT * FROM sq2pg_migrate(:'db', 'm', on_conflict => 'x');
SELECT * FROM sq2pg_migrate(:'db', 'm', on_orphan => 'delete');
SELECT * FROM sq2pg_migrate(:'db', 'm', triggers => 'none');
SELECT * FROM sq2pg_migrate(:'db', 'm', verify => 'yes');
SELECT * FROM sq2pg_migrate(:'db', 'm', dry_run => NULL);
SELECT * FROM sq2pg_migrate(:'db', 'm', time_zone => 'Mars/Olympus', include => ARRAY['article']);
SELECT * FROM sq2pg_migrate(:'db', 'm', owner => 'nobody_like_this', include => ARRAY['log'], rename => '{"log": "l"}');
SELECT * FROM sq2pg_migrate(:'db', 'nowhere');
SELECT * FROM sq2pg_migrate(:'db', 'pg_catalog', include => ARRAY['log']);

-- sessions in which it must not run
BEGIN READ ONLY;
SELECT * FROM sq2pg_migrate(:'db', 'm');
ROLLBACK;
SET session_replication_role = replica;
SELECT * FROM sq2pg_migrate(:'db', 'm');
RESET session_replication_role;
SET client_min_messages = warning;
DROP SCHEMA m CASCADE;
