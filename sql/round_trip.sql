-- What would not come back as it is: told before there is any table.
\getenv dir PG_ABS_SRCDIR
\set file :dir '/test/fixtures/round_trip.db'
CREATE SCHEMA trip;
SET search_path = trip;
SELECT table_name, column_name, type, occurrences, sample, comes_back FROM sq2pg_round_trip(:'file');
SELECT message, hint FROM sq2pg_round_trip(:'file', include => '{found,word.doc*,word.flag*,moment.sixes,number.i*}') ORDER BY message COLLATE "C", hint COLLATE "C";
-- Nothing was made, and nothing would be different without a doubt.
SELECT count(*) FROM pg_class WHERE relnamespace = 'trip'::regnamespace;
SELECT count(*) FROM sq2pg_round_trip(:'file', include => '{pair,none_yet,moment.id,number.any_real}');
-- Other forms, and what they mean for a hint.
SELECT column_name, comes_back, hint
  FROM sq2pg_round_trip(:'file', include => '{moment,word.uuid*}', time_fraction => 'always', timestamptz_as => 'utc', uuid_as => 'hex');
SELECT column_name, comes_back, hint FROM sq2pg_round_trip(:'file', include => '{number}', numeric_as => 'text', exclude => '{number.any*}');
SELECT column_name, occurrences, comes_back FROM sq2pg_round_trip(:'file', include => '{number}', numeric_as => 'real', exclude => '{number.any*}');
-- Types of the caller's: what does not fit, arrays, a domain, an expression, other names.
CREATE DOMAIN short AS numeric(30,1);
SELECT column_name, type, occurrences, comes_back, message, hint
  FROM sq2pg_round_trip(:'file', include => '{number,word.doc,pair}',
           types => '{"number.i_text": "integer", "word.doc": "text[]", "number.dec_long": "trip.short", "number.money": "money", "pair.b": "text USING b::text || chr(33)"}',
           rename => '{"pair": "couple", "pair.a": "first"}')
 WHERE column_name IS NULL OR column_name IN ('i_text', 'doc', 'dec_long', 'money', 'a', 'b');
SELECT column_name, comes_back FROM sq2pg_round_trip(:'file', include => '{moment.offsets}', time_zone => 'America/New_York', empty_as_null => true);
SELECT column_name, occurrences, comes_back FROM sq2pg_round_trip(:'file', include => '{word.empty*}', empty_as_null => true, types => '{"word.empty_date": "date"}');
-- Tables that exist: theirs are the types.
CREATE TABLE pair (a char(3), b timestamptz, more int);
CREATE TABLE child (id int PRIMARY KEY);
SELECT table_name, column_name, type, occurrences, comes_back, message, hint FROM sq2pg_round_trip(:'file', include => '{pair,child}');
SELECT count(*) FROM sq2pg_round_trip(:'file', include => '{pair,bare}');
-- Mistakes.
SELECT * FROM sq2pg_round_trip(NULL);
SELECT * FROM sq2pg_round_trip(:'file', uuid_as => 'short');
SELECT * FROM sq2pg_round_trip(:'file', include => '{nobody}');
SELECT sq2pg.round_trip_values(:'file', 'pair', '{a}', '{1}', '{text}', '{text}', '{(SELECT 1)}', '{f}', 'UTC', false);
SELECT sq2pg.round_trip_values(:'file', 'pair', '{a}', '{2}', '{text}', '{text}', '{NULL}', '{f}', 'UTC', false);
RESET search_path;
DROP SCHEMA trip CASCADE;
