-- existing tables: schemas and roles, and names and objects that mean ill
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/cutover.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_sqm_app;
CREATE ROLE regress_sqm_guest;
CREATE SCHEMA d AUTHORIZATION regress_sqm_app;
-- messages name paths and OIDs: cut
CREATE FUNCTION public.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    d text;
    h text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', sqlstate, regexp_replace(regexp_replace(sqlerrm, '"/[^"]*/', '".../'), '\d{4,}', 'N'), d, regexp_replace(h, '\d{4,}', 'N'));
END
$$;

-- public is another application's, with tables of the same names
CREATE TABLE public.item (id int PRIMARY KEY, kind text, day date, qty int);
CREATE TABLE public.other (id int, note text, theirs text);
INSERT INTO public.item VALUES (99, 'theirs', NULL, 0);
SET ROLE regress_sqm_app;
CREATE TABLE d.item (id serial PRIMARY KEY, kind text, day date, qty int);
CREATE TABLE d.other (id int PRIMARY KEY REFERENCES d.item, note text);
CREATE SEQUENCE d.loose;
ALTER TABLE d.other ADD n int DEFAULT nextval('d.loose');
-- the owner: not a superuser, and may not read files of the server
\pset format unaligned
SELECT try(format('SELECT * FROM sq2pg_migrate(%L, %L, %L, include => %L)', :'db', 'd', 'data', '{item,other}'));
RESET ROLE;
SELECT lo_from_bytea(0, pg_read_binary_file(:'db')) AS loid \gset
\set source 'lo:' :loid
SET ROLE regress_sqm_app;
SELECT try(format('SELECT * FROM sq2pg_migrate(%L, %L, %L, include => %L)', :'source', 'd', 'data', '{item,other}'));
RESET ROLE;
GRANT SELECT ON LARGE OBJECT :loid TO regress_sqm_app, regress_sqm_guest;
SET ROLE regress_sqm_app;
SELECT code, table_name FROM sq2pg_check(:'source', 'd', 'data', include => '{item,other}') WHERE severity <> 'note';
SELECT table_name, action, loaded FROM sq2pg_migrate(:'source', 'd', 'data', include => '{item,other}', dry_run => true);
SELECT table_name, action, loaded, next_id, verified FROM sq2pg_migrate(:'source', 'd', 'data', include => '{item,other}');
SELECT table_name, action FROM sq2pg_migrate(:'source', 'd', 'data', include => '{item,other}');
SELECT * FROM d.other ORDER BY id;
SELECT bool_and(matches) FROM sq2pg_verify(:'source', 'd', include => '{item,other}');
RESET ROLE;
SELECT id, kind FROM public.item;
SELECT count(*) FROM public.other;
-- the schema of the caller is where the data go, if no other is named
SET search_path = d, public;
TRUNCATE d.item, d.other;
SELECT table_name, loaded FROM sq2pg_migrate(:'source', include => '{item,other}');
SELECT (SELECT count(*) FROM d.item) AS here, (SELECT count(*) FROM public.item) AS there;
SET search_path = public;
SELECT try(format('SELECT * FROM sq2pg_migrate(%L, include => %L)', :'source', '{item,other}'));

-- all that a role lacks, at once
TRUNCATE d.item, d.other RESTART IDENTITY;
SET ROLE regress_sqm_guest;
SELECT try(format('SELECT * FROM sq2pg_migrate(%L, %L, %L, include => %L)', :'source', 'd', 'data', '{item,other}'));
RESET ROLE;
GRANT USAGE ON SCHEMA d TO regress_sqm_guest;
GRANT SELECT ON d.item TO regress_sqm_guest;
SET ROLE regress_sqm_guest;
SELECT try(format('SELECT * FROM sq2pg_migrate(%L, %L, %L, include => %L)', :'source', 'd', 'data', '{item,other}'));
SELECT code, table_name, hint FROM sq2pg_check(:'source', 'd', 'data', include => '{item,other}') WHERE severity = 'error';
-- what the hints say is enough
RESET ROLE;
SET ROLE regress_sqm_app;
GRANT INSERT ON d.item TO regress_sqm_guest;
GRANT SELECT, INSERT ON d.other TO regress_sqm_guest;
GRANT SELECT, UPDATE ON SEQUENCE d.item_id_seq, d.loose TO regress_sqm_guest;
SET ROLE regress_sqm_guest;
SELECT table_name, action, loaded, notes FROM sq2pg_migrate(:'source', 'd', 'data', include => '{item,other}', dry_run => true);
SELECT code, table_name, message, hint FROM sq2pg_check(:'source', 'd', 'data', include => '{item,other}') WHERE severity <> 'note';
SELECT table_name, action, loaded, next_id, verified FROM sq2pg_migrate(:'source', 'd', 'data', include => '{item,other}');
RESET ROLE;
UPDATE d.item SET qty = -1;
SET ROLE regress_sqm_guest;
SELECT try(format('SELECT * FROM sq2pg_migrate(%L, %L, %L, include => %L, existing => %L)', :'source', 'd', 'data', '{item,other}', 'truncate'));
SELECT try(format('SELECT * FROM sq2pg_migrate(%L, %L, %L, include => %L, existing => %L, on_conflict => %L)', :'source', 'd', 'data', '{item,other}', 'append', 'update'));
RESET ROLE;
SELECT last_value, is_called FROM d.item_id_seq;
DROP TABLE d.item, d.other;

-- planted: better matches than PostgreSQL's own, in the caller's and in the target schema
CREATE SCHEMA evil;
GRANT ALL ON SCHEMA evil TO regress_sqm_guest;
CREATE TABLE evil.caught (who name, what text);
GRANT INSERT ON evil.caught TO PUBLIC;
SET ROLE regress_sqm_guest;
CREATE FUNCTION evil.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.caught VALUES (current_user, 'text = text'); RETURN false; END $$;
CREATE FUNCTION evil.trap(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.caught VALUES (current_user, 'int = int'); RETURN false; END $$;
CREATE FUNCTION evil.trap(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.caught VALUES (current_user, 'bigint = bigint'); RETURN false; END $$;
CREATE FUNCTION evil.trap2(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.caught VALUES (current_user, 'text || text'); RETURN 'evil'; END $$;
CREATE OPERATOR evil.= (FUNCTION = evil.trap, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR evil.= (FUNCTION = evil.trap, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR evil.= (FUNCTION = evil.trap, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR evil.<> (FUNCTION = evil.trap, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR evil.>= (FUNCTION = evil.trap, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR evil.|| (FUNCTION = evil.trap2, LEFTARG = text, RIGHTARG = text);
DO $$
DECLARE
    f text;
BEGIN
    FOREACH f IN ARRAY ARRAY['lower(text)', 'count(text)', 'max(int)', 'setval(regclass, bigint)', 'nextval(regclass)', 'format(text, text)',
                             'quote_ident(text)', 'current_setting(text)', 'set_config(text, text, boolean)', 'coalesce(text, text)', 'row_digest(record)'] LOOP
        EXECUTE format('CREATE FUNCTION evil.%s RETURNS text LANGUAGE plpgsql AS %L', f,
                       format('BEGIN INSERT INTO evil.caught VALUES (current_user, %L); RETURN %L; END', f, 'evil'));
    END LOOP;
EXCEPTION WHEN syntax_error THEN
    NULL;
END
$$;
CREATE TABLE evil.sqm_rows (id int, kind text, day date, qty int);
CREATE TABLE evil.pg_class (oid oid, relname name);
CREATE DOMAIN evil.int4 AS text;
RESET ROLE;
CREATE TABLE evil.item (id int PRIMARY KEY, kind text CHECK (kind OPERATOR(pg_catalog.<>) 'z'), day date, qty int)
    PARTITION BY RANGE (id);
CREATE TABLE evil.item_1 PARTITION OF evil.item FOR VALUES FROM (1) TO (9);
CREATE UNIQUE INDEX ON evil.item (pg_catalog.lower(kind OPERATOR(pg_catalog.||) kind), id);
CREATE POLICY all_of_it ON evil.item USING (kind OPERATOR(pg_catalog.<>) 'z');
ALTER TABLE evil.item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE evil.team (id int PRIMARY KEY, lead int, name text);
CREATE TABLE evil.person (id int PRIMARY KEY, team int REFERENCES evil.team, name text);
ALTER TABLE evil.team ADD FOREIGN KEY (lead) REFERENCES evil.person;
SET search_path = evil, pg_catalog;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'source', 'evil', 'data', include => '{item,team,person}');
SELECT table_name, action FROM sq2pg_migrate(:'source', 'evil', 'data', include => '{item,team,person}');
SELECT bool_and(matches) FROM sq2pg_verify(:'source', 'evil', include => '{item,team,person}');
SELECT code FROM sq2pg_check(:'source', 'evil', 'data', include => '{item,team,person}') WHERE severity OPERATOR(pg_catalog.=) 'error';
TRUNCATE evil.team, evil.person;
GRANT SELECT, INSERT, UPDATE ON evil.team, evil.person TO regress_sqm_app;
GRANT USAGE ON SCHEMA evil TO regress_sqm_app;
SET ROLE regress_sqm_app;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'source', 'evil', 'data', include => '{team,person}');
RESET ROLE;
-- a row that is refused is looked for in the same way
DELETE FROM evil.item WHERE qty OPERATOR(pg_catalog.=) 10;
SET search_path = public, evil;
SELECT try(format('SELECT * FROM sq2pg_migrate(%L, %L, %L, include => %L, existing => %L)', :'source', 'evil', 'data', '{item}', 'append'));
SET search_path = evil, pg_catalog;
SELECT public.try(pg_catalog.format('SELECT * FROM sq2pg_migrate(%L, %L, %L, include => %L, existing => %L)', :'source', 'evil', 'data', '{item}', 'append'));
TABLE evil.caught;
SET search_path = public;
DROP SCHEMA evil CASCADE;
DROP TABLE public.item, public.other;
DROP FUNCTION public.try(text);
SELECT lo_unlink(:loid);
DROP SCHEMA d CASCADE;
DROP ROLE regress_sqm_app, regress_sqm_guest;
