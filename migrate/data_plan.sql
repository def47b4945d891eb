/*
 * data_plan: a run into existing tables, told instead of done: its statements,
 * and what it would meet
 */

/*
 * Where the sequences will stand, foretold from both sides.
 */
CREATE FUNCTION sq2pg.sequence_steps(options jsonb, model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.step[]
    LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
    steps     sq2pg.step[] := '{}';
    s         record;
    current   numeric;
    extreme   numeric;
    behind    numeric;
BEGIN
    FOR s IN SELECT u.sequence_oid, q.seqincrement, ROW(q.*)::pg_sequence AS definition, u.sequence_oid::regclass::text AS name,
                    max(x.value) AS highest, min(x.value) AS lowest, max(m.sequence) AS at_least
               FROM sq2pg.column_sequences(model.schema_name) AS u
               JOIN pg_sequence AS q ON q.seqrelid = u.sequence_oid
               JOIN unnest(tables) AS t ON t.relation = u.table_oid
               JOIN pg_attribute AS a ON a.attrelid = u.table_oid AND a.attnum = u.column_number
               LEFT JOIN (SELECT y.relation, z.target, z.source, CASE WHEN c.is_identity THEN p.sequence END AS sequence
                            FROM unnest(tables) AS y
                           CROSS JOIN unnest((y.load).column_ids, (y.load).source_columns, (y.load).target_columns) AS z(id, source, target)
                            JOIN unnest(model.columns) AS c ON c.id = z.id
                            JOIN unnest(model.tables) AS p ON p.ordinal = y.table_ordinal) AS m
                      ON m.relation = u.table_oid AND m.target = a.attname
              CROSS JOIN LATERAL (
                    VALUES (CASE WHEN t.action IN ('load', 'append', 'replace') THEN
                                sq2pg.source_extreme(options->>'source', (t.load).source_table, m.source, q.seqincrement < 0) END::numeric),
                           (CASE WHEN t.action <> 'replace' THEN
                                sq2pg.sequence_extreme(ROW(q.*)::pg_sequence, ARRAY[u.table_oid], ARRAY[u.column_number], NULL) END)) AS x(value)
              GROUP BY u.sequence_oid, q.seqincrement, ROW(q.*)::pg_sequence HAVING count(m.source) > 0 ORDER BY u.sequence_oid LOOP
        extreme := CASE WHEN s.seqincrement > 0 THEN greatest(s.highest, s.at_least) ELSE s.lowest END;
        EXECUTE format('SELECT last_value + CASE WHEN is_called THEN $1 ELSE 0 END FROM %s', s.name) INTO current USING s.seqincrement;
        behind := (SELECT sq2pg.next_behind(s.definition, current, extreme));
        CONTINUE WHEN behind IS NULL;
        steps := steps || ROW('sequence', NULL, s.name, format('ALTER SEQUENCE %s RESTART WITH %s', s.name, behind),
                              NULL)::sq2pg.step;
    END LOOP;
    RETURN steps;
END
$$;
COMMENT ON FUNCTION sq2pg.sequence_steps(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'ALTER SEQUENCE ... RESTART for a plan into existing tables';

/*
 * The statements of a run into tables that are all there.
 */
CREATE FUNCTION sq2pg.plan_targets(options jsonb, model sq2pg.model) RETURNS sq2pg.step[]
    LANGUAGE plpgsql AS $$
DECLARE
    tables   sq2pg.data_table[] := (SELECT sq2pg.decide_actions(options, model, sq2pg.find_targets(model)));
    disable  boolean := options->>'triggers' = 'disable';
    staged   text[];
BEGIN
    PERFORM sq2pg.raise_problems(model.schema_name, sq2pg.all_target_notes(options, model, tables));
    staged := ARRAY(SELECT format('%I.%I', sq2pg.staging_name(), c.relname)
                      FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation ORDER BY t.table_ordinal);
    RETURN sq2pg.lock_steps(tables, options->>'existing')
        || sq2pg.source_steps(options)
        || sq2pg.data_staging_steps(sq2pg.staging_name(), model, tables)
        || CASE WHEN disable THEN sq2pg.trigger_steps(tables, false) ELSE '{}' END
        || sq2pg.shield_steps(tables, NOT disable)
        || sq2pg.defer_steps(tables)
        -- triggers and checks of the target are the application's code
        || ROW('load', NULL, NULL, sq2pg.caller_path_step(), NULL)::sq2pg.step
        || sq2pg.truncate_steps(tables)
        || sq2pg.data_load_steps(options, sq2pg.staging_name(), model, tables) || sq2pg.late_steps(tables, staged)
        || ROW('constraints', NULL, NULL, 'SET CONSTRAINTS ALL IMMEDIATE', NULL)::sq2pg.step
        || ROW('constraints', NULL, NULL, 'SET LOCAL search_path = pg_catalog, pg_temp', NULL)::sq2pg.step
        || sq2pg.undefer_steps(tables)
        || CASE WHEN disable THEN sq2pg.trigger_steps(tables, true) ELSE '{}' END
        || sq2pg.source_end_steps()
        || sq2pg.sequence_steps(options, model, tables)
        || sq2pg.analyze_targets(tables);
END
$$;
COMMENT ON FUNCTION sq2pg.plan_targets(jsonb, sq2pg.model) IS 'the statements that load existing tables';

/*
 * What add_missing would add has to be there for the rest of the plan to be
 * told: it is added, and taken back.
 */
CREATE FUNCTION sq2pg.plan_data(options jsonb, model sq2pg.model) RETURNS sq2pg.step[]
    LANGUAGE plpgsql AS $$
DECLARE
    missing record;
    steps   sq2pg.step[];
    tables  sq2pg.data_table[] := (SELECT sq2pg.find_targets(model));
BEGIN
    SELECT * INTO missing FROM sq2pg.missing_steps(options, model, tables);
    PERFORM sq2pg.raise_problems(model.schema_name, sq2pg.completeness_notes(model, missing.model, tables, missing.steps,
                                                                             (options->>'add_missing')::boolean));
    IF NOT (options->>'add_missing')::boolean OR cardinality(missing.steps) = 0 THEN
        RETURN sq2pg.plan_targets(options, model);
    END IF;
    BEGIN
        PERFORM sq2pg.execute_steps(missing.steps);
        steps := missing.steps || sq2pg.plan_targets(options, model);
        RAISE triggered_action_exception USING MESSAGE = 'taken back';
    EXCEPTION WHEN triggered_action_exception THEN
        IF steps IS NULL THEN
            RAISE;
        END IF;
    END;
    RETURN steps;
END
$$;
COMMENT ON FUNCTION sq2pg.plan_data(jsonb, sq2pg.model) IS 'the statements of a run in data mode';

/*
 * Everything that a run in data mode would meet.
 */
CREATE FUNCTION sq2pg.check_data(options jsonb, model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    tables  sq2pg.data_table[];
    missing record;
    notes   sq2pg.note[];
BEGIN
    IF model.tables IS NULL THEN
        RETURN '{}';
    END IF;
    tables := (SELECT sq2pg.find_targets(model));
    SELECT * INTO missing FROM sq2pg.missing_steps(options, model, tables);
    notes := (SELECT sq2pg.completeness_notes(model, missing.model, tables, missing.steps, (options->>'add_missing')::boolean));
    IF (options->>'add_missing')::boolean THEN
        notes := notes || missing.misfits;
    END IF;
    tables := sq2pg.decide_actions(options, model, tables);
    RETURN notes || sq2pg.all_target_notes(options, model, tables)
        || sq2pg.violation_notes(options, ARRAY(
               -- rows in the way are told of; the others could be loaded beside them
               SELECT ROW(t.table_ordinal, t.relation, t.load, t.unmatched, t.extra, t.rank, t.in_cycle, t.is_empty,
                          coalesce(t.action, 'append'))::sq2pg.data_table
                 FROM unnest(tables) AS t
                WHERE t.relation IS NOT NULL AND (t.load).target_columns IS NOT NULL ORDER BY t.table_ordinal))
        || ROW(NULL, NULL, 'note', 'schema_kept', NULL, NULL,
               'the target''s own schema stays as it is: defaults, checks, indexes, views and triggers of the source are not looked at',
               NULL)::sq2pg.note;
END
$$;
COMMENT ON FUNCTION sq2pg.check_data(jsonb, sq2pg.model) IS 'everything that a run in data mode would meet';
