/* retry: refused rows, once more */

/*
 * One value of a refused row as SQL: converted as the run did, and exactly.
 */
CREATE FUNCTION sq2pg.retry_value(column_name name, type text, storage text, value text, options jsonb) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    v record;
BEGIN
    IF storage = 'NULL' THEN
        RETURN format('NULL::%s', type);
    END IF;
    SELECT * INTO v
      FROM sq2pg.try_convert(lower(storage),
                             -- bytes, and text that could be taken for them, are in hexadecimal
                             CASE WHEN storage IN ('BLOB', 'TEXT') AND starts_with(value, '\x') THEN decode(substr(value, 3), 'hex')
                                  ELSE convert_to(value, 'UTF8') END, type,
                             options->>'time_zone', (options->>'empty_as_null')::boolean);
    IF v.verdict NOT IN ('exact', 'noise') THEN
        RAISE data_exception USING MESSAGE = format('column "%s": %s', column_name, v.message);
    END IF;
    RETURN format('%L::%s', v.value, type);
END
$$;
COMMENT ON FUNCTION sq2pg.retry_value(name, text, text, text, jsonb) IS 'a value of a refused row, as SQL';

/*
 * One refused row, with the values that were repaired, which are written as
 * PostgreSQL reads them.  Triggers run as in the run itself.
 */
CREATE FUNCTION sq2pg.retry_row(target text, row_data jsonb, repaired jsonb, options jsonb) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    names text[] := '{}';
    items text[] := '{}';
    c     record;
BEGIN
    FOR c IN SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, row_data->a.attname->>0 AS storage,
                    row_data->a.attname->>1 AS value, repaired->>a.attname AS repaired, repaired ? a.attname AS is_repaired
               FROM pg_attribute AS a
              WHERE a.attrelid = target::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                AND row_data ? a.attname
              ORDER BY a.attnum LOOP
        names := names || format('%I', c.name);
        items := items || CASE WHEN c.is_repaired THEN format('%L::%s', c.repaired, c.type)
                               WHEN c.storage = 'POSTGRESQL' THEN format('%L::%s', c.value, c.type)
                               ELSE sq2pg.retry_value(c.name, c.type, c.storage, c.value, options) END;
    END LOOP;
    PERFORM sq2pg.execute_in_caller_path(ARRAY[ROW('retry', NULL, target,
        format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)', target, array_to_string(names, ', '), array_to_string(items, ', ')),
        NULL)::sq2pg.step]);
END
$$;
COMMENT ON FUNCTION sq2pg.retry_row(text, jsonb, jsonb, jsonb) IS 'loads one refused row';

/*
 * The parameters of a run that may be retried.  What stands in the history of
 * another role is never executed, whoever can see it.
 */
CREATE FUNCTION sq2pg.retry_options(run bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    done sq2pg.runs;
BEGIN
    SELECT r.* INTO done FROM sq2pg.runs AS r WHERE r.run = retry_options.run;
    IF NOT FOUND THEN
        RAISE undefined_object USING MESSAGE = format('there is no run %s', run),
            HINT = 'sq2pg.runs lists the runs of your role.';
    ELSIF done.role_name <> current_user THEN
        RAISE insufficient_privilege USING MESSAGE = format('run %s is one of role "%s"', run, done.role_name),
            HINT = format('SET ROLE %I first.', done.role_name);
    ELSIF (done.parameters->>'dry_run')::boolean THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = format('run %s was a rehearsal', run),
            DETAIL = 'The rows beside which those that it refused belong were rolled back.',
            HINT = 'Retry the run itself, which has rejects of its own.';
    END IF;
    RETURN done.parameters;
END
$$;
COMMENT ON FUNCTION sq2pg.retry_options(bigint) IS 'parameters of a run of this role that loaded rows';

/*
 * The sequences of tables that got rows go on behind these.
 */
CREATE FUNCTION sq2pg.retry_sequences(relations text[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    s    record;
    late text;
BEGIN
    FOR s IN SELECT u.sequence_oid, array_agg(u.table_oid ORDER BY u.table_oid, u.column_number) AS tables,
                    array_agg(u.column_number ORDER BY u.table_oid, u.column_number) AS columns
               FROM unnest(relations) AS r(name)
               JOIN pg_class AS c ON c.oid = r.name::regclass
               JOIN pg_namespace AS n ON n.oid = c.relnamespace
               JOIN LATERAL sq2pg.column_sequences(n.nspname) AS u ON u.table_oid = c.oid
              WHERE sq2pg.may_move(u.sequence_oid)
              GROUP BY u.sequence_oid ORDER BY u.sequence_oid LOOP
        late := (SELECT m.late FROM sq2pg.reset_sequence(s.sequence_oid, s.tables, s.columns, NULL) AS m);
        IF late IS NOT NULL THEN
            EXECUTE late;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.retry_sequences(text[]) IS 'moves sequences behind rows that were loaded later';

CREATE FUNCTION sq2pg.retry(run bigint)
    RETURNS TABLE (table_name text, loaded bigint, still_rejected bigint)
    LANGUAGE plpgsql AS $$
DECLARE
    options jsonb := sq2pg.retry_options(run);
    r       record;
    good    jsonb := '{}';
    bad     jsonb := '{}';
BEGIN
    FOR r IN SELECT x.relation, x.row_data, array_agg(x.reject) AS rejects,
                    coalesce(jsonb_object_agg(x.column_name, x.repaired) FILTER (WHERE x.repaired IS NOT NULL), '{}') AS repaired
               FROM sq2pg.rejects AS x
              WHERE x.run = retry.run AND x.role_name = current_user AND x.action = 'reject' AND x.loaded IS NULL
              -- several values of one row; of rows that were taken out of the target each is told once, and two may be alike
              GROUP BY x.relation, x.row_data, x.source_rowid, CASE WHEN x.storage_class = 'POSTGRESQL' THEN x.reject END
              ORDER BY min(x.reject) LOOP
        BEGIN
            PERFORM sq2pg.retry_row(r.relation, r.row_data, r.repaired, options);
            UPDATE sq2pg.rejects AS x SET loaded = clock_timestamp() WHERE x.reject = ANY (r.rejects);
            good := good || jsonb_build_object(r.relation, coalesce((good->>r.relation)::bigint, 0) + 1);
        EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
            -- it stays where it is, and the result says so
            bad := bad || jsonb_build_object(r.relation, coalesce((bad->>r.relation)::bigint, 0) + 1);
        END;
    END LOOP;
    PERFORM sq2pg.retry_sequences(ARRAY(SELECT k FROM jsonb_object_keys(good) AS k ORDER BY k));
    PERFORM sq2pg.announce(NULL, NULL);
    RETURN QUERY SELECT k, coalesce((good->>k)::bigint, 0), coalesce((bad->>k)::bigint, 0)
                   FROM (SELECT jsonb_object_keys(good || bad)) AS x(k) ORDER BY k;
END
$$;
COMMENT ON FUNCTION sq2pg.retry(bigint) IS 'the work of sq2pg_retry';

CREATE FUNCTION sq2pg_retry(run bigint)
    RETURNS TABLE (table_name text, loaded bigint, still_rejected bigint)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_retry';
COMMENT ON FUNCTION sq2pg_retry(bigint) IS
    'loads the rows that a run refused, with the values in sq2pg.rejects.repaired; what still does not fit stays there';
