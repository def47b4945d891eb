/* foresee: how many rows and values a run would leave out or change */

/*
 * The rows that a policy for bad values leaves out (by rowid where there is
 * one), and the number of values that it changes in the others.
 */
CREATE FUNCTION sq2pg.refused_rows(source text, source_table text, source_columns text[], types text[],
                                   not_null boolean[], policy text, time_zone text, empty_as_null boolean,
                                   OUT rejected bigint, OUT changed bigint, OUT rowids bigint[])
    RETURNS SETOF record
    LANGUAGE C STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_refused_rows';
COMMENT ON FUNCTION sq2pg.refused_rows(text, text, text[], text[], boolean[], text, text, boolean) IS
    'rows that on_bad_value would leave out';

/*
 * What the columns of an existing table cannot hold, NULL where it must not be
 * included; misfits as in sq2pg.load_table.
 */
CREATE FUNCTION sq2pg.source_misfits(source text, source_table text, source_columns text[], target oid,
                                     target_columns text[], time_zone text, empty_as_null boolean,
                                     OUT source_rows bigint, OUT misfits jsonb)
    RETURNS SETOF record
    LANGUAGE C STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_source_misfits';
COMMENT ON FUNCTION sq2pg.source_misfits(text, text, text[], oid, text[], text, boolean) IS
    'values that an existing table cannot hold';

/*
 * Rows of the child without parent once some rows are gone; NULL where a table
 * has no rowid.
 */
CREATE FUNCTION sq2pg.orphan_rows(source text, child text, columns text[], parent text, parent_columns text[],
                                  child_gone bigint[], parent_gone bigint[]) RETURNS bigint[]
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_orphan_rows';
COMMENT ON FUNCTION sq2pg.orphan_rows(text, text, text[], text, text[], bigint[], bigint[]) IS
    'rowids of rows that would have no parent';

CREATE TYPE sq2pg.losses AS (
    rejected bigint,
    changed  bigint,
    rowids   bigint[]);

/*
 * What on_bad_value does, for each table by its ordinal.
 */
CREATE FUNCTION sq2pg.foresee_bad_values(options jsonb, model sq2pg.model, expressions sq2pg.expression[])
    RETURNS sq2pg.losses[]
    LANGUAGE plpgsql AS $$
DECLARE
    losses  sq2pg.losses[] := array_fill(ROW(0, 0, '{}')::sq2pg.losses, ARRAY[cardinality(model.tables)]);
    t       record;
BEGIN
    IF options->>'on_bad_value' = 'error' OR options->'types' = 'null' THEN
        RETURN losses;
    END IF;
    FOR t IN
        SELECT s.table_ordinal, (s.load).source_table AS name, (s.load).source_columns AS columns,
               array_agg(c.type ORDER BY x.n) AS types, array_agg(c.not_null ORDER BY x.n) AS not_null
          FROM unnest(sq2pg.load_steps(model, expressions)) AS s
         CROSS JOIN unnest((s.load).column_ids) WITH ORDINALITY AS x(id, n)
          JOIN unnest(model.columns) AS c ON c.id = x.id
         WHERE (s.load).computed IS NULL
         GROUP BY s.table_ordinal, (s.load).source_table, (s.load).source_columns LOOP
        losses[t.table_ordinal] := (
            SELECT ROW(r.rejected, r.changed, r.rowids)::sq2pg.losses
              FROM sq2pg.refused_rows(options->>'source', t.name, t.columns, t.types, t.not_null,
                                      options->>'on_bad_value', options->>'time_zone',
                                      (options->>'empty_as_null')::boolean) AS r);
    END LOOP;
    RETURN losses;
END
$$;
COMMENT ON FUNCTION sq2pg.foresee_bad_values(jsonb, sq2pg.model, sq2pg.expression[]) IS 'what on_bad_value would do to each table';

/*
 * What on_orphan does then: the same passes as sq2pg.treat_orphans, with
 * rowids instead of rows.
 */
CREATE FUNCTION sq2pg.foresee_orphans(options jsonb, model sq2pg.model, losses sq2pg.losses[]) RETURNS sq2pg.losses[]
    LANGUAGE plpgsql AS $$
DECLARE
    tables  sq2pg.table_plan[] := model.tables;
    columns sq2pg.column_plan[] := model.columns;
    keys    sq2pg.foreign_key_plan[] := model.foreign_keys;
    nulled  jsonb := '{}';      -- place of the key: rowids whose reference became NULL
    f       sq2pg.foreign_key_plan;
    l       sq2pg.losses;
    before  bigint[];
    found_rows bigint[];
    again   boolean := true;
BEGIN
    WHILE again LOOP
        again := false;
        FOR i IN 1 .. coalesce(cardinality(keys), 0) LOOP
            f := keys[i];
            CONTINUE WHEN f.problem IS NOT NULL;
            l := losses[f.table_ordinal];
            before := coalesce(ARRAY(SELECT jsonb_array_elements_text(nulled->i::text)::bigint), '{}');
            found_rows := sq2pg.orphan_rows(
                options->>'source', tables[f.table_ordinal].source_name,
                ARRAY(SELECT columns[x.id].source_name FROM unnest(f.columns) WITH ORDINALITY AS x(id, n) ORDER BY x.n),
                tables[f.parent_ordinal].source_name,
                ARRAY(SELECT columns[x.id].source_name FROM unnest(f.parent_columns) WITH ORDINALITY AS x(id, n) ORDER BY x.n),
                l.rowids || before, (losses[f.parent_ordinal]).rowids);
            CONTINUE WHEN coalesce(cardinality(found_rows), 0) = 0;
            IF options->>'on_orphan' = 'null'
               AND EXISTS (SELECT FROM unnest(f.columns) AS x(id)
                            WHERE NOT columns[x.id].not_null AND columns[x.id].pk_position IS NULL) THEN
                l.changed := l.changed + cardinality(found_rows);
                nulled := nulled || jsonb_build_object(i::text, to_jsonb(before || found_rows));
            ELSE
                l.rejected := l.rejected + cardinality(found_rows);
                l.rowids := l.rowids || found_rows;
                again := true;
            END IF;
            losses[f.table_ordinal] := l;
        END LOOP;
    END LOOP;
    RETURN losses;
END
$$;
COMMENT ON FUNCTION sq2pg.foresee_orphans(jsonb, sq2pg.model, sq2pg.losses[]) IS 'what on_orphan would do to each table';

CREATE FUNCTION sq2pg.loss_notes(options jsonb, model sq2pg.model, expressions sq2pg.expression[]) RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    losses sq2pg.losses[] := sq2pg.foresee_bad_values(options, model, expressions);
BEGIN
    IF options->>'on_orphan' IN ('null', 'reject') THEN
        losses := sq2pg.foresee_orphans(options, model, losses);
    END IF;
    RETURN (SELECT coalesce(array_agg(n.note ORDER BY n.ordinal, n.code), '{}')
              FROM (SELECT l.ordinality AS ordinal, c.code,
                           ROW(l.ordinality::int, NULL, 'warning', c.code, c.n, NULL, format(c.message, c.n),
                               NULL)::sq2pg.note AS note
                      FROM unnest(losses) WITH ORDINALITY AS l
                     CROSS JOIN LATERAL (VALUES ('rows_rejected', l.rejected, '%s rows will be left out'),
                                                ('values_changed', l.changed, '%s values will be changed')) AS c(code, n, message)
                     WHERE c.n > 0) AS n);
END
$$;
COMMENT ON FUNCTION sq2pg.loss_notes(jsonb, sq2pg.model, sq2pg.expression[]) IS
    'for each table what the report of a run will count as rejected and changed';
