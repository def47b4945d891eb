/* export: the way back, PostgreSQL to a new SQLite database; its parts in C and what they exchange */

/*
 * How values are written, from the parameters of sq2pg_export.
 */
CREATE TYPE sq2pg.export_forms AS (
    numeric_as    text,         -- auto | text | real
    short_uuids   boolean,      -- 32 digits
    naive_instants boolean,     -- timestamptz without offset
    six_digits    boolean);     -- .000000, too

CREATE TYPE sq2pg.export_table AS (
    relation      oid,
    source_name   text,         -- in PostgreSQL
    source        text,         -- what to select from
    name          text);        -- in SQLite

CREATE TYPE sq2pg.export_column AS (
    relation      oid,
    attnum        int,
    source_name   text,
    name          text,         -- in SQLite
    type          oid,          -- base type
    kind          text,         -- how a value is converted: see src/export_value.c
    value         text,         -- expression that is converted
    declared      text,         -- type in SQLite
    clauses       text,         -- what else stands behind it
    not_null      boolean,
    identity      boolean,      -- its next value comes from a sequence
    default_node  pg_node_tree, -- parsed default, or expression of a generated column
    generated     "char",
    labels        text[]);      -- of an enum

/*
 * Anything else of a table: a key, a check, an index, a view; or why there is
 * none.
 */
CREATE TYPE sq2pg.export_part AS (
    relation      oid,
    kind          text,
    name          text,         -- as the user knows it
    sql           text,         -- a clause, or a statement; NULL: left out
    problem       text,         -- why, or what is different
    attnum        int);         -- of the column to which it belongs

/*
 * The columns of a table by their numbers, for expressions.
 */
CREATE TYPE sq2pg.export_map AS (
    relation      oid,
    names         text[],       -- quoted for SQLite; NULL: not exported
    kinds         text[]);

CREATE FUNCTION sq2pg.export_begin(target text) RETURNS void
    LANGUAGE C VOLATILE STRICT AS 'MODULE_PATHNAME', 'sqm_export_begin';
COMMENT ON FUNCTION sq2pg.export_begin(text) IS 'begins a new SQLite database, in a temporary file';

CREATE FUNCTION sq2pg.export_lock(relations oid[]) RETURNS boolean
    LANGUAGE C VOLATILE STRICT AS 'MODULE_PATHNAME', 'sqm_export_lock';
COMMENT ON FUNCTION sq2pg.export_lock(oid[]) IS 'locks relations against changes of their definition; false if one is gone';

CREATE FUNCTION sq2pg.export_execute(statement text) RETURNS void
    LANGUAGE C VOLATILE STRICT AS 'MODULE_PATHNAME', 'sqm_export_execute';
COMMENT ON FUNCTION sq2pg.export_execute(text) IS 'a statement for the new SQLite database';

CREATE FUNCTION sq2pg.export_try(statement text) RETURNS text
    LANGUAGE C VOLATILE STRICT AS 'MODULE_PATHNAME', 'sqm_export_try';
COMMENT ON FUNCTION sq2pg.export_try(text) IS 'the same, returning what SQLite has against it';

CREATE FUNCTION sq2pg.export_answer(query text) RETURNS text[]
    LANGUAGE C VOLATILE STRICT AS 'MODULE_PATHNAME', 'sqm_export_answer';
COMMENT ON FUNCTION sq2pg.export_answer(text) IS 'first column of an answer of the new SQLite database';

CREATE FUNCTION sq2pg.export_rows(query text, insert_statement text, kinds text[], six_digits boolean,
                                  OUT rows bigint, OUT altered text[], OUT odd text[])
    RETURNS SETOF record
    LANGUAGE C VOLATILE STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_export_rows';
COMMENT ON FUNCTION sq2pg.export_rows(text, text, text[], boolean) IS
    'rows of a query into the new SQLite database; altered counts, for each column, values that are not exactly the same, odd those that are no dates there';

CREATE FUNCTION sq2pg.export_close() RETURNS void
    LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'sqm_export_close';
COMMENT ON FUNCTION sq2pg.export_close() IS 'completes the new SQLite database';

CREATE FUNCTION sq2pg.export_compare(stored_query text, written_query text, patience int,
                                     OUT stored_rows bigint, OUT written_rows bigint, OUT matches boolean, OUT problem text)
    RETURNS SETOF record
    LANGUAGE C VOLATILE STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_export_compare';
COMMENT ON FUNCTION sq2pg.export_compare(text, text, int) IS
    'do a query here and one in the new SQLite database give the same rows, in any order? NULL: SQLite took ten times as long, and longer than patience in milliseconds (-1: it may); problem: what SQLite said instead of giving its rows';

CREATE FUNCTION sq2pg.export_finish() RETURNS text
    LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'sqm_export_finish';
COMMENT ON FUNCTION sq2pg.export_finish() IS 'puts the new SQLite database where it belongs';

CREATE FUNCTION sq2pg.is_lite_number(value numeric) RETURNS boolean
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sqm_is_lite_number';
COMMENT ON FUNCTION sq2pg.is_lite_number(numeric) IS 'is a number exactly one that SQLite can hold?';

/*
 * Trees come from the catalogs only: nobody can write a value of their type.
 */
CREATE FUNCTION sq2pg.export_expression(expression pg_node_tree, names text[], kinds text[], may_change boolean,
                                        domain_value text, six_digits boolean, naive_instants boolean,
                                        short_uuids boolean, OUT sql text, OUT problem text)
    RETURNS SETOF record
    LANGUAGE C STABLE ROWS 1 AS 'MODULE_PATHNAME', 'sqm_export_expression';
COMMENT ON FUNCTION sq2pg.export_expression(pg_node_tree, text[], text[], boolean, text, boolean, boolean, boolean) IS
    'a parsed expression of PostgreSQL''s (or each of a list) for SQLite, or why there is none';

/*
 * All conditions or expressions of a list in one; NULL where one of them has
 * no equivalent.
 */
CREATE FUNCTION sq2pg.export_conditions(expressions pg_node_tree, map sq2pg.export_map, forms sq2pg.export_forms,
                                        OUT conditions text[], OUT problem text)
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN bool_and(e.sql IS NOT NULL) THEN array_agg(e.sql ORDER BY e.n) END, min(e.problem)
      FROM sq2pg.export_expression(expressions, map.names, map.kinds, false, NULL, forms.six_digits, forms.naive_instants,
                                   forms.short_uuids) WITH ORDINALITY AS e(sql, problem, n)
$$;
COMMENT ON FUNCTION sq2pg.export_conditions(pg_node_tree, sq2pg.export_map, sq2pg.export_forms) IS
    'a list of parsed expressions for SQLite';

CREATE FUNCTION sq2pg.lite_literal(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT '''' || replace(value, '''', '''''') || '''' $$;
COMMENT ON FUNCTION sq2pg.lite_literal(text) IS 'a string as SQLite reads it';

/*
 * Names that SQLite can tell apart: it does not look at the case of ASCII
 * letters, and keeps names that begin with sqlite_ for itself.
 */
CREATE FUNCTION sq2pg.export_names(names text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT array_agg(CASE WHEN f.folded = u.name THEN f.name ELSE u.name END ORDER BY f.n)
      FROM (SELECT n, CASE WHEN lower(x COLLATE "C") LIKE 'sqlite\_%' THEN '_' || x ELSE x END AS name,
                   CASE WHEN lower(x COLLATE "C") LIKE 'sqlite\_%' THEN '_' ELSE '' END || lower(x COLLATE "C") AS folded
              FROM unnest(names) WITH ORDINALITY AS w(x, n)) AS f
      JOIN unnest(sq2pg.unique_names(
               ARRAY(SELECT CASE WHEN lower(x COLLATE "C") LIKE 'sqlite\_%' THEN '_' ELSE '' END || lower(x COLLATE "C")
                       FROM unnest(names) WITH ORDINALITY AS w(x, n) ORDER BY n), '{}'))
           WITH ORDINALITY AS u(name, n) ON u.n = f.n
$$;
COMMENT ON FUNCTION sq2pg.export_names(text[]) IS 'names that are different for SQLite, too';
