-- what migration tools keep of their own work is left to them
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_tools.db'
\set app :srcdir '/test/fixtures/data_tools_app.db'
SET client_min_messages = warning;
-- create mode: tables as others are
CREATE SCHEMA tc;
SELECT count(*), sum(loaded), bool_and(verified) FROM sq2pg_migrate(:'db', 'tc') WHERE action = 'create';
SELECT table_name, action FROM sq2pg_migrate(:'db', 'tc') WHERE table_name IS NOT NULL;
-- the same revisions everywhere: nothing to say
SELECT count(*) FILTER (WHERE code = 'tool_table') AS left_alone, count(*) FILTER (WHERE code = 'revision_differs') AS differ
  FROM sq2pg_check(:'db', 'tc');
SELECT message FROM sq2pg_check(:'db', 'tc') WHERE code = 'tool_table' ORDER BY message COLLATE "C";

-- other revisions in each of them
UPDATE tc.alembic_version SET version_num = 'bbbb';
DELETE FROM tc.django_migrations WHERE id = 2;
INSERT INTO tc.schema_migrations VALUES ('20240301000000'), ('20240401000000'), ('20240501000000'), ('20240601000000');
UPDATE tc.ar_internal_metadata SET value = 'test';
UPDATE tc._prisma_migrations SET migration_name = '20240102_more';
UPDATE tc."__EFMigrationsHistory" SET "MigrationId" = '20240102_More';
UPDATE tc.knex_migrations SET name = '002_b.js';
UPDATE tc.knex_migrations_lock SET is_locked = 1;
UPDATE tc.flyway_schema_history SET version = '1.2';
UPDATE tc."DATABASECHANGELOG" SET "ID" = 'c2';
UPDATE tc."DATABASECHANGELOGLOCK" SET "LOCKED" = 1;
UPDATE tc.migrations SET migration = '2015';
UPDATE tc.goose_db_version SET version_id = 4 WHERE id = 2;
UPDATE tc."SequelizeMeta" SET name = '02.js';
UPDATE tc.__drizzle_migrations SET hash = 'ff01';
UPDATE tc.__diesel_schema_migrations SET version = '2025';
UPDATE tc._sqlx_migrations SET version = 2;
UPDATE tc.refinery_schema_history SET version = 2;
TRUNCATE tc.doctrine_migration_versions;
UPDATE tc.phinxlog SET version = 20240102;
UPDATE tc.mikro_orm_migrations SET name = 'M2';
UPDATE tc.aerich SET version = '1';
UPDATE tc._yoyo_migration SET migration_id = 'm2';
UPDATE tc.atlas_schema_revisions SET version = '2';
SELECT severity, message FROM sq2pg_check(:'db', 'tc') WHERE code = 'revision_differs' ORDER BY message COLLATE "C";
SELECT hint FROM sq2pg_check(:'db', 'tc') WHERE code = 'revision_differs' GROUP BY hint;
-- never loaded, never emptied
UPDATE tc.bird SET name = 'dodo';
CREATE TABLE before_run AS
    SELECT 'a' AS t, a::text AS r FROM tc.alembic_version AS a UNION ALL SELECT 'd', d::text FROM tc.django_migrations AS d
    UNION ALL SELECT 's', s::text FROM tc.schema_migrations AS s UNION ALL SELECT 'm', m::text FROM tc.migrations AS m;
SELECT table_name, action, loaded, verified, notes LIKE '%Alembic''s revisions differ%' OR notes LIKE '%revision%' AS told
  FROM sq2pg_migrate(:'db', 'tc', existing => 'truncate');
SELECT name FROM tc.bird ORDER BY id;
SELECT count(*) FROM before_run AS b FULL JOIN (
    SELECT 'a' AS t, a::text AS r FROM tc.alembic_version AS a UNION ALL SELECT 'd', d::text FROM tc.django_migrations AS d
    UNION ALL SELECT 's', s::text FROM tc.schema_migrations AS s UNION ALL SELECT 'm', m::text FROM tc.migrations AS m) AS n USING (t, r)
 WHERE b.t IS NULL OR n.t IS NULL;
-- asked for by name it is not loaded either
SELECT table_name, action, loaded FROM sq2pg_migrate(:'db', 'tc', mode => 'data', include => '{alembic_version}', existing => 'truncate');
SELECT phase, statement FROM sq2pg_plan(:'db', 'tc', mode => 'data', include => '{alembic_version}', existing => 'truncate') WHERE statement ~ 'alembic';
TABLE tc.alembic_version;
-- but if its name could be an application's it is, and not by a pattern
SELECT table_name, action, verified FROM sq2pg_migrate(:'db', 'tc', mode => 'data', include => '{migrations}', existing => 'truncate', dry_run => true);
SELECT table_name, action, verified FROM sq2pg_migrate(:'db', 'tc', mode => 'data', include => '{migration?}', existing => 'truncate', dry_run => true);
SELECT code, message FROM sq2pg_check(:'db', 'tc', 'data', include => '{migrations,alembic_version}', existing => 'truncate') WHERE code = 'tool_table' ORDER BY message COLLATE "C";

-- excluded, it is not looked at
SELECT code, message FROM sq2pg_check(:'db', 'tc', exclude => '{*migr*,*Migr*,*version*,*history*,*CHANGELOG*,*Meta,*metadata,phinxlog,aerich,*revisions}')
 WHERE code <> 'estimate';

-- not there in the target: no matter, not even for add_missing
DROP SCHEMA tc CASCADE;
CREATE SCHEMA tc;
CREATE TABLE tc.bird (id int PRIMARY KEY, name text);
SELECT count(*) FROM sq2pg_check(:'db', 'tc') WHERE code IN ('revision_differs', 'table_missing');
CREATE TABLE tc.alembic_version (version_num text);
CREATE ROLE sqm_tools IN ROLE pg_read_server_files;
GRANT USAGE ON SCHEMA tc TO sqm_tools;
GRANT SELECT, INSERT ON tc.bird TO sqm_tools;
SET ROLE sqm_tools;
SELECT table_name, action, loaded FROM sq2pg_migrate(:'db', 'tc', dry_run => true);
RESET ROLE;
DROP OWNED BY sqm_tools;
DROP ROLE sqm_tools;
DROP TABLE tc.alembic_version;
SELECT table_name, action, loaded FROM sq2pg_migrate(:'db', 'tc', add_missing => true);
SELECT relname FROM pg_class WHERE relnamespace = 'tc'::regnamespace AND relkind = 'r';

-- an application's own tables of such names are the application's
CREATE SCHEMA ta;
CREATE TABLE ta.migrations (id int PRIMARY KEY, bird text, distance int);
CREATE TABLE ta.schema_migrations (version text, comment text);
CREATE TABLE ta.aerich (id int PRIMARY KEY, title text);
CREATE TABLE ta.alembic_version (version_num text);
CREATE TABLE ta.release (version_num text);
CREATE TABLE ta.document_version (version_num int);
CREATE TABLE ta.many_versions (version_num text);
SELECT table_name, action, loaded, verified FROM sq2pg_migrate(:'app', 'ta');
SELECT * FROM ta.migrations ORDER BY id;
TABLE ta.alembic_version;
DROP SCHEMA tc, ta CASCADE;
DROP TABLE before_run;
