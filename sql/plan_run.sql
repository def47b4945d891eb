-- the printed plan, run by hand, makes the same database as sq2pg_migrate
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = error;
CREATE SCHEMA compare;
-- everything that the catalogs say of a schema and that is not an OID
CREATE FUNCTION compare.facts(s text) RETURNS TABLE (fact text)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    q text;
BEGIN
    RETURN QUERY
    SELECT concat_ws(' ', 'column', c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                     a.attidentity, a.attgenerated, a.attcollation, pg_get_expr(d.adbin, d.adrelid))
      FROM pg_class AS c
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
      LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = s::regnamespace AND c.relkind = 'r'
    UNION ALL
    SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
      FROM pg_constraint WHERE connamespace = s::regnamespace AND contype <> 'n'
    UNION ALL
    SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid)
      FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = s::regnamespace
    UNION ALL
    SELECT concat_ws(' ', 'relation', relname, relkind, pg_get_userbyid(relowner), reltuples, obj_description(oid))
      FROM pg_class WHERE relnamespace = s::regnamespace AND relkind <> 't';
    FOR q IN SELECT format('SELECT concat_ws('' '', ''sequence'', %L, last_value, is_called) FROM %s', relname, oid::regclass)
               FROM pg_class WHERE relnamespace = s::regnamespace AND relkind = 'S' LOOP
        RETURN QUERY EXECUTE q;
    END LOOP;
    FOR q IN SELECT format('SELECT concat_ws('' '', ''row'', %L, t) FROM %s AS t', relname, oid::regclass)
               FROM pg_class WHERE relnamespace = s::regnamespace AND relkind = 'r' LOOP
        RETURN QUERY EXECUTE q;
    END LOOP;
END
$$;
CREATE FUNCTION compare.differences() RETURNS TABLE (made_by text, fact text)
LANGUAGE sql AS $$
    WITH a AS MATERIALIZED (SELECT replace(fact, 'by_hand.', '') AS fact FROM compare.facts('by_hand')),
         b AS MATERIALIZED (SELECT replace(fact, 'by_run.', '') AS fact FROM compare.facts('by_run'))
    SELECT * FROM (SELECT 'hand' AS made_by, x.fact FROM (TABLE a EXCEPT ALL TABLE b) AS x
                   UNION ALL
                   SELECT 'run', x.fact FROM (TABLE b EXCEPT ALL TABLE a) AS x
                   UNION ALL
                   SELECT 'both', count(*) || ' ' || split_part(a.fact, ' ', 1) FROM a GROUP BY split_part(a.fact, ' ', 1)) AS d
     ORDER BY d.made_by COLLATE "C", d.fact COLLATE "C"
$$;

-- fresh schemas, and the statements of the plan
CREATE FUNCTION compare.plan(db text, names text DEFAULT 'keep', zone text DEFAULT 'UTC', nulls boolean DEFAULT false)
RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    DROP SCHEMA IF EXISTS by_hand, by_run CASCADE;
    CREATE SCHEMA by_hand;
    CREATE SCHEMA by_run;
    RETURN QUERY SELECT statement FROM sq2pg_plan(db, 'by_hand', names => names, time_zone => zone, empty_as_null => nulls,
                                                  on_orphan => 'keep') ORDER BY step;
END
$$;
CREATE FUNCTION compare.run(db text, names text DEFAULT 'keep', zone text DEFAULT 'UTC', nulls boolean DEFAULT false)
RETURNS TABLE (source text, verified boolean, made_by text, facts text) LANGUAGE plpgsql AS $$
BEGIN
    SELECT m.verified INTO verified
      FROM sq2pg_migrate(db, 'by_run', names => names, time_zone => zone, empty_as_null => nulls, on_orphan => 'keep') AS m
     WHERE m.action = 'total';
    RETURN QUERY SELECT regexp_replace(db, '.*/', ''), run.verified, d.made_by, string_agg(d.fact, ', ' ORDER BY d.fact COLLATE "C")
                   FROM compare.differences() AS d GROUP BY d.made_by ORDER BY d.made_by;
END
$$;
\set ECHO none
\pset format unaligned
\set db :srcdir '/test/fixtures/keys.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/types.db'
SELECT compare.plan(:'db', 'snake', 'Europe/Berlin')
\gexec
SELECT * FROM compare.run(:'db', 'snake', 'Europe/Berlin');
\set db :srcdir '/test/fixtures/quirks.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/names.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/identity.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/nullkeys.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/orphans.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/utf16.db'
SELECT compare.plan(:'db', nulls => true)
\gexec
SELECT * FROM compare.run(:'db', nulls => true);
\set db :srcdir '/test/fixtures/nocase.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/hostile.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/schema.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/schema_objects.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/schema_names.db'
SELECT compare.plan(:'db', 'snake')
\gexec
SELECT * FROM compare.run(:'db', 'snake');
\set db :srcdir '/test/fixtures/schema_nocase.db'
SELECT compare.plan(:'db')
\gexec
SELECT * FROM compare.run(:'db');
\set db :srcdir '/test/fixtures/demo.db'
SELECT compare.plan(:'db', nulls => true)
\gexec
SELECT * FROM compare.run(:'db', nulls => true) WHERE made_by <> 'both';
\set ECHO all
-- nothing of it is left behind
SELECT count(*) FROM pg_foreign_server WHERE srvname LIKE 'sq2pg%source';
SHOW search_path;
DROP SCHEMA by_hand, by_run, compare CASCADE;
