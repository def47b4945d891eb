/* check: everything that a run would meet, told at once; writes nothing */

/*
 * Rows without their parent, as SQLite compares keys.
 */
CREATE FUNCTION sq2pg.source_orphans(source text, child text, columns text[], parent text, parent_columns text[],
                                     OUT orphans bigint, OUT sample text)
    RETURNS SETOF record
    LANGUAGE C STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_source_orphans';
COMMENT ON FUNCTION sq2pg.source_orphans(text, text, text[], text, text[]) IS 'rows of a SQLite table that refer to no parent';

/*
 * The foreign keys that rows violate, by their place in the model.
 */
CREATE FUNCTION sq2pg.orphans(options jsonb, model sq2pg.model)
    RETURNS TABLE (place bigint, table_ordinal int, child text, child_columns text[], parent text, orphans bigint,
                   sample text)
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT f.place, f.table_ordinal, f.child, f.child_columns, f.parent, o.orphans, o.sample
      FROM (SELECT k.table_ordinal, k.ordinality AS place, t.source_name AS child, p.source_name AS parent,
                   array_agg(c.source_name ORDER BY x.n) AS child_columns,
                   array_agg(pc.source_name ORDER BY x.n) AS parent_columns
              FROM unnest(model.foreign_keys) WITH ORDINALITY AS k
              JOIN unnest(model.tables) AS t ON t.ordinal = k.table_ordinal
              JOIN unnest(model.tables) AS p ON p.ordinal = k.parent_ordinal
             CROSS JOIN unnest(k.columns, k.parent_columns) WITH ORDINALITY AS x(id, parent_id, n)
              JOIN unnest(model.columns) AS c ON c.id = x.id
              JOIN unnest(model.columns) AS pc ON pc.id = x.parent_id
             WHERE k.problem IS NULL
             GROUP BY k.table_ordinal, k.ordinality, t.source_name, p.source_name) AS f
     CROSS JOIN LATERAL sq2pg.source_orphans(options->>'source', f.child, f.child_columns, f.parent, f.parent_columns) AS o
     WHERE o.orphans > 0
$$;
COMMENT ON FUNCTION sq2pg.orphans(jsonb, sq2pg.model) IS 'foreign keys that rows of the source violate';

CREATE FUNCTION sq2pg.orphaned_keys(options jsonb, model sq2pg.model) RETURNS bigint[]
    LANGUAGE sql AS $$ SELECT ARRAY(SELECT o.place FROM sq2pg.orphans(options, model) AS o) $$;
COMMENT ON FUNCTION sq2pg.orphaned_keys(jsonb, sq2pg.model) IS 'places of the foreign keys that rows violate';

CREATE FUNCTION sq2pg.orphan_notes(options jsonb, model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(o.table_ordinal, array_to_string(o.child_columns, ', '),
                                  CASE options->>'on_orphan' WHEN 'error' THEN 'error' ELSE 'warning' END,
                                  'orphans', o.orphans, o.sample,
                                  format('%s rows of table "%s" have no parent in table "%s"', o.orphans, o.child, o.parent),
                                  'Repair the source, or choose on_orphan => ''null'', ''reject'', or ''keep'', which leaves the foreign key NOT VALID.'
                                 )::sq2pg.note ORDER BY o.table_ordinal, o.place), '{}')
      FROM sq2pg.orphans(options, model) AS o
$$;
COMMENT ON FUNCTION sq2pg.orphan_notes(jsonb, sq2pg.model) IS 'one finding for each foreign key that rows violate';

/*
 * Values that no candidate type holds: only where the caller named the type.
 */
CREATE FUNCTION sq2pg.misfit_notes(options jsonb, model sq2pg.model, profiles sq2pg.column_profile[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(ROW(c.table_ordinal, c.source_name,
                                  CASE options->>'on_bad_value' WHEN 'error' THEN 'error' ELSE 'warning' END,
                                  'bad_value', p.misfits,
                                  concat_ws(': ', 'rowid ' || p.example_rowid, p.example),
                                  format('%s values do not fit type %s: %s', p.misfits, c.type, p.reason),
                                  CASE options->>'on_bad_value'
                                      WHEN 'error' THEN 'Leave the column out of types, so that its type follows the data, or choose on_bad_value => ''null'', ''reject'' or ''repair''.'
                                      WHEN 'null' THEN 'They will become NULL, or their rows will be left out where the column is NOT NULL.'
                                      WHEN 'reject' THEN 'Their rows will be left out.'
                                      ELSE 'They will become the nearest value, or NULL where there is none.' END)::sq2pg.note
                              ORDER BY c.id), '{}')
      FROM unnest(model.columns) AS c
      JOIN unnest(profiles) AS p ON p.column_id = c.id AND p.candidate = c.type
     WHERE p.misfits > 0
$$;
COMMENT ON FUNCTION sq2pg.misfit_notes(jsonb, sq2pg.model, sq2pg.column_profile[]) IS 'values that do not fit the type that was asked for';

/*
 * Keys whose values SQLite keeps apart and PostgreSQL does not.  Only columns
 * in which that can be are looked at: not those that hold nothing but
 * integers, or nothing but text.
 */
CREATE FUNCTION sq2pg.duplicate_notes(options jsonb, model sq2pg.model, profiles sq2pg.column_profile[])
    RETURNS sq2pg.note[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    WITH keys AS (
        SELECT k.table_ordinal, k.columns FROM unnest(model.keys) AS k
        UNION
        SELECT i.table_ordinal, i.columns FROM unnest(model.indexes) AS i
         WHERE i.is_unique AND i.facts->>'where' IS NULL AND array_position(i.columns, NULL) IS NULL
    ), doubtful AS (
        SELECT DISTINCT c.id
          FROM unnest(model.columns) AS c
          JOIN unnest(profiles) AS p ON p.column_id = c.id
         WHERE NOT (sq2pg.type_family(c.type) = 'number' AND p.reals + p.texts + p.blobs = 0
                    OR sq2pg.type_family(c.type) = 'text' AND p.integers + p.reals + p.blobs = 0
                    OR c.type = 'bytea' AND p.integers + p.reals + p.texts = 0)
    ), suspects AS (
        SELECT k.table_ordinal, t.source_name, array_agg(c.source_name ORDER BY x.n) AS names,
               array_agg(c.type ORDER BY x.n) AS types
          FROM keys AS k
          JOIN unnest(model.tables) AS t ON t.ordinal = k.table_ordinal
         CROSS JOIN unnest(k.columns) WITH ORDINALITY AS x(id, n)
          JOIN unnest(model.columns) AS c ON c.id = x.id
         WHERE EXISTS (SELECT FROM doubtful AS d WHERE d.id = ANY (k.columns))
           -- two NULLs are no duplicates, but look like ones here
           AND NOT EXISTS (SELECT FROM unnest(profiles) AS p WHERE p.column_id = ANY (k.columns) AND p.nulls > 0)
         GROUP BY k.table_ordinal, k.columns, t.source_name
    )
    SELECT coalesce(array_agg(ROW(s.table_ordinal, array_to_string(s.names, ', '), 'error', 'duplicate_key', d.n,
                                  'rowid ' || d.rowids,
                                  format('%s keys on (%s) are equal in PostgreSQL and not in SQLite', d.n,
                                         array_to_string(s.names, ', ')),
                                  'Give the column a type that keeps them apart, for example types => ''{"table.column": "text"}''.'
                                 )::sq2pg.note ORDER BY s.table_ordinal), '{}')
      FROM suspects AS s
     CROSS JOIN LATERAL (
           SELECT count(*) AS n, min(x.rowids) AS rowids
             FROM (SELECT string_agg(k.source_rowid::text, ', ' ORDER BY k.source_rowid) AS rowids
                     FROM sq2pg.key_digests(options->>'source', s.source_name, s.names, s.types, options->>'time_zone',
                                            (options->>'empty_as_null')::boolean) AS k
                    GROUP BY k.digest HAVING count(*) > 1) AS x) AS d
     WHERE d.n > 0
$$;
COMMENT ON FUNCTION sq2pg.duplicate_notes(jsonb, sq2pg.model, sq2pg.column_profile[]) IS 'keys that are equal in PostgreSQL only';

/*
 * Rows that violate a CHECK of the source, as SQLite sees it.
 */
CREATE FUNCTION sq2pg.check_violation_notes(options jsonb, model sq2pg.model, all_expressions sq2pg.expression[])
    RETURNS sq2pg.note[]
    LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(t.ordinal, NULL, 'warning', 'check_not_valid', v.n, NULL,
                                  format('%s rows violate CHECK (%s): it will be NOT VALID', v.n, e.original),
                                  'Repair the rows in the source, or afterwards.')::sq2pg.note ORDER BY t.ordinal), '{}')
      FROM unnest(all_expressions) AS e
      JOIN unnest(model.tables) AS t ON t.ordinal = e.table_ordinal
     CROSS JOIN LATERAL (SELECT sq2pg.source_violations(options->>'source', t.source_name, e.original) AS n) AS v
     WHERE e.kind = 'check' AND e.translated IS NOT NULL AND v.n > 0
$$;
COMMENT ON FUNCTION sq2pg.check_violation_notes(jsonb, sq2pg.model, sq2pg.expression[]) IS 'CHECKs that rows of the source violate';

CREATE FUNCTION sq2pg.noise_notes(model sq2pg.model, profiles sq2pg.column_profile[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(ROW(c.table_ordinal, c.source_name, 'note', 'binary_noise', p.noise, NULL,
                                  format('binary floating-point noise below 1e-15 is rounded away from %s values', p.noise),
                                  NULL)::sq2pg.note ORDER BY c.id), '{}')
      FROM unnest(model.columns) AS c
      JOIN unnest(profiles) AS p ON p.column_id = c.id AND p.candidate = c.type
     WHERE p.noise > 0
$$;
COMMENT ON FUNCTION sq2pg.noise_notes(sq2pg.model, sq2pg.column_profile[]) IS 'columns from which rounding removes binary noise';

/*
 * The mode of the run; what keeps it from having one is a finding, not an
 * error.
 */
CREATE FUNCTION sq2pg.prepare_check(INOUT options jsonb, OUT mode text, OUT model sq2pg.model, OUT notes sq2pg.note[])
    LANGUAGE plpgsql AS $$
DECLARE
    given   CONSTANT jsonb := options;
    p       record;
    state   text;
    message text;
    detail  text;
    hint    text;
BEGIN
    notes := '{}';
    BEGIN
        SELECT * INTO p FROM sq2pg.prepare_run(given);
        options := p.options;
        mode := p.mode;
        model := p.model;
        IF mode = 'create' AND model.tables IS NOT NULL THEN
            PERFORM sq2pg.check_limits(model);
        END IF;
    EXCEPTION WHEN duplicate_table OR too_many_columns OR configuration_limit_exceeded THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                hint = PG_EXCEPTION_HINT;
        notes := ARRAY[ROW(NULL, NULL, 'error', CASE state WHEN '42P07' THEN 'target_exists' ELSE 'limit' END,
                           NULL, nullif(detail, ''), message, nullif(hint, ''))::sq2pg.note];
        options := given;
        mode := 'create';
        model := sq2pg.read_model(options);
    END;
    IF (mode = 'create' OR (options->>'add_missing')::boolean) AND NOT has_schema_privilege(model.schema_name, 'CREATE') THEN
        notes := notes || ROW(NULL, NULL, 'error', 'no_right', NULL, NULL,
                              format('role "%s" may not create tables in schema "%s"', current_user, model.schema_name),
                              format('GRANT CREATE ON SCHEMA %I TO %I;', model.schema_name, current_user))::sq2pg.note;
    END IF;
    notes := notes || model.notes;
END
$$;
COMMENT ON FUNCTION sq2pg.prepare_check(jsonb) IS 'mode and model of a run, with what stops it before it begins';

/*
 * Findings about a run in create mode.
 */
CREATE FUNCTION sq2pg.check_create(options jsonb, model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    completed record;
    before    sq2pg.column_plan[] := model.columns;
    notes     sq2pg.note[] := (SELECT sq2pg.drop_notes(options, model) || sq2pg.object_notes(options, model));
BEGIN
    IF model.tables IS NULL THEN
        RETURN notes;
    END IF;
    SELECT * INTO completed FROM sq2pg.complete_model(options, model);
    model := completed.model;
    RETURN notes || sq2pg.not_null_notes(before, model.columns) || sq2pg.schema_notes(options, model, completed.expressions)
        || sq2pg.misfit_notes(options, model, completed.profiles) || sq2pg.orphan_notes(options, model)
        || sq2pg.type_notes(model, completed.profiles) || sq2pg.noise_notes(model, completed.profiles)
        || sq2pg.loss_notes(options, model, completed.expressions) || sq2pg.duplicate_notes(options, model, completed.profiles)
        || sq2pg.check_violation_notes(options, model, completed.expressions)
        || sq2pg.key_notes(model, sq2pg.null_columns(completed.profiles)) || sq2pg.view_notes(model)
        || sq2pg.lost_view_notes(ARRAY(SELECT v.target_name FROM unnest(model.views) AS v
                                        WHERE v.problem IS NOT NULL AND v.target_name = ANY (sq2pg.dropped_views(options, model))
                                        ORDER BY v.target_name COLLATE "C"))
        || sq2pg.identity_notes(options, model);
END
$$;
COMMENT ON FUNCTION sq2pg.check_create(jsonb, sq2pg.model) IS 'everything that a run in create mode would meet';

CREATE TYPE sq2pg.finding AS (
    severity    text,
    code        text,
    table_name  text,
    column_name text,
    occurrences bigint,
    sample      text,
    message     text,
    hint        text);

CREATE FUNCTION sq2pg.check_source(
    source text, target_schema name, mode text, include text[], exclude text[], rename jsonb, existing text,
    types jsonb, names text, on_bad_value text, on_conflict text, on_orphan text, empty_as_null boolean,
    time_zone text, triggers text, owner name, add_missing boolean, verify text, dry_run boolean)
    RETURNS SETOF sq2pg.finding
    LANGUAGE plpgsql AS $$
DECLARE
    started     timestamptz := clock_timestamp();
    options     jsonb := sq2pg.make_options(source, target_schema, mode, include, exclude, rename, existing, types, names,
                                            on_bad_value, on_conflict, on_orphan, empty_as_null, time_zone, triggers,
                                            owner, add_missing, verify, dry_run);
    prepared    record;
    all_notes   sq2pg.note[];
BEGIN
    SELECT * INTO prepared FROM sq2pg.prepare_check(options);
    all_notes := prepared.notes
        || CASE WHEN prepared.mode = 'create' THEN sq2pg.check_create(prepared.options, prepared.model)
                ELSE sq2pg.check_data(prepared.options, prepared.model) END
        || sq2pg.estimate_notes(prepared.options, prepared.model, started, prepared.mode = 'data');
    RETURN QUERY
        SELECT n.severity, n.code, t.source_name, n.column_name, n.occurrences, n.sample, n.message, n.hint
          FROM unnest(sq2pg.sort_notes(all_notes)) WITH ORDINALITY AS n
          LEFT JOIN unnest((prepared.model).tables) AS t ON t.ordinal = n.table_ordinal
         -- statements come in an order in which they can be run
         ORDER BY array_position('{error,warning,note}', n.severity), n.code = 'key_missing', n.table_ordinal NULLS FIRST, n.ordinality;
END
$$;
COMMENT ON FUNCTION sq2pg.check_source(text, name, text, text[], text[], jsonb, text, jsonb, text, text, text, text, boolean, text, text, name, boolean, text, boolean) IS
    'the work of sq2pg_check';

CREATE FUNCTION sq2pg_check(
    source text, target_schema name DEFAULT NULL, mode text DEFAULT 'auto', include text[] DEFAULT NULL,
    exclude text[] DEFAULT NULL, rename jsonb DEFAULT NULL, existing text DEFAULT 'error', types jsonb DEFAULT NULL,
    names text DEFAULT 'keep', on_bad_value text DEFAULT 'error', on_conflict text DEFAULT 'error',
    on_orphan text DEFAULT 'error', empty_as_null boolean DEFAULT false, time_zone text DEFAULT 'UTC',
    triggers text DEFAULT 'fire', owner name DEFAULT NULL, add_missing boolean DEFAULT false,
    verify text DEFAULT 'content', dry_run boolean DEFAULT false)
    RETURNS TABLE (severity text, code text, table_name text, column_name text, occurrences bigint, sample text,
                   message text, hint text)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_check';
COMMENT ON FUNCTION sq2pg_check(text, name, text, text[], text[], jsonb, text, jsonb, text, text, text, text, boolean, text, text, name, boolean, text, boolean) IS
    'lists everything that sq2pg_migrate would meet with the same parameters: errors, warnings, notes; reads all data, writes nothing';
