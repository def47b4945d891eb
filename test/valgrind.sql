-- What test/valgrind executes; :db is the directory of the sources.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
SET client_min_messages = error;
SET sqlite_fdw_mig.workers = 0;
CREATE EXTENSION sqlite_fdw_mig;
-- "ok", or "not ok" with what is otherwise
CREATE FUNCTION try(what text, statement text, expected text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    got text;
BEGIN
    BEGIN
        EXECUTE statement;
    EXCEPTION WHEN OTHERS THEN
        got := sqlstate || ' ' || sqlerrm;
    END;
    RETURN CASE WHEN coalesce(got, '') ~ coalesce('^(' || expected || ')', '^$') THEN 'ok ' ELSE 'not ok ' END || what || coalesce(': ' || got, '');
END
$$;
CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA c; CREATE SCHEMA d; CREATE SCHEMA e; CREATE SCHEMA l; CREATE SCHEMA n; CREATE SCHEMA x;
SELECT try('check', format('SELECT count(*) FROM sq2pg_check(%L, ''a'')', :'db' || '/types.db'));
SELECT try('plan', format('SELECT count(*) FROM sq2pg_plan(%L, ''a'')', :'db' || '/quirks.db'));
SELECT try('create mode: types', format('SELECT * FROM sq2pg_migrate(%L, ''a'')', :'db' || '/types.db'));
SELECT try('create mode: keys', format('SELECT * FROM sq2pg_migrate(%L, ''b'')', :'db' || '/keys.db'));
SELECT try('create mode: quirks', format('SELECT * FROM sq2pg_migrate(%L, ''c'')', :'db' || '/quirks.db'));
SELECT try('create mode: names', format('SELECT * FROM sq2pg_migrate(%L, ''n'')', :'db' || '/names.db'));
SELECT try('create mode: UTF-16', format('SELECT * FROM sq2pg_migrate(%L, ''n'')', :'db' || '/utf16.db'));
SELECT try('create mode: one process', format('SELECT * FROM sq2pg_migrate(%L, ''d'')', :'db' || '/large.db'));
SET sqlite_fdw_mig.workers = 2;
SELECT try('create mode: workers', format('SELECT * FROM sq2pg_migrate(%L, ''e'')', :'db' || '/large.db'));
SELECT try('data mode: truncate', format('SELECT * FROM sq2pg_migrate(%L, ''e'', mode => ''data'', existing => ''truncate'')', :'db' || '/large.db'));
SET sqlite_fdw_mig.workers = 0;
SELECT try('data mode: skip', format('SELECT * FROM sq2pg_migrate(%L, ''b'', mode => ''data'', existing => ''append'', on_conflict => ''skip'')', :'db' || '/keys.db'));
SELECT try('data mode: sync', format('SELECT * FROM sq2pg_sync(%L, ''e'')', :'db' || '/large.db'));
SELECT try('verify', format('SELECT * FROM sq2pg_verify(%L, ''e'')', :'db' || '/large.db'));
SELECT try('log', format('SELECT * FROM sq2pg_migrate(%L, ''x'')', :'db' || '/left_log.db'));
SELECT try('damaged log', format('SELECT * FROM sq2pg_migrate(%L, ''x'')', :'db' || '/bad_log.db'), 'XX001');
SELECT try('damaged pages', format('SELECT * FROM sq2pg_migrate(%L, ''l'')', :'db' || '/damaged.db'), 'XX001|22|HV00|23');
SELECT try('short file', format('SELECT * FROM sq2pg_migrate(%L, ''l'')', :'db' || '/short.db'), 'XX001');
SELECT try('foreign tables', format('SELECT sq2pg_attach(%L, ''f'')', :'db' || '/large.db'));
SELECT try('foreign scan', 'SELECT count(t::text) FROM f.a AS t');
SELECT try('foreign pushdown', 'SELECT count(*), max(t), sum(id) FROM f.a WHERE n > 100 AND t LIKE ''%1%'' GROUP BY ok ORDER BY 1 LIMIT 5');
SELECT try('foreign join', 'SELECT count(*) FROM f.a JOIN f.b ON b.a_id = a.id WHERE a.ok');
SELECT try('foreign types', format('SELECT sq2pg_attach(%L, ''g'')', :'db' || '/types.db'));
SELECT try('foreign values', $x$DO $do$ DECLARE r regclass; BEGIN FOR r IN SELECT oid FROM pg_class WHERE relkind = 'f' AND relnamespace = 'g'::regnamespace LOOP
    BEGIN EXECUTE format('SELECT count(t::text) FROM %s AS t', r); EXCEPTION WHEN data_exception OR fdw_error THEN NULL; END; END LOOP; END $do$$x$);
SELECT lo_from_bytea(4242, pg_read_binary_file(:'db' || '/keys.db'));
SELECT lo_from_bytea(4243, pg_read_binary_file(:'db' || '/damaged.db'));
SELECT try('upload', 'SELECT * FROM sq2pg_migrate(''lo:4242'', ''l'')');
SELECT try('damaged upload', 'SELECT * FROM sq2pg_migrate(''lo:4243'', ''l'')', 'XX001|42P07');
SELECT try('export to a file', format('SELECT sq2pg_export(%L, ''e'')', :'db' || '/out.db'));
SELECT try('export of views', 'SELECT sq2pg_export(''lo:new'', ''d'')');
SELECT try('export of types', 'SELECT sq2pg_export(''lo:new'', ''a'')');
SELECT try('report', 'SELECT count(sq2pg_report(run)) FROM sq2pg.runs');
