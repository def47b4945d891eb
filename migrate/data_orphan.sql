/*
 * data_orphan: rows that would refer to no parent in existing tables
 *
 * The foreign keys of the target are enforced at each row, so what on_orphan
 * does to such rows has to be known before: their numbers are found here, and
 * the loader leaves them out or their references NULL.
 */

/*
 * The foreign keys of the targets that rows to be loaded must satisfy.
 */
CREATE FUNCTION sq2pg.target_foreign_keys(tables sq2pg.data_table[])
    RETURNS TABLE (table_ordinal int, parent_ordinal int, parent text, columns text[], parent_columns text[], operators text[],
                   collations text[], nullable text[], is_full boolean)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT t.table_ordinal, p.table_ordinal, format('%I.%I', n.nspname, r.relname), x.columns, x.parents, x.operators, x.collations, x.nullable, k.confmatchtype = 'f' AND cardinality(x.columns) > 1
      FROM pg_constraint AS k
      JOIN unnest(tables) AS t ON t.relation = k.conrelid AND t.action IN ('load', 'append', 'replace')
      JOIN pg_class AS r ON r.oid = k.confrelid
      JOIN pg_namespace AS n ON n.oid = r.relnamespace
      LEFT JOIN unnest(tables) AS p ON p.relation = k.confrelid
     CROSS JOIN LATERAL (
           SELECT array_agg(a.attname::text ORDER BY y.n) AS columns, array_agg(b.attname::text ORDER BY y.n) AS parents,
                  array_agg(sq2pg.qualified_operator(y.operator) ORDER BY y.n) AS operators,
                  array_agg(sq2pg.collate_clause(b.attcollation) ORDER BY y.n) AS collations,
                  array_agg(a.attname::text ORDER BY y.n) FILTER (WHERE NOT a.attnotnull) AS nullable
             FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY AS y(child, parent, operator, n)
             JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = y.child
             JOIN pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = y.parent) AS x
     WHERE k.contype = 'f' AND k.conparentid = 0 AND x.columns <@ (t.load).target_columns
       AND coalesce((to_jsonb(k)->>'conenforced')::boolean, true)
     ORDER BY t.rank, k.conname
$$;
COMMENT ON FUNCTION sq2pg.target_foreign_keys(sq2pg.data_table[]) IS 'foreign keys that the rows of a run must satisfy';

/*
 * Keys that an expression of the caller's makes are not known before the load:
 * all that refers to them would be taken for orphans.  What refers by such a
 * key goes by a statement, which knows no policy.
 */
CREATE FUNCTION sq2pg.unknown_parent_notes(options jsonb, tables sq2pg.data_table[]) RETURNS sq2pg.note[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW(t.table_ordinal, array_to_string(k.columns, ', '), x.severity, 'orphans_unknown', NULL, NULL,
                                  format(x.message, (t.load).relation, k.parent), x.hint)::sq2pg.note ORDER BY t.table_ordinal, k.columns, x.severity), '{}')
      FROM sq2pg.target_foreign_keys(tables) AS k
      JOIN unnest(tables) AS t USING (table_ordinal)
      LEFT JOIN unnest(tables) AS p ON p.table_ordinal = k.parent_ordinal
     CROSS JOIN LATERAL (
           VALUES ((p.load).computed && k.parent_columns AND p.action IS DISTINCT FROM 'skip', 'error',
                   'which rows of %s have no parent in %s is not known before the load: an expression in types makes its key',
                   'Choose on_orphan => ''error'', or leave the expression out of types.'),
                  ((t.load).computed && k.columns, 'warning',
                   'a row of %s without parent in %s stops the run: an expression in types makes its key, and on_orphan counts for nothing there',
                   'Let the expression give NULL for such rows, or leave it out of types.')) AS x(is_so, severity, message, hint)
     WHERE options->>'on_orphan' <> 'error' AND x.is_so
$$;
COMMENT ON FUNCTION sq2pg.unknown_parent_notes(jsonb, sq2pg.data_table[]) IS 'foreign keys for which on_orphan cannot find the orphans';

/*
 * All that can be said of the targets before any row is looked at by their
 * constraints.
 */
CREATE FUNCTION sq2pg.all_target_notes(options jsonb, model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.note[]
    LANGUAGE sql AS $$
    SELECT sq2pg.right_notes(options, tables) || sq2pg.target_notes(options, model, tables) || sq2pg.interval_notes(options, model, tables)
           || sq2pg.unknown_parent_notes(options, tables)
$$;
COMMENT ON FUNCTION sq2pg.all_target_notes(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'findings about the targets of a run, without those about rows';

/*
 * The keys of the rows of a source table as a query: number, k1, k2 ...
 */
CREATE FUNCTION sq2pg.key_query(options jsonb, load sq2pg.load, columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    -- all columns are read: only then rows come in the order in which the loader counts them
    SELECT format('SELECT x.row_number AS number, %s FROM %s AS x',
                  (SELECT string_agg(format('(x.target_row).%I AS k%s', c, n), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY AS y(c, n)),
                  sq2pg.rows_call(options, load, '{}'))
$$;
COMMENT ON FUNCTION sq2pg.key_query(jsonb, sq2pg.load, text[]) IS 'the keys of a SQLite table, as they will stand in PostgreSQL';

/*
 * Rows of one table that one foreign key would refuse, without those in
 * "gone".  parent_gone are rows of the parent that will not be loaded.  MATCH
 * FULL (is_full) refuses a key that is NULL in part as well.
 */
CREATE FUNCTION sq2pg.orphans_by_key(options jsonb, child sq2pg.data_table, parent sq2pg.data_table, parent_relation text,
                                     columns text[], parent_columns text[], operators text[], collations text[], is_full boolean,
                                     gone bigint[], parent_gone bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql AS $$
DECLARE
    loads_parent boolean := coalesce(parent.action IN ('load', 'append', 'replace'), false);
    keeps_parent boolean := coalesce(parent.action <> 'replace', true);
    numbers      bigint[];
BEGIN
    EXECUTE format(
        'WITH c AS MATERIALIZED (%s), p AS MATERIALIZED (%s)
         SELECT coalesce(array_agg(c.number ORDER BY c.number), ''{}'') FROM c
          WHERE c.number <> ALL ($1) AND (%s OR %s AND NOT EXISTS (SELECT FROM p WHERE p.number <> ALL ($2) AND %s) AND NOT %s)',
        sq2pg.key_query(options, child.load, columns),
        CASE WHEN loads_parent THEN sq2pg.key_query(options, parent.load, parent_columns)
             -- no rows, of the right types
             ELSE format('SELECT 0::bigint AS number, %s FROM %s WHERE false',
                         (SELECT string_agg(format('%I AS k%s', c, n), ', ' ORDER BY n) FROM unnest(parent_columns) WITH ORDINALITY AS y(c, n)),
                         parent_relation) END,
        CASE WHEN is_full THEN format('num_nulls(%s) BETWEEN 1 AND %s', (SELECT string_agg('c.k' || n, ', ') FROM generate_series(1, cardinality(columns)) AS n),
                                      cardinality(columns) - 1) ELSE 'false' END,
        (SELECT string_agg(format('c.k%s IS NOT NULL', n), ' AND ' ORDER BY n) FROM generate_series(1, cardinality(columns)) AS n),
        (SELECT string_agg(format('p.k%1$s %2$s c.k%1$s%3$s', n, o, l), ' AND ' ORDER BY n)
           FROM unnest(operators, collations) WITH ORDINALITY AS y(o, l, n)),
        CASE WHEN keeps_parent THEN
                 format('EXISTS (SELECT FROM %s AS t WHERE %s)', parent_relation,
                        (SELECT string_agg(format('t.%I %s c.k%s%s', x, o, n, l), ' AND ' ORDER BY n)
                           FROM unnest(parent_columns, operators, collations) WITH ORDINALITY AS y(x, o, l, n)))
             ELSE 'false' END)
       INTO numbers USING gone, parent_gone;
    RETURN numbers;
END
$$;
COMMENT ON FUNCTION sq2pg.orphans_by_key(jsonb, sq2pg.data_table, sq2pg.data_table, text, text[], text[], text[], text[], boolean, bigint[], bigint[]) IS
    'numbers of the rows that one foreign key of a target would refuse';

/*
 * All orphans.  A row that is left out leaves its own children without parent:
 * the search goes on until it finds no more.
 */
CREATE FUNCTION sq2pg.find_orphans(options jsonb, tables sq2pg.data_table[]) RETURNS sq2pg.orphans_of[]
    LANGUAGE plpgsql AS $$
DECLARE
    found   sq2pg.orphans_of[] := ARRAY(SELECT ROW(n, '{}', '{}', '{}', '{}')::sq2pg.orphans_of FROM generate_series(1, cardinality(tables)) AS n);
    gone    jsonb := '{}';      -- table_ordinal -> numbers of rows that are left out
    o       sq2pg.orphans_of;
    k       record;
    numbers bigint[];
    names   text[];
    again   boolean := options->>'on_orphan' <> 'error';
BEGIN
    WHILE again LOOP
        again := false;
        FOR k IN SELECT * FROM sq2pg.target_foreign_keys(tables) LOOP
            o := found[k.table_ordinal];
            names := CASE WHEN options->>'on_orphan' = 'null' AND (NOT k.is_full OR cardinality(k.nullable) = cardinality(k.columns)) THEN k.nullable END;
            -- what has become NULL refers to nothing any more
            numbers := sq2pg.orphans_by_key(
                options, tables[k.table_ordinal], CASE WHEN k.parent_ordinal IS NOT NULL THEN tables[k.parent_ordinal] END, k.parent,
                k.columns, k.parent_columns, k.operators, k.collations, k.is_full,
                ARRAY(SELECT x.number FROM unnest(o.numbers, o.columns, o.nulled) AS x(number, name, nulled)
                       WHERE NOT x.nulled OR x.name = ANY (k.columns)),
                ARRAY(SELECT jsonb_array_elements_text(gone->k.parent_ordinal::text)::bigint));
            CONTINUE WHEN numbers = '{}';
            SELECT o.numbers || array_agg(n), o.columns || array_agg(c), o.nulled || array_agg(names IS NOT NULL),
                   o.parents || array_agg(k.parent)
              INTO o.numbers, o.columns, o.nulled, o.parents
              FROM unnest(numbers) AS n, unnest(coalesce(names, k.columns[1:1])) AS c;
            found[k.table_ordinal] := o;
            IF names IS NULL THEN
                gone := gone || jsonb_build_object(k.table_ordinal, coalesce(gone->k.table_ordinal::text, '[]') || to_jsonb(numbers));
                again := true;
            END IF;
        END LOOP;
    END LOOP;
    RETURN ARRAY(SELECT ROW(f.table_ordinal, s.numbers, s.columns, s.nulled, s.parents)::sq2pg.orphans_of
                   FROM unnest(found) AS f
                  CROSS JOIN LATERAL (SELECT array_agg(x.number ORDER BY x.number, x.place) AS numbers,
                                             array_agg(x.name ORDER BY x.number, x.place) AS columns,
                                             array_agg(x.nulled ORDER BY x.number, x.place) AS nulled,
                                             array_agg(x.parent ORDER BY x.number, x.place) AS parents
                                        FROM unnest(f.numbers, f.columns, f.nulled, f.parents) WITH ORDINALITY
                                             AS x(number, name, nulled, parent, place)) AS s
                  ORDER BY f.table_ordinal);
END
$$;
COMMENT ON FUNCTION sq2pg.find_orphans(jsonb, sq2pg.data_table[]) IS 'what on_orphan does to which rows, before they are loaded';

/*
 * What on_orphan did in a run after which tables that are called unchanged
 * held what they hold now.  These count as filled from the source alone: their
 * own rows prove nothing, since two that refer to each other could be missing
 * together.  Of the others, rows that the run will leave in place are parents.
 */
CREATE FUNCTION sq2pg.orphans_of_unchanged(options jsonb, tables sq2pg.data_table[]) RETURNS sq2pg.orphans_of[]
    LANGUAGE sql AS $$
    SELECT sq2pg.find_orphans(options, ARRAY(
        SELECT ROW(t.table_ordinal, t.relation, t.load, t.unmatched, t.extra, t.rank, t.in_cycle, t.is_empty,
                   CASE WHEN t.is_empty IS NULL OR t.action IN ('append', 'skip') THEN t.action ELSE 'replace' END)::sq2pg.data_table
          FROM unnest(tables) AS t ORDER BY t.table_ordinal))
$$;
COMMENT ON FUNCTION sq2pg.orphans_of_unchanged(jsonb, sq2pg.data_table[]) IS 'what on_orphan does to the rows of tables that may be unchanged';
