-- A schema with what pg_dump users have and SQLite has not, for the way there and
-- back. It goes where search_path points.
CREATE TYPE stage AS ENUM ('draft', 'live', 'gone');
CREATE TYPE place AS (street text, zip varchar(5), at point);
CREATE DOMAIN cents AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) < 5);
CREATE DOMAIN posted AS timestamptz(0);
CREATE DOMAIN sum AS numeric(12,2) NOT NULL DEFAULT 0;
CREATE SEQUENCE loose START 100 INCREMENT 10;
CREATE TABLE item (
    item_id integer GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5) PRIMARY KEY,
    sku varchar(12) NOT NULL UNIQUE NULLS NOT DISTINCT,
    stage stage NOT NULL DEFAULT 'draft',
    stages stage[],
    price cents NOT NULL,
    words tags DEFAULT '{}',
    found tsvector GENERATED ALWAYS AS (to_tsvector('simple', sku)) STORED,
    question tsquery,
    box place,
    boxes place[],
    at point, area box, net cidr, mac macaddr, bits bit(5), more_bits bit varying,
    span tstzrange, spans int4multirange, patience interval, zoned time with time zone,
    cash money, small "char", who name, lsn pg_lsn, tx xid8, made_on oid,
    digest bytea, doc jsonb, raw json,
    grid integer[][], blobs bytea[], docs jsonb[], moments timestamptz[], reals double precision[], money_list numeric(8,2)[], flags boolean[], uuids uuid[],
    posted posted, total sum, born date,
    EXCLUDE USING gist (span WITH &&));
INSERT INTO item (sku, stage, stages, price, words, question, box, boxes, at, area, net, mac, bits, more_bits, span, spans, patience, zoned, cash, small, who, lsn, tx, made_on,
                  digest, doc, raw, grid, blobs, docs, moments, reals, money_list, flags, uuids, posted, total, born) VALUES
    ('a-1', 'live', '{live,gone,NULL}', 1999, '{a,"b c","d\"e","f,g"}', 'cat & !dog', ('Main "St", 1', '12345', '(1,2)'), ARRAY[ROW('x', NULL, NULL)::place], '(1.5,-2)', '(1,1),(0,0)', '10.0.0.0/8', '08:00:2b:01:02:03', B'10101', B'1',
     '[2024-01-01 00:00+00,2024-02-01 00:00+00)', '{[1,3),[7,9)}', '1 year 2 mons -3 days 04:05:06.789', '10:00:00.5+02', '12.34', 'c', 'me', '16/B374D848', '9223372036854775807', 4294967295,
     '\x00ff', '{"a": [1, 2.50, "é"], "b": null}', '{"b":1,  "a":1, "a":2}', '{{1,2},{3,NULL}}', '{"\\x00ff",NULL}', ARRAY['{"a": 1}'::jsonb, NULL], '{"2024-01-01 10:00+02",NULL}', '{1,0.1,NaN,Infinity,NULL,-0}', '{1.10,99.99,NULL}', '{t,f,NULL}', '{123e4567-e89b-12d3-a456-426614174000}', '2024-01-01 10:00:00.7+02', 12.30, '2000-02-29'),
    ('', 'draft', '{}', 0, '{}', NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', '-1 mon +1 day', NULL, '-0.01', '', '', NULL, NULL, NULL,
     '', '[]', 'null', '[2:3]={5,6}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', NULL, 0, '0044-03-15 BC'),
    (E'tab\t"quote''', 'gone', NULL, 9223372036854775807, NULL, NULL, (NULL, NULL, NULL), NULL, NULL, NULL, NULL, NULL, NULL, '', 'empty', NULL, '0', '00:00:00-12', NULL, E'\\200', NULL, '0/0', '0', 0,
     NULL, '1.10', ' 1.10 ', '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2000-01-01', 1234567890.12, 'infinity');
-- composite keys, of which one refers to another; a table of rows that nobody can tell apart
CREATE TABLE stock (item_id integer REFERENCES item ON DELETE CASCADE, shelf char(4), day date, amount smallint NOT NULL DEFAULT 0, note text, PRIMARY KEY (item_id, shelf, day), UNIQUE (shelf, item_id, day) DEFERRABLE);
INSERT INTO stock VALUES (10, 'a', '2024-01-01', 1, NULL), (10, 'a   ', '2024-01-02', 2, 'x '), (15, 'bcde', '9999-12-31', -3, ''), (20, '', '0001-01-01', 0, E'line\nline');
CREATE TABLE move (id bigserial PRIMARY KEY, item_id int, shelf char(4), day date, n int DEFAULT nextval('loose'), how "char", at timestamp(3) DEFAULT now(),
    FOREIGN KEY (item_id, shelf, day) REFERENCES stock (item_id, shelf, day) MATCH FULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO move (item_id, shelf, day, how) VALUES (10, 'a', '2024-01-01', 'i'), (NULL, NULL, NULL, 'o'), (20, '', '0001-01-01', NULL);
CREATE UNLOGGED TABLE log (line text, at timestamptz DEFAULT clock_timestamp());
INSERT INTO log VALUES ('same', '2024-01-01 00:00+00'), ('same', '2024-01-01 00:00+00'), (NULL, NULL);
-- inheritance, and a partitioned table whose partitions have another order of columns and sub-partitions
CREATE TABLE person (id int PRIMARY KEY, name text COLLATE "C" NOT NULL);
CREATE TABLE staff (salary numeric(10,2), boss int REFERENCES person) INHERITS (person);
INSERT INTO person VALUES (1, 'Ann'), (2, 'Bo');
INSERT INTO staff VALUES (3, 'Cy', 1000.50, 1), (4, 'Di', NULL, NULL);
CREATE TABLE sale (id bigint, day date NOT NULL, region text NOT NULL, amount numeric(10,2), PRIMARY KEY (id, day, region)) PARTITION BY RANGE (day);
CREATE TABLE sale_new PARTITION OF sale FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (region);
CREATE TABLE sale_new_eu PARTITION OF sale_new FOR VALUES IN ('eu');
CREATE TABLE sale_rest (amount numeric(10,2), region text NOT NULL, id bigint NOT NULL, day date NOT NULL);
ALTER TABLE sale ATTACH PARTITION sale_rest DEFAULT;
INSERT INTO sale VALUES (1, '2024-05-05', 'eu', 1.10), (2, '2020-01-01', 'us', 2), (3, '2030-01-01', 'eu', NULL);
CREATE MATERIALIZED VIEW sums AS SELECT region, sum(amount) FROM sale GROUP BY region;
CREATE FUNCTION total_of(i item) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT i.total * 2';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON stock FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE silent AS ON DELETE TO log DO INSTEAD NOTHING;
CREATE PROCEDURE nothing() LANGUAGE sql AS '';
CREATE AGGREGATE product (int) (sfunc = int4mul, stype = int, initcond = '1');
CREATE VIEW live AS SELECT item_id, sku FROM item WHERE stage = 'live' UNION SELECT id, name FROM person WHERE EXISTS (SELECT FROM staff WHERE boss = person.id);
CREATE VIEW members AS SELECT id, name FROM person;
CREATE INDEX item_words ON item USING gin (words);
CREATE INDEX item_found ON item USING gin (found);
CREATE UNIQUE INDEX staff_name ON staff (lower(name), salary DESC NULLS LAST) INCLUDE (boss);
COMMENT ON TABLE item IS 'things';
ALTER TABLE stock ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON stock USING (true);
CREATE STATISTICS corr ON item_id, day FROM stock;
