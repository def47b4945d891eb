-- Tables with constraints that rows of test/fixtures/violations.sql break.

CREATE SCHEMA vi;
SET search_path = vi;
CREATE TYPE kind AS ENUM ('part', 'whole');
CREATE DOMAIN short AS text CHECK (length(VALUE) <= 5);
CREATE TABLE item (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    qty integer CONSTRAINT positive CHECK (qty > 0),
    price numeric(10,2),
    kind kind,
    code short,
    since date NOT NULL,
    made timestamptz NOT NULL DEFAULT clock_timestamp() CHECK (made IS NOT NULL),
    serial bigint GENERATED ALWAYS AS IDENTITY CHECK (serial IS NOT NULL),
    twice integer GENERATED ALWAYS AS (qty * 2) STORED NOT NULL,
    CONSTRAINT whole CHECK (item IS DISTINCT FROM NULL) NO INHERIT);
ALTER TABLE item ADD CONSTRAINT total CHECK (qty * price > -10) NOT VALID;
CREATE TABLE person (
    id bigint PRIMARY KEY,
    email text,
    tenant integer,
    slug text,
    active boolean,
    note text,
    nick varchar(10),
    UNIQUE (tenant, slug),
    UNIQUE NULLS NOT DISTINCT (tenant, slug, note));
CREATE UNIQUE INDEX person_email ON person (lower(email)) WHERE active;
CREATE UNIQUE INDEX person_slug ON person (slug text_pattern_ops) WHERE active AND tenant IS NOT NULL;
CREATE INDEX person_inverse ON person ((1 / (length(email) - 8)));
INSERT INTO person VALUES (7, 'old@x.org', NULL, 'e', true, 'n', 'OLD');
CREATE TABLE room (id integer PRIMARY KEY, name text);
INSERT INTO room VALUES (2, 'blue');
CREATE TABLE booking (
    id bigint PRIMARY KEY,
    room_id integer REFERENCES room,
    during tsrange,
    seat text,
    CONSTRAINT one_at_a_time EXCLUDE USING gist (int4range(room_id, room_id, '[]') WITH =, during WITH &&) WHERE (room_id IS NOT NULL),
    CONSTRAINT any_room EXCLUDE USING gist (during WITH &&) WHERE (room_id < 2),
    CONSTRAINT not_beside EXCLUDE USING gist (during WITH -|-) WHERE (room_id < 2),
    CONSTRAINT seat_once EXCLUDE USING btree (seat WITH =));
INSERT INTO booking VALUES (50, 2, '[2024-01-01 11:00,2024-01-01 11:30)', 'z');
CREATE TABLE customer (id bigint PRIMARY KEY, region text, boss bigint REFERENCES customer, UNIQUE (id, region));
INSERT INTO customer VALUES (100);
CREATE TABLE purchase (
    id bigint,
    customer_id bigint REFERENCES customer,
    region text,
    size integer,
    on_day date,
    CONSTRAINT full_key FOREIGN KEY (customer_id, region) REFERENCES customer (id, region) MATCH FULL,
    CONSTRAINT ratio CHECK (10 / size > 0)) PARTITION BY RANGE (on_day);
CREATE TABLE purchase_1 PARTITION OF purchase (PRIMARY KEY (id), CHECK (id < 4)) FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE purchase_2 PARTITION OF purchase FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE secret (id integer PRIMARY KEY, owner text, level integer);
CREATE TABLE pair (a integer, b text, c integer CHECK (c > 0), UNIQUE (b), PRIMARY KEY (a, b));
CREATE TABLE void (id integer, must text NOT NULL, other integer NOT NULL);
RESET search_path;

CREATE FUNCTION vi.options(db text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('source', db, 'target_schema', 'vi', 'on_bad_value', 'error', 'on_conflict', 'error', 'on_orphan', 'error',
                              'triggers', 'fire', 'time_zone', 'UTC', 'empty_as_null', false) || more
$$;
-- all tables of the source, the same action for each but for some
CREATE FUNCTION vi.tables(db text, action text DEFAULT 'append', others jsonb DEFAULT '{}') RETURNS sq2pg.data_table[] LANGUAGE sql AS $$
    SELECT array_agg(ROW(t.ordinality, c.oid, ROW(t.table_name, 'vi.' || c.relname, NULL, k.names, k.names, NOT t.without_rowid, NULL)::sq2pg.load,
                         '{}', '{}', t.ordinality, false, NULL, coalesce(others->>t.table_name, action))::sq2pg.data_table ORDER BY t.ordinality)
      FROM sq2pg_tables(db) WITH ORDINALITY AS t
      JOIN pg_class AS c ON c.relnamespace = 'vi'::regnamespace AND c.relname = t.table_name
     CROSS JOIN LATERAL (SELECT array_agg(s.column_name ORDER BY s.ordinality) AS names FROM sq2pg_columns(db) WITH ORDINALITY AS s
                          WHERE s.table_name = t.table_name
                            AND s.column_name IN (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = c.oid)) AS k
$$;
