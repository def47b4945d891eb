-- the loader's ways store the same: tables of all fixtures, as a run makes them, loaded again in both ways
\getenv srcdir PG_ABS_SRCDIR
\set dir :srcdir '/test/fixtures/'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE TABLE outcomes (fixture text, relation text, way text, loaded bigint, differences bigint);
-- no name of a table is used twice, so "copy" is a schema for all
CREATE FUNCTION agree(fixture text, source text, run_schema name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t       record;
    way     text;
    one     record;
    differs bigint;
BEGIN
    FOR t IN SELECT c.oid, c.relname, s.table_name,
                    array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns
               FROM pg_class AS c
               JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               JOIN sq2pg_tables(source) AS s ON s.table_name = c.relname
              WHERE c.relnamespace = run_schema::regnamespace AND c.relkind = 'r'
              GROUP BY c.oid, c.relname, s.table_name ORDER BY c.relname LOOP
        FOREACH way IN ARRAY ARRAY['error', 'skip'] LOOP
            CREATE SCHEMA again;
            EXECUTE format('CREATE TABLE again.%I (LIKE %s INCLUDING ALL)', t.relname, t.oid::regclass);
            SELECT * INTO one
              FROM sq2pg.load_table(source, t.table_name, t.columns, format('again.%I', t.relname)::regclass, t.columns,
                                    'UTC', false, 'error', 'table', way, NULL);
            EXECUTE format('SELECT count(*) FROM (SELECT whole_a::text FROM %1$s AS whole_a EXCEPT ALL SELECT whole_b::text FROM again.%2$I AS whole_b) AS d',
                           t.oid::regclass, t.relname) INTO differs;
            INSERT INTO outcomes VALUES (fixture, t.relname, one.way, one.loaded, differs + (one.misfits IS NOT NULL)::int);
            DROP SCHEMA again CASCADE;
        END LOOP;
    END LOOP;
END $$;
\set db :dir 'demo.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('demo', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'keys.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('keys', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'types.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('types', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'schema.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('schema', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'schema_generated.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('schema_generated', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'schema_objects.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('schema_objects', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'identity.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('identity', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'nocase.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('nocase', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'nullkeys.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('nullkeys', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'quirks.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('quirks', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'utf16.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('utf16', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
\set db :dir 'utf16be.db'
CREATE SCHEMA run;
SELECT count(*) > 1 AS migrated FROM sq2pg_migrate(:'db', 'run') \gset
SELECT agree('utf16be', :'db', 'run') \gset
DROP SCHEMA run CASCADE;
SELECT fixture, way, count(*) AS tables, sum(loaded) AS loaded, sum(differences) AS differences
  FROM outcomes GROUP BY 1, 2 ORDER BY 1, 2;
