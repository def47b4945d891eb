-- violations as a role sees them that may only read: rights, row security, search paths
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/violations.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET jit = off;
CREATE SCHEMA vr;
CREATE FUNCTION vr.findings(db text, actions jsonb, VARIADIC names text[]) RETURNS TABLE (table_name text, severity text, code text, occurrences bigint, sample text, message text, hint text)
LANGUAGE sql AS $$
    SELECT names[n.table_ordinal], n.severity, n.code, n.occurrences, n.sample, n.message, n.hint
      FROM unnest(sq2pg.violation_notes(
               jsonb_build_object('source', db, 'target_schema', 'vr', 'on_bad_value', 'error', 'on_conflict', 'error', 'on_orphan', 'error',
                                  'triggers', 'fire', 'time_zone', 'UTC', 'empty_as_null', false) || actions,
               (SELECT array_agg(ROW(x.n, c.oid, ROW(x.name, 'vr.' || c.relname, NULL, k.names, k.names, true, NULL)::sq2pg.load,
                                     '{}', '{}', x.n, false, NULL, coalesce(actions->>x.name, 'append'))::sq2pg.data_table ORDER BY x.n)
                  FROM unnest(names) WITH ORDINALITY AS x(name, n)
                  JOIN pg_class AS c ON c.relnamespace = 'vr'::regnamespace AND c.relname = x.name
                 CROSS JOIN LATERAL (SELECT array_agg(s.column_name ORDER BY s.ordinality) AS names FROM sq2pg_columns(db) WITH ORDINALITY AS s
                                      WHERE s.table_name = x.name
                                        AND s.column_name IN (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = c.oid)) AS k))) AS n
$$;
\set db '\'' :db '\''
CREATE ROLE regress_vi_reader;
GRANT USAGE ON SCHEMA vr TO regress_vi_reader;
GRANT pg_read_server_files TO regress_vi_reader;

-- policies: permissive ones together, restrictive ones each; none at all
CREATE TABLE vr.secret (id integer PRIMARY KEY, owner text, level integer);
GRANT SELECT ON vr.secret TO regress_vi_reader;
ALTER TABLE vr.secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON vr.secret USING (secret.owner = 'me');
CREATE POLICY yours ON vr.secret FOR INSERT WITH CHECK (owner = 'you' AND false);
CREATE POLICY not_for_us ON vr.secret TO pg_monitor USING (true);
CREATE POLICY only_reading ON vr.secret FOR SELECT USING (true);
CREATE POLICY low ON vr.secret AS RESTRICTIVE FOR INSERT WITH CHECK (level < (SELECT count(*) FROM pg_class) AND level < 5);
SELECT * FROM vr.findings(:db, '{}', 'secret');
SET ROLE regress_vi_reader;
SELECT * FROM vr.findings(:db, '{}', 'secret');
RESET ROLE;
DROP POLICY mine ON vr.secret;
DROP POLICY yours ON vr.secret;
SET ROLE regress_vi_reader;
SELECT severity, code, occurrences, message FROM vr.findings(:db, '{}', 'secret') WHERE message NOT LIKE '%low%';
RESET ROLE;

-- parents that the role may not see, or not all of
CREATE TABLE vr.room (id integer PRIMARY KEY, name text);
INSERT INTO vr.room VALUES (1), (9);
CREATE TABLE vr.booking (id bigint PRIMARY KEY, room_id integer CONSTRAINT has_room REFERENCES vr.room, seat text);
GRANT SELECT ON vr.booking TO regress_vi_reader;
SET ROLE regress_vi_reader;
SELECT * FROM vr.findings(:db, '{}', 'booking');
SELECT * FROM vr.findings(:db, '{"room": "replace"}', 'booking', 'room');
RESET ROLE;
GRANT SELECT ON vr.room TO regress_vi_reader;
ALTER TABLE vr.room ENABLE ROW LEVEL SECURITY;
SET ROLE regress_vi_reader;
SELECT * FROM vr.findings(:db, '{}', 'booking');
RESET ROLE;
SELECT * FROM vr.findings(:db, '{}', 'booking');
DROP TABLE vr.booking, vr.room;

-- expressions see what an INSERT of the caller would see, and only that
CREATE SCHEMA vr_path;
CREATE FUNCTION vr_path.helper(integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 > 0';
CREATE FUNCTION vr.uses_path(integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN helper($1); END';
CREATE FUNCTION vr.count(text) RETURNS bigint LANGUAGE sql AS 'SELECT 1/0';
CREATE TABLE vr.item (id bigint PRIMARY KEY, qty text, name text, CONSTRAINT by_path CHECK (vr.uses_path(nullif(qty, 'many')::integer)));
SET search_path = vr, vr_path;
SELECT severity, code, occurrences, sample, message FROM vr.findings(:db, '{}', 'item');
SHOW search_path;
SET search_path = vr;
SELECT severity, code, occurrences, sample, message FROM vr.findings(:db, '{}', 'item');
SHOW search_path;
RESET search_path;
DROP TABLE vr.item;

-- a column without a value: a trigger may give it one
CREATE TABLE vr.item (id bigint PRIMARY KEY, must text NOT NULL, may text NOT NULL DEFAULT 'x', num serial);
SELECT severity, code, occurrences, message, hint FROM vr.findings(:db, '{}', 'item');
CREATE FUNCTION vr.fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.must := 1; RETURN NEW; END';
CREATE TRIGGER fill BEFORE INSERT ON vr.item FOR EACH ROW EXECUTE FUNCTION vr.fill();
SELECT severity, code, occurrences, message, hint FROM vr.findings(:db, '{}', 'item');
SELECT severity, code FROM vr.findings(:db, '{"triggers": "disable"}', 'item');
DROP TABLE vr.item;

-- skipping does not go with keys that are checked later
CREATE TABLE vr.item (id bigint PRIMARY KEY DEFERRABLE, name text);
SELECT severity, code, occurrences, message, hint FROM vr.findings(:db, '{"on_conflict": "skip"}', 'item');
SELECT severity, code, occurrences, message, hint FROM vr.findings(:db, '{}', 'item');
DROP TABLE vr.item;

-- names as wild as they come
CREATE SCHEMA "v'i ""%s";
CREATE TABLE vr.person (id bigint CONSTRAINT "a ""b"" %s $1" CHECK (id < 3), email text CONSTRAINT "back\slash" CHECK (email <> E'\\''%I' AND length(email) < 9),
                        UNIQUE (id)) PARTITION BY LIST (id);
CREATE TABLE "v'i ""%s"."sqm t" PARTITION OF vr.person (CONSTRAINT "c'" CHECK (id % 2 = 0), UNIQUE (email)) DEFAULT;
INSERT INTO vr.person VALUES (2, 'a'), (0, 'ed@x.org');
SELECT severity, code, occurrences, sample, message, hint FROM vr.findings(:db, '{}', 'person');
DROP SCHEMA vr, vr_path, "v'i ""%s" CASCADE;
DROP OWNED BY regress_vi_reader;
DROP ROLE regress_vi_reader;
