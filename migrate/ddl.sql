/*
 * ddl: a model as statements
 *
 * Every function returns the statements of one phase for the whole model.
 * Names go through %I, values through %L; of text from the file only what
 * sq2pg.translate() has parsed and written anew gets into a statement.
 */

CREATE TYPE sq2pg.load AS (
    source_table   text,
    relation       text,        -- quoted and schema-qualified
    column_ids     int[],
    source_columns text[],
    target_columns text[],
    has_rowid      boolean,
    computed       text[]);     -- target columns made by the caller's expressions, or NULL

CREATE TYPE sq2pg.step AS (
    phase          text,
    table_ordinal  int,
    object         text,        -- what a person calls it
    statement      text,
    load           sq2pg.load); -- phase load: what the loader needs

/* Expressions of the source, translated; "problem" where that is impossible. */
CREATE TYPE sq2pg.expression AS (
    table_ordinal int,
    kind          text,         -- default, check, generated, index, where
    column_id     int,
    source_name   text,         -- of a check in SQLite, NULL: it has none
    name          text,         -- of the constraint or index
    position      int,
    original      text,
    translated    text,
    problem       text,
    notes         text);

/*
 * The columns of each table as sq2pg.translate() wants to know them.  Columns
 * that are not migrated are there, too, or SQLite's rule would take their
 * names in double quotes for strings; the \x01 in their names shows up in what
 * is translated with them.
 */
CREATE FUNCTION sq2pg.translation_columns(model sq2pg.model)
    RETURNS TABLE (table_ordinal int, columns jsonb)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT c.table_ordinal,
           jsonb_agg(jsonb_build_object('name', c.source_name, 'target', c.target_name, 'type', c.type,
                                        'collation', c.collation_name, 'affinity', sq2pg.affinity(c.declared))
                     ORDER BY c.ordinal) || coalesce(m.columns, '[]')
      FROM unnest(model.columns) AS c
      LEFT JOIN (SELECT t.ordinal, jsonb_agg(jsonb_build_object('name', f.key, 'target', f.key || E'\x01', 'affinity', a.name,
                                                                'type', CASE a.name WHEN 'INTEGER' THEN 'bigint'
                                                                                    WHEN 'REAL' THEN 'double precision'
                                                                                    WHEN 'NUMERIC' THEN 'numeric'
                                                                                    ELSE 'text' END)) AS columns
                   FROM unnest(model.tables) AS t
                  CROSS JOIN jsonb_each(CASE WHEN jsonb_typeof(t.facts->'columns') = 'object' THEN t.facts->'columns' END) AS f
                  CROSS JOIN LATERAL (SELECT sq2pg.affinity(coalesce(f.value->>'type', ''))) AS a(name)
                   LEFT JOIN unnest(model.columns) AS x ON x.table_ordinal = t.ordinal AND x.source_name = f.key
                  WHERE x.id IS NULL GROUP BY t.ordinal) AS m ON m.ordinal = c.table_ordinal
     GROUP BY c.table_ordinal, m.columns
$$;
COMMENT ON FUNCTION sq2pg.translation_columns(sq2pg.model) IS 'what the translator has to know of the columns of each table';

/*
 * SQLite's affinity of a declared type, by its five rules.
 */
CREATE FUNCTION sq2pg.affinity(declared text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN upper(declared) LIKE '%INT%' THEN 'INTEGER'
                WHEN upper(declared) ~ 'CHAR|CLOB|TEXT' THEN 'TEXT'
                WHEN upper(declared) LIKE '%BLOB%' OR declared = '' THEN 'BLOB'
                WHEN upper(declared) ~ 'REAL|FLOA|DOUB' THEN 'REAL'
                ELSE 'NUMERIC' END
$$;
COMMENT ON FUNCTION sq2pg.affinity(text) IS 'SQLite''s affinity of a declared type';

/*
 * The same for tables with several generated columns, with a name for each of
 * these that no translation has otherwise: PostgreSQL does not let one
 * generated column refer to another, and this shows whether it does.
 */
CREATE FUNCTION sq2pg.marked_columns(model sq2pg.model)
    RETURNS TABLE (table_ordinal int, columns jsonb)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT k.table_ordinal,
           (SELECT jsonb_agg(CASE WHEN g.names ? (x.value->>'name')
                                  THEN x.value || jsonb_build_object('target', (x.value->>'target') || E'\x01') ELSE x.value END)
              FROM jsonb_array_elements(k.columns) AS x)
      FROM sq2pg.translation_columns(model) AS k
      JOIN (SELECT c.table_ordinal, jsonb_agg(c.source_name) AS names
              FROM unnest(model.columns) AS c WHERE c.hidden IN ('stored', 'virtual')
             GROUP BY c.table_ordinal HAVING count(*) > 1) AS g USING (table_ordinal)
$$;
COMMENT ON FUNCTION sq2pg.marked_columns(sq2pg.model) IS 'columns for the translator, generated ones under other names';

/*
 * All expressions of the schema, with the type that is wanted.
 */
CREATE FUNCTION sq2pg.source_expressions(model sq2pg.model)
    RETURNS TABLE (table_ordinal int, kind text, column_id int, source_name text, name text, place int, original text,
                   wanted text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT c.table_ordinal, 'default', c.id, NULL::text, NULL::text, 0, c.default_text, c.type
      FROM unnest(model.columns) AS c
     WHERE c.default_text IS NOT NULL AND c.hidden IS NULL AND NOT c.is_identity
    UNION ALL
    SELECT c.table_ordinal, 'generated', c.id, NULL, NULL, 0, t.facts->'columns'->c.source_name->>'generated', c.type
      FROM unnest(model.columns) AS c
      JOIN unnest(model.tables) AS t ON t.ordinal = c.table_ordinal
     WHERE c.hidden IN ('stored', 'virtual')
    UNION ALL
    SELECT t.ordinal, 'check', NULL, k.value->>'name',
           coalesce(k.value->>'name', concat_ws('_', t.target_name, c.target_name, 'check')),
           k.ordinality::int, k.value->>'expression', NULL
      FROM unnest(model.tables) AS t
     CROSS JOIN jsonb_array_elements(coalesce(nullif(t.facts->'checks', 'null'), '[]')) WITH ORDINALITY AS k
      LEFT JOIN unnest(model.columns) AS c
             ON c.table_ordinal = t.ordinal AND lower(c.source_name) = lower(k.value->>'column')
    UNION ALL
    SELECT i.table_ordinal, 'index', NULL, NULL, i.target_name, k.ordinality::int,
           -- the collation belongs to what is compared
           CASE WHEN k.value->>'collation' IS NULL THEN k.value->>'expression'
                ELSE format('(%s) COLLATE "%s"', k.value->>'expression', replace(k.value->>'collation', '"', '""')) END,
           NULL
      FROM unnest(model.indexes) AS i,
           jsonb_array_elements(coalesce(nullif(i.facts->'keys', 'null'), '[]')) WITH ORDINALITY AS k
     WHERE k.value->>'expression' IS NOT NULL AND k.value->>'column' IS NULL
    UNION ALL
    SELECT i.table_ordinal, 'where', NULL, NULL, i.target_name, 0, i.facts->>'where', NULL
      FROM unnest(model.indexes) AS i
     WHERE i.facts->>'where' IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.source_expressions(sq2pg.model) IS 'defaults, checks, generated columns and index expressions as they are written';

/*
 * Checks get names that are unique among the constraints of their table, those
 * that have one in SQLite before others.
 */
CREATE FUNCTION sq2pg.name_checks(model sq2pg.model)
    RETURNS TABLE (table_ordinal int, place int, name text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT g.table_ordinal, x.place, x.name
      FROM (SELECT e.table_ordinal, array_agg(e.place ORDER BY e.source_name IS NULL, e.place) AS places,
                   array_agg(CASE WHEN e.source_name IS NULL THEN e.name
                                  ELSE sq2pg.fold_name(e.name, model.names) END
                             ORDER BY e.source_name IS NULL, e.place) AS names
              FROM sq2pg.source_expressions(model) AS e WHERE e.kind = 'check' GROUP BY e.table_ordinal) AS g
      LEFT JOIN (SELECT o.table_ordinal, array_agg(o.name) AS names
                   FROM (SELECT k.table_ordinal, k.name FROM unnest(model.keys) AS k
                         UNION ALL
                         SELECT f.table_ordinal, f.name FROM unnest(model.foreign_keys) AS f) AS o
                  GROUP BY o.table_ordinal) AS t USING (table_ordinal)
     CROSS JOIN LATERAL unnest(g.places, sq2pg.unique_names(g.names, coalesce(t.names, '{}'))) AS x(place, name)
$$;
COMMENT ON FUNCTION sq2pg.name_checks(sq2pg.model) IS 'names of CHECK constraints in PostgreSQL';

/*
 * All expressions of the schema, translated with the chosen types.
 */
CREATE FUNCTION sq2pg.translate_expressions(model sq2pg.model) RETURNS sq2pg.expression[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(o.table_ordinal, o.kind, o.column_id, o.source_name, coalesce(n.name, o.name), o.place,
                                  o.original, CASE WHEN p.problem IS NULL THEN x.translated END, p.problem,
                                  x.notes)::sq2pg.expression), '{}')
      FROM sq2pg.source_expressions(model) AS o
      JOIN sq2pg.translation_columns(model) AS k USING (table_ordinal)
      LEFT JOIN sq2pg.marked_columns(model) AS m USING (table_ordinal)
      LEFT JOIN sq2pg.name_checks(model) AS n
             ON o.kind = 'check' AND n.table_ordinal = o.table_ordinal AND n.place = o.place
     CROSS JOIN LATERAL sq2pg.translate(coalesce(o.original, ''), o.kind, k.columns, o.wanted) AS x
     CROSS JOIN LATERAL (SELECT CASE WHEN x.translated IS NULL THEN coalesce(x.problem, 'it could not be read')
                                     WHEN strpos(x.translated, E'\x01') > 0 THEN 'a column of it is not migrated'
                                     WHEN o.kind = 'generated' AND m.columns IS NOT NULL
                                          AND (SELECT y.translated IS DISTINCT FROM x.translated
                                                 FROM sq2pg.translate(coalesce(o.original, ''), o.kind, m.columns, o.wanted) AS y)
                                         THEN 'it refers to another generated column' END) AS p(problem)
$$;
COMMENT ON FUNCTION sq2pg.translate_expressions(sq2pg.model) IS 'defaults, checks, generated columns and index expressions as PostgreSQL text';

/*
 * What is left out is told with its text, and what an expression does in
 * another way than in SQLite is told, too.
 */
CREATE FUNCTION sq2pg.expression_notes(all_expressions sq2pg.expression[], all_columns sq2pg.column_plan[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(ROW(e.table_ordinal, c.source_name,
                                  CASE WHEN e.problem IS NULL THEN 'note' ELSE 'warning' END,
                                  e.kind || CASE WHEN e.problem IS NULL THEN '_changed' ELSE '_left_out' END,
                                  NULL, e.original,
                         CASE e.kind
                             WHEN 'default' THEN format('default of column "%s"', c.source_name)
                             WHEN 'generated' THEN format('expression of column "%s"', c.source_name)
                             WHEN 'check' THEN 'check constraint' || coalesce(' "' || e.source_name || '"', '')
                             ELSE format('expression of index "%s"', e.name)
                         END
                         || CASE WHEN e.problem IS NULL THEN format(': %s (%s)', e.original, e.notes)
                                 WHEN e.kind = 'generated' THEN format(' is left out, its values are kept: %s (%s)', e.original, e.problem)
                                 ELSE format(' is left out: %s (%s)', e.original, e.problem) END,
                         NULL)::sq2pg.note ORDER BY e.table_ordinal, e.kind, e.column_id, e.position), '{}')
      FROM unnest(all_expressions) AS e
      LEFT JOIN unnest(all_columns) AS c ON c.id = e.column_id
     -- index_notes() tells of indexes that are left out
     WHERE e.problem IS NOT NULL AND e.kind IN ('default', 'generated', 'check')
        OR e.problem IS NULL AND e.notes IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.expression_notes(sq2pg.expression[], sq2pg.column_plan[]) IS
    'one note for each default, check or generated column that has no equivalent or another one';

CREATE FUNCTION sq2pg.column_definition(c sq2pg.column_plan, schema_name name, default_value text, generated text)
    RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format('%I %s', c.target_name, c.type)
        || CASE WHEN c.is_identity THEN
                     format(' GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME %I.%I)', schema_name, c.sequence_name)
                WHEN generated IS NOT NULL THEN format(' GENERATED ALWAYS AS (%s) STORED', generated)
                WHEN default_value IS NOT NULL THEN ' DEFAULT ' || default_value
                ELSE '' END
        || CASE WHEN c.not_null THEN ' NOT NULL' ELSE '' END
$$;
COMMENT ON FUNCTION sq2pg.column_definition(sq2pg.column_plan, name, text, text) IS 'a column of CREATE TABLE';

CREATE FUNCTION sq2pg.create_steps(model sq2pg.model, all_expressions sq2pg.expression[]) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT array_agg(ROW('create', t.ordinal, t.target_name,
                         format(E'CREATE TABLE %I.%I (\n    %s\n)', model.schema_name, t.target_name, d.definitions),
                         NULL)::sq2pg.step ORDER BY t.rank)
      FROM unnest(model.tables) AS t
      JOIN (SELECT c.table_ordinal,
                   string_agg(sq2pg.column_definition(ROW(c.*)::sq2pg.column_plan, model.schema_name,
                                                      d.translated, g.translated),
                              E',\n    ' ORDER BY c.ordinal) AS definitions
              FROM unnest(model.columns) AS c
              LEFT JOIN unnest(all_expressions) AS d ON d.kind = 'default' AND d.column_id = c.id
              LEFT JOIN unnest(all_expressions) AS g ON g.kind = 'generated' AND g.column_id = c.id
             GROUP BY c.table_ordinal) AS d ON d.table_ordinal = t.ordinal
$$;
COMMENT ON FUNCTION sq2pg.create_steps(sq2pg.model, sq2pg.expression[]) IS 'CREATE TABLE, bare but for NOT NULL, defaults and identity';

/*
 * Server and schema of the foreign tables of a printed plan.
 */
CREATE FUNCTION sq2pg.staging_name() RETURNS name
    LANGUAGE sql IMMUTABLE AS $$ SELECT 'sq2pg_plan_source'::name $$;
COMMENT ON FUNCTION sq2pg.staging_name() IS 'server and schema from which a printed plan reads';

/*
 * The same for what we execute ourselves.  Nobody else's: two sessions that
 * made a server of one name would wait for each other.
 */
CREATE FUNCTION sq2pg.own_staging_name() RETURNS name
    LANGUAGE sql STABLE AS $$ SELECT format('sq2pg_source_%s', pg_backend_pid())::name $$;
COMMENT ON FUNCTION sq2pg.own_staging_name() IS 'server and schema from which a statement of this session reads';

/*
 * The foreign tables from which statements read, with the types of the tables
 * that they fill.
 */
CREATE FUNCTION sq2pg.staging_steps(model sq2pg.model, staging name) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT array_agg(ROW('source', t.ordinal, t.target_name,
                         format(E'CREATE FOREIGN TABLE %I.%I (\n    %s\n) SERVER %I OPTIONS ("table" %L)', staging,
                                t.target_name, d.definitions, staging, t.source_name),
                         NULL)::sq2pg.step ORDER BY t.rank)
      FROM unnest(model.tables) AS t
      JOIN (SELECT c.table_ordinal,
                   string_agg(format('%I %s OPTIONS (column_name %L)', c.target_name,
                                     CASE WHEN c.using_text IS NULL THEN c.type ELSE c.staging_type END, c.source_name),
                              E',\n    ' ORDER BY c.ordinal) AS definitions
              FROM unnest(model.columns) AS c GROUP BY c.table_ordinal) AS d ON d.table_ordinal = t.ordinal
$$;
COMMENT ON FUNCTION sq2pg.staging_steps(sq2pg.model, name) IS 'foreign tables from which the loads of a plan read';

CREATE FUNCTION sq2pg.has_rowid(t sq2pg.table_plan) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT t.type = 'table' AND NOT t.without_rowid
           -- a column may hide it
       AND NOT EXISTS (SELECT FROM jsonb_object_keys(nullif(t.facts->'columns', 'null')) AS k WHERE lower(k) = 'rowid')
$$;
COMMENT ON FUNCTION sq2pg.has_rowid(sq2pg.table_plan) IS 'can the rows of a SQLite table be named by rowid?';

CREATE FUNCTION sq2pg.load_steps(model sq2pg.model, all_expressions sq2pg.expression[], staging name DEFAULT sq2pg.staging_name())
    RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT array_agg(ROW('load', t.ordinal, t.target_name,
                         format(E'INSERT INTO %I.%I (%s)\n    SELECT %s FROM %I.%I', model.schema_name, t.target_name,
                                l.list, l.items, staging, t.target_name),
                         ROW(t.source_name, format('%I.%I', model.schema_name, t.target_name), l.column_ids,
                             l.source_columns, l.target_columns, sq2pg.has_rowid(ROW(t.*)::sq2pg.table_plan),
                             l.computed)::sq2pg.load)::sq2pg.step ORDER BY t.rank)
      FROM unnest(model.tables) AS t
      JOIN (SELECT c.table_ordinal, string_agg(quote_ident(c.target_name), ', ' ORDER BY c.ordinal) AS list,
                   string_agg(CASE WHEN c.using_text IS NULL THEN quote_ident(c.target_name)
                                   ELSE format('(%s)::%s', c.using_text, c.type) END, ', ' ORDER BY c.ordinal) AS items,
                   array_agg(c.target_name ORDER BY c.ordinal) FILTER (WHERE c.using_text IS NOT NULL) AS computed,
                   array_agg(c.id ORDER BY c.ordinal) AS column_ids,
                   array_agg(c.source_name ORDER BY c.ordinal) AS source_columns,
                   array_agg(c.target_name ORDER BY c.ordinal) AS target_columns
              FROM unnest(model.columns) AS c
             WHERE NOT EXISTS (SELECT FROM unnest(all_expressions) AS g
                                WHERE g.kind = 'generated' AND g.column_id = c.id AND g.translated IS NOT NULL)
             GROUP BY c.table_ordinal) AS l ON l.table_ordinal = t.ordinal
$$;
COMMENT ON FUNCTION sq2pg.load_steps(sq2pg.model, sq2pg.expression[], name) IS 'INSERT ... SELECT for each table, parents first';

/*
 * Is a text column compared by another rule than PostgreSQL's?
 */
CREATE FUNCTION sq2pg.is_folded(collation_name text, type text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(upper(collation_name) IN ('NOCASE', 'RTRIM') AND type ~ '^(text|varchar)', false)
$$;
COMMENT ON FUNCTION sq2pg.is_folded(text, text) IS 'does SQLite compare a column without case or trailing spaces?';

/*
 * A column as an index sees it.  NOCASE folds ASCII letters only, as lower()
 * does under the C collation.
 */
CREATE FUNCTION sq2pg.folded_column(name text, type text, collation_name text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN NOT sq2pg.is_folded(collation_name, type) THEN quote_ident(name)
                WHEN upper(collation_name) = 'NOCASE' THEN format('lower(%I COLLATE "C")', name)
                ELSE format('rtrim(%I, '' '')', name) END
$$;
COMMENT ON FUNCTION sq2pg.folded_column(text, text, text) IS 'column or expression by which an index compares as SQLite does';

/*
 * What becomes of the keys.  SQLite lets a primary key hold NULLs; such a key
 * becomes UNIQUE, which is what it was.  A key that compares without case or
 * trailing spaces is a unique index; beside it stands the constraint where it
 * is the primary key or foreign keys need it.
 */
CREATE FUNCTION sq2pg.key_definitions(model sq2pg.model, null_columns int[])
    RETURNS TABLE (place bigint, table_ordinal int, kind text, name text, columns text, source_columns text,
                   is_folded boolean, folded_columns text, has_constraint boolean, is_primary boolean,
                   is_added boolean, index_name text, problem text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT k.ordinality, k.table_ordinal, k.kind, k.name, c.plain, c.source, c.folded, c.folded_columns,
           k.kind = 'p' OR k.referenced OR NOT c.folded, k.kind = 'p' AND NOT k.columns && null_columns,
           k.collations IS NULL,
           CASE WHEN k.kind = 'p' OR k.referenced THEN k.index_name ELSE k.name END, c.problem
      FROM unnest(model.keys) WITH ORDINALITY AS k
      JOIN (SELECT x.place, string_agg(quote_ident(x.target_name), ', ' ORDER BY x.n) FILTER (WHERE x.is_first) AS plain,
                   string_agg(x.source_name, ', ' ORDER BY x.n) AS source,
                   bool_or(sq2pg.is_folded(x.collation_name, x.type)) AS folded,
                   string_agg(sq2pg.folded_column(x.target_name, x.type, x.collation_name), ', ' ORDER BY x.n) AS folded_columns,
                   min(format('type %s of column "%s" has no order', x.type, x.source_name))
                       FILTER (WHERE sq2pg.has_no_order(x.type)) AS problem
              FROM (SELECT y.ordinality AS place, z.n, z.collation_name, c.source_name, c.target_name, c.type,
                           row_number() OVER (PARTITION BY y.ordinality, c.id ORDER BY z.n) = 1 AS is_first
                      FROM unnest(model.keys) WITH ORDINALITY AS y
                     CROSS JOIN unnest(y.columns, y.collations) WITH ORDINALITY AS z(id, collation_name, n)
                      JOIN unnest(model.columns) AS c ON c.id = z.id) AS x
             GROUP BY x.place) AS c ON c.place = k.ordinality
$$;
COMMENT ON FUNCTION sq2pg.key_definitions(sq2pg.model, int[]) IS 'all keys as PostgreSQL text, or why not';

CREATE FUNCTION sq2pg.key_steps(model sq2pg.model, null_columns int[]) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('key', t.ordinal, s.name, s.statement, NULL)::sq2pg.step
                              ORDER BY t.rank, k.kind, k.place, s.n), '{}')
      FROM sq2pg.key_definitions(model, null_columns) AS k
      JOIN unnest(model.tables) AS t ON t.ordinal = k.table_ordinal
     CROSS JOIN LATERAL (VALUES
           (1, k.has_constraint, k.name,
            format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s (%s)', model.schema_name, t.target_name, k.name,
                   CASE WHEN k.is_primary THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, k.columns)),
           (2, k.is_folded, k.index_name,
            CASE WHEN k.is_folded THEN format('CREATE UNIQUE INDEX %I ON %I.%I (%s)', k.index_name, model.schema_name,
                                              t.target_name, k.folded_columns) END)) AS s(n, wanted, name, statement)
     WHERE k.problem IS NULL AND s.wanted
$$;
COMMENT ON FUNCTION sq2pg.key_steps(sq2pg.model, int[]) IS 'primary keys and UNIQUE constraints';

CREATE FUNCTION sq2pg.key_notes(model sq2pg.model, null_columns int[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(k.table_ordinal, NULL, n.severity, n.code, NULL, NULL, n.message, n.hint)::sq2pg.note
                              ORDER BY k.table_ordinal, k.kind, k.place, n.code), '{}')
      FROM sq2pg.key_definitions(model, null_columns) AS k
     CROSS JOIN LATERAL (VALUES
           (k.problem IS NULL AND k.kind = 'p' AND NOT k.is_primary, 'warning', 'primary_key_holds_null',
            format('primary key on (%s) holds NULLs and became UNIQUE', k.columns), 'Fill the NULLs and add the primary key.'),
           (k.problem IS NULL AND k.is_folded, 'note', 'key_changed',
            format('%s (%s) compares as the unique index "%s" on (%s)%s', 
                   CASE k.kind WHEN 'p' THEN 'primary key' ELSE 'UNIQUE' END, k.source_columns, k.index_name, k.folded_columns,
                   CASE WHEN k.kind = 'p' THEN ', beside the key'
                        WHEN k.has_constraint THEN ', beside the constraint that foreign keys need' ELSE '' END),
            NULL),
           (k.problem IS NULL AND k.is_added, 'note', 'key_added',
            format('UNIQUE (%s) is added beside the unique index, since foreign keys refer to it', k.source_columns), NULL),
           (k.problem IS NOT NULL, 'warning', 'key_left_out',
            format('%s (%s) is left out: %s', CASE k.kind WHEN 'p' THEN 'primary key' ELSE 'UNIQUE' END, k.source_columns,
                   k.problem), NULL)) AS n(is_so, severity, code, message, hint)
     WHERE n.is_so
$$;
COMMENT ON FUNCTION sq2pg.key_notes(sq2pg.model, int[]) IS 'keys that are not what they were, or could not be made';

/*
 * The constraints that the checks of each table become: one each, and from the
 * 500th on a single one.  Every constraint that is added to a table costs
 * PostgreSQL a copy of the table's descriptor until the end of the
 * transaction, memory by the square of their number.  A conjunction is
 * violated by the same rows: by those for which one of its parts is false.
 */
CREATE FUNCTION sq2pg.check_groups(all_expressions sq2pg.expression[])
    RETURNS TABLE (table_ordinal int, name text, place int, checks bigint, condition text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT e.table_ordinal, (array_agg(e.name ORDER BY e.position))[1], min(e.position), count(*),
           CASE WHEN count(*) = 1 THEN min(e.translated)
                ELSE '(' || string_agg(e.translated, ') AND (' ORDER BY e.position) || ')' END
      FROM (SELECT x.*, least(row_number() OVER (PARTITION BY x.table_ordinal ORDER BY x.position), 500) AS n
              FROM unnest(all_expressions) AS x WHERE x.kind = 'check' AND x.translated IS NOT NULL) AS e
     GROUP BY e.table_ordinal, e.n
$$;
COMMENT ON FUNCTION sq2pg.check_groups(sq2pg.expression[]) IS 'CHECK constraints as PostgreSQL will have them';

CREATE FUNCTION sq2pg.check_steps(model sq2pg.model, all_expressions sq2pg.expression[]) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('check', t.ordinal, g.name,
                                  format('ALTER TABLE %I.%I ADD CONSTRAINT %I CHECK (%s)', model.schema_name, t.target_name,
                                         g.name, g.condition),
                                  NULL)::sq2pg.step ORDER BY t.rank, g.place), '{}')
      FROM unnest(model.tables) AS t
      JOIN sq2pg.check_groups(all_expressions) AS g ON g.table_ordinal = t.ordinal
$$;
COMMENT ON FUNCTION sq2pg.check_steps(sq2pg.model, sq2pg.expression[]) IS 'CHECK constraints';

/*
 * All checks of a table by one statement, for one scan of its rows.
 */
CREATE FUNCTION sq2pg.checks_at_once(model sq2pg.model, all_expressions sq2pg.expression[]) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('check', t.ordinal, t.target_name,
                                  format('ALTER TABLE %I.%I %s', model.schema_name, t.target_name, c.additions),
                                  NULL)::sq2pg.step ORDER BY t.rank), '{}')
      FROM unnest(model.tables) AS t
      JOIN (SELECT g.table_ordinal, string_agg(format('ADD CONSTRAINT %I CHECK (%s)', g.name, g.condition), ', '
                                               ORDER BY g.place) AS additions
              FROM sq2pg.check_groups(all_expressions) AS g GROUP BY g.table_ordinal) AS c ON c.table_ordinal = t.ordinal
$$;
COMMENT ON FUNCTION sq2pg.checks_at_once(sq2pg.model, sq2pg.expression[]) IS 'CHECK constraints, those of a table in one statement';

CREATE FUNCTION sq2pg.check_notes(all_expressions sq2pg.expression[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(ROW(g.table_ordinal, NULL, 'note', 'check_joined', g.checks, NULL,
                                  format('%s checks are one constraint, "%s"', g.checks, g.name), NULL)::sq2pg.note
                              ORDER BY g.table_ordinal), '{}')
      FROM sq2pg.check_groups(all_expressions) AS g WHERE g.checks > 1
$$;
COMMENT ON FUNCTION sq2pg.check_notes(sq2pg.expression[]) IS 'checks that became one constraint because they are very many';

/*
 * One key of an index.
 */
CREATE FUNCTION sq2pg.index_key(c sq2pg.column_plan, expression text, fact jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN c IS NULL THEN '(' || expression || ')'
                ELSE sq2pg.folded_column(c.target_name, c.type, coalesce(fact->>'collation', c.collation_name)) END
        || CASE WHEN (fact->>'desc')::boolean THEN ' DESC' ELSE '' END
        || CASE fact->>'nulls' WHEN 'first' THEN ' NULLS FIRST' WHEN 'last' THEN ' NULLS LAST' ELSE '' END
$$;
COMMENT ON FUNCTION sq2pg.index_key(sq2pg.column_plan, text, jsonb) IS 'one key of CREATE INDEX';

/*
 * Each key of each index: its text, or what is wrong with it.
 */
CREATE FUNCTION sq2pg.index_keys(model sq2pg.model, all_expressions sq2pg.expression[])
    RETURNS TABLE (index_position bigint, key_position bigint, key text, problem text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT i.ordinality, x.n,
           CASE WHEN x.id IS NOT NULL OR e.translated IS NOT NULL THEN
               sq2pg.index_key(c, e.translated, i.facts->'keys'->(x.n - 1)::int) END,
           CASE WHEN x.id IS NULL AND e.problem IS NOT NULL THEN
                    format('%s has no equivalent: %s', e.original, e.problem)
                WHEN x.id IS NULL AND e.translated IS NULL THEN 'a column of it is not migrated'
                WHEN sq2pg.has_no_order(c.type) THEN
                    format('type %s of column "%s" has no order', c.type, c.source_name) END
      FROM unnest(model.indexes) WITH ORDINALITY AS i
     CROSS JOIN unnest(i.columns) WITH ORDINALITY AS x(id, n)
      LEFT JOIN unnest(model.columns) AS c ON c.id = x.id
      LEFT JOIN unnest(all_expressions) AS e
             ON e.kind = 'index' AND e.name = i.target_name AND e.position = x.n
$$;
COMMENT ON FUNCTION sq2pg.index_keys(sq2pg.model, sq2pg.expression[]) IS 'the keys of all indexes as PostgreSQL text';

/*
 * All indexes with the list of their keys, or why they are left out.
 */
CREATE FUNCTION sq2pg.index_definitions(model sq2pg.model, all_expressions sq2pg.expression[])
    RETURNS TABLE (index_position bigint, keys text, predicate text, problem text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT k.index_position, k.keys, w.translated,
           CASE WHEN i.facts ? 'error' THEN 'its definition could not be read'
                WHEN k.problem IS NOT NULL THEN k.problem
                WHEN w.problem IS NOT NULL THEN format('its condition has no equivalent: %s', w.problem)
                WHEN cardinality(i.columns) > 32 THEN 'PostgreSQL allows 32 keys' END
      FROM (SELECT x.index_position, string_agg(x.key, ', ' ORDER BY x.key_position) AS keys,
                   min(x.problem) AS problem
              FROM sq2pg.index_keys(model, all_expressions) AS x GROUP BY x.index_position) AS k
      JOIN unnest(model.indexes) WITH ORDINALITY AS i ON i.ordinality = k.index_position
      LEFT JOIN unnest(all_expressions) AS w ON w.kind = 'where' AND w.name = i.target_name
$$;
COMMENT ON FUNCTION sq2pg.index_definitions(sq2pg.model, sq2pg.expression[]) IS 'all indexes as PostgreSQL text, or why not';

CREATE FUNCTION sq2pg.index_steps(model sq2pg.model, all_expressions sq2pg.expression[]) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('index', t.ordinal, i.target_name,
                                  format('CREATE %sINDEX %I ON %I.%I (%s)%s',
                                         CASE WHEN i.is_unique THEN 'UNIQUE ' ELSE '' END,
                                         i.target_name, model.schema_name, t.target_name, d.keys,
                                         ' WHERE ' || d.predicate),
                                  NULL)::sq2pg.step ORDER BY t.rank, i.ordinality), '{}')
      FROM unnest(model.indexes) WITH ORDINALITY AS i
      JOIN unnest(model.tables) AS t ON t.ordinal = i.table_ordinal
      JOIN sq2pg.index_definitions(model, all_expressions) AS d ON d.index_position = i.ordinality
     WHERE d.problem IS NULL
$$;
COMMENT ON FUNCTION sq2pg.index_steps(sq2pg.model, sq2pg.expression[]) IS 'CREATE INDEX for everything that was made by CREATE INDEX';

CREATE FUNCTION sq2pg.index_notes(model sq2pg.model, all_expressions sq2pg.expression[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(i.table_ordinal, NULL, 'warning', 'index_left_out', NULL, i.sql,
                                  format('index "%s" is left out: %s', i.source_name, d.problem), NULL)::sq2pg.note), '{}')
      FROM unnest(model.indexes) WITH ORDINALITY AS i
      JOIN sq2pg.index_definitions(model, all_expressions) AS d ON d.index_position = i.ordinality
     WHERE d.problem IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.index_notes(sq2pg.model, sq2pg.expression[]) IS 'one note for each index that cannot be made';

CREATE FUNCTION sq2pg.foreign_key_steps(model sq2pg.model, not_valid bigint[]) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('foreign key', t.ordinal, f.name,
                                  concat_ws(' ',
                                      format('ALTER TABLE %I.%I ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %I.%I (%s)',
                                             model.schema_name, t.target_name, f.name,
                                             child.quoted, model.schema_name, p.target_name, parent.quoted),
                                      'ON UPDATE ' || nullif(f.on_update, 'NO ACTION'),
                                      'ON DELETE ' || nullif(f.on_delete, 'NO ACTION'),
                                      f.deferral,
                                      CASE WHEN f.ordinality = ANY (not_valid) THEN 'NOT VALID' END),
                                  NULL)::sq2pg.step ORDER BY t.rank, f.ordinality), '{}')
      FROM unnest(model.foreign_keys) WITH ORDINALITY AS f
      JOIN unnest(model.tables) AS t ON t.ordinal = f.table_ordinal
      JOIN unnest(model.tables) AS p ON p.ordinal = f.parent_ordinal
      JOIN sq2pg.column_lists(model.columns, ARRAY(SELECT y.columns::text FROM unnest(model.foreign_keys) AS y))
        AS child ON child.place = f.ordinality
      JOIN sq2pg.column_lists(model.columns, ARRAY(SELECT y.parent_columns::text FROM unnest(model.foreign_keys) AS y))
        AS parent ON parent.place = f.ordinality
     WHERE f.problem IS NULL
$$;
COMMENT ON FUNCTION sq2pg.foreign_key_steps(sq2pg.model, bigint[]) IS 'foreign keys with their actions; those at the places in not_valid are NOT VALID';

/*
 * The tables of a model as sq2pg.translate_view() wants to know them.
 */
CREATE FUNCTION sq2pg.translation_catalog(model sq2pg.model) RETURNS jsonb
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'name', t.source_name, 'schema', model.schema_name, 'target', t.target_name,
               'columns', c.columns, 'primary_key', k.names, 'rowid', i.name))), '[]')
      FROM unnest(model.tables) AS t
      JOIN sq2pg.translation_columns(model) AS c ON c.table_ordinal = t.ordinal
      LEFT JOIN (SELECT x.table_ordinal, jsonb_agg(x.source_name ORDER BY x.pk_position) AS names
                   FROM unnest(model.columns) AS x WHERE x.pk_position IS NOT NULL GROUP BY x.table_ordinal) AS k
             ON k.table_ordinal = t.ordinal
      LEFT JOIN (SELECT x.table_ordinal, x.source_name AS name
                   FROM unnest(model.columns) AS x WHERE x.is_identity) AS i ON i.table_ordinal = t.ordinal
$$;
COMMENT ON FUNCTION sq2pg.translation_catalog(sq2pg.model) IS 'what the translator has to know to read a view';

/*
 * Views, each after those that it reads: what cannot be translated yet is
 * tried again as long as others were.
 */
CREATE FUNCTION sq2pg.translate_views(options jsonb, INOUT model sq2pg.model)
    LANGUAGE plpgsql AS $$
DECLARE
    catalog  jsonb;
    views    sq2pg.view_plan[] := model.views;
    v        sq2pg.view_plan;
    x        record;
    progress boolean := true;
    place    int := 0;
BEGIN
    IF coalesce(cardinality(views), 0) = 0 THEN
        RETURN;                 -- most sources: the catalog is as large as the model
    END IF;
    catalog := (SELECT sq2pg.translation_catalog(model));
    WHILE progress LOOP
        progress := false;
        FOR i IN 1 .. cardinality(views) LOOP
            v := views[i];
            CONTINUE WHEN v.query IS NOT NULL;
            SELECT * INTO x FROM sq2pg.translate_view(v.sql, catalog);
            IF x.translated IS NULL OR strpos(x.translated, E'\x01') > 0 THEN
                v.problem := CASE WHEN x.translated IS NOT NULL THEN 'a column that it reads is not migrated'
                                  ELSE coalesce(x.problem, 'it could not be read') END;
            ELSE
                place := place + 1;
                v.place := place;
                v.problem := NULL;
                v.query := x.translated;
                v.notes := x.notes;
                v.column_names := sq2pg.unique_names(
                    ARRAY(SELECT sq2pg.fold_name(coalesce(c->>'target', c->>'name'), options->>'names')
                            FROM jsonb_array_elements(x.columns) AS c), '{}');
                catalog := catalog || jsonb_build_object(
                    'name', v.source_name, 'schema', model.schema_name, 'target', v.target_name,
                    'columns', (SELECT jsonb_agg(c.value || jsonb_build_object('target', v.column_names[c.ordinality]))
                                  FROM jsonb_array_elements(x.columns) WITH ORDINALITY AS c));
                progress := true;
            END IF;
            views[i] := v;
        END LOOP;
    END LOOP;
    model.views := views;
END
$$;
COMMENT ON FUNCTION sq2pg.translate_views(jsonb, sq2pg.model) IS 'translates the views of a model';

CREATE FUNCTION sq2pg.view_steps(model sq2pg.model) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(ROW('view', NULL, v.target_name,
                                  format(E'CREATE VIEW %I.%I (%s) AS\n%s', model.schema_name, v.target_name,
                                         (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                                            FROM unnest(v.column_names) WITH ORDINALITY AS x(c, n)), v.query),
                                  NULL)::sq2pg.step ORDER BY v.place), '{}')
      FROM unnest(model.views) AS v WHERE v.problem IS NULL
$$;
COMMENT ON FUNCTION sq2pg.view_steps(sq2pg.model) IS 'CREATE VIEW, in the order of what they read';

CREATE FUNCTION sq2pg.view_notes(model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(ROW(NULL, NULL, n.severity, n.code, NULL, v.sql, n.message, NULL)::sq2pg.note
                              ORDER BY v.ordinality, n.code), '{}')
      FROM unnest(model.views) WITH ORDINALITY AS v
     CROSS JOIN LATERAL (VALUES
           (v.problem IS NOT NULL, 'warning', 'view_left_out', format('view "%s" is left out: %s', v.source_name, v.problem)),
           (v.problem IS NULL AND v.notes IS NOT NULL, 'note', 'view_changed', format('view "%s": %s', v.source_name, v.notes)),
           (v.problem IS NULL AND v.target_name <> v.source_name,
            CASE WHEN v.target_name = sq2pg.fold_name(v.source_name, model.names) THEN 'note' ELSE 'warning' END, 'view_renamed',
            format('view "%s" is called "%s"', v.source_name, v.target_name))) AS n(is_so, severity, code, message)
     WHERE n.is_so
$$;
COMMENT ON FUNCTION sq2pg.view_notes(sq2pg.model) IS 'views that are left out, renamed or read in another way';
