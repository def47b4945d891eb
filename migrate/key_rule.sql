/*
 * key_rule: what the tables of the target demand of several rows together
 *
 * Unique indexes, EXCLUDE constraints and foreign keys, as queries over
 * sqm_rows (see migrate/rule.sql).  Each gives
 *
 *     how many rows break the rule; NULL: too many to be compared
 *     the numbers of the first three
 *     for each of these the number of the row that it meets, or NULL
 *
 * Equality is that of the index: its operator, its collation, its NULLs.
 */

/* The keys of an index, as expressions over a row of its table. */
CREATE TYPE sq2pg.index_keys AS (
    index_oid   oid,
    labels      text[],         -- the same for people
    expressions text[],
    compared    text[],         -- the same with the collation of the index
    operators   text[],         -- by which they are equal, of the operator class
    smaller     text[],         -- by which they are sorted
    types       oid[],
    is_plain    boolean,        -- GROUP BY would find the same ones equal
    columns     text[],         -- that it reads; NULL: perhaps all
    predicate   text);

CREATE FUNCTION sq2pg.qualified_operator(operator oid) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
      FROM pg_operator AS o JOIN pg_namespace AS n ON n.oid = o.oprnamespace WHERE o.oid = operator
$$;
COMMENT ON FUNCTION sq2pg.qualified_operator(oid) IS 'an operator as SQL that finds it in every search path';

/*
 * By what two values of a type are equal to its indexes, and so to foreign
 * keys: for a type of an extension that is an operator of its own.
 */
CREATE FUNCTION sq2pg.equality(type text) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT sq2pg.qualified_operator(s.amopopr)
                       FROM sq2pg.base_type(equality.type) AS b
                       JOIN pg_opclass AS o ON o.opcmethod = 403 AND o.opcdefault AND o.opcintype = b.base
                       JOIN pg_amop AS s ON s.amopfamily = o.opcfamily AND s.amoplefttype = o.opcintype AND s.amoprighttype = o.opcintype
                                        AND s.amopstrategy = 3 AND s.amoppurpose = 's'),
                    'OPERATOR(pg_catalog.=)')
$$;
COMMENT ON FUNCTION sq2pg.equality(text) IS 'the operator by which foreign keys compare values of a type';

/*
 * Compared is by the collation of the index, or of the parent's key, whatever
 * that of the other side is: two would be an error.
 */
CREATE FUNCTION sq2pg.collate_clause(collation_oid oid) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT format(' COLLATE %I.%I', n.nspname, c.collname)
                       FROM pg_collation AS c JOIN pg_namespace AS n ON n.oid = c.collnamespace WHERE c.oid = collation_oid), '')
$$;
COMMENT ON FUNCTION sq2pg.collate_clause(oid) IS 'COLLATE for a collation, nothing for none';

CREATE FUNCTION sq2pg.describe_indexes(indexes oid[]) RETURNS SETOF sq2pg.index_keys
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT i.indexrelid, array_agg(e.label ORDER BY k.n), array_agg(e.expression ORDER BY k.n),
           array_agg(e.expression || sq2pg.collate_clause((i.indcollation::oid[])[k.n - 1]) ORDER BY k.n),
           array_agg(sq2pg.qualified_operator(same.amopopr) ORDER BY k.n),
           array_agg(sq2pg.qualified_operator(less.amopopr) ORDER BY k.n),
           array_agg(a.atttypid ORDER BY k.n),
           bool_and(o.opcdefault OR same.amopopr = (
               SELECT s.amopopr FROM pg_opclass AS d
                 JOIN pg_amop AS s ON s.amopfamily = d.opcfamily AND s.amoplefttype = d.opcintype
                                  AND s.amoprighttype = d.opcintype AND s.amopstrategy = 3 AND s.amoppurpose = 's'
                WHERE d.opcmethod = 403 AND d.opcdefault AND d.opcintype = o.opcintype)),
           -- the catalog does not say whether an expression reads the whole row, its text does
           CASE WHEN pg_get_indexdef(i.indexrelid) LIKE '%.*%' THEN NULL ELSE (
               SELECT coalesce(array_agg(t.attname::text ORDER BY t.attnum), '{}')
                 FROM (SELECT x FROM unnest(i.indkey::smallint[]) AS x
                       UNION
                       SELECT d.refobjsubid FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                          AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
                          AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) AS r(attnum)
                 JOIN pg_attribute AS t ON t.attrelid = i.indrelid AND t.attnum = r.attnum AND t.attnum > 0) END,
           sq2pg.expression_text(i.indpred, i.indrelid)
      FROM unnest(indexes) AS x(index_oid)
      JOIN pg_index AS i ON i.indexrelid = x.index_oid
     CROSS JOIN LATERAL generate_series(1, i.indnkeyatts::int) AS k(n)
     CROSS JOIN LATERAL (SELECT d.label, '(' || d.label || ')' FROM sq2pg.index_key(i.indexrelid, k.n) AS d(label)) AS e(label, expression)
      JOIN pg_attribute AS a ON a.attrelid = i.indexrelid AND a.attnum = k.n
      JOIN pg_opclass AS o ON o.oid = (i.indclass::oid[])[k.n - 1]
      LEFT JOIN pg_amop AS same ON same.amopfamily = o.opcfamily AND same.amoplefttype = o.opcintype AND o.opcmethod = 403
                               AND same.amoprighttype = o.opcintype AND same.amopstrategy = 3 AND same.amoppurpose = 's'
      LEFT JOIN pg_amop AS less ON less.amopfamily = o.opcfamily AND less.amoplefttype = o.opcintype AND o.opcmethod = 403
                               AND less.amoprighttype = o.opcintype AND less.amopstrategy = 1 AND less.amoppurpose = 's'
     GROUP BY i.indexrelid, i.indkey, i.indrelid, i.indpred, i.indexprs
$$;
COMMENT ON FUNCTION sq2pg.describe_indexes(oid[]) IS 'keys of indexes as expressions';

/* -- queries -- */

/*
 * sqm_k1, sqm_k2 ... of the rows of the source, or of those in the target.
 */
CREATE FUNCTION sq2pg.key_list(expressions text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('%s AS sqm_k%s', x, n), ', ' ORDER BY n) FROM unnest(expressions) WITH ORDINALITY AS u(x, n)
$$;
COMMENT ON FUNCTION sq2pg.key_list(text[]) IS 'expressions as a list of keys';

CREATE FUNCTION sq2pg.key_condition(expressions text[], predicate text, with_nulls boolean) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce('(' || predicate || ')', 'true')
           || CASE WHEN with_nulls THEN ''
                   ELSE (SELECT string_agg(format(' AND pg_catalog.num_nulls(%s) OPERATOR(pg_catalog.=) 0', x), '') FROM unnest(expressions) AS x) END
$$;
COMMENT ON FUNCTION sq2pg.key_condition(text[], text, boolean) IS 'which rows have a key';

CREATE FUNCTION sq2pg.source_keys(p sq2pg.target_part, expressions text[], predicate text, with_nulls boolean) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT format('SELECT sqm_s.sqm_number, %s FROM sqm_rows AS sqm_s CROSS JOIN LATERAL (SELECT (sqm_s.sqm_row).*) AS %s WHERE %s AND (%s)',
                  sq2pg.key_list(expressions), p.alias, sq2pg.key_condition(expressions, predicate, with_nulls),
                  sq2pg.in_part(p, 'true'))
$$;
COMMENT ON FUNCTION sq2pg.source_keys(sq2pg.target_part, text[], text, boolean) IS 'keys of the rows of the source';

CREATE FUNCTION sq2pg.target_keys(p sq2pg.target_part, expressions text[], predicate text, with_nulls boolean) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT format('SELECT %s FROM %s%s AS %s WHERE %s', sq2pg.key_list(expressions), CASE WHEN p.is_plain THEN 'ONLY ' END, p.relation, p.alias,
                  sq2pg.key_condition(expressions, predicate, with_nulls))
$$;
COMMENT ON FUNCTION sq2pg.target_keys(sq2pg.target_part, text[], text, boolean) IS 'keys of the rows that are there';

/*
 * left.sqm_k1 operator right.sqm_k1 AND ...
 */
CREATE FUNCTION sq2pg.keys_meet(left_rows text, right_rows text, operators text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('%s.sqm_k%s %s %s.sqm_k%2$s', left_rows, n, o, right_rows), ' AND ' ORDER BY n)
      FROM unnest(operators) WITH ORDINALITY AS u(o, n)
$$;
COMMENT ON FUNCTION sq2pg.keys_meet(text, text, text[]) IS 'when the keys of two rows meet';

CREATE FUNCTION sq2pg.numbered_keys(n int) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$ SELECT string_agg('sqm_k' || i, ', ' ORDER BY i) FROM generate_series(1, n) AS i $$;
COMMENT ON FUNCTION sq2pg.numbered_keys(int) IS 'sqm_k1, sqm_k2 ...';

/*
 * Rows whose key an earlier row has.
 */
CREATE FUNCTION sq2pg.duplicate_query(keys text, k sq2pg.index_keys) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN k.is_plain THEN format(
        'SELECT COALESCE(pg_catalog.sum(g.n OPERATOR(pg_catalog.-) 1)::pg_catalog.int8, 0), (pg_catalog.array_agg(g.first ORDER BY g.first))[1:3],
                (pg_catalog.array_agg(g.last ORDER BY g.first))[1:3]
           FROM (SELECT pg_catalog.count(*) AS n, pg_catalog.min(k.sqm_number) AS first, pg_catalog.max(k.sqm_number) AS last
                   FROM (%s) AS k GROUP BY %s HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1) AS g',
        keys, sq2pg.numbered_keys(cardinality(k.compared)))
    ELSE format(
        'SELECT pg_catalog.count(*), (pg_catalog.array_agg(d.before ORDER BY d.before))[1:3],
                (pg_catalog.array_agg(d.sqm_number ORDER BY d.before))[1:3]
           FROM (SELECT k.sqm_number, pg_catalog.lag(k.sqm_number) OVER w AS before, %s AS same
                   FROM (%s) AS k WINDOW w AS (ORDER BY %s, k.sqm_number)) AS d WHERE d.same',
        (SELECT string_agg(format('k.sqm_k%s %s pg_catalog.lag(k.sqm_k%1$s) OVER w', n, o), ' AND ' ORDER BY n)
           FROM unnest(k.operators) WITH ORDINALITY AS u(o, n)),
        keys,
        (SELECT string_agg(format('k.sqm_k%s USING %s', n, o), ', ' ORDER BY n)
           FROM unnest(k.smaller) WITH ORDINALITY AS u(o, n))) END
$$;
COMMENT ON FUNCTION sq2pg.duplicate_query(text, sq2pg.index_keys) IS 'finds rows of the source with equal keys';

/*
 * Rows whose key is in the target, in a row that meets condition "apart".
 */
CREATE FUNCTION sq2pg.existing_query(keys text, present text, operators text[], with_nulls boolean, apart text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN with_nulls THEN format(
        'SELECT COALESCE(pg_catalog.sum(g.n)::pg_catalog.int8, 0), (pg_catalog.array_agg(g.first ORDER BY g.first))[1:3], NULL::pg_catalog.int8[]
           FROM (SELECT pg_catalog.count(u.sqm_number) AS n, pg_catalog.min(u.sqm_number) AS first
                   FROM (%s UNION ALL SELECT NULL, x.* FROM (%s) AS x) AS u
                  GROUP BY %s HAVING pg_catalog.count(u.sqm_number) OPERATOR(pg_catalog.>) 0
                                 AND pg_catalog.count(*) OPERATOR(pg_catalog.>) pg_catalog.count(u.sqm_number)) AS g',
        keys, present, sq2pg.numbered_keys(cardinality(operators)))
    ELSE format(
        'SELECT pg_catalog.count(*), sq2pg.first_numbers(k.sqm_number), NULL::pg_catalog.int8[]
           FROM (%s) AS k WHERE EXISTS (SELECT FROM (%s) AS t WHERE %s)',
        keys, present, concat_ws(' AND ', sq2pg.keys_meet('t', 'k', operators), apart)) END
$$;
COMMENT ON FUNCTION sq2pg.existing_query(text, text, text[], boolean, text) IS 'finds rows of the source whose keys are in the target';

/*
 * Rows that an EXCLUDE constraint does not let stand beside another one.
 * Ranges that must not overlap are sorted, and each is compared with what
 * those before it reach together; everything else is compared in pairs, which
 * only equality as part of the constraint makes bearable for many rows.
 */
CREATE FUNCTION sq2pg.exclusion_query(keys text, operators text[], equal int[], overlap int) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format(
        'WITH k AS MATERIALIZED (%s), b AS (%s), f AS (SELECT pg_catalog.count(*) AS n, sq2pg.first_numbers(b.sqm_number) AS numbers FROM b)
         SELECT %s, f.numbers,
                ARRAY(SELECT (SELECT pg_catalog.min(o.sqm_number) FROM k AS m, k AS o
                               WHERE m.sqm_number OPERATOR(pg_catalog.=) x.number AND o.sqm_number OPERATOR(pg_catalog.<>) x.number AND %s)
                        FROM pg_catalog.unnest(f.numbers) WITH ORDINALITY AS x(number, place) ORDER BY x.place) FROM f',
        keys,
        CASE WHEN overlap IS NOT NULL THEN format(
            'SELECT w.sqm_number FROM (SELECT k.sqm_number, k.sqm_k%s OPERATOR(pg_catalog.&&) sq2pg.range_hull(k.sqm_k%1$s)
                        OVER (%sORDER BY k.sqm_k%1$s, k.sqm_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS hit FROM k) AS w WHERE w.hit',
            overlap, coalesce('PARTITION BY ' || (SELECT string_agg('k.sqm_k' || e, ', ') FROM unnest(equal) AS e) || ' ', ''))
        ELSE format('SELECT m.sqm_number FROM k AS m WHERE (%s) AND EXISTS (SELECT FROM k AS o WHERE o.sqm_number OPERATOR(pg_catalog.<) m.sqm_number AND %s)',
                    c.few, sq2pg.keys_meet('o', 'm', operators)) END,
        CASE WHEN overlap IS NOT NULL THEN 'f.n' ELSE format('CASE WHEN %s THEN f.n END', c.few) END,
        sq2pg.keys_meet('o', 'm', operators))
      FROM (SELECT CASE WHEN equal <> '{}' THEN 'true'
                        ELSE '(SELECT pg_catalog.count(*) FROM k) OPERATOR(pg_catalog.<=) 10000' END) AS c(few)
$$;
COMMENT ON FUNCTION sq2pg.exclusion_query(text, text[], int[], int) IS 'finds rows of the source that an EXCLUDE constraint keeps apart';

/* -- rules -- */

/*
 * Is an index the one by which rows of the target are updated?
 */
CREATE FUNCTION sq2pg.is_arbiter(p sq2pg.target_part, k sq2pg.index_keys) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(k.predicate IS NULL AND sq2pg.quote_names(p.arbiter) @> k.labels AND sq2pg.quote_names(p.arbiter) <@ k.labels, false)
$$;
COMMENT ON FUNCTION sq2pg.is_arbiter(sq2pg.target_part, sq2pg.index_keys) IS 'does ON CONFLICT look at this index?';

/*
 * Unique indexes: among the rows of the source, and against the target.  An
 * index with an expression may also fail to compute it.
 */
CREATE FUNCTION sq2pg.index_rules(options jsonb, parts sq2pg.target_part[]) RETURNS SETOF sq2pg.rule
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH found AS (
        SELECT p, i.indexrelid, i.indisunique AND NOT i.indisexclusion AS is_unique, i.indnullsnotdistinct AS with_nulls,
               i.indexprs IS NOT NULL OR i.indpred IS NOT NULL AS computes, NOT i.indimmediate AS is_deferrable
          FROM unnest(parts) AS p
          JOIN pg_index AS i ON i.indrelid = p.part AND i.indislive AND i.indisready
          JOIN pg_class AS c ON c.oid = i.indexrelid AND (i.indisvalid OR c.relkind = 'i')
         WHERE (i.indisunique OR NOT i.indimmediate OR i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
           AND (p.is_root OR NOT EXISTS (SELECT FROM pg_inherits AS h WHERE h.inhrelid = i.indexrelid))
    ), described AS (
        SELECT f.*, k AS keys, pg_get_indexdef(f.indexrelid) AS definition, c.relname::text AS name,
               k.compared || o.columns AS all_keys, o.apart
          FROM found AS f
          JOIN sq2pg.describe_indexes(ARRAY(SELECT x.indexrelid FROM found AS x)) AS k ON k.index_oid = f.indexrelid
          JOIN pg_class AS c ON c.oid = f.indexrelid
         -- a row that is updated may keep its other keys
         CROSS JOIN LATERAL (
               SELECT coalesce(array_agg(quote_ident(a.name) ORDER BY a.n), '{}') AS columns,
                      'NOT (' || string_agg(format('t.sqm_k%s IS NOT DISTINCT FROM k.sqm_k%1$s', cardinality(k.compared) + a.n), ' AND ' ORDER BY a.n)
                      || ')' AS apart
                 FROM unnest((f.p).arbiter) WITH ORDINALITY AS a(name, n)
                WHERE NOT f.with_nulls AND NOT sq2pg.is_arbiter(f.p, k)) AS o
         WHERE sq2pg.is_known(k.columns, (f.p).unknown)
    )
    SELECT (d.p).table_ordinal, x.kind, d.name, d.definition, (d.p).relation, x.condition, x.query, (d.keys).columns,
           -- what cannot be computed cannot be shown
           CASE WHEN x.kind = 'index' THEN coalesce((d.keys).columns, '{}') ELSE (d.keys).labels END,
           CASE WHEN x.kind = 'index' THEN sq2pg.quote_names(coalesce((d.keys).columns, '{}')) ELSE (d.keys).expressions END
      FROM described AS d
     CROSS JOIN LATERAL (
           SELECT 'duplicate', NULL, sq2pg.duplicate_query(sq2pg.source_keys(d.p, (d.keys).compared, (d.keys).predicate, d.with_nulls), d.keys)
            WHERE d.is_unique
           UNION ALL
           SELECT CASE WHEN sq2pg.is_arbiter(d.p, d.keys) THEN 'updated' ELSE 'exists' END, NULL,
                  sq2pg.existing_query(sq2pg.source_keys(d.p, d.all_keys, (d.keys).predicate, d.with_nulls),
                                       sq2pg.target_keys(d.p, d.all_keys, (d.keys).predicate, d.with_nulls), (d.keys).operators,
                                       d.with_nulls, d.apart)
            WHERE d.is_unique AND (d.p).keeps_rows
           UNION ALL
           SELECT 'deferrable', NULL, NULL WHERE d.is_deferrable AND options->>'on_conflict' = 'skip'
           UNION ALL
           -- never true, but computed
           SELECT 'index', sq2pg.in_part(d.p, format('CASE WHEN %s THEN pg_catalog.num_nulls(%s) OPERATOR(pg_catalog.<) 0 END',
                                                    coalesce((d.keys).predicate, 'true'), array_to_string((d.keys).expressions, ', '))), NULL
            WHERE d.computes) AS x(kind, condition, query)
$$;
COMMENT ON FUNCTION sq2pg.index_rules(jsonb, sq2pg.target_part[]) IS 'unique indexes as rules';

/*
 * EXCLUDE constraints, and keys WITHOUT OVERLAPS since PostgreSQL 18.
 */
CREATE FUNCTION sq2pg.exclusion_rules(parts sq2pg.target_part[]) RETURNS SETOF sq2pg.rule
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH found AS (
        SELECT p, c.oid, c.conname::text AS name, c.conindid, e.operators, e.equal, e.others, e.overlaps
          FROM unnest(parts) AS p
          JOIN pg_constraint AS c ON c.conrelid = p.part AND c.conexclop IS NOT NULL AND c.contype IN ('x', 'p', 'u')
                                 AND (p.is_root OR c.conparentid = 0)
         CROSS JOIN LATERAL (
               SELECT array_agg(sq2pg.qualified_operator(o.operator) ORDER BY o.n) AS operators,
                      coalesce(array_agg(o.n::int ORDER BY o.n) FILTER (WHERE q.is_equal), '{}') AS equal,
                      coalesce(array_agg(o.n::int ORDER BY o.n) FILTER (WHERE NOT q.is_equal), '{}') AS others,
                      bool_or(o.operator = '&&(anyrange,anyrange)'::regoperator) AS overlaps
                 FROM unnest(c.conexclop) WITH ORDINALITY AS o(operator, n)
                CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_amop AS a
                                                     JOIN pg_opclass AS d ON d.opcfamily = a.amopfamily AND d.opcdefault
                                                                         AND d.opcintype = a.amoplefttype
                                                    WHERE a.amopopr = o.operator AND a.amopmethod = 403
                                                      AND a.amopstrategy = 3 AND a.amoppurpose = 's')) AS q(is_equal)) AS e
    ), described AS (
        SELECT f.*, k AS keys, sq2pg.source_keys(f.p, k.compared, k.predicate, false) AS source_keys
          FROM found AS f
          JOIN sq2pg.describe_indexes(ARRAY(SELECT x.conindid FROM found AS x)) AS k ON k.index_oid = f.conindid
         WHERE sq2pg.is_known(k.columns, (f.p).unknown)
    )
    SELECT (d.p).table_ordinal, x.kind, d.name, pg_get_constraintdef(d.oid), (d.p).relation, NULL::text, x.query, (d.keys).columns,
           (d.keys).labels, (d.keys).expressions
      FROM described AS d
     CROSS JOIN LATERAL (
           SELECT 'exclusion', sq2pg.exclusion_query(d.source_keys, d.operators, d.equal,
                                                     CASE WHEN d.overlaps AND cardinality(d.others) = 1 THEN d.others[1] END)
           UNION ALL
           SELECT 'collision', sq2pg.existing_query(d.source_keys, sq2pg.target_keys(d.p, (d.keys).compared, (d.keys).predicate, false),
                                                    d.operators, false, NULL)
            WHERE (d.p).keeps_rows) AS x(kind, query)
$$;
COMMENT ON FUNCTION sq2pg.exclusion_rules(sq2pg.target_part[]) IS 'EXCLUDE constraints as rules';

/*
 * Foreign keys.  Parents are the rows that stay in the target and those that
 * come from the source with this run.
 */
CREATE FUNCTION sq2pg.foreign_key_rules(options jsonb, tables sq2pg.data_table[], parts sq2pg.target_part[]) RETURNS SETOF sq2pg.rule
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH found AS (
        SELECT p, c.oid, c.conname::text AS name, c.confrelid, c.confmatchtype,
               CASE WHEN r.relkind = 'r' THEN 'ONLY ' ELSE '' END || format('%I.%I', n.nspname, r.relname) AS parent,
               r.relname::text AS parent_name, to_jsonb(c)->>'conperiod' = 'true' AS by_period,
               k.names, k.compared, k.parent_names, k.parent_keys, k.operators
          FROM unnest(parts) AS p
          JOIN pg_constraint AS c ON c.conrelid = p.part AND c.contype = 'f' AND (p.is_root OR c.conparentid = 0)
                                 AND to_jsonb(c)->>'conenforced' IS DISTINCT FROM 'false'
          JOIN pg_class AS r ON r.oid = c.confrelid
          JOIN pg_namespace AS n ON n.oid = r.relnamespace
         CROSS JOIN LATERAL (
               SELECT array_agg(a.attname::text ORDER BY u.n) AS names,
                      array_agg(format('%I%s', a.attname, l.clause) ORDER BY u.n) AS compared,
                      array_agg(b.attname::text ORDER BY u.n) AS parent_names,
                      array_agg(format('%I%s', b.attname, l.clause) ORDER BY u.n) AS parent_keys,
                      array_agg(sq2pg.qualified_operator(u.operator) ORDER BY u.n) AS operators
                 FROM unnest(c.conkey, c.confkey, c.conpfeqop) WITH ORDINALITY AS u(attnum, parent_attnum, operator, n)
                 JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = u.attnum
                 JOIN pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = u.parent_attnum
                CROSS JOIN LATERAL (SELECT sq2pg.collate_clause(b.attcollation)) AS l(clause)) AS k
         -- not those that stand for a partition of the referenced table
         WHERE NOT r.relispartition
            OR NOT EXISTS (SELECT FROM pg_constraint AS w
                            WHERE w.conrelid = c.conrelid AND w.contype = 'f' AND w.conkey = c.conkey AND w.oid <> c.oid
                              AND w.confrelid IN (SELECT x.relid FROM pg_partition_ancestors(c.confrelid) AS x
                                                   WHERE x.relid <> c.confrelid))
    ), described AS (
        SELECT f.*, sq2pg.source_keys(f.p, f.compared, NULL, false) AS keys,
               coalesce(d.action IN ('load', 'replace'), false) AS is_emptied,
               CASE WHEN (d.action IN ('load', 'append', 'replace')) IS NOT TRUE THEN NULL
                    WHEN d.table_ordinal = (f.p).table_ordinal THEN 'sqm_rows'
                    ELSE sq2pg.rows_call(options, d.load, f.parent_names) END AS parents,
               CASE WHEN row_security_active(f.confrelid) AND d.action IS DISTINCT FROM 'load' AND d.action IS DISTINCT FROM 'replace'
                        THEN format('row level security hides rows of table "%s"', f.parent_name)
                    WHEN f.by_period THEN 'it compares periods'
                    WHEN d.action IN ('load', 'append', 'replace')
                         AND NOT sq2pg.is_known(f.parent_names, o.unknown)
                        THEN format('the keys of table "%s" are made by the target', f.parent_name) END AS obstacle
          FROM found AS f
          LEFT JOIN unnest(tables) AS d ON d.relation = f.confrelid
          LEFT JOIN unnest(parts) AS o ON o.part = f.confrelid AND o.is_root
         WHERE sq2pg.is_known(f.names, (f.p).unknown)
    )
    SELECT (d.p).table_ordinal, x.kind, d.name, x.definition, (d.p).relation, x.condition, x.query, d.names, d.names, sq2pg.quote_names(d.names)
      FROM described AS d
     CROSS JOIN LATERAL (
           SELECT 'foreign_key', d.parent_name, NULL::text,
                  format('SELECT pg_catalog.count(*), sq2pg.first_numbers(k.sqm_number), NULL::pg_catalog.int8[] FROM (%s) AS k WHERE ', d.keys)
                  || concat_ws(' AND ',
                         CASE WHEN NOT d.is_emptied THEN
                             format('NOT EXISTS (SELECT FROM (SELECT %s FROM %s AS sqm_p) AS p WHERE %s)', sq2pg.key_list(d.parent_keys),
                                    d.parent, sq2pg.keys_meet('p', 'k', d.operators)) END,
                         CASE WHEN d.parents IS NOT NULL THEN
                             format('NOT EXISTS (SELECT FROM (SELECT %s FROM %s AS sqm_s(sqm_rowid, sqm_number, sqm_row)
                                                      CROSS JOIN LATERAL (SELECT (sqm_s.sqm_row).*) AS sqm_p) AS p WHERE %s)',
                                    sq2pg.key_list(d.parent_keys), d.parents, sq2pg.keys_meet('p', 'k', d.operators)) END)
            WHERE d.obstacle IS NULL
           UNION ALL
           SELECT 'half_null', pg_get_constraintdef(d.oid),
                  sq2pg.in_part(d.p, format('pg_catalog.num_nulls(%s) BETWEEN 1 AND %s', array_to_string(sq2pg.quote_names(d.names), ', '),
                                            cardinality(d.names) - 1)), NULL
            WHERE d.confmatchtype = 'f' AND cardinality(d.names) > 1
           UNION ALL
           SELECT 'unchecked', d.obstacle, NULL, NULL WHERE d.obstacle IS NOT NULL) AS x(kind, definition, condition, query)
$$;
COMMENT ON FUNCTION sq2pg.foreign_key_rules(jsonb, sq2pg.data_table[], sq2pg.target_part[]) IS 'foreign keys as rules';

/*
 * Every rule for every target.
 */
CREATE FUNCTION sq2pg.target_rules(options jsonb, tables sq2pg.data_table[], parts sq2pg.target_part[]) RETURNS sq2pg.rule[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW(r.*)::sq2pg.rule ORDER BY r.table_ordinal, r.kind, r.name COLLATE "C", r.definition COLLATE "C"), '{}')
      FROM (SELECT * FROM sq2pg.check_rules(parts)
            UNION ALL SELECT * FROM sq2pg.null_rules(parts)
            UNION ALL SELECT * FROM sq2pg.policy_rules(parts)
            UNION ALL SELECT * FROM sq2pg.partition_rules(parts)
            UNION ALL SELECT * FROM sq2pg.index_rules(options, parts)
            UNION ALL SELECT * FROM sq2pg.exclusion_rules(parts)
            UNION ALL SELECT * FROM sq2pg.foreign_key_rules(options, tables, parts)) AS r
$$;
COMMENT ON FUNCTION sq2pg.target_rules(jsonb, sq2pg.data_table[], sq2pg.target_part[]) IS 'what all targets demand of rows';
