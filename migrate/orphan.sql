/* orphan: foreign keys, and the rows that refer to no parent */

/*
 * The rows of one table that refer to no parent by one foreign key: taken out,
 * or their reference set to NULL.  Says how many, and what that does to the
 * digest of the table.
 */
CREATE FUNCTION sq2pg.treat_orphans_of(load sq2pg.load, parent text, child_columns text[], parent_columns text[],
                                       operators text[], nullable text[], policy text,
                                       OUT treated bigint, OUT gone bigint, OUT removed text, OUT added text)
    LANGUAGE plpgsql AS $$
DECLARE
    set_null  boolean := policy = 'null' AND nullable <> '{}';
    condition text := (SELECT string_agg(format('c.%I IS NOT NULL', x), ' AND ') FROM unnest(child_columns) AS x)
        || format(' AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)', parent,
                  (SELECT string_agg(format('p.%I %s c.%I', y, o, x), ' AND ')
                     FROM unnest(child_columns, parent_columns, operators) AS k(x, y, o)));
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
COMMENT ON FUNCTION sq2pg.treat_orphans_of(sq2pg.load, text, text[], text[], text[], text[], text) IS
    'takes out rows without parent, or sets their reference to NULL';

/*
 * All orphans, until there are no more: a row that is taken out leaves its own
 * children without parent.
 */
CREATE FUNCTION sq2pg.treat_orphans(options jsonb, model sq2pg.model, expressions sq2pg.expression[],
                                    results sq2pg.load_result[]) RETURNS sq2pg.load_result[]
    LANGUAGE plpgsql AS $$
DECLARE
    loads    sq2pg.step[] := (SELECT sq2pg.load_steps(model, expressions));
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
                       ARRAY(SELECT sq2pg.equality(columns[x.id].type) FROM unnest(f.parent_columns) WITH ORDINALITY AS x(id, n) ORDER BY x.n),
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
    valid     sq2pg.step[] := (SELECT sq2pg.foreign_key_steps(model, '{}'));
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
