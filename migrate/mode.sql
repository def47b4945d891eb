/*
 * mode: is the schema to be made, or is it there?
 */

/*
 * Relations with the very names of a model's tables and views, which creating
 * these would collide with.
 */
CREATE FUNCTION sq2pg.occupied_names(model sq2pg.model) RETURNS TABLE (relation oid, name text, kind "char", is_view boolean)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT c.oid, c.relname::text, c.relkind, m.is_view
      FROM (SELECT t.target_name::name AS name, false AS is_view FROM unnest(model.tables) AS t
            UNION ALL
            SELECT v.target_name::name, true FROM unnest(model.views) AS v) AS m
      JOIN pg_class AS c ON c.relnamespace = to_regnamespace(quote_ident(model.schema_name)) AND c.relname = m.name
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
$$;
COMMENT ON FUNCTION sq2pg.occupied_names(sq2pg.model) IS 'existing relations with the names of a model''s tables and views';

/*
 * The tables and views of the same names that existing => 'recreate' drops.
 */
CREATE FUNCTION sq2pg.dropped_relations(options jsonb, model sq2pg.model)
    RETURNS TABLE (name text, is_view boolean, relation oid)
    LANGUAGE sql STABLE AS $$
    SELECT o.name, o.is_view, o.relation
      FROM sq2pg.occupied_names(model) AS o
     WHERE options->>'existing' = 'recreate' AND (o.is_view AND o.kind = 'v' OR NOT o.is_view AND o.kind IN ('r', 'p'))
$$;
COMMENT ON FUNCTION sq2pg.dropped_relations(jsonb, sq2pg.model) IS 'what existing => ''recreate'' drops';

/*
 * With RESTRICT, so that what somebody else has built on them is an error.
 */
CREATE FUNCTION sq2pg.drop_steps(options jsonb, model sq2pg.model) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW('drop', NULL, NULL, d.statement, NULL)::sq2pg.step ORDER BY d.is_view DESC), '{}')
      FROM (SELECT o.is_view,
                   format('DROP %s %s RESTRICT', CASE WHEN o.is_view THEN 'VIEW' ELSE 'TABLE' END,
                          string_agg(format('%I.%I', model.schema_name, o.name), ', ' ORDER BY o.relation)) AS statement
              FROM sq2pg.dropped_relations(options, model) AS o GROUP BY o.is_view) AS d
$$;
COMMENT ON FUNCTION sq2pg.drop_steps(jsonb, sq2pg.model) IS 'what is dropped before it is made again';

/*
 * What of others' is built on tables that would be dropped: foreign keys and
 * views.
 */
CREATE FUNCTION sq2pg.drop_notes(options jsonb, model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH dropped AS MATERIALIZED (
        SELECT o.relation FROM sq2pg.dropped_relations(options, model) AS o
    ), dependents AS (
        SELECT d.relation, k.conrelid AS dependent, format('foreign key "%s" of table', k.conname) AS what
          FROM dropped AS d JOIN pg_constraint AS k ON k.confrelid = d.relation AND k.contype = 'f' AND k.conparentid = 0
        UNION
        SELECT d.relation, w.ev_class, CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'a rule of table' END
          FROM dropped AS d
          JOIN pg_depend AS p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = d.relation AND p.classid = 'pg_rewrite'::regclass
          JOIN pg_rewrite AS w ON w.oid = p.objid
          JOIN pg_class AS c ON c.oid = w.ev_class
    )
    SELECT coalesce(array_agg(ROW(NULL, NULL, 'error', 'depended_on', NULL, NULL, x.message,
                                  'Drop it before, and create it again after the run.')::sq2pg.note ORDER BY x.message COLLATE "C"), '{}')
      FROM (SELECT format('%s %I.%I depends on %I.%I', e.what, n.nspname, c.relname, m.nspname, r.relname) AS message
              FROM dependents AS e
              JOIN pg_class AS c ON c.oid = e.dependent
              JOIN pg_namespace AS n ON n.oid = c.relnamespace
              JOIN pg_class AS r ON r.oid = e.relation
              JOIN pg_namespace AS m ON m.oid = r.relnamespace
             WHERE e.dependent NOT IN (SELECT d.relation FROM dropped AS d)) AS x
$$;
COMMENT ON FUNCTION sq2pg.drop_notes(jsonb, sq2pg.model) IS 'what stands in the way of existing => ''recreate''';

/*
 * Views that existing => 'recreate' drops.
 */
CREATE FUNCTION sq2pg.dropped_views(options jsonb, model sq2pg.model) RETURNS text[]
    LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT o.name FROM sq2pg.dropped_relations(options, model) AS o WHERE o.is_view ORDER BY o.name COLLATE "C")
$$;
COMMENT ON FUNCTION sq2pg.dropped_views(jsonb, sq2pg.model) IS 'names of views that are dropped before they are made again';

/*
 * Somebody may have written a view by hand, because its source could not be
 * translated: "lost" are those that would be dropped and not made again.
 */
CREATE FUNCTION sq2pg.lost_view_notes(lost text[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY(SELECT ROW(NULL, NULL, 'error', 'view_lost', NULL, NULL,
                            format('view "%s" would be dropped and not made again: its source cannot be translated', x.name),
                            'Keep its definition (pg_get_viewdef), drop it, and create it again after the run.')::sq2pg.note
                   FROM unnest(lost) WITH ORDINALITY AS x(name, n) ORDER BY x.n)
$$;
COMMENT ON FUNCTION sq2pg.lost_view_notes(text[]) IS 'errors about views that existing => ''recreate'' would lose';

/*
 * Names of relations and types that are taken, without those that
 * sq2pg.drop_steps() frees.
 */
CREATE FUNCTION sq2pg.names_in_use(options jsonb, model sq2pg.model) RETURNS text[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH dropped AS MATERIALIZED (
        SELECT o.relation FROM sq2pg.dropped_relations(options, model) AS o
    ), gone AS (
        SELECT d.relation AS oid FROM dropped AS d
        UNION
        SELECT i.indexrelid FROM pg_index AS i JOIN dropped AS d ON d.relation = i.indrelid
        UNION
        SELECT p.objid FROM pg_depend AS p JOIN dropped AS d ON d.relation = p.refobjid
         WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.deptype IN ('a', 'i')
    )
    SELECT ARRAY(SELECT n FROM unnest(sq2pg.taken_names(model.schema_name)) AS n
                 EXCEPT
                 (SELECT c.relname::text FROM pg_class AS c JOIN gone AS g ON g.oid = c.oid
                  UNION
                  SELECT t.typname::text FROM pg_type AS t JOIN gone AS g ON g.oid = t.typrelid
                  UNION
                  SELECT a.typname::text FROM pg_type AS t JOIN gone AS g ON g.oid = t.typrelid JOIN pg_type AS a ON a.oid = t.typarray))
$$;
COMMENT ON FUNCTION sq2pg.names_in_use(jsonb, sq2pg.model) IS 'names that new relations of a model cannot have';

/*
 * create or data, and why.  Raises where it is neither.
 */
CREATE FUNCTION sq2pg.choose_mode(options jsonb, model sq2pg.model, tools sq2pg.tool_table[], OUT mode text, OUT reason text)
    LANGUAGE plpgsql AS $$
DECLARE
    recreate boolean := options->>'existing' = 'recreate';
    present  text[];
    absent   text[];
BEGIN
    -- the tables of migration tools say nothing of the application's
    SELECT coalesce(array_agg(t.target_name ORDER BY t.target_name) FILTER (WHERE m.relation IS NOT NULL), '{}'),
           coalesce(array_agg(t.target_name ORDER BY t.target_name) FILTER (WHERE m.relation IS NULL), '{}')
      INTO present, absent
      FROM unnest(model.tables) AS t
      LEFT JOIN sq2pg.match_relations(model) AS m ON m.table_ordinal = t.ordinal
     WHERE cardinality(tools) = cardinality(model.tables)
        OR t.ordinal NOT IN (SELECT x.table_ordinal FROM unnest(tools) AS x);
    mode := options->>'mode';
    IF mode = 'auto' AND cardinality(present) > 0 AND cardinality(absent) > 0
       AND NOT recreate AND NOT (options->>'add_missing')::boolean THEN
        RAISE duplicate_table USING
            MESSAGE = format('only some of the source tables exist in schema "%s"', model.schema_name),
            DETAIL = format('Existing: %s. Missing: %s.', array_to_string(present, ', '), array_to_string(absent, ', ')),
            HINT = 'Choose tables with include or exclude, another target_schema, or add_missing => true.';
    END IF;
    IF mode = 'auto' THEN
        mode := CASE WHEN cardinality(present) > 0 AND NOT recreate THEN 'data' ELSE 'create' END;
        reason := format(CASE WHEN mode = 'create' AND EXISTS (SELECT FROM sq2pg.occupied_names(model) AS o WHERE NOT o.is_view) THEN 'tables in schema "%s" are dropped and made again'
                              WHEN mode = 'create' THEN 'none of the source tables exists in schema "%s"'
                              WHEN cardinality(absent) > 0 THEN 'some of the source tables exist in schema "%s"'
                              ELSE 'all source tables exist in schema "%s"' END, model.schema_name);
    ELSE
        reason := 'as requested';
    END IF;
    PERFORM sq2pg.check_mode(mode, options, model);
END
$$;
COMMENT ON FUNCTION sq2pg.choose_mode(jsonb, sq2pg.model, sq2pg.tool_table[]) IS 'create or data, and the reason for it';

/*
 * Parameters that a mode cannot have, and tables in the way of creating.
 */
CREATE FUNCTION sq2pg.check_mode(mode text, options jsonb, model sq2pg.model) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    present text := (SELECT string_agg(o.name, ', ' ORDER BY o.name) FROM sq2pg.occupied_names(model) AS o
                      WHERE NOT o.is_view AND (options->>'existing' <> 'recreate' OR o.kind NOT IN ('r', 'p')));
BEGIN
    IF mode = 'data' THEN
        IF options->>'existing' = 'recreate' THEN
            RAISE invalid_parameter_value USING
                MESSAGE = 'existing tables cannot be recreated in mode "data"',
                HINT = 'Choose mode => ''create'' to drop and create them, or existing => ''truncate''.';
        END IF;
        IF options->>'on_orphan' = 'keep' THEN
            RAISE invalid_parameter_value USING
                MESSAGE = 'rows without parent cannot be kept in mode "data"',
                DETAIL = 'The foreign keys of existing tables are enforced.',
                HINT = 'Choose on_orphan => ''null'' or ''reject''.';
        END IF;
    ELSIF present IS NOT NULL THEN
        RAISE duplicate_table USING
            MESSAGE = format('tables of the source already exist in schema "%s"', model.schema_name),
            DETAIL = format('Existing: %s.', present),
            HINT = CASE options->>'existing' WHEN 'recreate' THEN 'They are no tables: drop or rename them, or leave these tables out with exclude.'
                ELSE 'Choose mode => ''data'' to load into them, existing => ''recreate'' to replace them, tables with include or exclude, or another target_schema.' END;
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.check_mode(text, jsonb, sq2pg.model) IS 'refuses what the mode of a run does not allow';

/*
 * The model of a run, in its mode: in data mode without the tables of
 * migration tools, which belong to the tool.
 */
CREATE FUNCTION sq2pg.prepare_run(INOUT options jsonb, OUT mode text, OUT reason text, OUT model sq2pg.model)
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET work_mem = '1MB' AS $$
DECLARE
    tools  sq2pg.tool_table[];
    others sq2pg.tool_table[];  -- those that nobody asked for
    notes  sq2pg.note[];
BEGIN
    model := sq2pg.read_model(options);
    tools := (SELECT sq2pg.source_tool_tables(options, model));
    others := ARRAY(SELECT ROW(t.*)::sq2pg.tool_table FROM unnest(tools) AS t WHERE NOT t.is_wanted ORDER BY t.table_ordinal);
    SELECT c.mode, c.reason INTO mode, reason FROM sq2pg.choose_mode(options, model, others) AS c;
    IF mode = 'data' AND cardinality(tools) > 0 THEN
        notes := sq2pg.tool_notes(options, model, tools);
        IF cardinality(others) > 0 THEN
            options := jsonb_set(options, '{exclude}', coalesce(nullif(options->'exclude', 'null'), '[]')
                                                       || (SELECT jsonb_agg(t.table_name) FROM unnest(others) AS t));
            model := sq2pg.read_model(options);
        END IF;
        model.notes := notes;
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.prepare_run(jsonb) IS 'the mode of a run and its model';
