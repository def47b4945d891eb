--
-- What sq2pg_check foretells is what the report of a run counts, for every
-- policy
--
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA foresee;
CREATE FUNCTION foresee.compare(path text, types jsonb)
    RETURNS TABLE (on_bad_value text, on_orphan text, foretold text, counted text, equal boolean)
    LANGUAGE plpgsql AS $$
BEGIN
    FOR on_bad_value, on_orphan IN
        SELECT b, o FROM unnest(ARRAY['null', 'reject', 'repair']) AS b, unnest(ARRAY['null', 'reject']) AS o ORDER BY b, o LOOP
        SELECT string_agg(format('%s %s %s', c.table_name, c.code, c.occurrences), ', ' ORDER BY c.table_name, c.code)
          INTO foretold
          FROM sq2pg_check(path, 'foresee', types => types, on_bad_value => on_bad_value, on_orphan => on_orphan) AS c
         WHERE c.code IN ('rows_rejected', 'values_changed');
        SELECT string_agg(format('%s %s %s', m.table_name, k.code, k.n), ', ' ORDER BY m.table_name, k.code)
          INTO counted
          FROM sq2pg_migrate(path, 'foresee', types => types, on_bad_value => on_bad_value, on_orphan => on_orphan,
                             dry_run => true) AS m,
               LATERAL (VALUES ('rows_rejected', m.rejected), ('values_changed', m.changed)) AS k(code, n)
         WHERE m.table_name IS NOT NULL AND k.n > 0;
        equal := foretold IS NOT DISTINCT FROM counted;
        RETURN NEXT;
    END LOOP;
END
$$;
\set db :srcdir '/test/fixtures/misfits.db'
SELECT * FROM foresee.compare(:'db', '{"visit.code": "varchar(3)", "visit.at": "timestamp", "visit.n": "integer"}');
-- bad values in a key: the children lose their parents
SELECT * FROM foresee.compare(:'db', '{"visit.kind": "integer", "seen.since": "date"}');
\set db :srcdir '/test/fixtures/orphans.db'
SELECT on_bad_value, on_orphan, equal FROM foresee.compare(:'db', NULL);
DROP SCHEMA foresee CASCADE;
