-- existing tables: what is not the run's is left alone, sequences of others first of all
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_sequences.db'
SET client_min_messages = warning;
CREATE SCHEMA t;
CREATE SCHEMA t_own;
CREATE SCHEMA t_other;
CREATE SCHEMA t_path;
CREATE TABLE t.a_serial (id int PRIMARY KEY, v text);
CREATE TABLE t.log (id serial, what text);
CREATE TABLE t.unused (id serial);
CREATE TABLE t_own.log (id serial);
CREATE TABLE t_other.users (id serial);
CREATE TABLE t_other.log (id serial, what text);
CREATE TABLE t_other.unused (id serial);
CREATE SEQUENCE t_other."Named One";
CREATE TABLE t_path.deep (id serial);
CREATE SEQUENCE t_path.shallow;
-- words of comments, and names of tables elsewhere, are nobody's
CREATE FUNCTION t_own.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    /* for users, ** unused */
    -- users: don't
    INSERT INTO log (what) VALUES ('-- a string; nextval(''t_other."Named One"'')');
    PERFORM t_own.deeper();
    IF NEW.v = 'users' THEN
        EXECUTE format('INSERT INTO %I.unused DEFAULT VALUES', TG_TABLE_SCHEMA);
    END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION t_own.deeper() RETURNS bigint LANGUAGE sql SET search_path = "t_path", pg_temp AS 'INSERT INTO deep VALUES (DEFAULT) RETURNING id::bigint';
CREATE TRIGGER note BEFORE INSERT ON t.a_serial FOR EACH ROW EXECUTE FUNCTION t_own.note();
SELECT statement FROM sq2pg_plan(:'db', 't', 'data', include => '{a_serial}') WHERE phase = 'sequence' ORDER BY statement COLLATE "C";
-- the caller's path counts, too
SET search_path = t_path;
CREATE OR REPLACE FUNCTION t_own.deeper() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''shallow'')';
SELECT statement FROM sq2pg_plan(:'db', 't', 'data', include => '{a_serial}') WHERE phase = 'sequence' AND statement ~ 't_path';
SET search_path = t, public;
SELECT count(*) FROM sq2pg_plan(:'db', 't', 'data', include => '{a_serial}') WHERE phase = 'sequence' AND statement ~ 't_path';
RESET search_path;
SELECT * FROM sq2pg.words_of('/* a */ x."Y z".w -- b''c' || E'\n' || '''-- d'' "e""f" %1$I.g n$1') ORDER BY schema_name, name COLLATE "C";
DROP TRIGGER note ON t.a_serial;

-- a thousand triggers take seconds, not minutes
CREATE SCHEMA t_many;
DO $$
BEGIN
    FOR i IN 1 .. 1000 LOOP
        EXECUTE format('CREATE TABLE t_many.t%s (id int)', i);
        EXECUTE format('CREATE FUNCTION t_many.f%s() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN %s; RETURN NEW; END''', i,
                       (SELECT string_agg('PERFORM word_' || n, '; ') FROM generate_series(1, 30) AS n));
        EXECUTE format('CREATE TRIGGER g BEFORE INSERT ON t_many.t%s FOR EACH ROW EXECUTE FUNCTION t_many.f%s()', i, i);
    END LOOP;
END
$$;
SET statement_timeout = '45s';
SELECT count(*) FROM sq2pg.trigger_sequences(ARRAY(
    SELECT jsonb_populate_record(NULL::sq2pg.data_table, jsonb_build_object('relation', c.oid, 'action', 'load'))
      FROM pg_class AS c WHERE c.relnamespace = 't_many'::regnamespace AND c.relkind = 'r'));
RESET statement_timeout;
DROP SCHEMA t_many CASCADE;

-- a sequence that only its name gives to a key: told; without rights it stays
CREATE SEQUENCE t.a_serial_seq;
SELECT severity, code, column_name, message, hint FROM sq2pg_check(:'db', 't', 'data', include => '{a_serial}') WHERE code ~ 'sequence|right';
CREATE ROLE sqm_stranger IN ROLE pg_read_server_files;
GRANT USAGE ON SCHEMA t TO sqm_stranger;
GRANT SELECT, INSERT, UPDATE ON t.a_serial TO sqm_stranger;
SET ROLE sqm_stranger;
SELECT severity, code, column_name, message, hint FROM sq2pg_check(:'db', 't', 'data', include => '{a_serial}') WHERE code ~ 'sequence|right';
SELECT table_name, loaded, next_id, notes FROM sq2pg_migrate(:'db', 't', 'data', include => '{a_serial}', dry_run => true);
SELECT count(*) FROM sq2pg_verify(:'db', 't', include => '{a_serial}');
RESET ROLE;
SELECT last_value, is_called FROM t.a_serial_seq;
SELECT table_name, loaded, next_id, notes FROM sq2pg_migrate(:'db', 't', 'data', include => '{a_serial}', dry_run => true);

-- defaults of tables outside of the run that name as text what is no name, or nobody may see
CREATE SCHEMA t_secret;
CREATE SEQUENCE t_secret.s1;
CREATE TABLE t.wrong (a bigint DEFAULT nextval('my seq'::text::regclass), b bigint DEFAULT nextval('a.b.c'::text::regclass),
                      c bigint DEFAULT nextval('none.at_all'::text::regclass), d bigint DEFAULT nextval('T_Secret.S1'::text::regclass));
SELECT table_name, loaded, next_id FROM sq2pg_migrate(:'db', 't', 'data', include => '{a_serial}', dry_run => true);
SET ROLE sqm_stranger;
SELECT table_name, loaded, next_id FROM sq2pg_migrate(:'db', 't', 'data', include => '{a_serial}', dry_run => true);
RESET ROLE;
SELECT table_name, column_name, sequence_name FROM sq2pg_reset_sequences('t') WHERE table_name = 'wrong';
DROP OWNED BY sqm_stranger;
DROP ROLE sqm_stranger;
DROP SCHEMA t, t_own, t_other, t_path, t_secret CASCADE;
