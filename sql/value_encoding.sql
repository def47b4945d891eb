-- text in databases of other encodings (docs/types.md)
SELECT current_database() AS home \gset
SET client_min_messages = warning;
DROP DATABASE IF EXISTS sq2pg_value_latin1;
DROP DATABASE IF EXISTS sq2pg_value_ascii;
DROP DATABASE IF EXISTS sq2pg_value_euc_jp;
CREATE DATABASE sq2pg_value_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
CREATE DATABASE sq2pg_value_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C';
CREATE DATABASE sq2pg_value_euc_jp TEMPLATE template0 ENCODING 'EUC_JP' LOCALE 'C';
-- e acute, euro, snowman, kana, then broken text; what is stored is shown in bytes
\set texts 'ARRAY[''\\x68c3a96c'', ''\\xe282ac78'', ''\\xe29883'', ''\\xe3818b'', ''\\xc3a9ff'', ''\\x6100c3a9'', ''\\x00ff'', ''\\x61'']::bytea[]'
\c sq2pg_value_latin1
CREATE EXTENSION sqlite_fdw_mig;
SELECT payload, c.verdict, convert_to(c.value, 'LATIN1') AS stored, c.sqlstate, c.message
FROM unnest(:texts) payload, sq2pg.try_convert('text', payload, 'text') c;
SELECT payload, c.verdict, convert_to(c.value, 'LATIN1') AS stored, c.sqlstate
FROM unnest(:texts) payload, sq2pg.try_convert('text', payload, 'varchar(2)') c;
SELECT payload, c.verdict, convert_to(c.value, 'LATIN1') AS stored, c.sqlstate
FROM unnest(:texts) payload, sq2pg.try_convert('text', '"'::bytea || payload || '"'::bytea, 'jsonb') c;
SELECT c.verdict, convert_to(c.value, 'LATIN1') AS stored FROM sq2pg.try_convert('text', '{"\\u00e9":"\\u00e9"}', 'jsonb') c;
SELECT c.verdict, c.sqlstate FROM sq2pg.try_convert('text', '"\\u20ac"', 'jsonb') c;
SELECT c.verdict, c.value FROM sq2pg.try_convert('text', '"\\u20ac"', 'json') c;
SELECT c.verdict, convert_to(c.value, 'LATIN1') AS stored FROM sq2pg.try_convert('text', '\x7bc3a92c787d', 'text[]') c;
\c sq2pg_value_ascii
CREATE EXTENSION sqlite_fdw_mig;
SELECT payload, c.verdict, convert_to(c.value, 'SQL_ASCII') AS stored, c.sqlstate, c.message
FROM unnest(:texts) payload, sq2pg.try_convert('text', payload, 'text') c;
\c sq2pg_value_euc_jp
CREATE EXTENSION sqlite_fdw_mig;
SELECT payload, c.verdict, convert_to(c.value, 'EUC_JP') AS stored, c.sqlstate, c.message
FROM unnest(:texts) payload, sq2pg.try_convert('text', payload, 'text') c;
\c :home
DROP DATABASE sq2pg_value_latin1;
DROP DATABASE sq2pg_value_ascii;
DROP DATABASE sq2pg_value_euc_jp;
