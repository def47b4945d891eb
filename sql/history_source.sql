-- the source in sq2pg.runs: its SHA-256, the same as of the file outside
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
SET client_min_messages = warning;
CREATE SCHEMA h;
CREATE FUNCTION h.sha(bytes bytea) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(bytes), 'hex') $$;
-- is the last run's hash that of these bytes, and how many of them does it say?
CREATE FUNCTION h.last(bytes bytea) RETURNS text LANGUAGE sql AS $$
    SELECT format('same %s, size %s, copied %s, note %s', source_facts->>'sha256' = h.sha(bytes),
                  (source_facts->>'size')::bigint = length(bytes), source_facts->>'read_from_copy',
                  source_facts->>'sha256_note')
      FROM sq2pg.runs ORDER BY run DESC LIMIT 1
$$;
SELECT key FROM sq2pg.source_facts(:'db') AS f, jsonb_object_keys(f) AS key ORDER BY key COLLATE "C";

-- a copy, hashed while it was made
SELECT loaded FROM sq2pg_migrate(:'db', 'h', include => ARRAY['log'], dry_run => true) WHERE action = 'total';
SELECT h.last(pg_read_binary_file(:'db'));
-- a copy that was made before for another purpose
BEGIN;
SELECT count(*) >= 0 AS checked FROM sq2pg_check(:'db', 'h', include => ARRAY['log']);
SELECT loaded FROM sq2pg_migrate(:'db', 'h', include => ARRAY['log'], dry_run => true) WHERE action = 'total';
SELECT h.last(pg_read_binary_file(:'db'));
ROLLBACK;
-- read in place: as asked for, and because somebody looked before
BEGIN;
SET LOCAL sqlite_fdw_mig.read_in_place = on;
SELECT loaded FROM sq2pg_migrate(:'db', 'h', include => ARRAY['log'], dry_run => true) WHERE action = 'total';
SELECT h.last(pg_read_binary_file(:'db'));
ROLLBACK;
BEGIN;
SELECT count(*) > 0 AS looked FROM sq2pg_tables(:'db');
SELECT loaded FROM sq2pg_migrate(:'db', 'h', include => ARRAY['log'], dry_run => true) WHERE action = 'total';
SELECT h.last(pg_read_binary_file(:'db'));
ROLLBACK;

-- a large object, also one that is marked otherwise in the copy
BEGIN;
SELECT lo_from_bytea(0, pg_read_binary_file(:'db')) AS loid,
       lo_from_bytea(0, overlay(pg_read_binary_file(:'db') placing '\x0202' from 19)) AS wal \gset
SELECT loaded FROM sq2pg_migrate('lo:' || :loid, 'h', include => ARRAY['log'], dry_run => true) WHERE action = 'total';
SELECT h.last(lo_get(:loid));
SELECT loaded FROM sq2pg_migrate('lo:' || :wal, 'h', include => ARRAY['log'], dry_run => true) WHERE action = 'total';
SELECT h.last(lo_get(:wal));
ROLLBACK;
BEGIN;
SELECT lo_from_bytea(0, overlay(pg_read_binary_file(:'db') placing '\x0202' from 19)) AS wal \gset
SELECT count(*) > 0 AS looked FROM sq2pg_tables('lo:' || :wal);
SELECT sq2pg.source_facts('lo:' || :wal)->>'sha256' = h.sha(lo_get(:wal)) AS same;
ROLLBACK;
-- larger than one block, and not a multiple of it
BEGIN;
SELECT lo_from_bytea(0, pg_read_binary_file(:'db') || convert_to(repeat('x', 600001), 'UTF8')) AS big \gset
SELECT loaded FROM sq2pg_migrate('lo:' || :big, 'h', include => ARRAY['log'], dry_run => true) WHERE action = 'total';
SELECT h.last(lo_get(:big));
ROLLBACK;
DROP SCHEMA h CASCADE;
