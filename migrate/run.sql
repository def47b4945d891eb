/*
 * run: the acts, in order, all in the caller's transaction
 */

/*
 * Executes the statements of a phase.  PostgreSQL has limits that SQLite does
 * not have (the size of an index entry, for one): a statement that it refuses
 * for such a reason is left out and told, and does not keep the data away.
 * at_once: the same in fewer statements, if there is such a way.
 */
CREATE FUNCTION sq2pg.execute_or_note(steps sq2pg.step[], kind text, at_once sq2pg.step[] DEFAULT NULL) RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    notes   sq2pg.note[] := '{}';
    message text;
BEGIN
    BEGIN
        PERFORM sq2pg.execute_steps(coalesce(at_once, steps));
        RETURN notes;
    EXCEPTION WHEN program_limit_exceeded OR data_exception OR feature_not_supported OR syntax_error
                   OR undefined_function OR undefined_object OR datatype_mismatch OR invalid_object_definition
                   OR invalid_foreign_key OR check_violation THEN
        NULL;                   -- which one it was is found out below
    END;
    FOR i IN 1 .. cardinality(steps) LOOP
        BEGIN
            PERFORM sq2pg.execute_steps(steps[i:i]);
        EXCEPTION
            WHEN check_violation THEN
                PERFORM sq2pg.execute_steps(ARRAY[ROW(steps[i].phase, steps[i].table_ordinal, steps[i].object,
                                                      steps[i].statement || ' NOT VALID', NULL)::sq2pg.step]);
                notes := notes || ROW(steps[i].table_ordinal, NULL, 'warning', kind || '_not_valid', NULL,
                                      steps[i].statement,
                                      format('%s "%s" is NOT VALID: some rows violate it', kind, steps[i].object),
                                      'Repair the rows, then run ALTER TABLE ... VALIDATE CONSTRAINT.')::sq2pg.note;
            WHEN program_limit_exceeded OR data_exception OR feature_not_supported OR syntax_error
                 OR undefined_function OR undefined_object OR datatype_mismatch OR invalid_object_definition
                 OR invalid_foreign_key THEN
                GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
                notes := notes || ROW(steps[i].table_ordinal, NULL, 'warning', kind || '_left_out', NULL,
                                      steps[i].statement,
                                      format('%s "%s" is left out: %s', kind, steps[i].object, message),
                                      NULL)::sq2pg.note;
        END;
    END LOOP;
    RETURN notes;
END
$$;
COMMENT ON FUNCTION sq2pg.execute_or_note(sq2pg.step[], text, sq2pg.step[]) IS
    'executes the statements of a phase; what PostgreSQL cannot have becomes a note';

/*
 * Keys and unique indexes.  Values that SQLite keeps apart can be equal in a
 * PostgreSQL type: two spellings of one moment, 1 and true.
 */
CREATE FUNCTION sq2pg.add_unique(steps sq2pg.step[], kind text) RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    details text;
    child   text;
BEGIN
    RETURN sq2pg.execute_or_note(steps, kind);
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS details = PG_EXCEPTION_DETAIL, child = TABLE_NAME;
    RAISE unique_violation USING
        MESSAGE = format('values of table "%s" that SQLite keeps apart are equal in PostgreSQL', child),
        DETAIL = details,
        HINT = 'Give the column a type that keeps them apart, for example types => ''{"table.column": "text"}'', or make them different in the source. sq2pg_check() lists all such keys.';
END
$$;
COMMENT ON FUNCTION sq2pg.add_unique(sq2pg.step[], text) IS 'creates keys or indexes, with a message for duplicates';

/*
 * Views: one subtransaction for the lot; if that fails, each on its own.
 * PostgreSQL may refuse what the translator believed in, and one view must
 * not keep the others from being made.
 */
CREATE FUNCTION sq2pg.create_views(options jsonb, INOUT model sq2pg.model)
    LANGUAGE plpgsql AS $$
DECLARE
    steps   sq2pg.step[];
    views   sq2pg.view_plan[];
    message text;
BEGIN
    model := sq2pg.translate_views(options, model);
    steps := (SELECT sq2pg.view_steps(model));
    BEGIN
        PERFORM sq2pg.execute_steps(steps);
        RETURN;
    EXCEPTION WHEN syntax_error_or_access_rule_violation OR feature_not_supported OR data_exception THEN
        NULL;                   -- which one it was is found out below
    END;
    views := model.views;
    FOR i IN 1 .. cardinality(steps) LOOP
        BEGIN
            PERFORM sq2pg.execute_steps(steps[i:i]);
        EXCEPTION WHEN syntax_error_or_access_rule_violation OR feature_not_supported OR data_exception THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
            FOR k IN 1 .. cardinality(views) LOOP
                IF views[k].target_name = steps[i].object THEN
                    views[k].problem := format('PostgreSQL does not accept its translation: %s', message);
                END IF;
            END LOOP;
        END;
    END LOOP;
    model.views := views;
END
$$;
COMMENT ON FUNCTION sq2pg.create_views(jsonb, sq2pg.model) IS 'creates the views of a model as far as PostgreSQL accepts them';

/*
 * Everything that comes after the rows.
 */
CREATE FUNCTION sq2pg.finish_tables(options jsonb, model sq2pg.model, expressions sq2pg.expression[],
                                    INOUT results sq2pg.load_result[], OUT notes sq2pg.note[])
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    null_columns int[] := ARRAY(SELECT DISTINCT n.id FROM unnest(results) AS r, unnest(r.null_columns) AS n(id));
BEGIN
    model.notes := (SELECT model.notes || sq2pg.add_unique(sq2pg.key_steps(model, null_columns), 'key'));
    model.notes := (SELECT model.notes || sq2pg.execute_or_note(sq2pg.check_steps(model, expressions), 'check',
                                                                sq2pg.checks_at_once(model, expressions)));
    model.notes := (SELECT model.notes || sq2pg.add_unique(sq2pg.index_steps(model, expressions), 'index'));
    IF options->>'on_orphan' IN ('null', 'reject') THEN
        results := sq2pg.treat_orphans(options, model, expressions, results);
    END IF;
    IF cardinality(model.foreign_keys) > 0 THEN
        model := sq2pg.add_foreign_keys(options, model);
    END IF;
    PERFORM sq2pg.execute_steps(sq2pg.identity_steps(options, model));
    IF cardinality(model.views) > 0 THEN
        model := sq2pg.create_views(options, model);
    END IF;
    PERFORM sq2pg.execute_steps(sq2pg.comment_steps(model, sq2pg.sort_notes(model.notes)));
    PERFORM sq2pg.execute_steps(sq2pg.analyze_steps(model));
    PERFORM sq2pg.execute_steps(sq2pg.owner_steps(model, (options->>'owner')::name));
    notes := (SELECT model.notes || sq2pg.key_notes(model, null_columns));
    notes := (SELECT notes || sq2pg.view_notes(model));
    notes := (SELECT notes || sq2pg.identity_notes(options, model));
END
$$;
COMMENT ON FUNCTION sq2pg.finish_tables(jsonb, sq2pg.model, sq2pg.expression[], sq2pg.load_result[]) IS
    'keys, checks, indexes, foreign keys, identities, views, statistics, owner';

CREATE TYPE sq2pg.report_row AS (
    table_name  text,
    action      text,
    source_rows bigint,
    loaded      bigint,
    skipped     bigint,
    rejected    bigint,
    changed     bigint,
    next_id     bigint,
    verified    boolean,
    ms          bigint,
    notes       text);

/*
 * The last column of the report: table_ordinal -> the messages of its notes.
 */
CREATE FUNCTION sq2pg.table_remarks(notes sq2pg.note[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(n.table_ordinal, n.text), '{}')
      FROM (SELECT x.table_ordinal, string_agg(x.message, '; ') AS text
              FROM unnest(notes) AS x
             WHERE x.table_ordinal IS NOT NULL GROUP BY x.table_ordinal) AS n
$$;
COMMENT ON FUNCTION sq2pg.table_remarks(sq2pg.note[]) IS 'what the report says about each table';

/*
 * What the history keeps of a verified table.
 */
CREATE FUNCTION sq2pg.digest_entry(table_name text, target_rows bigint, digest text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN digest IS NULL THEN '{}'
                ELSE jsonb_build_object(table_name, jsonb_build_object('rows', target_rows, 'digest', digest)) END
$$;
COMMENT ON FUNCTION sq2pg.digest_entry(text, bigint, text) IS 'rows and digest of one table, for sq2pg.runs';

/*
 * One object out of many, at once: to add them one by one would copy all that
 * is there already each time.
 */
CREATE FUNCTION sq2pg.join_objects(objects jsonb[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}') FROM unnest(objects) AS o, jsonb_each(o) AS e
$$;
COMMENT ON FUNCTION sq2pg.join_objects(jsonb[]) IS 'the entries of all objects as one';

/*
 * Compares every table and makes its row of the report.  all_loads are those
 * with generated columns, NULL: there are none; next and remarks are by
 * table_ordinal: the next id, and what the report says.  A difference ends
 * the run, and with it everything that it did.
 */
CREATE FUNCTION sq2pg.verify_and_report(options jsonb, loads sq2pg.step[], all_loads sq2pg.step[], next jsonb, remarks jsonb,
                                        results sq2pg.load_result[], OUT rows sq2pg.report_row[], OUT digests jsonb)
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    failed  text[] := '{}';
    entries jsonb[] := '{}';
    s       sq2pg.step;
    whole   sq2pg.load;
    r       sq2pg.load_result;
    v       record;
    started timestamptz;
BEGIN
    rows := '{}';
    FOR i IN 1 .. cardinality(loads) LOOP
        s := loads[i];
        started := clock_timestamp();
        r := results[s.table_ordinal];
        whole := coalesce(all_loads[i].load, s.load);
        PERFORM sq2pg.announce('verify', s.object);
        -- what stands for a changed row is known for the loaded columns only
        SELECT * INTO v
          FROM sq2pg.verify_table(options, sq2pg.comparable(CASE WHEN r.exceptions = '{}' AND r.orphans = 0 AND r.changed = 0
                                             THEN whole ELSE s.load END),
                                  r.exceptions, r.rejected, r.stored, r.orphans, r.removed, r.source_rows,
                                  -- those that PostgreSQL computes were not read
                                  CASE WHEN whole.target_columns = (s.load).target_columns THEN r.digest END);
        IF NOT v.matches THEN
            failed := failed || format('Table "%s": %s.', s.object, v.detail);
        END IF;
        entries := entries || sq2pg.digest_entry(s.object, v.target_rows, v.digest);
        rows := rows || ROW(s.object, 'create', r.source_rows, coalesce(v.target_rows, r.loaded), 0,
                            r.rejected + r.orphans, r.changed,
                            (next->>s.table_ordinal::text)::bigint, coalesce(v.matches, false),
                            r.ms + (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint,
                            nullif(concat_ws('; ', remarks->>s.table_ordinal::text,
                                             'binary noise removed from ' || nullif(r.noise, 0) || ' values',
                                             'decoded by one process: ' || r.alone), '')
                           )::sq2pg.report_row;
    END LOOP;
    IF cardinality(failed) > 0 THEN
        RAISE data_corrupted USING
            MESSAGE = 'verification failed: PostgreSQL does not hold what SQLite holds',
            DETAIL = array_to_string(failed, E'\n'),
            HINT = 'Nothing was migrated. This should not happen: please report it with the schema of the table.';
    END IF;
    digests := sq2pg.join_objects(entries);
END
$$;
COMMENT ON FUNCTION sq2pg.verify_and_report(jsonb, sq2pg.step[], sq2pg.step[], jsonb, jsonb, sq2pg.load_result[]) IS
    'compares all tables with their source and reports';

CREATE FUNCTION sq2pg.total_row(rows sq2pg.report_row[], started timestamptz, all_notes sq2pg.note[]) RETURNS sq2pg.report_row
    LANGUAGE sql AS $$
    SELECT ROW(NULL, 'total', coalesce(sum(r.source_rows), 0), coalesce(sum(r.loaded), 0), coalesce(sum(r.skipped), 0),
               coalesce(sum(r.rejected), 0), coalesce(sum(r.changed), 0), NULL, coalesce(bool_and(r.verified), true),
               (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint,
               (SELECT string_agg(s.text, '; ' ORDER BY s.code)
                  FROM (SELECT n.code, CASE WHEN count(*) <= 3 THEN string_agg(n.message, '; ')
                                            ELSE format('%s %ss are %s (sq2pg.runs names them)', count(*),
                                                        split_part(n.code, '_', 1),
                                                        replace(substr(n.code, strpos(n.code, '_') + 1), '_', ' ')) END AS text
                          FROM unnest(all_notes) AS n
                         WHERE n.table_ordinal IS NULL AND n.severity <> 'note' GROUP BY n.code) AS s)
              )::sq2pg.report_row
      FROM unnest(rows) AS r
$$;
COMMENT ON FUNCTION sq2pg.total_row(sq2pg.report_row[], timestamptz, sq2pg.note[]) IS 'last row of a report';

/*
 * What the run leaves in the history.  digests: by table, its rows and the
 * digest that both sides have.
 */
CREATE FUNCTION sq2pg.record_run(options jsonb, rows sq2pg.report_row[], all_notes sq2pg.note[],
                                 digests jsonb DEFAULT NULL) RETURNS bigint
    LANGUAGE sql AS $$
    INSERT INTO sq2pg.runs (source, target_schema, source_facts, versions, parameters, tables, notes, digests)
    SELECT options->>'source', options->>'target_schema', sq2pg.source_facts(options->>'source'),
           jsonb_build_object('extension', sq2pg_version(), 'postgresql', version()),
           options - 'source' - 'target_schema',
           (SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') FROM unnest(rows) AS r),
           (SELECT coalesce(jsonb_agg(to_jsonb(n)), '[]') FROM unnest(all_notes) AS n), digests
    RETURNING run
$$;
COMMENT ON FUNCTION sq2pg.record_run(jsonb, sq2pg.report_row[], sq2pg.note[], jsonb) IS 'adds a run to the history';

/*
 * Refused and changed values go to sq2pg.rejects under their run.
 */
CREATE FUNCTION sq2pg.record_rejects(run bigint) RETURNS bigint
    LANGUAGE sql AS $$
    WITH added AS (
        INSERT INTO sq2pg.rejects (run, source_table, relation, source_rowid, key, column_name, storage_class, value,
                                   sqlstate, message, action, row_data)
        SELECT record_rejects.run, r.source_table, r.relation, r.source_rowid, sq2pg.reject_key(r.relation, r.row_data),
               r.column_name, r.storage_class, r.value, r.sqlstate, r.message, r.action, r.row_data
          FROM (SELECT x.*, max(x.load) OVER (PARTITION BY x.relation) AS last_load
                  FROM sq2pg.take_rejects() WITH ORDINALITY AS x) AS r
         -- a table that was made and loaded again counts once; 0 was found after
         WHERE r.load IN (0, r.last_load)
         ORDER BY r.ordinality
        RETURNING 1)
    SELECT count(*) FROM added
$$;
COMMENT ON FUNCTION sq2pg.record_rejects(bigint) IS 'adds what a run refused or changed to sq2pg.rejects';

/*
 * Two runs into one schema: the second waits, and then sees what the first
 * has made instead of colliding with it in the system catalogs.
 */
CREATE FUNCTION sq2pg.lock_schema(schema_name name) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    class CONSTANT int := 5395793;          -- "SQM"
    schema_id int := to_regnamespace(quote_ident(schema_name))::oid::bigint::bit(32)::int;
BEGIN
    IF NOT pg_try_advisory_xact_lock(class, schema_id) THEN
        PERFORM sq2pg.announce('wait for schema', schema_name);
        RAISE NOTICE 'waiting for another migration into schema "%"', schema_name;
        PERFORM pg_advisory_xact_lock(class, schema_id);
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.lock_schema(name) IS 'one migration into a schema at a time';

/*
 * The run itself, in its mode.  "sequences" are statements that no rollback
 * could undo: for the very end.  The model of a large schema takes many
 * megabytes, and every function that it is handed to has its own copy: so
 * there is one here, given up where another takes its place.
 */
CREATE FUNCTION sq2pg.run_in_mode(options jsonb, OUT rows sq2pg.report_row[], OUT notes sq2pg.note[], OUT digests jsonb,
                                  OUT sequences text[])
    LANGUAGE plpgsql AS $$
DECLARE
    started  timestamptz := clock_timestamp();
    mode     text;
    chosen   record;
    model    sq2pg.model;
    filled   record;
    finished record;
    loads    sq2pg.step[];
    all_loads sq2pg.step[];
    next     jsonb;
    dropped  text[];
BEGIN
    SELECT * INTO chosen FROM sq2pg.prepare_run(options);
    RAISE NOTICE 'mode "%": %', chosen.mode, chosen.reason;
    mode := chosen.mode;
    options := chosen.options;
    model := chosen.model;
    chosen := NULL;
    IF mode = 'data' THEN
        SELECT r.rows, r.notes, r.digests, r.sequences INTO rows, notes, digests, sequences
          FROM sq2pg.run_data(options, model) AS r;
        RETURN;
    END IF;
    rows := '{}';
    sequences := '{}';
    model.notes := (SELECT model.notes || sq2pg.object_notes(options, model));
    PERFORM sq2pg.raise_problems(model.schema_name, sq2pg.drop_notes(options, model));
    dropped := (SELECT sq2pg.dropped_views(options, model));
    PERFORM sq2pg.execute_steps(sq2pg.drop_steps(options, model));
    IF model.tables IS NOT NULL THEN
        PERFORM sq2pg.check_limits(model);
        SELECT * INTO filled FROM sq2pg.fill_tables(options, model);
        model := NULL;
        SELECT * INTO finished FROM sq2pg.finish_tables(options, filled.model, filled.expressions, filled.results);
        model := filled.model;
        filled.model := NULL;
        model.notes := (SELECT sq2pg.sort_notes(finished.notes));
        SET CONSTRAINTS ALL IMMEDIATE;
        loads := (SELECT sq2pg.load_steps(model, filled.expressions));
        IF EXISTS (SELECT FROM unnest(filled.expressions) AS e WHERE e.kind = 'generated') THEN
            all_loads := (SELECT sq2pg.load_steps(model, NULL));    -- these columns are compared too
        END IF;
        next := (SELECT coalesce(jsonb_object_agg(n.table_ordinal, n.next_id), '{}') FROM sq2pg.next_ids(options, model) AS n);
        notes := model.notes;
        model := NULL;
        SELECT v.rows, v.digests INTO rows, digests
          FROM sq2pg.verify_and_report(options, loads, all_loads, next, (SELECT sq2pg.table_remarks(notes)), finished.results) AS v;
    ELSE
        notes := model.notes;
    END IF;
    PERFORM sq2pg.raise_problems(options->>'target_schema', sq2pg.lost_view_notes(
                ARRAY(SELECT x.name FROM unnest(dropped) WITH ORDINALITY AS x(name, n)
                       WHERE to_regclass(format('%I.%I', options->>'target_schema', x.name)) IS NULL ORDER BY x.n)));
    rows := (SELECT rows || sq2pg.total_row(rows, started, notes));
    PERFORM sq2pg.announce(NULL, NULL);
END
$$;
COMMENT ON FUNCTION sq2pg.run_in_mode(jsonb) IS 'creates a schema, or loads into one';

CREATE FUNCTION sq2pg.migrate(
    source text, target_schema name, mode text, include text[], exclude text[], rename jsonb, existing text,
    types jsonb, names text, on_bad_value text, on_conflict text, on_orphan text, empty_as_null boolean,
    time_zone text, triggers text, owner name, add_missing boolean, verify text, dry_run boolean)
    RETURNS SETOF sq2pg.report_row
    LANGUAGE plpgsql AS $$
DECLARE
    options jsonb := sq2pg.make_options(source, target_schema, mode, include, exclude, rename, existing, types, names,
                                        on_bad_value, on_conflict, on_orphan, empty_as_null, time_zone, triggers,
                                        owner, add_missing, verify, dry_run);
    result  record;
    late    text;
    run     bigint;
    logged  bigint;
BEGIN
    PERFORM sq2pg.forget_rejects();
    PERFORM sq2pg.lock_schema(target_schema);
    IF NOT dry_run THEN
        SELECT * INTO result FROM sq2pg.run_in_mode(options);
        FOREACH late IN ARRAY result.sequences LOOP
            EXECUTE late;
        END LOOP;
    ELSE
        BEGIN
            SELECT * INTO result FROM sq2pg.run_in_mode(options);
            RAISE triggered_action_exception USING MESSAGE = 'rehearsal';
        EXCEPTION WHEN triggered_action_exception THEN
            -- only our own exception ends a rehearsal well
            IF result IS NULL THEN
                RAISE;
            END IF;
            RAISE NOTICE 'rehearsal: everything was rolled back';
        END;
    END IF;
    -- a rehearsal is history too: what it would have refused can be looked at
    run := (SELECT sq2pg.record_run(options, result.rows, result.notes, nullif(result.digests, '{}')));
    logged := (SELECT sq2pg.record_rejects(run));
    IF logged > 0 THEN
        RAISE NOTICE '% values were refused or changed', logged
            USING HINT = 'They are listed in sq2pg.rejects.';
    END IF;
    RETURN QUERY SELECT r.* FROM unnest(result.rows) AS r;
END
$$;
COMMENT ON FUNCTION sq2pg.migrate(text, name, text, text[], text[], jsonb, text, jsonb, text, text, text, text, boolean, text, text, name, boolean, text, boolean) IS
    'the work of sq2pg_migrate';

CREATE FUNCTION sq2pg_migrate(
    source text, target_schema name DEFAULT NULL, mode text DEFAULT 'auto', include text[] DEFAULT NULL,
    exclude text[] DEFAULT NULL, rename jsonb DEFAULT NULL, existing text DEFAULT 'error', types jsonb DEFAULT NULL,
    names text DEFAULT 'keep', on_bad_value text DEFAULT 'error', on_conflict text DEFAULT 'error',
    on_orphan text DEFAULT 'error', empty_as_null boolean DEFAULT false, time_zone text DEFAULT 'UTC',
    triggers text DEFAULT 'fire', owner name DEFAULT NULL, add_missing boolean DEFAULT false,
    verify text DEFAULT 'content', dry_run boolean DEFAULT false)
    RETURNS TABLE (table_name text, action text, source_rows bigint, loaded bigint, skipped bigint, rejected bigint,
                   changed bigint, next_id bigint, verified boolean, ms bigint, notes text)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_migrate';
COMMENT ON FUNCTION sq2pg_migrate(text, name, text, text[], text[], jsonb, text, jsonb, text, text, text, text, boolean, text, text, name, boolean, text, boolean) IS
    'moves a SQLite database into a schema of this database, verified row by row, in one transaction';
