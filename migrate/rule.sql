/*
 * rule: what the tables of the target demand of a row
 *
 * Read from the catalogs for all tables at once, never for one at a time.  A
 * rule is text: an expression over one row, or a query over all of them,
 * which migrate/violations.sql runs over the rows of the source as they would
 * stand in the target:
 *
 *     sqm_rows (sqm_rowid, sqm_number, sqm_row)
 *
 * Expressions of the target are taken as PostgreSQL prints them.  They run in
 * the search path of the caller, as an INSERT of theirs would: so they are
 * printed under that path, under which a name may mean something else than
 * under ours, and what we add to them is schema-qualified, functions of
 * pg_catalog too.
 */

CREATE TYPE sq2pg.rule AS (
    table_ordinal int,
    kind          text,
    name          text,         -- of the constraint, index or policy
    definition    text,         -- for people
    relation      text,         -- that has it: the target or a partition; quoted
    condition     text,         -- over the row: true for one that breaks the rule
    query         text,         -- or over all rows: how many do, the numbers of the first, and of those they meet
    columns       text[],       -- of the target that it reads; NULL: perhaps all
    labels        text[],       -- what to show of a row that breaks it
    expressions   text[]);

/* A target, or a partition of one. */
CREATE TYPE sq2pg.target_part AS (
    table_ordinal int,
    root          oid,          -- the target
    part          oid,
    is_root       boolean,
    alias         text,         -- quoted, by which expressions call it
    relation      text,         -- quoted and schema-qualified
    is_plain      boolean,      -- no partitioned table: rows of those that inherit from it are not its own
    keeps_rows    boolean,      -- those that are in it before the run
    arbiter       text[],       -- columns by which rows are updated; NULL: none are
    loaded        text[],       -- columns that come from the source
    unknown       text[]);      -- columns of which nobody knows yet what they will hold

/*
 * The smallest numbers of all, three at most.
 */
CREATE FUNCTION sq2pg.keep_number(numbers bigint[], number bigint) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.cardinality(numbers) OPERATOR(pg_catalog.=) 3
                     AND number OPERATOR(pg_catalog.>) numbers[3] THEN numbers
                ELSE ARRAY(SELECT x FROM pg_catalog.unnest(numbers OPERATOR(pg_catalog.||) number) AS x
                            ORDER BY x USING OPERATOR(pg_catalog.<) LIMIT 3) END
$$;
COMMENT ON FUNCTION sq2pg.keep_number(bigint[], bigint) IS 'one step of sq2pg.first_numbers';

CREATE AGGREGATE sq2pg.first_numbers(bigint) (
    SFUNC = sq2pg.keep_number, STYPE = bigint[], INITCOND = '{}');
COMMENT ON AGGREGATE sq2pg.first_numbers(bigint) IS 'the three smallest numbers';

/*
 * From where the first of some ranges begins to where the last of them ends.
 */
CREATE AGGREGATE sq2pg.range_hull(anyrange) (SFUNC = pg_catalog.range_merge, STYPE = anyrange);
COMMENT ON AGGREGATE sq2pg.range_hull(anyrange) IS 'the smallest range that holds all of them';

/*
 * An expression of a relation, the bounds of a partition, or a key of an index,
 * as text that means the same in the search path of the caller.
 */
CREATE FUNCTION sq2pg.caller_text(relation oid, expression pg_node_tree, key int) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    before text := current_setting('search_path');
    result text;
BEGIN
    PERFORM set_config('search_path', sq2pg.caller_search_path(), true);
    IF key IS NOT NULL THEN
        result := pg_catalog.pg_get_indexdef(relation, key, false);
    ELSIF expression IS NOT NULL THEN
        result := pg_catalog.pg_get_expr(expression, relation);
    ELSE
        result := pg_catalog.pg_get_partition_constraintdef(relation);
    END IF;
    PERFORM pg_catalog.set_config('search_path', before, true);
    RETURN result;
END
$$;
COMMENT ON FUNCTION sq2pg.caller_text(oid, pg_node_tree, int) IS 'an expression of the target, as the caller would write it';

CREATE FUNCTION sq2pg.expression_text(expression pg_node_tree, relation oid) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN expression IS NOT NULL THEN sq2pg.caller_text(relation, expression, NULL) END
$$;
COMMENT ON FUNCTION sq2pg.expression_text(pg_node_tree, oid) IS 'pg_get_expr() for the search path of the caller';

CREATE FUNCTION sq2pg.partition_condition(relation oid) RETURNS text
    LANGUAGE sql STABLE AS $$ SELECT sq2pg.caller_text(relation, NULL, NULL) $$;
COMMENT ON FUNCTION sq2pg.partition_condition(oid) IS 'pg_get_partition_constraintdef() for the search path of the caller';

CREATE FUNCTION sq2pg.index_key(index_oid oid, key int) RETURNS text
    LANGUAGE sql STABLE AS $$ SELECT sq2pg.caller_text(index_oid, NULL, key) $$;
COMMENT ON FUNCTION sq2pg.index_key(oid, int) IS 'pg_get_indexdef() of one key for the search path of the caller';

/*
 * Columns that get their value from a sequence or a volatile default, and what
 * is generated beside these.
 */
CREATE FUNCTION sq2pg.unforeseeable_columns(relation oid, loaded text[]) RETURNS text[]
    LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'sqm_unforeseeable_columns';
COMMENT ON FUNCTION sq2pg.unforeseeable_columns(oid, text[]) IS 'columns whose values are not known before an INSERT';

/*
 * The names of columns by their numbers; NULL if the whole row is among them.
 */
CREATE FUNCTION sq2pg.attribute_names(relation oid, attnums smallint[]) RETURNS text[]
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN 0 = ANY (attnums) THEN NULL
                ELSE ARRAY(SELECT a.attname FROM unnest(attnums) WITH ORDINALITY AS x(attnum, n)
                             JOIN pg_attribute AS a ON a.attrelid = relation AND a.attnum = x.attnum
                            ORDER BY x.n) END
$$;
COMMENT ON FUNCTION sq2pg.attribute_names(oid, smallint[]) IS 'names of columns by their numbers';

/*
 * What a rule that reads "columns" can know of a row.
 */
CREATE FUNCTION sq2pg.is_known(columns text[], unknown text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(NOT columns && unknown, unknown = '{}') $$;
COMMENT ON FUNCTION sq2pg.is_known(text[], text[]) IS 'are the values of all these columns known?';

CREATE FUNCTION sq2pg.quote_names(names text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY(SELECT quote_ident(x) FROM unnest(names) WITH ORDINALITY AS u(x, n) ORDER BY n) $$;
COMMENT ON FUNCTION sq2pg.quote_names(text[]) IS 'names as SQL';

/*
 * The rows of a source as they would stand in its target, as an item of FROM.
 * "columns" are those that are wanted, NULL for all.  Others are left out,
 * where that cannot change which rows there are.
 */
CREATE FUNCTION sq2pg.rows_call(options jsonb, load sq2pg.load, columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    WITH pairs AS (
        SELECT u.source_name, u.target_name, u.n,
               options->>'on_bad_value' = 'error' AND columns <> '{}' AND columns <@ load.target_columns AS may_choose
          FROM unnest(load.source_columns, load.target_columns) WITH ORDINALITY AS u(source_name, target_name, n)
         WHERE u.target_name <> ALL (coalesce(load.computed, '{}'))
    )
    SELECT format('sq2pg.source_rows(%L, %L, %L::pg_catalog.text[], %L::pg_catalog.text[], %L, %L, %L, NULL::%s)',
                  options->>'source', load.source_table, coalesce(array_agg(p.source_name ORDER BY p.n), '{}'),
                  coalesce(array_agg(p.target_name ORDER BY p.n), '{}'), options->>'time_zone', options->>'empty_as_null',
                  options->>'on_bad_value', load.relation)
      FROM pairs AS p WHERE p.may_choose IS NOT TRUE OR p.target_name = ANY (columns)
$$;
COMMENT ON FUNCTION sq2pg.rows_call(jsonb, sq2pg.load, text[]) IS 'rows of a source as they would stand in its target, as SQL';

/*
 * The targets that are to be filled, each with its partitions.  Constraints
 * of foreign tables and views are somebody else's.
 */
CREATE FUNCTION sq2pg.target_parts(options jsonb, tables sq2pg.data_table[]) RETURNS sq2pg.target_part[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(t.table_ordinal, t.relation, p.relid, p.relid = t.relation, quote_ident(r.relname),
                                  format('%I.%I', n.nspname, c.relname), c.relkind = 'r', t.action = 'append',
                                  CASE WHEN options->>'on_conflict' = 'update' THEN sq2pg.key_columns(t) END, k.loaded,
                                  sq2pg.unforeseeable_columns(t.relation, k.loaded))::sq2pg.target_part
                              ORDER BY t.table_ordinal, p.relid <> t.relation, c.relname, n.nspname), '{}')
      FROM unnest(tables) AS t
      JOIN pg_class AS r ON r.oid = t.relation AND r.relkind IN ('r', 'p')
     CROSS JOIN LATERAL (SELECT t.relation::regclass UNION SELECT x.relid FROM pg_partition_tree(t.relation) AS x
                          WHERE r.relkind = 'p') AS p(relid)
      JOIN pg_class AS c ON c.oid = p.relid AND c.relkind IN ('r', 'p')
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (SELECT ARRAY(SELECT x FROM unnest((t.load).target_columns) AS x
                                       WHERE x <> ALL (coalesce((t.load).computed, '{}')))) AS k(loaded)
     WHERE t.action IN ('load', 'append', 'replace')
$$;
COMMENT ON FUNCTION sq2pg.target_parts(jsonb, sq2pg.data_table[]) IS 'the targets that are to be filled, with their partitions';

/*
 * "expression" for rows that go into this partition; NULL for the others.
 */
CREATE FUNCTION sq2pg.in_part(p sq2pg.target_part, expression text) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p.is_root THEN expression
                ELSE format('CASE WHEN %s THEN %s END', coalesce(sq2pg.partition_condition(p.part), 'true'), expression) END
$$;
COMMENT ON FUNCTION sq2pg.in_part(sq2pg.target_part, text) IS 'an expression for the rows of a partition';

/*
 * CHECK constraints.  Those that a partition inherits are those of its table.
 */
CREATE FUNCTION sq2pg.check_rules(parts sq2pg.target_part[]) RETURNS SETOF sq2pg.rule
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT p.table_ordinal, 'check', c.conname::text, pg_get_constraintdef(c.oid), p.relation,
           sq2pg.in_part(p, format('(%s) IS FALSE', sq2pg.expression_text(c.conbin, c.conrelid))), NULL, k.names, k.names,
           sq2pg.quote_names(k.names)
      FROM unnest(parts) AS p
      JOIN pg_constraint AS c ON c.conrelid = p.part AND c.contype = 'c' AND (p.is_root OR c.coninhcount = 0)
     CROSS JOIN LATERAL (SELECT sq2pg.attribute_names(p.part, coalesce(c.conkey, '{}'))) AS k(names)
     WHERE sq2pg.is_known(k.names, p.unknown)
       -- since PostgreSQL 18
       AND to_jsonb(c)->>'conenforced' IS DISTINCT FROM 'false'
$$;
COMMENT ON FUNCTION sq2pg.check_rules(sq2pg.target_part[]) IS 'CHECK constraints as rules';

/*
 * NOT NULL where the loader does not see it: columns that are not loaded, and
 * partitions that are stricter than their table.
 */
CREATE FUNCTION sq2pg.null_rules(parts sq2pg.target_part[]) RETURNS SETOF sq2pg.rule
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT p.table_ordinal, 'null', a.attname::text, NULL::text, p.relation, sq2pg.in_part(p, format('pg_catalog.num_nulls(%I) OPERATOR(pg_catalog.=) 1', a.attname)),
           NULL, ARRAY[a.attname::text], '{}'::text[], '{}'::text[]
      FROM unnest(parts) AS p
      JOIN pg_attribute AS a ON a.attrelid = p.part AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
      JOIN pg_attribute AS r ON r.attrelid = p.root AND r.attname = a.attname
     WHERE a.attname <> ALL (p.unknown)
       AND CASE WHEN p.is_root THEN a.atthasdef AND a.attname <> ALL (p.loaded) ELSE NOT r.attnotnull END
$$;
COMMENT ON FUNCTION sq2pg.null_rules(sq2pg.target_part[]) IS 'NOT NULL of columns that the loader does not look at';

/*
 * Columns that must have a value, and that nothing gives one.
 */
CREATE FUNCTION sq2pg.required_columns(parts sq2pg.target_part[]) RETURNS TABLE (table_ordinal int, columns text[])
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT p.table_ordinal, array_agg(a.attname::text ORDER BY a.attnum)
      FROM unnest(parts) AS p
      JOIN pg_attribute AS a ON a.attrelid = p.root AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type AS y ON y.oid = a.atttypid
     WHERE p.is_root AND (a.attnotnull OR y.typnotnull) AND NOT a.atthasdef AND a.attidentity = ''
       AND y.typdefault IS NULL AND a.attname <> ALL (p.loaded) AND a.attname <> ALL (p.unknown)
     GROUP BY p.table_ordinal
$$;
COMMENT ON FUNCTION sq2pg.required_columns(sq2pg.target_part[]) IS 'columns that need a value and get none';

/*
 * Policies of row level security for an INSERT.  One of the permissive ones
 * must be true, and each of the restrictive ones.
 */
CREATE FUNCTION sq2pg.policy_rules(parts sq2pg.target_part[]) RETURNS SETOF sq2pg.rule
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH guarded AS (
        SELECT p.* FROM unnest(parts) AS p WHERE p.is_root AND row_security_active(p.root)
    ), policies AS (
        SELECT g.table_ordinal, g.relation, g.unknown, y.polname, y.polpermissive,
               sq2pg.expression_text(coalesce(y.polwithcheck, y.polqual), y.polrelid) AS expression,
               coalesce(ARRAY(SELECT a.attname::text FROM pg_depend AS d
                                JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                               WHERE d.classid = 'pg_policy'::regclass AND d.objid = y.oid
                                 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = g.root AND d.refobjsubid > 0
                               ORDER BY a.attnum), '{}') AS names
          FROM guarded AS g
          JOIN pg_policy AS y ON y.polrelid = g.root AND y.polcmd IN ('*', 'a')
         WHERE coalesce(y.polwithcheck, y.polqual) IS NOT NULL
           AND EXISTS (SELECT FROM unnest(y.polroles) AS o WHERE o = 0 OR pg_has_role(o, 'USAGE'))
    )
    SELECT y.table_ordinal, 'policy', y.polname::text, y.expression, y.relation, format('(%s) IS NOT TRUE', y.expression), NULL::text,
           NULL::text[], y.names, sq2pg.quote_names(y.names)
      FROM policies AS y WHERE NOT y.polpermissive AND sq2pg.is_known(y.names, y.unknown)
    UNION ALL
    -- where none is permissive, nothing is allowed
    SELECT g.table_ordinal, 'policy', coalesce(string_agg(y.polname, ', ' ORDER BY y.polname), 'no policy'),
           coalesce(string_agg(y.expression, ' OR ' ORDER BY y.polname), 'false'), g.relation,
           coalesce('(' || string_agg('(' || y.expression || ')', ' OR ' ORDER BY y.polname) || ') IS NOT TRUE', 'true'),
           NULL, NULL, coalesce(s.names, '{}'), sq2pg.quote_names(coalesce(s.names, '{}'))
      FROM guarded AS g
      LEFT JOIN policies AS y ON y.table_ordinal = g.table_ordinal AND y.polpermissive
      LEFT JOIN (SELECT x.table_ordinal, array_agg(DISTINCT u.name ORDER BY u.name) AS names
                   FROM policies AS x, unnest(x.names) AS u(name)
                  WHERE x.polpermissive GROUP BY x.table_ordinal) AS s ON s.table_ordinal = g.table_ordinal
     GROUP BY g.table_ordinal, g.relation, s.names
    HAVING coalesce(bool_and(sq2pg.is_known(y.names, y.unknown)), true)
$$;
COMMENT ON FUNCTION sq2pg.policy_rules(sq2pg.target_part[]) IS 'policies of row level security as rules';

/*
 * Partitions: a row needs one to go to, unless there is a default everywhere.
 * A target that is a partition itself takes only what belongs there.
 */
CREATE FUNCTION sq2pg.partition_rules(parts sq2pg.target_part[]) RETURNS SETOF sq2pg.rule
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH keys AS (
        -- what decides, at any level; NULL where expressions do
        SELECT p.table_ordinal, p.unknown, p.root, p.relation,
               CASE WHEN bool_or(k.partexprs IS NOT NULL) THEN NULL
                    ELSE array_agg(DISTINCT a.attname::text) END AS names,
               bool_and(k.partdefid <> 0) FILTER (WHERE x.relid IS NOT NULL) AS has_default
          FROM unnest(parts) AS p
          JOIN pg_partitioned_table AS r ON r.partrelid = p.root
         CROSS JOIN LATERAL pg_partition_tree(p.root) AS x
          JOIN pg_partitioned_table AS k ON k.partrelid = x.relid
         CROSS JOIN LATERAL unnest(k.partattrs::smallint[]) AS u(attnum)
          LEFT JOIN pg_attribute AS a ON a.attrelid = k.partrelid AND a.attnum = u.attnum
         WHERE p.is_root
         GROUP BY p.table_ordinal, p.unknown, p.root, p.relation
    )
    SELECT k.table_ordinal, 'partition', k.relation, NULL::text, k.relation,
           coalesce('(' || string_agg(format('(%s)', coalesce(sq2pg.partition_condition(l.relid), 'true')), ' OR ' ORDER BY l.relid::oid)
                           FILTER (WHERE l.relid IS NOT NULL) || ') IS NOT TRUE', 'true'),
           NULL::text, k.names, coalesce(k.names, '{}'::text[]), sq2pg.quote_names(coalesce(k.names, '{}'::text[]))
      FROM keys AS k
      LEFT JOIN LATERAL pg_partition_tree(k.root) AS l ON l.isleaf AND l.level > 0
     WHERE NOT k.has_default AND sq2pg.is_known(k.names, k.unknown)
     GROUP BY k.table_ordinal, k.relation, k.names
    UNION ALL
    SELECT p.table_ordinal, 'foreign_partition', p.relation, d.definition, p.relation, format('(%s) IS FALSE', d.definition), NULL, NULL, '{}'::text[], '{}'::text[]
      FROM unnest(parts) AS p
      JOIN pg_class AS c ON c.oid = p.root AND c.relispartition
     CROSS JOIN LATERAL sq2pg.partition_condition(p.root) AS d(definition)
     WHERE p.is_root AND d.definition IS NOT NULL AND p.unknown = '{}'
$$;
COMMENT ON FUNCTION sq2pg.partition_rules(sq2pg.target_part[]) IS 'partition bounds as rules';
