/*
 * sync: makes tables that a migration has filled equal to a newer state of
 * their source
 *
 * What differs is found by key, or, where there is no key, by the content of
 * whole rows, and judged by the digests that also verify: a row whose digest is
 * the same on both sides is never touched.  The DML around it is in
 * migrate/sync_run.sql.
 */

/*
 * The rows of one table that differ.  Rows of the source are named by their
 * numbers, those of the target by where they stand.
 */
CREATE TYPE sq2pg.sync_diff AS (
    inserts   bigint[],
    updates   bigint[],
    gone      tid[],
    parts     oid[],        -- the relation, or partition, in which each of "gone" stands
    unchanged bigint,
    ambiguous boolean);     -- several rows of the source have the key of one of the target

CREATE TYPE sq2pg.sync_state AS (
    source_rows bigint,
    digest      text,       -- of the source
    matches     boolean,    -- the target has the same
    detail      text,
    traces      text,       -- see sq2pg.sync_traces()
    inserted    bigint,     -- rows that differed before anything was done; NULL: none did
    updated     bigint,
    deleted     bigint,
    unchanged   bigint,
    diff        sq2pg.sync_diff);   -- what is left to be done

/*
 * By what rows of a target are told apart: its primary key, else its first
 * unique key that allows no NULL, if the source has all its columns.  Equality
 * is that of the index.  "exact" are columns of which equal values are the same
 * values: they need not be updated.
 */
CREATE FUNCTION sq2pg.sync_key(t sq2pg.data_table, OUT names text[], OUT operators text[], OUT collations text[], OUT exact boolean[])
    LANGUAGE sql STABLE AS $$
    SELECT k.names, k.operators, k.collations, k.exact
      FROM pg_index AS i
     CROSS JOIN LATERAL (
           SELECT array_agg(a.attname::text ORDER BY x.n) AS names,
                  array_agg(sq2pg.qualified_operator(same.amopopr) ORDER BY x.n) AS operators,
                  array_agg(sq2pg.collate_clause((i.indcollation::oid[])[x.n - 1]) ORDER BY x.n) AS collations,
                  array_agg(coalesce(p.amproc = 'btequalimage'::regproc
                                     OR p.amproc = 'btvarstrequalimage'::regproc AND coalesce(c.collisdeterministic, true), false)
                            ORDER BY x.n) AS exact,
                  bool_and(a.attnotnull AND a.attgenerated = '' AND same.amopopr IS NOT NULL) AS is_usable
             FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS x(attnum, n)
             LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = x.attnum
             JOIN pg_opclass AS o ON o.oid = (i.indclass::oid[])[x.n - 1]
             LEFT JOIN pg_amop AS same ON same.amopfamily = o.opcfamily AND same.amoplefttype = o.opcintype AND o.opcmethod = 403
                                      AND same.amoprighttype = o.opcintype AND same.amopstrategy = 3 AND same.amoppurpose = 's'
             LEFT JOIN pg_amproc AS p ON p.amprocfamily = o.opcfamily AND p.amproclefttype = o.opcintype
                                     AND p.amprocrighttype = o.opcintype AND p.amprocnum = 4
             LEFT JOIN pg_collation AS c ON c.oid = (i.indcollation::oid[])[x.n - 1]
            WHERE x.n <= i.indnkeyatts) AS k
     WHERE i.indrelid = t.relation AND i.indisunique AND i.indimmediate AND i.indisvalid AND NOT i.indisexclusion
       AND i.indpred IS NULL AND i.indexprs IS NULL AND k.is_usable AND k.names <@ (t.load).target_columns
     ORDER BY i.indisprimary DESC, i.indexrelid
     LIMIT 1
$$;
COMMENT ON FUNCTION sq2pg.sync_key(sq2pg.data_table) IS 'columns by which rows of both sides belong together';

/*
 * The digest of a row, and its key, as items of a SELECT.  "prefix" is what
 * comes before the name of a column.
 */
CREATE FUNCTION sq2pg.sync_items(t sq2pg.data_table, keys text[], collations text[], prefix text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT concat_ws(', ',
                     format('sq2pg.row_digest(ROW(%s)) AS digest',
                            (SELECT string_agg(format('%s%I', prefix, c), ', ' ORDER BY n)
                               FROM unnest((t.load).target_columns) WITH ORDINALITY AS x(c, n))),
                     (SELECT string_agg(format('%s%I%s AS k%s', prefix, k, c, n), ', ' ORDER BY n)
                        FROM unnest(keys, collations) WITH ORDINALITY AS x(k, c, n)))
$$;
COMMENT ON FUNCTION sq2pg.sync_items(sq2pg.data_table, text[], text[], text) IS 'digest and key of a row, as SQL';

/*
 * Keys that are SQLite's rowids, which it reads without a look at the values:
 * table_ordinal -> column of the target.
 */
CREATE FUNCTION sq2pg.rowid_keys(model sq2pg.model, tables sq2pg.data_table[]) RETURNS jsonb
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT coalesce(jsonb_object_agg(t.table_ordinal, x.name), '{}')
      FROM unnest(tables) AS t
     CROSS JOIN unnest((t.load).column_ids, (t.load).target_columns) AS x(id, name)
      JOIN unnest(model.columns) AS c ON c.id = x.id AND c.is_identity
      JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attname = x.name
                            AND a.atttypid IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
     WHERE (t.load).has_rowid
$$;
COMMENT ON FUNCTION sq2pg.rowid_keys(sq2pg.model, sq2pg.data_table[]) IS 'columns of targets that hold rowids';

/*
 * Both sides of the query below, and when two rows belong together.  Without a
 * key the n-th of some equal rows belongs to the n-th of those on the other
 * side.  Only other keys than rowids need rows of the source as they would
 * stand in the target; digests are made of the raw values.
 */
CREATE FUNCTION sq2pg.sync_sides(options jsonb, t sq2pg.data_table, OUT source_side text, OUT target_side text, OUT condition text)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    k       record;
    numbered CONSTANT text := 'SELECT *, row_number() OVER (PARTITION BY digest ORDER BY %s) AS nth FROM (%s) AS r';
BEGIN
    SELECT * INTO k FROM sq2pg.sync_key(t);
    IF k.names IS NULL OR k.names = ARRAY[options->'rowid_keys'->>t.table_ordinal::text] THEN
        source_side := format('SELECT x.number, x.digest, x.source_rowid AS k1
                                 FROM sq2pg.row_digests(%L, %L, %L::text[], %L::regclass, %L::text[], %L, %L)
                                      WITH ORDINALITY AS x(digest, source_rowid, number)',
                              options->>'source', (t.load).source_table, (t.load).source_columns, (t.load).relation,
                              (t.load).target_columns, options->>'time_zone', options->>'empty_as_null');
        target_side := format('SELECT t.ctid AS id, t.tableoid AS part, %s%s FROM %s AS t', sq2pg.sync_items(t, NULL, NULL, 't.'),
                              CASE WHEN k.names IS NOT NULL THEN format(', t.%I::bigint AS k1', k.names[1]) END, (t.load).relation);
        condition := 's.k1 = t.k1';
    ELSE
        source_side := format('SELECT x.row_number AS number, %s FROM %s AS x',
                              sq2pg.sync_items(t, k.names, k.collations, '(x.target_row).'), sq2pg.rows_call(options, t.load, '{}'));
        target_side := format('SELECT t.ctid AS id, t.tableoid AS part, %s FROM %s AS t',
                              sq2pg.sync_items(t, k.names, k.collations, 't.'), (t.load).relation);
        condition := (SELECT string_agg(format('s.k%s %s t.k%1$s', n, o), ' AND ' ORDER BY n)
                        FROM unnest(k.operators) WITH ORDINALITY AS x(o, n));
    END IF;
    IF k.names IS NULL THEN
        source_side := format(numbered, 'number', source_side);
        target_side := format(numbered, 'part, id', target_side);
        condition := 's.digest = t.digest AND s.nth = t.nth';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.sync_sides(jsonb, sq2pg.data_table) IS 'rows of both sides with digest and key, as SQL';

/*
 * The query that finds what differs.
 */
CREATE FUNCTION sq2pg.sync_query(options jsonb, t sq2pg.data_table) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT format(
        'WITH s AS MATERIALIZED (%s), t AS MATERIALIZED (%s)
         SELECT coalesce(array_agg(s.number ORDER BY s.number) FILTER (WHERE t.id IS NULL), ''{}''),
                coalesce(array_agg(s.number ORDER BY s.number) FILTER (WHERE s.digest <> t.digest), ''{}''),
                coalesce(array_agg(t.id ORDER BY t.part, t.id) FILTER (WHERE s.number IS NULL), ''{}''),
                coalesce(array_agg(t.part ORDER BY t.part, t.id) FILTER (WHERE s.number IS NULL), ''{}''),
                count(*) FILTER (WHERE s.digest = t.digest), count(t.id) > (SELECT count(*) FROM t)
           FROM s FULL JOIN t ON %s', x.source_side, x.target_side, x.condition)
      FROM sq2pg.sync_sides(options, t) AS x
$$;
COMMENT ON FUNCTION sq2pg.sync_query(jsonb, sq2pg.data_table) IS 'the query that finds the rows of a table that differ';

/*
 * What differs in one table now.
 */
CREATE FUNCTION sq2pg.find_sync_diff(options jsonb, t sq2pg.data_table) RETURNS sq2pg.sync_diff
    LANGUAGE plpgsql AS $$
DECLARE
    diff   sq2pg.sync_diff;
    memory text := current_setting('work_mem');
BEGIN
    PERFORM sq2pg.announce('compare', (t.load).relation);
    -- once a table, as an index is made
    IF pg_size_bytes(current_setting('maintenance_work_mem')) > pg_size_bytes(memory) THEN
        PERFORM set_config('work_mem', current_setting('maintenance_work_mem'), true);
    END IF;
    EXECUTE sq2pg.sync_query(options, t) INTO diff;
    PERFORM set_config('work_mem', memory, true);
    -- kept in memory: 8 bytes a row, 12 where it is gone
    IF cardinality(diff.inserts) + cardinality(diff.updates) + cardinality(diff.gone) > 20000000 THEN
        RAISE program_limit_exceeded USING
            MESSAGE = format('more than 20000000 rows of table %s differ from the source', (t.load).relation),
            HINT = 'Load it anew with sq2pg_migrate(existing => ''truncate'').';
    END IF;
    RETURN diff;
END
$$;
COMMENT ON FUNCTION sq2pg.find_sync_diff(jsonb, sq2pg.data_table) IS 'rows of a table that differ from its source';

CREATE FUNCTION sq2pg.is_no_diff(diff sq2pg.sync_diff) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(cardinality(diff.inserts) + cardinality(diff.updates) + cardinality(diff.gone), 0) = 0
$$;
COMMENT ON FUNCTION sq2pg.is_no_diff(sq2pg.sync_diff) IS 'is there nothing to do?';

/*
 * What this transaction has done to a table so far: if it is the same later,
 * nothing was done in between, by triggers and foreign keys neither.  NULL: it
 * is not known.
 */
CREATE FUNCTION sq2pg.sync_traces(relation oid) RETURNS text
    LANGUAGE sql VOLATILE AS $$
    WITH RECURSIVE family(oid) AS (
        SELECT relation
        UNION
        SELECT i.inhrelid FROM pg_inherits AS i JOIN family AS f ON f.oid = i.inhparent
    )
    SELECT string_agg(concat_ws(' ', f.oid, pg_relation_filenode(f.oid), pg_stat_get_xact_tuples_inserted(f.oid),
                                pg_stat_get_xact_tuples_updated(f.oid), pg_stat_get_xact_tuples_deleted(f.oid)), ', ' ORDER BY f.oid)
      FROM family AS f WHERE current_setting('track_counts')::boolean
$$;
COMMENT ON FUNCTION sq2pg.sync_traces(oid) IS 'what this transaction has done to a table';

/*
 * The state of one table.  A digest of the source that is known already is
 * given as "known": its snapshot does not change.
 */
CREATE FUNCTION sq2pg.find_sync_state(options jsonb, t sq2pg.data_table, compared sq2pg.load, known sq2pg.sync_state) RETURNS sq2pg.sync_state
    LANGUAGE plpgsql AS $$
DECLARE
    state  sq2pg.sync_state := known;
    v      record;
BEGIN
    PERFORM sq2pg.announce('verify', (t.load).relation);
    IF state IS NULL THEN
        SELECT d.source_rows, d.digest INTO state.source_rows, state.digest
          FROM sq2pg.digest_source(options->>'source', compared.source_table, compared.source_columns, t.relation::regclass,
                                   compared.target_columns, options->>'time_zone', (options->>'empty_as_null')::boolean, '{}') AS d;
    END IF;
    -- before, so that what is done meanwhile is not overlooked
    state.traces := sq2pg.sync_traces(t.relation);
    SELECT * INTO v
      FROM sq2pg.verify_table(options, compared, '{}', 0, repeat('0', 32), 0, repeat('0', 32), state.source_rows, state.digest);
    state.matches := v.matches;
    state.detail := v.detail;
    state.diff := NULL;
    IF NOT v.matches THEN
        state.diff := sq2pg.find_sync_diff(options, t);
    END IF;
    IF known IS NULL AND NOT v.matches THEN
        state.inserted := cardinality((state.diff).inserts);
        state.updated := cardinality((state.diff).updates);
        state.deleted := cardinality((state.diff).gone);
        state.unchanged := (state.diff).unchanged;
    END IF;
    RETURN state;
END
$$;
COMMENT ON FUNCTION sq2pg.find_sync_state(jsonb, sq2pg.data_table, sq2pg.load, sq2pg.sync_state) IS 'compares one table with its source';

/*
 * What stands in the way of a sync, beside what the targets lack for every run.
 */
CREATE FUNCTION sq2pg.sync_notes(options jsonb, tables sq2pg.data_table[]) RETURNS sq2pg.note[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(n.table_ordinal, NULL, 'error', n.code, NULL, NULL, n.message, n.hint)::sq2pg.note
                              ORDER BY n.table_ordinal, n.code, n.message), '{}')
      FROM (SELECT t.table_ordinal, 'not_a_table' AS code, format('%s is not a table', (t.load).relation) AS message,
                   'Leave it out with exclude.' AS hint
              FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation WHERE c.relkind NOT IN ('r', 'p')
            UNION ALL
            SELECT i.table_ordinal, 'inherited', i.message, i.hint FROM sq2pg.inherited_rows(tables) AS i
            UNION ALL
            SELECT t.table_ordinal, 'computed',
                   format('columns of table %s are computed with USING, which cannot be compared: %s', (t.load).relation,
                          array_to_string((t.load).computed, ', ')), NULL
              FROM unnest(tables) AS t WHERE (t.load).computed IS NOT NULL
            UNION ALL
            SELECT t.table_ordinal, 'row_security', format('row security may hide rows of table %s from role "%s"', (t.load).relation, current_user), NULL
              FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation
             WHERE c.relkind IN ('r', 'p') AND row_security_active(c.oid)
            UNION ALL
            SELECT t.table_ordinal, 'no_right', format('role "%s" lacks privilege DELETE on %s', current_user, (t.load).relation),
                   format('GRANT DELETE ON %s TO %I;', (t.load).relation, current_user)
              FROM unnest(tables) AS t
             WHERE t.relation IS NOT NULL AND NOT has_table_privilege(t.relation, 'DELETE')) AS n
$$;
COMMENT ON FUNCTION sq2pg.sync_notes(jsonb, sq2pg.data_table[]) IS 'what keeps tables from being made equal to their source';

/*
 * One error for what the target lacks; other than sq2pg_migrate a sync adds
 * nothing.
 */
CREATE FUNCTION sq2pg.raise_sync_problems(schema_name name, notes sq2pg.note[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    message text;
    details text;
    hint    text;
BEGIN
    PERFORM sq2pg.raise_problems(schema_name, notes);
EXCEPTION WHEN undefined_table OR undefined_column OR object_not_in_prerequisite_state OR wrong_object_type THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = message, DETAIL = details,
        HINT = CASE WHEN SQLSTATE IN ('42P01', '42703')
                    THEN 'Execute the statements of the detail, leave it out with exclude, or let sq2pg_migrate(add_missing => true, existing => ''truncate'') do it.'
                    ELSE 'Execute the statements of the detail, if there are any, or leave such tables and columns out with exclude.' END;
END
$$;
COMMENT ON FUNCTION sq2pg.raise_sync_problems(name, sq2pg.note[]) IS 'one error that lists what keeps a sync from its work';
