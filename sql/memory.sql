-- what a run leaves in the memory of its session until the transaction ends
\getenv srcdir PG_ABS_SRCDIR
\set keys :srcdir '/test/fixtures/keys.db'
\set views :srcdir '/test/fixtures/schema_objects.db'
CREATE SCHEMA memory;
\c
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT count(*) > 0 AS migrated FROM sq2pg_migrate(:'keys', 'memory');
-- a function in SQL that PL/pgSQL calls without a subquery keeps its parse trees and plans: 300 kB each
SELECT coalesce(sum(total_bytes), 0) < 1024 * 1024 AS functions
  FROM pg_backend_memory_contexts WHERE name = 'SQL function';
SELECT sum(total_bytes) < 24 * 1024 * 1024 AS everything FROM pg_backend_memory_contexts;
ROLLBACK;
-- into tables that exist
SET client_min_messages = warning;
SELECT count(*) > 0 AS migrated FROM sq2pg_migrate(:'keys', 'memory');
BEGIN;
SELECT count(*) > 0 AS replaced FROM sq2pg_migrate(:'keys', 'memory', existing => 'truncate');
SELECT coalesce(sum(total_bytes), 0) < 1024 * 1024 AS functions
  FROM pg_backend_memory_contexts WHERE name = 'SQL function';
ROLLBACK;
-- a rehearsal of what has views
BEGIN;
SELECT count(*) > 0 AS rehearsed FROM sq2pg_migrate(:'views', 'memory', dry_run => true);
SELECT coalesce(sum(total_bytes), 0) < 1024 * 1024 AS functions
  FROM pg_backend_memory_contexts WHERE name = 'SQL function';
ROLLBACK;
DROP SCHEMA memory CASCADE;
