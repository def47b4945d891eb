/* export_view: views, as far as their query says the same in SQLite */

CREATE FUNCTION sq2pg.export_query(rule pg_node_tree, relations oid[], attnums int[], tables text[], columns text[], kinds text[],
                                   six_digits boolean, naive_instants boolean, short_uuids boolean,
                                   OUT sql text, OUT problem text)
    RETURNS SETOF record
    LANGUAGE C STABLE STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_export_query';
COMMENT ON FUNCTION sq2pg.export_query(pg_node_tree, oid[], int[], text[], text[], text[], boolean, boolean, boolean) IS
    'the query of a view for SQLite, or why there is none';

/*
 * Columns that a view may use: of the exported tables, and of those views of
 * which nothing is known that speaks against them.
 */
CREATE FUNCTION sq2pg.export_known(tables sq2pg.export_table[], columns sq2pg.export_column[], views sq2pg.export_part[],
                                   OUT relations oid[], OUT attnums int[], OUT names text[], OUT column_names text[], OUT kinds text[])
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(k.relation ORDER BY k.relation, k.attnum), '{}'), coalesce(array_agg(k.attnum ORDER BY k.relation, k.attnum), '{}'),
           coalesce(array_agg(sq2pg.lite_name(k.name) ORDER BY k.relation, k.attnum), '{}'),
           coalesce(array_agg(sq2pg.lite_name(k.column_name) ORDER BY k.relation, k.attnum), '{}'),
           coalesce(array_agg(k.kind ORDER BY k.relation, k.attnum), '{}')
      FROM (SELECT c.relation, c.attnum, t.name, c.name AS column_name, c.kind
              FROM unnest(columns) AS c JOIN unnest(tables) AS t ON t.relation = c.relation
            UNION ALL
            -- whether its numbers are text is not known here
            SELECT v.relation, a.attnum, v.name, a.attname::text, 'output'
              FROM unnest(views) AS v JOIN pg_attribute AS a ON a.attrelid = v.relation AND a.attnum > 0
             WHERE v.problem IS NULL) AS k
$$;
COMMENT ON FUNCTION sq2pg.export_known(sq2pg.export_table[], sq2pg.export_column[], sq2pg.export_part[]) IS
    'columns that views may use';

/*
 * The views of a schema in the order in which they were made. A view that is
 * left out takes those with it that use it, which is found out by trying again.
 */
CREATE FUNCTION sq2pg.export_views(source_schema name, tables sq2pg.export_table[], columns sq2pg.export_column[], options jsonb,
                                   forms sq2pg.export_forms) RETURNS SETOF sq2pg.export_part
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    views  sq2pg.export_part[];
    known  record;
    before int;
BEGIN
    SELECT array_agg(ROW(c.oid, 'view', c.relname, NULL, p.problem, NULL)::sq2pg.export_part ORDER BY c.oid) INTO views
      FROM pg_class AS c
     CROSS JOIN LATERAL (SELECT CASE WHEN NOT has_any_column_privilege(c.oid, 'SELECT') THEN 'permission denied'
                                     WHEN EXISTS (SELECT FROM unnest(tables) AS t WHERE lower(t.name COLLATE "C") = lower(c.relname::text COLLATE "C"))
                                         OR c.relname ILIKE 'sqlite\_%' OR EXISTS (
                                             SELECT FROM pg_class AS o WHERE o.relnamespace = c.relnamespace AND o.relkind = 'v'
                                                AND lower(o.relname::text COLLATE "C") = lower(c.relname::text COLLATE "C") AND o.oid <> c.oid)
                                         THEN 'SQLite has another use for its name'
                                     WHEN (SELECT count(*) <> count(DISTINCT lower(a.attname::text COLLATE "C"))
                                             FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0)
                                         THEN 'two of its columns have one name in SQLite' END) AS p(problem)
     WHERE c.relnamespace = to_regnamespace(quote_ident(source_schema)) AND c.relkind = 'v'
       AND sq2pg.table_is_chosen(c.relname::text, options)
       AND NOT EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
    LOOP
        before := (SELECT count(*) FROM unnest(views) AS v WHERE v.problem IS NULL);
        EXIT WHEN before = 0;
        SELECT * INTO known FROM sq2pg.export_known(tables, columns, views);
        views := ARRAY(
            SELECT ROW(v.relation, v.kind, v.name,
                       format('CREATE VIEW %s (%s) AS %s', sq2pg.lite_name(v.name),
                              (SELECT string_agg(sq2pg.lite_name(a.attname), ', ' ORDER BY a.attnum)
                                 FROM pg_attribute AS a WHERE a.attrelid = v.relation AND a.attnum > 0), q.sql),
                       coalesce(v.problem, q.problem), NULL)::sq2pg.export_part
              FROM unnest(views) AS v
              JOIN pg_rewrite AS r ON r.ev_class = v.relation AND r.rulename = '_RETURN'
             CROSS JOIN LATERAL sq2pg.export_query(r.ev_action, known.relations, known.attnums, known.names, known.column_names,
                                                   known.kinds, forms.six_digits, forms.naive_instants, forms.short_uuids) AS q
             ORDER BY v.relation);
        EXIT WHEN before = (SELECT count(*) FROM unnest(views) AS v WHERE v.problem IS NULL);
    END LOOP;
    RETURN QUERY SELECT v.relation, v.kind, v.name, CASE WHEN v.problem IS NULL THEN v.sql END, v.problem, v.attnum FROM unnest(views) AS v;
END
$$;
COMMENT ON FUNCTION sq2pg.export_views(name, sq2pg.export_table[], sq2pg.export_column[], jsonb, sq2pg.export_forms) IS
    'views for SQLite';

/*
 * What a view that has been made has against it. What PostgreSQL says to its
 * query now (a division by zero, two rows of a scalar subquery) SQLite would
 * not say.
 */
CREATE FUNCTION sq2pg.export_view_problem(v sq2pg.export_part, forms sq2pg.export_forms) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    queries record;
    refused text := 'SQLite says: ' || sq2pg.export_try('EXPLAIN SELECT * FROM ' || sq2pg.lite_name(v.name));
    found   record;
BEGIN
    IF refused IS NOT NULL THEN
        RETURN refused;
    END IF;
    SELECT string_agg(c.stored, ', ') AS stored, string_agg(c.written, ', ') AS written INTO queries
      FROM pg_attribute AS a
     CROSS JOIN LATERAL sq2pg.export_type(a.atttypid, a.atttypmod, a.attname::text, true, forms) AS t
     CROSS JOIN LATERAL sq2pg.export_comparison(a.attname::text, sq2pg.lite_name(a.attname), t.kind, t.value, a.atttypid, forms) AS c
     WHERE a.attrelid = v.relation AND a.attnum > 0;
    SELECT c.matches, c.problem INTO found
      FROM sq2pg.export_compare(format('SELECT %s FROM %s', queries.stored, v.relation::regclass),
                                format('SELECT %s FROM %s', queries.written, sq2pg.lite_name(v.name)), 60000) AS c;
    RETURN CASE WHEN found.problem IS NOT NULL THEN 'SQLite says: ' || found.problem
                WHEN NOT found.matches THEN 'its rows would not be the same'
                WHEN found.matches IS NULL THEN 'SQLite takes too long to give its rows' END;
EXCEPTION WHEN data_exception OR cardinality_violation OR insufficient_privilege THEN
    RETURN 'PostgreSQL says: ' || SQLERRM;
END
$$;
COMMENT ON FUNCTION sq2pg.export_view_problem(sq2pg.export_part, sq2pg.export_forms) IS
    'does a view show the same in the new SQLite database?';

/*
 * Makes the views, and keeps those that give the same rows in both databases.
 */
CREATE FUNCTION sq2pg.export_make_views(views sq2pg.export_part[], forms sq2pg.export_forms) RETURNS SETOF sq2pg.export_part
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    v       sq2pg.export_part;
BEGIN
    FOREACH v IN ARRAY views LOOP
        IF v.sql IS NOT NULL THEN
            v.problem := 'SQLite says: ' || sq2pg.export_try(v.sql);
            IF v.problem IS NULL THEN
                v.problem := sq2pg.export_view_problem(v, forms);
                IF v.problem IS NOT NULL THEN
                    PERFORM sq2pg.export_execute('DROP VIEW ' || sq2pg.lite_name(v.name));
                END IF;
            END IF;
            v.sql := CASE WHEN v.problem IS NULL THEN v.sql END;
        END IF;
        v.relation := NULL;
        RETURN NEXT v;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.export_make_views(sq2pg.export_part[], sq2pg.export_forms) IS
    'makes views that show the same in SQLite';
