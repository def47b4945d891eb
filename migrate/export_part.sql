/* export_part: keys, checks, defaults, foreign keys and indexes, as far as SQLite has the same */

CREATE FUNCTION sq2pg.export_maps(columns sq2pg.export_column[]) RETURNS SETOF sq2pg.export_map
    LANGUAGE sql STABLE AS $$
    SELECT ROW(r.relation, array_agg(sq2pg.lite_name(c.name) ORDER BY g.n), array_agg(c.kind ORDER BY g.n))::sq2pg.export_map
      FROM (SELECT relation, max(attnum) AS last FROM unnest(columns) GROUP BY relation) AS r
     CROSS JOIN generate_series(1, r.last) AS g(n)
      LEFT JOIN unnest(columns) AS c ON c.relation = r.relation AND c.attnum = g.n
     GROUP BY r.relation
$$;
COMMENT ON FUNCTION sq2pg.export_maps(sq2pg.export_column[]) IS 'columns by table and number';

/*
 * Primary keys and UNIQUE. A key of one integer column is the rowid.
 */
CREATE FUNCTION sq2pg.export_keys(tables sq2pg.export_table[], columns sq2pg.export_column[]) RETURNS SETOF sq2pg.export_part
    LANGUAGE sql STABLE AS $$
    WITH keys AS (
        SELECT k.oid, k.conrelid, k.conname, k.contype, k.condeferrable, i.indnullsnotdistinct,
               to_jsonb(k)->>'conperiod' = 'true' AS is_period,
               array_agg(sq2pg.lite_name(c.name) ORDER BY x.n) AS names, bool_and(c.name IS NOT NULL) AS complete,
               min(x.attnum)::int AS attnum, count(*) = 1 AND min(c.type::bigint) IN (20, 21, 23) AS is_integer
          FROM unnest(tables) AS t
          JOIN pg_constraint AS k ON k.conrelid = t.relation AND k.contype IN ('p', 'u')
          JOIN pg_index AS i ON i.indexrelid = k.conindid
         CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS x(attnum, n)
          LEFT JOIN unnest(columns) AS c ON c.relation = k.conrelid AND c.attnum = x.attnum
         GROUP BY k.oid, k.conrelid, k.conname, k.contype, k.condeferrable, i.indnullsnotdistinct, to_jsonb(k)->>'conperiod')
    SELECT ROW(conrelid, CASE WHEN contype = 'u' THEN 'unique' WHEN is_integer THEN 'rowid' ELSE 'primary key' END, conname,
               CASE WHEN complete AND is_period IS NOT TRUE THEN
                   format('CONSTRAINT %s %s (%s)', sq2pg.lite_name(conname),
                          CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, array_to_string(names, ', ')) END,
               CASE WHEN is_period THEN 'a key WITHOUT OVERLAPS'
                    WHEN NOT complete THEN 'a column that is not exported'
                    WHEN contype = 'u' AND indnullsnotdistinct THEN 'in SQLite two NULLs are different'
                    WHEN condeferrable THEN 'in SQLite it is checked at once' END, attnum)::sq2pg.export_part
      FROM keys
     ORDER BY conrelid, contype, conname
$$;
COMMENT ON FUNCTION sq2pg.export_keys(sq2pg.export_table[], sq2pg.export_column[]) IS 'primary keys and unique constraints for SQLite';

/*
 * Checks of tables and domains, the labels of enums, and exclusion
 * constraints, which have no equivalent.
 */
CREATE FUNCTION sq2pg.export_checks(tables sq2pg.export_table[], columns sq2pg.export_column[], maps sq2pg.export_map[],
                                    forms sq2pg.export_forms) RETURNS SETOF sq2pg.export_part
    LANGUAGE sql STABLE AS $$
    WITH RECURSIVE domains AS (
        SELECT c.relation, c.attnum, c.name, a.atttypid AS type
          FROM unnest(columns) AS c JOIN pg_attribute AS a ON a.attrelid = c.relation AND a.attnum = c.attnum
        UNION ALL
        SELECT d.relation, d.attnum, d.name, y.typbasetype FROM domains AS d JOIN pg_type AS y ON y.oid = d.type AND y.typtype = 'd'),
    checks AS (
        SELECT k.conrelid AS relation, k.conname, k.conbin AS node, NULL::text AS value, k.convalidated, to_jsonb(k)->>'conenforced' AS enforced
          FROM unnest(tables) AS t JOIN pg_constraint AS k ON k.conrelid = t.relation AND k.contype = 'c'
        UNION ALL
        SELECT d.relation, d.name || '_' || k.conname, k.conbin, sq2pg.lite_name(d.name), k.convalidated, 'true'
          FROM domains AS d JOIN pg_constraint AS k ON k.contypid = d.type AND k.contype = 'c')
    SELECT ROW(k.relation, 'check', k.conname,
               CASE WHEN e.sql IS NOT NULL THEN format('CONSTRAINT %s CHECK (%s)', sq2pg.lite_name(k.conname), e.sql) END,
               coalesce(e.problem, CASE WHEN NOT k.convalidated THEN 'it is not validated'
                                        WHEN k.enforced = 'false' THEN 'it is not enforced' END), NULL)::sq2pg.export_part
      FROM checks AS k JOIN unnest(maps) AS m ON m.relation = k.relation
      LEFT JOIN LATERAL sq2pg.export_expression(k.node, m.names, m.kinds, false, k.value, forms.six_digits,
                                                forms.naive_instants, forms.short_uuids) AS e
             ON k.convalidated AND k.enforced IS DISTINCT FROM 'false'
    UNION ALL
    SELECT ROW(c.relation, 'labels', c.name,
               format('CHECK (%s IN (%s))', sq2pg.lite_name(c.name),
                      (SELECT string_agg(sq2pg.lite_literal(l), ', ' ORDER BY n) FROM unnest(c.labels) WITH ORDINALITY AS x(l, n))),
               NULL, c.attnum)::sq2pg.export_part
      FROM unnest(columns) AS c WHERE c.labels IS NOT NULL
    UNION ALL
    SELECT ROW(k.conrelid, 'exclusion constraint', k.conname, NULL, 'SQLite has none', NULL)::sq2pg.export_part
      FROM unnest(tables) AS t JOIN pg_constraint AS k ON k.conrelid = t.relation AND k.contype = 'x'
$$;
COMMENT ON FUNCTION sq2pg.export_checks(sq2pg.export_table[], sq2pg.export_column[], sq2pg.export_map[], sq2pg.export_forms) IS
    'checks for SQLite';

/*
 * Defaults and expressions of generated columns. A column that its sequence
 * fills has no default here: it is the rowid, or nothing.
 */
CREATE FUNCTION sq2pg.export_defaults(columns sq2pg.export_column[], maps sq2pg.export_map[], forms sq2pg.export_forms)
    RETURNS SETOF sq2pg.export_part
    LANGUAGE sql STABLE AS $$
    SELECT ROW(c.relation, CASE WHEN c.generated <> '' THEN 'generated column' ELSE 'default' END, c.source_name,
               CASE WHEN e.sql IS NULL THEN NULL
                    WHEN c.generated <> '' THEN format('GENERATED ALWAYS AS (%s) %s', e.sql,
                                                       CASE c.generated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END)
                    WHEN e.sql ~ '^(-?[0-9.]+|''([^'']|'''')*''|CURRENT_TIMESTAMP|NULL)$' THEN 'DEFAULT ' || e.sql
                    ELSE format('DEFAULT (%s)', e.sql) END, e.problem, c.attnum)::sq2pg.export_part
      FROM unnest(columns) AS c
      JOIN unnest(maps) AS m ON m.relation = c.relation
     CROSS JOIN LATERAL sq2pg.export_expression(c.default_node, m.names, m.kinds, c.generated = '', NULL, forms.six_digits,
                                                forms.naive_instants, forms.short_uuids) AS e
     WHERE c.default_node IS NOT NULL AND NOT c.identity
$$;
COMMENT ON FUNCTION sq2pg.export_defaults(sq2pg.export_column[], sq2pg.export_map[], sq2pg.export_forms) IS
    'defaults and generated columns for SQLite';

CREATE FUNCTION sq2pg.export_foreign_keys(tables sq2pg.export_table[], columns sq2pg.export_column[])
    RETURNS SETOF sq2pg.export_part
    LANGUAGE sql STABLE AS $$
    WITH keys AS (
        SELECT k.oid, k.conrelid, k.conname, p.name AS parent, k.confmatchtype, k.condeferrable, k.condeferred, k.convalidated,
               to_jsonb(k)->>'conenforced' AS enforced, to_jsonb(k)->>'conperiod' AS period, k.confdelsetcols,
               k.confupdtype::text AS on_update, k.confdeltype::text AS on_delete,
               string_agg(sq2pg.lite_name(c.name), ', ' ORDER BY x.n) AS names,
               string_agg(sq2pg.lite_name(pc.name), ', ' ORDER BY x.n) AS parent_names,
               bool_and(c.name IS NOT NULL AND pc.name IS NOT NULL) AS complete
          FROM unnest(tables) AS t
          JOIN pg_constraint AS k ON k.conrelid = t.relation AND k.contype = 'f' AND k.conparentid = 0
          LEFT JOIN unnest(tables) AS p ON p.relation = k.confrelid
         CROSS JOIN unnest(k.conkey, k.confkey) WITH ORDINALITY AS x(attnum, parent_attnum, n)
          LEFT JOIN unnest(columns) AS c ON c.relation = k.conrelid AND c.attnum = x.attnum
          LEFT JOIN unnest(columns) AS pc ON pc.relation = k.confrelid AND pc.attnum = x.parent_attnum
         GROUP BY k.oid, p.name),
    judged AS (
        SELECT k.*, CASE WHEN parent IS NULL THEN 'it refers to a table that is not exported'
                         WHEN NOT complete THEN 'a column that is not exported'
                         WHEN enforced = 'false' THEN 'it is not enforced'
                         WHEN period = 'true' THEN 'a foreign key with PERIOD'
                         WHEN confdelsetcols IS NOT NULL THEN 'ON DELETE sets only some of its columns' END AS problem
          FROM keys AS k),
    actions(code, action) AS (VALUES ('r', 'RESTRICT'), ('c', 'CASCADE'), ('n', 'SET NULL'), ('d', 'SET DEFAULT'))
    SELECT ROW(k.conrelid, 'foreign key', k.conname,
               CASE WHEN k.problem IS NULL THEN
                   format('CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)', sq2pg.lite_name(k.conname), k.names,
                          sq2pg.lite_name(k.parent), k.parent_names)
                   || coalesce(' ON DELETE ' || (SELECT action FROM actions WHERE code = k.on_delete), '')
                   || coalesce(' ON UPDATE ' || (SELECT action FROM actions WHERE code = k.on_update), '')
                   || CASE WHEN k.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END END,
               coalesce(k.problem, CASE WHEN k.confmatchtype = 'f' THEN 'SQLite has no MATCH FULL'
                                        WHEN NOT k.convalidated THEN 'it is not validated' END), NULL)::sq2pg.export_part
      FROM judged AS k
     ORDER BY k.conrelid, k.conname
$$;
COMMENT ON FUNCTION sq2pg.export_foreign_keys(sq2pg.export_table[], sq2pg.export_column[]) IS 'foreign keys for SQLite';

/*
 * B-tree and hash indexes that no constraint has made.
 */
CREATE FUNCTION sq2pg.export_indexes(tables sq2pg.export_table[], maps sq2pg.export_map[], forms sq2pg.export_forms, taken text[])
    RETURNS SETOF sq2pg.export_part
    LANGUAGE sql STABLE AS $$
    WITH facts AS (
        SELECT i.*, t.name AS table_name, c.relname::text AS index_name, am.amname, m.names, e.conditions AS expressions,
               coalesce(e.problem, w.problem) AS problem, w.conditions AS predicate,
               row_number() OVER (ORDER BY c.relname COLLATE "C") AS place
          FROM unnest(tables) AS t
          JOIN pg_index AS i ON i.indrelid = t.relation AND i.indisvalid
          JOIN pg_class AS c ON c.oid = i.indexrelid
          JOIN pg_am AS am ON am.oid = c.relam
          JOIN unnest(maps) AS m ON m.relation = t.relation
          LEFT JOIN LATERAL sq2pg.export_conditions(i.indexprs, m, forms) AS e ON i.indexprs IS NOT NULL
          LEFT JOIN LATERAL sq2pg.export_conditions(i.indpred, m, forms) AS w ON i.indpred IS NOT NULL
         WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))),
    keys AS (
        SELECT f.indexrelid, count(x.sql) = count(*) AS complete,
               string_agg(x.sql || CASE WHEN f.amname = 'btree' AND f.indoption[x.n - 1] & 1 = 1 THEN ' DESC' ELSE '' END, ', ' ORDER BY x.n) AS sql
          FROM facts AS f
         CROSS JOIN LATERAL (SELECT k.n, CASE WHEN k.attnum <> 0 THEN f.names[k.attnum]
                                              ELSE '(' || f.expressions[count(*) FILTER (WHERE k.attnum = 0) OVER (ORDER BY k.n)] || ')' END AS sql
                               FROM unnest(f.indkey::int[]) WITH ORDINALITY AS k(attnum, n)
                              WHERE k.n <= f.indnkeyatts) AS x
         GROUP BY f.indexrelid),
    names AS (
        SELECT u.name, u.n - cardinality(taken) AS place
          FROM unnest(sq2pg.export_names(taken || ARRAY(SELECT index_name FROM facts ORDER BY place))) WITH ORDINALITY AS u(name, n))
    SELECT ROW(f.indrelid, 'index', f.index_name,
               CASE WHEN f.problem IS NULL AND k.complete AND f.amname IN ('btree', 'hash') THEN
                   format('CREATE %sINDEX %s ON %s (%s)%s', CASE WHEN f.indisunique THEN 'UNIQUE ' ELSE '' END, sq2pg.lite_name(n.name),
                          sq2pg.lite_name(f.table_name), k.sql, ' WHERE ' || array_to_string(f.predicate, ' AND ')) END,
               CASE WHEN f.problem IS NOT NULL THEN f.problem
                    WHEN f.amname NOT IN ('btree', 'hash') THEN format('SQLite has no %s indexes', f.amname)
                    WHEN NOT k.complete THEN 'a column that is not exported'
                    WHEN f.indnullsnotdistinct THEN 'in SQLite two NULLs are different'
                    WHEN n.name <> f.index_name THEN format('it is called "%s"', n.name) END, NULL)::sq2pg.export_part
      FROM facts AS f JOIN keys AS k USING (indexrelid) JOIN names AS n USING (place)
     ORDER BY place
$$;
COMMENT ON FUNCTION sq2pg.export_indexes(sq2pg.export_table[], sq2pg.export_map[], sq2pg.export_forms, text[]) IS
    'indexes for SQLite';

/*
 * What a schema has beyond that, to be named.
 */
CREATE FUNCTION sq2pg.export_others(source_schema name, tables sq2pg.export_table[], options jsonb) RETURNS SETOF sq2pg.export_part
    LANGUAGE sql STABLE AS $$
    SELECT ROW(t.relation, 'trigger', g.tgname, NULL, 'its function is not SQL', NULL)::sq2pg.export_part
      FROM unnest(tables) AS t JOIN pg_trigger AS g ON g.tgrelid = t.relation AND NOT g.tgisinternal
    UNION ALL
    SELECT ROW(t.relation, 'rule', r.rulename, NULL, 'SQLite has none', NULL)::sq2pg.export_part
      FROM unnest(tables) AS t JOIN pg_rewrite AS r ON r.ev_class = t.relation
    UNION ALL
    SELECT ROW(NULL, 'materialized view', c.relname, NULL, 'SQLite has none', NULL)::sq2pg.export_part
      FROM pg_class AS c
     WHERE c.relnamespace = to_regnamespace(quote_ident(source_schema)) AND c.relkind = 'm'
       AND sq2pg.table_is_chosen(c.relname::text, options)
    UNION ALL
    SELECT ROW(t.relation, 'comments', NULL, NULL, NULL, d.objsubid)::sq2pg.export_part
      FROM unnest(tables) AS t JOIN pg_description AS d ON d.classoid = 'pg_class'::regclass AND d.objoid = t.relation
    UNION ALL
    SELECT ROW(t.relation, 'policies', NULL, NULL, NULL, NULL)::sq2pg.export_part
      FROM unnest(tables) AS t JOIN pg_policy AS p ON p.polrelid = t.relation
    UNION ALL
    SELECT ROW(NULL, 'functions', NULL, NULL, NULL, NULL)::sq2pg.export_part
      FROM pg_proc AS f
     WHERE f.pronamespace = to_regnamespace(quote_ident(source_schema))
       AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype IN ('e', 'i'))
    UNION ALL
    SELECT ROW(NULL, 'sequence', c.relname, NULL, 'no column of a table takes its numbers', NULL)::sq2pg.export_part
      FROM pg_class AS c
     WHERE c.relnamespace = to_regnamespace(quote_ident(source_schema)) AND c.relkind = 'S'
       AND sq2pg.table_is_chosen(c.relname::text, options)
       AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
       AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)
    UNION ALL
    SELECT ROW(t.relation, 'inheritance', NULL, 'kept', 'a query in SQLite does not see the rows of: '
               || string_agg(i.inhrelid::regclass::text, ', ' ORDER BY i.inhrelid), NULL)::sq2pg.export_part
      FROM unnest(tables) AS t
      JOIN pg_class AS c ON c.oid = t.relation AND c.relkind = 'r'
      JOIN pg_inherits AS i ON i.inhparent = t.relation
     GROUP BY t.relation
    UNION ALL
    SELECT ROW(t.relation, 'array', a.attname, 'kept',
               'sq2pg_migrate reads the elements of bytea[] as text; types => ''bytea[] USING column::text::bytea[]'' as bytes', NULL)::sq2pg.export_part
      FROM unnest(tables) AS t
      JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attnum > 0 AND a.atttypid = 'bytea[]'::regtype
$$;
COMMENT ON FUNCTION sq2pg.export_others(name, sq2pg.export_table[], jsonb) IS 'what SQLite has no equivalent for';

/*
 * Names that are other ones in SQLite, columns without any, and tables that
 * cannot be there.
 */
CREATE FUNCTION sq2pg.export_renamed(tables sq2pg.export_table[], columns sq2pg.export_column[]) RETURNS SETOF sq2pg.export_part
    LANGUAGE sql STABLE AS $$
    SELECT ROW(NULL, 'table', t.source_name, t.name, format('it is called "%s"', t.name), NULL)::sq2pg.export_part
      FROM unnest(tables) AS t WHERE t.name <> t.source_name
    UNION ALL
    SELECT ROW(NULL, 'table', t.source_name, NULL, 'it has no columns', NULL)::sq2pg.export_part
      FROM unnest(tables) AS t WHERE NOT EXISTS (SELECT FROM unnest(columns) AS c WHERE c.relation = t.relation)
    UNION ALL
    SELECT ROW(c.relation, 'column', c.source_name, c.name, format('it is called "%s"', c.name), NULL)::sq2pg.export_part
      FROM unnest(columns) AS c WHERE c.name <> c.source_name
    UNION ALL
    SELECT ROW(c.relation, 'sequence', c.source_name, NULL, 'only an INTEGER PRIMARY KEY counts in SQLite', NULL)::sq2pg.export_part
      FROM unnest(columns) AS c
     WHERE c.identity AND NOT EXISTS (SELECT FROM pg_constraint AS k
                                       WHERE k.conrelid = c.relation AND k.contype = 'p' AND k.conkey = ARRAY[c.attnum::int2])
$$;
COMMENT ON FUNCTION sq2pg.export_renamed(sq2pg.export_table[], sq2pg.export_column[]) IS 'what is called otherwise in SQLite';
