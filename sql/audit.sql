-- sq2pg_audit: pairs of plain SQL that print the same on both sides
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/audit.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA a;
-- what a statement prints in PostgreSQL
CREATE FUNCTION a.answer(statement text) RETURNS text LANGUAGE plpgsql STRICT AS $$
DECLARE
    line text;
BEGIN
    EXECUTE statement INTO line;
    RETURN line;
END
$$;
-- both answers of each pair; test/t/025_audit.pl has them from sqlite3 and psql
CREATE FUNCTION a.answers(of bigint) RETURNS TABLE (table_name text, what text, sqlite text, postgresql text) LANGUAGE sql AS $$
    SELECT p.table_name, p.what, (sq2pg.source_row(r.source, p.sqlite))[1], a.answer(p.postgresql)
      FROM sq2pg.runs AS r, sq2pg_audit(of) AS p WHERE r.run = of
$$;
CREATE FUNCTION a.last() RETURNS bigint LANGUAGE sql AS $$ SELECT max(run) FROM sq2pg.runs $$;

SELECT loaded, verified FROM sq2pg_migrate(:'db', 'a', exclude => ARRAY['bad', 'blanks']) WHERE action = 'total';
\pset format unaligned
SELECT table_name, what, sqlite AS answer FROM a.answers(a.last());
SELECT count(*) AS different FROM a.answers(a.last()) WHERE sqlite IS DISTINCT FROM postgresql;
-- the statements themselves
SELECT what, sqlite, postgresql FROM sq2pg_audit(a.last())
 WHERE table_name = 'sound' AND what ~ '"(it''s|huge|money|utc|u)|key|foreign' OR table_name = 'empty' AND what = 'NULLs';
\pset format aligned
-- a difference is seen
BEGIN;
UPDATE a.sound SET utc = utc + interval '1 hour' WHERE id = 1;
UPDATE a.parent SET key = '\x01' WHERE id = 3;
SELECT table_name, what, sqlite, postgresql FROM a.answers(a.last()) WHERE sqlite IS DISTINCT FROM postgresql;
ROLLBACK;

-- other names, other types, blanks as NULL, an expression, columns that were left out
CREATE SCHEMA b;
SELECT loaded, verified FROM sq2pg_migrate(:'db', 'b', include => ARRAY['blanks', 'sound.id', 'sound.day', 'sound.it*'], names => 'snake',
    rename => '{"blanks": "renamed", "sound.day": "the day"}', empty_as_null => true, types => '{"blanks.n": "text USING ''n'' || n"}') WHERE action = 'total';
SELECT * FROM a.answers(a.last());
DROP TABLE b.renamed;
SELECT table_name, what FROM sq2pg_audit(a.last()) WHERE sqlite IS NULL;

-- where the run changed something, the numbers differ, and none are offered
SELECT rejected FROM sq2pg_migrate(:'db', 'b', include => ARRAY['bad', 'empty'], types => '{"bad.n": "integer"}', on_bad_value => 'reject') WHERE action = 'total';
SELECT table_name, what, sqlite IS NULL AS none FROM sq2pg_audit(a.last());

-- what there is nothing to compare for
\set VERBOSITY terse
SELECT * FROM sq2pg_audit(-1);
SELECT count(*) FROM sq2pg_audit(NULL);
SELECT loaded FROM sq2pg_migrate(:'db', 'b', include => ARRAY['parent'], dry_run => true) WHERE action = 'total';
DO $$
BEGIN
    PERFORM sq2pg_audit(a.last());
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE WARNING '%', regexp_replace(sqlerrm, '\d+', 'N');
END
$$;
-- a source that has become another one
SELECT lo_from_bytea(0, pg_read_binary_file(:'db')) AS loid \gset
SELECT loaded FROM sq2pg_migrate('lo:' || :loid, 'b', include => ARRAY['parent']) WHERE action = 'total';
DO $$
DECLARE
    loid oid := (SELECT substr(source, 4)::oid FROM sq2pg.runs WHERE run = a.last());
BEGIN
    PERFORM lo_put(loid, 24, '\x0000ffff');
    PERFORM FROM sq2pg_audit(a.last());
END
$$;
SELECT lo_unlink(:loid);
-- each role its own runs, with its own right to read the source
CREATE ROLE regress_sqm_auditor;
GRANT USAGE ON SCHEMA a TO regress_sqm_auditor;
SET ROLE regress_sqm_auditor;
SELECT count(*) FROM sq2pg.runs;
SELECT sq2pg_audit(1) IS NULL;
SELECT sq2pg.source_row('/etc/passwd', 'SELECT 1');
RESET ROLE;
-- the source is only read
\set VERBOSITY sqlstate
SELECT sq2pg.source_row(:'db', 'DELETE FROM parent');
SELECT sq2pg.source_row(:'db', 'ATTACH ''/tmp/x'' AS x');
SELECT sq2pg.source_row(:'db', 'SELECT 1, NULL, ''x'', 1.5');
SELECT sq2pg.source_row(:'db', 'SELECT 1 WHERE false');
DROP SCHEMA a, b CASCADE;
DROP ROLE regress_sqm_auditor;
