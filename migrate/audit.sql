/*
 * audit: pairs of plain SQL for somebody who does not want to trust us
 *
 * One statement of each pair is for the sqlite3 program, the other for psql,
 * and both must print the same line.  Nothing of this extension is in either.
 * The source is read once to see in which columns that can be so: a comparison
 * that would differ for another reason than a difference is not offered, and
 * the result says for which columns there is none.
 */

CREATE TYPE sq2pg.audit_column AS (
    table_ordinal int,
    position      int,
    id            int,          -- in the model
    name          text,         -- in SQLite
    source        text,         -- expression of its value in SQLite
    target        text,         -- quoted name in PostgreSQL
    kind          text,         -- see sq2pg.audit_kind
    scale         int,          -- of numeric(p,s)
    type          text,         -- in PostgreSQL, for people
    -- what the source holds
    integers      bigint,
    reals         bigint,
    texts         bigint,
    blobs         bigint,
    lowest        bigint,       -- of the integers
    highest       bigint,
    magnitude     double precision,     -- highest absolute number
    plain         bigint,       -- texts: a decimal number, a time without offset
    zulu          bigint);      -- texts: a time in UTC

/* A string in a way that both programs read. */
CREATE FUNCTION sq2pg.audit_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT '''' || replace(value, '''', '''''') || '''' $$;
COMMENT ON FUNCTION sq2pg.audit_text(text) IS 'a string in single quotes, without escapes';

/*
 * What the values of a type can be compared as, NULL: as nothing that two
 * programs would print alike.
 */
CREATE FUNCTION sq2pg.audit_kind(type oid) RETURNS text
    LANGUAGE sql STABLE STRICT AS $$
    SELECT CASE WHEN b.oid IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) THEN 'integer'
                WHEN b.oid IN ('text'::regtype, 'varchar'::regtype, 'name'::regtype) OR b.typtype = 'e'
                     OR b.typname = 'citext' THEN 'text'
                WHEN b.oid = 'boolean'::regtype THEN 'boolean'
                WHEN b.oid = 'numeric'::regtype THEN 'numeric'
                WHEN b.oid = 'double precision'::regtype THEN 'float'
                WHEN b.oid = 'bytea'::regtype THEN 'bytea'
                WHEN b.oid = 'uuid'::regtype THEN 'uuid'
                WHEN b.oid = 'date'::regtype THEN 'date'
                WHEN b.oid = 'timestamp'::regtype THEN 'timestamp'
                WHEN b.oid = 'timestamptz'::regtype THEN 'timestamptz' END
      FROM pg_type AS b WHERE b.oid = sq2pg.base_type(audit_kind.type)
$$;
COMMENT ON FUNCTION sq2pg.audit_kind(oid) IS 'what values of a type can be compared as in an audit';

/*
 * Why the rows of a table cannot be compared by numbers: it holds others than
 * the source, and the report of the run says so.
 */
CREATE FUNCTION sq2pg.audit_obstacle(report jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN report IS NULL THEN 'the run did not load it'
                WHEN (report->>'rejected')::bigint > 0 OR (report->>'changed')::bigint > 0 THEN
                    format('the run left out %s rows and changed %s values (see sq2pg.rejects)', report->>'rejected', report->>'changed')
                WHEN report->>'action' IN ('append', 'skip', 'update') OR (report->>'skipped')::bigint > 0
                     AND report->>'action' <> 'unchanged' THEN
                    format('the target holds rows of its own (action %s)', report->>'action') END
$$;
COMMENT ON FUNCTION sq2pg.audit_obstacle(jsonb) IS 'why a table cannot be audited, by its row of the report';

/*
 * Columns with their partner in the target, without what the source holds.
 */
CREATE FUNCTION sq2pg.audit_columns(options jsonb, model sq2pg.model, matches sq2pg.data_table[]) RETURNS SETOF sq2pg.audit_column
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT m.table_ordinal, x.n::int, x.id, x.source,
           CASE WHEN (options->>'empty_as_null')::boolean AND t.typcategory <> 'S' AND k.kind IS DISTINCT FROM 'bytea'
                THEN format('nullif(%s COLLATE BINARY, '''')', sq2pg.lite_name(x.source)) ELSE sq2pg.lite_name(x.source) END,
           quote_ident(x.target),
           CASE WHEN x.target = ANY ((m.load).computed) THEN NULL ELSE k.kind END,
           CASE WHEN a.atttypid = 'numeric'::regtype AND a.atttypmod > 0 THEN (a.atttypmod - 4) & 2047 END,
           CASE WHEN x.target = ANY ((m.load).computed) THEN 'made by an expression' ELSE 'type ' || format_type(a.atttypid, a.atttypmod) END,
           0, 0, 0, 0, NULL::bigint, NULL::bigint, NULL::double precision, 0, 0
      FROM unnest(matches) AS m
     CROSS JOIN unnest((m.load).column_ids, (m.load).source_columns, (m.load).target_columns) WITH ORDINALITY AS x(id, source, target, n)
      JOIN pg_attribute AS a ON a.attrelid = to_regclass((m.load).relation) AND a.attname = x.target
      JOIN pg_type AS t ON t.oid = a.atttypid
     CROSS JOIN LATERAL (SELECT sq2pg.audit_kind(a.atttypid)) AS k(kind)
$$;
COMMENT ON FUNCTION sq2pg.audit_columns(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'columns of the source with their partners in the target';

/*
 * What a column holds: nine aggregates for one SELECT of SQLite's.
 */
CREATE FUNCTION sq2pg.audit_census(c sq2pg.audit_column) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(concat_ws(', ', 'count(CASE WHEN typeof(@) = ''integer'' THEN 1 END)', 'count(CASE WHEN typeof(@) = ''real'' THEN 1 END)',
                             'count(CASE WHEN typeof(@) = ''text'' THEN 1 END)', 'count(CASE WHEN typeof(@) = ''blob'' THEN 1 END)',
                             'min(CASE WHEN typeof(@) = ''integer'' THEN @ END)', 'max(CASE WHEN typeof(@) = ''integer'' THEN @ END)',
                             CASE WHEN c.kind IN ('integer', 'numeric', 'float')
                                  THEN 'max(abs(CASE WHEN typeof(@) <> ''blob'' THEN CAST(@ AS REAL) END))' ELSE 'NULL' END,
                             CASE WHEN c.kind = 'numeric' THEN 'count(CASE WHEN typeof(@) = ''text'' AND @ GLOB ''*[0-9]*'' AND @ NOT GLOB ''*[^0-9.eE+-]*'' THEN 1 END)'
                                  WHEN c.kind IN ('date', 'timestamp', 'timestamptz') THEN replace(replace(
                                      'count(CASE WHEN typeof(@) = ''text'' AND (@ GLOB ''#'' OR @ GLOB ''#[ T]%'' OR @ GLOB ''#[ T]%:[0-9][0-9]'''
                                      ' OR @ GLOB ''#[ T]%:[0-9][0-9].[0-9]*'' AND substr(@, 21) NOT GLOB ''*[^0-9]*'') THEN 1 END)',
                                      '#', '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'), '%', '[0-9][0-9]:[0-9][0-9]')
                                  ELSE '0' END,
                             CASE WHEN c.kind = 'timestamptz' THEN replace(replace(
                                      'count(CASE WHEN typeof(@) = ''text'' AND @ GLOB ''#[ T]%:[0-9][0-9]*'' AND (substr(@, 20) IN (''Z'', ''+00:00'')'
                                      ' OR substr(@, 20) GLOB ''.[0-9]*'' AND replace(replace(substr(@, 21), ''Z'', ''''), ''+00:00'', '''') NOT GLOB ''*[^0-9]*'''
                                      ' AND (@ GLOB ''*Z'' OR @ GLOB ''*+00:00'')) THEN 1 END)',
                                      '#', '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'), '%', '[0-9][0-9]:[0-9][0-9]')
                                  ELSE '0' END), '@', c.source)
$$;
COMMENT ON FUNCTION sq2pg.audit_census(sq2pg.audit_column) IS 'aggregates that say what a column of the source holds';

/*
 * The columns with what they hold: each table is read once, a hundred columns
 * at a time.
 */
CREATE FUNCTION sq2pg.audit_read(options jsonb, model sq2pg.model, columns sq2pg.audit_column[]) RETURNS SETOF sq2pg.audit_column
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT c.table_ordinal, c.position, c.id, c.name, c.source, c.target, c.kind, c.scale, c.type,
           r.value[s.at + 1]::bigint, r.value[s.at + 2]::bigint, r.value[s.at + 3]::bigint, r.value[s.at + 4]::bigint,
           r.value[s.at + 5]::bigint, r.value[s.at + 6]::bigint, coalesce(r.value[s.at + 7]::double precision, 0), r.value[s.at + 8]::bigint,
           r.value[s.at + 9]::bigint
      FROM (SELECT x.table_ordinal, array_agg(x ORDER BY x.position) AS chunk,
                   'SELECT ' || string_agg(sq2pg.audit_census(ROW(x.*)::sq2pg.audit_column), ', ' ORDER BY x.position) AS list
              FROM unnest(columns) AS x
             GROUP BY x.table_ordinal, (x.position - 1) / 100) AS g
      JOIN unnest(model.tables) AS t ON t.ordinal = g.table_ordinal
     CROSS JOIN LATERAL (SELECT sq2pg.source_row(options->>'source', g.list || ' FROM ' || sq2pg.lite_name(t.source_name))) AS r(value)
     CROSS JOIN unnest(g.chunk) WITH ORDINALITY AS c
     CROSS JOIN LATERAL (SELECT (c.ordinality::int - 1) * 9) AS s(at)
$$;
COMMENT ON FUNCTION sq2pg.audit_read(jsonb, sq2pg.model, sq2pg.audit_column[]) IS 'columns with what the source holds in them';

CREATE TYPE sq2pg.audit_term AS (
    class      text,    -- number, boolean, time, range, text or bytes; NULL: not to be compared
    source     text,    -- expression of the value in SQLite
    target     text,    -- in PostgreSQL, @ is the column
    unit       text,    -- of a number
    bound      double precision,        -- no number is higher
    problem    text);

/*
 * Numbers, as integers that both programs compute exactly.  numeric(p,s) is
 * counted in its last digit.  A binary fraction is cut to thousandths, by one
 * multiplication that IEEE arithmetic defines to the last bit.
 */
CREATE FUNCTION sq2pg.audit_number(c sq2pg.audit_column) RETURNS sq2pg.audit_term
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN c.blobs > 0 THEN ROW(NULL, NULL, NULL, NULL, NULL, 'holds blobs')::sq2pg.audit_term
        WHEN c.kind = 'integer' AND (c.reals = 0 OR c.magnitude < 9e15) THEN
            ROW('number', CASE WHEN c.reals + c.texts = 0 THEN c.source ELSE format('CAST(%s AS integer)', c.source) END, '@', NULL,
                c.magnitude, NULL)::sq2pg.audit_term
        WHEN c.kind = 'numeric' AND c.scale IS NULL AND c.reals + c.texts = 0 THEN
            ROW('number', c.source, 'CAST(@ AS bigint)', NULL, c.magnitude, NULL)::sq2pg.audit_term
        WHEN c.kind = 'numeric' AND c.scale BETWEEN 0 AND 9 AND c.plain = c.texts AND c.magnitude * 10 ^ c.scale < 4e15 THEN
            ROW('number', format('CAST(round(CAST(%s AS real) * %s) AS integer)', c.source, 10::bigint ^ c.scale),
                format('CAST(@ * %s AS bigint)', 10::bigint ^ c.scale),
                CASE WHEN c.scale > 0 THEN ' in units of ' || rtrim((10::numeric ^ -c.scale)::numeric(20, 9)::text, '0') END,
                c.magnitude * 10 ^ c.scale, NULL)::sq2pg.audit_term
        WHEN (c.kind = 'float' OR c.kind = 'numeric' AND c.scale IS NULL) AND c.texts = 0 AND c.magnitude < 4e12 THEN
            ROW('number', format('CAST(%s * 1000.0 AS integer)', c.source), 'CAST(trunc(CAST(@ AS double precision) * 1000) AS bigint)',
                ' in thousandths, cut off', c.magnitude * 1000, NULL)::sq2pg.audit_term
        ELSE ROW(NULL, NULL, NULL, NULL, NULL, CASE WHEN c.texts > 0 THEN 'holds text'
                                                    ELSE 'its numbers are too large for an exact sum' END)::sq2pg.audit_term END
$$;
COMMENT ON FUNCTION sq2pg.audit_number(sq2pg.audit_column) IS 'a number as an integer that is exact on both sides';

/*
 * Points in time, written alike.  Only spellings that need no interpretation:
 * SQLite's strftime rounds fractions and counts offsets in, so what is not
 * plain date and time of one zone is not offered.
 */
CREATE FUNCTION sq2pg.audit_time(c sq2pg.audit_column, time_zone text) RETURNS sq2pg.audit_term
    LANGUAGE sql IMMUTABLE AS $$
    WITH f AS (
        SELECT CASE c.kind WHEN 'date' THEN '%Y-%m-%d' ELSE '%Y-%m-%d %H:%M:%S' END AS source,
               CASE c.kind WHEN 'date' THEN 'YYYY-MM-DD' ELSE 'YYYY-MM-DD HH24:MI:SS' END AS target,
               CASE c.kind WHEN 'date' THEN 10 ELSE 19 END AS length,
               CASE WHEN c.texts = 0 AND c.lowest >= 100000000 AND c.highest < 10000000000 THEN 1
                    WHEN c.texts = 0 AND c.lowest >= 100000000000 AND c.highest < 10000000000000 THEN 1000
                    WHEN c.texts = 0 AND c.lowest >= 100000000000000 AND c.highest < 10000000000000000 THEN 1000000 END AS unix
    )
    SELECT CASE WHEN c.reals + c.blobs > 0 OR c.integers > 0 AND f.unix IS NULL
                     OR NOT (c.texts = c.plain OR c.texts = c.zulu OR c.texts = c.plain + c.zulu AND time_zone = 'UTC') THEN
                    ROW(NULL, NULL, NULL, NULL, NULL, 'its points in time are not all written in one plain way')::sq2pg.audit_term
                ELSE ROW('time',
                         CASE WHEN f.unix IS NULL THEN format('strftime(%L, substr(%s, 1, %s))', f.source, c.source, f.length)
                              ELSE format('strftime(%L, %s / %s, ''unixepoch'')', f.source, c.source, f.unix) END,
                         format(CASE c.kind WHEN 'timestamptz' THEN 'to_char(@ AT TIME ZONE %2$s, %1$L) COLLATE "C"'
                                            ELSE 'to_char(CAST(@ AS timestamp), %1$L) COLLATE "C"' END,
                                f.target, sq2pg.audit_text(CASE WHEN f.unix IS NULL AND c.zulu < c.texts THEN time_zone ELSE 'UTC' END)),
                         NULL, NULL, NULL)::sq2pg.audit_term END
      FROM f
$$;
COMMENT ON FUNCTION sq2pg.audit_time(sq2pg.audit_column, text) IS 'a point in time as text that is the same on both sides';

CREATE FUNCTION sq2pg.audit_term(c sq2pg.audit_column, time_zone text) RETURNS sq2pg.audit_term
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN c.kind IS NULL THEN ROW(NULL, NULL, NULL, NULL, NULL, c.type)::sq2pg.audit_term
        WHEN c.kind IN ('integer', 'numeric', 'float') THEN sq2pg.audit_number(c)
        WHEN c.kind IN ('date', 'timestamp', 'timestamptz') THEN sq2pg.audit_time(c, time_zone)
        WHEN c.kind = 'boolean' AND c.blobs = 0 THEN
            ROW('boolean', format('lower(CAST(%s AS text)) IN (''1'', ''1.0'', ''t'', ''true'', ''yes'')', c.source), '@', NULL, NULL,
                NULL)::sq2pg.audit_term
        WHEN c.kind = 'text' AND c.reals + c.blobs = 0 AND getdatabaseencoding() <> 'SQL_ASCII' THEN
            ROW('text', CASE WHEN c.integers = 0 THEN c.source ELSE format('CAST(%s AS text)', c.source) END,
                CASE WHEN c.type ~ '^type (text|character varying.*)$' THEN '@' ELSE 'CAST(@ AS text)' END, NULL, NULL, NULL)::sq2pg.audit_term
        WHEN c.kind = 'bytea' AND c.integers + c.reals + c.texts = 0 THEN
            ROW('bytes', c.source, '@', NULL, NULL, NULL)::sq2pg.audit_term
        WHEN c.kind = 'uuid' AND c.blobs = 0 THEN
            ROW('range', format('lower(replace(replace(replace(%s, ''-'', ''''), ''{'', ''''), ''}'', ''''))', c.source),
                'replace(CAST(@ AS text), ''-'', '''') COLLATE "C"', NULL, NULL, NULL)::sq2pg.audit_term
        WHEN c.kind = 'uuid' AND c.texts = 0 THEN
            ROW('range', format('lower(CASE WHEN %1$s IS NOT NULL THEN hex(%1$s) END)', c.source), 'replace(CAST(@ AS text), ''-'', '''') COLLATE "C"',
                NULL, NULL, NULL)::sq2pg.audit_term
        ELSE ROW(NULL, NULL, NULL, NULL, NULL, 'holds ' || concat_ws(', ', CASE WHEN c.integers > 0 THEN 'integers' END,
                 CASE WHEN c.reals > 0 THEN 'reals' END, CASE WHEN c.texts > 0 THEN 'text' END,
                 CASE WHEN c.blobs > 0 THEN 'blobs' END))::sq2pg.audit_term END
$$;
COMMENT ON FUNCTION sq2pg.audit_term(sq2pg.audit_column, text) IS 'a column''s value as both programs can say it';

CREATE TYPE sq2pg.audit_pair AS (
    table_name text,
    what       text,
    sqlite     text,
    postgresql text);

/*
 * The aggregates of a column: parts of one line, each with its label.
 */
CREATE FUNCTION sq2pg.audit_aggregates(term sq2pg.audit_term, all_rows bigint)
    RETURNS TABLE (label text, source text, target text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT a.label, replace(a.source, '#', term.source), replace(coalesce(a.target, a.source), '#', term.target)
      FROM (VALUES ('number', 1, 'min ', 'min(#)', NULL), ('number', 2, 'max ', 'max(#)', NULL),
                   ('number', 3, CASE WHEN term.bound * all_rows < 9e18 THEN 'sum ' ELSE 'sum modulo 1000003 ' END,
                    CASE WHEN term.bound * all_rows < 9e18 THEN 'sum(#)' ELSE 'sum(# % 1000003)' END, NULL),
                   ('boolean', 1, 'true ', 'count(CASE WHEN # THEN 1 END)', NULL),
                   ('boolean', 2, 'false ', 'count(CASE WHEN NOT (#) THEN 1 END)', NULL),
                   ('time', 1, 'from ', 'min(#)', NULL), ('time', 2, 'to ', 'max(#)', NULL),
                   ('time', 3, 'sum of seconds ', 'sum(CAST(strftime(''%s'', #) AS integer))',
                    'sum(CAST(extract(epoch FROM CAST(# AS timestamp)) AS bigint))'),
                   ('range', 1, 'from ', 'min(#)', NULL), ('range', 2, 'to ', 'max(#)', NULL),
                   ('range', 3, 'different ', 'count(DISTINCT #)', NULL),
                   ('text', 1, 'characters ', 'sum(length(#))', NULL),
                   ('bytes', 1, 'bytes ', 'sum(length(#))', 'sum(octet_length(#))')) AS a(class, place, label, source, target)
     WHERE a.class = term.class
     ORDER BY a.place
$$;
COMMENT ON FUNCTION sq2pg.audit_aggregates(sq2pg.audit_term, bigint) IS 'what is compared of a column';

/*
 * One line out of labels and aggregates; "none" where all is NULL.
 */
CREATE FUNCTION sq2pg.audit_line(labels text[], aggregates text[], relation text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format('SELECT coalesce(%s, ''none'') FROM %s;',
                  string_agg(format('%s || CAST(%s AS text)', sq2pg.audit_text(CASE WHEN x.n > 1 THEN ', ' ELSE '' END || x.label), x.aggregate),
                             ' || ' ORDER BY x.n), relation)
      FROM unnest(labels, aggregates) WITH ORDINALITY AS x(label, aggregate, n)
$$;
COMMENT ON FUNCTION sq2pg.audit_line(text[], text[], text) IS 'a statement that prints one line';

/*
 * Rows, NULLs, and each column.
 */
CREATE FUNCTION sq2pg.audit_table_pairs(options jsonb, model sq2pg.model, matches sq2pg.data_table[], columns sq2pg.audit_column[])
    RETURNS TABLE (table_ordinal int, place int, place_in int, pair sq2pg.audit_pair)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH t AS (
        SELECT p.ordinal, p.source_name, sq2pg.lite_name(p.source_name) AS source, (m.load).relation AS target
          FROM unnest(matches) AS m JOIN unnest(model.tables) AS p ON p.ordinal = m.table_ordinal
    )
    SELECT t.ordinal, 1, 0,
           ROW(t.source_name, 'rows', format('SELECT count(*) FROM %s;', t.source), format('SELECT count(*) FROM %s;', t.target))::sq2pg.audit_pair
      FROM t
    UNION ALL
    SELECT t.ordinal, 2, (c.position - 1) / 50,
           ROW(t.source_name, 'NULLs',
               sq2pg.audit_line(array_agg(c.name || ' ' ORDER BY c.position), array_agg(format('count(*) - count(%s)', c.source) ORDER BY c.position), t.source),
               sq2pg.audit_line(array_agg(c.name || ' ' ORDER BY c.position), array_agg(format('count(*) - count(%s)', c.target) ORDER BY c.position), t.target)
              )::sq2pg.audit_pair
      FROM unnest(columns) AS c JOIN t ON t.ordinal = c.table_ordinal
     WHERE c.type <> 'made by an expression'
     GROUP BY t.ordinal, t.source_name, t.source, t.target, (c.position - 1) / 50
    UNION ALL
    SELECT t.ordinal, 3, c.position,
           ROW(t.source_name, format('column "%s": %s%s', c.name, a.what, m.unit), sq2pg.audit_line(a.labels, a.sources, t.source),
               sq2pg.audit_line(a.labels, a.targets, t.target))::sq2pg.audit_pair
      FROM unnest(columns) AS c
      JOIN t ON t.ordinal = c.table_ordinal
     CROSS JOIN LATERAL sq2pg.audit_term(ROW(c.*)::sq2pg.audit_column, options->>'time_zone') AS m
     CROSS JOIN LATERAL (SELECT array_agg(x.label) AS labels, array_agg(x.source) AS sources,
                                array_agg(replace(x.target, '@', c.target)) AS targets, string_agg(rtrim(x.label), ', ') AS what
                           FROM sq2pg.audit_aggregates(ROW(m.*)::sq2pg.audit_term, c.integers + c.reals + c.texts) AS x) AS a
     WHERE m.class IS NOT NULL
    UNION ALL
    SELECT t.ordinal, 6, 0,
           ROW(t.source_name, 'not compared: ' || string_agg(format('"%s" (%s)', c.name, m.problem), ', ' ORDER BY c.position), NULL, NULL)::sq2pg.audit_pair
      FROM unnest(columns) AS c
      JOIN t ON t.ordinal = c.table_ordinal
     CROSS JOIN LATERAL sq2pg.audit_term(ROW(c.*)::sq2pg.audit_column, options->>'time_zone') AS m
     WHERE m.class IS NULL
     GROUP BY t.ordinal, t.source_name
$$;
COMMENT ON FUNCTION sq2pg.audit_table_pairs(jsonb, sq2pg.model, sq2pg.data_table[], sq2pg.audit_column[]) IS 'pairs for rows, NULLs and columns';

/*
 * Columns whose values are the same thing in both programs, so that they can
 * be counted and looked up.
 */
CREATE FUNCTION sq2pg.audit_key_columns(options jsonb, columns sq2pg.audit_column[])
    RETURNS TABLE (id int, name text, kind text, source text, column_source text, target text, template text)
    LANGUAGE sql STABLE AS $$
    -- equal is what has the same bytes, whatever the collation says
    SELECT c.id, c.name, c.kind, m.source || CASE c.kind WHEN 'text' THEN ' COLLATE BINARY' ELSE '' END, c.source, c.target,
           m.target || CASE c.kind WHEN 'text' THEN ' COLLATE "C"' ELSE '' END
      FROM unnest(columns) AS c
     CROSS JOIN LATERAL sq2pg.audit_term(ROW(c.*)::sq2pg.audit_column, options->>'time_zone') AS m
     WHERE m.class IS NOT NULL AND c.kind IN ('integer', 'boolean', 'text', 'bytea', 'uuid')
$$;
COMMENT ON FUNCTION sq2pg.audit_key_columns(jsonb, sq2pg.audit_column[]) IS 'columns that can be looked up in an audit';

CREATE FUNCTION sq2pg.audit_key_pairs(options jsonb, model sq2pg.model, matches sq2pg.data_table[], columns sq2pg.audit_column[])
    RETURNS TABLE (table_ordinal int, place int, place_in int, pair sq2pg.audit_pair)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH keyed AS MATERIALIZED (
        SELECT * FROM sq2pg.audit_key_columns(options, columns)
    )
    SELECT k.table_ordinal, 4, k.ordinality::int,
           ROW(t.source_name, format('key (%s): different values', string_agg(c.name, ', ' ORDER BY x.n)),
               format('SELECT count(*) FROM (SELECT DISTINCT %s FROM %s) AS k;', string_agg(c.source, ', ' ORDER BY x.n),
                      sq2pg.lite_name(t.source_name)),
               format('SELECT count(*) FROM (SELECT DISTINCT %s FROM %s) AS k;', string_agg(replace(c.template, '@', c.target), ', ' ORDER BY x.n),
                      (m.load).relation))::sq2pg.audit_pair
      FROM unnest(model.keys) WITH ORDINALITY AS k
      JOIN unnest(model.tables) AS t ON t.ordinal = k.table_ordinal
      JOIN unnest(matches) AS m ON m.table_ordinal = k.table_ordinal
     CROSS JOIN unnest(k.columns) WITH ORDINALITY AS x(id, n)
      JOIN keyed AS c ON c.id = x.id
     GROUP BY k.table_ordinal, k.ordinality, t.source_name, (m.load).relation, cardinality(k.columns)
    HAVING count(*) = cardinality(k.columns)
$$;
COMMENT ON FUNCTION sq2pg.audit_key_pairs(jsonb, sq2pg.model, sq2pg.data_table[], sq2pg.audit_column[]) IS 'pairs for keys';

/*
 * Rows without their parent.  SQLite makes an index for IN where there is
 * none; PostgreSQL has a join for NOT EXISTS.
 */
CREATE FUNCTION sq2pg.audit_orphan_pairs(options jsonb, model sq2pg.model, matches sq2pg.data_table[], columns sq2pg.audit_column[])
    RETURNS TABLE (table_ordinal int, place int, place_in int, pair sq2pg.audit_pair)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH keyed AS MATERIALIZED (
        SELECT * FROM sq2pg.audit_key_columns(options, columns)
    )
    SELECT f.table_ordinal, 5, f.ordinality::int,
           ROW(t.source_name, format('foreign key (%s) to table "%s": orphans', string_agg(c.name, ', ' ORDER BY x.n), p.source_name),
               format('SELECT count(*) FROM %s WHERE %s AND (%s) NOT IN (SELECT %s FROM %s WHERE %s);', sq2pg.lite_name(t.source_name),
                      string_agg(c.column_source || ' IS NOT NULL', ' AND ' ORDER BY x.n), string_agg(c.source, ', ' ORDER BY x.n),
                      string_agg(q.source, ', ' ORDER BY x.n), sq2pg.lite_name(p.source_name),
                      string_agg(q.column_source || ' IS NOT NULL', ' AND ' ORDER BY x.n)),
               format('SELECT count(*) FROM %s AS c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s AS p WHERE %s);', (m.load).relation,
                      string_agg(format('c.%s IS NOT NULL', c.target), ' AND ' ORDER BY x.n), (n.load).relation,
                      string_agg(format('%s = %s', replace(q.template, '@', 'p.' || q.target), replace(c.template, '@', 'c.' || c.target)),
                                 ' AND ' ORDER BY x.n)))::sq2pg.audit_pair
      FROM unnest(model.foreign_keys) WITH ORDINALITY AS f
      JOIN unnest(model.tables) AS t ON t.ordinal = f.table_ordinal
      JOIN unnest(model.tables) AS p ON p.ordinal = f.parent_ordinal
      JOIN unnest(matches) AS m ON m.table_ordinal = f.table_ordinal
      JOIN unnest(matches) AS n ON n.table_ordinal = f.parent_ordinal
     CROSS JOIN unnest(f.columns, f.parent_columns) WITH ORDINALITY AS x(id, parent_id, n)
      JOIN keyed AS c ON c.id = x.id
      JOIN keyed AS q ON q.id = x.parent_id AND q.kind = c.kind
     WHERE f.problem IS NULL
     GROUP BY f.table_ordinal, f.ordinality, t.source_name, p.source_name, (m.load).relation, (n.load).relation, cardinality(f.columns)
    HAVING count(*) = cardinality(f.columns)
$$;
COMMENT ON FUNCTION sq2pg.audit_orphan_pairs(jsonb, sq2pg.model, sq2pg.data_table[], sq2pg.audit_column[]) IS 'pairs for foreign keys';

CREATE FUNCTION sq2pg_audit(run bigint) RETURNS TABLE (table_name text, what text, sqlite text, postgresql text)
    LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    done      sq2pg.runs;
    options   jsonb;
    model     sq2pg.model;
    matches   sq2pg.data_table[];
    reports   jsonb;            -- by table
    obstacles jsonb;            -- by ordinal: why a table is not compared
    columns   sq2pg.audit_column[];
BEGIN
    SELECT r.* INTO done FROM sq2pg.runs AS r WHERE r.run = sq2pg_audit.run;
    IF NOT FOUND THEN
        RAISE undefined_object USING MESSAGE = format('there is no run %s', run),
            HINT = 'sq2pg.runs lists the runs of your role.';
    END IF;
    IF (done.parameters->>'dry_run')::boolean THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('run %s was a rehearsal: there is nothing to compare', run);
    END IF;
    options := (SELECT sq2pg.run_parameters(run)) || jsonb_build_object('source', done.source, 'target_schema', done.target_schema);
    model := sq2pg.name_relations(sq2pg.read_model(options), '{}');
    reports := (SELECT coalesce(jsonb_object_agg(r->>'table_name', r), '{}')
                  FROM jsonb_array_elements(done.tables) AS r WHERE r->>'table_name' IS NOT NULL);
    IF NOT EXISTS (SELECT FROM sq2pg.source_state(done.source) AS x
                    WHERE x.size = (done.source_facts->>'size')::bigint
                      AND x.change_counter = (done.source_facts->>'change_counter')::bigint
                      AND x.modified IS NOT DISTINCT FROM (done.source_facts->>'modified')::timestamptz) THEN
        RAISE WARNING 'the source is not as it was when the run read it'
            USING HINT = 'Differences may be younger than the migration. Keep a copy whose SHA-256 is the one in sq2pg.runs for the auditor.';
    END IF;
    matches := ARRAY(SELECT m FROM sq2pg.match_tables(model, true) AS m ORDER BY m.rank);
    obstacles := (SELECT coalesce(jsonb_object_agg(t.ordinal, o.text), '{}')
                    FROM unnest(model.tables) AS t
                    LEFT JOIN unnest(matches) AS m ON m.table_ordinal = t.ordinal
                   CROSS JOIN LATERAL (SELECT CASE WHEN (m.load).target_columns IS NULL THEN 'there is no such table in the target'
                                                   ELSE sq2pg.audit_obstacle(coalesce(reports->t.target_name, reports->t.source_name)) END) AS o(text)
                   WHERE o.text IS NOT NULL);
    matches := ARRAY(SELECT m FROM unnest(matches) AS m WHERE NOT obstacles ? m.table_ordinal::text);
    columns := ARRAY(SELECT c FROM sq2pg.audit_columns(options, model, matches) AS c);
    columns := ARRAY(SELECT c FROM sq2pg.audit_read(options, model, columns) AS c);
    RETURN QUERY
        SELECT (a.pair).*
          FROM (SELECT * FROM sq2pg.audit_table_pairs(options, model, matches, columns)
                UNION ALL
                SELECT * FROM sq2pg.audit_key_pairs(options, model, matches, columns)
                UNION ALL
                SELECT * FROM sq2pg.audit_orphan_pairs(options, model, matches, columns)
                UNION ALL
                SELECT t.ordinal, 0, 0, ROW(t.source_name, 'not compared: ' || (obstacles->>t.ordinal::text), NULL, NULL)::sq2pg.audit_pair
                  FROM unnest(model.tables) AS t WHERE obstacles ? t.ordinal::text) AS a
         ORDER BY a.table_ordinal, a.place, a.place_in;
END
$$;
COMMENT ON FUNCTION sq2pg_audit(bigint) IS
    'pairs of plain SQL for the sqlite3 program and for psql that print the same line if a run moved everything; what cannot be compared so has no statements';
