/*
 * data: a run into tables that exist already
 *
 * The target decides: its types, its constraints, its triggers.  Nothing of
 * its schema is changed but for the time of the load, and that it is as before
 * is checked at the end.
 */

CREATE TYPE sq2pg.orphans_of AS (
    table_ordinal int,
    numbers       bigint[],     -- of source rows, in the order of reading; one may come more than once
    columns       text[],       -- of the target
    nulled        boolean[],    -- the column becomes NULL; else the row is left out
    parents       text[]);      -- the table that has no such row

/*
 * The targets with all that the catalogs say of them.
 */
CREATE FUNCTION sq2pg.find_targets(model sq2pg.model) RETURNS sq2pg.data_table[]
    LANGUAGE sql STABLE AS $$
    SELECT sq2pg.order_targets(ARRAY(SELECT t FROM sq2pg.match_tables(model, false) AS t ORDER BY t.table_ordinal))
$$;
COMMENT ON FUNCTION sq2pg.find_targets(sq2pg.model) IS 'existing tables for a model, in the order of the model';

/*
 * Columns with which a table is compared: also those that the target computes.
 */
CREATE FUNCTION sq2pg.compared_loads(model sq2pg.model) RETURNS sq2pg.load[]
    LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT sq2pg.comparable(t.load) FROM sq2pg.match_tables(model, true) AS t ORDER BY t.table_ordinal)
$$;
COMMENT ON FUNCTION sq2pg.compared_loads(sq2pg.model) IS 'for each table of a model the columns that can be compared';

/*
 * Those with which a run verifies.  What stands for a row that a policy
 * changed is known for the loaded columns only, and rows that are there before
 * are counted with the same columns: before it is known whether there are any
 * such rows.
 */
CREATE FUNCTION sq2pg.verified_loads(options jsonb, model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.load[]
    LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT CASE WHEN t.action = 'append' AND (options->>'on_bad_value' <> 'error' OR options->>'on_orphan' <> 'error')
                             THEN sq2pg.comparable(t.load)
                             ELSE ROW(c.source_table, c.relation, c.column_ids, c.source_columns, c.target_columns, c.has_rowid, c.computed)::sq2pg.load END
                   FROM unnest(tables) WITH ORDINALITY AS t
                   JOIN unnest(sq2pg.compared_loads(model)) WITH ORDINALITY AS c USING (ordinality)
                  ORDER BY t.ordinality)
$$;
COMMENT ON FUNCTION sq2pg.verified_loads(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'for each target the columns by which a run compares it';

CREATE FUNCTION sq2pg.relation_count(relation text) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || relation INTO n;
    RETURN n;
END
$$;
COMMENT ON FUNCTION sq2pg.relation_count(text) IS 'rows of a relation';

CREATE FUNCTION sq2pg.query_is_volatile(query text) RETURNS boolean
    LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'sqm_query_is_volatile';
COMMENT ON FUNCTION sq2pg.query_is_volatile(text) IS 'does a query call volatile functions, as the caller would understand it?';

/*
 * What a statement would put into a table, as a query, and another that
 * compares the table with it.
 */
CREATE FUNCTION sq2pg.statement_comparison(options jsonb, model sq2pg.model, t sq2pg.data_table, OUT source text, OUT comparison text)
    LANGUAGE plpgsql AS $$
DECLARE
    step  sq2pg.step;
    names text;
BEGIN
    SELECT s.* INTO step FROM unnest(sq2pg.data_load_steps(options || '{"on_conflict": "error"}', sq2pg.own_staging_name(), model, ARRAY[t])) AS s;
    -- what stands before the SELECT is known
    SELECT string_agg(quote_ident(c), ', ' ORDER BY n) INTO names FROM unnest((step.load).target_columns) WITH ORDINALITY AS x(c, n);
    source := substr(step.statement, length(format(E'INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE\n    ', (t.load).relation, names)) + 1);
    SELECT format('SELECT %s FROM (%s) AS q(%s)', string_agg(format('q.c%1$s::%2$s AS c%1$s', x.n, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY x.n),
                  source, string_agg('c' || x.n, ', ' ORDER BY x.n)),
           string_agg('s.c' || x.n, ', ' ORDER BY x.n)
      INTO source, comparison
      FROM unnest((step.load).target_columns) WITH ORDINALITY AS x(name, n)
      JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attname = x.name;
    comparison := format('SELECT (SELECT sq2pg.digest_total(sq2pg.row_digest(ROW(%s))) FROM (%s) AS s)
                        OPERATOR(pg_catalog.=) (SELECT sq2pg.digest_total(sq2pg.row_digest(ROW(%s))) FROM %s)',
                         comparison, source, names, (t.load).relation);
END
$$;
COMMENT ON FUNCTION sq2pg.statement_comparison(jsonb, sq2pg.model, sq2pg.data_table) IS
    'what a load with the caller''s expressions gives, and a query that says if a table holds it';

/*
 * Does a table hold what the statement with the caller's expressions would
 * give?  If that fails, or may not be tried, it does not.
 */
CREATE FUNCTION sq2pg.equals_statement(options jsonb, model sq2pg.model, t sq2pg.data_table) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    staging name := sq2pg.own_staging_name();
    query   record;
    result  boolean;
BEGIN
    t.action := 'load';
    SELECT * INTO query FROM sq2pg.statement_comparison(options, model, t);
    BEGIN
        EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database %L, time_zone %L, empty_as_null %L)',
                       staging, options->>'source', options->>'time_zone', options->>'empty_as_null');
        EXECUTE format('CREATE SCHEMA %I', staging);
        PERFORM sq2pg.execute_steps(sq2pg.data_staging_steps(staging, model, ARRAY[t]));
        IF NOT sq2pg.query_is_volatile(query.source) THEN
            -- what calls itself stable may still draw from a sequence
            PERFORM set_config('transaction_read_only', 'on', true);
            PERFORM set_config('search_path', sq2pg.caller_search_path(), true);
            EXECUTE query.comparison INTO result;
        END IF;
        -- nothing of it stays
        RAISE triggered_action_exception USING MESSAGE = 'taken back';
    -- a function of the user's may raise whatever it likes: it would do so in
    -- the load as well, if the table is loaded, and is heard of then
    EXCEPTION WHEN OTHERS THEN
        -- cancel is not among OTHERS; these are not of the expression either:
        -- deadlock, resources, limits of waiting, shutdown, the source, defects
        IF left(SQLSTATE, 2) IN ('40', '53', '57', '58', 'HV', 'XX') OR SQLSTATE = '55P03' THEN
            RAISE;
        END IF;
        RETURN coalesce(result, false);
    END;
END
$$;
COMMENT ON FUNCTION sq2pg.equals_statement(jsonb, sq2pg.model, sq2pg.data_table) IS
    'does a target table equal what a load with the caller''s expressions gives?';

/*
 * Does a table already hold what it would get?  Counts are compared first:
 * they say no most of the time.
 */
CREATE FUNCTION sq2pg.is_unchanged(options jsonb, model sq2pg.model, t sq2pg.data_table, compared sq2pg.load, orphans sq2pg.orphans_of)
    RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    foreseen record;
    verdict  record;
BEGIN
    IF (t.load).computed IS NOT NULL THEN
        RETURN sq2pg.source_count(options->>'source', (t.load).source_table) = sq2pg.relation_count((t.load).relation)
               AND sq2pg.equals_statement(options, model, t);
    END IF;
    IF options->>'on_bad_value' = 'error' AND orphans.numbers IS NULL THEN
        SELECT * INTO verdict
          FROM sq2pg.verify_table(options || '{"verify": "counts"}', compared, '{}', 0, repeat('0', 32), 0, repeat('0', 32));
        IF NOT verdict.matches THEN
            RETURN false;
        END IF;
        SELECT * INTO verdict
          FROM sq2pg.verify_table(options || '{"verify": "content"}', compared, '{}', 0, repeat('0', 32), 0, repeat('0', 32));
        RETURN verdict.matches;
    END IF;
    SELECT * INTO foreseen
      FROM sq2pg.load_table(options->>'source', (t.load).source_table, (t.load).source_columns, t.relation::regclass,
                            (t.load).target_columns, options->>'time_zone', (options->>'empty_as_null')::boolean,
                            options->>'on_bad_value', 'nothing', 'error', NULL, orphans.numbers, orphans.columns, orphans.nulled,
                            orphans.parents);
    IF foreseen.misfits IS NOT NULL THEN
        RETURN false;
    END IF;
    -- what stands for a changed row is known for the loaded columns only
    SELECT * INTO verdict
      FROM sq2pg.verify_table(options || '{"verify": "content"}', CASE WHEN foreseen.exceptions = '{}' THEN compared ELSE t.load END,
                              foreseen.exceptions, foreseen.rejected, foreseen.stored, 0, repeat('0', 32));
    RETURN verdict.matches;
END
$$;
COMMENT ON FUNCTION sq2pg.is_unchanged(jsonb, sq2pg.model, sq2pg.data_table, sq2pg.load, sq2pg.orphans_of) IS 'does a target table equal its source already?';

/*
 * A table can only be emptied together with those that refer to it, even if
 * these are empty or would stay as they are.
 */
CREATE FUNCTION sq2pg.replace_together(tables sq2pg.data_table[]) RETURNS sq2pg.data_table[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH RECURSIVE replaced AS (
        SELECT t.relation FROM unnest(tables) AS t WHERE t.action = 'replace'
        UNION
        SELECT k.conrelid FROM replaced AS r JOIN pg_constraint AS k ON k.confrelid = r.relation AND k.contype = 'f'
    )
    SELECT array_agg(ROW(t.table_ordinal, t.relation, t.load, t.unmatched, t.extra, t.rank, t.in_cycle, t.is_empty,
                         CASE WHEN t.action IN ('load', 'unchanged') AND t.relation IN (SELECT r.relation FROM replaced AS r)
                              THEN 'replace' ELSE t.action END)::sq2pg.data_table ORDER BY t.table_ordinal)
      FROM unnest(tables) AS t
$$;
COMMENT ON FUNCTION sq2pg.replace_together(sq2pg.data_table[]) IS 'replaces also what refers to tables that are replaced';

/*
 * The action of each table that can be read, once more if the orphans on which
 * its verdict stood are others now.  After three rounds tables can only lose
 * the verdict "unchanged": so this comes to an end also where foreign keys form
 * a cycle.
 */
CREATE FUNCTION sq2pg.judge_targets(options jsonb, model sq2pg.model, INOUT tables sq2pg.data_table[])
    LANGUAGE plpgsql AS $$
DECLARE
    compared sq2pg.load[] := (SELECT sq2pg.compared_loads(model));
    policy   boolean := options->>'on_orphan' <> 'error' AND EXISTS (SELECT FROM unnest(tables) AS x WHERE NOT x.is_empty);
    round    int := 0;
    before   sq2pg.orphans_of[];
    orphans  sq2pg.orphans_of[];
    t        sq2pg.data_table;
    again    boolean := true;
BEGIN
    WHILE again LOOP
        round := round + 1;
        before := orphans;
        IF policy THEN
            BEGIN
                orphans := sq2pg.orphans_of_unchanged(options, tables);
            EXCEPTION WHEN insufficient_privilege THEN
                policy := false;    -- a parent that may not be read: the load says so
                orphans := NULL;
            END;
        END IF;
        again := false;
        FOR i IN 1 .. cardinality(tables) LOOP
            t := tables[i];
            CONTINUE WHEN t.is_empty IS NULL OR round > 1 AND (t.is_empty OR orphans[i] IS NOT DISTINCT FROM before[i]
                                                               OR round > 3 AND t.action IS DISTINCT FROM 'unchanged');
            t.action := CASE WHEN t.is_empty THEN 'load'
                             WHEN sq2pg.is_unchanged(options, model, t, compared[i], orphans[i]) THEN 'unchanged'
                             WHEN options->>'existing' = 'truncate' THEN 'replace'
                             WHEN options->>'existing' IN ('append', 'skip') THEN options->>'existing' END;
            again := again OR policy AND t.action IS DISTINCT FROM tables[i].action
                              AND (t.action IN ('append', 'skip') OR tables[i].action IN ('append', 'skip'));
            tables[i] := t;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.judge_targets(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'the action of each table by itself';

/*
 * What is to be done with each table.  NULL: its rows stand in the way.
 */
CREATE FUNCTION sq2pg.decide_actions(options jsonb, model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.data_table[]
    LANGUAGE plpgsql AS $$
DECLARE
    t sq2pg.data_table;
BEGIN
    FOR i IN 1 .. cardinality(tables) LOOP
        t := tables[i];
        CONTINUE WHEN t.relation IS NULL OR (t.load).target_columns IS NULL OR NOT has_any_column_privilege(t.relation, 'SELECT');
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', (t.load).relation) INTO t.is_empty;
        tables[i] := t;
    END LOOP;
    RETURN (SELECT sq2pg.replace_together(sq2pg.judge_targets(options, model, tables)));
END
$$;
COMMENT ON FUNCTION sq2pg.decide_actions(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'load, append, replace, skip or unchanged, table by table';

/*
 * Rights that the role lacks: said before the locks, which need them as well.
 */
CREATE FUNCTION sq2pg.right_notes(options jsonb, tables sq2pg.data_table[]) RETURNS sq2pg.note[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW(r.table_ordinal, NULL, 'error', 'no_right', NULL, NULL,
                                  format('role "%s" lacks privilege %s on %s', current_user, r.privilege, r.relation),
                                  format('GRANT %s ON %s TO %I;', r.privilege, r.relation, current_user))::sq2pg.note
                              ORDER BY r.table_ordinal, r.relation, r.privilege), '{}')
      FROM sq2pg.missing_rights(options, tables) AS r
$$;
COMMENT ON FUNCTION sq2pg.right_notes(jsonb, sq2pg.data_table[]) IS 'one finding for each privilege that the role lacks';

/*
 * Targets whose heirs, children of children too, hold rows that a query of the target
 * shows, and that a TRUNCATE or DELETE takes.  Parts that an extension keeps
 * in a schema of its own are not meant: their rows are the target's.
 */
CREATE FUNCTION sq2pg.inherited_rows(tables sq2pg.data_table[])
    RETURNS TABLE (table_ordinal int, action text, children oid[], message text, hint text)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH RECURSIVE heirs(relation, oid, parent) AS (
        SELECT t.relation, k.oid, t.relation
          FROM unnest(tables) AS t
          JOIN pg_class AS c ON c.oid = t.relation AND c.relkind = 'r'
          JOIN pg_inherits AS h ON h.inhparent = c.oid
          JOIN pg_class AS k ON k.oid = h.inhrelid
         WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = k.relnamespace AND d.deptype = 'e')
        UNION
        SELECT r.relation, k.oid, r.oid
          FROM heirs AS r
          JOIN pg_inherits AS h ON h.inhparent = r.oid
          JOIN pg_class AS k ON k.oid = h.inhrelid
         WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = k.relnamespace AND d.deptype = 'e')
    )
    SELECT t.table_ordinal, t.action, k.children,
           format('rows of %s are also rows of %s', k.names, (t.load).relation),
           format('%s for the time of the run, or leave it out with exclude.', k.statements)
      FROM unnest(tables) AS t
      JOIN (SELECT r.relation, array_agg(DISTINCT r.oid) AS children, string_agg(DISTINCT r.oid::regclass::text, ', ') AS names,
                   -- without its children a table is without their children
                   string_agg(format('ALTER TABLE %s NO INHERIT %s;', r.oid::regclass, r.relation::regclass), ' ' ORDER BY r.oid)
                       FILTER (WHERE r.parent = r.relation) AS statements
              FROM heirs AS r GROUP BY r.relation) AS k ON k.relation = t.relation
$$;
COMMENT ON FUNCTION sq2pg.inherited_rows(sq2pg.data_table[]) IS 'targets that show the rows of tables that inherit from them';

/*
 * Notes for each table, from the facts about the targets.  What is an error
 * here stops the run before it has written anything.
 */
CREATE FUNCTION sq2pg.target_notes(options jsonb, model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.note[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(n.table_ordinal, n.column_name, n.severity, n.code, NULL, NULL, n.message, n.hint)::sq2pg.note
                              ORDER BY n.table_ordinal, n.code, n.message), '{}')
      FROM (SELECT t.table_ordinal, NULL::text, 'error', 'not_a_table',
                   format('%s is a materialized view', (t.load).relation), 'Leave the table out with exclude.'
              FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation WHERE c.relkind = 'm'
            UNION ALL
            SELECT t.table_ordinal, NULL, 'error', 'not_a_table',
                   format('%s is a %s that takes no rows', (t.load).relation, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'foreign table' END),
                   'Load the table behind it, or leave it out with exclude.'
              FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation
             -- the bit is that of INSERT
             WHERE c.relkind IN ('v', 'f') AND coalesce(t.action, 'load') NOT IN ('skip', 'unchanged')
               AND pg_relation_is_updatable(t.relation, true) & 8 = 0
            UNION ALL
            SELECT t.table_ordinal, NULL, 'error', 'not_a_table', format('%s is a view, which cannot be truncated', (t.load).relation),
                   'Truncate what is behind it, or choose existing => ''append'' or ''skip''.'
              FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation WHERE c.relkind = 'v' AND t.action = 'replace'
            UNION ALL
            SELECT t.table_ordinal, NULL, 'error', 'row_security',
                   format('row security may hide rows of table %s from role "%s", and TRUNCATE would take them, too', (t.load).relation, current_user),
                   'Choose existing => ''append'' or ''skip'', or migrate as a role that sees them all.'
              FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation
             WHERE t.action = 'replace' AND c.relkind IN ('r', 'p') AND row_security_active(c.oid)
            UNION ALL
            SELECT i.table_ordinal, NULL, 'error', 'inherited', i.message, i.hint
              FROM sq2pg.inherited_rows(tables) AS i
             WHERE i.action = 'replace'
                OR i.action IN ('load', 'append') AND EXISTS (SELECT FROM unnest(tables) AS o WHERE o.relation = ANY (i.children) AND o.action <> 'skip')
            UNION ALL
            SELECT t.table_ordinal, NULL, 'error', 'rows_exist', format('table %s already holds rows', (t.load).relation),
                   'Choose existing => ''append'', ''truncate'' or ''skip''.'
              FROM unnest(tables) AS t WHERE NOT t.is_empty AND t.action IS NULL
            UNION ALL
            SELECT min(s.table_ordinal), NULL, 'warning', 'sequence_drawn',
                   format('the load takes numbers from sequence %I.%I, which a rollback does not give back', n.nspname, c.relname),
                   format('Rehearse as its owner: role "%s" is not.', current_user)
              FROM sq2pg.all_drawn_sequences(tables, options->>'triggers' = 'fire') AS s
              JOIN pg_class AS c ON c.oid = s.sequence_oid
              JOIN pg_namespace AS n ON n.oid = c.relnamespace
             WHERE NOT pg_has_role(c.relowner, 'USAGE')
             GROUP BY n.nspname, c.relname
            UNION ALL
            SELECT t.table_ordinal, s.column_name, s.severity, 'sequence_by_name', s.message, s.hint
              FROM sq2pg.named_sequences(model.schema_name) AS s
              JOIN unnest(tables) AS t ON t.relation = s.table_oid AND s.column_name = ANY ((t.load).target_columns)
            UNION ALL
            SELECT k.table_ordinal, array_to_string(k.columns, ', '), 'error', 'cycle',
                   format('foreign key "%s" is part of a cycle, and role "%s" may not defer it', k.name, current_user),
                   format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE;', k.relation, k.name)
              FROM sq2pg.cycle_keys(tables) AS k
              JOIN unnest(tables) AS t USING (table_ordinal)
             WHERE NOT k.is_deferrable AND NOT k.is_owner AND NOT sq2pg.can_fill_later(options, t, k.columns, k.nullable)
            UNION ALL
            SELECT t.table_ordinal, NULL, 'error', 'not_owner',
                   format('role "%s" may not disable the triggers of %s', current_user, (t.load).relation),
                   'Choose triggers => ''fire'', or run as the owner of the table.'
              FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation
             WHERE options->>'triggers' = 'disable' AND t.action IN ('load', 'append', 'replace')
               AND NOT pg_has_role(c.relowner, 'USAGE') AND c.relkind <> 'v'
               AND EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A'))
            UNION ALL
            SELECT t.table_ordinal, NULL, 'error', 'referenced',
                   format('%s is not among the tables of this run and refers to %s by foreign key "%s": neither can be emptied alone',
                          format('%I.%I', n.nspname, c.relname), (t.load).relation, k.conname),
                   'Choose existing => ''append'' with on_conflict, or drop that foreign key for the time of the run.'
              FROM unnest(tables) AS t
              JOIN pg_constraint AS k ON k.confrelid = t.relation AND k.contype = 'f' AND k.conparentid = 0
              JOIN pg_class AS c ON c.oid = k.conrelid
              JOIN pg_namespace AS n ON n.oid = c.relnamespace
             WHERE t.action = 'replace'
               AND k.conrelid NOT IN (SELECT x.relation FROM unnest(tables) AS x WHERE x.relation IS NOT NULL AND x.action = 'replace')
            UNION ALL
            SELECT t.table_ordinal, NULL, 'error', 'no_key',
                   format('table %s has no unique key by which its rows could be updated', (t.load).relation),
                   'Choose on_conflict => ''error'' or ''skip'' for this table, or add a key.'
              FROM unnest(tables) AS t
             WHERE options->>'on_conflict' = 'update' AND t.action = 'append' AND sq2pg.key_columns(t) IS NULL
            UNION ALL
            SELECT t.table_ordinal, a.attname::text, 'error', 'generated_always',
                   format('column "%s" of table %s is GENERATED ALWAYS: rows that are there cannot get its value from the source', a.attname,
                          (t.load).relation),
                   format('Leave it out with exclude, or ALTER TABLE %s ALTER COLUMN %I SET GENERATED BY DEFAULT;', (t.load).relation, a.attname)
              FROM unnest(tables) AS t
              JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attidentity = 'a' AND a.attname = ANY ((t.load).target_columns)
             WHERE options->>'on_conflict' = 'update' AND t.action = 'append' AND a.attname <> ALL (sq2pg.key_columns(t))
            UNION ALL
            SELECT t.table_ordinal, x.name, 'error', 'type_ignored',
                   format('column "%s" of table %s has type %s, parameter "types" says %s', x.name, (t.load).relation,
                          format_type(a.atttypid, a.atttypmod), c.proposed),
                   'In an existing table the type of the column decides; an expression can be given with USING.'
              FROM unnest(tables) AS t
             CROSS JOIN unnest((t.load).column_ids, (t.load).target_columns) AS x(id, name)
              JOIN unnest(model.columns) AS c ON c.id = x.id
              JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attname = x.name
             WHERE options->'types' <> 'null' AND c.using_text IS NULL AND c.proposed <> format_type(a.atttypid, a.atttypmod)
               AND sq2pg.type_override(options->'types', (t.load).source_table, c.source_name, c.declared) IS NOT NULL
            UNION ALL
            SELECT t.table_ordinal, a.attname::text, 'warning', 'no_identity',
                   format('nothing gives column "%s" of table %s its next values', a.attname, (t.load).relation),
                   sq2pg.identity_statement(t.relation, a.attname) || ';'
              FROM unnest(tables) AS t
              JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attname = ANY ((t.load).target_columns)
             WHERE sq2pg.lacks_identity(model, t, a.attname)
            UNION ALL
            SELECT t.table_ordinal, NULL, 'note', 'triggers_fire', format('triggers of %s may change what is loaded: %s', (t.load).relation,
                                                                 string_agg(g.tgname, ', ' ORDER BY g.tgname)), NULL
              FROM unnest(tables) AS t
              JOIN pg_trigger AS g ON g.tgrelid = t.relation
             WHERE options->>'triggers' = 'fire' AND sq2pg.may_rewrite(g.tgtype) AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
             GROUP BY t.table_ordinal, (t.load).relation) AS n(table_ordinal, column_name, severity, code, message, hint)
$$;
COMMENT ON FUNCTION sq2pg.target_notes(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'what the target tables lack, or what stands in the way';

/*
 * Durations that type interval takes for something else: numbers, whose unit
 * it does not ask for, and .NET's days.hours:minutes:seconds, of which it
 * reads 1.02:03:04 as 1.02 days and 3 minutes.
 */
CREATE FUNCTION sq2pg.interval_notes(options jsonb, model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.note[]
    LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(c.table_ordinal, c.source_name, x.severity, x.code, x.n, NULL,
                                  format(x.message, x.n, c.source_name), format(x.hint, jsonb_build_object(c.key, x.item)))::sq2pg.note
                              ORDER BY c.table_ordinal, x.code), '{}')
      FROM (SELECT t.table_ordinal, m.source_name, (t.load).source_table AS source_table, quote_ident(y.name) AS target,
                   (t.load).source_table || '.' || m.source_name AS key, '"' || replace(m.source_name, '"', '""') || '"' AS source
              FROM unnest(tables) AS t
             CROSS JOIN unnest((t.load).column_ids, (t.load).target_columns) AS y(id, name)
              JOIN unnest(model.columns) AS m ON m.id = y.id
              JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attname = y.name
             WHERE sq2pg.base_type(a.atttypid) = 'interval'::regtype AND m.using_text IS NULL
               AND coalesce(t.action, 'load') IN ('load', 'append', 'replace')) AS c
     CROSS JOIN LATERAL (VALUES
           ('warning', 'interval_unit',
            sq2pg.source_violations(options->>'source', c.source_table, format('typeof(%s) NOT IN (''integer'', ''real'')', c.source)),
            '%s numbers of column "%s" go as seconds into type interval',
            'Django writes microseconds. If it is so: types => %L.',
            format('interval USING %s * interval ''1 microsecond''', c.target)),
           ('error', 'interval_format',
            sq2pg.source_violations(options->>'source', c.source_table,
                                    format('NOT (typeof(%1$s) = ''text'' AND %1$s GLOB ''*[0-9].[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*'' AND %1$s NOT GLOB ''*[^-0-9.:]*'')',
                                           c.source)),
            '%s values of column "%s" are .NET''s days.hours:minutes:seconds, which type interval reads as something else',
            'Choose types => %L.',
            format('interval USING regexp_replace(%s, ''^(-?)([0-9]+)[.]'', ''\1\2 days \1'')', c.target))
           ) AS x(severity, code, n, message, hint, item)
     WHERE x.n > 0
$$;
COMMENT ON FUNCTION sq2pg.interval_notes(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'durations that type interval would take for something else';

/*
 * Row triggers that come before (or instead of) an INSERT, by pg_trigger.tgtype.
 */
CREATE FUNCTION sq2pg.may_rewrite(trigger_type smallint) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$ SELECT trigger_type & 1 = 1 AND trigger_type & 66 <> 0 AND trigger_type & 4 = 4 $$;
COMMENT ON FUNCTION sq2pg.may_rewrite(smallint) IS 'can a trigger change a row that is inserted?';

/*
 * A key that SQLite would have numbered and PostgreSQL would not.
 */
CREATE FUNCTION sq2pg.lacks_identity(model sq2pg.model, t sq2pg.data_table, column_name name) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM pg_attribute AS a
                     JOIN pg_class AS r ON r.oid = a.attrelid AND r.relkind IN ('r', 'p')
                     JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary AND i.indkey::text = a.attnum::text
                    WHERE a.attrelid = t.relation AND a.attname = column_name AND a.attidentity = '' AND NOT a.atthasdef
                      AND a.atttypid IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
                      -- the key of another table numbers those that refer to it
                      AND NOT EXISTS (SELECT FROM pg_constraint AS k
                                       WHERE k.conrelid = a.attrelid AND k.contype = 'f' AND a.attnum = ANY (k.conkey))
                      -- the application itself draws from one
                      AND sq2pg.key_sequence(a.attrelid, a.attname) IS NULL)
       AND EXISTS (SELECT FROM unnest((t.load).column_ids, (t.load).target_columns) AS x(id, target)
                    WHERE x.target = column_name AND (model.columns[x.id]).is_identity)
$$;
COMMENT ON FUNCTION sq2pg.lacks_identity(sq2pg.model, sq2pg.data_table, name) IS 'is a key without identity, sequence or default?';

CREATE FUNCTION sq2pg.identity_statement(relation oid, column_name name) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT format('ALTER TABLE %I.%I ALTER COLUMN %I ADD GENERATED BY DEFAULT AS IDENTITY', n.nspname, c.relname, column_name)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = relation
$$;
COMMENT ON FUNCTION sq2pg.identity_statement(oid, name) IS 'the statement that lets a key number itself';

/*
 * The columns by which rows of a target are told apart: its primary key, else
 * its first unique key, if the source has them all.
 */
CREATE FUNCTION sq2pg.key_columns(t sq2pg.data_table) RETURNS text[]
    LANGUAGE sql STABLE AS $$
    SELECT k.names
      FROM pg_index AS i
     CROSS JOIN LATERAL (SELECT array_agg(a.attname::text ORDER BY x.n) AS names
                           FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS x(attnum, n)
                           LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = x.attnum
                          WHERE x.n <= i.indnkeyatts) AS k
     WHERE i.indrelid = t.relation AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL
       AND i.indexprs IS NULL AND k.names <@ (t.load).target_columns
     ORDER BY i.indisprimary DESC, i.indexrelid
     LIMIT 1
$$;
COMMENT ON FUNCTION sq2pg.key_columns(sq2pg.data_table) IS 'columns that identify a row on both sides';

/*
 * Can the columns of a foreign key be left NULL first and filled after?  Only
 * if every row is stored as it is, for which of them were not is not known
 * then, and if each has a key by which it is found.
 */
CREATE FUNCTION sq2pg.can_fill_later(options jsonb, t sq2pg.data_table, columns text[], nullable boolean) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT nullable AND options->>'on_orphan' = 'error' AND options->>'on_bad_value' = 'error' AND options->>'on_conflict' <> 'skip'
       AND k.columns IS NOT NULL AND NOT k.columns && can_fill_later.columns
       AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = t.relation AND a.attname = ANY (k.columns) AND NOT a.attnotnull)
       AND has_table_privilege(t.relation, 'UPDATE')
      FROM (SELECT sq2pg.key_columns(t)) AS k(columns)
$$;
COMMENT ON FUNCTION sq2pg.can_fill_later(jsonb, sq2pg.data_table, text[], boolean) IS 'can a foreign key be filled by an UPDATE after the load?';

/*
 * Columns that are filled after the load, by table.
 */
CREATE FUNCTION sq2pg.late_columns(tables sq2pg.data_table[]) RETURNS TABLE (table_ordinal int, columns text[])
    LANGUAGE sql STABLE AS $$
    SELECT k.table_ordinal, array_agg(DISTINCT c.name)
      FROM sq2pg.cycle_keys(tables) AS k, unnest(k.columns) AS c(name)
     WHERE NOT k.is_deferrable AND NOT k.is_owner
     GROUP BY k.table_ordinal
$$;
COMMENT ON FUNCTION sq2pg.late_columns(sq2pg.data_table[]) IS 'columns that stay NULL until all rows are there';

/*
 * One error for all that stops a run before its first row.
 */
CREATE FUNCTION sq2pg.raise_problems(schema_name name, notes sq2pg.note[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    codes   text[] := ARRAY(SELECT DISTINCT n.code FROM unnest(notes) AS n WHERE n.severity = 'error' AND n.code <> 'key_missing' ORDER BY n.code);
    single  text := CASE WHEN cardinality(codes) = 1 THEN codes[1] END;
    details text := (SELECT string_agg(CASE WHEN n.code IN ('table_missing', 'column_missing', 'key_missing', 'no_right', 'cycle', 'name_unclear',
                                                           'interval_format') AND n.hint IS NOT NULL
                                            THEN format('%s: %s', n.message, n.hint)
                                            ELSE n.message END, E'\n' ORDER BY o)
                       FROM unnest(notes) WITH ORDINALITY AS n(table_ordinal, column_name, severity, code, occurrences, sample,
                                                               message, hint, o)
                      WHERE n.severity = 'error');
BEGIN
    IF codes = '{}' THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = CASE single WHEN 'table_missing' THEN 'undefined_table' WHEN 'column_missing' THEN 'undefined_column'
                            WHEN 'no_right' THEN 'insufficient_privilege' WHEN 'not_owner' THEN 'insufficient_privilege'
                            WHEN 'depended_on' THEN 'dependent_objects_still_exist' WHEN 'referenced' THEN 'dependent_objects_still_exist'
                            WHEN 'view_lost' THEN 'dependent_objects_still_exist'
                            WHEN 'type_ignored' THEN 'invalid_parameter_value' WHEN 'interval_format' THEN 'invalid_datetime_format' WHEN 'not_a_table' THEN 'wrong_object_type'
                            ELSE 'object_not_in_prerequisite_state' END,
        MESSAGE = CASE single WHEN 'table_missing' THEN format('tables of the source do not exist in schema "%s"', schema_name)
                            WHEN 'column_missing' THEN format('columns of the source do not exist in schema "%s"', schema_name)
                            WHEN 'rows_exist' THEN format('tables in schema "%s" already hold rows', schema_name)
                            WHEN 'referenced' THEN format('tables in schema "%s" cannot be emptied', schema_name)
                            WHEN 'depended_on' THEN format('tables in schema "%s" cannot be dropped', schema_name)
                            WHEN 'view_lost' THEN format('views in schema "%s" would be lost', schema_name)
                            WHEN 'interval_format' THEN format('values of the source do not fit columns of schema "%s"', schema_name)
                            WHEN 'no_right' THEN format('permission denied for tables in schema "%s"', schema_name)
                            ELSE format('schema "%s" is not ready for the data', schema_name) END,
        DETAIL = details,
        HINT = CASE single WHEN 'table_missing' THEN 'Create them, leave them out with exclude, or choose add_missing => true.'
                         WHEN 'column_missing' THEN 'Add them, leave them out with exclude => ARRAY[''table.column''], or choose add_missing => true.'
                         WHEN 'rows_exist' THEN 'Choose existing => ''append'', ''truncate'' or ''skip''.'
                         WHEN 'no_right' THEN 'The detail has the statements that give these rights.'
                         WHEN 'referenced' THEN 'Choose existing => ''append'' with on_conflict, or drop that foreign key for the time of the run.'
                         WHEN 'depended_on' THEN 'Drop it before, and create it again after the run.'
                         WHEN 'view_lost' THEN 'Keep its definition (pg_get_viewdef), drop it, and create it again after the run.'
                         WHEN 'type_ignored' THEN 'In an existing table the type of the column decides; an expression can be given with USING.'
                         ELSE 'sq2pg_check() lists all of it, each with what to do.' END;
END
$$;
COMMENT ON FUNCTION sq2pg.raise_problems(name, sq2pg.note[]) IS 'one error that lists all errors among some notes';
