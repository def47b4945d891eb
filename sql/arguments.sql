-- no function of the extension is brought down by its arguments
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
SET client_min_messages = warning;
BEGIN;
-- every one of them with nothing but NULLs, then with the emptiest values
CREATE FUNCTION pg_temp.call_all(arguments text) RETURNS TABLE (internal_error text) LANGUAGE plpgsql AS $$
DECLARE
    f record;
    list text;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS signature, quote_ident(n.nspname) || '.' || quote_ident(p.proname) AS name,
                    array_to_string(array(SELECT CASE WHEN t = 'record'::regtype THEN 'ROW()'
                                                      WHEN t = 'anyelement'::regtype THEN 'NULL::text'
                                                      WHEN arguments = 'null' THEN format('NULL::%s', t::regtype)
                                                      WHEN y.typcategory = 'A' THEN format('ARRAY[%s]::%s', e.value, t::regtype)
                                                      WHEN y.typcategory = 'N' THEN format('%s::%s', n1.value, t::regtype)
                                                      WHEN t = 'jsonb'::regtype THEN '''{}''::jsonb'
                                                      WHEN y.typcategory = 'S' THEN format('''''::%s', t::regtype)
                                                      ELSE format('NULL::%s', t::regtype) END
                                            FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, o)
                                            JOIN pg_type AS y ON y.oid = t,
                                                 (VALUES (CASE arguments WHEN 'null elements' THEN 'NULL' ELSE '' END)) AS e (value),
                                                 (VALUES (CASE arguments WHEN 'null elements' THEN '-1' ELSE '0' END)) AS n1 (value)
                                           ORDER BY o), ', ') AS list
               FROM pg_depend AS d
               JOIN pg_extension AS x ON x.oid = d.refobjid AND x.extname = 'sqlite_fdw_mig'
               JOIN pg_proc AS p ON p.oid = d.objid
               JOIN pg_namespace AS n ON n.oid = p.pronamespace
               JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'c'
              WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND p.prokind = 'f'
                AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS t WHERE t = 'internal'::regtype)
              ORDER BY p.proname COLLATE "C"
    LOOP
        BEGIN
            EXECUTE format('SELECT count(*) FROM %s(%s) AS r', f.name, f.list);
        EXCEPTION
            WHEN internal_error THEN NULL;      -- wrong numbers of things, by elog
            WHEN OTHERS THEN
                IF SQLSTATE LIKE 'XX%' THEN
                    internal_error := f.signature || ': ' || SQLERRM;
                    RETURN NEXT;
                END IF;
        END;
    END LOOP;
END $$;
SELECT * FROM pg_temp.call_all('null');
SELECT * FROM pg_temp.call_all('empty');
SELECT * FROM pg_temp.call_all('null elements');
ROLLBACK;
-- NULL where a text must be
SELECT sq2pg.keep_reject(NULL, 'r', 'c', 'v', '22000', 'm', 'null', '{}');
SELECT sq2pg.keep_reject('t', 'r', 'c', NULL, '22000', 'm', 'null', NULL);
SELECT * FROM sq2pg.profile(:'db', 'parent', ARRAY[NULL], '{}', '{}', 'UTC', false);
SELECT * FROM sq2pg.profile(:'db', 'parent', '{id}', '{1}', ARRAY[NULL], 'UTC', false);
SELECT * FROM sq2pg.key_digests(:'db', 'parent', '{id}', ARRAY[NULL], 'UTC', false);
SELECT * FROM sq2pg.source_orphans(:'db', 'parent', ARRAY[NULL], 'parent', ARRAY[NULL]);
CREATE TEMP TABLE p (id int);
SELECT loaded FROM sq2pg.load_table(:'db', 'customer', '{id}', 'p', '{id}', 'UTC', false, 'reject', 'table', 'error', NULL, '{1}', NULL, '{t}', '{x}');
SELECT loaded FROM sq2pg.load_table(:'db', 'customer', '{id}', 'p', '{id}', 'UTC', false, 'reject', 'table', 'error', NULL, '{1}', '{id}', NULL, '{x}');
SELECT loaded FROM sq2pg.load_table(:'db', 'customer', '{id}', 'p', '{id}', 'UTC', false, 'reject', 'table', 'error', NULL, '{1}', '{id}', '{t}', NULL);
DROP TABLE p;
-- lists that should be of one length
SELECT * FROM sq2pg.key_digests(:'db', 'customer', '{id,id,id}', '{int4}', 'UTC', false);
SELECT * FROM sq2pg.key_digests(:'db', 'customer', '{id}', '{}', 'UTC', false);
SELECT sq2pg.unique_names(ARRAY['a', NULL, 'a'], ARRAY[NULL]);
-- many names that are the same when they are cut
SELECT count(DISTINCT n) FROM unnest(sq2pg.unique_names((SELECT array_agg(repeat('n', 70) || i) FROM generate_series(1, 20000) AS i), '{}')) AS n;
-- nothing is left of a failed call
SELECT * FROM sq2pg_check('relative.db');
SELECT sq2pg.caller_search_path();
-- numbers at their limits
SELECT * FROM sq2pg.load_order(-2147483648, '{}', '{}');
SELECT * FROM sq2pg.load_order(1, '{2}', '{1}');
SELECT * FROM sq2pg.profile(:'db', 'parent', '{id}', '{2147483647}', '{text}', 'UTC', false);
SELECT * FROM sq2pg.profile(:'db', 'parent', '{id}', '{-2147483648}', '{text}', 'UTC', false);
SELECT sq2pg.digest_sum('', 'x');
SELECT count(*) FROM sq2pg_tables('lo:99999999999');
SELECT count(*) FROM sq2pg_tables('lo:');
SELECT count(*) FROM sq2pg_tables('lo:-1');
