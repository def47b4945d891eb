-- what is on one side only, expressions for columns, empty strings
\getenv srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set db :srcdir '/test/fixtures/data_defaults.db'
SET client_min_messages = warning;
CREATE SCHEMA f;
SET search_path = f;

-- columns that the source lacks get their default, once a row
CREATE SEQUENCE numbers START 100;
CREATE TABLE sparse (
    made timestamptz DEFAULT now(), who text NOT NULL DEFAULT current_user, id int PRIMARY KEY, key uuid DEFAULT gen_random_uuid(),
    number int NOT NULL DEFAULT nextval('numbers'), name text, kind varchar(5) DEFAULT 'plain', nothing int,
    upper_name text GENERATED ALWAYS AS (upper(name)) STORED, other int GENERATED ALWAYS AS IDENTITY);
SELECT table_name, loaded, next_id, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{sparse}');
SELECT id, who = current_user AS who, number, name, kind, nothing, upper_name, other, made IS NOT NULL AS made FROM sparse ORDER BY id;
SELECT count(DISTINCT key) AS keys, count(DISTINCT made) AS times FROM sparse;
SELECT last_value, is_called FROM numbers;
SELECT last_value, is_called FROM sparse_other_seq;
-- what is there already is the same, whatever the defaults made of the rest
SELECT table_name, action FROM sq2pg_migrate(:'db', mode => 'data', include => '{sparse}');
SELECT last_value FROM numbers;
DROP TABLE sparse;
-- NOT NULL without a default; a domain may have one
CREATE DOMAIN must AS int NOT NULL;
CREATE TABLE sparse (id int PRIMARY KEY, name text, needed int NOT NULL, also must, fine int NOT NULL DEFAULT 1);
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{sparse}');
SELECT severity, code, message, hint FROM sq2pg_check(:'db', mode => 'data', include => '{sparse}') WHERE severity = 'error';
TABLE sparse;
-- a trigger gives it its value; a domain does not wait for it
CREATE FUNCTION give() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.needed := NEW.id * 10; NEW.also := 1; RETURN NEW; END $$;
CREATE TRIGGER give BEFORE INSERT ON sparse FOR EACH ROW EXECUTE FUNCTION give();
SELECT severity, code, message, hint FROM sq2pg_check(:'db', mode => 'data', include => '{sparse}') WHERE severity = 'error';
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{sparse}');
ALTER TABLE sparse ALTER also TYPE int, ALTER also SET NOT NULL;
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{sparse}');
TABLE sparse;
TRUNCATE sparse;
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{sparse}', triggers => 'disable');
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'sparse'::regclass;

-- columns that the target lacks: chosen ones only
CREATE TABLE wide (id int PRIMARY KEY, a int, b text);
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide}');
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide}', exclude => '{wide.nosuch}');
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide}', exclude => '{*.secret}');
TABLE wide;
SELECT table_name, action FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide.id,wide.b}');
UPDATE wide SET a = 0;
SELECT table_name, action FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide.id,wide.b}');
SELECT table_name, action FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide.id,wide.a}');

-- types: only an expression can change what goes into a column
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide}', exclude => '{*.secret}', existing => 'truncate',
                            types => '{"wide.a": "bigint", "wide.b": "text"}');
SELECT code, message, hint FROM sq2pg_check(:'db', mode => 'data', include => '{wide}', exclude => '{*.secret}', existing => 'truncate',
                                            types => '{"wide.a": "bigint", "wide.b": "text"}') WHERE severity = 'error';
SELECT table_name, action, loaded, verified
  FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide}', exclude => '{*.secret}', existing => 'truncate',
                     types => '{"wide.a": "int USING a::int * 100", "wide.b": "text USING upper(coalesce(b, $q$it''s$q$))"}');
TABLE wide;
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide}', exclude => '{*.secret}', existing => 'truncate',
                            types => '{"wide.a": "int USING 10 / (a::int - 5)"}');
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{wide}', exclude => '{*.secret}', existing => 'truncate',
                            types => '{"wide.a": "int USING no_such_function(a)"}');
TABLE wide;

-- empty strings
CREATE TABLE blanks (id int PRIMARY KEY, n int, d date, label text, doc jsonb);
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{blanks}');
SELECT table_name, loaded, verified FROM sq2pg_migrate(:'db', mode => 'data', include => '{blanks}', empty_as_null => true);
SELECT *, n IS NULL, label IS NULL FROM blanks;
SELECT table_name, action FROM sq2pg_migrate(:'db', mode => 'data', include => '{blanks}', empty_as_null => true);
SELECT * FROM sq2pg_migrate(:'db', mode => 'data', include => '{blanks}');
DROP TABLE sparse, wide, blanks;
DROP SCHEMA f CASCADE;
