-- the way back and there again: what a schema has that SQLite has not is told, and its rows come back
\getenv dir PG_ABS_SRCDIR
\set shop :dir '/test/schema/shop.sql'
\pset format unaligned
\pset tuples_only on
\set ECHO none
CREATE SCHEMA shop_a;
SET search_path = shop_a;
\i :shop
CREATE SCHEMA shop_b;
SET search_path = shop_b;
\i :shop
TRUNCATE item, stock, move, log, person, staff, sale RESTART IDENTITY CASCADE;
\set ECHO all
SELECT sq2pg_export('lo:new', 'shop_a') AS db \gset
SELECT sql FROM sq2pg_objects(:'db') WHERE type = 'view';
SELECT table_name || '.' || column_name || ' ' || default_value FROM sq2pg_columns(:'db') WHERE default_value IS NOT NULL;
-- SQLite sees the rows of a parent, and so must we; a date that is none there goes on as text
ALTER TABLE staff NO INHERIT person;
ALTER TABLE item ALTER born TYPE text;
SELECT table_name, action, loaded, verified FROM sq2pg_migrate(:'db', mode => 'data', types => '{"item.blobs": "bytea[] USING blobs::text::bytea[]"}');
ALTER TABLE staff INHERIT person;
ALTER TABLE item ALTER born TYPE date USING born::date;
CREATE FUNCTION differing(t text) RETURNS bigint LANGUAGE plpgsql SET extra_float_digits = 1 AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM ((SELECT x::text FROM ONLY shop_a.%1$I AS x EXCEPT ALL SELECT x::text FROM ONLY shop_b.%1$I AS x)
        UNION ALL (SELECT x::text FROM ONLY shop_b.%1$I AS x EXCEPT ALL SELECT x::text FROM ONLY shop_a.%1$I AS x)) AS q', t) INTO n;
    RETURN n;
END $$;
SELECT string_agg(t || ': ' || differing(t), ', ') FROM unnest('{item,stock,move,log,person,staff,sale_rest,sale_new_eu}'::text[]) AS t;
-- both count on from the same place
INSERT INTO shop_a.item (sku, price) VALUES ('next', 1) RETURNING item_id;
INSERT INTO shop_b.item (sku, price) VALUES ('next', 1) RETURNING item_id;
-- in create mode, too, each value is there
CREATE SCHEMA shop_c;
SELECT bool_and(verified) FROM sq2pg_migrate(:'db', 'shop_c');
SELECT count(lo_unlink(substr(:'db', 4)::oid));
SET client_min_messages = warning;
DROP SCHEMA shop_a, shop_b, shop_c CASCADE;
