-- IMPORT FOREIGN SCHEMA
\getenv srcdir PG_ABS_SRCDIR
\set db :srcdir '/test/fixtures/keys.db'
\set quirks :srcdir '/test/fixtures/quirks.db'
\set types :srcdir '/test/fixtures/types.db'
CREATE SERVER shop FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'db');
CREATE SERVER quirks FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'quirks');
CREATE SERVER types FOREIGN DATA WRAPPER sqlite_fdw_mig OPTIONS (database :'types');
CREATE SCHEMA l;
CREATE VIEW l.listing AS
    SELECT foreign_table_schema AS schema, foreign_table_name AS name, count(*) AS columns
      FROM information_schema.foreign_tables
      JOIN information_schema.columns ON table_schema = foreign_table_schema AND table_name = foreign_table_name
     GROUP BY 1, 2 ORDER BY foreign_table_schema, foreign_table_name::text COLLATE "C";

CREATE SCHEMA whole;
IMPORT FOREIGN SCHEMA main FROM SERVER shop INTO whole;
SELECT * FROM l.listing;
SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.attfdwoptions
  FROM pg_attribute AS a WHERE attrelid = 'whole.line'::regclass AND attnum > 0 ORDER BY attnum;

CREATE SCHEMA part;
IMPORT FOREIGN SCHEMA main LIMIT TO (customer, log, nothing_like_it) FROM SERVER shop INTO part;
SELECT * FROM l.listing WHERE schema = 'part';
DROP SCHEMA part CASCADE;
CREATE SCHEMA part;
IMPORT FOREIGN SCHEMA main EXCEPT (customer, log, a, b, c) FROM SERVER shop INTO part;
SELECT * FROM l.listing WHERE schema = 'part';

IMPORT FOREIGN SCHEMA public FROM SERVER shop INTO part;
IMPORT FOREIGN SCHEMA main FROM SERVER shop INTO nowhere;
IMPORT FOREIGN SCHEMA main FROM SERVER shop INTO part OPTIONS (import_default 'true');
IMPORT FOREIGN SCHEMA main FROM SERVER shop INTO part;

-- odd names and definitions: all of it comes, and can be read
CREATE SCHEMA odd;
IMPORT FOREIGN SCHEMA main FROM SERVER quirks INTO odd;
SELECT * FROM l.listing WHERE schema = 'odd';
SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = 'odd."quoted ""name"""'::regclass;
SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attfdwoptions
  FROM pg_attribute AS a WHERE attrelid = 'odd."quoted ""name"""'::regclass AND attnum > 0 ORDER BY attnum;
TABLE odd."quoted ""name""";
TABLE odd."naïve テーブル";
TABLE odd."Select";
SELECT a, s, v, n FROM odd.generated;
TABLE odd.desc_key;
TABLE odd.good_view;
TABLE odd.doc;

-- types by declaration; what a hostile file declares is only text
CREATE SCHEMA t;
IMPORT FOREIGN SCHEMA main LIMIT TO (kept, hostile, dynamic) FROM SERVER types INTO t;
SELECT relname, attname, format_type(atttypid, atttypmod) AS type
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
 WHERE relnamespace = 't'::regnamespace AND attnum > 0 AND relname <> 'kept' ORDER BY relname, attnum;
SELECT a, b FROM t.hostile;
SELECT count(*) FROM t.kept;
SET client_min_messages = warning;
DROP SCHEMA whole, part, odd, t, l CASCADE;
DROP SERVER shop, quirks, types;
