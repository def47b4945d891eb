/*
 * run: the acts, in order, all in the caller's transaction
 */

CREATE TYPE sq2pg.load_result AS (
    table_ordinal int,
    source_rows   bigint,
    loaded        bigint,
    noise         bigint,
    changed       bigint,       -- values
    rejected      bigint,       -- rows
    exceptions    bigint[],
    stored        text,
    orphans       bigint,       -- rows taken out again
    removed       text,         -- their digest, and that of rows that were changed
    null_columns  int[],
    ms            bigint);

/*
 * What a table's misfits are, as the detail of an error.
 */
CREATE FUNCTION sq2pg.describe_misfits(table_name text, misfits jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('Column "%s"."%s" (%s): %s values, such as %s.', table_name, m->>'column', m->>'type',
                             m->>'count', e.examples), E'\n')
      FROM jsonb_array_elements(misfits) AS m,
           LATERAL (SELECT string_agg(concat_ws(' ', 'rowid ' || (x->>'rowid') || ':', x->>'storage', x->>'value',
                                                '(' || (x->>'message') || ')'), '; ')
                      FROM jsonb_array_elements(m->'examples') AS x) AS e(examples)
$$;
COMMENT ON FUNCTION sq2pg.describe_misfits(text, jsonb) IS 'misfits of a table for people';

/*
 * Loads a table some of whose columns are made by expressions of the caller's:
 * by the statement of the plan, through a foreign table that is gone after.
 */
CREATE FUNCTION sq2pg.load_by_statement(options jsonb, model sq2pg.model, step sq2pg.step) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    staging name := sq2pg.staging_name();
    loaded  bigint;
BEGIN
    EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database %L, time_zone %L, empty_as_null %L)',
                   staging, options->>'source', options->>'time_zone', options->>'empty_as_null');
    EXECUTE format('CREATE SCHEMA %I', staging);
    EXECUTE (SELECT s.statement FROM unnest(sq2pg.staging_steps(model)) AS s WHERE s.table_ordinal = step.table_ordinal);
    PERFORM set_config('search_path', sq2pg.caller_search_path(), true);
    EXECUTE step.statement;
    GET DIAGNOSTICS loaded = ROW_COUNT;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    EXECUTE format('DROP FOREIGN TABLE %I.%I', staging, step.object);
    EXECUTE format('DROP SCHEMA %I', staging);
    EXECUTE format('DROP SERVER %I', staging);
    RETURN loaded;
END
$$;
COMMENT ON FUNCTION sq2pg.load_by_statement(jsonb, sq2pg.model, sq2pg.step) IS 'loads a table by INSERT ... SELECT';

/*
 * Loads one table.  Its declared types are believed until a value proves them
 * wrong; "misfits" is NULL once the table is complete.
 */
CREATE FUNCTION sq2pg.load_one(options jsonb, step sq2pg.step, place int, tables int, policy text,
                               OUT result sq2pg.load_result, OUT misfits jsonb)
    LANGUAGE plpgsql AS $$
DECLARE
    load    sq2pg.load := step.load;
    outcome record;
    started timestamptz := clock_timestamp();
BEGIN
    PERFORM sq2pg.announce('load', step.object, place, tables,
                           CASE WHEN load.has_rowid
                                THEN sq2pg.source_max(options->>'source', load.source_table, 'rowid') END);
    SELECT * INTO outcome
      FROM sq2pg.load_table(options->>'source', load.source_table, load.source_columns, load.relation::regclass,
                            load.target_columns, options->>'time_zone', (options->>'empty_as_null')::boolean,
                            policy);
    misfits := outcome.misfits;
    result := ROW(step.table_ordinal, outcome.source_rows, outcome.loaded, outcome.noise,
                  outcome.changed, outcome.rejected, outcome.exceptions, outcome.stored, 0, repeat('0', 32),
                  ARRAY(SELECT n.id FROM unnest(load.column_ids, outcome.nulls) AS n(id, nulls) WHERE n.nulls > 0),
                  (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint);
END
$$;
COMMENT ON FUNCTION sq2pg.load_one(jsonb, sq2pg.step, int, int, text) IS 'loads one table and says how it went';

/*
 * Executes the statements of a phase.
 */
CREATE FUNCTION sq2pg.execute_steps(steps sq2pg.step[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    s sq2pg.step;
BEGIN
    FOREACH s IN ARRAY steps LOOP
        PERFORM sq2pg.announce(s.phase, s.object);
        EXECUTE s.statement;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.execute_steps(sq2pg.step[]) IS 'executes the statements of a phase, one by one';

/*
 * Executes the statements of a phase.  PostgreSQL has limits that SQLite does
 * not have (the size of an index entry, for one): a statement that it refuses
 * for such a reason is left out and told, and does not keep the data away.
 */
CREATE FUNCTION sq2pg.execute_or_note(steps sq2pg.step[], kind text) RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    notes   sq2pg.note[] := '{}';
    message text;
BEGIN
    BEGIN
        PERFORM sq2pg.execute_steps(steps);
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
                EXECUTE steps[i].statement || ' NOT VALID';
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
COMMENT ON FUNCTION sq2pg.execute_or_note(sq2pg.step[], text) IS
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
 * The rows of one table that refer to no parent by one foreign key: taken out,
 * or their reference set to NULL.  Says how many, and what that does to the
 * digest of the table.
 */
CREATE FUNCTION sq2pg.treat_orphans_of(load sq2pg.load, parent text, child_columns text[], parent_columns text[],
                                       nullable text[], policy text,
                                       OUT treated bigint, OUT gone bigint, OUT removed text, OUT added text)
    LANGUAGE plpgsql AS $$
DECLARE
    set_null  boolean := policy = 'null' AND nullable <> '{}';
    condition text := (SELECT string_agg(format('c.%I IS NOT NULL', x), ' AND ') FROM unnest(child_columns) AS x)
        || format(' AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)', parent,
                  (SELECT string_agg(format('p.%I = c.%I', y, x), ' AND ')
                     FROM unnest(child_columns, parent_columns) AS k(x, y)));
    columns   text := (SELECT string_agg(format('c.%I', x), ', ' ORDER BY n)
                         FROM unnest(load.target_columns) WITH ORDINALITY AS k(x, n));
    message   text := format('no row of %s has this key', parent);
    value     text := (SELECT string_agg(format('c.%I::text', x), ' || '', '' || ') FROM unnest(child_columns) AS x);
BEGIN
    EXECUTE format(
        'SELECT count(*), coalesce(sq2pg.digest_total(d.digest), repeat(''0'', 32))
           FROM (SELECT sq2pg.row_digest(ROW(%s)) AS digest,
                        sq2pg.keep_reject($1, $2, $3, %s, ''23503'', $4, $5, sq2pg.row_data(to_jsonb(c)))
                   FROM %s AS c WHERE %s OFFSET 0) AS d', columns, value, load.relation, condition)
       INTO treated, removed
      USING load.source_table, load.relation, child_columns[1], message, CASE WHEN set_null THEN 'null' ELSE 'reject' END;
    gone := CASE WHEN set_null THEN 0 ELSE treated END;
    added := repeat('0', 32);
    IF treated = 0 THEN
        RETURN;
    END IF;
    IF NOT set_null THEN
        EXECUTE format('DELETE FROM %s AS c WHERE %s', load.relation, condition);
        RETURN;
    END IF;
    EXECUTE format('WITH changed AS (UPDATE %s AS c SET %s WHERE %s RETURNING sq2pg.row_digest(ROW(%s)) AS digest)
                    SELECT sq2pg.digest_total(digest) FROM changed', load.relation,
                   (SELECT string_agg(format('%I = NULL', x), ', ') FROM unnest(nullable) AS x), condition, columns)
       INTO added;
END
$$;
COMMENT ON FUNCTION sq2pg.treat_orphans_of(sq2pg.load, text, text[], text[], text[], text) IS
    'takes out rows without parent, or sets their reference to NULL';

/*
 * All orphans, until there are no more: a row that is taken out leaves its own
 * children without parent.
 */
CREATE FUNCTION sq2pg.treat_orphans(options jsonb, model sq2pg.model, expressions sq2pg.expression[],
                                    results sq2pg.load_result[]) RETURNS sq2pg.load_result[]
    LANGUAGE plpgsql AS $$
DECLARE
    loads    sq2pg.step[] := sq2pg.load_steps(model, expressions);
    tables   sq2pg.table_plan[] := model.tables;
    columns  sq2pg.column_plan[] := model.columns;
    f        sq2pg.foreign_key_plan;
    load     sq2pg.load;
    r        sq2pg.load_result;
    t        record;
    again    boolean := true;
BEGIN
    WHILE again LOOP
        again := false;
        FOREACH f IN ARRAY model.foreign_keys LOOP
            CONTINUE WHEN f.problem IS NOT NULL;
            load := loads[tables[f.table_ordinal].rank].load;
            SELECT * INTO t
              FROM sq2pg.treat_orphans_of(
                       load, format('%I.%I', model.schema_name, tables[f.parent_ordinal].target_name),
                       ARRAY(SELECT columns[x.id].target_name FROM unnest(f.columns) WITH ORDINALITY AS x(id, n) ORDER BY x.n),
                       ARRAY(SELECT columns[x.id].target_name FROM unnest(f.parent_columns) WITH ORDINALITY AS x(id, n) ORDER BY x.n),
                       ARRAY(SELECT columns[x.id].target_name FROM unnest(f.columns) AS x(id)
                              WHERE NOT columns[x.id].not_null AND columns[x.id].pk_position IS NULL),
                       options->>'on_orphan');
            CONTINUE WHEN t.treated = 0;
            r := results[f.table_ordinal];
            r.orphans := r.orphans + t.gone;
            r.changed := r.changed + t.treated - t.gone;
            r.removed := sq2pg.digest_difference(sq2pg.digest_sum(r.removed, t.removed), t.added);
            results[f.table_ordinal] := r;
            again := again OR t.gone > 0;
        END LOOP;
    END LOOP;
    RETURN results;
END
$$;
COMMENT ON FUNCTION sq2pg.treat_orphans(jsonb, sq2pg.model, sq2pg.expression[], sq2pg.load_result[]) IS
    'applies on_orphan to all tables';

/*
 * Foreign keys, one by one, after one of them was violated.  All that fail
 * are told together: one run should be enough to know every orphan.
 */
CREATE FUNCTION sq2pg.add_violated_foreign_keys(options jsonb, INOUT model sq2pg.model)
    LANGUAGE plpgsql AS $$
DECLARE
    valid     sq2pg.step[] := sq2pg.foreign_key_steps(model, '{}');
    not_valid sq2pg.step[] := sq2pg.foreign_key_steps(
                  model, ARRAY(SELECT generate_series(1::bigint, cardinality(model.foreign_keys))));
    keep      boolean := options->>'on_orphan' = 'keep';
    failures  text[] := '{}';
    details   text;
    child     text;
BEGIN
    FOR i IN 1 .. cardinality(valid) LOOP
        BEGIN
            PERFORM sq2pg.execute_steps(valid[i:i]);
        EXCEPTION WHEN foreign_key_violation THEN
            GET STACKED DIAGNOSTICS details = PG_EXCEPTION_DETAIL, child = TABLE_NAME;
            failures := failures || format('Table "%s", constraint "%s": %s', child, valid[i].object, details);
            IF keep THEN
                PERFORM sq2pg.execute_steps(not_valid[i:i]);
                model.notes := model.notes
                    || ROW(valid[i].table_ordinal, NULL, 'warning', 'orphans_kept', NULL, details,
                           format('foreign key "%s" is NOT VALID: some rows have no parent', valid[i].object),
                           NULL)::sq2pg.note;
            END IF;
        WHEN invalid_foreign_key OR datatype_mismatch OR undefined_function THEN
            -- its key could not be made
            GET STACKED DIAGNOSTICS details = MESSAGE_TEXT;
            model.notes := model.notes
                || ROW(valid[i].table_ordinal, NULL, 'warning', 'foreign_key_left_out', NULL, valid[i].statement,
                       format('foreign key "%s" is left out: %s', valid[i].object, details), NULL)::sq2pg.note;
        END;
    END LOOP;
    IF cardinality(failures) > 0 AND NOT keep THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'rows of the source refer to parents that do not exist',
            DETAIL = array_to_string(failures, E'\n'),
            HINT = 'SQLite enforces foreign keys only where the application asked for it. Repair the source, or choose on_orphan => ''null'', ''reject'', or ''keep'', which leaves these foreign keys NOT VALID. sq2pg_check() counts such rows.';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.add_violated_foreign_keys(jsonb, sq2pg.model) IS 'adds foreign keys of which some have orphans';

/*
 * Foreign keys.  Most sources have no orphans: all in one subtransaction,
 * since thousands of these take quadratic time in the relation cache.
 */
CREATE FUNCTION sq2pg.add_foreign_keys(options jsonb, INOUT model sq2pg.model)
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sq2pg.execute_steps(sq2pg.foreign_key_steps(model, '{}'));
EXCEPTION WHEN foreign_key_violation OR invalid_foreign_key OR datatype_mismatch OR undefined_function THEN
    model := sq2pg.add_violated_foreign_keys(options, model);
END
$$;
COMMENT ON FUNCTION sq2pg.add_foreign_keys(jsonb, sq2pg.model) IS 'adds the foreign keys of a model';

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
    steps := sq2pg.view_steps(model);
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
 * Types are changed for a whole table at once, while it is empty, by making it
 * again: then the statements of the run are those of the plan.
 */
CREATE FUNCTION sq2pg.remake_tables(creates sq2pg.step[], loads sq2pg.step[], ordinals int[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(creates) LOOP
        IF creates[i].table_ordinal = ANY (ordinals) THEN
            EXECUTE 'DROP TABLE ' || loads[i].load.relation;
            EXECUTE creates[i].statement;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.remake_tables(sq2pg.step[], sq2pg.step[], int[]) IS 'drops and creates tables whose types changed';

/*
 * Creates and loads all tables.  At the first misfit of a table its whole
 * content is profiled, the types are chosen anew (of tables that foreign keys
 * join to it as well), and what changed is made and loaded again.
 */
CREATE FUNCTION sq2pg.fill_tables(options jsonb, INOUT model sq2pg.model, OUT expressions sq2pg.expression[],
                                  OUT results sq2pg.load_result[])
    LANGUAGE plpgsql AS $$
DECLARE
    creates   sq2pg.step[];
    loads     sq2pg.step[];
    profiles  sq2pg.column_profile[];
    profiled  int[];
    pending   int[];            -- ranks of tables that are not complete
    step      sq2pg.step;
    before    sq2pg.column_plan[];
    changed   int[];
    failures  text[] := '{}';
    loaded    bigint;
    one       record;
BEGIN
    -- where the declaration says nothing there is nothing to believe
    profiled := ARRAY(SELECT DISTINCT c.table_ordinal FROM unnest(model.columns) AS c
                       WHERE c.dynamic OR c.using_text IS NOT NULL);
    profiles := sq2pg.profile_tables(options, model, profiled);
    model.columns := sq2pg.choose_types(model.columns, model.foreign_keys, profiles);
    model := sq2pg.name_relations(model, sq2pg.taken_names(model.schema_name));
    model.foreign_keys := coalesce(sq2pg.name_foreign_keys(model.foreign_keys, model.keys, model.tables,
                                                           model.columns), '{}');
    expressions := sq2pg.translate_expressions(model);
    creates := sq2pg.create_steps(model, expressions);
    loads := sq2pg.load_steps(model, expressions);
    PERFORM sq2pg.execute_steps(creates);

    -- loads[i] is the table of rank i
    pending := ARRAY(SELECT generate_series(1, cardinality(loads)));
    results := array_fill(NULL::sq2pg.load_result, ARRAY[cardinality(loads)]);
    WHILE cardinality(pending) > 0 LOOP
        step := loads[pending[1]];
        IF (step.load).computed IS NOT NULL THEN
            loaded := sq2pg.load_by_statement(options, model, step);
            results[step.table_ordinal] := ROW(step.table_ordinal, loaded, loaded, 0, 0, 0, '{}', repeat('0', 32), 0,
                                               repeat('0', 32), '{}', 0)::sq2pg.load_result;
            model.notes := model.notes
                || ROW(step.table_ordinal, array_to_string((step.load).computed, ', '), 'note', 'not_verified', NULL, NULL,
                       format('made by your expression and not verified: %s', array_to_string((step.load).computed, ', ')),
                       NULL)::sq2pg.note;
            pending := pending[2:];
            CONTINUE;
        END IF;
        SELECT * INTO one
          FROM sq2pg.load_one(options, step, pending[1], cardinality(loads),
                               CASE WHEN step.table_ordinal = ANY (profiled) THEN options->>'on_bad_value'
                                    ELSE 'stop' END);
        IF one.misfits IS NULL THEN
            results[step.table_ordinal] := one.result;
            pending := pending[2:];
        ELSIF step.table_ordinal = ANY (profiled) THEN
            failures := failures || sq2pg.describe_misfits((step.load).source_table, one.misfits);
            pending := pending[2:];
        ELSE
            profiles := profiles || sq2pg.profile_tables(options, model, ARRAY[step.table_ordinal]);
            profiled := profiled || step.table_ordinal;
            before := model.columns;
            model.columns := sq2pg.choose_types(model.columns, model.foreign_keys, profiles);
            changed := ARRAY(SELECT DISTINCT c.table_ordinal FROM unnest(model.columns) AS c
                               JOIN unnest(before) AS b USING (id)
                              WHERE c.type <> b.type OR c.table_ordinal = step.table_ordinal);
            model.notes := model.notes || sq2pg.not_null_notes(before, model.columns);
            expressions := sq2pg.translate_expressions(model);
            creates := sq2pg.create_steps(model, expressions);
            loads := sq2pg.load_steps(model, expressions);
            PERFORM sq2pg.remake_tables(creates, loads, changed);
            pending := ARRAY(SELECT t.rank FROM unnest(model.tables) AS t
                              WHERE t.rank = ANY (pending) OR t.ordinal = ANY (changed) ORDER BY t.rank);
        END IF;
    END LOOP;
    IF cardinality(failures) > 0 THEN
        RAISE invalid_text_representation USING
            MESSAGE = 'values of the source do not fit the types that were asked for',
            DETAIL = array_to_string(failures, E'\n'),
            HINT = 'Leave such columns out of types, so that their type follows the data, or choose on_bad_value => ''null'', ''reject'' or ''repair''; sq2pg_check() lists all such columns.';
    END IF;
    model.foreign_keys := sq2pg.split_types(model.columns, model.foreign_keys);
    model.notes := model.notes || coalesce(sq2pg.foreign_key_notes(model), '{}') || sq2pg.type_notes(model, profiles)
        || sq2pg.expression_notes(expressions, model.columns) || sq2pg.index_notes(model, expressions);
END
$$;
COMMENT ON FUNCTION sq2pg.fill_tables(jsonb, sq2pg.model) IS 'creates and loads the tables of a model';

/*
 * Everything that comes after the rows.
 */
CREATE FUNCTION sq2pg.finish_tables(options jsonb, INOUT model sq2pg.model, expressions sq2pg.expression[],
                                    INOUT results sq2pg.load_result[])
    LANGUAGE plpgsql AS $$
DECLARE
    null_columns int[] := ARRAY(SELECT DISTINCT n.id FROM unnest(results) AS r, unnest(r.null_columns) AS n(id));
BEGIN
    model.notes := model.notes || sq2pg.add_unique(sq2pg.key_steps(model, null_columns), 'key');
    model.notes := model.notes || sq2pg.execute_or_note(sq2pg.check_steps(model, expressions), 'check');
    model.notes := model.notes || sq2pg.add_unique(sq2pg.index_steps(model, expressions), 'index');
    IF options->>'on_orphan' IN ('null', 'reject') THEN
        results := sq2pg.treat_orphans(options, model, expressions, results);
    END IF;
    model := sq2pg.add_foreign_keys(options, model);
    PERFORM sq2pg.execute_steps(sq2pg.identity_steps(options, model));
    model := sq2pg.create_views(options, model);
    PERFORM sq2pg.execute_steps(sq2pg.analyze_steps(model));
    PERFORM sq2pg.execute_steps(sq2pg.owner_steps(model, (options->>'owner')::name));
    model.notes := model.notes || sq2pg.key_notes(model, null_columns) || sq2pg.view_notes(model)
        || sq2pg.identity_notes(options, model);
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
 * Compares every table and makes its row of the report.  A difference ends
 * the run, and with it everything that it did.
 */
CREATE FUNCTION sq2pg.verify_and_report(options jsonb, model sq2pg.model, expressions sq2pg.expression[],
                                        results sq2pg.load_result[]) RETURNS sq2pg.report_row[]
    LANGUAGE plpgsql AS $$
DECLARE
    all_loads sq2pg.step[] := sq2pg.load_steps(model, NULL);    -- generated columns are compared too
    loads   sq2pg.step[] := sq2pg.load_steps(model, expressions);
    rows    sq2pg.report_row[] := '{}';
    failed  text[] := '{}';
    s       sq2pg.step;
    r       sq2pg.load_result;
    v       record;
    next    jsonb := (SELECT coalesce(jsonb_object_agg(n.table_ordinal, n.next_id), '{}')
                        FROM sq2pg.next_ids(options, model) AS n);
    remarks jsonb := (SELECT coalesce(jsonb_object_agg(n.table_ordinal, n.text), '{}')
                        FROM (SELECT x.table_ordinal, string_agg(x.message, '; ') AS text
                                FROM unnest(model.notes) AS x
                               WHERE x.table_ordinal IS NOT NULL GROUP BY x.table_ordinal) AS n);
    started timestamptz;
BEGIN
    FOR i IN 1 .. cardinality(loads) LOOP
        s := loads[i];
        started := clock_timestamp();
        r := results[s.table_ordinal];
        PERFORM sq2pg.announce('verify', s.object);
        -- what stands for a changed row is known for the loaded columns only
        SELECT * INTO v
          FROM sq2pg.verify_table(options, sq2pg.comparable(CASE WHEN r.exceptions = '{}' AND r.orphans = 0 AND r.changed = 0
                                             THEN all_loads[i].load ELSE s.load END),
                                  r.exceptions, r.rejected, r.stored, r.orphans, r.removed);
        IF NOT v.matches THEN
            failed := failed || format('Table "%s": %s.', s.object, v.detail);
        END IF;
        rows := rows || ROW(s.object, 'create', r.source_rows, coalesce(v.target_rows, r.loaded), 0,
                            r.rejected + r.orphans, r.changed,
                            (next->>s.table_ordinal::text)::bigint, coalesce(v.matches, false),
                            r.ms + (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint,
                            nullif(concat_ws('; ', remarks->>s.table_ordinal::text,
                                             'binary noise removed from ' || nullif(r.noise, 0) || ' values'), '')
                           )::sq2pg.report_row;
    END LOOP;
    IF cardinality(failed) > 0 THEN
        RAISE data_corrupted USING
            MESSAGE = 'verification failed: PostgreSQL does not hold what SQLite holds',
            DETAIL = array_to_string(failed, E'\n'),
            HINT = 'Nothing was migrated. This should not happen: please report it with the schema of the table.';
    END IF;
    RETURN rows;
END
$$;
COMMENT ON FUNCTION sq2pg.verify_and_report(jsonb, sq2pg.model, sq2pg.expression[], sq2pg.load_result[]) IS
    'compares all tables with their source and reports';

CREATE FUNCTION sq2pg.total_row(rows sq2pg.report_row[], started timestamptz, all_notes sq2pg.note[]) RETURNS sq2pg.report_row
    LANGUAGE sql AS $$
    SELECT ROW(NULL, 'total', coalesce(sum(r.source_rows), 0), coalesce(sum(r.loaded), 0), coalesce(sum(r.skipped), 0),
               coalesce(sum(r.rejected), 0), coalesce(sum(r.changed), 0), NULL, coalesce(bool_and(r.verified), true),
               (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint,
               (SELECT string_agg(s.text, '; ' ORDER BY s.code)
                  FROM (SELECT n.code, CASE WHEN count(*) = 1 THEN min(n.message)
                                            ELSE format('%s %ss are left out', count(*), split_part(n.code, '_', 1)) END AS text
                          FROM unnest(all_notes) AS n WHERE n.table_ordinal IS NULL GROUP BY n.code) AS s)
              )::sq2pg.report_row
      FROM unnest(rows) AS r
$$;
COMMENT ON FUNCTION sq2pg.total_row(sq2pg.report_row[], timestamptz, sq2pg.note[]) IS 'last row of a report';

/*
 * What the run leaves in the history.
 */
CREATE FUNCTION sq2pg.record_run(options jsonb, rows sq2pg.report_row[], all_notes sq2pg.note[]) RETURNS bigint
    LANGUAGE sql AS $$
    INSERT INTO sq2pg.runs (source, target_schema, source_facts, versions, parameters, tables, notes)
    SELECT options->>'source', options->>'target_schema', sq2pg.source_facts(options->>'source'),
           jsonb_build_object('extension', sq2pg_version(), 'postgresql', version()),
           options - 'source' - 'target_schema',
           (SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') FROM unnest(rows) AS r),
           (SELECT coalesce(jsonb_agg(to_jsonb(n)), '[]') FROM unnest(all_notes) AS n)
    RETURNING run
$$;
COMMENT ON FUNCTION sq2pg.record_run(jsonb, sq2pg.report_row[], sq2pg.note[]) IS 'adds a run to the history';

/*
 * What is in the source and not in the model is told, never just missing.
 */
CREATE FUNCTION sq2pg.object_notes(options jsonb) RETURNS sq2pg.note[]
    LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(NULL, NULL, 'warning', o.type || '_left_out', NULL, o.sql, o.message, NULL)::sq2pg.note), '{}')
      FROM (SELECT 'trigger' AS type, x.sql, format('trigger "%s" on table "%s" is left out', x.name, x.table_name) AS message
              FROM sq2pg_objects(options->>'source') AS x WHERE x.type = 'trigger'
            UNION ALL
            SELECT 'table', t.sql, format('table "%s" is left out: %s', t.table_name, coalesce(t.problem, 'it has no columns'))
              FROM sq2pg_tables(options->>'source') AS t
             WHERE t.type IN ('table', 'virtual') AND (t.problem IS NOT NULL OR t.columns = 0)
            UNION ALL
            SELECT 'log', NULL, 'the uploaded database is in WAL mode: what was only in its -wal file is left out'
              FROM sq2pg.source_state(options->>'source') AS s
             WHERE options->>'source' LIKE 'lo:%' AND s.wal_mode) AS o
$$;
COMMENT ON FUNCTION sq2pg.object_notes(jsonb) IS 'one note for each object that is not carried over';

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
          FROM sq2pg.take_rejects() AS r
        RETURNING 1)
    SELECT count(*) FROM added
$$;
COMMENT ON FUNCTION sq2pg.record_rejects(bigint) IS 'adds what a run refused or changed to sq2pg.rejects';

CREATE FUNCTION sq2pg.run_create(options jsonb, model sq2pg.model, OUT rows sq2pg.report_row[], OUT notes sq2pg.note[])
    LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    filled  record;
    finished record;
BEGIN
    rows := '{}';
    model.notes := model.notes || sq2pg.object_notes(options);
    IF model.tables IS NOT NULL THEN
        PERFORM sq2pg.check_limits(model);
        SELECT * INTO filled FROM sq2pg.fill_tables(options, model);
        SELECT * INTO finished FROM sq2pg.finish_tables(options, filled.model, filled.expressions, filled.results);
        model := finished.model;
        SET CONSTRAINTS ALL IMMEDIATE;
        rows := sq2pg.verify_and_report(options, model, filled.expressions, finished.results);
    END IF;
    rows := rows || sq2pg.total_row(rows, started, model.notes);
    notes := model.notes;
    PERFORM sq2pg.announce(NULL, NULL);
END
$$;
COMMENT ON FUNCTION sq2pg.run_create(jsonb, sq2pg.model) IS 'a run that creates the schema';

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
    model   sq2pg.model := sq2pg.read_model(options);
    chosen  record;
    result  record;
    run     bigint;
    logged  bigint;
BEGIN
    PERFORM sq2pg.forget_rejects();
    PERFORM sq2pg.lock_schema(model.schema_name);
    SELECT * INTO chosen FROM sq2pg.choose_mode(options, model);
    RAISE NOTICE 'mode "%": %', chosen.mode, chosen.reason;
    IF NOT dry_run THEN
        SELECT * INTO result FROM sq2pg.run_create(options, model);
    ELSE
        BEGIN
            SELECT * INTO result FROM sq2pg.run_create(options, model);
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
    run := sq2pg.record_run(options, result.rows, result.notes);
    logged := sq2pg.record_rejects(run);
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
