-- what counts as equal is what the index says; and what many rows cost
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/violations.db'
\set schema :srcdir '/test/schema/violations.sql'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET jit = off;
\set ECHO none
\i :schema
\set ECHO all
DROP TABLE vi.item, vi.person, vi.booking, vi.room, vi.purchase, vi.customer, vi.secret, vi.pair, vi.void;
\set findings 'SELECT n.severity, n.code, n.occurrences, n.sample, n.message FROM unnest(sq2pg.violation_notes(vi.options(:''db''), vi.tables(:''db''))) AS n;'

-- an operator class for which numbers are equal regardless of their sign
CREATE FUNCTION vi.abs_cmp(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT btint4cmp(abs($1), abs($2))';
CREATE FUNCTION vi.abs_lt(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT abs($1) < abs($2)';
CREATE FUNCTION vi.abs_eq(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT abs($1) = abs($2)';
CREATE FUNCTION vi.abs_gt(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT abs($1) > abs($2)';
CREATE OPERATOR vi.|<| (PROCEDURE = vi.abs_lt, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(vi.|>|));
CREATE OPERATOR vi.|>| (PROCEDURE = vi.abs_gt, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(vi.|<|));
CREATE OPERATOR vi.|=| (PROCEDURE = vi.abs_eq, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(vi.|=|));
CREATE OPERATOR CLASS vi.abs_ops FOR TYPE integer USING btree AS
    OPERATOR 1 vi.|<|, OPERATOR 3 vi.|=|, OPERATOR 5 vi.|>|, FUNCTION 1 vi.abs_cmp(integer, integer);
CREATE TABLE vi.number (id integer, n integer);
CREATE UNIQUE INDEX by_size ON vi.number (n vi.abs_ops);
INSERT INTO vi.number VALUES (100, -8);
:findings
DROP INDEX vi.by_size;
CREATE UNIQUE INDEX by_size ON vi.number (n) NULLS NOT DISTINCT;
INSERT INTO vi.number VALUES (101, NULL);
:findings
DROP TABLE vi.number;

-- citext and a collation that does not see case, where they can be had
SELECT count(*) = 2 AS found FROM (SELECT name FROM pg_available_extensions WHERE name = 'citext'
                                   UNION ALL SELECT 'icu' WHERE EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i')) AS x \gset
\set ECHO none
\if :found
CREATE EXTENSION citext SCHEMA vi;
CREATE COLLATION vi.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE vi.person (id bigint PRIMARY KEY, email vi.citext UNIQUE, nick text COLLATE vi.anycase UNIQUE);
INSERT INTO vi.person VALUES (70, 'DI@x.org', 'ED');
:findings
DROP TABLE vi.person;
\else
\echo ' severity |     code      | occurrences |            sample             |                                         message                                          '
\echo '----------+---------------+-------------+-------------------------------+------------------------------------------------------------------------------------------'
\echo ' error    | duplicate_key |           1 | rowid 1, 2: email = ann@x.org | 1 rows repeat a key of unique index "person_email_key" (email)'
\echo ' error    | duplicate_key |           1 | rowid 2, 3: nick = ben        | 1 rows repeat a key of unique index "person_nick_key" (nick)'
\echo ' error    | key_exists    |           1 | rowid 4: email = di@x.org     | 1 rows have a key of unique index "person_email_key" (email) that the target has already'
\echo ' error    | key_exists    |           1 | rowid 5: nick = ed            | 1 rows have a key of unique index "person_nick_key" (nick) that the target has already'
\echo '(4 rows)'
\echo
\endif
\set ECHO all

-- ranges by sorting, anything else in pairs as long as they are few
CREATE TABLE vi.span (id integer PRIMARY KEY, r int4range, CONSTRAINT apart EXCLUDE USING gist (r WITH &&));
:findings
ALTER TABLE vi.span DROP CONSTRAINT apart, ADD CONSTRAINT not_beside EXCLUDE USING gist (r WITH -|-);
:findings
ALTER TABLE vi.span DROP CONSTRAINT not_beside, ADD CONSTRAINT few EXCLUDE USING gist (r WITH -|-) WHERE (id < 1000);
INSERT INTO vi.span VALUES (0, '[19970,19995)'), (20000, '[5,10)');
:findings
DROP TABLE vi.span;
DROP SCHEMA vi CASCADE;
