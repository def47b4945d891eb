/*
 * model: what will stand in PostgreSQL, decided before anything is done
 *
 * A model is one value in memory, made of arrays: no temporary table, which
 * would forbid PREPARE TRANSACTION.  Functions work on all of it at once;
 * nothing here is called once a table, or thousands of tables would take
 * quadratic time.  For the same reason they switch nested loops off: the
 * planner believes arrays to be small.
 *
 * PL/pgSQL calls them in a subquery, x := (SELECT sq2pg.f(...)): without one it
 * would evaluate the call itself and keep what the parser and the planner
 * needed for the function until the end of the transaction, about 300 kB each.
 */

CREATE TYPE sq2pg.table_plan AS (
    ordinal       int,          -- place in the SQLite schema, from 1
    source_name   text,
    target_name   text,
    type          text,         -- table or virtual
    without_rowid boolean,
    sequence      bigint,       -- highest id that AUTOINCREMENT ever gave
    facts         jsonb,        -- of its DDL
    rank          int,          -- place in the load order, from 1
    in_cycle      boolean);

CREATE TYPE sq2pg.column_plan AS (
    id            int,          -- place among all columns, from 1
    table_ordinal int,
    ordinal       int,
    source_name   text,
    target_name   text,
    declared      text,
    not_null      boolean,
    pk_position   int,
    hidden        text,
    collation_name text,
    default_text  text,
    is_identity   boolean,
    sequence_name text,
    proposed      text,         -- what the declaration, or the caller, wants
    candidates    text[],
    dynamic       boolean,      -- the data decides
    type          text,         -- the choice; NULL: not made yet
    using_text    text,         -- the caller's expression that makes it, or NULL
    staging_type  text);        -- the type that the expression finds

CREATE TYPE sq2pg.key_plan AS (
    table_ordinal int,
    kind          text,         -- p or u
    source_name   text,         -- of the constraint, NULL: it has none
    name          text,
    columns       int[],        -- ids
    collations    text[],       -- by which SQLite compares each of them, NULL: a key that only PostgreSQL needs
    index_name    text,         -- of a unique index that compares so, NULL: not needed
    referenced    boolean);     -- by a foreign key

CREATE TYPE sq2pg.index_plan AS (
    table_ordinal int,
    source_name   text,
    target_name   text,
    is_unique     boolean,
    columns       int[],        -- ids, NULL for an expression
    facts         jsonb,        -- of its DDL
    sql           text);

CREATE TYPE sq2pg.foreign_key_plan AS (
    table_ordinal int,
    source_name   text,         -- of the constraint, NULL: it has none
    name          text,
    columns       int[],        -- ids
    parent_ordinal int,
    parent_columns int[],       -- ids
    on_update     text,
    on_delete     text,
    deferral      text,
    column_names  text,         -- as in SQLite
    original      text,
    match         text,         -- as written
    problem       text);        -- why it is left out, or NULL

CREATE TYPE sq2pg.view_plan AS (
    source_name   text,
    target_name   text,
    sql           text,
    query         text,         -- translated, with its columns
    column_names  text[],
    place         int,          -- order of creation
    notes         text,         -- what the translation does in another way
    problem       text);

CREATE TYPE sq2pg.column_profile AS (
    column_id     int,
    candidate     text,
    source_rows   bigint,
    nulls         bigint,
    integers      bigint,
    reals         bigint,
    texts         bigint,
    blobs         bigint,
    misfits       bigint,
    noise         bigint,
    example_rowid bigint,
    example       text,
    reason        text);

CREATE TYPE sq2pg.note AS (
    table_ordinal int,          -- NULL: the whole database
    column_name   text,
    severity      text,         -- error, warning or note
    code          text,
    occurrences   bigint,
    sample        text,
    message       text,
    hint          text);

CREATE TYPE sq2pg.model AS (
    schema_name   name,
    names         text,         -- keep, lower or snake
    tables        sq2pg.table_plan[],
    columns       sq2pg.column_plan[],
    keys          sq2pg.key_plan[],
    indexes       sq2pg.index_plan[],
    foreign_keys  sq2pg.foreign_key_plan[],
    views         sq2pg.view_plan[],
    notes         sq2pg.note[]);

/*
 * Notes in an order that does not depend on how the planner found them.
 */
CREATE FUNCTION sq2pg.sort_notes(notes sq2pg.note[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(ROW(n.*)::sq2pg.note
                              ORDER BY n.table_ordinal NULLS FIRST, n.code COLLATE "C", n.message COLLATE "C"), '{}')
      FROM unnest(notes) AS n
$$;
COMMENT ON FUNCTION sq2pg.sort_notes(sq2pg.note[]) IS 'notes by table, code and message';

/*
 * The order of loading: tables are numbered, children[i] refers to parents[i].
 */
CREATE FUNCTION sq2pg.load_order(tables int, children int[], parents int[])
    RETURNS TABLE (ordinal int, rank int, in_cycle boolean, component int)
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sqm_load_order';
COMMENT ON FUNCTION sq2pg.load_order(int, int[], int[]) IS
    'sorts tables so that parents come before children, and finds cycles';

CREATE FUNCTION sq2pg.fold_name(name text, style text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sqm_fold_name';
COMMENT ON FUNCTION sq2pg.fold_name(text, text) IS 'a name kept, in lower case or in snake case';

CREATE FUNCTION sq2pg.unique_names(wanted text[], taken text[]) RETURNS text[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sqm_unique_names';
COMMENT ON FUNCTION sq2pg.unique_names(text[], text[]) IS
    'names cut to what PostgreSQL can hold and made different from each other and from those taken';

/*
 * Parameters that name nothing are mistakes, and a mistake here would quietly
 * leave out or keep the wrong thing.
 */
CREATE FUNCTION sq2pg.check_names(options jsonb) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    columns   text[];       -- types are types of these
    names     text[];       -- all that the others can mean
    wrong     text;
    parameter text;
BEGIN
    IF num_nulls(nullif(options->'include', 'null'), nullif(options->'exclude', 'null'), nullif(options->'rename', 'null'),
                 nullif(options->'types', 'null')) = 4 THEN
        RETURN;
    END IF;
    columns := ARRAY(SELECT c.table_name || '.' || c.column_name FROM sq2pg_columns(options->>'source') AS c)
        || ARRAY(SELECT DISTINCT 'declared:' || c.declared_type FROM sq2pg_columns(options->>'source') AS c);
    names := columns || ARRAY(SELECT t.table_name FROM sq2pg_tables(options->>'source') AS t);
    SELECT p.parameter, p.pattern INTO parameter, wrong
      FROM (SELECT 'include', jsonb_array_elements_text(nullif(options->'include', 'null'))
            UNION ALL
            SELECT 'exclude', jsonb_array_elements_text(nullif(options->'exclude', 'null'))
            UNION ALL
            SELECT 'rename', jsonb_object_keys(nullif(options->'rename', 'null'))
            UNION ALL
            SELECT 'types', jsonb_object_keys(nullif(options->'types', 'null'))) AS p(parameter, pattern)
     WHERE NOT EXISTS (SELECT FROM unnest(CASE p.parameter WHEN 'types' THEN columns ELSE names END) AS n
                        WHERE CASE WHEN p.parameter = 'rename' THEN n = p.pattern
                                   WHEN p.parameter = 'types' AND p.pattern LIKE 'declared:%'
                                       THEN lower(n) = lower(p.pattern)
                                   ELSE sq2pg.matches(n, p.pattern) END)
     LIMIT 1;
    IF FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('"%s" in parameter "%s" matches no %scolumn of the source', wrong, parameter,
                             CASE WHEN parameter <> 'types' THEN 'table or ' END),
            HINT = 'Names are written as in SQLite, columns as table.column; sq2pg_columns() lists them.';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.check_names(jsonb) IS 'refuses patterns and names that match nothing';

/*
 * Is a table or view wanted?  An include pattern for a column takes its table.
 */
CREATE FUNCTION sq2pg.table_is_chosen(table_name text, options jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT (options->'include' = 'null'
            OR EXISTS (SELECT FROM jsonb_array_elements_text(options->'include') AS i
                        WHERE sq2pg.matches(table_name, i)
                           OR (i LIKE '%.%' AND sq2pg.matches(table_name, split_part(i, '.', 1)))))
       AND (options->'exclude' = 'null'
            OR NOT EXISTS (SELECT FROM jsonb_array_elements_text(options->'exclude') AS e
                            WHERE sq2pg.matches(table_name, e)))
$$;
COMMENT ON FUNCTION sq2pg.table_is_chosen(text, jsonb) IS 'is a table or view wanted by include and exclude?';

/*
 * Is column "table.column" wanted?  An include pattern without a dot takes
 * all columns of its tables.
 */
CREATE FUNCTION sq2pg.column_is_chosen(table_name text, column_name text, options jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT (options->'include' = 'null'
            OR EXISTS (SELECT FROM jsonb_array_elements_text(options->'include') AS i
                        WHERE sq2pg.matches(table_name || '.' || column_name, i)
                           OR sq2pg.matches(table_name, i)))
       AND (options->'exclude' = 'null'
            OR NOT EXISTS (SELECT FROM jsonb_array_elements_text(options->'exclude') AS e
                            WHERE sq2pg.matches(table_name || '.' || column_name, e)))
$$;
COMMENT ON FUNCTION sq2pg.column_is_chosen(text, text, jsonb) IS 'is a column wanted by include and exclude?';

CREATE FUNCTION sq2pg.read_tables(options jsonb) RETURNS sq2pg.table_plan[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT array_agg(ROW(p.ordinal, p.table_name, p.target_name, p.type, p.without_rowid, p.sequence,
                         p.facts, NULL, NULL)::sq2pg.table_plan ORDER BY p.ordinal)
      FROM (SELECT t.*, sq2pg.table_facts(t.sql) AS facts,
                   coalesce(options->'rename'->>t.table_name,
                            sq2pg.fold_name(t.table_name, options->>'names')) AS target_name,
                   row_number() OVER ()::int AS ordinal
              FROM sq2pg_tables(options->>'source') AS t
             WHERE t.type IN ('table', 'virtual') AND t.problem IS NULL
               AND sq2pg.table_is_chosen(t.table_name, options)
               AND t.table_name IN (SELECT c.table_name FROM sq2pg_columns(options->>'source') AS c
                                     WHERE c.hidden IS DISTINCT FROM 'hidden'
                                       AND sq2pg.column_is_chosen(c.table_name, c.column_name, options))) AS p
$$;
COMMENT ON FUNCTION sq2pg.read_tables(jsonb) IS 'the tables of a model, before their order is known';

CREATE FUNCTION sq2pg.read_columns(options jsonb, all_tables sq2pg.table_plan[]) RETURNS sq2pg.column_plan[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    WITH chosen AS (
        SELECT t.ordinal AS table_ordinal, t.target_name AS table_target, c.*,
               coalesce(options->'rename'->>(c.table_name || '.' || c.column_name),
                        sq2pg.fold_name(c.column_name, options->>'names')) AS wanted,
               o.override
          FROM (SELECT f.* FROM sq2pg_columns(options->>'source') AS f
                UNION ALL
                -- the rowid of a full-text table is how others refer to it
                SELECT t.source_name, 0, 'rowid', 'INTEGER', true, NULL, 1, NULL, NULL, false
                  FROM unnest(all_tables) AS t
                 WHERE t.facts->>'module' ILIKE 'fts_'
                   AND t.source_name NOT IN (SELECT f.table_name FROM sq2pg_columns(options->>'source') AS f
                                              WHERE lower(f.column_name) = 'rowid')) AS c
          JOIN unnest(all_tables) AS t ON t.source_name = c.table_name
         CROSS JOIN LATERAL (SELECT CASE WHEN options->'types' = 'null' THEN NULL
                                    ELSE sq2pg.type_override(options->'types', c.table_name, c.column_name,
                                                             c.declared_type) END) AS o(override)
         WHERE c.hidden IS DISTINCT FROM 'hidden'
           AND sq2pg.column_is_chosen(c.table_name, c.column_name, options)
           AND NOT EXISTS (SELECT FROM sq2pg.unreadable_columns(options->>'source') AS u
                            WHERE u.table_name = c.table_name AND u.column_name = c.column_name)
    ), named AS (
        -- column names are unique within their table
        SELECT n.table_ordinal, k.ordinal, k.name
          FROM (SELECT table_ordinal, array_agg(ordinal ORDER BY ordinal) AS ordinals,
                       sq2pg.unique_names(array_agg(wanted ORDER BY ordinal),
                                          '{tableoid,cmax,xmax,cmin,xmin,ctid}') AS names
                  FROM chosen GROUP BY table_ordinal) AS n,
               unnest(n.ordinals, n.names) AS k(ordinal, name)
    )
    SELECT array_agg(ROW(p.id, p.table_ordinal, p.ordinal, p.column_name, p.name, p.declared_type,
                         p.not_null OR p.rowid_alias, p.pk_position, p.hidden, p.collation_name, p.default_value,
                         i.is_identity,
                         CASE WHEN i.is_identity THEN p.table_target || '_' || p.name || '_seq' END,
                         coalesce(w.override, p.candidates[1]),
                         -- an expression finds the column as its declaration and data make it
                         CASE WHEN w.override IS NOT NULL AND w.using_text IS NULL THEN ARRAY[w.override]
                              ELSE p.candidates END,
                         p.dynamic AND (w.override IS NULL OR w.using_text IS NOT NULL),
                         NULL, w.using_text, NULL)::sq2pg.column_plan ORDER BY p.id)
      FROM (SELECT c.*, n.name, y.candidates, y.dynamic,
                   row_number() OVER (ORDER BY c.table_ordinal, c.ordinal)::int AS id
              FROM chosen AS c
              JOIN named AS n USING (table_ordinal, ordinal)
             CROSS JOIN LATERAL sq2pg.type_candidates(c.declared_type, c.rowid_alias) AS y) AS p
     CROSS JOIN LATERAL (SELECT m.parts[1], m.parts[2]
                           FROM (SELECT regexp_match(p.override, '^(.*?)(?: USING (.*))?$', 's')) AS m(parts)) AS w(override, using_text)
     CROSS JOIN LATERAL (SELECT p.rowid_alias AND coalesce(p.override, 'bigint') IN ('smallint', 'integer', 'bigint')) AS i(is_identity)
$$;
COMMENT ON FUNCTION sq2pg.read_columns(jsonb, sq2pg.table_plan[]) IS 'the columns of a model, before their types are chosen';

/*
 * Ids of columns by name within a table, in the order of the names; NULL for
 * a name that is not there.
 */
CREATE FUNCTION sq2pg.column_ids(lookup jsonb, names text[]) RETURNS int[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg((lookup->>lower(n.name))::int ORDER BY n.position)
      FROM unnest(names) WITH ORDINALITY AS n(name, position)
$$;
COMMENT ON FUNCTION sq2pg.column_ids(jsonb, text[]) IS 'ids of columns by their names';

CREATE TYPE sq2pg.column_lookup AS (table_ordinal int, ids jsonb);

CREATE FUNCTION sq2pg.column_lookups(all_columns sq2pg.column_plan[]) RETURNS SETOF sq2pg.column_lookup
    LANGUAGE sql IMMUTABLE AS $$
    SELECT table_ordinal, jsonb_object_agg(lower(source_name), id)
      FROM unnest(all_columns) GROUP BY table_ordinal
$$;
COMMENT ON FUNCTION sq2pg.column_lookups(sq2pg.column_plan[]) IS 'names to ids of columns, one row a table';

/*
 * Lists of columns, given as arrays of ids in text form: quoted for a
 * statement, and joined for a name.
 */
CREATE FUNCTION sq2pg.column_lists(all_columns sq2pg.column_plan[], lists text[])
    RETURNS TABLE (place bigint, quoted text, joined text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT l.place, string_agg(quote_ident(c.target_name), ', ' ORDER BY x.n),
           string_agg(c.target_name, '_' ORDER BY x.n)
      FROM unnest(lists) WITH ORDINALITY AS l(ids, place)
     CROSS JOIN unnest(l.ids::int[]) WITH ORDINALITY AS x(id, n)
      JOIN unnest(all_columns) AS c ON c.id = x.id
     GROUP BY l.place
$$;
COMMENT ON FUNCTION sq2pg.column_lists(sq2pg.column_plan[], text[]) IS 'names of columns by their ids, for many lists at once';

/*
 * How SQLite compares the columns of a key: one word a column.
 */
CREATE FUNCTION sq2pg.key_signature(columns text[], collations text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_agg(jsonb_build_array(lower(k.name), upper(k.rule)) ORDER BY k.n)::text
      FROM unnest(columns, collations) WITH ORDINALITY AS k(name, rule, n)
$$;
COMMENT ON FUNCTION sq2pg.key_signature(text[], text[]) IS 'what two declarations of the same key have in common';

/*
 * The UNIQUE constraints as they are declared.
 */
CREATE FUNCTION sq2pg.declared_uniques(all_tables sq2pg.table_plan[], all_columns sq2pg.column_plan[])
    RETURNS TABLE (table_ordinal int, name text, signature text, place bigint)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT t.ordinal, u.value->>'name',
           sq2pg.key_signature(array_agg(k.value->>'column' ORDER BY k.ordinality),
                               array_agg(coalesce(k.value->>'collation', c.collation_name, 'BINARY') ORDER BY k.ordinality)),
           u.ordinality
      FROM unnest(all_tables) AS t
     CROSS JOIN jsonb_array_elements(coalesce(nullif(t.facts->'uniques', 'null'), '[]')) WITH ORDINALITY AS u
     CROSS JOIN jsonb_array_elements(u.value->'keys') WITH ORDINALITY AS k
      LEFT JOIN unnest(all_columns) AS c
             ON c.table_ordinal = t.ordinal AND lower(c.source_name) = lower(k.value->>'column')
     GROUP BY t.ordinal, u.ordinality, u.value
$$;
COMMENT ON FUNCTION sq2pg.declared_uniques(sq2pg.table_plan[], sq2pg.column_plan[]) IS 'UNIQUE constraints of the DDL, with their names';

/*
 * The primary keys and UNIQUE constraints by what they compare; ids may be
 * NULL.  SQLite accepts a column twice in a key, where the second says nothing.
 */
CREATE FUNCTION sq2pg.source_keys(options jsonb, all_tables sq2pg.table_plan[], all_columns sq2pg.column_plan[])
    RETURNS TABLE (table_ordinal int, kind text, place int, source_name text, wanted text, ids int[], collations text[],
                   names text[])
    LANGUAGE sql AS $$
    WITH keys AS (
        SELECT t.ordinal AS table_ordinal, 'p' AS kind, 0 AS place, t.facts->'primary_key'->>'name' AS source_name,
               t.target_name || '_pkey' AS wanted, k.columns, k.collations
          FROM (SELECT c.table_name, array_agg(c.column_name ORDER BY c.pk_position) AS columns,
                       array_agg(coalesce(x.collation_name, c.collation_name) ORDER BY c.pk_position) AS collations
                  FROM sq2pg_columns(options->>'source') AS c
                  -- the collation that the key was written with, where it has an index
                  LEFT JOIN (SELECT i.table_name, k.name, min(k.collation_name) AS collation_name
                               FROM sq2pg_indexes(options->>'source') AS i
                              CROSS JOIN unnest(i.columns, i.collations) AS k(name, collation_name)
                              WHERE i.origin = 'pk' GROUP BY i.table_name, k.name) AS x
                         ON x.table_name = c.table_name AND x.name = c.column_name
                 WHERE c.pk_position IS NOT NULL GROUP BY c.table_name
                UNION ALL
                -- the rowid of a full-text table
                SELECT t.source_name, '{rowid}', '{BINARY}'
                  FROM unnest(all_tables) AS t
                  JOIN unnest(all_columns) AS c ON c.table_ordinal = t.ordinal AND c.ordinal = 0) AS k
          JOIN unnest(all_tables) AS t ON t.source_name = k.table_name
        UNION ALL
        SELECT t.ordinal, 'u', row_number() OVER ()::int, d.name,
               t.target_name || '_' || sq2pg.fold_name(array_to_string(i.columns, '_'), options->>'names') || '_key',
               i.columns, i.collations
          FROM sq2pg_indexes(options->>'source') AS i
          JOIN unnest(all_tables) AS t ON t.source_name = i.table_name
          LEFT JOIN (SELECT DISTINCT ON (u.table_ordinal, u.signature) u.table_ordinal, u.signature, u.name
                       FROM sq2pg.declared_uniques(all_tables, all_columns) AS u
                      ORDER BY u.table_ordinal, u.signature, u.name IS NULL, u.place) AS d
                 ON d.table_ordinal = t.ordinal AND d.signature = sq2pg.key_signature(i.columns, i.collations)
         WHERE i.origin = 'u'
    )
    SELECT k.table_ordinal, k.kind, k.place, k.source_name,
           coalesce(sq2pg.fold_name(k.source_name, options->>'names'), k.wanted), u.ids, u.collations, k.columns
      FROM keys AS k
      JOIN sq2pg.column_lookups(all_columns) AS l ON l.table_ordinal = k.table_ordinal
     CROSS JOIN LATERAL (SELECT array_agg(x.id ORDER BY x.n) AS ids, array_agg(x.rule ORDER BY x.n) AS collations
                           FROM (SELECT (l.ids->>lower(y.name))::int AS id, upper(y.rule) AS rule, min(y.n) AS n
                                   FROM unnest(k.columns, k.collations) WITH ORDINALITY AS y(name, rule, n)
                                  GROUP BY 1, 2) AS x) AS u
$$;
COMMENT ON FUNCTION sq2pg.source_keys(jsonb, sq2pg.table_plan[], sq2pg.column_plan[]) IS 'primary keys and UNIQUE constraints of the source';

CREATE FUNCTION sq2pg.read_keys(options jsonb, all_tables sq2pg.table_plan[], all_columns sq2pg.column_plan[])
    RETURNS sq2pg.key_plan[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT array_agg(ROW(k.table_ordinal, k.kind, k.source_name, k.wanted, k.ids, k.collations,
                         k.wanted || '_' || CASE WHEN 'NOCASE' = ANY (k.collations) THEN 'nocase'
                                                 WHEN 'RTRIM' = ANY (k.collations) THEN 'rtrim' END,
                         false)::sq2pg.key_plan
                     ORDER BY k.table_ordinal, k.kind, k.place)
      FROM sq2pg.source_keys(options, all_tables, all_columns) AS k
     -- a key whose columns are not all there is no key
     WHERE array_position(k.ids, NULL) IS NULL
$$;
COMMENT ON FUNCTION sq2pg.read_keys(jsonb, sq2pg.table_plan[], sq2pg.column_plan[]) IS 'primary keys and UNIQUE constraints of a model';

CREATE FUNCTION sq2pg.read_indexes(options jsonb, all_tables sq2pg.table_plan[], all_columns sq2pg.column_plan[])
    RETURNS sq2pg.index_plan[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT array_agg(ROW(t.ordinal, i.index_name, sq2pg.fold_name(i.index_name, options->>'names'), i.is_unique,
                         sq2pg.column_ids(l.ids, i.columns),
                         sq2pg.index_facts(i.sql), i.sql)::sq2pg.index_plan)
      FROM sq2pg_indexes(options->>'source') AS i
      JOIN unnest(all_tables) AS t ON t.source_name = i.table_name
      JOIN sq2pg.column_lookups(all_columns) AS l ON l.table_ordinal = t.ordinal
     WHERE i.origin = 'c'
$$;
COMMENT ON FUNCTION sq2pg.read_indexes(jsonb, sq2pg.table_plan[], sq2pg.column_plan[]) IS 'indexes of a model that were made by CREATE INDEX';

/*
 * Foreign keys with what keeps one from being carried over.  SQLite accepts
 * references to anything; PostgreSQL wants an existing, unique parent key.
 */
CREATE FUNCTION sq2pg.read_foreign_keys(options jsonb, all_tables sq2pg.table_plan[], all_columns sq2pg.column_plan[],
                                        all_keys sq2pg.key_plan[], all_indexes sq2pg.index_plan[])
    RETURNS sq2pg.foreign_key_plan[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    WITH facts AS (
        -- the pragma counts from the last declared key to the first
        SELECT f.*, (t.facts->'foreign_keys')->(count(*) OVER (PARTITION BY f.table_name) - 1 - f.id)::int AS declared,
               t.ordinal AS table_ordinal, p.ordinal AS parent_ordinal,
               sq2pg.column_ids(l.ids, f.columns) AS ids, pl.ids AS parent_lookup
          FROM sq2pg_foreign_keys(options->>'source') AS f
          JOIN unnest(all_tables) AS t ON t.source_name = f.table_name
          JOIN sq2pg.column_lookups(all_columns) AS l ON l.table_ordinal = t.ordinal
          LEFT JOIN unnest(all_tables) AS p ON lower(p.source_name) = lower(f.parent_table)
          LEFT JOIN sq2pg.column_lookups(all_columns) AS pl ON pl.table_ordinal = p.ordinal
    ), resolved AS (
        SELECT f.*, coalesce(sq2pg.column_ids(f.parent_lookup, f.parent_columns), k.columns) AS parent_ids
          FROM facts AS f
          LEFT JOIN unnest(all_keys) AS k ON k.kind = 'p' AND k.table_ordinal = f.parent_ordinal
    ), candidates AS (
        SELECT k.table_ordinal, ARRAY(SELECT DISTINCT unnest(k.columns) ORDER BY 1) AS ids FROM unnest(all_keys) AS k
        UNION
        SELECT i.table_ordinal, ARRAY(SELECT unnest(i.columns) ORDER BY 1) FROM unnest(all_indexes) AS i
         WHERE i.is_unique AND i.facts->>'where' IS NULL AND array_position(i.columns, NULL) IS NULL
    )
    SELECT array_agg(ROW(r.table_ordinal, r.declared->>'name', sq2pg.fold_name(r.declared->>'name', options->>'names'),
                         r.ids, r.parent_ordinal, r.parent_ids,
                         r.on_update, r.on_delete,
                         CASE WHEN (r.declared->>'initially_deferred')::boolean THEN 'DEFERRABLE INITIALLY DEFERRED'
                              WHEN (r.declared->>'deferrable')::boolean THEN 'DEFERRABLE' END,
                         array_to_string(r.columns, ', '),
                         concat_ws(' ', format('FOREIGN KEY (%s) REFERENCES %s', array_to_string(r.columns, ', '), r.parent_table),
                                   '(' || array_to_string(r.parent_columns, ', ') || ')',
                                   'ON UPDATE ' || nullif(r.on_update, 'NO ACTION'),
                                   'ON DELETE ' || nullif(r.on_delete, 'NO ACTION')),
                         r.declared->>'match',
                         CASE WHEN r.parent_ordinal IS NULL THEN
                                  format('table "%s" does not exist or is not migrated', r.parent_table)
                              WHEN array_position(r.ids, NULL) IS NOT NULL THEN 'a column of it is not migrated'
                              WHEN r.parent_ids IS NULL THEN
                                  format('table "%s" has no primary key', r.parent_table)
                              WHEN array_position(r.parent_ids, NULL) IS NOT NULL THEN
                                  format('a column that it refers to does not exist in table "%s"', r.parent_table)
                              WHEN cardinality(r.parent_ids) <> cardinality(r.ids) THEN
                                  format('it has %s columns, the key of table "%s" has %s', cardinality(r.ids),
                                         r.parent_table, cardinality(r.parent_ids))
                              WHEN c.ids IS NULL THEN
                                  format('the columns that it refers to in table "%s" are not unique', r.parent_table)
                              WHEN r.ids && g.ids AND (r.on_update <> 'NO ACTION' AND r.on_update <> 'RESTRICT'
                                                       OR r.on_delete LIKE 'SET%') THEN
                                  'PostgreSQL does not allow its actions on a generated column'
                         END)::sq2pg.foreign_key_plan
                     ORDER BY r.table_ordinal, r.id DESC)
      FROM resolved AS r
      LEFT JOIN candidates AS c
             ON c.table_ordinal = r.parent_ordinal AND c.ids = ARRAY(SELECT unnest(r.parent_ids) ORDER BY 1)
     CROSS JOIN (SELECT coalesce(array_agg(x.id), '{}') AS ids FROM unnest(all_columns) AS x
                  WHERE x.hidden IN ('stored', 'virtual')) AS g
$$;
COMMENT ON FUNCTION sq2pg.read_foreign_keys(jsonb, sq2pg.table_plan[], sq2pg.column_plan[], sq2pg.key_plan[], sq2pg.index_plan[]) IS
    'foreign keys of a model, with the reason where one is left out';

/*
 * What PostgreSQL needs for its foreign keys: a plain unique key on the parent.
 * Keys that will stand as an index on lower(column) are marked, and where only
 * such an index is there a key is added.
 */
CREATE FUNCTION sq2pg.mark_referenced_keys(all_keys sq2pg.key_plan[], all_foreign_keys sq2pg.foreign_key_plan[],
                                           all_tables sq2pg.table_plan[], all_columns sq2pg.column_plan[],
                                           all_indexes sq2pg.index_plan[])
    RETURNS sq2pg.key_plan[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH referenced AS (
        SELECT DISTINCT f.parent_ordinal AS table_ordinal, ARRAY(SELECT unnest(f.parent_columns) ORDER BY 1) AS ids
          FROM unnest(all_foreign_keys) AS f WHERE f.problem IS NULL
    ), keys AS (
        SELECT k.*, ARRAY(SELECT DISTINCT unnest(k.columns) ORDER BY 1) AS ids
          FROM unnest(all_keys) WITH ORDINALITY AS k
    ), suitable AS (
        SELECT k.table_ordinal, k.ids FROM keys AS k
        UNION
        SELECT i.table_ordinal, array_agg(x.id ORDER BY x.id)
          FROM unnest(all_indexes) WITH ORDINALITY AS i
         CROSS JOIN unnest(i.columns) WITH ORDINALITY AS x(id, n)
          JOIN unnest(all_columns) AS c ON c.id = x.id
         WHERE i.is_unique AND i.facts->>'where' IS NULL AND array_position(i.columns, NULL) IS NULL
         GROUP BY i.table_ordinal, i.ordinality
        HAVING NOT bool_or(upper(coalesce(i.facts->'keys'->(x.n - 1)::int->>'collation', c.collation_name, 'BINARY'))
                           IN ('NOCASE', 'RTRIM'))
    ), missing AS (
        SELECT r.table_ordinal, r.ids, row_number() OVER (ORDER BY r.table_ordinal, r.ids) AS place
          FROM referenced AS r LEFT JOIN suitable AS s USING (table_ordinal, ids)
         WHERE s.ids IS NULL
    )
    SELECT array_agg(ROW(a.table_ordinal, a.kind, a.source_name, a.name, a.columns, a.collations, a.index_name,
                         a.referenced)::sq2pg.key_plan ORDER BY a.table_ordinal, a.kind, a.place)
      FROM (SELECT k.table_ordinal, k.kind, k.source_name, k.name, k.columns, k.collations, k.index_name,
                   r.ids IS NOT NULL AS referenced, k.ordinality AS place
              FROM keys AS k LEFT JOIN referenced AS r USING (table_ordinal, ids)
            UNION ALL
            SELECT m.table_ordinal, 'u', NULL, concat_ws('_', t.target_name, l.joined, 'key'), m.ids,
                   NULL, NULL, true, cardinality(all_keys) + m.place
              FROM missing AS m
              JOIN unnest(all_tables) AS t ON t.ordinal = m.table_ordinal
              JOIN sq2pg.column_lists(all_columns, ARRAY(SELECT x.ids::text FROM missing AS x ORDER BY x.place)) AS l
                ON l.place = m.place) AS a
$$;
COMMENT ON FUNCTION sq2pg.mark_referenced_keys(sq2pg.key_plan[], sq2pg.foreign_key_plan[], sq2pg.table_plan[], sq2pg.column_plan[], sq2pg.index_plan[]) IS
    'keys that foreign keys refer to are marked, or added where only an index is there';

CREATE FUNCTION sq2pg.read_views(options jsonb) RETURNS sq2pg.view_plan[]
    LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(t.table_name, coalesce(options->'rename'->>t.table_name,
                                                         sq2pg.fold_name(t.table_name, options->>'names')),
                                  t.sql, NULL, NULL, NULL, NULL, NULL)::sq2pg.view_plan), '{}')
      FROM sq2pg_tables(options->>'source') AS t
     WHERE t.type = 'view' AND sq2pg.table_is_chosen(t.table_name, options)
$$;
COMMENT ON FUNCTION sq2pg.read_views(jsonb) IS 'the views of a model, before they are translated';

CREATE FUNCTION sq2pg.order_tables(all_tables sq2pg.table_plan[], all_foreign_keys sq2pg.foreign_key_plan[])
    RETURNS sq2pg.table_plan[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH edges AS (
        SELECT coalesce(array_agg(table_ordinal), '{}') AS children, coalesce(array_agg(parent_ordinal), '{}') AS parents
          FROM unnest(all_foreign_keys) WHERE problem IS NULL
    )
    SELECT array_agg(ROW(t.ordinal, t.source_name, t.target_name, t.type, t.without_rowid, t.sequence, t.facts,
                         o.rank, o.in_cycle)::sq2pg.table_plan ORDER BY t.ordinal)
      FROM edges, sq2pg.load_order(cardinality(all_tables), edges.children, edges.parents) AS o
      JOIN unnest(all_tables) AS t ON t.ordinal = o.ordinal
$$;
COMMENT ON FUNCTION sq2pg.order_tables(sq2pg.table_plan[], sq2pg.foreign_key_plan[]) IS 'gives each table its place in the load order';

/*
 * Names of relations: tables, the indexes of keys, sequences and indexes share
 * one namespace with each other and with what the target schema holds.  In
 * this order, so that tables keep theirs.
 */
CREATE FUNCTION sq2pg.name_relations(INOUT model sq2pg.model, taken text[])
    LANGUAGE plpgsql SET enable_nestloop = off SET work_mem = '1MB' AS $$
DECLARE
    wanted text[];
    names  text[];
    n_tables  int := cardinality(model.tables);
    n_keys    int := cardinality(model.keys);
    n_columns int := cardinality(model.columns);
    r         int := 0;
BEGIN
    wanted := ARRAY(SELECT target_name FROM unnest(model.tables) ORDER BY ordinal)
        || ARRAY(SELECT name FROM unnest(model.keys) WITH ORDINALITY AS k ORDER BY k.ordinality)
        || ARRAY(SELECT sequence_name FROM unnest(model.columns) ORDER BY id)
        || ARRAY(SELECT index_name FROM unnest(model.keys) WITH ORDINALITY AS k ORDER BY k.ordinality)
        || ARRAY(SELECT target_name FROM unnest(model.indexes) WITH ORDINALITY AS i ORDER BY i.ordinality)
        || ARRAY(SELECT target_name FROM unnest(model.views) WITH ORDINALITY AS v ORDER BY v.ordinality);
    names := sq2pg.unique_names(wanted, taken);
    model.tables := ARRAY(SELECT ROW(t.ordinal, t.source_name, names[t.ordinal], t.type, t.without_rowid, t.sequence,
                                     t.facts, t.rank, t.in_cycle)::sq2pg.table_plan
                            FROM unnest(model.tables) AS t ORDER BY t.ordinal);
    r := n_tables;
    model.keys := ARRAY(SELECT ROW(k.table_ordinal, k.kind, k.source_name, names[r + k.ordinality], k.columns, k.collations,
                                   names[r + n_keys + n_columns + k.ordinality], k.referenced)::sq2pg.key_plan
                          FROM unnest(model.keys) WITH ORDINALITY AS k ORDER BY k.ordinality);
    r := r + n_keys;
    model.columns := ARRAY(SELECT ROW(c.id, c.table_ordinal, c.ordinal, c.source_name, c.target_name, c.declared,
                                      c.not_null, c.pk_position, c.hidden, c.collation_name, c.default_text,
                                      c.is_identity, names[r + c.id], c.proposed, c.candidates, c.dynamic,
                                      c.type, c.using_text, c.staging_type)::sq2pg.column_plan
                             FROM unnest(model.columns) AS c ORDER BY c.id);
    r := r + n_columns + n_keys;
    model.indexes := ARRAY(SELECT ROW(i.table_ordinal, i.source_name, names[r + i.ordinality], i.is_unique, i.columns,
                                      i.facts, i.sql)::sq2pg.index_plan
                             FROM unnest(model.indexes) WITH ORDINALITY AS i ORDER BY i.ordinality);
    r := r + cardinality(model.indexes);
    model.views := ARRAY(SELECT ROW(v.source_name, names[r + v.ordinality], v.sql, v.query, v.column_names, v.place,
                                    v.notes, v.problem)::sq2pg.view_plan
                           FROM unnest(model.views) WITH ORDINALITY AS v ORDER BY v.ordinality);
    model.foreign_keys := (SELECT coalesce(sq2pg.name_foreign_keys(model.foreign_keys, model.keys, model.tables, model.columns),
                                           '{}'));
END
$$;
COMMENT ON FUNCTION sq2pg.name_relations(sq2pg.model, text[]) IS 'makes the names of all relations of a model unique in the target schema';

/*
 * The foreign keys' own names are unique within their table only.
 */
CREATE FUNCTION sq2pg.name_foreign_keys(all_foreign_keys sq2pg.foreign_key_plan[], all_keys sq2pg.key_plan[],
                                        all_tables sq2pg.table_plan[], all_columns sq2pg.column_plan[])
    RETURNS sq2pg.foreign_key_plan[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH wanted AS (
        SELECT f.*, coalesce(f.name, concat_ws('_', t.target_name, l.joined, 'fkey')) AS wanted,
               f.ordinality AS position
          FROM unnest(all_foreign_keys) WITH ORDINALITY AS f
          LEFT JOIN sq2pg.column_lists(all_columns, ARRAY(SELECT y.columns::text FROM unnest(all_foreign_keys) AS y))
                 AS l ON l.place = f.ordinality
          JOIN unnest(all_tables) AS t ON t.ordinal = f.table_ordinal
    ), named AS (
        SELECT x.position, x.name
          FROM (SELECT array_agg(w.position ORDER BY w.position) AS positions,
                       sq2pg.unique_names(array_agg(w.wanted ORDER BY w.position), coalesce(k.names, '{}')) AS names
                  FROM wanted AS w
                  LEFT JOIN (SELECT x.table_ordinal, array_agg(x.name) AS names
                               FROM unnest(all_keys) AS x GROUP BY x.table_ordinal) AS k USING (table_ordinal)
                 GROUP BY w.table_ordinal, k.names) AS g,
               unnest(g.positions, g.names) AS x(position, name)
    )
    SELECT array_agg(ROW(w.table_ordinal, w.source_name, n.name, w.columns, w.parent_ordinal, w.parent_columns, w.on_update,
                         w.on_delete, w.deferral, w.column_names, w.original, w.match, w.problem)::sq2pg.foreign_key_plan ORDER BY w.position)
      FROM wanted AS w JOIN named AS n USING (position)
$$;
COMMENT ON FUNCTION sq2pg.name_foreign_keys(sq2pg.foreign_key_plan[], sq2pg.key_plan[], sq2pg.table_plan[], sq2pg.column_plan[]) IS
    'gives every foreign key a name that is unique in its table';

/*
 * Names that the target schema already uses for relations and types (a table
 * is also a type).
 */
CREATE FUNCTION sq2pg.taken_names(schema_name name) RETURNS text[]
    LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(schema_name))
                 UNION
                 SELECT typname::text FROM pg_type WHERE typnamespace = to_regnamespace(quote_ident(schema_name)))
$$;
COMMENT ON FUNCTION sq2pg.taken_names(name) IS 'names of relations and types in a schema';

/*
 * Everything but the types.
 */
CREATE FUNCTION sq2pg.read_model(options jsonb) RETURNS sq2pg.model
    LANGUAGE plpgsql AS $$
DECLARE
    model sq2pg.model;
BEGIN
    PERFORM sq2pg.check_names(options);
    model.schema_name := options->>'target_schema';
    model.names := options->>'names';
    model.notes := '{}';
    model.views := (SELECT sq2pg.read_views(options));
    model.tables := (SELECT sq2pg.read_tables(options));
    IF model.tables IS NULL THEN
        RETURN model;
    END IF;
    model.columns := (SELECT sq2pg.read_columns(options, model.tables));
    model.keys := (SELECT coalesce(sq2pg.read_keys(options, model.tables, model.columns), '{}'));
    model.indexes := (SELECT coalesce(sq2pg.read_indexes(options, model.tables, model.columns), '{}'));
    model.foreign_keys := (SELECT coalesce(sq2pg.read_foreign_keys(options, model.tables, model.columns, model.keys,
                                                                   model.indexes), '{}'));
    model.keys := (SELECT coalesce(sq2pg.mark_referenced_keys(model.keys, model.foreign_keys, model.tables, model.columns,
                                                              model.indexes), '{}'));
    model.columns := (SELECT sq2pg.prefer_key_types(model.columns, model.foreign_keys));
    model.tables := (SELECT sq2pg.order_tables(model.tables, model.foreign_keys));
    RETURN model;
END
$$;
COMMENT ON FUNCTION sq2pg.read_model(jsonb) IS 'what is to be made from a source, without the types of its columns';

CREATE FUNCTION sq2pg.foreign_key_notes(model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(ROW(f.table_ordinal, f.column_names, 'warning', 'foreign_key_left_out', NULL, f.original,
                         format('foreign key on (%s) is left out: %s', f.column_names, f.problem),
                         'SQLite does not enforce such a reference either.')::sq2pg.note ORDER BY f.ordinality)
      FROM unnest(model.foreign_keys) WITH ORDINALITY AS f
     WHERE f.problem IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.foreign_key_notes(sq2pg.model) IS 'one note for each foreign key that cannot be carried over';

/*
 * Profiles of some tables (all columns whose type is still open to doubt).
 */
CREATE FUNCTION sq2pg.profile_tables(options jsonb, model sq2pg.model, ordinals int[])
    RETURNS sq2pg.column_profile[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(t.ids[p.column_ordinal], p.candidate, p.source_rows, p.nulls, p.integers, p.reals,
                                  p.texts, p.blobs, p.misfits, p.noise, p.example_rowid, p.example,
                                  p.reason)::sq2pg.column_profile), '{}')
      FROM (SELECT s.source_name AS table_name, array_agg(c.id ORDER BY c.id) AS ids,
                   array_agg(c.source_name ORDER BY c.id) AS names,
                   (SELECT array_agg(x.n::int ORDER BY x.n, y.position)
                      FROM unnest(array_agg(c.id ORDER BY c.id)) WITH ORDINALITY AS x(id, n)
                      JOIN unnest(model.columns) AS k ON k.id = x.id
                     CROSS JOIN unnest(k.candidates) WITH ORDINALITY AS y(type, position)) AS candidate_columns,
                   (SELECT array_agg(y.type ORDER BY x.n, y.position)
                      FROM unnest(array_agg(c.id ORDER BY c.id)) WITH ORDINALITY AS x(id, n)
                      JOIN unnest(model.columns) AS k ON k.id = x.id
                     CROSS JOIN unnest(k.candidates) WITH ORDINALITY AS y(type, position)) AS candidate_types
              FROM unnest(model.columns) AS c
              JOIN unnest(model.tables) AS s ON s.ordinal = c.table_ordinal
             WHERE s.ordinal = ANY (ordinals)
             GROUP BY s.ordinal, s.source_name) AS t,
           LATERAL sq2pg.profile(options->>'source', t.table_name, t.names, t.candidate_columns, t.candidate_types,
                                 options->>'time_zone', (options->>'empty_as_null')::boolean) AS p
$$;
COMMENT ON FUNCTION sq2pg.profile_tables(jsonb, sq2pg.model, int[]) IS 'what the columns of some tables really hold';

/*
 * Columns that foreign keys join, as numbered components.
 */
CREATE FUNCTION sq2pg.joined_columns(n int, all_foreign_keys sq2pg.foreign_key_plan[])
    RETURNS TABLE (id int, component int)
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH edges AS (
        SELECT x.child, x.parent
          FROM unnest(all_foreign_keys) AS f, unnest(f.columns, f.parent_columns) AS x(child, parent)
         WHERE f.problem IS NULL AND x.child <> x.parent
    ), ends AS (
        -- given in both directions, so that components are what hangs together
        SELECT coalesce(array_agg(child) || array_agg(parent), '{}') AS a,
               coalesce(array_agg(parent) || array_agg(child), '{}') AS b FROM edges
    )
    SELECT l.ordinal, l.component FROM ends, sq2pg.load_order(n, ends.a, ends.b) AS l WHERE l.in_cycle
$$;
COMMENT ON FUNCTION sq2pg.joined_columns(int, sq2pg.foreign_key_plan[]) IS 'columns that foreign keys join, with the number of their group';

CREATE FUNCTION sq2pg.type_family(type text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN type IN ('smallint', 'integer', 'bigint') OR type ~ '^numeric' THEN 'number'
                WHEN type = 'text' OR type ~ '^varchar' THEN 'text'
                ELSE type END
$$;
COMMENT ON FUNCTION sq2pg.type_family(text) IS 'types between which widening is a matter of size only';

CREATE FUNCTION sq2pg.can_refer(type text, key_type text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT AS $$
    -- the key's index must be able to look for the value
    SELECT sq2pg.type_family(type) = sq2pg.type_family(key_type) AND NOT (type ~ '^numeric' AND key_type !~ '^numeric')
$$;
COMMENT ON FUNCTION sq2pg.can_refer(text, text) IS 'does PostgreSQL allow a foreign key between columns of these types?';

/*
 * A column that refers to a key of another kind is tried with that key's type
 * first: TEXT that refers to an INTEGER PRIMARY KEY holds integers, or
 * orphans.
 */
CREATE FUNCTION sq2pg.prefer_key_types(all_columns sq2pg.column_plan[], all_foreign_keys sq2pg.foreign_key_plan[])
    RETURNS sq2pg.column_plan[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH joined AS (
        SELECT * FROM sq2pg.joined_columns(cardinality(all_columns), all_foreign_keys)
    ), children AS (
        SELECT DISTINCT x.child AS id
          FROM unnest(all_foreign_keys) AS f, unnest(f.columns, f.parent_columns) AS x(child, parent)
         WHERE f.problem IS NULL AND x.child <> x.parent
    ), preferred AS (
        -- the key at the root of its group, an identity before others
        SELECT DISTINCT ON (j.component) j.component, c.candidates[1] AS type,
               -- named by the caller
               cardinality(c.candidates) = 1 AND c.candidates[1] <> 'bigint' AS is_fixed
          FROM joined AS j
          JOIN unnest(all_columns) AS c USING (id)
          LEFT JOIN children AS h USING (id)
         WHERE NOT c.dynamic
         ORDER BY j.component, c.is_identity DESC, h.id IS NOT NULL, c.id
    )
    SELECT array_agg(ROW(c.id, c.table_ordinal, c.ordinal, c.source_name, c.target_name, c.declared, c.not_null,
                         c.pk_position, c.hidden, c.collation_name, c.default_text, c.is_identity, c.sequence_name,
                         c.proposed,
                         CASE WHEN o.other THEN p.type || c.candidates ELSE c.candidates END,
                         c.dynamic AND NOT coalesce(o.other, false), c.type, c.using_text,
                         c.staging_type)::sq2pg.column_plan ORDER BY c.id)
      FROM unnest(all_columns) AS c
      LEFT JOIN joined AS j USING (id)
      LEFT JOIN preferred AS p USING (component)
     CROSS JOIN LATERAL (SELECT cardinality(c.candidates) > 1
                            AND (p.is_fixed AND p.type <> c.candidates[1]
                                 OR NOT sq2pg.can_refer(c.candidates[1], p.type))) AS o(other)
$$;
COMMENT ON FUNCTION sq2pg.prefer_key_types(sq2pg.column_plan[], sq2pg.foreign_key_plan[]) IS
    'lets columns be tried with the type of the key that they refer to';

/*
 * The type of every column: of those that were profiled the first candidate
 * that fits, of the others the first; then one type for columns that foreign
 * keys join.  An identity column stays what it is: what does not fit it
 * cannot refer to it (sq2pg.split_types).
 */
CREATE FUNCTION sq2pg.choose_types(all_columns sq2pg.column_plan[], all_foreign_keys sq2pg.foreign_key_plan[],
                                   all_profiles sq2pg.column_profile[])
    RETURNS sq2pg.column_plan[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH measured AS (
        SELECT p.column_id, array_agg(p.misfits ORDER BY x.place) AS misfits,
               min(p.integers) AS integers, min(p.reals) AS reals, min(p.texts) AS texts, min(p.blobs) AS blobs, min(p.nulls) AS nulls
          FROM unnest(all_profiles) AS p
          JOIN unnest(all_columns) AS c ON c.id = p.column_id
         CROSS JOIN LATERAL (SELECT array_position(c.candidates, p.candidate)) AS x(place)
         GROUP BY p.column_id
    ), own AS (
        SELECT c.id, c.is_identity, CASE WHEN m.column_id IS NULL OR cardinality(c.candidates) = 1 THEN c.candidates[1]
                          ELSE sq2pg.choose_type(c.candidates, c.dynamic, m.misfits, m.integers, m.reals, m.texts,
                                                 m.blobs) END AS type,
               -- neither declaration nor data says anything
               c.dynamic AND coalesce(m.integers + m.reals + m.texts + m.blobs = 0, false) AS is_blank
          FROM unnest(all_columns) AS c LEFT JOIN measured AS m ON m.column_id = c.id
    ), joined AS (
        SELECT * FROM sq2pg.joined_columns(cardinality(all_columns), all_foreign_keys)
    ), common AS (
        SELECT j.component, min(o.type) FILTER (WHERE o.is_identity) AS identity_type,
               sq2pg.common_type(array_agg(o.type) FILTER (WHERE NOT o.is_blank)) AS type
          FROM joined AS j JOIN own AS o USING (id)
         GROUP BY j.component
    )
    SELECT array_agg(ROW(c.id, c.table_ordinal, c.ordinal, c.source_name, c.target_name, c.declared,
                         c.not_null AND coalesce(n.nulls, 0) = 0,
                         c.pk_position, c.hidden, c.collation_name, c.default_text, c.is_identity, c.sequence_name,
                         c.proposed, c.candidates, c.dynamic,
                         CASE WHEN c.using_text IS NOT NULL THEN c.proposed
                              WHEN o.is_blank THEN coalesce(m.identity_type, m.type, o.type)
                              WHEN m.type = coalesce(m.identity_type, m.type) THEN m.type
                              ELSE o.type END,
                         c.using_text, o.type)::sq2pg.column_plan ORDER BY c.id)
      FROM unnest(all_columns) AS c
      JOIN own AS o USING (id)
      LEFT JOIN joined AS j USING (id)
      LEFT JOIN common AS m USING (component)
      LEFT JOIN measured AS n ON n.column_id = c.id
$$;
COMMENT ON FUNCTION sq2pg.choose_types(sq2pg.column_plan[], sq2pg.foreign_key_plan[], sq2pg.column_profile[]) IS
    'the type of every column, from its candidates and what is known of its data';

/*
 * Columns that hold NULL in spite of NOT NULL (a damaged schema, or one that
 * was edited by force) lose it.
 */
CREATE FUNCTION sq2pg.not_null_notes(before sq2pg.column_plan[], after sq2pg.column_plan[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(a.table_ordinal, a.source_name, 'warning', 'not_null_left_out', NULL, NULL,
                                  format('column "%s" holds NULL and is no longer NOT NULL', a.source_name),
                                  'Fill the NULLs, then run ALTER TABLE ... SET NOT NULL.')::sq2pg.note ORDER BY a.id), '{}')
      FROM unnest(after) AS a JOIN unnest(before) AS b USING (id)
     WHERE b.not_null AND NOT a.not_null
$$;
COMMENT ON FUNCTION sq2pg.not_null_notes(sq2pg.column_plan[], sq2pg.column_plan[]) IS 'columns that had to lose NOT NULL';

/*
 * Types that no B-tree can hold.
 */
CREATE FUNCTION sq2pg.has_no_order(type text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT type IN ('json', 'xml', 'point') $$;
COMMENT ON FUNCTION sq2pg.has_no_order(text) IS 'is there no B-tree for this type?';

/*
 * Foreign keys between columns that did not get one type.
 */
CREATE FUNCTION sq2pg.split_types(all_columns sq2pg.column_plan[], all_foreign_keys sq2pg.foreign_key_plan[])
    RETURNS sq2pg.foreign_key_plan[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(f.table_ordinal, f.source_name, f.name, f.columns, f.parent_ordinal, f.parent_columns,
                                  f.on_update, f.on_delete, f.deferral, f.column_names, f.original, f.match,
                                  coalesce(f.problem, s.problem))::sq2pg.foreign_key_plan
                              ORDER BY f.ordinality), '{}')
      FROM unnest(all_foreign_keys) WITH ORDINALITY AS f
      LEFT JOIN (SELECT k.ordinality AS place,
                        min(CASE WHEN NOT sq2pg.can_refer(c.type, p.type) AND cardinality(c.candidates) = 1 THEN
                                     format('column "%s" is of type %s, the key that it refers to of type %s', c.source_name,
                                            c.type, p.type)
                                 WHEN NOT sq2pg.can_refer(c.type, p.type) THEN
                                     format('column "%s" holds values that are not of type %s', c.source_name, p.type)
                                 ELSE format('type %s of column "%s" has no order', p.type, p.source_name) END) AS problem
                   FROM unnest(all_foreign_keys) WITH ORDINALITY AS k
                  CROSS JOIN unnest(k.columns, k.parent_columns) AS x(child, parent)
                   JOIN unnest(all_columns) AS c ON c.id = x.child
                   JOIN unnest(all_columns) AS p ON p.id = x.parent
                  WHERE k.problem IS NULL AND (NOT sq2pg.can_refer(c.type, p.type) OR sq2pg.has_no_order(p.type))
                  GROUP BY k.ordinality) AS s ON s.place = f.ordinality
$$;
COMMENT ON FUNCTION sq2pg.split_types(sq2pg.column_plan[], sq2pg.foreign_key_plan[]) IS
    'leaves out foreign keys whose two sides cannot have one type';

/*
 * What the report says about types that are not the proposed ones.  Of the
 * other candidates that were refused the one that fits best is told, too:
 * values with an offset refuse timestamp, but it may be one value that refuses
 * timestamptz.
 */
CREATE FUNCTION sq2pg.type_notes(model sq2pg.model, profiles sq2pg.column_profile[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH refused AS (
        SELECT DISTINCT ON (p.column_id) p.*
          FROM unnest(profiles) AS p
          JOIN unnest(model.columns) AS c ON c.id = p.column_id
         CROSS JOIN LATERAL (SELECT array_position(c.candidates, p.candidate) AS place,
                                    array_position(c.candidates, c.type) AS chosen) AS x
         WHERE p.misfits > 0 AND x.place < x.chosen
         ORDER BY p.column_id, p.misfits, x.place
    )
    SELECT coalesce(array_agg(ROW(c.table_ordinal, c.source_name, 'note', 'type_widened', nullif(p.misfits, 0),
                         CASE WHEN p.misfits > 0 THEN concat_ws(': ', 'rowid ' || p.example_rowid, p.example) END,
                         format('column "%s" became %s instead of %s: ', c.source_name, c.type, c.proposed)
                         || CASE WHEN p.misfits > 0 THEN
                                format('%s of %s values do not fit (%s)', p.misfits, p.source_rows - p.nulls,
                                       concat_ws(', ', p.reason, 'rowid ' || p.example_rowid))
                            ELSE 'a foreign key joins it to such a column' END
                         || CASE WHEN p.misfits > 0 AND r.candidate <> c.proposed AND r.misfits < p.misfits THEN
                                format(', and %s do not fit %s (%s)', r.misfits, r.candidate,
                                       concat_ws(', ', r.reason, 'rowid ' || r.example_rowid))
                            ELSE '' END,
                         CASE WHEN c.type IN ('text', 'bytea') AND r.misfits < r.source_rows - r.nulls THEN
                                CASE WHEN r.example = 'TEXT ''''' THEN 'If '''' means NULL: empty_as_null => true. ' ELSE '' END
                                || format('For %s all the same: types => %L; on_bad_value says what becomes of the values that do not fit.',
                                          r.candidate, jsonb_build_object(t.source_name || '.' || c.source_name, r.candidate))
                         END)::sq2pg.note ORDER BY c.id), '{}')
      FROM unnest(model.columns) AS c
      JOIN unnest(model.tables) AS t ON t.ordinal = c.table_ordinal
      LEFT JOIN unnest(profiles) AS p ON p.column_id = c.id AND p.candidate = c.proposed
      LEFT JOIN refused AS r ON r.column_id = c.id
     WHERE c.type <> c.proposed AND c.using_text IS NULL
       -- a declaration that says nothing proposes nothing
       AND NOT (SELECT y.dynamic FROM sq2pg.type_candidates(c.declared, false) AS y)
$$;
COMMENT ON FUNCTION sq2pg.type_notes(sq2pg.model, sq2pg.column_profile[]) IS 'one note for each column that has another type than its declaration proposes';
