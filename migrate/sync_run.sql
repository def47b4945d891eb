/*
 * sync_run: the acts of a sync, in order
 *
 * Rows that nothing refers to any more are deleted, then rows are updated and
 * inserted, parents first, then the rest is deleted, children first: so no row
 * ever lacks a parent that it will keep, and no foreign key's ON DELETE takes
 * one that only moves to another parent.  Where the target refuses this order
 * (values of a unique key change places, a key moves with its children), all
 * of it is undone and tried in the next way:
 *
 *     0  as above
 *     1  foreign keys wait until the end, and rows of tables with several
 *        unique keys are not updated but taken out and put in again; not where
 *        an ON DELETE would act
 *     2  the same everywhere: rows of the source that an ON DELETE took are put
 *        in again.  Refused where that could lose more.
 */

/*
 * Rows of the source by their numbers ($1 those to insert, $2 those to update)
 * as the first item of a WITH clause.  All statements here run under the
 * caller's search_path, as their triggers have to.
 */
CREATE FUNCTION sq2pg.sync_source(options jsonb, t sq2pg.data_table) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format('sqm_s AS MATERIALIZED (SELECT sqm_x.row_number AS sqm_number, sqm_x.target_row AS sqm_row FROM %s AS sqm_x
                     WHERE sqm_x.row_number OPERATOR(pg_catalog.=) ANY ($1) OR sqm_x.row_number OPERATOR(pg_catalog.=) ANY ($2))',
                  sq2pg.rows_call(options, t.load, '{}'))
$$;
COMMENT ON FUNCTION sq2pg.sync_source(jsonb, sq2pg.data_table) IS 'rows of the source that a statement needs, as SQL';

CREATE FUNCTION sq2pg.sync_insert(t sq2pg.data_table) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM sqm_s WHERE sqm_s.sqm_number OPERATOR(pg_catalog.=) ANY ($1)',
                  (t.load).relation, string_agg(quote_ident(c), ', ' ORDER BY n), string_agg(format('(sqm_s.sqm_row).%I', c), ', ' ORDER BY n))
      FROM unnest((t.load).target_columns) WITH ORDINALITY AS x(c, n)
$$;
COMMENT ON FUNCTION sq2pg.sync_insert(sq2pg.data_table) IS 'INSERT of new rows';

CREATE FUNCTION sq2pg.sync_key_condition(t sq2pg.data_table) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT string_agg(format('sqm_t.%I%s %s (sqm_s.sqm_row).%1$I', x.name, x.suffix, x.operator), ' AND ' ORDER BY x.n)
      FROM sq2pg.sync_key(t) AS k, unnest(k.names, k.collations, k.operators) WITH ORDINALITY AS x(name, suffix, operator, n)
$$;
COMMENT ON FUNCTION sq2pg.sync_key_condition(sq2pg.data_table) IS 'which row of the target belongs to one of the source';

/*
 * UPDATE of rows with the same key.  Columns of the key are set only where
 * values can be equal and yet not the same.
 */
CREATE FUNCTION sq2pg.sync_update(t sq2pg.data_table) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT format('UPDATE %s AS sqm_t SET %s FROM sqm_s WHERE %s AND sqm_s.sqm_number OPERATOR(pg_catalog.=) ANY ($2)',
                  (t.load).relation, string_agg(format('%I = (sqm_s.sqm_row).%1$I', c.name), ', ' ORDER BY c.n), sq2pg.sync_key_condition(t))
      FROM sq2pg.sync_key(t) AS k
     CROSS JOIN unnest((t.load).target_columns) WITH ORDINALITY AS c(name, n)
     WHERE NOT EXISTS (SELECT FROM unnest(k.names, k.exact) AS x(name, exact) WHERE x.name = c.name AND x.exact)
       AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = t.relation AND a.attname = c.name AND a.attidentity = 'a')
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION sq2pg.sync_update(sq2pg.data_table) IS 'UPDATE of rows that differ';

/*
 * The same by taking rows out and putting them in again, with the columns that
 * the source does not have.  The count makes all of them go before the first
 * comes.
 */
CREATE FUNCTION sq2pg.sync_replace(t sq2pg.data_table) RETURNS text
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT format('sqm_d AS (DELETE FROM %1$s AS sqm_t USING sqm_s WHERE %2$s AND sqm_s.sqm_number OPERATOR(pg_catalog.=) ANY ($2)
                              RETURNING sqm_s.sqm_row%3$s)
                   INSERT INTO %1$s (%4$s) OVERRIDING SYSTEM VALUE SELECT %5$s FROM sqm_d
                    WHERE (SELECT pg_catalog.count(*) FROM sqm_d) OPERATOR(pg_catalog.>=) 0',
                  (t.load).relation, sq2pg.sync_key_condition(t),
                  coalesce(string_agg(format(', sqm_t.%I AS sqm_extra%s', c.name, c.n), '' ORDER BY c.n) FILTER (WHERE c.is_extra), ''),
                  string_agg(quote_ident(c.name), ', ' ORDER BY c.is_extra, c.n),
                  string_agg(CASE WHEN c.is_extra THEN format('sqm_d.sqm_extra%s', c.n) ELSE format('(sqm_d.sqm_row).%I', c.name) END, ', '
                             ORDER BY c.is_extra, c.n))
      FROM (SELECT x.name, x.n, false FROM unnest((t.load).target_columns) WITH ORDINALITY AS x(name, n)
            UNION ALL
            SELECT x.name, x.n, true
              FROM unnest(t.extra) WITH ORDINALITY AS x(name, n)
              JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attname = x.name AND a.attgenerated = '') AS c(name, n, is_extra)
$$;
COMMENT ON FUNCTION sq2pg.sync_replace(sq2pg.data_table) IS 'DELETE and INSERT of rows that differ';

/*
 * Foreign keys that refer to a table and are enforced.
 */
CREATE FUNCTION sq2pg.sync_references(relation oid)
    RETURNS TABLE (constraint_oid oid, child oid, child_name text, condition text, acts boolean, is_readable boolean)
    LANGUAGE sql STABLE AS $$
    SELECT k.oid, c.oid, format('%I.%I', n.nspname, c.relname),
           (SELECT string_agg(format('sqm_t.%I %s sqm_c.%I%s', p.attname, sq2pg.qualified_operator(x.operator), a.attname,
                                     sq2pg.collate_clause(p.attcollation)), ' AND ' ORDER BY x.n)
              FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY AS x(child, parent, operator, n)
              JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = x.child
              JOIN pg_attribute AS p ON p.attrelid = k.confrelid AND p.attnum = x.parent),
           k.confdeltype <> 'a', has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
      FROM pg_constraint AS k
      JOIN pg_class AS c ON c.oid = k.conrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE k.confrelid = sync_references.relation AND k.contype = 'f' AND k.conparentid = 0
       AND coalesce((to_jsonb(k)->>'conenforced')::boolean, true)
$$;
COMMENT ON FUNCTION sq2pg.sync_references(oid) IS 'foreign keys that refer to a table, and whether they do more at a DELETE than look';

/*
 * DELETE of the rows that stand in $3 and $4: before the other rows are
 * written, those that nothing refers to, in way 1 by a foreign key that acts.
 * NULL: which these are cannot be seen.
 */
CREATE FUNCTION sq2pg.sync_delete(t sq2pg.data_table, way int, is_last boolean) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT format('DELETE FROM %s AS sqm_t USING ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4)) AS sqm_g(id, part)
                    WHERE sqm_t.ctid OPERATOR(pg_catalog.=) sqm_g.id AND sqm_t.tableoid OPERATOR(pg_catalog.=) sqm_g.part',
                  (t.load).relation)
           || CASE WHEN way < 2 AND NOT is_last THEN (
               SELECT CASE WHEN bool_and(r.is_readable) IS NOT FALSE THEN coalesce(string_agg(
                          format(' AND NOT EXISTS (SELECT FROM %s AS sqm_c WHERE %s%s)', r.child_name, r.condition,
                                 CASE WHEN r.child = t.relation THEN ' AND NOT (sqm_c.ctid OPERATOR(pg_catalog.=) sqm_t.ctid AND sqm_c.tableoid OPERATOR(pg_catalog.=) sqm_t.tableoid)' END),
                          '' ORDER BY r.constraint_oid), '') END
                 FROM sq2pg.sync_references(t.relation) AS r WHERE way = 0 OR r.acts)
              ELSE '' END
$$;
COMMENT ON FUNCTION sq2pg.sync_delete(sq2pg.data_table, int, boolean) IS 'DELETE of rows that the source does not have';

CREATE FUNCTION sq2pg.execute_sync(t sq2pg.data_table, diff sq2pg.sync_diff, statement text) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    before text := current_setting('search_path');
BEGIN
    IF statement IS NULL THEN
        RETURN;
    END IF;
    PERFORM sq2pg.announce('sync', (t.load).relation);
    PERFORM set_config('search_path', sq2pg.caller_search_path(), true);
    EXECUTE statement USING diff.inserts, diff.updates, diff.gone, diff.parts;
    PERFORM pg_catalog.set_config('search_path', before, true);
END
$$;
COMMENT ON FUNCTION sq2pg.execute_sync(sq2pg.data_table, sq2pg.sync_diff, text) IS 'executes a statement over the rows that differ, in the search path of the caller';

/*
 * Are rows of a table to be replaced?  They could be in the way of each other
 * if there are unique keys or exclusion constraints beside the key by which
 * they are found.
 */
CREATE FUNCTION sq2pg.is_sync_replaced(t sq2pg.data_table, way int) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT (way = 2 OR way = 1 AND NOT EXISTS (SELECT FROM sq2pg.sync_references(t.relation) AS r WHERE r.acts))
       AND (SELECT count(*) > 1 FROM pg_index AS i WHERE i.indrelid = t.relation AND (i.indisunique OR i.indisexclusion))
$$;
COMMENT ON FUNCTION sq2pg.is_sync_replaced(sq2pg.data_table, int) IS 'are rows taken out and put in again instead of updated?';

/*
 * Updates and inserts of one table.  Both are one statement, first the updates:
 * the source is read once, and rows may come to refer to new ones of their
 * table.  Rules do not allow that.
 */
CREATE FUNCTION sq2pg.write_sync(options jsonb, t sq2pg.data_table, diff sq2pg.sync_diff, way int) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    rows text := 'WITH ' || sq2pg.sync_source(options, t);
    has_inserts boolean := diff.inserts <> '{}';
    has_updates boolean := diff.updates <> '{}';
    fixed text;
BEGIN
    IF has_updates THEN
        SELECT a.attname INTO fixed FROM pg_attribute AS a
         WHERE a.attrelid = t.relation AND a.attidentity = 'a' AND a.attname = ANY ((t.load).target_columns)
           AND a.attname <> ALL ((sq2pg.sync_key(t)).names);
        IF fixed IS NOT NULL THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = format('column "%s" of table %s is GENERATED ALWAYS: rows that are there cannot get its value from the source', fixed, (t.load).relation),
                HINT = format('Leave it out with exclude, or ALTER TABLE %s ALTER COLUMN %I SET GENERATED BY DEFAULT;', (t.load).relation, fixed);
        END IF;
    END IF;
    IF has_updates AND sq2pg.is_sync_replaced(t, way) THEN
        PERFORM sq2pg.execute_sync(t, diff, format('%s, %s', rows, sq2pg.sync_replace(t)));
    ELSIF has_updates AND has_inserts AND NOT (SELECT c.relhasrules FROM pg_class AS c WHERE c.oid = t.relation) THEN
        PERFORM sq2pg.execute_sync(t, diff, format('%s, sqm_i AS (%s) %s', rows, sq2pg.sync_insert(t), sq2pg.sync_update(t)));
        RETURN;
    ELSIF has_updates THEN
        PERFORM sq2pg.execute_sync(t, diff, format('%s %s', rows, sq2pg.sync_update(t)));
    END IF;
    IF has_inserts THEN
        PERFORM sq2pg.execute_sync(t, diff, format('%s %s', rows, sq2pg.sync_insert(t)));
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.write_sync(jsonb, sq2pg.data_table, sq2pg.sync_diff, int) IS 'updates and inserts the rows of a table';

/*
 * Foreign keys of the targets that can be made to wait, and back.
 */
CREATE FUNCTION sq2pg.sync_defer_steps(tables sq2pg.data_table[], is_back boolean) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('defer', NULL, k.conname, format('ALTER TABLE %I.%I ALTER CONSTRAINT %I %s', n.nspname, c.relname, k.conname,
                                                                   CASE WHEN is_back THEN 'NOT DEFERRABLE' ELSE 'DEFERRABLE' END), NULL)::sq2pg.step
                              ORDER BY c.oid, k.conname), '{}')
      FROM pg_constraint AS k
      JOIN pg_class AS c ON c.oid = k.conrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT k.condeferrable AND coalesce((to_jsonb(k)->>'conenforced')::boolean, true)
       AND pg_has_role(c.relowner, 'USAGE')
       AND EXISTS (SELECT FROM unnest(tables) AS t WHERE t.relation IN (k.conrelid, k.confrelid))
$$;
COMMENT ON FUNCTION sq2pg.sync_defer_steps(sq2pg.data_table[], boolean) IS 'lets all foreign keys of the targets wait, or undoes that';

/*
 * All that has to be done to make the tables equal, once.
 */
CREATE FUNCTION sq2pg.sync_once(options jsonb, tables sq2pg.data_table[], states sq2pg.sync_state[], way int) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    t    sq2pg.data_table;
    todo sq2pg.data_table[] := ARRAY(SELECT x FROM unnest(tables) AS x WHERE NOT sq2pg.is_no_diff(states[x.table_ordinal].diff));
BEGIN
    FOR t IN SELECT x.* FROM unnest(todo) AS x WHERE states[x.table_ordinal].diff.gone <> '{}' ORDER BY x.rank DESC LOOP
        PERFORM sq2pg.execute_sync(t, states[t.table_ordinal].diff, sq2pg.sync_delete(t, way, false));
    END LOOP;
    FOR t IN SELECT x.* FROM unnest(todo) AS x ORDER BY x.rank LOOP
        PERFORM sq2pg.write_sync(options, t, states[t.table_ordinal].diff, way);
    END LOOP;
    FOR t IN SELECT x.* FROM unnest(todo) AS x WHERE states[x.table_ordinal].diff.gone <> '{}' ORDER BY x.rank DESC LOOP
        PERFORM sq2pg.execute_sync(t, states[t.table_ordinal].diff, sq2pg.sync_delete(t, way, true));
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.sync_once(jsonb, sq2pg.data_table[], sq2pg.sync_state[], int) IS 'deletes, updates and inserts what differs';

/*
 * Who could have changed what was written.
 */
CREATE FUNCTION sq2pg.sync_triggers(tables sq2pg.data_table[], states sq2pg.sync_state[]) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT string_agg(DISTINCT format('trigger "%s" on table %s', g.tgname, (t.load).relation), ', ')
      FROM unnest(tables) AS t
      JOIN pg_trigger AS g ON g.tgrelid = t.relation AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
     WHERE states[t.table_ordinal].inserted IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.sync_triggers(sq2pg.data_table[], sq2pg.sync_state[]) IS 'triggers that a sync fired';

/*
 * The states after something was done; tables that nobody has touched since
 * are as they were.
 */
CREATE FUNCTION sq2pg.renew_sync_states(options jsonb, tables sq2pg.data_table[], compared sq2pg.load[], states sq2pg.sync_state[])
    RETURNS sq2pg.sync_state[]
    LANGUAGE plpgsql AS $$
DECLARE
    t      sq2pg.data_table;
    traces text;
BEGIN
    FOR t IN SELECT x.* FROM unnest(tables) AS x ORDER BY x.rank LOOP
        traces := sq2pg.sync_traces(t.relation);
        IF traces IS NULL OR traces <> states[t.table_ordinal].traces THEN
            states[t.table_ordinal] := sq2pg.find_sync_state(options, t, compared[t.table_ordinal], states[t.table_ordinal]);
        END IF;
    END LOOP;
    RETURN states;
END
$$;
COMMENT ON FUNCTION sq2pg.renew_sync_states(jsonb, sq2pg.data_table[], sq2pg.load[], sq2pg.sync_state[]) IS 'compares again what was touched';

CREATE FUNCTION sq2pg.is_sync_done(states sq2pg.sync_state[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(bool_and(sq2pg.is_no_diff((s).diff)), true) FROM unnest(states) AS s
$$;
COMMENT ON FUNCTION sq2pg.is_sync_done(sq2pg.sync_state[]) IS 'is there nothing left that could be done?';

/*
 * Nobody but code of the target's can be the reason of what still differs.
 */
CREATE FUNCTION sq2pg.check_sync_states(tables sq2pg.data_table[], compared sq2pg.load[], states sq2pg.sync_state[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    wrong text := (SELECT string_agg(format('Table %s: %s.', (t.load).relation, (states[t.table_ordinal]).detail), E'\n' ORDER BY t.rank)
                     FROM unnest(tables) AS t WHERE NOT (states[t.table_ordinal]).matches);
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE data_corrupted USING
            MESSAGE = 'verification failed: PostgreSQL does not hold what SQLite holds',
            DETAIL = wrong,
            HINT = 'Nothing was changed. ' || CASE
                WHEN sq2pg.sync_triggers(tables, states) IS NOT NULL
                    THEN format('Changed by %s? ALTER TABLE ... DISABLE TRIGGER for the time of the sync.', sq2pg.sync_triggers(tables, states))
                WHEN EXISTS (SELECT FROM unnest(tables) AS x JOIN pg_attribute AS a ON a.attrelid = x.relation AND a.attgenerated <> ''
                              WHERE NOT (states[x.table_ordinal]).matches AND a.attname = ANY ((compared[x.table_ordinal]).target_columns))
                    THEN 'Generated columns may compute something else than SQLite did: leave them out with exclude.'
                ELSE 'This should not happen: please report it with the schema of the table.' END;
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.check_sync_states(sq2pg.data_table[], sq2pg.load[], sq2pg.sync_state[]) IS 'one error for all tables that differ';

CREATE FUNCTION sq2pg.constraint_steps(mode text) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY[ROW('constraints', NULL, NULL, 'SET CONSTRAINTS ALL ' || mode, NULL)::sq2pg.step] $$;
COMMENT ON FUNCTION sq2pg.constraint_steps(text) IS 'lets constraints wait, or have their say';

/*
 * Until both sides have the same digests.  What a foreign key's action or a
 * trigger did to rows that had been right is made good in another round;
 * constraints have their say when nothing is left to do, and what they did is
 * looked at, too.
 */
CREATE FUNCTION sq2pg.sync_tables(options jsonb, tables sq2pg.data_table[], compared sq2pg.load[], states sq2pg.sync_state[], way int)
    RETURNS sq2pg.sync_state[]
    LANGUAGE plpgsql AS $$
DECLARE
    off  sq2pg.step[] := CASE WHEN way > 0 THEN sq2pg.sync_defer_steps(tables, false)
                              ELSE ARRAY(SELECT s FROM unnest(sq2pg.defer_steps(tables)) AS s WHERE s.statement LIKE 'ALTER %') END;
    back sq2pg.step[] := (SELECT CASE WHEN way > 0 THEN sq2pg.sync_defer_steps(tables, true) ELSE sq2pg.undefer_steps(tables) END);
BEGIN
    PERFORM sq2pg.execute_steps(off);
    FOR round IN 1 .. 6 LOOP
        PERFORM sq2pg.execute_steps(sq2pg.constraint_steps('DEFERRED'));
        -- what is taken out once more would take the same with it once more
        PERFORM sq2pg.sync_once(options, tables, states, CASE WHEN round = 1 THEN way ELSE 0 END);
        states := sq2pg.renew_sync_states(options, tables, compared, states);
        CONTINUE WHEN NOT sq2pg.is_sync_done(states);
        PERFORM sq2pg.execute_in_caller_path(sq2pg.constraint_steps('IMMEDIATE'));
        states := sq2pg.renew_sync_states(options, tables, compared, states);
        EXIT WHEN sq2pg.is_sync_done(states);
    END LOOP;
    PERFORM sq2pg.check_sync_states(tables, compared, states);
    PERFORM sq2pg.execute_steps(back);
    RETURN states;
END
$$;
COMMENT ON FUNCTION sq2pg.sync_tables(jsonb, sq2pg.data_table[], sq2pg.load[], sq2pg.sync_state[], int) IS 'makes tables equal to their source';

/*
 * Rows that are taken out and put in again would take others with them: what
 * cannot be made good again.
 */
CREATE FUNCTION sq2pg.sync_obstacle(tables sq2pg.data_table[], states sq2pg.sync_state[]) RETURNS text
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH RECURSIVE reached(oid, name) AS (
        SELECT t.relation, NULL::text COLLATE "C" FROM unnest(tables) AS t
         WHERE (states[t.table_ordinal]).diff.gone <> '{}' OR (states[t.table_ordinal]).diff.updates <> '{}'
        UNION
        SELECT k.conrelid, format('foreign key "%s" of table %I.%I', k.conname, n.nspname, c.relname)
          FROM reached AS r
          JOIN pg_constraint AS k ON k.confrelid = r.oid AND k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd') AND k.conparentid = 0
          JOIN pg_class AS c ON c.oid = k.conrelid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
    )
    SELECT string_agg(DISTINCT r.name, ', ')
      FROM reached AS r
      LEFT JOIN unnest(tables) AS t ON t.relation = r.oid
     -- what is not the source's would be lost
     WHERE r.name IS NOT NULL
       AND (t.relation IS NULL OR EXISTS (SELECT FROM pg_attribute AS a
                                           WHERE a.attrelid = t.relation AND a.attname = ANY (t.extra) AND a.attgenerated = ''))
$$;
COMMENT ON FUNCTION sq2pg.sync_obstacle(sq2pg.data_table[], sq2pg.sync_state[]) IS 'foreign keys whose ON DELETE would destroy what no source can give back';

/*
 * The way that needs nothing of the target first, then the others.  If none
 * succeeds, it is the last error that none can avoid.
 */
CREATE FUNCTION sq2pg.sync_in_order(options jsonb, tables sq2pg.data_table[], compared sq2pg.load[], states sq2pg.sync_state[])
    RETURNS sq2pg.sync_state[]
    LANGUAGE plpgsql AS $$
DECLARE
    obstacle text;
    state    text;
    refusal  text;
    details  text;
BEGIN
    FOR way IN 0 .. 2 LOOP
        IF way = 2 THEN
            obstacle := (SELECT sq2pg.sync_obstacle(tables, states));
        END IF;
        BEGIN
            IF obstacle IS NULL THEN
                RETURN sq2pg.sync_tables(options, tables, compared, states, way);
            END IF;
        EXCEPTION WHEN unique_violation OR exclusion_violation OR foreign_key_violation OR restrict_violation THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, refusal = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL;
        END;
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = refusal,
        DETAIL = concat_ws(E'\n', nullif(details, ''), CASE WHEN obstacle IS NOT NULL THEN format('To take rows out and put them in again could destroy others by %s.', obstacle) END),
        HINT = 'Nothing was changed.' || CASE WHEN obstacle IS NULL THEN ''
                                              ELSE ' Load these tables anew with sq2pg_migrate(existing => ''truncate'').' END;
END
$$;
COMMENT ON FUNCTION sq2pg.sync_in_order(jsonb, sq2pg.data_table[], sq2pg.load[], sq2pg.sync_state[]) IS 'makes tables equal to their source, in one of three ways';

/*
 * One error for all rows of the source that the targets refuse, if there are
 * such rows.
 */
CREATE FUNCTION sq2pg.raise_sync_violations(options jsonb, model sq2pg.model, tables sq2pg.data_table[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    message text;
    details text;
BEGIN
    PERFORM sq2pg.announce('look for violations', NULL);
    PERFORM sq2pg.raise_violations(sq2pg.violation_notes(options, tables), model.schema_name,
                                   ARRAY(SELECT t.source_name FROM unnest(model.tables) AS t ORDER BY t.ordinal));
EXCEPTION WHEN integrity_constraint_violation OR invalid_text_representation OR insufficient_privilege THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL;
    RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = message, DETAIL = details,
        HINT = 'Nothing was changed. Repair the source or the target; sq2pg_check(existing => ''truncate'') with the same parameters has a hint for each.';
END
$$;
COMMENT ON FUNCTION sq2pg.raise_sync_violations(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'one error that lists what the targets refuse';

/*
 * The same, or one error with all that the targets refuse.
 */
CREATE FUNCTION sq2pg.sync_or_explain(options jsonb, model sq2pg.model, tables sq2pg.data_table[], compared sq2pg.load[], states sq2pg.sync_state[])
    RETURNS sq2pg.sync_state[]
    LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(states) AS s WHERE (s.diff).ambiguous) THEN
        RAISE unique_violation USING MESSAGE = 'rows of the source have equal keys in PostgreSQL';
    END IF;
    RETURN sq2pg.sync_in_order(options, tables, compared, states);
EXCEPTION WHEN integrity_constraint_violation OR with_check_option_violation OR insufficient_privilege OR data_exception
               OR cardinality_violation OR data_corrupted THEN
    PERFORM sq2pg.raise_sync_violations(options, model, ARRAY(
        SELECT ROW(t.table_ordinal, t.relation, t.load, t.unmatched, t.extra, t.rank, t.in_cycle, t.is_empty,
                   CASE WHEN states[t.table_ordinal].matches THEN 'unchanged' ELSE 'replace' END)::sq2pg.data_table
          FROM unnest(tables) AS t ORDER BY t.table_ordinal));
    RAISE;                      -- a trigger's error, for one, cannot be foreseen
END
$$;
COMMENT ON FUNCTION sq2pg.sync_or_explain(jsonb, sq2pg.model, sq2pg.data_table[], sq2pg.load[], sq2pg.sync_state[]) IS
    'makes tables equal to their source, or raises one error with all that these refuse';

CREATE TYPE sq2pg.sync_row AS (
    table_name text,
    inserted   bigint,
    updated    bigint,
    deleted    bigint,
    unchanged  bigint,
    verified   boolean);

/*
 * The report of one table, for the caller and for the history.
 */
CREATE FUNCTION sq2pg.sync_result(t sq2pg.data_table, s sq2pg.sync_state) RETURNS sq2pg.sync_row
    LANGUAGE sql STABLE AS $$
    SELECT ROW((SELECT c.relname FROM pg_class AS c WHERE c.oid = t.relation), coalesce(s.inserted, 0), coalesce(s.updated, 0),
               coalesce(s.deleted, 0), coalesce(s.unchanged, s.source_rows), s.matches)::sq2pg.sync_row
$$;
COMMENT ON FUNCTION sq2pg.sync_result(sq2pg.data_table, sq2pg.sync_state) IS 'what a sync did to a table';

CREATE FUNCTION sq2pg.sync_history(rows sq2pg.sync_row[], started timestamptz) RETURNS sq2pg.report_row[]
    LANGUAGE sql STABLE AS $$
    SELECT array_agg(ROW(r.table_name, CASE WHEN r.table_name IS NULL THEN 'total' ELSE 'sync' END, r.inserted + r.updated + r.unchanged,
                         r.inserted + r.updated, r.unchanged, 0, 0, NULL, r.verified,
                         CASE WHEN r.table_name IS NULL THEN (extract(epoch FROM clock_timestamp() - started) * 1000)::bigint END,
                         format('%s inserted, %s updated, %s deleted', r.inserted, r.updated, r.deleted))::sq2pg.report_row ORDER BY r.ordinality)
      FROM unnest(rows) WITH ORDINALITY AS r
$$;
COMMENT ON FUNCTION sq2pg.sync_history(sq2pg.sync_row[], timestamptz) IS 'a sync as sq2pg.runs keeps it';

/*
 * The targets, locked, and without anything that stands in the way.
 */
CREATE FUNCTION sq2pg.prepare_sync(options jsonb, model sq2pg.model, OUT tables sq2pg.data_table[], OUT notes sq2pg.note[])
    LANGUAGE plpgsql AS $$
DECLARE
    rights jsonb := options || '{"on_conflict": "update"}';
BEGIN
    PERFORM sq2pg.check_isolation();
    notes := model.notes || sq2pg.add_missing(options, model);
    PERFORM sq2pg.raise_sync_problems(model.schema_name, notes);
    tables := (SELECT sq2pg.find_targets(model));
    PERFORM sq2pg.raise_sync_problems(model.schema_name, sq2pg.right_notes(rights, tables) || sq2pg.sync_notes(options, tables));
    PERFORM sq2pg.lock_targets(tables, 'append');
    -- once more: all may have changed until the locks were given
    tables := ARRAY(SELECT ROW(t.table_ordinal, t.relation, t.load, t.unmatched, t.extra, t.rank, t.in_cycle, false, 'append')::sq2pg.data_table
                      FROM unnest(sq2pg.find_targets(model)) AS t ORDER BY t.table_ordinal);
    notes := notes || sq2pg.right_notes(rights, tables) || sq2pg.sync_notes(options, tables)
        -- a cycle is in the way only of some differences, values that do not fit are told row by row
        || ARRAY(SELECT ROW(n.table_ordinal, n.column_name, n.severity, n.code, n.occurrences, n.sample, n.message,
                            CASE n.code WHEN 'interval_unit' THEN 'If they are something else, leave the column out with exclude: a sync knows no USING.'
                                        ELSE n.hint END)::sq2pg.note
                   FROM unnest(sq2pg.all_target_notes(options, model, tables)) AS n
                  WHERE n.code NOT IN ('cycle', 'interval_format', 'no_right'));
    PERFORM sq2pg.raise_sync_problems(model.schema_name, notes);
    PERFORM sq2pg.tell_notes(notes, '{sequence_by_name,interval_unit}');
END
$$;
COMMENT ON FUNCTION sq2pg.prepare_sync(jsonb, sq2pg.model) IS 'finds, checks and locks the targets of a sync';

/*
 * All tables: what differs, then the acts, then the sequences.  "late" are
 * statements that no rollback could undo.
 */
CREATE FUNCTION sq2pg.run_sync(options jsonb, model sq2pg.model, OUT rows sq2pg.sync_row[], OUT notes sq2pg.note[], OUT digests jsonb,
                               OUT late text[])
    LANGUAGE plpgsql AS $$
DECLARE
    tables    sq2pg.data_table[];
    compared  sq2pg.load[];
    states    sq2pg.sync_state[];
    relations oid[];
    before    text;
    t         sq2pg.data_table;
BEGIN
    rows := '{}';
    late := '{}';
    notes := model.notes;
    IF model.tables IS NULL THEN
        RETURN;
    END IF;
    SELECT p.tables, p.notes INTO tables, notes FROM sq2pg.prepare_sync(options, model) AS p;
    compared := (SELECT sq2pg.compared_loads(model));
    relations := ARRAY(SELECT x.relation FROM unnest(tables) AS x);
    before := (SELECT sq2pg.catalog_state(relations));
    options := (SELECT options || jsonb_build_object('rowid_keys', sq2pg.rowid_keys(model, tables)));
    states := array_fill(NULL::sq2pg.sync_state, ARRAY[cardinality(tables)]);
    FOR t IN SELECT x.* FROM unnest(tables) AS x ORDER BY x.rank LOOP
        states[t.table_ordinal] := sq2pg.find_sync_state(options, t, compared[t.table_ordinal], NULL);
    END LOOP;
    IF EXISTS (SELECT FROM unnest(states) AS s WHERE NOT s.matches) THEN
        PERFORM sq2pg.execute_steps(sq2pg.shield_steps(tables, true));
        states := sq2pg.sync_or_explain(options, model, tables, compared, states);
    END IF;
    SELECT c.late INTO late FROM sq2pg.continue_sequences(model, tables) AS c;
    PERFORM sq2pg.check_catalog(before, relations);
    FOR t IN SELECT x.* FROM unnest(tables) AS x LOOP
        digests := coalesce(digests, '{}') || sq2pg.digest_entry((SELECT c.relname FROM pg_class AS c WHERE c.oid = t.relation),
                                                                 states[t.table_ordinal].source_rows, states[t.table_ordinal].digest);
    END LOOP;
    rows := ARRAY(SELECT sq2pg.sync_result(ROW(x.*)::sq2pg.data_table, states[x.table_ordinal]) FROM unnest(tables) AS x ORDER BY x.rank);
END
$$;
COMMENT ON FUNCTION sq2pg.run_sync(jsonb, sq2pg.model) IS 'makes existing tables equal to their source';

CREATE FUNCTION sq2pg.sync(source text, target_schema name, include text[], exclude text[], rename jsonb, types jsonb,
                           names text, empty_as_null boolean, time_zone text)
    RETURNS SETOF sq2pg.sync_row
    LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    options jsonb := sq2pg.make_options(source, target_schema, 'data', include, exclude, rename, 'append', types, names,
                                        'error', 'error', 'error', empty_as_null, time_zone, 'fire', NULL, false, 'content',
                                        false);
    chosen  record;
    result  record;
    rows    sq2pg.sync_row[];
    statement text;
BEGIN
    PERFORM sq2pg.forget_rejects();
    PERFORM sq2pg.lock_schema(target_schema);
    SELECT * INTO chosen FROM sq2pg.prepare_run(options);
    SELECT * INTO result FROM sq2pg.run_sync(chosen.options, chosen.model);
    FOREACH statement IN ARRAY result.late LOOP
        EXECUTE statement;
    END LOOP;
    rows := result.rows || (SELECT ROW(NULL, coalesce(sum(r.inserted), 0), coalesce(sum(r.updated), 0), coalesce(sum(r.deleted), 0),
                                       coalesce(sum(r.unchanged), 0), coalesce(bool_and(r.verified), true))::sq2pg.sync_row
                              FROM unnest(result.rows) AS r);
    PERFORM sq2pg.record_run(options || '{"mode": "sync"}', sq2pg.sync_history(rows, started), result.notes, result.digests);
    PERFORM sq2pg.announce(NULL, NULL);
    RETURN QUERY SELECT r.* FROM unnest(rows) AS r;
END
$$;
COMMENT ON FUNCTION sq2pg.sync(text, name, text[], text[], jsonb, jsonb, text, boolean, text) IS 'the work of sq2pg_sync';

CREATE FUNCTION sq2pg_sync(
    source text, target_schema name DEFAULT NULL, include text[] DEFAULT NULL, exclude text[] DEFAULT NULL,
    rename jsonb DEFAULT NULL, types jsonb DEFAULT NULL, names text DEFAULT 'keep',
    empty_as_null boolean DEFAULT false, time_zone text DEFAULT 'UTC')
    RETURNS TABLE (table_name text, inserted bigint, updated bigint, deleted bigint, unchanged bigint, verified boolean)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_sync';
COMMENT ON FUNCTION sq2pg_sync(text, name, text[], text[], jsonb, jsonb, text, boolean, text) IS
    'makes tables that were migrated before equal to a newer state of their SQLite database, verified, in one transaction';
