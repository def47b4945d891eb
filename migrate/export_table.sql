/* export_table: which tables and columns, with which types and values? */

/*
 * Ordinary, partitioned and foreign tables of a schema, in the order of their
 * names. A partition is a part of its table.
 */
CREATE FUNCTION sq2pg.export_tables(source_schema name, options jsonb) RETURNS SETOF sq2pg.export_table
    LANGUAGE sql STABLE AS $$
    WITH chosen AS (
        SELECT c.oid, c.relname::text AS name,
               CASE WHEN c.relkind = 'r' THEN 'ONLY ' ELSE '' END || format('%I.%I', source_schema, c.relname) AS source,
               row_number() OVER (ORDER BY c.relname COLLATE "C") AS n
          FROM pg_class AS c
         WHERE c.relnamespace = to_regnamespace(quote_ident(source_schema))
           AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
           AND sq2pg.table_is_chosen(c.relname::text, options)
           AND NOT EXISTS (SELECT FROM pg_depend AS d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
    SELECT ROW(c.oid, c.name, c.source, u.name)::sq2pg.export_table
      FROM chosen AS c
      JOIN unnest(sq2pg.export_names((SELECT array_agg(name ORDER BY n) FROM chosen))) WITH ORDINALITY AS u(name, n) USING (n)
     ORDER BY n
$$;
COMMENT ON FUNCTION sq2pg.export_tables(name, jsonb) IS 'the tables of a schema that are exported';

/*
 * Can every value of a numeric column be a number in SQLite, so that an
 * application finds what it is used to? With up to 15 digits that is certain;
 * NULL: its values have to be looked at.
 */
CREATE FUNCTION sq2pg.export_is_number(typmod int, forms sq2pg.export_forms) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN forms.numeric_as <> 'auto' THEN forms.numeric_as = 'real'
                WHEN typmod >= 4 AND ((typmod - 4) >> 16) & 65535 <= 15
                     AND (((typmod - 4) & 2047) # 1024) - 1024 BETWEEN 0 AND 15 THEN true END
$$;
COMMENT ON FUNCTION sq2pg.export_is_number(int, sq2pg.export_forms) IS 'are the values of a numeric type numbers that SQLite can hold?';

CREATE FUNCTION sq2pg.export_is_number(source text, column_name text, typmod int, forms sq2pg.export_forms) RETURNS boolean
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    result boolean := sq2pg.export_is_number(typmod, forms);
BEGIN
    IF result IS NULL THEN
        EXECUTE format('SELECT coalesce(bool_and(sq2pg.is_lite_number(%I::numeric)), true) FROM %s', column_name, source)
           INTO result;
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION sq2pg.export_is_number(text, text, int, sq2pg.export_forms) IS 'are the values of a column numbers that SQLite can hold?';

/*
 * What a base type becomes. The declared type decides by its letters what
 * SQLite converts: none of these lets it change the value that it is given.
 */
CREATE FUNCTION sq2pg.export_type(type oid, typmod int, name text, is_number boolean, forms sq2pg.export_forms,
                                  OUT kind text, OUT value text, OUT declared text, OUT clauses text)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    size text := substring(format_type(type, typmod) FROM '\([0-9,]+\)');
BEGIN
    value := quote_ident(name);
    SELECT t.kind, t.declared INTO kind, declared
      FROM (VALUES ('bool', 'boolean', 'BOOLEAN'), ('int2', 'integer', 'SMALLINT'), ('int4', 'integer', 'INTEGER'),
                   ('int8', 'integer', 'BIGINT'), ('oid', 'integer', 'BIGINT'), ('float4', 'real', 'REAL'),
                   ('float8', 'real', 'DOUBLE'), ('bytea', 'bytes', 'BLOB'), ('date', 'date', 'DATE'),
                   ('time', 'time', 'TIME'), ('timestamp', 'timestamp', 'DATETIME'), ('text', 'text', 'TEXT'),
                   ('timestamptz', 'instant', 'TIMESTAMPTZ'), ('json', 'output', 'JSON TEXT'),
                   ('jsonb', 'output', 'JSON TEXT'), ('uuid', 'output', 'UUID'), ('varchar', 'text', 'VARCHAR'),
                   ('bpchar', 'text', 'CHAR'), ('numeric', 'number', 'NUMERIC'), ('money', 'number', 'NUMERIC')) AS t(type, kind, declared)
     WHERE export_type.type = ('pg_catalog.' || t.type)::regtype;
    kind := coalesce(kind, 'output');
    declared := coalesce(declared, 'TEXT');
    IF type IN ('varchar'::regtype, 'bpchar'::regtype) THEN
        declared := declared || coalesce(size, '');
    ELSIF type IN ('numeric'::regtype, 'money'::regtype) THEN
        value := CASE WHEN type = 'money'::regtype THEN value || '::numeric' ELSE value END;
        kind := CASE WHEN is_number THEN 'number' ELSE 'output' END;
        declared := CASE WHEN is_number THEN 'NUMERIC' ELSE 'NUMERIC_TEXT' END || coalesce(size, '');
    ELSIF type = 'uuid'::regtype AND forms.short_uuids THEN
        value := format('replace(%s::text, ''-'', '''')', value);
        kind := 'text';
        declared := 'CHAR(32)';
    ELSIF type = 'timestamptz'::regtype AND forms.naive_instants THEN
        kind := 'timestamp';
        declared := 'DATETIME';
    ELSIF (SELECT t.typcategory FROM pg_type AS t WHERE t.oid = type) = 'A' THEN
        -- of a type of somebody's own no cast is called, which might be a function of theirs
        IF (SELECT t.typelem FROM pg_type AS t WHERE t.oid = type)::bigint < 16384 THEN
            SELECT a.value, CASE WHEN a.is_json THEN 'JSON TEXT' ELSE 'TEXT' END INTO value, declared
              FROM sq2pg.export_array(type, value) AS a;
            kind := 'text';
        END IF;
    ELSIF format_type(type, NULL) LIKE '%citext' THEN
        clauses := 'COLLATE NOCASE';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.export_type(oid, int, text, boolean, sq2pg.export_forms) IS 'declared type and conversion of a column in SQLite';

/*
 * JSON for an array of one dimension that begins at 1; other arrays, and those
 * of elements that JSON would write in another way, as PostgreSQL prints them.
 */
CREATE FUNCTION sq2pg.export_array(type oid, INOUT value text, OUT is_json boolean)
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN j.is_json
                THEN format('CASE WHEN array_ndims(%1$s) > 1 OR array_lower(%1$s, 1) <> 1 THEN %1$s::text ELSE to_json(%1$s)::text END', value)
                ELSE value || '::text' END, j.is_json
      FROM pg_type AS t LEFT JOIN pg_type AS e ON e.oid = t.typelem
     CROSS JOIN LATERAL (SELECT coalesce(e.typcategory IN ('N', 'S', 'B', 'D', 'E', 'I') OR e.oid = 'uuid'::regtype, false)) AS j(is_json)
     WHERE t.oid = type
$$;
COMMENT ON FUNCTION sq2pg.export_array(oid, text) IS 'an array as text';

/*
 * Does the next value of a column come from a sequence, and which?
 */
CREATE FUNCTION sq2pg.export_sequences(tables sq2pg.export_table[]) RETURNS TABLE (relation oid, attnum int, sequence oid)
    LANGUAGE sql STABLE AS $$
    SELECT x.relation, x.attnum, min(x.sequence::bigint)::oid
      FROM (SELECT t.relation, d.refobjsubid AS attnum, d.objid AS sequence
              FROM unnest(tables) AS t
              JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.relation AND d.refobjsubid > 0
                                 AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
            UNION ALL
            -- not owned, but what the default takes
            SELECT t.relation, a.adnum, d.refobjid
              FROM unnest(tables) AS t
              JOIN pg_attrdef AS a ON a.adrelid = t.relation
              JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid
                                 AND d.refclassid = 'pg_class'::regclass) AS x
      JOIN pg_class AS s ON s.oid = x.sequence AND s.relkind = 'S'
     GROUP BY x.relation, x.attnum
$$;
COMMENT ON FUNCTION sq2pg.export_sequences(sq2pg.export_table[]) IS 'columns that take their values from a sequence';

/*
 * The columns of all tables, domains as their base types.
 */
CREATE FUNCTION sq2pg.export_columns(tables sq2pg.export_table[], options jsonb, forms sq2pg.export_forms)
    RETURNS SETOF sq2pg.export_column
    LANGUAGE sql STABLE AS $$
    WITH RECURSIVE facts AS (
        SELECT t.relation, t.source, a.attnum, a.attname::text AS name, a.attnotnull, a.attidentity, a.attgenerated,
               d.adbin AS node, s.sequence IS NOT NULL AS owns_sequence, a.atttypid AS type, a.atttypmod AS typmod,
               row_number() OVER (PARTITION BY t.relation ORDER BY a.attnum) AS n
          FROM unnest(tables) AS t
          JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          LEFT JOIN sq2pg.export_sequences(tables) AS s ON s.relation = a.attrelid AND s.attnum = a.attnum
         WHERE sq2pg.column_is_chosen(t.source_name, a.attname::text, options)),
    based AS (
        SELECT relation, attnum, type, typmod, attnotnull AS not_null, node FROM facts
        UNION ALL
        SELECT b.relation, b.attnum, y.typbasetype, CASE WHEN y.typtypmod >= 0 THEN y.typtypmod ELSE b.typmod END,
               b.not_null OR y.typnotnull, coalesce(b.node, y.typdefaultbin)
          FROM based AS b JOIN pg_type AS y ON y.oid = b.type AND y.typtype = 'd'),
    base AS (SELECT b.* FROM based AS b JOIN pg_type AS y ON y.oid = b.type AND y.typtype <> 'd'),
    names AS (
        SELECT r.relation, u.name, u.n
          FROM (SELECT relation, array_agg(name ORDER BY n) AS names FROM facts GROUP BY relation) AS r,
               unnest(sq2pg.export_names(r.names)) WITH ORDINALITY AS u(name, n))
    SELECT ROW(f.relation, f.attnum, f.name, names.name, b.type, x.kind, x.value, x.declared, x.clauses, b.not_null,
               f.attidentity <> '' OR f.owns_sequence, b.node, f.attgenerated,
               (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = b.type)
           )::sq2pg.export_column
      FROM facts AS f
      JOIN base AS b ON b.relation = f.relation AND b.attnum = f.attnum
      JOIN names ON names.relation = f.relation AND names.n = f.n,
           sq2pg.export_type(b.type, b.typmod, f.name,
                             CASE WHEN b.type IN ('numeric'::regtype, 'money'::regtype)
                                  THEN sq2pg.export_is_number(f.source, f.name, b.typmod, forms) END, forms) AS x
     ORDER BY f.relation, f.n
$$;
COMMENT ON FUNCTION sq2pg.export_columns(sq2pg.export_table[], jsonb, sq2pg.export_forms) IS 'the columns that are exported, and how';
