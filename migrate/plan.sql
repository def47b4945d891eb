/* plan: everything that would run, as statements to read, save and run by hand */

CREATE FUNCTION sq2pg.check_time_zone(name text) RETURNS void
    LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'sqm_check_time_zone';
COMMENT ON FUNCTION sq2pg.check_time_zone(text) IS 'refuses a time zone that does not exist';

/*
 * Lists of patterns: an empty one, or a NULL in one, is a script's mistake.
 */
CREATE FUNCTION sq2pg.check_lists(include text[], exclude text[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF include = '{}' OR array_position(include, NULL) IS NOT NULL OR array_position(exclude, NULL) IS NOT NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('parameter "%s" must not be an empty list or hold NULL',
                             CASE WHEN include = '{}' OR array_position(include, NULL) IS NOT NULL THEN 'include'
                                  ELSE 'exclude' END);
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.check_lists(text[], text[]) IS 'refuses lists of patterns that cannot be meant';

/*
 * Parameters that map names to something.
 */
CREATE FUNCTION sq2pg.check_map(parameter text, value jsonb) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF value IS NULL THEN
        RETURN;
    END IF;
    IF jsonb_typeof(value) = 'object' THEN
        IF NOT EXISTS (SELECT FROM jsonb_each(value) AS e WHERE jsonb_typeof(e.value) <> 'string' OR e.value = '""') THEN
            RETURN;
        END IF;
    END IF;
    RAISE invalid_parameter_value USING
        MESSAGE = format('parameter "%s" must be a JSON object that maps names to strings', parameter),
        HINT = CASE parameter WHEN 'rename' THEN 'For example {"old_table": "new_table", "users.fname": "first_name"}.'
                              ELSE 'For example {"users.created_at": "timestamptz", "declared:datetime": "timestamptz"}.' END;
END
$$;
COMMENT ON FUNCTION sq2pg.check_map(text, jsonb) IS 'refuses maps that are not objects of strings';

/*
 * All parameters of a run as one value, checked.
 */
CREATE FUNCTION sq2pg.make_options(
    source text, target_schema name, mode text, include text[], exclude text[], rename jsonb, existing text,
    types jsonb, names text, on_bad_value text, on_conflict text, on_orphan text, empty_as_null boolean,
    time_zone text, triggers text, owner name, add_missing boolean, verify text, dry_run boolean)
    RETURNS jsonb
    LANGUAGE plpgsql AS $$
DECLARE
    options jsonb;
    allowed CONSTANT jsonb := '{
        "mode":         ["auto", "create", "data"],
        "existing":     ["error", "append", "truncate", "skip", "recreate"],
        "names":        ["keep", "lower", "snake"],
        "on_bad_value": ["error", "null", "reject", "repair"],
        "on_conflict":  ["error", "skip", "update"],
        "on_orphan":    ["error", "null", "reject", "keep"],
        "triggers":     ["fire", "disable"],
        "verify":       ["content", "counts", "none"]}';
    k text;
BEGIN
    options := jsonb_build_object(
        'source', source, 'target_schema', target_schema, 'mode', mode, 'include', to_jsonb(include),
        'exclude', to_jsonb(exclude), 'rename', rename, 'existing', existing, 'types', types, 'names', names,
        'on_bad_value', on_bad_value, 'on_conflict', on_conflict, 'on_orphan', on_orphan,
        'empty_as_null', empty_as_null, 'time_zone', time_zone, 'triggers', triggers, 'owner', owner,
        'add_missing', add_missing, 'verify', verify, 'dry_run', dry_run);
    FOR k IN SELECT jsonb_object_keys(allowed) LOOP
        IF NOT coalesce(allowed->k @> (options->k), false) THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('invalid value for parameter "%s": %s', k, coalesce('"' || (options->>k) || '"', 'null')),
                HINT = format('Valid values are: %s.',
                              (SELECT string_agg(v, ', ') FROM jsonb_array_elements_text(allowed->k) AS v));
        END IF;
    END LOOP;
    FOREACH k IN ARRAY ARRAY['empty_as_null', 'time_zone', 'add_missing', 'dry_run'] LOOP
        IF options->k = 'null' THEN
            RAISE null_value_not_allowed USING MESSAGE = format('parameter "%s" must not be null', k);
        END IF;
    END LOOP;
    PERFORM sq2pg.check_lists(include, exclude);
    PERFORM sq2pg.check_map('rename', rename);
    PERFORM sq2pg.check_map('types', types);
    -- an unknown zone or type is an error here and not after an hour
    PERFORM sq2pg.check_time_zone(time_zone);
    options := (SELECT options || jsonb_build_object('types', sq2pg.resolve_types(types)));
    IF owner IS NOT NULL AND NOT pg_has_role(owner, 'MEMBER') THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('role "%s" may not give tables to role "%s"', current_user, owner),
            HINT = format('GRANT %I TO %I;', owner, current_user);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = target_schema) THEN
        RAISE invalid_schema_name USING
            MESSAGE = format('schema "%s" does not exist', target_schema),
            HINT = format('CREATE SCHEMA %I;', target_schema);
    END IF;
    RETURN options;
END
$$;
COMMENT ON FUNCTION sq2pg.make_options(text, name, text, text[], text[], jsonb, text, jsonb, text, text, text, text, boolean, text, text, name, boolean, text, boolean) IS
    'checks the parameters of a run and puts them into one value';

/*
 * The locks that a run takes, and how many there can be.
 */
CREATE FUNCTION sq2pg.lock_needs(model sq2pg.model, OUT locks bigint, OUT room bigint, OUT backends bigint)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    per_backend bigint;
BEGIN
    -- tables, TOAST tables with their index, keys, indexes, sequences
    locks := cardinality(model.tables) + cardinality(model.keys) + cardinality(model.indexes)
        + (SELECT 2 * count(DISTINCT c.table_ordinal) FROM unnest(model.columns) AS c
            WHERE coalesce(c.type, c.candidates[1]) IN ('text', 'bytea', 'json', 'jsonb', 'numeric'))
        + (SELECT count(*) FROM unnest(model.columns) AS c WHERE c.is_identity);
    -- as the server sizes its lock table
    per_backend := current_setting('max_locks_per_transaction')::bigint;
    backends := (SELECT sum(current_setting(g, true)::bigint)
                   FROM unnest(ARRAY['max_connections', 'max_prepared_transactions', 'max_worker_processes',
                                     'max_wal_senders', 'autovacuum_worker_slots']) AS g) + 1;
    IF current_setting('autovacuum_worker_slots', true) IS NULL THEN
        backends := backends + current_setting('autovacuum_max_workers')::bigint;
    END IF;
    room := per_backend * backends;
END
$$;
COMMENT ON FUNCTION sq2pg.lock_needs(sq2pg.model) IS 'locks that a run needs, and room in the lock table';

/*
 * Limits of PostgreSQL's that are better told before the work begins.
 */
CREATE FUNCTION sq2pg.check_limits(model sq2pg.model) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    worst  record;
    needs  record;
BEGIN
    SELECT t.source_name, count(*) AS columns INTO worst
      FROM unnest(model.columns) AS c JOIN unnest(model.tables) AS t ON t.ordinal = c.table_ordinal
     GROUP BY t.source_name HAVING count(*) > 1600 ORDER BY 2 DESC LIMIT 1;
    IF FOUND THEN
        RAISE too_many_columns USING
            MESSAGE = format('table "%s" has %s columns', worst.source_name, worst.columns),
            DETAIL = 'PostgreSQL allows 1600 columns in a table.',
            HINT = 'Leave columns out with exclude => ARRAY[''table.column*''], or the table.';
    END IF;
    SELECT t.source_name, cardinality(k.columns) AS columns INTO worst
      FROM unnest(model.keys) AS k JOIN unnest(model.tables) AS t ON t.ordinal = k.table_ordinal
     WHERE cardinality(k.columns) > 32 LIMIT 1;
    IF FOUND THEN
        RAISE too_many_columns USING
            MESSAGE = format('a key of table "%s" has %s columns', worst.source_name, worst.columns),
            DETAIL = 'PostgreSQL allows 32 columns in a key.',
            HINT = 'Leave a column of the key out with exclude, and the key with it, or the table.';
    END IF;
    SELECT * INTO needs FROM sq2pg.lock_needs(model);
    IF needs.locks > needs.room THEN
        RAISE configuration_limit_exceeded USING
            MESSAGE = format('the migration needs about %s locks, the lock table has room for %s', needs.locks, needs.room),
            HINT = format('Set max_locks_per_transaction to %s and restart the server, or migrate in parts with include.',
                          1 + needs.locks * 5 / 4 / needs.backends);
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.check_limits(sq2pg.model) IS 'refuses what PostgreSQL could not hold';

/*
 * The columns that hold NULL, by the profiles.
 */
CREATE FUNCTION sq2pg.null_columns(profiles sq2pg.column_profile[]) RETURNS int[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(DISTINCT p.column_id), '{}') FROM unnest(profiles) AS p WHERE p.nulls > 0
$$;
COMMENT ON FUNCTION sq2pg.null_columns(sq2pg.column_profile[]) IS 'ids of columns that hold NULL';

/*
 * The settings that src/entry.c pins for a run.
 */
CREATE FUNCTION sq2pg.plan_settings() RETURNS text[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['SET LOCAL search_path = pg_catalog, pg_temp',
                 'SET LOCAL DateStyle = ''ISO, YMD''',
                 'SET LOCAL IntervalStyle = postgres',
                 'SET LOCAL TimeZone = ''UTC''',
                 'SET LOCAL extra_float_digits = 1',
                 'SET LOCAL bytea_output = hex',
                 'SET LOCAL row_security = on',
                 'SET LOCAL standard_conforming_strings = on',
                 'SET LOCAL quote_all_identifiers = off',
                 'SET LOCAL array_nulls = on',
                 'SET LOCAL transform_null_equals = off',
                 'SET LOCAL default_table_access_method = heap']
$$;
COMMENT ON FUNCTION sq2pg.plan_settings() IS 'settings under which the statements of a plan mean what they should';

/*
 * The server and the schema that a plan reads from, and their end.
 */
CREATE FUNCTION sq2pg.source_steps(options jsonb) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[ROW('source', NULL, sq2pg.staging_name(),
                     format('CREATE SERVER %I FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database %L%s%s)', sq2pg.staging_name(),
                            options->>'source', ', time_zone ' || quote_literal(nullif(options->>'time_zone', 'UTC')),
                            CASE WHEN (options->>'empty_as_null')::boolean THEN ', empty_as_null ''true''' END), NULL)::sq2pg.step,
                 ROW('source', NULL, sq2pg.staging_name(), format('CREATE SCHEMA %I', sq2pg.staging_name()), NULL)::sq2pg.step]
$$;
COMMENT ON FUNCTION sq2pg.source_steps(jsonb) IS 'server and schema of the foreign tables of a plan';

CREATE FUNCTION sq2pg.source_end_steps() RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[ROW('source', NULL, sq2pg.staging_name(), format('DROP SCHEMA %I CASCADE', sq2pg.staging_name()), NULL)::sq2pg.step,
                 ROW('source', NULL, sq2pg.staging_name(), format('DROP SERVER %I', sq2pg.staging_name()), NULL)::sq2pg.step]
$$;
COMMENT ON FUNCTION sq2pg.source_end_steps() IS 'drops what sq2pg.source_steps made';

/*
 * A model with all that the data decides: types, and so names and expressions.
 */
CREATE FUNCTION sq2pg.complete_model(options jsonb, INOUT model sq2pg.model, OUT profiles sq2pg.column_profile[],
                                     OUT expressions sq2pg.expression[])
    LANGUAGE plpgsql AS $$
BEGIN
    profiles := sq2pg.profile_tables(options, model, ARRAY(SELECT t.ordinal FROM unnest(model.tables) AS t));
    model.columns := (SELECT sq2pg.choose_types(model.columns, model.foreign_keys, profiles));
    model.foreign_keys := (SELECT sq2pg.split_types(model.columns, model.foreign_keys));
    model := (SELECT sq2pg.name_relations(model, sq2pg.names_in_use(options, model)));
    expressions := (SELECT sq2pg.translate_expressions(model));
    model := sq2pg.translate_views(options, model);
END
$$;
COMMENT ON FUNCTION sq2pg.complete_model(jsonb, sq2pg.model) IS 'a model as a run in create mode will have it, and what it is made of';

/*
 * The plan in create mode, between BEGIN and COMMIT.
 */
CREATE FUNCTION sq2pg.plan_create(options jsonb, model sq2pg.model) RETURNS sq2pg.step[]
    LANGUAGE plpgsql AS $$
DECLARE
    completed record;
BEGIN
    PERFORM sq2pg.check_limits(model);
    SELECT * INTO completed FROM sq2pg.complete_model(options, model);
    model := completed.model;
    RETURN sq2pg.drop_steps(options, model)
        || sq2pg.source_steps(options)
        || sq2pg.staging_steps(model, sq2pg.staging_name())
        || sq2pg.create_steps(model, completed.expressions)
        || sq2pg.in_caller_path(sq2pg.load_steps(model, completed.expressions))
        || sq2pg.source_end_steps()
        || sq2pg.key_steps(model, sq2pg.null_columns(completed.profiles))
        || sq2pg.check_steps(model, completed.expressions)
        || sq2pg.index_steps(model, completed.expressions)
        || sq2pg.orphan_steps(model, options->>'on_orphan')
        || sq2pg.foreign_key_steps(model, CASE WHEN options->>'on_orphan' = 'keep'
                                               THEN sq2pg.orphaned_keys(options, model) ELSE '{}' END)
        || sq2pg.identity_steps(options, model)
        || sq2pg.view_steps(model)
        || sq2pg.comment_steps(model, sq2pg.sort_notes(sq2pg.schema_notes(options, model, completed.expressions)))
        || sq2pg.analyze_steps(model)
        || sq2pg.owner_steps(model, (options->>'owner')::name);
END
$$;
COMMENT ON FUNCTION sq2pg.plan_create(jsonb, sq2pg.model) IS 'the statements that make and fill a schema';

CREATE FUNCTION sq2pg.plan(
    source text, target_schema name, mode text, include text[], exclude text[], rename jsonb, existing text,
    types jsonb, names text, on_bad_value text, on_conflict text, on_orphan text, empty_as_null boolean,
    time_zone text, triggers text, owner name, add_missing boolean, verify text, dry_run boolean)
    RETURNS TABLE (step int, phase text, object text, statement text)
    LANGUAGE plpgsql AS $$
DECLARE
    options     jsonb := sq2pg.make_options(source, target_schema, mode, include, exclude, rename, existing, types, names,
                                            on_bad_value, on_conflict, on_orphan, empty_as_null, time_zone, triggers,
                                            owner, add_missing, verify, dry_run);
    chosen      record;
    steps       sq2pg.step[];
BEGIN
    SELECT * INTO chosen FROM sq2pg.prepare_run(options);
    IF on_bad_value <> 'error' AND (types IS NOT NULL OR chosen.mode = 'data') THEN
        RAISE feature_not_supported USING
            MESSAGE = format('a plan cannot say what on_bad_value "%s" does to single values', on_bad_value),
            HINT = 'sq2pg_check() counts such values; sq2pg_migrate(..., dry_run => true) lists them in sq2pg.rejects.';
    END IF;
    IF on_orphan <> 'error' AND chosen.mode = 'data' THEN
        RAISE feature_not_supported USING
            MESSAGE = format('a plan cannot say what on_orphan "%s" does to single rows', on_orphan),
            HINT = 'sq2pg_check() counts such rows; sq2pg_migrate(..., dry_run => true) lists them in sq2pg.rejects.';
    END IF;
    steps := ARRAY[ROW('begin', NULL, NULL, 'BEGIN', NULL)::sq2pg.step]
        || ARRAY(SELECT ROW('begin', NULL, NULL, s, NULL)::sq2pg.step FROM unnest(sq2pg.plan_settings()) AS s)
        || CASE WHEN (chosen.model).tables IS NULL THEN '{}'
                WHEN chosen.mode = 'create' THEN sq2pg.plan_create(chosen.options, chosen.model)
                ELSE sq2pg.plan_data(chosen.options, chosen.model) END
        || ROW('commit', NULL, NULL, CASE WHEN dry_run THEN 'ROLLBACK' ELSE 'COMMIT' END, NULL)::sq2pg.step;
    RETURN QUERY SELECT s.ordinality::int, s.phase, s.object, s.statement || ';'
                   FROM unnest(steps) WITH ORDINALITY AS s;
END
$$;
COMMENT ON FUNCTION sq2pg.plan(text, name, text, text[], text[], jsonb, text, jsonb, text, text, text, text, boolean, text, text, name, boolean, text, boolean) IS
    'the work of sq2pg_plan';

/*
 * What follows in a plan is the caller's own code.
 */
CREATE FUNCTION sq2pg.caller_path_step() RETURNS text
    LANGUAGE sql STABLE AS $$
    -- an empty one is written so
    SELECT 'SET LOCAL search_path = ' || coalesce(nullif(btrim(sq2pg.caller_search_path()), ''), '""')
$$;
COMMENT ON FUNCTION sq2pg.caller_path_step() IS 'the statement of a plan that sets the search path of the caller';

/*
 * Expressions of the caller's are read in the caller's search path.
 */
CREATE FUNCTION sq2pg.in_caller_path(steps sq2pg.step[]) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(x.step ORDER BY s.ordinality, x.n), '{}')
      FROM unnest(steps) WITH ORDINALITY AS s
     CROSS JOIN LATERAL (
           VALUES (1, CASE WHEN (s.load).computed IS NOT NULL THEN
                         ROW('load', s.table_ordinal, s.object, sq2pg.caller_path_step(), NULL)::sq2pg.step END),
                  (2, ROW(s.phase, s.table_ordinal, s.object, s.statement, s.load)::sq2pg.step),
                  (3, CASE WHEN (s.load).computed IS NOT NULL THEN
                         ROW('load', s.table_ordinal, s.object, 'SET LOCAL search_path = pg_catalog, pg_temp',
                             NULL)::sq2pg.step END)) AS x(n, step)
     WHERE (x.step).statement IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.in_caller_path(sq2pg.step[]) IS 'puts loads with USING expressions into the search path of the caller';

/*
 * What on_orphan does, as plain statements: the run also keeps what it changes
 * in sq2pg.rejects.  Parents come first, so that one pass takes out the
 * children of what was taken out.
 */
CREATE FUNCTION sq2pg.orphan_steps(model sq2pg.model, policy text) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('orphans', t.ordinal, t.target_name,
                                  CASE WHEN policy = 'null' AND f.nullable IS NOT NULL
                                       THEN format('UPDATE %I.%I AS c SET %s', model.schema_name, t.target_name, f.nullable)
                                       ELSE format('DELETE FROM %I.%I AS c', model.schema_name, t.target_name) END
                                  || format(' WHERE %s AND NOT EXISTS (SELECT FROM %I.%I AS p WHERE %s)', f.not_null,
                                            model.schema_name, p.target_name, f.joined),
                                  NULL)::sq2pg.step ORDER BY t.rank, f.place), '{}')
      FROM (SELECT k.table_ordinal, k.parent_ordinal, k.ordinality AS place,
                   string_agg(format('%I = NULL', c.target_name), ', ' ORDER BY x.n)
                       FILTER (WHERE NOT c.not_null AND c.pk_position IS NULL) AS nullable,
                   string_agg(format('c.%I IS NOT NULL', c.target_name), ' AND ' ORDER BY x.n) AS not_null,
                   string_agg(format('p.%I %s c.%I', q.target_name, sq2pg.equality(q.type), c.target_name), ' AND ' ORDER BY x.n) AS joined
              FROM unnest(model.foreign_keys) WITH ORDINALITY AS k
             CROSS JOIN unnest(k.columns, k.parent_columns) WITH ORDINALITY AS x(id, parent_id, n)
              JOIN unnest(model.columns) AS c ON c.id = x.id
              JOIN unnest(model.columns) AS q ON q.id = x.parent_id
             WHERE k.problem IS NULL AND policy IN ('null', 'reject')
             GROUP BY k.table_ordinal, k.parent_ordinal, k.ordinality) AS f
      JOIN unnest(model.tables) AS t ON t.ordinal = f.table_ordinal
      JOIN unnest(model.tables) AS p ON p.ordinal = f.parent_ordinal
$$;
COMMENT ON FUNCTION sq2pg.orphan_steps(sq2pg.model, text) IS 'statements that treat rows without parent';

CREATE FUNCTION sq2pg.owner_steps(model sq2pg.model, owner name) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(ROW('owner', t.ordinal, t.target_name,
                                  format('ALTER TABLE %I.%I OWNER TO %I', model.schema_name, t.target_name, owner),
                                  NULL)::sq2pg.step ORDER BY t.rank), '{}')
        || (SELECT coalesce(array_agg(ROW('owner', NULL, v.target_name,
                                          format('ALTER VIEW %I.%I OWNER TO %I', model.schema_name, v.target_name, owner),
                                          NULL)::sq2pg.step ORDER BY v.place), '{}')
              FROM unnest(model.views) AS v WHERE owner IS NOT NULL AND v.problem IS NULL)
      FROM unnest(model.tables) AS t WHERE owner IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.owner_steps(sq2pg.model, name) IS 'gives the new tables and views to their owner';

CREATE FUNCTION sq2pg_plan(
    source text, target_schema name DEFAULT NULL, mode text DEFAULT 'auto', include text[] DEFAULT NULL,
    exclude text[] DEFAULT NULL, rename jsonb DEFAULT NULL, existing text DEFAULT 'error', types jsonb DEFAULT NULL,
    names text DEFAULT 'keep', on_bad_value text DEFAULT 'error', on_conflict text DEFAULT 'error',
    on_orphan text DEFAULT 'error', empty_as_null boolean DEFAULT false, time_zone text DEFAULT 'UTC',
    triggers text DEFAULT 'fire', owner name DEFAULT NULL, add_missing boolean DEFAULT false,
    verify text DEFAULT 'content', dry_run boolean DEFAULT false)
    RETURNS TABLE (step int, phase text, object text, statement text)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_plan';
COMMENT ON FUNCTION sq2pg_plan(text, name, text, text[], text[], jsonb, text, jsonb, text, text, text, text, boolean, text, text, name, boolean, text, boolean) IS
    'prints every statement that sq2pg_migrate would run with the same parameters; reads all data, writes nothing';
