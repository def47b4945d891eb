/* verify: does every row stand in PostgreSQL as it stood in SQLite? */

/*
 * The digest of a SQLite table as it should stand in the columns of a
 * relation: raw values, made canonical by src/compare.c.
 */
CREATE FUNCTION sq2pg.digest_source(source text, source_table text, source_columns text[], target regclass,
                                    target_columns text[], time_zone text, empty_as_null boolean, skip bigint[],
                                    OUT source_rows bigint, OUT digest text)
    RETURNS SETOF record
    LANGUAGE C STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_digest_source';
COMMENT ON FUNCTION sq2pg.digest_source(text, text, text[], regclass, text[], text, boolean, bigint[]) IS
    'rows and digest of a SQLite table, comparable with sq2pg.digest_relation; rows with the numbers in skip are left out';

CREATE FUNCTION sq2pg.digest_sum(text, text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'sqm_digest_sum';
COMMENT ON FUNCTION sq2pg.digest_sum(text, text) IS 'the digest of the rows of both';

CREATE FUNCTION sq2pg.digest_difference(text, text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'sqm_digest_difference';
COMMENT ON FUNCTION sq2pg.digest_difference(text, text) IS 'the digest of the rows of the first without those of the second';

CREATE AGGREGATE sq2pg.digest_total(text) (
    SFUNC = sq2pg.digest_sum, STYPE = text, INITCOND = '00000000000000000000000000000000');
COMMENT ON AGGREGATE sq2pg.digest_total(text) IS 'the digest of many rows, out of that of each';

/*
 * The same for each row, to find those that differ.
 */
CREATE FUNCTION sq2pg.row_digests(source text, source_table text, source_columns text[], target regclass,
                                  target_columns text[], time_zone text, empty_as_null boolean)
    RETURNS TABLE (digest text, source_rowid bigint)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_row_digests';
COMMENT ON FUNCTION sq2pg.row_digests(text, text, text[], regclass, text[], text, boolean) IS
    'digest of each row of a SQLite table, comparable with sq2pg.row_digest';

/*
 * The same for the columns of a key and types that no relation has yet: equal
 * digests are equal keys in PostgreSQL.
 */
CREATE FUNCTION sq2pg.key_digests(source text, source_table text, source_columns text[], types text[],
                                  time_zone text, empty_as_null boolean)
    RETURNS TABLE (digest text, source_rowid bigint)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_key_digests';
COMMENT ON FUNCTION sq2pg.key_digests(text, text, text[], text[], text, boolean) IS
    'digest of the key of each row of a SQLite table, for given types';

CREATE FUNCTION sq2pg.row_digest(record) RETURNS text
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_row_digest';
COMMENT ON FUNCTION sq2pg.row_digest(record) IS 'digest of ROW(column, ...) of a target table';

/*
 * One table: both sides read once.  Rows that a policy changed or left out
 * (exceptions) are not compared with the source; that they stand in the
 * target as the loader made them is (stored).  Orphans were loaded and then
 * taken out again (removed).  A digest that the loader has computed from the
 * raw values, while it read them, saves reading the source again (known).
 * "digest" is that of the target.
 */
CREATE FUNCTION sq2pg.verify_table(options jsonb, load sq2pg.load, exceptions bigint[], rejected bigint, stored text,
                                   orphans bigint, removed text, known_rows bigint DEFAULT NULL, known text DEFAULT NULL,
                                   OUT source_rows bigint, OUT target_rows bigint, OUT matches boolean, OUT detail text,
                                   OUT digest text)
    LANGUAGE plpgsql AS $$
DECLARE
    source_digest text;
BEGIN
    IF options->>'verify' = 'none' THEN
        RETURN;
    END IF;
    IF options->>'verify' = 'counts' THEN
        source_rows := sq2pg.source_count(options->>'source', load.source_table) - rejected - orphans;
        EXECUTE 'SELECT count(*) FROM ' || load.relation INTO target_rows;
    ELSE
        IF known IS NOT NULL THEN
            source_rows := known_rows - cardinality(exceptions);
            source_digest := known;
        ELSE
            SELECT d.source_rows, d.digest INTO source_rows, source_digest
              FROM sq2pg.digest_source(options->>'source', load.source_table, load.source_columns,
                                       load.relation::regclass, load.target_columns,
                                       options->>'time_zone', (options->>'empty_as_null')::boolean, exceptions) AS d;
        END IF;
        source_rows := source_rows + cardinality(exceptions) - rejected - orphans;
        source_digest := sq2pg.digest_difference(sq2pg.digest_sum(source_digest, stored), removed);
        SELECT d.rows, d.digest INTO target_rows, digest
          FROM sq2pg.digest_relation(load.relation::regclass, load.target_columns::name[]) AS d;
    END IF;
    matches := source_rows = target_rows AND source_digest IS NOT DISTINCT FROM digest;
    detail := CASE WHEN matches THEN NULL
                   WHEN source_rows <> target_rows THEN
                       format('%s rows in SQLite, %s in PostgreSQL', source_rows, target_rows)
                   ELSE 'the same number of rows, but not the same content' END;
END
$$;
COMMENT ON FUNCTION sq2pg.verify_table(jsonb, sq2pg.load, bigint[], bigint, text, bigint, text, bigint, text) IS 'compares one table with its source';

/*
 * Columns that an expression of the caller's made stand for nothing in the
 * source: they are left out of the comparison.
 */
CREATE FUNCTION sq2pg.comparable(load sq2pg.load) RETURNS sq2pg.load
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN load.computed IS NULL THEN load ELSE (
        SELECT ROW(load.source_table, load.relation, array_agg(x.id ORDER BY x.n), array_agg(x.source ORDER BY x.n),
                   array_agg(x.target ORDER BY x.n), load.has_rowid, NULL)::sq2pg.load
          FROM unnest(load.column_ids, load.source_columns, load.target_columns) WITH ORDINALITY AS x(id, source, target, n)
         WHERE NOT x.target = ANY (load.computed)) END
$$;
COMMENT ON FUNCTION sq2pg.comparable(sq2pg.load) IS 'a load without the columns that the caller computes';

/*
 * The rows in which a table differs: how many are only on one side, and where
 * the first of them are.  Rows that are known to differ (rowids of the source,
 * keys of the target, digests of rows of the source) are not counted.
 */
CREATE FUNCTION sq2pg.find_differences(options jsonb, load sq2pg.load, known_rowids bigint[], known_keys text[], known_digests text[],
                                       OUT missing_rows bigint, OUT unexpected_rows bigint, OUT detail text)
    LANGUAGE plpgsql AS $$
DECLARE
    key_columns text;
    target_rows text;
    source_places text;
    target_places text;
BEGIN
    SELECT string_agg(format('%L, %I', a.attname || '=', a.attname), ', '', '', ' ORDER BY k.n) INTO key_columns
      FROM pg_index AS i, unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, n), pg_attribute AS a
     WHERE i.indrelid = load.relation::regclass AND i.indisprimary
       AND a.attrelid = i.indrelid AND a.attnum = k.attnum;
    target_rows := format('SELECT sq2pg.row_digest(ROW(%s)) AS digest, %s AS place FROM %s',
                          (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                             FROM unnest(load.target_columns) WITH ORDINALITY AS x(c, n)),
                          coalesce('concat(' || key_columns || ')', 'NULL::text'), load.relation);
    EXECUTE format(
        'WITH k AS MATERIALIZED (SELECT digest, count(*) AS n FROM unnest($10) AS x(digest) GROUP BY digest),
              s AS MATERIALIZED (SELECT r.digest, r.places, r.n - coalesce(k.n, 0) AS n
                     FROM (SELECT digest, array_agg(source_rowid ORDER BY source_rowid) AS places, count(*) AS n
                             FROM sq2pg.row_digests($1, $2, $3, $4, $5, $6, $7)
                            WHERE source_rowid <> ALL ($8) OR source_rowid IS NULL GROUP BY digest) AS r
                     LEFT JOIN k USING (digest)),
              t AS MATERIALIZED (SELECT digest, array_agg(place ORDER BY place) AS places, count(*) AS n
                     FROM (%s) AS r WHERE place <> ALL ($9) OR place IS NULL GROUP BY digest),
              d AS (SELECT s.places AS source_places, t.places AS target_places,
                           coalesce(s.n, 0) - coalesce(t.n, 0) AS surplus
                      FROM s FULL JOIN t USING (digest)
                     WHERE s.n IS DISTINCT FROM t.n)
         SELECT coalesce(sum(greatest(surplus, 0)), 0), coalesce(sum(greatest(-surplus, 0)), 0),
                (SELECT string_agg(p::text, '', '') FROM (SELECT unnest(source_places) AS p FROM d
                                                           WHERE surplus > 0 ORDER BY p LIMIT 5) AS x),
                (SELECT string_agg(p, ''; '') FROM (SELECT unnest(target_places) AS p FROM d
                                                      WHERE surplus < 0 ORDER BY p LIMIT 5) AS x)
           FROM d', target_rows)
       INTO missing_rows, unexpected_rows, source_places, target_places
      USING options->>'source', load.source_table, load.source_columns, load.relation::regclass, load.target_columns,
            options->>'time_zone', (options->>'empty_as_null')::boolean, known_rowids, known_keys, known_digests;
    detail := concat_ws('; ',
        'first rows without an equal in PostgreSQL: rowid ' || source_places,
        'first rows without an equal in SQLite: ' || target_places);
END
$$;
COMMENT ON FUNCTION sq2pg.find_differences(jsonb, sq2pg.load, bigint[], text[], text[]) IS 'which rows of a table differ from their source';

CREATE TYPE sq2pg.verify_row AS (
    table_name      text,
    source_rows     bigint,
    target_rows     bigint,
    missing_rows    bigint,
    unexpected_rows bigint,
    matches         boolean,
    detail          text);

/*
 * The rows of a table that a run refused or changed, by their rowid in the
 * source and by their key in the target.
 */
CREATE FUNCTION sq2pg.known_differences(run bigint, relation text, OUT rowids bigint[], OUT keys text[])
    LANGUAGE sql AS $$
    SELECT coalesce(array_agg(DISTINCT r.source_rowid) FILTER (WHERE r.source_rowid IS NOT NULL), '{}'),
           coalesce(array_agg(DISTINCT k.place) FILTER (WHERE k.place IS NOT NULL), '{}')
      FROM sq2pg.rejects AS r
      LEFT JOIN LATERAL (
           SELECT string_agg(a.attname || '=' || (r.key->>a.attname), ', ' ORDER BY x.n) AS place
             FROM pg_index AS i, unnest(i.indkey::smallint[]) WITH ORDINALITY AS x(attnum, n), pg_attribute AS a
            WHERE i.indrelid = to_regclass(r.relation) AND i.indisprimary
              AND a.attrelid = i.indrelid AND a.attnum = x.attnum) AS k ON r.key IS NOT NULL
     WHERE r.run = known_differences.run AND r.relation = known_differences.relation
       -- one that was taken out as it was, and is back
       AND NOT (r.storage_class = 'POSTGRESQL' AND r.loaded IS NOT NULL)
$$;
COMMENT ON FUNCTION sq2pg.known_differences(bigint, text) IS 'rows that a run refused or changed';

/*
 * The parameters with which a run can be looked at again: its own, with the
 * names that it had to give.
 */
CREATE FUNCTION sq2pg.run_parameters(run bigint) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
    SELECT r.parameters
        || jsonb_build_object('rename', coalesce(nullif(r.parameters->'rename', 'null'), '{}')
                                     || (SELECT coalesce(jsonb_object_agg(x.key, x.value), '{}')
                                           FROM jsonb_to_recordset(r.notes) AS n(code text, severity text, sample text)
                                          CROSS JOIN LATERAL jsonb_each(CASE WHEN n.code = 'renamed' AND n.severity = 'warning'
                                                                             THEN n.sample::jsonb END) AS x))
      FROM sq2pg.runs AS r WHERE r.run = run_parameters.run
$$;
COMMENT ON FUNCTION sq2pg.run_parameters(bigint) IS 'the parameters of a run, with the names that it gave';

/*
 * Orphans were found in the target, where they have no rowid: what is known of
 * such a row is all that it held, and so the digest that it has in the source.
 */
CREATE FUNCTION sq2pg.known_digests(run bigint, load sq2pg.load) RETURNS text[]
    LANGUAGE plpgsql AS $$
DECLARE
    digests text[];
BEGIN
    EXECUTE format('SELECT coalesce(array_agg(sq2pg.row_digest(ROW(%s))), ''{}'') FROM sq2pg.rejects AS r
                     WHERE r.run = $1 AND r.relation = $2 AND r.storage_class = ''POSTGRESQL'' AND r.loaded IS NULL',
                   (SELECT string_agg(format('(r.row_data->%L->>1)::%s', x.name, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY x.n)
                      FROM unnest(load.target_columns) WITH ORDINALITY AS x(name, n)
                      JOIN pg_attribute AS a ON a.attrelid = load.relation::regclass AND a.attname = x.name))
       INTO digests USING run, load.relation;
    RETURN digests;
EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
    RETURN '{}';                -- the columns are of other types now: nothing is excused
END
$$;
COMMENT ON FUNCTION sq2pg.known_digests(bigint, sq2pg.load) IS 'digests of the orphans of a run, as their rows stand in the source';

CREATE FUNCTION sq2pg.verify_match(options jsonb, source_name text, m sq2pg.data_table, run bigint) RETURNS sq2pg.verify_row
    LANGUAGE plpgsql AS $$
DECLARE
    load  sq2pg.load := CASE WHEN (m.load).target_columns IS NOT NULL THEN sq2pg.comparable(m.load) END;
    known record;
    v     record;
    d     record;
    n     bigint;
BEGIN
    IF load IS NULL OR load.target_columns IS NULL THEN
        n := sq2pg.source_count(options->>'source', source_name);
        RETURN ROW(source_name, n, NULL, n, NULL, false, 'there is no such table in the target')::sq2pg.verify_row;
    END IF;
    SELECT * INTO v FROM sq2pg.verify_table(options, load, '{}', 0, repeat('0', 32), 0, repeat('0', 32));
    IF v.matches THEN
        RETURN ROW(source_name, v.source_rows, v.target_rows, 0, 0, cardinality(m.unmatched) = 0,
                   'columns that are not in the target: ' || nullif(array_to_string(m.unmatched, ', '), ''))::sq2pg.verify_row;
    END IF;
    SELECT * INTO known FROM sq2pg.known_differences(run, load.relation);
    SELECT * INTO d FROM sq2pg.find_differences(options, load, known.rowids, known.keys, sq2pg.known_digests(run, load));
    RETURN ROW(source_name, v.source_rows, v.target_rows, d.missing_rows, d.unexpected_rows,
               d.missing_rows + d.unexpected_rows = 0 AND cardinality(m.unmatched) = 0,
               coalesce(nullif(d.detail, ''), 'the same but for what the run refused or changed'))::sq2pg.verify_row;
END
$$;
COMMENT ON FUNCTION sq2pg.verify_match(jsonb, text, sq2pg.data_table, bigint) IS 'verifies one table of an existing schema';

/*
 * What beside the rows could be wrong in the target tables.
 */
CREATE FUNCTION sq2pg.verify_objects(relations oid[]) RETURNS SETOF sq2pg.verify_row
    LANGUAGE sql STABLE AS $$
    SELECT c.relname::text, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, false,
           format('foreign key "%s" is not validated', k.conname)
      FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
     WHERE k.conrelid = ANY (relations) AND k.contype = 'f' AND NOT k.convalidated
    UNION ALL
    SELECT c.relname, NULL, NULL, NULL, NULL, false, format('index "%s" is not valid', i.indexrelid::regclass)
      FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
     WHERE i.indrelid = ANY (relations) AND NOT i.indisvalid
$$;
COMMENT ON FUNCTION sq2pg.verify_objects(oid[]) IS 'foreign keys and indexes that are not valid';

/*
 * Sequences that would give an id which is already there.
 */
CREATE FUNCTION sq2pg.verify_sequences(schema_name name, relations oid[]) RETURNS SETOF sq2pg.verify_row
    LANGUAGE plpgsql AS $$
DECLARE
    s        record;
    next     numeric;
    collides boolean;
BEGIN
    FOR s IN SELECT u.sequence_oid, u.table_oid, a.attname, q.seqincrement
               FROM sq2pg.column_sequences(schema_name) AS u
               JOIN pg_attribute AS a ON a.attrelid = u.table_oid AND a.attnum = u.column_number
               JOIN pg_sequence AS q ON q.seqrelid = u.sequence_oid
              WHERE u.table_oid = ANY (relations) LOOP
        EXECUTE format('SELECT last_value + CASE WHEN is_called THEN %s ELSE 0 END FROM %s', s.seqincrement,
                       s.sequence_oid::regclass) INTO next;
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I %s $1)', s.table_oid::regclass, s.attname,
                       CASE WHEN s.seqincrement > 0 THEN '>=' ELSE '<=' END) INTO collides USING next;
        IF collides THEN
            RETURN NEXT ROW((SELECT relname FROM pg_class WHERE oid = s.table_oid), NULL, NULL, NULL, NULL, false,
                            format('sequence %s would give %s next to column "%s", which already holds such ids',
                                   s.sequence_oid::regclass, next, s.attname))::sq2pg.verify_row;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.verify_sequences(name, oid[]) IS 'sequences that would collide with existing ids';

CREATE FUNCTION sq2pg.verify(source text, target_schema name, include text[], exclude text[], rename jsonb, types jsonb,
                             names text, empty_as_null boolean, time_zone text, run bigint)
    RETURNS SETOF sq2pg.verify_row
    LANGUAGE plpgsql AS $$
DECLARE
    parameters jsonb := (SELECT sq2pg.run_parameters(run));
    options    jsonb;
    model      sq2pg.model;
    matches    sq2pg.data_table[];
    m          sq2pg.data_table;
    tables     sq2pg.table_plan[];
    relations  oid[];
    tools      int[];
    row        sq2pg.verify_row;
BEGIN
    IF run IS NOT NULL AND parameters IS NULL THEN
        RAISE undefined_object USING MESSAGE = format('there is no run %s', run),
            HINT = 'sq2pg.runs lists the runs of your role.';
    END IF;
    options := sq2pg.make_options(source, target_schema, 'auto', include, exclude, rename, 'error', types, names,
                                  'error', 'error', 'error', empty_as_null, time_zone, 'fire', NULL, false, 'content',
                                  false)
        -- those of the run replace the arguments
        || (SELECT coalesce(jsonb_object_agg(p.key, p.value), '{}')
              FROM jsonb_each(parameters) AS p
             WHERE p.key IN ('include', 'exclude', 'rename', 'types', 'names', 'empty_as_null', 'time_zone'));
    model := sq2pg.read_model(options);
    tables := model.tables;
    tools := ARRAY(SELECT t.table_ordinal FROM unnest(sq2pg.source_tool_tables(options, model)) AS t WHERE NOT t.is_wanted);
    matches := ARRAY(SELECT x FROM sq2pg.match_tables(model, true) AS x ORDER BY x.rank);
    FOREACH m IN ARRAY matches LOOP
        row := sq2pg.verify_match(options, tables[m.table_ordinal].source_name, m, run);
        IF NOT row.matches AND m.relation IS NOT NULL AND m.table_ordinal = ANY (tools) THEN
            row.matches := NULL;
            row.detail := concat_ws('; ', 'the table of a migration tool: each side has its own', row.detail);
        END IF;
        RETURN NEXT row;
    END LOOP;
    relations := ARRAY(SELECT ((x.load).relation)::regclass::oid FROM unnest(matches) AS x
                        WHERE (x.load).relation IS NOT NULL);
    RETURN QUERY SELECT * FROM sq2pg.verify_objects(relations);
    RETURN QUERY SELECT * FROM sq2pg.verify_sequences(target_schema, relations);
END
$$;
COMMENT ON FUNCTION sq2pg.verify(text, name, text[], text[], jsonb, jsonb, text, boolean, text, bigint) IS
    'the work of sq2pg_verify';

CREATE FUNCTION sq2pg_verify(
    source text, target_schema name DEFAULT NULL, include text[] DEFAULT NULL, exclude text[] DEFAULT NULL,
    rename jsonb DEFAULT NULL, types jsonb DEFAULT NULL, names text DEFAULT 'keep',
    empty_as_null boolean DEFAULT false, time_zone text DEFAULT 'UTC', run bigint DEFAULT NULL)
    RETURNS TABLE (table_name text, source_rows bigint, target_rows bigint, missing_rows bigint,
                   unexpected_rows bigint, matches boolean, detail text)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_verify';
COMMENT ON FUNCTION sq2pg_verify(text, name, text[], text[], jsonb, jsonb, text, boolean, text, bigint) IS
    'compares a SQLite database with a schema, row by row, and names what differs; reads only';
