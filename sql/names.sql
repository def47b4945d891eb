-- names: kept, in lower case, in snake case; long, reserved, quoted, colliding
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/names.db'
SET client_min_messages = warning;
\pset format unaligned
CREATE VIEW public.n_columns AS
    SELECT c.relname AS "table", string_agg(quote_ident(a.attname), ' ' ORDER BY a.attnum) AS columns
      FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relnamespace = to_regnamespace('n') AND c.relkind = 'r'
     GROUP BY c.oid, c.relname ORDER BY c.oid;
CREATE VIEW public.n_others AS
    SELECT relkind, relname FROM pg_class
     WHERE relnamespace = to_regnamespace('n') AND relkind NOT IN ('r', 't') ORDER BY relkind, relname COLLATE "C";
-- kept as they are
CREATE SCHEMA n;
SELECT loaded, verified FROM sq2pg_migrate(:'db', 'n') WHERE action = 'total';
TABLE n_columns;
SELECT relname FROM n_others WHERE relname ~ '^(User|Fold|order|the)';
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'n'::regnamespace AND contype = 'f' AND conname !~ '^a_name' ORDER BY conname COLLATE "C";
SELECT * FROM n."order";
INSERT INTO n."order" ("user") VALUES ('new') RETURNING "select";
DROP SCHEMA n CASCADE;
-- in lower case
CREATE SCHEMA n;
SELECT loaded, verified FROM sq2pg_migrate(:'db', 'n', names => 'lower') WHERE action = 'total';
TABLE n_columns;
SELECT relname FROM n_others WHERE relname ~* 'fold';
DROP SCHEMA n CASCADE;
-- in snake case; what is renamed is not touched
CREATE SCHEMA n;
SELECT loaded, verified FROM sq2pg_migrate(:'db', 'n', names => 'snake', exclude => ARRAY['CON*', '*.a"b'], rename => '{"UserAccount.userID": "UserId"}')
 WHERE action = 'total';
TABLE n_columns;
SELECT relname FROM n_others WHERE relname ~ '^(user|fold)';
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'n'::regnamespace AND contype = 'f' AND conname !~ '^a_name' ORDER BY conname COLLATE "C";
DROP SCHEMA n CASCADE;
DROP VIEW n_columns, n_others;
