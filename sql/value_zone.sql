-- Unix times, Julian days and time zones (docs/types.md)
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;
SELECT class, payload, c.verdict, c.value, c.sqlstate
FROM (VALUES
	('integer', '0'), ('integer', '1'), ('integer', '99999999'), ('integer', '100000000'), ('integer', '1700000000'),
	('integer', '9999999999'), ('integer', '10000000000'), ('integer', '20240131'), ('integer', '99999999999'),
	('integer', '100000000000'), ('integer', '1700000000123'), ('integer', '9999999999999'),
	('integer', '20240131235959'), ('integer', '100000000000000'), ('integer', '1700000000123456'),
	('integer', '9999999999999999'), ('integer', '10000000000000000'), ('integer', '-1700000000'),
	('integer', '-1700000000123'), ('integer', '-1'), ('integer', '9223372036854775807'), ('integer', '-9223372036854775808'),
	('real', '0'), ('real', '1.5'), ('real', '1700000000.5'), ('real', '1700000000.123456'), ('real', '-1700000000.25'),
	('real', '1700000000.0078125'), ('real', '-1700000000.0078125'), ('real', '1700000000123.5'), ('real', '1e15'),
	('real', '2460310.5'), ('real', '2440587.5'), ('real', '2451545'), ('real', '1721425.5'), ('real', '1721425.4'),
	('real', '5373484.4999'), ('real', '5373484.5'), ('real', '2460310.123456789'), ('real', '20240131'),
	('real', 'inf'), ('real', 'nan')) t(class, payload),
	sq2pg.try_convert(class, convert_to(payload, 'UTF8'), 'timestamp') c;
-- the same moment whatever the type and the zone of the caller
SELECT c.verdict, c.value FROM sq2pg.try_convert('integer', '1700000000', 'timestamptz', 'Asia/Tokyo') c;
SELECT zone, payload, c.verdict, c.value, c.message
FROM (VALUES
	('America/New_York', '2024-03-10 01:59:59'), ('America/New_York', '2024-03-10 02:00:00'),
	('America/New_York', '2024-03-10 02:30:00'), ('America/New_York', '2024-03-10 02:59:59.5'),
	('America/New_York', '2024-03-10 03:00:00'), ('America/New_York', '2024-11-03 00:59:59'),
	('America/New_York', '2024-11-03 01:30:00'), ('America/New_York', '2024-11-03 02:00:00'),
	('America/New_York', '2024-03-10T02:30:00-05'), ('America/New_York', '1900-01-01 00:00:00'),
	('America/New_York', '1850-01-01 00:00:00.25'), ('America/New_York', '2099-07-01 12:00:00'),
	('Pacific/Apia', '2011-12-30 12:00:00'), ('Pacific/Apia', '2011-12-31 00:00:00'),
	('Australia/Lord_Howe', '2024-10-06 02:15:00'), ('Asia/Kolkata', '2024-01-31'), ('Asia/Kathmandu', '2024-01-31 00:00'),
	('Europe/Berlin', '1969-12-31 23:59:59.999999'), ('UTC', '2024-03-10 02:30:00'),
	('America/New_York', '294276-12-31 23:00:00'), ('Asia/Tokyo', '0001-01-01 00:00:00')) t(zone, payload),
	sq2pg.try_convert('text', convert_to(payload, 'UTF8'), 'timestamptz', zone) c;
-- neither TimeZone nor DateStyle of the session counts
SET timezone = 'Asia/Tokyo';
SET datestyle = 'SQL, DMY';
SELECT c.verdict, c.value::timestamptz = '2024-01-31T10:11:12Z' AS same
FROM sq2pg.try_convert('text', '2024-01-31 10:11:12', 'timestamptz') c;
SELECT c.verdict, c.value FROM sq2pg.try_convert('text', '2024-02-01', 'date') c;
-- against PostgreSQL's own arithmetic, for a moment of every 26 hours from 1890 to 2080
SET datestyle = 'ISO';
SET timezone = 'America/New_York';
SELECT count(*), count(*) FILTER (WHERE c.verdict <> 'exact') AS moved,
	count(*) FILTER (WHERE c.value::timestamptz <> t.t::timestamptz) AS wrong
FROM generate_series('1890-01-01'::timestamp, '2080-01-01', '26 hours 7 minutes') AS t(t),
	sq2pg.try_convert('text', convert_to(to_char(t, 'YYYY-MM-DD HH24:MI:SS'), 'UTF8'), 'timestamptz', 'America/New_York') c;
