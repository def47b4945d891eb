/*
 * estimate: how long, how large, how much WAL, how many locks
 *
 * For whoever has to plan a maintenance window.  The numbers come from the
 * bytes and rows that the source really holds; what PostgreSQL makes of them
 * is arithmetic on its page layout, and factors that test/bench/estimate
 * measures (docs/audit.md says how far off they were).
 */

CREATE TYPE sq2pg.table_size AS (
    table_ordinal int,
    source_rows   bigint,
    heap          bigint,       -- bytes, with what lies in TOAST
    indexes       bigint,       -- bytes
    index_count   int,
    small         bigint);      -- bytes in files below wal_skip_threshold

/* Numbers of numeric count as such: most have up to eight digits. */
CREATE FUNCTION sq2pg.has_fixed_width(type text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT type IN ('boolean', 'smallint', 'integer', 'bigint', 'real', 'double precision', 'date', 'time', 'uuid')
        OR type LIKE 'timestamp%' OR type LIKE 'numeric%'
$$;
COMMENT ON FUNCTION sq2pg.has_fixed_width(text) IS 'types whose values need not be measured to know their size';

/*
 * Each column: values and bytes.  A table is read once, 500 columns at a time;
 * of a blob SQLite reads the length only.
 */
CREATE FUNCTION sq2pg.estimate_columns(options jsonb, model sq2pg.model)
    RETURNS TABLE (id int, table_ordinal int, type text, source_rows bigint, filled bigint, bytes bigint)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT c.id, g.table_ordinal, c.type, r.value[1]::bigint, r.value[c.n * 2]::bigint, coalesce(r.value[c.n * 2 + 1]::bigint, 0)
      FROM (SELECT x.table_ordinal, array_agg(x.id ORDER BY x.n) AS ids, array_agg(coalesce(x.type, x.candidates[1]) ORDER BY x.n) AS types,
                   string_agg(replace(CASE WHEN sq2pg.has_fixed_width(coalesce(x.type, x.candidates[1])) THEN ', count(@), 0'
                                           ELSE ', count(@), sum(CASE WHEN typeof(@) = ''blob'' THEN length(@) ELSE length(CAST(@ AS BLOB)) END)' END,
                                      '@', sq2pg.lite_name(x.source_name)), '' ORDER BY x.n) AS list
              FROM (SELECT y.*, row_number() OVER (PARTITION BY y.table_ordinal ORDER BY y.ordinal) AS n
                      FROM unnest(model.columns) AS y) AS x
             GROUP BY x.table_ordinal, (x.n - 1) / 500) AS g
      JOIN unnest(model.tables) AS t ON t.ordinal = g.table_ordinal
     CROSS JOIN LATERAL (SELECT sq2pg.source_row(options->>'source', format('SELECT count(*)%s FROM %s', g.list,
                                                                           sq2pg.lite_name(t.source_name)))) AS r(value)
     CROSS JOIN unnest(g.ids, g.types) WITH ORDINALITY AS c(id, type, n)
$$;
COMMENT ON FUNCTION sq2pg.estimate_columns(jsonb, sq2pg.model) IS 'rows, values and bytes of each column of the source';

/*
 * Bytes of a column's values in a tuple, given their bytes as SQLite's text or
 * blob.  A short varlena has one byte before it, a long one four; the padding
 * before eight-byte types is one byte in the mean of real tables.
 */
CREATE FUNCTION sq2pg.stored_bytes(type text, filled bigint, bytes bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN type = 'boolean' THEN filled
                WHEN type = 'smallint' THEN 2.0 * filled
                WHEN type IN ('integer', 'date', 'real') THEN 4.0 * filled
                WHEN type IN ('bigint', 'double precision', 'time') OR type LIKE 'timestamp%' THEN 9.0 * filled
                WHEN type = 'uuid' THEN 16.0 * filled
                WHEN type LIKE 'numeric%' THEN 7.0 * filled
                WHEN type = 'jsonb' THEN 8.0 * filled + bytes * 1.1
                ELSE bytes + CASE WHEN bytes < 120 * filled THEN 1.0 ELSE 5.0 END * filled END
$$;
COMMENT ON FUNCTION sq2pg.stored_bytes(text, bigint, bigint) IS 'bytes of a column''s values in tuples';

/*
 * The tables with their size.  A tuple: line pointer, header, bitmap of NULLs,
 * values; what is longer than 2 kB goes to the TOAST table in pieces, which
 * waste a part of their pages.  An
 * entry of an index: line pointer, header, values, in pages that are 90 % full;
 * equal keys of an index that is not unique share one entry.
 */
CREATE FUNCTION sq2pg.estimate_tables(options jsonb, model sq2pg.model) RETURNS sq2pg.table_size[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH c AS MATERIALIZED (
        SELECT x.*, sq2pg.stored_bytes(x.type, x.filled, x.bytes) AS stored
          FROM sq2pg.estimate_columns(options, model) AS x
    ), threshold AS (
        SELECT pg_size_bytes(current_setting('wal_skip_threshold')) AS bytes
    ), heaps AS (
        SELECT c.table_ordinal, min(c.source_rows) AS source_rows,
               4 + 8 * ceil((23 + CASE WHEN sum(c.filled) < sum(c.source_rows) THEN ceil(count(*) / 8.0) ELSE 0 END) / 8)
                 + 8 * ceil(sum(c.stored) / nullif(min(c.source_rows), 0) / 8) AS tuple,
               bool_or(c.type IN ('text', 'bytea', 'json', 'jsonb') OR c.type LIKE 'varchar%' OR c.type LIKE 'numeric%') AS has_toast
          FROM c GROUP BY c.table_ordinal
    ), entries AS (
        SELECT x.table_ordinal, x.place, x.is_unique,
               12 + 8 * ceil(sum(coalesce(c.stored / nullif(c.source_rows, 0), 16)) / 8) AS entry
          FROM (SELECT k.table_ordinal, k.ordinality AS place, k.columns, true AS is_unique FROM unnest(model.keys) WITH ORDINALITY AS k
                UNION ALL
                SELECT i.table_ordinal, -i.ordinality, i.columns, i.is_unique FROM unnest(model.indexes) WITH ORDINALITY AS i) AS x
         CROSS JOIN unnest(x.columns) AS u(id)
          LEFT JOIN c ON c.id = u.id
         GROUP BY x.table_ordinal, x.place, x.is_unique
    ), indexes AS (
        SELECT x.table_ordinal, count(*) AS n, sum(x.bytes) AS bytes, sum(x.bytes) FILTER (WHERE x.bytes < t.bytes) AS small
          FROM (SELECT e.table_ordinal,
                       8192 * (1 + ceil(h.source_rows * CASE WHEN e.is_unique THEN e.entry ELSE least(e.entry, 14) END / 7340)) AS bytes
                  FROM entries AS e JOIN heaps AS h USING (table_ordinal)) AS x,
               threshold AS t
         GROUP BY x.table_ordinal
    ), sizes AS (
        SELECT h.table_ordinal, h.source_rows, coalesce(i.bytes, 0) + CASE WHEN h.has_toast THEN 8192 ELSE 0 END AS indexes,
               coalesce(i.small, 0) AS small, coalesce(i.n, 0) AS n,
               CASE WHEN h.source_rows = 0 THEN 0
                    WHEN h.tuple < 2040 THEN 8192 * ceil(h.source_rows / floor(8168 / h.tuple))
                    ELSE h.source_rows * h.tuple * 1.15 END AS heap
          FROM heaps AS h LEFT JOIN indexes AS i USING (table_ordinal)
    )
    SELECT coalesce(array_agg(ROW(s.table_ordinal, s.source_rows, s.heap, s.indexes, s.n,
                                  s.small + CASE WHEN s.heap < t.bytes THEN s.heap ELSE 0 END)::sq2pg.table_size
                              ORDER BY s.table_ordinal), '{}')
      FROM sizes AS s, threshold AS t
$$;
COMMENT ON FUNCTION sq2pg.estimate_tables(jsonb, sq2pg.model) IS 'size of each table in PostgreSQL, by what the source holds';

/*
 * Bytes of WAL.  A run that creates tables writes its rows many to a record
 * and its indexes by pages; wal_level "minimal" leaves out every file above
 * wal_skip_threshold, since it is new.  In existing tables each row and each
 * entry of an index has a record of its own.  On top come the system catalogs,
 * whose pages are logged as a whole when they are met first after a checkpoint.
 */
CREATE FUNCTION sq2pg.estimate_wal(sizes sq2pg.table_size[], data_mode boolean) RETURNS double precision
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('full_page_writes') = 'on' THEN 393216 ELSE 65536 END
           + CASE WHEN data_mode THEN sum(0.85 * s.heap + s.source_rows * (40.0 + 75.0 * s.index_count))
                  ELSE sum(5120 * (2.0 + s.index_count) + CASE WHEN current_setting('wal_level') = 'minimal' THEN s.small
                                                              ELSE 0.8 * (s.heap + s.indexes) END) END
      FROM unnest(sizes) AS s
$$;
COMMENT ON FUNCTION sq2pg.estimate_wal(sq2pg.table_size[], boolean) IS 'bytes of WAL that a run will write';

/*
 * Seconds.  What reading costs is measured where it will happen: by what the
 * check has taken to read the source.  To that come the bytes that are
 * written, a part for each entry of an index, each reference to a parent that
 * is looked up, and each table.  All factors are fitted to what
 * test/bench/estimate measured (docs/audit.md).
 */
CREATE FUNCTION sq2pg.estimate_seconds(sizes sq2pg.table_size[], model sq2pg.model, data_mode boolean, reading interval)
    RETURNS double precision
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN data_mode THEN 0.6 ELSE 1.0 END * extract(epoch FROM reading)
           + sum(s.heap + s.indexes) / CASE WHEN data_mode THEN 60e6 ELSE 80e6 END
           + sum(s.source_rows * s.index_count) * CASE WHEN data_mode THEN 1e-6 ELSE 0.25e-6 END
           + sum(s.source_rows * coalesce(f.n, 0)) * CASE WHEN data_mode THEN 6e-6 ELSE 0.3e-6 END
           + count(*) * CASE WHEN data_mode THEN 0.002 ELSE 0.004 END
      FROM unnest(sizes) AS s
      LEFT JOIN (SELECT k.table_ordinal, count(*) AS n FROM unnest(model.foreign_keys) AS k WHERE k.problem IS NULL
                  GROUP BY k.table_ordinal) AS f USING (table_ordinal)
$$;
COMMENT ON FUNCTION sq2pg.estimate_seconds(sq2pg.table_size[], sq2pg.model, boolean, interval) IS 'seconds that a run will take';

CREATE FUNCTION sq2pg.pretty_seconds(seconds double precision) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN seconds < 90 THEN ceil(seconds) || ' s'
                WHEN seconds < 5400 THEN ceil(seconds / 60) || ' min'
                ELSE round((seconds / 3600)::numeric, 1) || ' h' END
$$;
COMMENT ON FUNCTION sq2pg.pretty_seconds(double precision) IS 'a time as people say it';

/*
 * The notes: their text is always the same, the number is in "sample".
 */
CREATE FUNCTION sq2pg.estimate_notes(options jsonb, model sq2pg.model, started timestamptz, data_mode boolean)
    RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    reading  interval := clock_timestamp() - started;   -- before we read ourselves
    sizes    sq2pg.table_size[];
    locks    record;
BEGIN
    IF model.tables IS NULL THEN
        RETURN '{}';
    END IF;
    sizes := (SELECT sq2pg.estimate_tables(options, model));
    SELECT * INTO locks FROM sq2pg.lock_needs(model);
    RETURN (SELECT array_agg(ROW(NULL, NULL, 'note', 'estimate', NULL, e.sample, e.message, e.hint)::sq2pg.note ORDER BY e.place)
              FROM (VALUES (1, sq2pg.pretty_seconds(sq2pg.estimate_seconds(sizes, model, data_mode, reading)), 'estimated time of the run',
                            'A rehearsal with dry_run => true measures it.'),
                           (2, pg_size_pretty((SELECT sum(s.heap + s.indexes)::bigint FROM unnest(sizes) AS s)),
                            'estimated size on disk, with indexes', NULL),
                           (3, pg_size_pretty(sq2pg.estimate_wal(sizes, data_mode)::bigint),
                            'estimated write-ahead log of the run', NULL),
                           (4, format('%s of %s', locks.locks, locks.room),
                            'estimated locks of the run, and room in the lock table', NULL)) AS e(place, sample, message, hint));
END
$$;
COMMENT ON FUNCTION sq2pg.estimate_notes(jsonb, sq2pg.model, timestamptz, boolean) IS
    'time, size, write-ahead log and locks that a run will need';
