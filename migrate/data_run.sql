/*
 * data_run: the acts of a run in data mode, in order
 */

/*
 * The foreign table from which the plan reads for one target, with its types.
 */
CREATE FUNCTION sq2pg.data_staging_steps(staging name, model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('source', t.table_ordinal, d.object,
                                  format(E'CREATE FOREIGN TABLE %I.%I (\n    %s\n) SERVER %I OPTIONS ("table" %L)', staging,
                                         d.object, d.definitions, staging, (t.load).source_table),
                                  NULL)::sq2pg.step ORDER BY t.rank), '{}')
      FROM unnest(tables) AS t
      JOIN (SELECT x.table_ordinal, r.relname AS object,
                   string_agg(format('%I %s OPTIONS (column_name %L)', y.target,
                                     CASE WHEN c.using_text IS NULL THEN format_type(a.atttypid, a.atttypmod) ELSE c.candidates[1] END,
                                     y.source), E',\n    ' ORDER BY y.n) AS definitions
              FROM unnest(tables) AS x
              JOIN pg_class AS r ON r.oid = x.relation
             CROSS JOIN unnest((x.load).column_ids, (x.load).source_columns, (x.load).target_columns) WITH ORDINALITY AS y(id, source, target, n)
              JOIN unnest(model.columns) AS c ON c.id = y.id
              JOIN pg_attribute AS a ON a.attrelid = x.relation AND a.attname = y.target
             GROUP BY x.table_ordinal, r.relname) AS d ON d.table_ordinal = t.table_ordinal
     WHERE t.action IN ('load', 'append', 'replace')
$$;
COMMENT ON FUNCTION sq2pg.data_staging_steps(name, sq2pg.model, sq2pg.data_table[]) IS 'foreign tables for a plan into existing tables';

/*
 * Rows that cannot be told apart cannot be updated; into an empty table they
 * go as they are.
 */
CREATE FUNCTION sq2pg.conflict_policy(policy text, t sq2pg.data_table) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN policy = 'update' AND sq2pg.key_columns(t) IS NULL THEN 'error' ELSE policy END
$$;
COMMENT ON FUNCTION sq2pg.conflict_policy(text, sq2pg.data_table) IS 'on_conflict, as far as a table allows it';

/*
 * What ON CONFLICT says.
 */
CREATE FUNCTION sq2pg.conflict_clause(policy text, t sq2pg.data_table) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN policy = 'skip' OR policy = 'update' AND s.assignments IS NULL THEN E'\n    ON CONFLICT DO NOTHING'
                WHEN policy = 'update' THEN format(E'\n    ON CONFLICT (%s) DO UPDATE SET %s', s.keys, s.assignments)
                ELSE '' END
      FROM (SELECT (SELECT string_agg(quote_ident(n), ', ' ORDER BY o) FROM unnest(k.names) WITH ORDINALITY AS x(n, o)) AS keys,
                   (SELECT string_agg(format('%I = excluded.%I', n, n), ', ' ORDER BY o)
                      FROM unnest((t.load).target_columns) WITH ORDINALITY AS x(n, o) WHERE n <> ALL (k.names)) AS assignments
              FROM (SELECT sq2pg.key_columns(t)) AS k(names)) AS s
$$;
COMMENT ON FUNCTION sq2pg.conflict_clause(text, sq2pg.data_table) IS 'ON CONFLICT of the plan''s INSERT';

/*
 * INSERT ... SELECT for each target, parents first.  Columns that are filled
 * later are left out.
 */
CREATE FUNCTION sq2pg.data_load_steps(options jsonb, staging name, model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('load', t.table_ordinal, r.relname,
                                  format(E'INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE\n    SELECT %s FROM %I.%I%s', (t.load).relation,
                                         l.list, l.items, staging, r.relname,
                                         sq2pg.conflict_clause(sq2pg.conflict_policy(options->>'on_conflict', ROW(t.*)::sq2pg.data_table),
                                                               ROW(t.*)::sq2pg.data_table)),
                                  ROW((t.load).source_table, (t.load).relation, l.ids, l.sources, l.targets, (t.load).has_rowid,
                                      (t.load).computed)::sq2pg.load)::sq2pg.step ORDER BY t.rank), '{}')
      FROM unnest(tables) AS t
      JOIN pg_class AS r ON r.oid = t.relation
      JOIN (SELECT x.table_ordinal, string_agg(quote_ident(y.target), ', ' ORDER BY y.n) AS list,
                   string_agg(CASE WHEN c.using_text IS NULL THEN quote_ident(y.target)
                                   ELSE format('(%s)::%s', c.using_text, c.proposed) END, ', ' ORDER BY y.n) AS items,
                   array_agg(y.id ORDER BY y.n) AS ids, array_agg(y.source ORDER BY y.n) AS sources,
                   array_agg(y.target ORDER BY y.n) AS targets
              FROM unnest(tables) AS x
              LEFT JOIN sq2pg.late_columns(tables) AS q USING (table_ordinal)
             CROSS JOIN unnest((x.load).column_ids, (x.load).source_columns, (x.load).target_columns) WITH ORDINALITY AS y(id, source, target, n)
              JOIN unnest(model.columns) AS c ON c.id = y.id
             WHERE q.columns IS NULL OR y.target <> ALL (q.columns)
             GROUP BY x.table_ordinal) AS l ON l.table_ordinal = t.table_ordinal
     WHERE t.action IN ('load', 'append', 'replace')
$$;
COMMENT ON FUNCTION sq2pg.data_load_steps(jsonb, name, sq2pg.model, sq2pg.data_table[]) IS 'INSERT ... SELECT into existing tables, parents first';

/*
 * UPDATE of the columns that were left out, from the same foreign tables.
 */
CREATE FUNCTION sq2pg.late_steps(tables sq2pg.data_table[], sources text[]) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW('fill', t.table_ordinal, r.relname,
                                  format(E'UPDATE %s AS t SET %s\n    FROM %s AS s WHERE %s AND (%s)', (t.load).relation,
                                         (SELECT string_agg(format('%I = s.%I', c, c), ', ' ORDER BY c) FROM unnest(q.columns) AS c),
                                         sources[t.table_ordinal],
                                         (SELECT string_agg(format('t.%I OPERATOR(pg_catalog.=) s.%I', c, c), ' AND ' ORDER BY c) FROM unnest(sq2pg.key_columns(ROW(t.*)::sq2pg.data_table)) AS c),
                                         -- rows that are updated may have to become NULL
                                         (SELECT string_agg(format('s.%1$I IS NOT NULL OR t.%1$I IS NOT NULL', c), ' OR ' ORDER BY c) FROM unnest(q.columns) AS c)),
                                  NULL)::sq2pg.step ORDER BY t.rank), '{}')
      FROM sq2pg.late_columns(tables) AS q
      JOIN unnest(tables) AS t USING (table_ordinal)
      JOIN pg_class AS r ON r.oid = t.relation
     WHERE t.action IN ('load', 'append', 'replace')
$$;
COMMENT ON FUNCTION sq2pg.late_steps(sq2pg.data_table[], text[]) IS 'fills foreign keys of a cycle that may not be deferred';

/*
 * The rows of a source table as a FROM item of a statement of the run.
 */
CREATE FUNCTION sq2pg.source_item(options jsonb, load sq2pg.load) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format('(SELECT (x.target_row).* FROM %s AS x)', sq2pg.rows_call(options, load, '{}'))
$$;
COMMENT ON FUNCTION sq2pg.source_item(jsonb, sq2pg.load) IS 'a SQLite table as a FROM item';

CREATE TYPE sq2pg.data_result AS (
    load          sq2pg.load_result,
    way           text,
    held_rows     bigint,       -- before
    held_digest   text,
    held_matching bigint);      -- of these, such as the source has; NULL: not counted

/*
 * Loads one target.  A value that does not fit ends the attempt.
 */
CREATE FUNCTION sq2pg.load_target(options jsonb, step sq2pg.step, target sq2pg.data_table, orphans sq2pg.orphans_of,
                                  place int, tables int)
    RETURNS sq2pg.data_result
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
      FROM sq2pg.load_table(options->>'source', load.source_table, load.source_columns, target.relation::regclass,
                            load.target_columns, options->>'time_zone', (options->>'empty_as_null')::boolean,
                            options->>'on_bad_value', 'table', sq2pg.conflict_policy(options->>'on_conflict', target),
                            sq2pg.key_columns(target),
                            orphans.numbers, orphans.columns, orphans.nulled, orphans.parents, options->>'verify' = 'content');
    IF outcome.misfits IS NOT NULL THEN
        RAISE invalid_text_representation USING
            MESSAGE = 'values of the source do not fit the columns of the target',
            DETAIL = sq2pg.describe_misfits(load.source_table, outcome.misfits),
            HINT = 'Repair the source, or choose on_bad_value => ''null'', ''reject'' or ''repair''; sq2pg_check() lists all such columns.';
    END IF;
    RETURN ROW(ROW(step.table_ordinal, outcome.source_rows, outcome.loaded, outcome.noise, outcome.changed, outcome.rejected,
                   outcome.exceptions, outcome.stored, 0, repeat('0', 32), '{}',
                   (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint,
                   CASE WHEN load.target_columns = (target.load).target_columns THEN outcome.digest END, outcome.alone)::sq2pg.load_result,
               outcome.way, 0, repeat('0', 32), NULL)::sq2pg.data_result;
END
$$;
COMMENT ON FUNCTION sq2pg.load_target(jsonb, sq2pg.step, sq2pg.data_table, sq2pg.orphans_of, int, int) IS 'loads one existing table and says how it went';

/*
 * Statements around the load, and the load itself.  All deferred constraints
 * have had their say when this returns.
 */
CREATE FUNCTION sq2pg.fill_targets(options jsonb, model sq2pg.model, tables sq2pg.data_table[], compared sq2pg.load[])
    RETURNS sq2pg.data_result[]
    LANGUAGE plpgsql AS $$
DECLARE
    staging   name := sq2pg.own_staging_name();
    loads     sq2pg.step[] := (SELECT sq2pg.data_load_steps(options, staging, model, tables));
    late      sq2pg.step[] := sq2pg.late_steps(tables, ARRAY(SELECT sq2pg.source_item(options, t.load) FROM unnest(tables) AS t
                                                              ORDER BY t.table_ordinal));
    no_triggers boolean := options->>'triggers' = 'disable';
    off       sq2pg.step[] := (SELECT CASE WHEN no_triggers THEN sq2pg.trigger_steps(tables, false) ELSE '{}' END);
    back      sq2pg.step[] := (SELECT sq2pg.undefer_steps(tables)
                          || CASE WHEN no_triggers THEN sq2pg.trigger_steps(tables, true) ELSE '{}' END);
    orphans   sq2pg.orphans_of[] := sq2pg.find_orphans(options, tables);
    results   sq2pg.data_result[] := array_fill(NULL::sq2pg.data_result, ARRAY[cardinality(tables)]);
    result    sq2pg.data_result;
    held      record;
    target    sq2pg.data_table;
    loaded    bigint;
BEGIN
    PERFORM sq2pg.execute_steps(off);
    PERFORM sq2pg.execute_steps(sq2pg.shield_steps(tables, NOT no_triggers));
    PERFORM sq2pg.execute_steps(sq2pg.defer_steps(tables));
    PERFORM sq2pg.execute_in_caller_path(sq2pg.truncate_steps(tables));
    FOR i IN 1 .. cardinality(loads) LOOP
        target := tables[loads[i].table_ordinal];
        IF target.action = 'append' AND options->>'verify' = 'content' THEN
            SELECT d.rows, d.digest,
                   CASE WHEN options->>'on_conflict' = 'skip' THEN sq2pg.matching_rows(options, target, compared[loads[i].table_ordinal]) END AS matching
              INTO held
              FROM sq2pg.digest_relation(target.relation::regclass, compared[loads[i].table_ordinal].target_columns::name[]) AS d;
        ELSIF target.action = 'append' THEN
            EXECUTE format('SELECT count(*) AS rows, repeat(''0'', 32) AS digest, NULL::bigint AS matching FROM %s', (target.load).relation) INTO held;
        END IF;
        IF (loads[i].load).computed IS NOT NULL THEN
            loaded := sq2pg.load_by_statement(options, staging,
                                              (SELECT ROW(s.*)::sq2pg.step FROM unnest(sq2pg.data_staging_steps(staging, model, tables)) AS s
                                                WHERE s.table_ordinal = target.table_ordinal), loads[i]);
            result := ROW(ROW(target.table_ordinal, sq2pg.source_count(options->>'source', (target.load).source_table), loaded, 0, 0, 0, '{}', repeat('0', 32), 0, repeat('0', 32), '{}',
                              0, NULL, NULL)::sq2pg.load_result, 'statement', 0, repeat('0', 32), NULL)::sq2pg.data_result;
        ELSE
            result := sq2pg.load_target(options, loads[i], target, orphans[target.table_ordinal], i, cardinality(loads));
        END IF;
        IF target.action = 'append' THEN
            result.held_rows := held.rows;
            result.held_digest := held.digest;
            result.held_matching := held.matching;
        END IF;
        results[target.table_ordinal] := result;
    END LOOP;
    PERFORM sq2pg.execute_in_caller_path(
        late || ROW('constraints', NULL, NULL, 'SET CONSTRAINTS ALL IMMEDIATE', NULL)::sq2pg.step);
    PERFORM sq2pg.execute_steps(back);
    RETURN results;
END
$$;
COMMENT ON FUNCTION sq2pg.fill_targets(jsonb, sq2pg.model, sq2pg.data_table[], sq2pg.load[]) IS 'loads all targets, with what has to be done before and after';

/*
 * What the rows of the source do not explain triggers may have done.
 */
CREATE FUNCTION sq2pg.suspect_triggers(options jsonb, tables sq2pg.data_table[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    names text := (SELECT string_agg(format('"%s" of %s', g.tgname, (t.load).relation), ', ' ORDER BY t.rank, g.tgname)
                     FROM unnest(tables) AS t
                     JOIN pg_trigger AS g ON g.tgrelid = t.relation AND NOT g.tgisinternal AND g.tgtype & 4 = 4 AND g.tgenabled IN ('O', 'A')
                    WHERE t.action IN ('load', 'append', 'replace'));
BEGIN
    IF options->>'triggers' = 'fire' AND names IS NOT NULL THEN
        RAISE NOTICE 'no row of the source violates a constraint by itself'
            USING DETAIL = format('While rows were loaded these triggers fired: %s.', names),
                  HINT = 'Choose triggers => ''disable'' if what they write is in the source already.';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.suspect_triggers(jsonb, sq2pg.data_table[]) IS 'tells which triggers may have caused an error of a load';

/*
 * A constraint that refuses a row ends the load at once and says nothing of
 * the other rows.  So the load is undone, and the source is read again for
 * everything that the targets would refuse: one error that lists all.
 */
CREATE FUNCTION sq2pg.fill_or_explain(options jsonb, model sq2pg.model, tables sq2pg.data_table[], compared sq2pg.load[])
    RETURNS sq2pg.data_result[]
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN sq2pg.fill_targets(options, model, tables, compared);
EXCEPTION WHEN integrity_constraint_violation OR with_check_option_violation OR insufficient_privilege OR data_exception
               OR cardinality_violation THEN
    PERFORM sq2pg.announce('look for violations', NULL);
    PERFORM sq2pg.raise_violations(sq2pg.violation_notes(options, tables), model.schema_name,
                                   ARRAY(SELECT t.source_name FROM unnest(model.tables) AS t ORDER BY t.ordinal));
    PERFORM sq2pg.suspect_triggers(options, tables);
    RAISE;                      -- a trigger's error, for one, cannot be foreseen
END
$$;
COMMENT ON FUNCTION sq2pg.fill_or_explain(jsonb, sq2pg.model, sq2pg.data_table[], sq2pg.load[]) IS
    'loads all targets, or raises one error with all that these refuse';

/*
 * Rows of a target such as the source has, by their digests.
 */
CREATE FUNCTION sq2pg.matching_rows(options jsonb, t sq2pg.data_table, compared sq2pg.load) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    IF compared.target_columns IS NULL THEN
        RETURN NULL;            -- all are made by expressions
    END IF;
    EXECUTE format('SELECT count(*) FROM (SELECT sq2pg.row_digest(ROW(%s)) AS digest FROM %s) AS t
                      JOIN (SELECT DISTINCT x.digest FROM sq2pg.row_digests($1, $2, $3, $4, $5, $6, $7) AS x) AS s USING (digest)',
                   (SELECT string_agg(quote_ident(c), ', ' ORDER BY o) FROM unnest(compared.target_columns) WITH ORDINALITY AS x(c, o)), compared.relation)
       INTO n
      USING options->>'source', compared.source_table, compared.source_columns, t.relation::regclass, compared.target_columns,
            options->>'time_zone', (options->>'empty_as_null')::boolean;
    RETURN n;
END
$$;
COMMENT ON FUNCTION sq2pg.matching_rows(jsonb, sq2pg.data_table, sq2pg.load) IS 'rows of a target that stand in the source, too';

/*
 * Rows were skipped: which ones is not known, but every row that was loaded is
 * one more that the source has, too.  Those that a policy changed are none.
 */
CREATE FUNCTION sq2pg.verify_skipped(options jsonb, t sq2pg.data_table, compared sq2pg.load, r sq2pg.data_result,
                                     OUT target_rows bigint, OUT matches boolean, OUT detail text)
    LANGUAGE plpgsql AS $$
DECLARE
    changed bigint := cardinality((r.load).exceptions) - (r.load).rejected;
    arrived bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || compared.relation INTO target_rows;
    matches := target_rows = r.held_rows + (r.load).loaded;
    IF matches AND options->>'verify' = 'content' THEN
        arrived := sq2pg.matching_rows(options, t, compared) - coalesce(r.held_matching, 0);
        matches := arrived BETWEEN (r.load).loaded - changed AND (r.load).loaded;
    END IF;
    detail := CASE WHEN matches THEN NULL
                   WHEN arrived IS NOT NULL THEN format('of %s rows that were loaded %s stand in PostgreSQL as in SQLite', (r.load).loaded, arrived)
                   ELSE format('%s rows before, %s loaded, %s after', r.held_rows, (r.load).loaded, target_rows) END;
END
$$;
COMMENT ON FUNCTION sq2pg.verify_skipped(jsonb, sq2pg.data_table, sq2pg.load, sq2pg.data_result) IS 'compares a table into which not all rows went';

/*
 * Rows may have become those of others: then rows are compared one by one, and
 * every row of the source must stand in the target.
 */
CREATE FUNCTION sq2pg.verify_updated(options jsonb, t sq2pg.data_table, compared sq2pg.load, r sq2pg.data_result,
                                     OUT target_rows bigint, OUT matches boolean, OUT detail text)
    LANGUAGE plpgsql AS $$
DECLARE
    missing bigint := 0;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || compared.relation INTO target_rows;
    IF options->>'verify' = 'content' THEN
        EXECUTE format(
            'WITH s AS MATERIALIZED (SELECT x.digest, count(*) AS n
                                       FROM sq2pg.row_digests($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY AS x(digest, source_rowid, number)
                                      WHERE x.number <> ALL ($8) GROUP BY x.digest),
                  t AS MATERIALIZED (SELECT sq2pg.row_digest(ROW(%s)) AS digest, count(*) AS n FROM %s GROUP BY 1)
             SELECT coalesce(sum(greatest(s.n - coalesce(t.n, 0), 0)), 0) FROM s LEFT JOIN t USING (digest)',
            (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(compared.target_columns) WITH ORDINALITY AS x(c, n)), compared.relation)
           INTO missing
          USING options->>'source', compared.source_table, compared.source_columns, t.relation::regclass, compared.target_columns,
                options->>'time_zone', (options->>'empty_as_null')::boolean, (r.load).exceptions;
    END IF;
    matches := missing = 0 AND target_rows BETWEEN r.held_rows AND r.held_rows + (r.load).loaded;
    detail := CASE WHEN matches THEN NULL
                   WHEN missing > 0 THEN format('%s rows of SQLite do not stand in PostgreSQL', missing)
                   ELSE format('%s rows before, %s loaded, %s after', r.held_rows, (r.load).loaded, target_rows) END;
END
$$;
COMMENT ON FUNCTION sq2pg.verify_updated(jsonb, sq2pg.data_table, sq2pg.load, sq2pg.data_result) IS 'compares a table whose rows may have been updated';

CREATE FUNCTION sq2pg.verify_target(options jsonb, t sq2pg.data_table, compared sq2pg.load, r sq2pg.data_result,
                                    OUT target_rows bigint, OUT matches boolean, OUT detail text, OUT digest text)
    LANGUAGE plpgsql AS $$
DECLARE
    load   sq2pg.load := sq2pg.comparable(t.load);
    v      record;
    plain  boolean := (r.load).exceptions = '{}';
    is_short boolean := (r.load).loaded < (r.load).source_rows - (r.load).rejected;
BEGIN
    IF options->>'verify' = 'none' THEN
        RETURN;
    END IF;
    -- where every row became a new one, the sums of all rows say more
    IF options->>'on_conflict' = 'update' AND (t.action = 'append' OR is_short) THEN
        SELECT * INTO target_rows, matches, detail FROM sq2pg.verify_updated(options, t, CASE WHEN plain THEN compared ELSE load END, r);
        RETURN;
    ELSIF options->>'on_conflict' = 'skip' AND is_short THEN
        SELECT * INTO target_rows, matches, detail FROM sq2pg.verify_skipped(options, t, compared, r);
        RETURN;
    END IF;
    SELECT * INTO v
      FROM sq2pg.verify_table(options, CASE WHEN plain THEN compared ELSE load END, (r.load).exceptions, (r.load).rejected,
                              (r.load).stored, -r.held_rows, sq2pg.digest_difference(repeat('0', 32), r.held_digest),
                              (r.load).source_rows,
                              CASE WHEN (CASE WHEN plain THEN compared ELSE load END).target_columns = (t.load).target_columns
                                   THEN (r.load).digest END);
    target_rows := v.target_rows;
    matches := v.matches;
    detail := v.detail;
    digest := v.digest;
END
$$;
COMMENT ON FUNCTION sq2pg.verify_target(jsonb, sq2pg.data_table, sq2pg.load, sq2pg.data_result) IS 'compares one target with its source';

/*
 * Who could have changed what was loaded: triggers and rules of the tables
 * that are wrong, of their partitions and, if these are views, of what is
 * behind them; else any trigger that the load fired after a row.
 */
CREATE FUNCTION sq2pg.rewriting_triggers(tables sq2pg.data_table[], wrong oid[], disabled boolean) RETURNS text
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH RECURSIVE family(oid, is_wrong) AS (
        SELECT t.relation, t.relation = ANY (wrong) FROM unnest(tables) AS t WHERE t.action IN ('load', 'append', 'replace')
        UNION
        SELECT x.oid, f.is_wrong
          FROM family AS f
         CROSS JOIN LATERAL (SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = f.oid
                             UNION ALL
                             SELECT d.refobjid FROM pg_rewrite AS r
                               JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                                                  AND d.refclassid = 'pg_class'::regclass
                              WHERE r.ev_class = f.oid AND d.refobjid <> f.oid) AS x(oid)
    ), suspects(is_sure, what) AS (
        SELECT f.is_wrong AND sq2pg.may_rewrite(g.tgtype), format('trigger "%s" on table %I.%I', g.tgname, n.nspname, c.relname)
          FROM family AS f
          JOIN pg_class AS c ON c.oid = f.oid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
          JOIN pg_trigger AS g ON g.tgrelid = f.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
                                AND g.tgparentid = 0 AND (NOT disabled OR c.relkind = 'v')
         WHERE (f.is_wrong OR g.tgtype & 66 = 0) AND g.tgtype & 4 = 4
        UNION ALL
        SELECT true, format('rule "%s" on table %I.%I', r.rulename, n.nspname, c.relname)
          FROM family AS f
          JOIN pg_class AS c ON c.oid = f.oid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
          JOIN pg_rewrite AS r ON r.ev_class = f.oid AND r.ev_type = '3' AND r.ev_enabled IN ('O', 'A')
         WHERE f.is_wrong
    )
    SELECT coalesce(string_agg(DISTINCT s.what, ', ') FILTER (WHERE s.is_sure), string_agg(DISTINCT s.what, ', '))
      FROM suspects AS s
$$;
COMMENT ON FUNCTION sq2pg.rewriting_triggers(sq2pg.data_table[], oid[], boolean) IS 'triggers and rules that may have changed what was loaded';

CREATE FUNCTION sq2pg.generated_columns(tables sq2pg.data_table[], wrong oid[]) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT string_agg(format('column "%s" of table %s', a.attname, (t.load).relation), ', ' ORDER BY t.rank, a.attnum)
      FROM unnest(tables) AS t
      JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attgenerated <> '' AND a.attname <> ALL (t.extra)
     WHERE t.relation = ANY (wrong)
$$;
COMMENT ON FUNCTION sq2pg.generated_columns(sq2pg.data_table[], oid[]) IS 'columns that are compared and not loaded';

/*
 * Rows of the source that a table that is called unchanged does not hold: it
 * was found to hold all the others.
 */
CREATE FUNCTION sq2pg.left_out_rows(options jsonb, t sq2pg.data_table, source_rows bigint) RETURNS bigint
    LANGUAGE sql AS $$
    SELECT CASE WHEN t.action = 'unchanged' AND (options->>'on_orphan' <> 'error' OR options->>'on_bad_value' <> 'error')
                THEN greatest(source_rows - sq2pg.relation_count((t.load).relation), 0) ELSE 0 END
$$;
COMMENT ON FUNCTION sq2pg.left_out_rows(jsonb, sq2pg.data_table, bigint) IS 'rows that policies keep out of an unchanged table';

/*
 * Compares every table and makes its row of the report.
 */
CREATE FUNCTION sq2pg.report_targets(options jsonb, model sq2pg.model, tables sq2pg.data_table[], compared sq2pg.load[],
                                     results sq2pg.data_result[], next_ids jsonb,
                                     OUT rows sq2pg.report_row[], OUT digests jsonb)
    LANGUAGE plpgsql AS $$
DECLARE
    remarks jsonb := (SELECT sq2pg.table_remarks(model.notes));
    failed  text[] := '{}';
    wrong   oid[] := '{}';
    fewer   boolean := options->>'verify' = 'counts';
    t       sq2pg.data_table;
    r       sq2pg.data_result;
    v       record;
    started timestamptz;
    loaded  bigint;
    left_out bigint;
    n       bigint;
BEGIN
    rows := '{}';
    digests := '{}';
    FOR t IN SELECT x.* FROM unnest(tables) AS x ORDER BY x.rank LOOP
        started := clock_timestamp();
        r := results[t.table_ordinal];
        IF r IS NULL THEN
            n := sq2pg.source_count(options->>'source', (t.load).source_table);
            left_out := sq2pg.left_out_rows(options, t, n);
            rows := rows || ROW((SELECT relname FROM pg_class WHERE oid = t.relation), t.action, n, 0, n - left_out, left_out, 0,
                                (next_ids->>t.table_ordinal::text)::bigint, CASE WHEN t.action = 'unchanged' THEN true END, 0,
                                nullif(concat_ws('; ', remarks->>t.table_ordinal::text,
                                                 'left out by ' || CASE WHEN options->>'on_bad_value' = 'error' THEN 'on_orphan'
                                                                        WHEN options->>'on_orphan' = 'error' THEN 'on_bad_value'
                                                                        ELSE 'on_bad_value or on_orphan' END
                                                 || ': ' || nullif(left_out, 0) || ' rows of the source'), ''))::sq2pg.report_row;
            CONTINUE;
        END IF;
        PERFORM sq2pg.announce('verify', (t.load).relation);
        SELECT * INTO v FROM sq2pg.verify_target(options, t, compared[t.table_ordinal], r);
        IF NOT v.matches THEN
            failed := failed || format('Table %s: %s.', (t.load).relation, v.detail);
            wrong := wrong || t.relation;
            fewer := fewer OR v.target_rows - r.held_rows <> (r.load).source_rows - (r.load).rejected;
        END IF;
        digests := digests || sq2pg.digest_entry((SELECT relname FROM pg_class WHERE oid = t.relation), v.target_rows, v.digest);
        loaded := CASE WHEN options->>'on_conflict' = 'error' THEN coalesce(v.target_rows - r.held_rows, (r.load).loaded)
                       ELSE (r.load).loaded END;
        rows := rows || ROW((SELECT relname FROM pg_class WHERE oid = t.relation),
                            CASE WHEN (r.load).source_rows = 0 THEN 'unchanged' WHEN t.action = 'replace' THEN 'load' ELSE t.action END,
                            (r.load).source_rows, loaded, (r.load).source_rows - loaded - (r.load).rejected, (r.load).rejected,
                            (r.load).changed, (next_ids->>t.table_ordinal::text)::bigint, coalesce(v.matches, false),
                            (r.load).ms + (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint,
                            nullif(concat_ws('; ', remarks->>t.table_ordinal::text,
                                             'binary noise removed from ' || nullif((r.load).noise, 0) || ' values',
                                             'decoded by one process: ' || (r.load).alone), ''))::sq2pg.report_row;
    END LOOP;
    IF cardinality(failed) > 0 THEN
        RAISE data_corrupted USING
            MESSAGE = 'verification failed: PostgreSQL does not hold what SQLite holds',
            DETAIL = array_to_string(failed, E'\n'),
            HINT = 'Nothing was migrated. ' || CASE
                WHEN sq2pg.rewriting_triggers(tables, wrong, options->>'triggers' = 'disable') IS NOT NULL
                    THEN format('Changed by %s? Choose %sverify => %L if that is wanted.',
                                sq2pg.rewriting_triggers(tables, wrong, options->>'triggers' = 'disable'),
                                CASE WHEN options->>'triggers' = 'fire' THEN 'triggers => ''disable'', or ' END,
                                CASE WHEN fewer THEN 'none' ELSE 'counts' END)
                WHEN sq2pg.generated_columns(tables, wrong) IS NOT NULL
                    THEN format('Generated columns may compute something else than SQLite did: %s. Leave them out with exclude, or choose verify => ''counts''.',
                                sq2pg.generated_columns(tables, wrong))
                WHEN EXISTS (SELECT FROM unnest(wrong) AS w WHERE row_security_active(w))
                    THEN 'Row security hides rows from this role: run as a role that sees them all.'
                WHEN EXISTS (SELECT FROM pg_class AS c WHERE c.oid = ANY (wrong) AND c.relkind = 'v')
                    THEN 'A view may show something else than what was put into it: load the table behind it.'
                ELSE 'This should not happen: please report it with the schema of the table.' END;
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.report_targets(jsonb, sq2pg.model, sq2pg.data_table[], sq2pg.load[], sq2pg.data_result[], jsonb) IS
    'compares all targets with their source and reports';

/*
 * Refuses transactions that would not see what others have done until the
 * locks were given.
 */
CREATE FUNCTION sq2pg.check_isolation() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('cannot load into existing tables in a transaction that is %s', current_setting('transaction_isolation')),
            DETAIL = 'It would not see rows that others added while it waited for the locks.',
            HINT = 'Use the isolation level read committed.';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.check_isolation() IS 'data mode needs read committed';

/*
 * What has to be true of all targets before any is touched, and after.
 */
CREATE FUNCTION sq2pg.check_catalog(before text, relations oid[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sq2pg.catalog_state(relations)) IS DISTINCT FROM before THEN
        RAISE internal_error USING
            MESSAGE = 'the schema of the target tables is not what it was before the run',
            HINT = 'Nothing was migrated. If no trigger has changed it, please report it with the schema of the tables.';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.check_catalog(text, oid[]) IS 'refuses a run that would leave the targets'' schema changed';

/*
 * ANALYZE where the role may: for others it is a warning and nothing else.
 */
CREATE FUNCTION sq2pg.analyze_targets(tables sq2pg.data_table[]) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW('analyze', t.table_ordinal, c.relname, 'ANALYZE ' || (t.load).relation, NULL)::sq2pg.step
                              ORDER BY t.rank), '{}')
      FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation
     WHERE t.action IN ('load', 'append', 'replace') AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
$$;
COMMENT ON FUNCTION sq2pg.analyze_targets(sq2pg.data_table[]) IS 'ANALYZE for each table that was loaded';

CREATE FUNCTION sq2pg.run_data(options jsonb, model sq2pg.model, OUT rows sq2pg.report_row[], OUT notes sq2pg.note[],
                               OUT digests jsonb, OUT sequences text[])
    LANGUAGE plpgsql AS $$
DECLARE
    started   timestamptz := clock_timestamp();
    all_notes sq2pg.note[] := model.notes;
    tables    sq2pg.data_table[];
    compared  sq2pg.load[];
    relations oid[];
    results   sq2pg.data_result[];
    moved     record;
    before    text;
BEGIN
    rows := '{}';
    sequences := '{}';
    IF model.tables IS NOT NULL THEN
        PERFORM sq2pg.check_isolation();
        all_notes := all_notes || sq2pg.add_missing(options, model);
        PERFORM sq2pg.raise_problems(model.schema_name, all_notes);
        tables := (SELECT sq2pg.find_targets(model));
        -- a table that will be skipped needs none
        IF options->>'existing' <> 'skip' THEN
            PERFORM sq2pg.raise_problems(model.schema_name, sq2pg.right_notes(options, tables));
        END IF;
        PERFORM sq2pg.lock_targets(tables, options->>'existing');
        -- once more: all may have changed until the locks were given
        tables := (SELECT sq2pg.decide_actions(options, model, sq2pg.find_targets(model)));
        all_notes := (SELECT all_notes || sq2pg.all_target_notes(options, model, tables)
                             || ARRAY(SELECT sq2pg.unverified_note(t.table_ordinal, (t.load).computed) FROM unnest(tables) AS t
                                       WHERE (t.load).computed IS NOT NULL AND t.action IN ('load', 'append', 'replace')
                                       ORDER BY t.table_ordinal));
        PERFORM sq2pg.raise_problems(model.schema_name, all_notes);
        compared := (SELECT sq2pg.verified_loads(options, model, tables));
        relations := ARRAY(SELECT t.relation FROM unnest(tables) AS t);
        before := (SELECT sq2pg.catalog_state(relations));
        results := sq2pg.fill_or_explain(options, model, tables, compared);
        SELECT * INTO moved FROM sq2pg.continue_sequences(model, tables);
        sequences := moved.late;
        IF NOT (options->>'dry_run')::boolean THEN
            PERFORM sq2pg.execute_steps(sq2pg.analyze_targets(tables));
        END IF;
        PERFORM sq2pg.check_catalog(before, relations);
        model.notes := (SELECT sq2pg.sort_notes(all_notes));
        SELECT r.rows, r.digests INTO rows, digests
          FROM sq2pg.report_targets(options, model, tables, compared, results, moved.next_ids) AS r;
        all_notes := model.notes;
    END IF;
    rows := (SELECT rows || sq2pg.total_row(rows, started, all_notes));
    notes := all_notes;
    PERFORM sq2pg.announce(NULL, NULL);
END
$$;
COMMENT ON FUNCTION sq2pg.run_data(jsonb, sq2pg.model) IS 'a run into existing tables';
