/* round_trip: what would not come back as it is, from SQLite to PostgreSQL and by sq2pg_export to SQLite? */

/*
 * A column of a SQLite database and what it is, or will be, in PostgreSQL.
 */
CREATE TYPE sq2pg.trip_column AS (
    table_ordinal int,
    ordinal       int,
    source_table  text,
    target_table  text,
    source_name   text,
    target_name   text,         -- NULL: there is none
    type          text,
    computed      boolean);     -- by an expression of the caller's

/*
 * What one way there and back does to a column.
 */
CREATE TYPE sq2pg.trip_result AS (
    place         int,          -- of the column in the list
    type          text,
    parameters    text[],       -- of sq2pg_export, other than those of the caller
    misfits       bigint,       -- values that the type cannot hold
    differing     bigint,
    sample        text,
    comes_back    text);

CREATE FUNCTION sq2pg.round_trip_values(source text, source_table text, source_columns text[], trial_columns int[],
                                        trial_types text[], trial_kinds text[], trial_expressions text[],
                                        trial_six_digits boolean[], time_zone text, empty_as_null boolean)
    RETURNS TABLE (trial int, misfits bigint, differing bigint, altered bigint, example_rowid bigint, sample text,
                   comes_back text)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_round_trip_values';
COMMENT ON FUNCTION sq2pg.round_trip_values(text, text, text[], int[], text[], text[], text[], boolean[], text, boolean) IS
    'tries types and forms of the export on every value of a SQLite table: which would come back as something else?';

/*
 * The columns of a run, with the types that it gives them or finds.
 */
CREATE FUNCTION sq2pg.trip_columns(options jsonb, model sq2pg.model, mode text) RETURNS SETOF sq2pg.trip_column
    LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
    profiles sq2pg.column_profile[];
BEGIN
    IF mode = 'create' THEN
        profiles := sq2pg.profile_tables(options, model, ARRAY(SELECT t.ordinal FROM unnest(model.tables) AS t));
        model.columns := sq2pg.choose_types(model.columns, model.foreign_keys, profiles);
        RETURN QUERY
            SELECT t.ordinal, c.ordinal, t.source_name, t.target_name, c.source_name, c.target_name::name::text, c.type,
                   c.using_text IS NOT NULL
              FROM unnest(model.columns) AS c JOIN unnest(model.tables) AS t ON t.ordinal = c.table_ordinal;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT t.ordinal, c.ordinal, t.source_name, r.relname::text, c.source_name, a.attname::text,
               format_type(a.atttypid, a.atttypmod), c.using_text IS NOT NULL
          FROM sq2pg.match_tables(model, true) AS m
          JOIN unnest(model.tables) AS t ON t.ordinal = m.table_ordinal
          JOIN unnest(model.columns) AS c ON c.table_ordinal = t.ordinal
          LEFT JOIN LATERAL unnest((m.load).column_ids, (m.load).target_columns) AS x(id, name) ON x.id = c.id
          LEFT JOIN pg_class AS r ON r.oid = m.relation
          LEFT JOIN pg_attribute AS a ON a.attrelid = m.relation AND a.attname = x.name;
END
$$;
COMMENT ON FUNCTION sq2pg.trip_columns(jsonb, sq2pg.model, text) IS 'columns of a source with their types in PostgreSQL';

/*
 * The forms in which values of a type can be exported, those of the caller
 * first, and what has to be said for the others.
 */
CREATE FUNCTION sq2pg.trip_forms(base oid, forms sq2pg.export_forms, with_others boolean)
    RETURNS TABLE (form sq2pg.export_forms, parameters text[])
    LANGUAGE sql IMMUTABLE AS $$
    SELECT ROW(CASE WHEN n THEN 'auto' ELSE forms.numeric_as END, forms.short_uuids <> u, forms.naive_instants <> z, forms.six_digits <> f)::sq2pg.export_forms,
           array_remove(ARRAY[
               CASE WHEN n THEN 'numeric_as => ''auto''' END,
               CASE WHEN u THEN format('uuid_as => %L', CASE WHEN forms.short_uuids THEN 'text' ELSE 'hex' END) END,
               CASE WHEN z THEN format('timestamptz_as => %L', CASE WHEN forms.naive_instants THEN 'offset' ELSE 'utc' END) END,
               CASE WHEN f THEN format('time_fraction => %L', CASE WHEN forms.six_digits THEN 'auto' ELSE 'always' END) END], NULL)
      FROM unnest(ARRAY[false, true]) AS n, unnest(ARRAY[false, true]) AS u, unnest(ARRAY[false, true]) AS z,
           unnest(ARRAY[false, true]) AS f
     WHERE NOT (n OR u OR z OR f)
        OR with_others
       AND (NOT n OR base IN ('numeric'::regtype, 'money'::regtype) AND forms.numeric_as <> 'auto')
       AND (NOT u OR base = 'uuid'::regtype)
       AND (NOT z OR base = 'timestamptz'::regtype)
       AND (NOT f OR base IN ('time'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype))
$$;
COMMENT ON FUNCTION sq2pg.trip_forms(oid, sq2pg.export_forms, boolean) IS 'in which forms a type can be exported';

/*
 * Columns of one table there and back, each as the types given. Numbers are
 * tried as numbers and as text; the export takes numbers if all are exact.
 */
CREATE FUNCTION sq2pg.trip_values(options jsonb, forms sq2pg.export_forms, columns sq2pg.trip_column[], places int[],
                                  types text[], with_others boolean) RETURNS SETOF sq2pg.trip_result
    LANGUAGE sql SET enable_nestloop = off AS $$
    WITH trials AS MATERIALIZED (
        SELECT row_number() OVER ()::int AS n, p.place, p.type, f.parameters, (f.form).six_digits, x.kind,
               CASE WHEN x.value <> '"$1"' THEN replace(x.value, '"$1"', '$1') END AS expression,
               i.is_number AND cardinality(d.choices) > 1 AS in_doubt, coalesce(i.is_number, true) AS is_first
          FROM unnest(places, types) AS p(place, type)
         CROSS JOIN LATERAL sq2pg.base_type(p.type) AS b
         CROSS JOIN LATERAL sq2pg.trip_forms(b.base, forms, with_others) AS f
         CROSS JOIN LATERAL (
               SELECT CASE WHEN b.base NOT IN ('numeric'::regtype, 'money'::regtype) THEN ARRAY[NULL::boolean]
                           WHEN sq2pg.export_is_number(b.typmod, f.form) IS NULL THEN ARRAY[true, false]
                           ELSE ARRAY[sq2pg.export_is_number(b.typmod, f.form)] END) AS d(choices)
         CROSS JOIN LATERAL unnest(d.choices) AS i(is_number)
         CROSS JOIN LATERAL sq2pg.export_type(b.base, b.typmod, '$1', i.is_number, f.form) AS x
    ), results AS (
        SELECT v.*
          FROM (SELECT array_agg(t.place ORDER BY t.n) AS places, array_agg(t.type ORDER BY t.n) AS types,
                       array_agg(t.kind ORDER BY t.n) AS kinds, array_agg(t.expression ORDER BY t.n) AS expressions,
                       array_agg(t.six_digits ORDER BY t.n) AS six_digits
                  FROM trials AS t) AS a
         CROSS JOIN LATERAL sq2pg.round_trip_values(options->>'source', columns[1].source_table,
                                ARRAY(SELECT c.source_name FROM unnest(columns) WITH ORDINALITY AS c ORDER BY c.ordinality),
                                a.places, a.types, a.kinds, a.expressions, a.six_digits, options->>'time_zone',
                                (options->>'empty_as_null')::boolean) AS v
    )
    SELECT DISTINCT ON (t.place, t.type, t.parameters)
           ROW(t.place, t.type, t.parameters, r.misfits, r.differing,
               concat_ws(': ', 'rowid ' || r.example_rowid, r.sample), r.comes_back)::sq2pg.trip_result
      FROM trials AS t JOIN results AS r ON r.trial = t.n
     WHERE NOT (t.in_doubt AND r.altered > 0)
     ORDER BY t.place, t.type, t.parameters, t.is_first DESC
$$;
COMMENT ON FUNCTION sq2pg.trip_values(jsonb, sq2pg.export_forms, sq2pg.trip_column[], int[], text[], boolean) IS
    'what becomes of the values of some columns of one table';

/*
 * How a column comes back unchanged: by other parameters of the export, else
 * as another type.
 */
CREATE FUNCTION sq2pg.trip_hints(options jsonb, forms sq2pg.export_forms, mode text, columns sq2pg.trip_column[],
                                 changed sq2pg.trip_result[]) RETURNS TABLE (place int, hint text)
    LANGUAGE sql SET enable_nestloop = off AS $$
    WITH types(type, rank) AS (
        VALUES ('json', 2), ('text', 3), ('bigint', 4), ('double precision', 5), ('numeric', 6), ('bytea', 7)
    ), tried AS (
        SELECT r.place, array_agg(y.type) AS types
          FROM unnest(changed) AS r
         CROSS JOIN LATERAL (SELECT r.type UNION
                             SELECT t.type FROM types AS t WHERE t.type <> 'json' OR r.type = 'jsonb') AS y
         GROUP BY r.place
    ), results AS (
        SELECT v.* FROM (SELECT array_agg(t.place) AS places, array_agg(t.type) AS types
                           FROM (SELECT t.place, y.type FROM tried AS t, unnest(t.types) AS y(type)) AS t) AS a,
               sq2pg.trip_values(options, forms, columns, a.places, a.types, true) AS v
    ), best AS (
        SELECT DISTINCT ON (v.place) v.place, v.type, v.parameters, v.type = r.type AS is_same
          FROM results AS v
          JOIN unnest(changed) AS r ON r.place = v.place
          LEFT JOIN types AS t ON t.type = v.type
         WHERE v.misfits = 0 AND v.differing = 0 AND (v.type = r.type OR v.parameters = '{}')
         ORDER BY v.place, v.type <> r.type, cardinality(v.parameters), t.rank
    )
    SELECT r.place,
           CASE WHEN b.is_same THEN format('Export with %s.', array_to_string(b.parameters, ', '))
                WHEN b.type IS NULL THEN 'There is no type that keeps all of its values.'
                WHEN mode = 'create' THEN
                    format('types => %L keeps it.', jsonb_build_object(c.source_table || '.' || c.source_name, b.type)::text)
                ELSE format('A column of type %s keeps it.', b.type) END
      FROM unnest(changed) AS r
      JOIN unnest(columns) WITH ORDINALITY AS c ON c.ordinality = r.place
      LEFT JOIN best AS b ON b.place = r.place
$$;
COMMENT ON FUNCTION sq2pg.trip_hints(jsonb, sq2pg.export_forms, text, sq2pg.trip_column[], sq2pg.trip_result[]) IS
    'how columns come back unchanged';

CREATE TYPE sq2pg.trip_finding AS (
    table_name  text,
    column_name text,
    type        text,
    occurrences bigint,
    sample      text,
    comes_back  text,
    message     text,
    hint        text);

/*
 * The values of one table.
 */
CREATE FUNCTION sq2pg.trip_table(options jsonb, forms sq2pg.export_forms, mode text, columns sq2pg.trip_column[])
    RETURNS SETOF sq2pg.trip_finding
    LANGUAGE plpgsql AS $$
DECLARE
    results   sq2pg.trip_result[];
    differing sq2pg.trip_result[];
    hints     jsonb := '{}';
BEGIN
    results := ARRAY(
        SELECT v FROM (SELECT array_agg(c.ordinality::int) AS places, array_agg(c.type) AS types
                         FROM unnest(columns) WITH ORDINALITY AS c WHERE c.type IS NOT NULL AND NOT c.computed) AS a,
               sq2pg.trip_values(options, forms, columns, a.places, a.types, false) AS v
         WHERE a.places IS NOT NULL);
    differing := ARRAY(SELECT ROW(r.*)::sq2pg.trip_result FROM unnest(results) AS r WHERE r.differing > 0);
    IF differing <> '{}' THEN
        hints := (SELECT jsonb_object_agg(h.place, h.hint)
                    FROM sq2pg.trip_hints(options, forms, mode, columns, differing) AS h);
    END IF;
    RETURN QUERY
        SELECT c.source_table, c.source_name, c.type, x.occurrences, x.sample, x.comes_back, x.message, x.hint
          FROM unnest(columns) WITH ORDINALITY AS c
          LEFT JOIN unnest(results) AS r ON r.place = c.ordinality
         CROSS JOIN LATERAL (
            SELECT 1, NULL::bigint, NULL::text, NULL::text, 'it has no column in PostgreSQL',
                   'Add it, or sq2pg_migrate(..., add_missing => true).'
             WHERE c.type IS NULL
            UNION ALL
            SELECT 2, NULL, NULL, NULL, 'it is computed by your expression: what comes back is not known', NULL
             WHERE c.computed
            UNION ALL
            SELECT 3, r.misfits, NULL, NULL, format('%s values do not fit type %s', r.misfits, c.type), 'sq2pg_check() tells more.'
             WHERE r.misfits > 0
            UNION ALL
            SELECT 4, r.differing, r.sample, r.comes_back,
                   format('%s values come back in another form', r.differing),
                   hints->>r.place::text
             WHERE r.differing > 0
            UNION ALL
            SELECT 5, NULL, NULL, NULL, format('it comes back as column "%s"', c.target_name), NULL
             WHERE c.target_name <> c.source_name) AS x(n, occurrences, sample, comes_back, message, hint)
         ORDER BY c.ordinal, x.n;
END
$$;
COMMENT ON FUNCTION sq2pg.trip_table(jsonb, sq2pg.export_forms, text, sq2pg.trip_column[]) IS
    'what of one table does not come back as it is';

/*
 * What concerns whole tables.
 */
CREATE FUNCTION sq2pg.trip_tables(options jsonb, model sq2pg.model, mode text, columns sq2pg.trip_column[]) RETURNS SETOF sq2pg.trip_finding
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT t.source_name, NULL, NULL, NULL::bigint, NULL, NULL, x.message, NULL
      FROM unnest(model.tables) AS t
     CROSS JOIN LATERAL (
        SELECT 1, 'it has no table in PostgreSQL'
         WHERE NOT EXISTS (SELECT FROM unnest(columns) AS c WHERE c.table_ordinal = t.ordinal AND c.target_table IS NOT NULL)
        UNION ALL
        SELECT 2, 'a virtual table comes back as an ordinary one' WHERE t.type = 'virtual'
        UNION ALL
        SELECT 3, format('it comes back as table "%s"', c.target_table)
          FROM (SELECT min(c.target_table) AS target_table FROM unnest(columns) AS c WHERE c.table_ordinal = t.ordinal) AS c
         WHERE c.target_table::name <> t.source_name
        UNION ALL
        SELECT 4, format('column "%s", which only PostgreSQL has, comes with it', a.attname)
          FROM (SELECT min(c.target_table) AS target_table, array_agg(c.target_name) AS names
                  FROM unnest(columns) AS c WHERE c.table_ordinal = t.ordinal) AS c
          JOIN pg_class AS r ON r.relnamespace = to_regnamespace(quote_ident(model.schema_name)) AND r.relname = c.target_table
          JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE mode = 'data' AND a.attname <> ALL (array_remove(c.names, NULL))) AS x(n, message)
    UNION ALL
    SELECT s.table_name, NULL, NULL, NULL, NULL, NULL, 'it is not migrated: ' || s.problem, NULL
      FROM sq2pg_tables(options->>'source') AS s
     WHERE s.type IN ('table', 'virtual') AND s.problem IS NOT NULL AND sq2pg.table_is_chosen(s.table_name, options)
    UNION ALL
    SELECT u.table_name, u.column_name, NULL, NULL, NULL, NULL, 'it is not migrated: ' || u.problem, NULL
      FROM sq2pg.unreadable_columns(options->>'source') AS u
     WHERE sq2pg.column_is_chosen(u.table_name, u.column_name, options)
$$;
COMMENT ON FUNCTION sq2pg.trip_tables(jsonb, sq2pg.model, text, sq2pg.trip_column[]) IS 'tables and columns that do not come back, or not as what they are';

CREATE FUNCTION sq2pg.round_trip(source text, target_schema name, include text[], exclude text[], rename jsonb, types jsonb,
                                 names text, empty_as_null boolean, time_zone text, numeric_as text, uuid_as text,
                                 timestamptz_as text, time_fraction text) RETURNS SETOF sq2pg.trip_finding
    LANGUAGE plpgsql AS $$
DECLARE
    options  jsonb := sq2pg.make_options(source, target_schema, 'auto', include, exclude, rename, 'append', types, names,
                                         'error', 'error', 'error', empty_as_null, time_zone, 'fire', NULL, false,
                                         'content', false);
    forms    sq2pg.export_forms := sq2pg.export_forms(numeric_as, uuid_as, timestamptz_as, time_fraction);
    prepared record;
    columns  sq2pg.trip_column[];
    t        record;
BEGIN
    SELECT * INTO prepared FROM sq2pg.prepare_run(options);
    IF (prepared.model).tables IS NULL THEN
        RETURN QUERY SELECT * FROM sq2pg.trip_tables(options, prepared.model, prepared.mode, '{}');
        RETURN;
    END IF;
    columns := ARRAY(SELECT c FROM sq2pg.trip_columns(prepared.options, prepared.model, prepared.mode) AS c);
    RETURN QUERY SELECT * FROM sq2pg.trip_tables(prepared.options, prepared.model, prepared.mode, columns);
    FOR t IN SELECT array_agg(ROW(c.*)::sq2pg.trip_column ORDER BY c.ordinal) AS columns
               FROM unnest(columns) AS c WHERE c.target_table IS NOT NULL
              GROUP BY c.table_ordinal ORDER BY c.table_ordinal LOOP
        RETURN QUERY SELECT * FROM sq2pg.trip_table(prepared.options, forms, prepared.mode, t.columns);
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.round_trip(text, name, text[], text[], jsonb, jsonb, text, boolean, text, text, text, text, text) IS
    'the work of sq2pg_round_trip';

CREATE FUNCTION sq2pg_round_trip(
    source text, target_schema name DEFAULT NULL, include text[] DEFAULT NULL, exclude text[] DEFAULT NULL,
    rename jsonb DEFAULT NULL, types jsonb DEFAULT NULL, names text DEFAULT 'keep', empty_as_null boolean DEFAULT false,
    time_zone text DEFAULT 'UTC', numeric_as text DEFAULT 'auto', uuid_as text DEFAULT 'text',
    timestamptz_as text DEFAULT 'offset', time_fraction text DEFAULT 'auto')
    RETURNS TABLE (table_name text, column_name text, type text, occurrences bigint, sample text, comes_back text,
                   message text, hint text)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_round_trip';
COMMENT ON FUNCTION sq2pg_round_trip(text, name, text[], text[], jsonb, jsonb, text, boolean, text, text, text, text, text) IS
    'lists what of a SQLite database would not come back as it is from sq2pg_export after sq2pg_migrate, without doing either; reads all data, writes nothing';
