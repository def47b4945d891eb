-- violations against real INSERTs: what is found fails, what is not does not
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/violations.db'
\set schema :srcdir '/test/schema/violations.sql'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET jit = off;
\set ECHO none
\i :schema
\set ECHO all
ALTER TABLE vi.item ALTER COLUMN since DROP NOT NULL;

-- one row after the other; an orphan may only be one that has no parent yet
CREATE FUNCTION vi.insert_all(options jsonb, tables sq2pg.data_table[]) RETURNS TABLE (table_ordinal int, place bigint, state text) LANGUAGE plpgsql AS $$
DECLARE
    t   sq2pg.data_table;
    n   bigint;
    r   bigint;
    src text;
    names text;
    again boolean := true;
    done jsonb := '{}';
BEGIN
    WHILE again LOOP
        again := false;
        FOREACH t IN ARRAY tables LOOP
            names := array_to_string((t.load).target_columns, ', ');
            src := sq2pg.rows_call(options, t.load, NULL);
            FOR n, r IN EXECUTE format('SELECT row_number, source_rowid FROM %s', src) LOOP
                CONTINUE WHEN done ? (t.table_ordinal || '.' || n);
                BEGIN
                    EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM (SELECT (s.target_row).* FROM %s AS s WHERE s.row_number = %s) AS x',
                                   (t.load).relation, names, src, n);
                    done := done || jsonb_build_object(t.table_ordinal || '.' || n, true);
                    again := true;
                EXCEPTION WHEN OTHERS THEN
                    done := done || CASE WHEN SQLSTATE = '23503' THEN '{}' ELSE jsonb_build_object(t.table_ordinal || '.' || n, SQLSTATE) END;
                END;
            END LOOP;
        END LOOP;
    END LOOP;
    FOREACH t IN ARRAY tables LOOP
        src := sq2pg.rows_call(options, t.load, NULL);
        FOR n, r IN EXECUTE format('SELECT row_number, source_rowid FROM %s', src) LOOP
            IF done->(t.table_ordinal || '.' || n) IS DISTINCT FROM 'true' THEN
                RETURN QUERY SELECT t.table_ordinal, coalesce(r, n), coalesce(done->>(t.table_ordinal || '.' || n), '23503');
            END IF;
        END LOOP;
    END LOOP;
END
$$;
SELECT vi.options(:'db', '{"on_bad_value": "reject"}') AS options \gset
CREATE TABLE vi.found AS
    SELECT n.table_ordinal, n.code, x.ordinality AS sample, p.place::bigint AS place
      FROM unnest(sq2pg.violation_notes(:'options', vi.tables(:'db'))) AS n,
           regexp_split_to_table(n.sample, '; ') WITH ORDINALITY AS x(text, ordinality),
           unnest((regexp_match(x.text, '^row(?:id)? (\d+)(?: \([^)]*\))?(?:, (\d+))?'))) AS p(place)
     WHERE n.severity = 'error' AND p.place IS NOT NULL;
CREATE TABLE vi.failed AS SELECT * FROM vi.insert_all(:'options', vi.tables(:'db'));
SELECT f.table_ordinal, f.place, f.state, string_agg(DISTINCT x.code, ', ' ORDER BY x.code) AS codes
  FROM vi.failed AS f LEFT JOIN vi.found AS x USING (table_ordinal, place) GROUP BY 1, 2, 3 ORDER BY 1, 2;
-- findings of which no row fails: none
SELECT x.* FROM vi.found AS x
 WHERE NOT EXISTS (SELECT FROM vi.found AS y JOIN vi.failed AS f USING (table_ordinal, place)
                    WHERE y.table_ordinal = x.table_ordinal AND y.code = x.code AND y.sample = x.sample);
-- (customers 4 and 5 are each other's parents, and arrive only together)
TRUNCATE vi.item, vi.person, vi.room, vi.booking, vi.customer, vi.purchase, vi.secret, vi.pair;

-- what was found is allowed: nothing is found, and everything arrives
ALTER TABLE vi.item DROP CONSTRAINT positive, DROP CONSTRAINT total, ALTER twice DROP NOT NULL;
ALTER TABLE vi.person DROP CONSTRAINT person_tenant_slug_key, DROP CONSTRAINT person_tenant_slug_note_key;
DROP INDEX vi.person_email, vi.person_slug, vi.person_inverse;
ALTER TABLE vi.booking DROP CONSTRAINT one_at_a_time, DROP CONSTRAINT any_room, DROP CONSTRAINT not_beside, DROP CONSTRAINT seat_once,
    DROP CONSTRAINT booking_room_id_fkey;
ALTER TABLE vi.customer DROP CONSTRAINT customer_boss_fkey;
ALTER TABLE vi.purchase DROP CONSTRAINT ratio, DROP CONSTRAINT full_key, DROP CONSTRAINT purchase_customer_id_fkey;
ALTER TABLE vi.purchase_1 DROP CONSTRAINT purchase_1_id_check;
CREATE TABLE vi.purchase_rest PARTITION OF vi.purchase DEFAULT;
ALTER TABLE vi.pair DROP CONSTRAINT pair_c_check, DROP CONSTRAINT pair_b_key;
SELECT n.code, n.table_ordinal, n.message FROM unnest(sq2pg.violation_notes(:'options', vi.tables(:'db'))) AS n WHERE n.code <> 'bad_value';
SELECT * FROM vi.insert_all(:'options', vi.tables(:'db'));
SELECT (SELECT count(*) FROM vi.item) AS item, (SELECT count(*) FROM vi.person) AS person, (SELECT count(*) FROM vi.booking) AS booking,
       (SELECT count(*) FROM vi.customer) AS customer, (SELECT count(*) FROM vi.purchase) AS purchase, (SELECT count(*) FROM vi.pair) AS pair;
-- a second time every key is there
SELECT n.code, n.table_ordinal, n.occurrences FROM unnest(sq2pg.violation_notes(:'options', vi.tables(:'db'))) AS n WHERE n.code <> 'bad_value';
-- but not if all is replaced, or left alone
SELECT n.code, n.table_ordinal, n.occurrences FROM unnest(sq2pg.violation_notes(:'options', vi.tables(:'db', 'replace'))) AS n WHERE n.code <> 'bad_value';
SELECT count(*) FROM unnest(sq2pg.violation_notes(:'options', vi.tables(:'db', 'unchanged'))) AS n;
DROP SCHEMA vi CASCADE;
