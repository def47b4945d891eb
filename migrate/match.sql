/*
 * match: which existing table and column belongs to which of the source?
 *
 * By name and never by position: exact, else regardless of case, else as
 * names => 'snake' would fold both; what is not clear matches nothing.  Decides
 * nothing about rows.
 */

CREATE TYPE sq2pg.data_table AS (
    table_ordinal int,
    relation      oid,          -- the target, NULL: there is none
    load          sq2pg.load,   -- its columns are those of both sides
    unmatched     text[],       -- source columns without a target column
    extra         text[],       -- target columns without a source column
    rank          int,          -- place in the load order, by the target's foreign keys
    in_cycle      boolean,      -- these form a cycle with those of other tables
    is_empty      boolean,      -- before the run
    action        text);        -- load (into empty), append, replace (after TRUNCATE), skip or unchanged

/*
 * Which names within scopes could mean which: of each wanted name those that
 * are nearest to it.
 */
CREATE FUNCTION sq2pg.near_names(scopes int[], wanted text[], target_scopes int[], names text[])
    RETURNS TABLE (place int, target_place int, level int)
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH w AS MATERIALIZED (
        SELECT x.scope, x.name::name::text AS name, x.n::int AS n FROM unnest(scopes, wanted) WITH ORDINALITY AS x(scope, name, n)
    ), t AS MATERIALIZED (
        SELECT x.scope, x.name, x.n::int AS n FROM unnest(target_scopes, names) WITH ORDINALITY AS x(scope, name, n)
    ), pairs AS (
        SELECT 1 AS level, w.n, t.n AS target FROM w JOIN t ON t.scope = w.scope AND t.name = w.name
        UNION ALL
        SELECT 2, w.n, t.n FROM w JOIN t ON t.scope = w.scope AND lower(t.name) = lower(w.name)
        UNION ALL
        SELECT 3, w.n, t.n FROM w JOIN t ON t.scope = w.scope
                                        AND sq2pg.fold_name(t.name, 'snake') = sq2pg.fold_name(w.name, 'snake')
    )
    SELECT x.n, x.target, x.level
      FROM (SELECT p.n, p.target, p.level, min(p.level) OVER (PARTITION BY p.n) AS nearest FROM pairs AS p) AS x
     WHERE x.level = x.nearest
$$;
COMMENT ON FUNCTION sq2pg.near_names(int[], text[], int[], text[]) IS 'names that others could mean';

/*
 * The names that are clear.  Of several that could mean one target the nearest
 * gets it; if none is nearer than another, none does.
 */
CREATE FUNCTION sq2pg.match_names(scopes int[], wanted text[], target_scopes int[], names text[])
    RETURNS TABLE (place int, target_place int)
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH nearest AS (
        SELECT n.place, min(n.target_place) AS target, min(n.level) AS level
          FROM sq2pg.near_names(scopes, wanted, target_scopes, names) AS n GROUP BY n.place HAVING count(*) = 1
    )
    SELECT r.place, r.target
      FROM (SELECT x.place, x.target, rank() OVER (PARTITION BY x.target ORDER BY x.level) AS rank,
                   count(*) OVER (PARTITION BY x.target, x.level) AS rivals
              FROM nearest AS x) AS r
     WHERE r.rank = 1 AND r.rivals = 1
$$;
COMMENT ON FUNCTION sq2pg.match_names(int[], text[], int[], text[]) IS 'finds names as people mean them';

/*
 * Names that match nothing although something could be meant that is still
 * free.
 */
CREATE FUNCTION sq2pg.unclear_names(scopes int[], wanted text[], target_scopes int[], names text[])
    RETURNS TABLE (place int, candidates text[])
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH matched AS MATERIALIZED (
        SELECT * FROM sq2pg.match_names(scopes, wanted, target_scopes, names)
    )
    SELECT n.place, array_agg(names[n.target_place] ORDER BY n.target_place)
      FROM sq2pg.near_names(scopes, wanted, target_scopes, names) AS n
     WHERE n.place NOT IN (SELECT m.place FROM matched AS m) AND n.target_place NOT IN (SELECT m.target_place FROM matched AS m)
     GROUP BY n.place
$$;
COMMENT ON FUNCTION sq2pg.unclear_names(int[], text[], int[], text[]) IS 'names that could mean more than one other, or others could mean, too';

/*
 * The target relation of each table of a model, if there is one.
 */
CREATE FUNCTION sq2pg.match_relations(model sq2pg.model) RETURNS TABLE (table_ordinal int, relation oid)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH relations AS MATERIALIZED (
        SELECT c.oid, c.relname::text AS name, row_number() OVER (ORDER BY c.oid)::int AS place
          FROM pg_class AS c
         WHERE c.relnamespace = to_regnamespace(quote_ident(model.schema_name)) AND c.relkind IN ('r', 'p', 'v', 'f', 'm')
    ), lists AS (
        SELECT (SELECT array_agg(t.target_name ORDER BY t.ordinal) FROM unnest(model.tables) AS t) AS wanted,
               (SELECT array_agg(r.name ORDER BY r.place) FROM relations AS r) AS names
    )
    SELECT m.place, r.oid
      FROM lists AS l
     CROSS JOIN LATERAL sq2pg.match_names(array_fill(0, ARRAY[cardinality(l.wanted)]), l.wanted,
                                          array_fill(0, ARRAY[coalesce(cardinality(l.names), 0)]), l.names) AS m
      JOIN relations AS r ON r.place = m.target_place
$$;
COMMENT ON FUNCTION sq2pg.match_relations(sq2pg.model) IS 'existing relations that belong to the tables of a model';

/*
 * Tables and columns that are not matched because it is not clear what is
 * meant.
 */
CREATE FUNCTION sq2pg.unclear_notes(model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH relations AS (
        SELECT (SELECT array_agg(t.target_name ORDER BY t.ordinal) FROM unnest(model.tables) AS t) AS wanted,
               (SELECT array_agg(c.relname::text ORDER BY c.oid) FROM pg_class AS c
                 WHERE c.relnamespace = to_regnamespace(quote_ident(model.schema_name)) AND c.relkind IN ('r', 'p', 'v', 'f', 'm')) AS names
    ), attributes AS MATERIALIZED (
        SELECT r.table_ordinal, a.attname::text AS name, a.attnum
          FROM sq2pg.match_relations(model) AS r
          JOIN pg_attribute AS a ON a.attrelid = r.relation AND a.attnum > 0 AND NOT a.attisdropped
    ), unclear AS (
        SELECT u.place AS table_ordinal, NULL::text AS column_name, 'table' AS kind, (model.tables[u.place]).target_name AS name, u.candidates,
               (model.tables[u.place]).source_name AS key
          FROM relations AS l
         CROSS JOIN LATERAL sq2pg.unclear_names(array_fill(0, ARRAY[cardinality(l.wanted)]), l.wanted,
                                                array_fill(0, ARRAY[coalesce(cardinality(l.names), 0)]), l.names) AS u
        UNION ALL
        -- places of columns are their ids
        SELECT c.table_ordinal, c.source_name, 'column', c.target_name, u.candidates,
               (model.tables[c.table_ordinal]).source_name || '.' || c.source_name
          FROM sq2pg.unclear_names((SELECT array_agg(c.table_ordinal ORDER BY c.id) FROM unnest(model.columns) AS c),
                                   (SELECT array_agg(c.target_name ORDER BY c.id) FROM unnest(model.columns) AS c),
                                   (SELECT array_agg(a.table_ordinal ORDER BY a.table_ordinal, a.attnum) FROM attributes AS a),
                                   (SELECT array_agg(a.name ORDER BY a.table_ordinal, a.attnum) FROM attributes AS a)) AS u
          JOIN unnest(model.columns) AS c ON c.id = u.place
    )
    SELECT coalesce(array_agg(ROW(u.table_ordinal, u.column_name, 'error', 'name_unclear', NULL, NULL,
                                  format('%s "%s" of the source could be %s of the target', u.kind, u.key,
                                         (SELECT string_agg(format('"%s"', x), ' or ' ORDER BY n) FROM unnest(u.candidates) WITH ORDINALITY AS x(x, n))),
                                  format('Choose with rename => ''%s''.', jsonb_build_object(u.key, u.candidates[1])))::sq2pg.note
                              ORDER BY u.table_ordinal, u.column_name), '{}')
      FROM unclear AS u
$$;
COMMENT ON FUNCTION sq2pg.unclear_notes(sq2pg.model) IS 'findings for names that could mean more than one thing';

/*
 * Existing tables with the columns that correspond to those of the source, one
 * row for each table of the model in its order.  Generated columns are of use
 * for comparing, not for loading.
 */
CREATE FUNCTION sq2pg.match_tables(model sq2pg.model, with_generated boolean) RETURNS SETOF sq2pg.data_table
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH relations AS MATERIALIZED (
        SELECT * FROM sq2pg.match_relations(model)
    ), attributes AS MATERIALIZED (
        SELECT r.table_ordinal, a.attname::text AS name, a.attnum, a.attgenerated <> '' AS is_generated,
               row_number() OVER (ORDER BY r.table_ordinal, a.attnum)::int AS place
          FROM relations AS r
          JOIN pg_attribute AS a ON a.attrelid = r.relation AND a.attnum > 0 AND NOT a.attisdropped
    ), lists AS (
        SELECT (SELECT array_agg(c.table_ordinal ORDER BY c.id) FROM unnest(model.columns) AS c) AS scopes,
               (SELECT array_agg(c.target_name ORDER BY c.id) FROM unnest(model.columns) AS c) AS wanted,
               (SELECT array_agg(a.table_ordinal ORDER BY a.place) FROM attributes AS a) AS target_scopes,
               (SELECT array_agg(a.name ORDER BY a.place) FROM attributes AS a) AS names
    ), pairs AS (
        -- places of columns are their ids
        SELECT m.place AS id, a.name, a.place, a.is_generated
          FROM lists AS l
         CROSS JOIN LATERAL sq2pg.match_names(l.scopes, l.wanted, l.target_scopes, l.names) AS m
          JOIN attributes AS a ON a.place = m.target_place
    ), sources AS (
        SELECT c.table_ordinal,
               array_agg(c.id ORDER BY c.ordinal) FILTER (WHERE x.is_loaded) AS ids,
               array_agg(c.source_name ORDER BY c.ordinal) FILTER (WHERE x.is_loaded) AS names,
               array_agg(p.name ORDER BY c.ordinal) FILTER (WHERE x.is_loaded) AS targets,
               array_agg(p.name ORDER BY c.ordinal) FILTER (WHERE x.is_loaded AND c.using_text IS NOT NULL) AS computed,
               array_agg(c.source_name ORDER BY c.ordinal) FILTER (WHERE p.id IS NULL) AS unmatched
          FROM unnest(model.columns) AS c
          LEFT JOIN pairs AS p ON p.id = c.id
         CROSS JOIN LATERAL (SELECT p.id IS NOT NULL AND (with_generated OR NOT p.is_generated)) AS x(is_loaded)
         GROUP BY c.table_ordinal
    ), extras AS (
        SELECT a.table_ordinal, array_agg(a.name ORDER BY a.place) AS names
          FROM attributes AS a LEFT JOIN pairs AS p ON p.place = a.place
         WHERE p.id IS NULL GROUP BY a.table_ordinal
    )
    SELECT t.ordinal, r.relation,
           CASE WHEN r.relation IS NOT NULL THEN
               ROW(t.source_name, format('%I.%I', n.nspname, k.relname), s.ids, s.names, s.targets,
                   sq2pg.has_rowid(ROW(t.*)::sq2pg.table_plan), s.computed)::sq2pg.load END,
           coalesce(s.unmatched, '{}'), coalesce(e.names, '{}'), t.rank, t.in_cycle, NULL::boolean,
           NULL::text
      FROM unnest(model.tables) AS t
      LEFT JOIN relations AS r ON r.table_ordinal = t.ordinal
      LEFT JOIN pg_class AS k ON k.oid = r.relation
      LEFT JOIN pg_namespace AS n ON n.oid = k.relnamespace
      LEFT JOIN sources AS s ON s.table_ordinal = t.ordinal
      LEFT JOIN extras AS e ON e.table_ordinal = t.ordinal
     ORDER BY t.ordinal
$$;
COMMENT ON FUNCTION sq2pg.match_tables(sq2pg.model, boolean) IS 'target tables and columns that belong to those of the source';

/*
 * The load order by the foreign keys that the targets really have.
 */
CREATE FUNCTION sq2pg.order_targets(tables sq2pg.data_table[]) RETURNS sq2pg.data_table[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH edges AS (
        SELECT coalesce(array_agg(c.table_ordinal ORDER BY k.oid), '{}') AS children,
               coalesce(array_agg(p.table_ordinal ORDER BY k.oid), '{}') AS parents
          FROM pg_constraint AS k
          JOIN unnest(tables) AS c ON c.relation = k.conrelid
          JOIN unnest(tables) AS p ON p.relation = k.confrelid
         WHERE k.contype = 'f'
    )
    SELECT array_agg(ROW(t.table_ordinal, t.relation, t.load, t.unmatched, t.extra, o.rank, o.in_cycle, t.is_empty,
                         t.action)::sq2pg.data_table ORDER BY t.table_ordinal)
      FROM edges, sq2pg.load_order(cardinality(tables), edges.children, edges.parents) AS o
      JOIN unnest(tables) AS t ON t.table_ordinal = o.ordinal
$$;
COMMENT ON FUNCTION sq2pg.order_targets(sq2pg.data_table[]) IS 'gives each target table its place in the load order';
