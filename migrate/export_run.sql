/* export_run: the acts of an export, its verification and what it tells */

/*
 * How a choice among words is written.
 */
CREATE FUNCTION sq2pg.export_choice(parameter text, value text, choices text[]) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF value IS NULL OR value <> ALL (choices) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('invalid value for parameter "%s": %s', parameter, coalesce('"' || value || '"', 'NULL')),
            HINT = format('Valid values are: %s.', array_to_string(choices, ', '));
    END IF;
    RETURN value = choices[2];
END
$$;
COMMENT ON FUNCTION sq2pg.export_choice(text, text, text[]) IS 'refuses a word that is none of the choices; is it the second?';

CREATE FUNCTION sq2pg.export_forms(numeric_as text, uuid_as text, timestamptz_as text, time_fraction text)
    RETURNS sq2pg.export_forms
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM sq2pg.export_choice('numeric_as', numeric_as, '{auto,text,real}');
    RETURN ROW(numeric_as, sq2pg.export_choice('uuid_as', uuid_as, '{text,hex}'),
               sq2pg.export_choice('timestamptz_as', timestamptz_as, '{offset,utc}'),
               sq2pg.export_choice('time_fraction', time_fraction, '{auto,always}'))::sq2pg.export_forms;
END
$$;
COMMENT ON FUNCTION sq2pg.export_forms(text, text, text, text) IS 'the parameters of an export that say how values are written';

/*
 * Patterns that match nothing are mistakes.
 */
CREATE FUNCTION sq2pg.export_check_names(source_schema name, include text[], exclude text[]) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    schema_oid oid := to_regnamespace(quote_ident(source_schema));
    wrong text;
BEGIN
    IF schema_oid IS NULL THEN
        RAISE invalid_schema_name USING MESSAGE = format('schema "%s" does not exist', source_schema);
    END IF;
    PERFORM sq2pg.check_lists(include, exclude);
    SELECT p INTO wrong
      FROM unnest(include || exclude) AS p
     WHERE NOT EXISTS (SELECT FROM pg_class AS c
                        WHERE c.relnamespace = schema_oid AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
                          AND (sq2pg.matches(c.relname::text, p)
                               OR (p LIKE '%.%' AND EXISTS (
                                       SELECT FROM pg_attribute AS a
                                        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                                          AND sq2pg.matches(c.relname || '.' || a.attname, p)))))
     LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('"%s" matches no table or column of schema "%s"', wrong, source_schema),
            HINT = 'Columns are written as table.column, patterns with * and ?.';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.export_check_names(name, text[], text[]) IS 'refuses a schema and patterns that do not exist';

/*
 * Something to export, all of it readable, and held as it is.
 */
CREATE FUNCTION sq2pg.export_check_tables(source_schema name, tables sq2pg.export_table[]) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    closed text;
BEGIN
    IF cardinality(tables) = 0 THEN
        RAISE undefined_table USING
            MESSAGE = format('schema "%s" has no tables to export', source_schema),
            HINT = 'source_schema names another one; without it, the first schema in search_path is meant.';
    END IF;
    SELECT string_agg(t.source_name, ', ') INTO closed
      FROM unnest(tables) AS t WHERE NOT has_any_column_privilege(t.relation, 'SELECT');
    IF closed IS NOT NULL THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('permission denied for tables in schema "%s"', source_schema),
            DETAIL = format('Role "%s" may not read: %s.', current_user, closed),
            HINT = 'GRANT SELECT on them, or leave them out with exclude.';
    END IF;
    IF NOT sq2pg.export_lock(ARRAY(SELECT t.relation FROM unnest(tables) AS t ORDER BY t.relation)) THEN
        RAISE object_in_use USING
            MESSAGE = format('a table of schema "%s" was dropped meanwhile', source_schema), HINT = 'Try again.';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.export_check_tables(name, sq2pg.export_table[]) IS 'refuses tables that cannot be read, and locks the others';

/*
 * CREATE TABLE and the statements that move and compare the rows of each.
 */
CREATE FUNCTION sq2pg.export_statements(tables sq2pg.export_table[], columns sq2pg.export_column[], parts sq2pg.export_part[],
                                        forms sq2pg.export_forms)
    RETURNS TABLE (relation oid, name text, source_name text, create_table text, query text, insert_rows text, kinds text[],
                   inserted text[], stored_query text, written_query text)
    LANGUAGE sql STABLE AS $$
    WITH cols AS (
        SELECT c.relation, c.attnum, c.source_name, c.kind, c.value, c.type, sq2pg.lite_name(c.name) AS name,
               r.attnum IS NOT NULL AS is_rowid, g.attnum IS NOT NULL AS is_computed,
               concat_ws(' ', sq2pg.lite_name(c.name),
                         CASE WHEN r.attnum IS NULL THEN c.declared
                              WHEN c.identity THEN 'INTEGER PRIMARY KEY AUTOINCREMENT' ELSE 'INTEGER PRIMARY KEY' END,
                         c.clauses, CASE WHEN c.not_null THEN 'NOT NULL' END, d.sql, g.sql) AS definition
          FROM unnest(columns) AS c
          LEFT JOIN unnest(parts) AS r ON r.relation = c.relation AND r.attnum = c.attnum AND r.kind = 'rowid' AND r.sql IS NOT NULL
          LEFT JOIN unnest(parts) AS d ON d.relation = c.relation AND d.attnum = c.attnum AND d.kind = 'default'
          LEFT JOIN unnest(parts) AS g ON g.relation = c.relation AND g.attnum = c.attnum AND g.kind = 'generated column' AND g.sql IS NOT NULL),
    compared AS (
        SELECT c.relation, string_agg(v.stored, ', ' ORDER BY c.attnum, v.n) AS stored, string_agg(v.written, ', ' ORDER BY c.attnum, v.n) AS written
          FROM cols AS c CROSS JOIN LATERAL sq2pg.export_comparison(c.source_name, c.name, c.kind, c.value, c.type, forms)
               WITH ORDINALITY AS v(stored, written, n)
         GROUP BY c.relation),
    clauses AS (
        SELECT p.relation, string_agg(E',\n    ' || p.sql, '' ORDER BY array_position('{primary key,unique,check,labels,foreign key}', p.kind), p.name) AS text
          FROM unnest(parts) AS p
         WHERE p.kind IN ('primary key', 'unique', 'check', 'labels', 'foreign key') AND p.sql IS NOT NULL
         GROUP BY p.relation),
    keys AS (
        SELECT k.conrelid AS relation, string_agg(quote_ident(a.attname), ', ' ORDER BY x.n) AS columns
          FROM unnest(tables) AS t JOIN pg_constraint AS k ON k.conrelid = t.relation AND k.contype = 'p'
         CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS x(attnum, n)
          JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = x.attnum
         GROUP BY k.conrelid)
    SELECT t.relation, sq2pg.lite_name(t.name), t.source_name,
           format(E'CREATE TABLE %s (\n    %s%s\n)', sq2pg.lite_name(t.name), string_agg(c.definition, E',\n    ' ORDER BY c.attnum), l.text),
           format('SELECT %s FROM %s%s', string_agg(c.value, ', ' ORDER BY c.attnum) FILTER (WHERE NOT c.is_computed), t.source,
                  ' ORDER BY ' || k.columns),
           format('INSERT INTO %s (%s) VALUES (%s)', sq2pg.lite_name(t.name),
                  string_agg(c.name, ', ' ORDER BY c.attnum) FILTER (WHERE NOT c.is_computed),
                  string_agg('?', ', ') FILTER (WHERE NOT c.is_computed)),
           array_agg(c.kind ORDER BY c.attnum) FILTER (WHERE NOT c.is_computed),
           array_agg(c.source_name ORDER BY c.attnum) FILTER (WHERE NOT c.is_computed),
           format('SELECT %s FROM %s', v.stored, t.source), format('SELECT %s FROM %s', v.written, sq2pg.lite_name(t.name))
      FROM unnest(tables) AS t
      JOIN cols AS c ON c.relation = t.relation
      JOIN compared AS v ON v.relation = t.relation
      LEFT JOIN clauses AS l ON l.relation = t.relation
      LEFT JOIN keys AS k ON k.relation = t.relation
     GROUP BY t.relation, t.name, t.source, t.source_name, l.text, k.columns, v.stored, v.written
     ORDER BY t.source_name COLLATE "C"
$$;
COMMENT ON FUNCTION sq2pg.export_statements(sq2pg.export_table[], sq2pg.export_column[], sq2pg.export_part[], sq2pg.export_forms) IS
    'the statements that make, fill and verify each table';

/*
 * What of a column must be equal on both sides: the column itself, as what its
 * type makes of SQLite's value (docs/types.md). Moments that are no ISO 8601
 * (infinity, years before the first, 24:00) are compared as text, and so are
 * arrays; numbers that were to be rounded, as the doubles that they became.
 */
CREATE FUNCTION sq2pg.export_comparison(source_name text, name text, kind text, value text, type oid, forms sq2pg.export_forms)
    RETURNS TABLE (stored text, written text)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    c       text := quote_ident(source_name);
    usual   text := format('isfinite(%1$s) AND %1$s >= ''0001-01-01''', c);
    written_usual text := format('%1$s GLOB ''[0-9]*'' AND %1$s NOT GLOB ''*BC''', name);
BEGIN
    IF kind = 'real' THEN
        RETURN QUERY SELECT format('%s::%2$s + 0::%2$s', c, format_type(type, NULL)), name;
    ELSIF kind = 'number' AND forms.numeric_as = 'real' THEN
        RETURN QUERY SELECT format('(%s)::double precision', value),
                            format('CASE typeof(%1$s) WHEN ''text'' THEN %1$s ELSE CAST(%1$s AS REAL) END', name);
    ELSIF type = 'money'::regtype THEN
        RETURN QUERY SELECT value, name;
    ELSIF kind = 'time' THEN
        RETURN QUERY SELECT format('CASE WHEN %1$s < ''24:00'' THEN %1$s END', c),
                            format('CASE WHEN %1$s NOT GLOB ''24*'' THEN %1$s END', name)
               UNION ALL SELECT format('CASE WHEN %1$s >= ''24:00'' THEN ''24:00:00''::text END', c),
                                format('CASE WHEN %1$s GLOB ''24*'' THEN substr(%1$s, 1, 8) END', name);
    ELSIF kind IN ('date', 'timestamp', 'instant') THEN
        RETURN QUERY SELECT format('CASE WHEN %s THEN %s END', usual, c), format('CASE WHEN %s THEN %s END', written_usual, name)
               UNION ALL SELECT format('CASE WHEN NOT (%s) THEN %s::text END', usual, c),
                                format('CASE WHEN NOT (%s) THEN %s END', written_usual, name);
    ELSIF kind = 'text' AND (SELECT t.typcategory FROM pg_type AS t WHERE t.oid = type) = 'A' THEN
        RETURN QUERY SELECT value, name;
    ELSE
        RETURN QUERY SELECT c, name;
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.export_comparison(text, text, text, text, oid, sq2pg.export_forms) IS
    'expressions over a column that must be equal in PostgreSQL and SQLite';

/*
 * The rows of all tables; what of them is not exactly the same.
 */
CREATE FUNCTION sq2pg.export_fill(statements jsonb, six_digits boolean, OUT told text[], OUT odd sq2pg.export_part[])
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    s       record;
    r       record;
BEGIN
    told := '{}';
    odd := '{}';
    FOR s IN SELECT * FROM jsonb_to_recordset(statements)
                 AS x(source_name text, query text, insert_rows text, kinds text[], inserted text[]) LOOP
        SELECT * INTO r FROM sq2pg.export_rows(s.query, s.insert_rows, s.kinds, six_digits);
        told := told || ARRAY(SELECT format('%s.%s: %s', s.source_name, x.name,
                                            CASE s.kinds[x.n] WHEN 'real' THEN format('%s negative zeros are 0', x.count)
                                                 ELSE format('%s numbers are rounded to doubles', x.count) END)
                                FROM unnest(s.inserted, r.altered) WITH ORDINALITY AS x(name, count, n) WHERE x.count <> '0');
        odd := odd || ARRAY(SELECT ROW(NULL, 'date or time', s.source_name || '.' || x.name, 'kept',
                                           format('%s values are none in SQLite: infinity, or years before the first', x.count), NULL)::sq2pg.export_part
                                  FROM unnest(s.inserted, r.odd) AS x(name, count) WHERE x.count <> '0');
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.export_fill(jsonb, boolean) IS 'writes the rows of all tables';

/*
 * Where a sequence stands, so that AUTOINCREMENT goes on there.
 */
CREATE FUNCTION sq2pg.export_sequence_values(tables sq2pg.export_table[], columns sq2pg.export_column[], parts sq2pg.export_part[])
    RETURNS SETOF sq2pg.export_part
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    s    record;
    last bigint;
BEGIN
    FOR s IN SELECT t.name, t.source_name, c.source_name AS column_name, q.sequence, g.seqincrement, c.relation
               FROM unnest(parts) AS p
               JOIN unnest(columns) AS c ON c.relation = p.relation AND c.attnum = p.attnum AND c.identity
               JOIN unnest(tables) AS t ON t.relation = p.relation
               JOIN sq2pg.export_sequences(tables) AS q ON q.relation = c.relation AND q.attnum = c.attnum
               JOIN pg_sequence AS g ON g.seqrelid = q.sequence
              WHERE p.kind = 'rowid' AND p.sql IS NOT NULL
              ORDER BY t.name LOOP
        IF NOT has_sequence_privilege(s.sequence, 'SELECT') OR s.seqincrement < 0 THEN
            RETURN NEXT ROW(s.relation, 'sequence', s.column_name, 'kept',
                            CASE WHEN s.seqincrement < 0 THEN 'it counts down: SQLite goes on after the highest number'
                                 ELSE 'permission denied: SQLite goes on after the highest number that is there' END, NULL)::sq2pg.export_part;
            CONTINUE;
        END IF;
        IF s.seqincrement > 1 THEN
            RETURN NEXT ROW(s.relation, 'sequence', s.column_name, 'kept',
                            format('it counts by %s: SQLite counts by 1', s.seqincrement), NULL)::sq2pg.export_part;
        END IF;
        EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM %s', s.sequence::regclass) INTO last;
        PERFORM sq2pg.export_execute(format(
            'INSERT INTO sqlite_sequence (name, seq) SELECT %1$s, %2$s WHERE %2$s > 0 AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %1$s)',
            sq2pg.lite_literal(s.name), last));
        PERFORM sq2pg.export_execute(format('UPDATE sqlite_sequence SET seq = %2$s WHERE name = %1$s AND seq < %2$s',
                                            sq2pg.lite_literal(s.name), last));
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.export_sequence_values(sq2pg.export_table[], sq2pg.export_column[], sq2pg.export_part[]) IS
    'where AUTOINCREMENT goes on';

/*
 * Reads the new database and compares; an error names the tables that differ.
 */
CREATE FUNCTION sq2pg.export_verify(statements jsonb) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    s     record;
    r     record;
    wrong text[] := '{}';
BEGIN
    FOR s IN SELECT * FROM jsonb_to_recordset(statements) AS x(source_name text, stored_query text, written_query text) LOOP
        SELECT * INTO r FROM sq2pg.export_compare(s.stored_query, s.written_query, -1);
        IF NOT r.matches THEN
            wrong := wrong || CASE WHEN r.problem IS NOT NULL THEN format('%s: SQLite says: %s', s.source_name, r.problem)
                                   WHEN r.stored_rows <> r.written_rows THEN
                                       format('%s: %s rows in PostgreSQL, %s in SQLite', s.source_name, r.stored_rows, r.written_rows)
                                   ELSE format('%s: the same number of rows, but not the same content', s.source_name) END;
        END IF;
    END LOOP;
    IF wrong <> '{}' THEN
        RAISE data_exception USING
            MESSAGE = format('verification failed: %s tables differ', cardinality(wrong)),
            DETAIL = array_to_string(wrong[:20], E'\n'),
            HINT = 'Nothing was exported. Leave the tables or columns out with exclude, and please report it.';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.export_verify(jsonb) IS 'compares the new SQLite database with the schema, row by row';

/*
 * What was left out (a warning) and what is different (a notice), by kind.
 */
CREATE FUNCTION sq2pg.export_tell(tables sq2pg.export_table[], parts sq2pg.export_part[], altered text[]) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    n record;
BEGIN
    FOR n IN
        SELECT p.kind, p.sql IS NULL AS is_lost, count(*) AS count,
               array_to_string((array_agg(concat_ws('.', t.source_name, p.name) || ': ' || p.problem
                                          ORDER BY t.source_name COLLATE "C", p.name COLLATE "C"))[:20], E'\n')
               || CASE WHEN count(*) > 20 THEN format(E'\nand %s more', count(*) - 20) ELSE '' END AS detail
          FROM unnest(parts) AS p LEFT JOIN unnest(tables) AS t ON t.relation = p.relation
         WHERE p.problem IS NOT NULL
         GROUP BY p.kind, p.sql IS NULL
         ORDER BY p.sql IS NULL DESC, p.kind COLLATE "C" LOOP
        IF n.is_lost THEN
            RAISE WARNING USING MESSAGE = format('left out, for want of an equivalent in SQLite: %s (%s)', n.kind, n.count), DETAIL = n.detail;
        ELSE
            RAISE NOTICE USING MESSAGE = format('not quite the same in SQLite: %s (%s)', n.kind, n.count), DETAIL = n.detail;
        END IF;
    END LOOP;
    IF altered <> '{}' THEN
        RAISE WARNING USING MESSAGE = format('values are not exactly the same in %s columns', cardinality(altered)),
            DETAIL = array_to_string(altered[:20], E'\n');
    END IF;
    FOR n IN SELECT p.kind, count(*) AS count FROM unnest(parts) AS p
              WHERE p.kind IN ('comments', 'functions', 'policies') GROUP BY p.kind ORDER BY p.kind LOOP
        RAISE NOTICE USING MESSAGE = format('left out: %s (%s)', n.kind, n.count);
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.export_tell(sq2pg.export_table[], sq2pg.export_part[], text[]) IS 'tells what is not in the new SQLite database';

/*
 * A statement that SQLite refuses is left out like one that could not be written.
 */
CREATE FUNCTION sq2pg.export_objects(objects sq2pg.export_part[]) RETURNS SETOF sq2pg.export_part
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    o       sq2pg.export_part;
    refused text;
BEGIN
    FOREACH o IN ARRAY objects LOOP
        IF o.sql IS NOT NULL THEN
            refused := sq2pg.export_try(o.sql);
            IF refused IS NOT NULL THEN
                o.sql := NULL;
                o.problem := 'SQLite says: ' || refused;
            END IF;
        END IF;
        RETURN NEXT o;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.export_objects(sq2pg.export_part[]) IS 'makes indexes';

/*
 * Foreign keys are not enforced while rows are written: does SQLite see orphans?
 */
CREATE FUNCTION sq2pg.export_orphans() RETURNS SETOF sq2pg.export_part
    LANGUAGE sql VOLATILE AS $$
    SELECT ROW(NULL, 'rows without parent', split_part(a, chr(31), 1), 'kept',
               format('%s in SQLite''s eyes, to "%s"', split_part(a, chr(31), 3), split_part(a, chr(31), 2)), NULL)::sq2pg.export_part
      FROM unnest(sq2pg.export_answer('SELECT "table" || char(31) || parent || char(31) || count(*) FROM pragma_foreign_key_check
                                 GROUP BY "table", parent ORDER BY 1')) AS a
$$;
COMMENT ON FUNCTION sq2pg.export_orphans() IS 'rows whose foreign keys SQLite would not accept';

/*
 * The whole export. STABLE: so every query of it, also those of the functions
 * called here, sees what the calling statement sees.
 */
CREATE FUNCTION sq2pg.export(target text, source_schema name, include text[], exclude text[], numeric_as text, uuid_as text,
                             timestamptz_as text, time_fraction text, enable_row_security boolean) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    options jsonb := jsonb_build_object('include', include, 'exclude', exclude);
    forms   sq2pg.export_forms;
    tables  sq2pg.export_table[];
    columns sq2pg.export_column[];
    maps    sq2pg.export_map[];
    parts   sq2pg.export_part[];
    views   sq2pg.export_part[];
    indexes sq2pg.export_part[];
    statements jsonb;
    altered text[];
BEGIN
    forms := sq2pg.export_forms(numeric_as, uuid_as, timestamptz_as, time_fraction);
    PERFORM sq2pg.export_check_names(source_schema, include, exclude);
    PERFORM sq2pg.export_begin(target);

    tables := ARRAY(SELECT t FROM sq2pg.export_tables(source_schema, options) AS t);
    PERFORM sq2pg.export_check_tables(source_schema, tables);
    columns := ARRAY(SELECT c FROM sq2pg.export_columns(tables, options, forms) AS c);
    maps := ARRAY(SELECT m FROM sq2pg.export_maps(columns) AS m);
    parts := ARRAY(SELECT p FROM sq2pg.export_keys(tables, columns) AS p)
        || ARRAY(SELECT p FROM sq2pg.export_checks(tables, columns, maps, forms) AS p)
        || ARRAY(SELECT p FROM sq2pg.export_defaults(columns, maps, forms) AS p)
        || ARRAY(SELECT p FROM sq2pg.export_foreign_keys(tables, columns) AS p)
        || ARRAY(SELECT p FROM sq2pg.export_others(source_schema, tables, options) AS p)
        || ARRAY(SELECT p FROM sq2pg.export_renamed(tables, columns) AS p);
    views := ARRAY(SELECT v FROM sq2pg.export_views(source_schema, tables, columns, options, forms) AS v);
    indexes := ARRAY(SELECT i FROM sq2pg.export_indexes(tables, maps, forms,
                         ARRAY(SELECT t.name FROM unnest(tables) AS t) || ARRAY(SELECT v.name FROM unnest(views) AS v)) AS i);
    statements := (SELECT jsonb_agg(s) FROM sq2pg.export_statements(tables, columns, parts, forms) AS s);

    PERFORM sq2pg.export_execute(s->>'create_table') FROM jsonb_array_elements(statements) AS s;
    SELECT f.told, parts || f.odd INTO altered, parts FROM sq2pg.export_fill(statements, forms.six_digits) AS f;
    parts := parts || ARRAY(SELECT o FROM sq2pg.export_objects(indexes) AS o)
        || ARRAY(SELECT v FROM sq2pg.export_make_views(views, forms) AS v)
        || ARRAY(SELECT s FROM sq2pg.export_sequence_values(tables, columns, parts) AS s)
        || ARRAY(SELECT o FROM sq2pg.export_orphans() AS o);
    PERFORM sq2pg.export_close();
    PERFORM sq2pg.export_verify(statements);
    PERFORM sq2pg.export_tell(tables, parts, altered);
    RETURN sq2pg.export_finish();
END
$$;
COMMENT ON FUNCTION sq2pg.export(text, name, text[], text[], text, text, text, text, boolean) IS 'the work of sq2pg_export';

CREATE FUNCTION sq2pg_export(
    target text, source_schema name DEFAULT NULL, include text[] DEFAULT NULL, exclude text[] DEFAULT NULL,
    numeric_as text DEFAULT 'auto', uuid_as text DEFAULT 'text', timestamptz_as text DEFAULT 'offset',
    time_fraction text DEFAULT 'auto', enable_row_security boolean DEFAULT false) RETURNS text
    LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'sqm_export_schema';
COMMENT ON FUNCTION sq2pg_export(text, name, text[], text[], text, text, text, text, boolean) IS
    'writes the tables of a schema into a new SQLite database, an absolute path of the server or ''lo:new'', and compares every row; returns the path or ''lo:OID''';
