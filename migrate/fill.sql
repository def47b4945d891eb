/*
 * fill: the acts of loading: tables made, filled, and made again where the
 * data proves a declared type wrong
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
    ms            bigint,
    digest        text,         -- of the source rows without exceptions, NULL: not known
    alone         text);        -- why workers did not decode a large table, NULL: they did, or it is none

/*
 * Executes the statements of a phase.  These may call code that is not ours,
 * in event triggers for one, and the way in which we plan is none of its
 * business.
 */
CREATE FUNCTION sq2pg.execute_steps(steps sq2pg.step[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    ours text := pg_catalog.current_setting('plan_cache_mode');
    s    sq2pg.step;
BEGIN
    PERFORM pg_catalog.set_config('plan_cache_mode', sq2pg.caller_plan_cache_mode(), true);
    FOREACH s IN ARRAY steps LOOP
        PERFORM sq2pg.announce(s.phase, s.object);
        EXECUTE s.statement;
    END LOOP;
    PERFORM pg_catalog.set_config('plan_cache_mode', ours, true);
END
$$;
COMMENT ON FUNCTION sq2pg.execute_steps(sq2pg.step[]) IS 'executes the statements of a phase, one by one';

/*
 * The same for statements that fire triggers of existing tables: these run
 * under the caller's search_path, as everything of the user's does.
 */
CREATE FUNCTION sq2pg.execute_in_caller_path(steps sq2pg.step[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    before text := current_setting('search_path');
BEGIN
    PERFORM set_config('search_path', sq2pg.caller_search_path(), true);
    PERFORM sq2pg.execute_steps(steps);
    PERFORM pg_catalog.set_config('search_path', before, true);
END
$$;
COMMENT ON FUNCTION sq2pg.execute_in_caller_path(sq2pg.step[]) IS 'executes statements under the search_path of the caller';

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
CREATE FUNCTION sq2pg.load_by_statement(options jsonb, staging name, staging_step sq2pg.step, step sq2pg.step) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    ours    text := current_setting('plan_cache_mode');
    loaded  bigint;
BEGIN
    PERFORM set_config('plan_cache_mode', sq2pg.caller_plan_cache_mode(), true);
    EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database %L, time_zone %L, empty_as_null %L)',
                   staging, options->>'source', options->>'time_zone', options->>'empty_as_null');
    EXECUTE format('CREATE SCHEMA %I', staging);
    EXECUTE staging_step.statement;
    PERFORM set_config('search_path', sq2pg.caller_search_path(), true);
    EXECUTE step.statement;
    GET DIAGNOSTICS loaded = ROW_COUNT;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    EXECUTE format('DROP FOREIGN TABLE %I.%I', staging, step.object);
    EXECUTE format('DROP SCHEMA %I', staging);
    EXECUTE format('DROP SERVER %I', staging);
    PERFORM set_config('plan_cache_mode', ours, true);
    RETURN loaded;
END
$$;
COMMENT ON FUNCTION sq2pg.load_by_statement(jsonb, name, sq2pg.step, sq2pg.step) IS 'loads a table by INSERT ... SELECT';

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
                            policy, 'bare', 'error', NULL, with_digest => options->>'verify' = 'content');
    misfits := outcome.misfits;
    result := ROW(step.table_ordinal, outcome.source_rows, outcome.loaded, outcome.noise,
                  outcome.changed, outcome.rejected, outcome.exceptions, outcome.stored, 0, repeat('0', 32),
                  ARRAY(SELECT n.id FROM unnest(load.column_ids, outcome.nulls) AS n(id, nulls) WHERE n.nulls > 0),
                  (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint, outcome.digest, outcome.alone);
END
$$;
COMMENT ON FUNCTION sq2pg.load_one(jsonb, sq2pg.step, int, int, text) IS 'loads one table and says how it went';

/*
 * Types are changed for a whole table at once, while it is empty, by making it
 * again: then the statements of the run are those of the plan.
 */
CREATE FUNCTION sq2pg.remake_tables(creates sq2pg.step[], loads sq2pg.step[], ordinals int[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(creates) LOOP
        IF creates[i].table_ordinal = ANY (ordinals) THEN
            PERFORM sq2pg.execute_steps(ROW('create', NULL, creates[i].object, 'DROP TABLE ' || loads[i].load.relation, NULL)::sq2pg.step
                                        || creates[i:i]);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.remake_tables(sq2pg.step[], sq2pg.step[], int[]) IS 'drops and creates tables whose types changed';

/*
 * Columns that expressions of the caller's made: they stand for nothing in the
 * source with which they could be compared.
 */
CREATE FUNCTION sq2pg.unverified_note(table_ordinal int, computed text[]) RETURNS sq2pg.note
    LANGUAGE sql IMMUTABLE AS $$
    SELECT ROW(table_ordinal, array_to_string(computed, ', '), 'note', 'not_verified', NULL, NULL,
               format('made by your expression and not verified: %s', array_to_string(computed, ', ')), NULL)::sq2pg.note
$$;
COMMENT ON FUNCTION sq2pg.unverified_note(int, text[]) IS 'says which columns of a table nobody can verify';

/*
 * Creates and loads all tables.  At the first misfit of a table its whole
 * content is profiled, the types are chosen anew (of tables that foreign keys
 * join to it as well), and what changed is made and loaded again.
 */
CREATE FUNCTION sq2pg.fill_tables(options jsonb, INOUT model sq2pg.model, OUT expressions sq2pg.expression[],
                                  OUT results sq2pg.load_result[])
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    staging   name := sq2pg.own_staging_name();
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
                       WHERE c.dynamic OR c.using_text IS NOT NULL
                           -- computed by PostgreSQL: no load shows that a type is too narrow
                           OR c.hidden IN ('stored', 'virtual'));
    profiles := (SELECT sq2pg.profile_tables(options, model, profiled));
    model.columns := (SELECT sq2pg.choose_types(model.columns, model.foreign_keys, profiles));
    model := (SELECT sq2pg.name_relations(model, sq2pg.names_in_use(options, model)));
    expressions := (SELECT sq2pg.translate_expressions(model));
    creates := (SELECT sq2pg.create_steps(model, expressions));
    loads := (SELECT sq2pg.load_steps(model, expressions, staging));
    PERFORM sq2pg.execute_steps(creates);

    -- loads[i] is the table of rank i
    pending := ARRAY(SELECT generate_series(1, cardinality(loads)));
    results := array_fill(NULL::sq2pg.load_result, ARRAY[cardinality(loads)]);
    WHILE cardinality(pending) > 0 LOOP
        step := loads[pending[1]];
        IF (step.load).computed IS NOT NULL THEN
            loaded := sq2pg.load_by_statement(options, staging, (SELECT ROW(s.*)::sq2pg.step FROM unnest(sq2pg.staging_steps(model, staging)) AS s
                                                         WHERE s.table_ordinal = step.table_ordinal), step);
            results[step.table_ordinal] := ROW(step.table_ordinal, loaded, loaded, 0, 0, 0, '{}', repeat('0', 32), 0,
                                               repeat('0', 32), '{}', 0, NULL, NULL)::sq2pg.load_result;
            model.notes := model.notes || sq2pg.unverified_note(step.table_ordinal, (step.load).computed);
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
            profiles := (SELECT profiles || sq2pg.profile_tables(options, model, ARRAY[step.table_ordinal]));
            profiled := profiled || step.table_ordinal;
            before := model.columns;
            model.columns := (SELECT sq2pg.choose_types(model.columns, model.foreign_keys, profiles));
            changed := ARRAY(SELECT DISTINCT c.table_ordinal FROM unnest(model.columns) AS c
                               JOIN unnest(before) AS b USING (id)
                              WHERE c.type <> b.type OR c.table_ordinal = step.table_ordinal);
            model.notes := (SELECT model.notes || sq2pg.not_null_notes(before, model.columns));
            expressions := (SELECT sq2pg.translate_expressions(model));
            creates := (SELECT sq2pg.create_steps(model, expressions));
            loads := (SELECT sq2pg.load_steps(model, expressions, staging));
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
    model.foreign_keys := (SELECT sq2pg.split_types(model.columns, model.foreign_keys));
    model.notes := (SELECT model.notes || sq2pg.schema_notes(options, model, expressions) || sq2pg.type_notes(model, profiles));
END
$$;
COMMENT ON FUNCTION sq2pg.fill_tables(jsonb, sq2pg.model) IS 'creates and loads the tables of a model';
