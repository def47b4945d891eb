/* retry: refused rows, once more */

/*
 * One refused row, with the values that were repaired: its conversion must be
 * exact now.
 */
CREATE FUNCTION sq2pg.retry_row(target text, row_data jsonb, repaired jsonb) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    names  text[] := '{}';
    items  text[] := '{}';
    c      record;
    v      record;
BEGIN
    FOR c IN SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, row_data->a.attname->>0 AS storage,
                    row_data->a.attname->>1 AS value, repaired->>a.attname AS repaired, repaired ? a.attname AS is_repaired
               FROM pg_attribute AS a
              WHERE a.attrelid = target::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                AND row_data ? a.attname
              ORDER BY a.attnum LOOP
        names := names || format('%I', c.name);
        IF c.is_repaired OR c.storage = 'POSTGRESQL' THEN
            items := items || format('%L::%s', CASE WHEN c.is_repaired THEN c.repaired ELSE c.value END, c.type);
        ELSIF c.storage = 'NULL' THEN
            items := items || format('NULL::%s', c.type);
        ELSE
            SELECT * INTO v
              FROM sq2pg.try_convert(lower(c.storage),
                                     CASE WHEN c.storage = 'BLOB' OR c.storage = 'TEXT' AND c.value ~ '^\\x([0-9a-f]{2})*$'
                                          THEN decode(substr(c.value, 3), 'hex')
                                          ELSE convert_to(c.value, 'UTF8') END, c.type);
            IF v.verdict NOT IN ('exact', 'noise') THEN
                RAISE data_exception USING MESSAGE = format('column "%s": %s', c.name, v.message);
            END IF;
            items := items || format('%L::%s', v.value, c.type);
        END IF;
    END LOOP;
    EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)', target, array_to_string(names, ', '),
                   array_to_string(items, ', '));
END
$$;
COMMENT ON FUNCTION sq2pg.retry_row(text, jsonb, jsonb) IS 'loads one refused row';

CREATE FUNCTION sq2pg_retry(run bigint)
    RETURNS TABLE (table_name text, loaded bigint, still_rejected bigint)
    LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r     record;
    good  jsonb := '{}';
    bad   jsonb := '{}';
BEGIN
    IF NOT EXISTS (SELECT FROM sq2pg.runs AS x WHERE x.run = sq2pg_retry.run) THEN
        RAISE undefined_object USING MESSAGE = format('there is no run %s', run),
            HINT = 'sq2pg.runs lists the runs of your role.';
    END IF;
    FOR r IN SELECT x.relation, x.row_data, array_agg(x.reject) AS rejects,
                    coalesce(jsonb_object_agg(x.column_name, x.repaired) FILTER (WHERE x.repaired IS NOT NULL), '{}') AS repaired
               FROM sq2pg.rejects AS x
              WHERE x.run = sq2pg_retry.run AND x.action = 'reject' AND x.loaded IS NULL
              GROUP BY x.relation, x.row_data, x.source_rowid
              ORDER BY min(x.reject) LOOP
        BEGIN
            PERFORM sq2pg.retry_row(r.relation, r.row_data, r.repaired);
            UPDATE sq2pg.rejects AS x SET loaded = clock_timestamp() WHERE x.reject = ANY (r.rejects);
            good := good || jsonb_build_object(r.relation, coalesce((good->>r.relation)::bigint, 0) + 1);
        EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
            -- it stays where it is, and the result says so
            bad := bad || jsonb_build_object(r.relation, coalesce((bad->>r.relation)::bigint, 0) + 1);
        END;
    END LOOP;
    RETURN QUERY SELECT k, coalesce((good->>k)::bigint, 0), coalesce((bad->>k)::bigint, 0)
                   FROM (SELECT jsonb_object_keys(good || bad)) AS x(k) ORDER BY k;
END
$$;
COMMENT ON FUNCTION sq2pg_retry(bigint) IS
    'loads the rows that a run refused, with the values in sq2pg.rejects.repaired; what still does not fit stays there';
