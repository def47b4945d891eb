-- sq2pg_verify: a schema against its source, at any time
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
\set types :srcdir '/test/fixtures/types.db'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA v;
SELECT count(*) FROM sq2pg_migrate(:'db', 'v');
SELECT * FROM sq2pg_verify(:'db', 'v');
-- each kind of difference
UPDATE v.customer SET name = 'Anna' WHERE id = 7;
DELETE FROM v.log WHERE ctid = (SELECT min(ctid) FROM v.log WHERE what = 'x');
INSERT INTO v.article VALUES ('E', NULL, 'new', 'y');
UPDATE v.line SET quantity = quantity + 1 WHERE order_year = 2024;
SELECT setval('v.a_id_seq', 1);
SELECT * FROM sq2pg_verify(:'db', 'v');
SELECT * FROM sq2pg_verify(:'db', 'v', include => ARRAY['b', 'c']);
SELECT table_name, matches FROM sq2pg_verify(:'db', 'v', exclude => ARRAY['customer.name', 'log', 'line.quantity', 'a']);
-- a foreign key and an index that are not valid
ALTER TABLE v.line DROP CONSTRAINT line_of_article;
ALTER TABLE v.line ADD CONSTRAINT line_of_article FOREIGN KEY (article) REFERENCES v.article NOT VALID;
SELECT * FROM sq2pg_verify(:'db', 'v', include => ARRAY['line', 'article', 'orders'], exclude => ARRAY['line.quantity']);
-- a table that is not there
DROP TABLE v.log;
SELECT table_name, matches, detail FROM sq2pg_verify(:'db', 'v', include => ARRAY['log', 'b']);
SELECT * FROM sq2pg_verify(:'db', 'nowhere');
SELECT * FROM sq2pg_verify(:'db', 'v', include => ARRAY['nothing']);
-- it only reads
BEGIN READ ONLY;
SELECT count(*) FROM sq2pg_verify(:'db', 'v', include => ARRAY['b']);
COMMIT;
DROP SCHEMA v CASCADE;

-- with the parameters of the run
CREATE SCHEMA v;
SELECT verified FROM sq2pg_migrate(:'types', 'v', names => 'snake', time_zone => 'America/New_York', rename => '{"kept": "k"}',
    types => '{"*.c_datetime": "timestamptz"}', empty_as_null => true) WHERE action = 'total';
SELECT table_name, matches, detail FROM sq2pg_verify(:'types', 'v', names => 'snake', time_zone => 'America/New_York', rename => '{"kept": "k"}',
    types => '{"*.c_datetime": "timestamptz"}', empty_as_null => true) WHERE NOT matches;
SELECT table_name, matches FROM sq2pg_verify(:'types', 'v', names => 'snake', time_zone => 'UTC', rename => '{"kept": "k"}',
    types => '{"*.c_datetime": "timestamptz"}', empty_as_null => true) WHERE NOT matches;
SELECT max(run) AS run FROM sq2pg.runs \gset
SELECT table_name, matches FROM sq2pg_verify(:'types', 'v', run => :run) WHERE NOT matches;
DROP SCHEMA v CASCADE;

-- foreign tables as targets
SELECT count(*) FROM sq2pg_attach(:'db', 'v');
SELECT table_name, source_rows, target_rows, matches FROM sq2pg_verify(:'db', 'v');
SELECT sq2pg_detach('v');
