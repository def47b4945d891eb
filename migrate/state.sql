/* state: what was migrated when, and what a running migration is doing */

CREATE TABLE sq2pg.runs (
    run             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    role_name       name NOT NULL DEFAULT current_user,
    started         timestamptz NOT NULL DEFAULT now(),
    finished        timestamptz NOT NULL DEFAULT clock_timestamp(),
    source          text NOT NULL,
    target_schema   name NOT NULL,
    source_facts    jsonb NOT NULL,
    versions        jsonb NOT NULL,
    parameters      jsonb NOT NULL,
    tables          jsonb NOT NULL,
    notes           jsonb NOT NULL,
    digests         jsonb);
COMMENT ON TABLE sq2pg.runs IS 'every finished migration: its source, parameters, versions and report';
COMMENT ON COLUMN sq2pg.runs.source_facts IS
    'size, time, change counter and SHA-256 of the source; sha256_note says why there is no SHA-256';
COMMENT ON COLUMN sq2pg.runs.digests IS
    'by table: rows and digest of the target as it was verified; NULL: the content was not compared';

ALTER TABLE sq2pg.runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_runs ON sq2pg.runs USING (role_name = current_user);
-- a role may add what it did itself; nobody but a superuser changes history,
-- chooses the number of a run or takes one that will be given
GRANT SELECT, INSERT (source, target_schema, source_facts, versions, parameters, tables, notes, digests) ON sq2pg.runs TO PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('sq2pg.runs', '');
SELECT pg_catalog.pg_extension_config_dump('sq2pg.runs_run_seq', '');

CREATE TABLE sq2pg.rejects (
    reject          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run             bigint NOT NULL REFERENCES sq2pg.runs ON DELETE CASCADE,
    role_name       name NOT NULL DEFAULT current_user,
    source_table    text NOT NULL,
    relation        text NOT NULL,
    source_rowid    bigint,
    key             jsonb,
    column_name     text NOT NULL,
    storage_class   text NOT NULL,
    value           text,
    sqlstate        text NOT NULL,
    message         text NOT NULL,
    action          text NOT NULL,
    row_data        jsonb NOT NULL,
    repaired        text,
    loaded          timestamptz);
COMMENT ON TABLE sq2pg.rejects IS
    'values that a run refused or changed; write a better one into "repaired" and call sq2pg_retry(run)';
COMMENT ON COLUMN sq2pg.rejects.relation IS 'target table, quoted and schema-qualified';
COMMENT ON COLUMN sq2pg.rejects.key IS 'primary key of the row in the target, as it was in SQLite';
COMMENT ON COLUMN sq2pg.rejects.action IS 'what was done: null (stored as NULL), repair (nearest value stored), reject (row left out)';
COMMENT ON COLUMN sq2pg.rejects.row_data IS 'the whole source row: column in the target, [storage class, value]';
COMMENT ON COLUMN sq2pg.rejects.repaired IS 'set it to the value that sq2pg_retry(run) shall load';
COMMENT ON COLUMN sq2pg.rejects.loaded IS 'when sq2pg_retry(run) loaded the row';

ALTER TABLE sq2pg.rejects ENABLE ROW LEVEL SECURITY;
-- the rows of a run are loaded by whoever retries it: nobody may slip any into the run of another
CREATE POLICY own_rejects ON sq2pg.rejects USING (role_name = current_user)
    WITH CHECK (role_name = current_user AND EXISTS (SELECT FROM sq2pg.runs AS r WHERE r.run = rejects.run));
GRANT SELECT, INSERT (run, source_table, relation, source_rowid, key, column_name, storage_class, value, sqlstate, message, action, row_data),
      UPDATE (repaired, loaded), DELETE ON sq2pg.rejects TO PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('sq2pg.rejects', '');
SELECT pg_catalog.pg_extension_config_dump('sq2pg.rejects_reject_seq', '');

/*
 * What C keeps of refused and changed values until a run ends.
 */
CREATE FUNCTION sq2pg.take_rejects()
    RETURNS TABLE (source_table text, relation text, source_rowid bigint, column_name text, storage_class text,
                   value text, sqlstate text, message text, action text, row_data jsonb, load int)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_take_rejects';
COMMENT ON FUNCTION sq2pg.take_rejects() IS 'refused and changed values of this transaction, once';

CREATE FUNCTION sq2pg.forget_rejects() RETURNS void
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_forget_rejects';
COMMENT ON FUNCTION sq2pg.forget_rejects() IS 'forgets refused and changed values of an earlier run of this transaction';

/*
 * One that was found in the target: its values are written as PostgreSQL
 * writes them, storage class POSTGRESQL.  row_data as in sq2pg.rejects.
 */
CREATE FUNCTION sq2pg.keep_reject(source_table text, relation text, column_name text, value text, sqlstate text,
                                  message text, action text, row_data jsonb) RETURNS void
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_keep_reject';
COMMENT ON FUNCTION sq2pg.keep_reject(text, text, text, text, text, text, text, jsonb) IS
    'keeps a row of the target that was changed or taken out';

CREATE FUNCTION sq2pg.row_data(target_row jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT jsonb_object_agg(e.key, CASE WHEN e.value IS NULL THEN '["NULL"]' ELSE jsonb_build_array('POSTGRESQL', e.value) END)
      FROM jsonb_each_text(target_row) AS e
$$;
COMMENT ON FUNCTION sq2pg.row_data(jsonb) IS 'a row of the target in the form of sq2pg.rejects.row_data';

/*
 * The primary key of a row, out of all its values.
 */
CREATE FUNCTION sq2pg.reject_key(relation text, row_data jsonb) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
    SELECT jsonb_object_agg(a.attname, row_data->a.attname->1)
      FROM pg_index AS i
      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::smallint[])
     WHERE i.indrelid = to_regclass(relation) AND i.indisprimary
$$;
COMMENT ON FUNCTION sq2pg.reject_key(text, jsonb) IS 'primary key of a refused row';

CREATE FUNCTION sq2pg_report(run bigint) RETURNS jsonb
    LANGUAGE sql STABLE STRICT AS $$
    SELECT pg_catalog.jsonb_set(pg_catalog.to_jsonb(r), '{rejects}', (
               SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(x) ORDER BY x.reject), '[]')
                 FROM sq2pg.rejects AS x WHERE x.run OPERATOR(pg_catalog.=) r.run))
      FROM sq2pg.runs AS r WHERE r.run OPERATOR(pg_catalog.=) sq2pg_report.run
$$;
COMMENT ON FUNCTION sq2pg_report(bigint) IS 'one run with its rejects as JSON';

/*
 * Facts about the open source, for the history: the hash costs a read of the
 * whole file, unless it was found while the file was copied.
 */
CREATE FUNCTION sq2pg.source_facts(source text) RETURNS jsonb
    LANGUAGE sql STRICT AS $$
    SELECT jsonb_build_object('size', size, 'modified', modified, 'change_counter', change_counter,
                              'wal_mode', wal_mode, 'read_from_copy', copied, 'sha256', h.sha256)
           || CASE WHEN h.note IS NULL THEN '{}' ELSE jsonb_build_object('sha256_note', h.note) END
      FROM sq2pg.source_state(source), sq2pg.source_sha256(source) AS h
$$;
COMMENT ON FUNCTION sq2pg.source_facts(text) IS 'size, time, change counter and SHA-256 of a source';

CREATE FUNCTION sq2pg.source_sha256(source text, OUT sha256 text, OUT note text)
    RETURNS SETOF record
    LANGUAGE C STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_source_sha256_sql';
COMMENT ON FUNCTION sq2pg.source_sha256(text) IS 'SHA-256 of a source as it lies outside, or why there is none';

CREATE FUNCTION sq2pg.source_state(source text, OUT size bigint, OUT modified timestamptz, OUT change_counter bigint,
                                   OUT wal_mode boolean, OUT copied boolean)
    RETURNS SETOF record
    LANGUAGE C STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_source_state';
COMMENT ON FUNCTION sq2pg.source_state(text) IS 'what the header and the file system say about a source';

/*
 * What this session shows in pg_stat_activity and, while it loads, in
 * pg_stat_progress_copy.
 */
CREATE FUNCTION sq2pg.announce(phase text, object text, ordinal bigint DEFAULT 0, tables bigint DEFAULT 0,
                               source_rows bigint DEFAULT 0) RETURNS void
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_announce';
COMMENT ON FUNCTION sq2pg.announce(text, text, bigint, bigint, bigint) IS 'shows other sessions what a migration is doing';

CREATE VIEW sq2pg.progress AS
    SELECT a.pid, a.datname, a.usename,
           (regexp_match(a.query, '^sq2pg_migrate: (.+?) "'))[1] AS phase,
           (regexp_match(a.query, '^sq2pg_migrate: .+? "(.*)"'))[1] AS object,
           c.param14 AS table_number, c.param15 AS tables,
           c.param3 AS rows_done, nullif(c.param16, 0) AS rows_estimated,
           CASE WHEN c.param16 > 0 THEN least(round(100.0 * c.param3 / c.param16, 1), 100)
                WHEN c.param2 > 0 THEN least(round(100.0 * c.param1 / c.param2, 1), 100) END AS percent,
           i.phase AS index_phase,
           now() - a.xact_start AS running,
           nullif(c.param1, 0) AS bytes_copied, nullif(c.param2, 0) AS bytes_total
      FROM pg_stat_activity AS a
      LEFT JOIN pg_stat_get_progress_info('COPY') AS c ON c.pid = a.pid AND c.param13 = 5395793
      LEFT JOIN pg_stat_progress_create_index AS i ON i.pid = a.pid
     -- after an error its last words stay until the session's next statement
     WHERE a.state = 'active' AND a.query LIKE 'sq2pg\_migrate: %';
COMMENT ON VIEW sq2pg.progress IS 'running migrations: phase, table or object, rows done and estimated, bytes of the source copied';
GRANT SELECT ON sq2pg.progress TO PUBLIC;
