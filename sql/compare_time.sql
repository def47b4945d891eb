--
-- When does a stored date or time stand for its source? (docs/types.md)
--
SET datestyle = 'ISO, YMD';
-- class and payload: the SQLite value (a blob's payload in hexadecimal);
-- stored: the PostgreSQL value, as text; equal: what docs/types.md says
CREATE TEMP TABLE pairs (
	id serial,
	type text, class text, payload text, stored text, equal boolean,
	zone text DEFAULT 'UTC');

CREATE FUNCTION pg_temp.same(p pairs) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	target bytea;
BEGIN
	EXECUTE format('SELECT sq2pg.canonical_target(%L::%s)', p.stored, p.type)
		INTO target;
	RETURN target = sq2pg.canonical_source(p.class,
		CASE p.class WHEN 'blob' THEN decode(p.payload, 'hex')
			ELSE convert_to(p.payload, 'UTF8') END,
		p.type, p.zone);
END $$;

INSERT INTO pairs (type, class, payload, stored, equal) VALUES
-- date
('date', 'text', '2024-02-29', '2024-02-29', true),
('date', 'text', '2024-02-29', '2024-03-01', false),
('date', 'text', '2024-02-29 00:00:00.000', '2024-02-29', true),
('date', 'text', '2024-02-29T00:00', '2024-02-29', true),
('date', 'text', '2024-02-29 00:00:01', '2024-02-29', false),
('date', 'text', '2024-02-29T00:00Z', '2024-02-29', false),
('date', 'text', '2023-02-29', '2023-03-01', false),
('date', 'text', '1900-02-29', '1900-03-01', false),
('date', 'text', '0001-01-01', '0001-01-01', true),
('date', 'text', '12345-06-07', '12345-06-07', true),
('date', 'text', '+12345-06-07', '12345-06-07', true),
('date', 'text', '+2024-06-07', '2024-06-07', false),
('date', 'text', '294276-12-31', '294276-12-31', true),
('date', 'text', '0000-01-01', '0001-01-01 BC', false),
('date', 'text', '24-01-01', '2024-01-01', false),
('date', 'text', '2024-1-01', '2024-01-01', false),
('date', 'text', '31/12/2024', '2024-12-31', false),
('date', 'text', '20240131', '2024-01-31', false),
('date', 'text', ' 2024-01-31', '2024-01-31', false),
('date', 'text', 'infinity', 'infinity', false),
('date', 'integer', '0', '1970-01-01', true),
('date', 'integer', '1709164800', '2024-02-29', true),
('date', 'integer', '1709164801', '2024-02-29', false),
('date', 'integer', '20240131', '2024-01-31', false),
('date', 'real', '2460369.5', '2024-02-29', true),
('date', 'real', '2460370.0', '2024-02-29', false),
('date', 'blob', '323032342d30322d3239', '2024-02-29', false),
-- time
('time', 'text', '12:34', '12:34:00', true),
('time', 'text', '12:34:56', '12:34:56', true),
('time', 'text', '12:34:56.789', '12:34:56.789', true),
('time', 'text', '12:34:56,789000000', '12:34:56.789', true),
('time', 'text', '23:59:59.999999', '23:59:59.999999', true),
('time', 'text', '12:34:56.1234567', '12:34:56.123457', false),
('time', 'text', '12:34:56+02', '12:34:56', false),
('time', 'text', '25:00', '01:00', false),
('time', 'text', '12:60', '13:00', false),
('time', 'text', '1:02', '01:02', false),
('time', 'text', '12:34:', '12:34', false),
('time', 'text', '24:00', '24:00', false),
('time', 'text', '24:00', '00:00', false),
('time', 'integer', '0', '00:00', false),
-- timestamp
('timestamp', 'text', '2024-01-15', '2024-01-15 00:00:00', true),
('timestamp', 'text', '2024-01-15 10:20:30', '2024-01-15 10:20:30', true),
('timestamp', 'text', '2024-01-15T10:20:30', '2024-01-15 10:20:30', true),
('timestamp', 'text', '2024-01-15t10:20', '2024-01-15 10:20:00', true),
('timestamp', 'text', '2024-01-15  10:20', '2024-01-15 10:20:00', false),
('timestamp', 'text', '2024-01-15T10:20:30.123456', '2024-01-15 10:20:30.123456', true),
('timestamp', 'text', '2024-01-15T10:20:30.123456', '2024-01-15 10:20:30.123457', false),
('timestamp', 'text', '2024-01-15 10:20:30.1234560000', '2024-01-15 10:20:30.123456', true),
('timestamp', 'text', '2024-01-15 10:20:30.1234565', '2024-01-15 10:20:30.123457', false),
('timestamp(3)', 'text', '2024-01-15T10:20:30.123', '2024-01-15 10:20:30.123', true),
('timestamp(3)', 'text', '2024-01-15T10:20:30.1235', '2024-01-15 10:20:30.124', false),
('timestamp', 'text', '2024-01-15T10:20:30Z', '2024-01-15 10:20:30', false),
('timestamp', 'text', '2024-01-15T10:20:30+02:00', '2024-01-15 10:20:30', false),
('timestamp', 'text', '2016-12-31 23:59:60', '2017-01-01 00:00:00', false),
('timestamp', 'text', '2024-01-15 24:00', '2024-01-16 00:00:00', false),
('timestamp', 'text', '1960-05-06 07:08:09.5', '1960-05-06 07:08:09.5', true),
('timestamp', 'text', '0001-01-01 00:00:00', '0001-01-01 00:00:00', true),
('timestamp', 'text', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999', true),
('timestamp', 'text', '1700000000', '2023-11-14 22:13:20', false),
('timestamp', 'integer', '1700000000', '2023-11-14 22:13:20', true),
('timestamp', 'integer', '100000000', '1973-03-03 09:46:40', true),
('timestamp', 'integer', '99999999', '1973-03-03 09:46:39', false),
('timestamp', 'integer', '-1700000000', '1916-02-18 01:46:40', true),
('timestamp', 'integer', '1700000000123', '2023-11-14 22:13:20.123', true),
('timestamp', 'integer', '-1700000000123', '1916-02-18 01:46:39.877', true),
('timestamp', 'integer', '1700000000123456', '2023-11-14 22:13:20.123456', true),
('timestamp', 'integer', '17000000001', '2508-09-16 07:06:41', false),
('timestamp', 'integer', '17000000001234', '2508-09-16 07:06:41.234', false),
('timestamp', 'integer', '20240131235959', '2024-01-31 23:59:59', false),
('timestamp', 'real', '0.0', '1970-01-01 00:00:00', true),
('timestamp', 'real', '1700000000.123456', '2023-11-14 22:13:20.123456', true),
('timestamp', 'real', '-1700000000.25', '1916-02-18 01:46:39.75', true),
('timestamp', 'real', '1700000000123.456', '2023-11-14 22:13:20.123456', true),
-- .0078125 is exactly 7812.5 microseconds: half up
('timestamp', 'real', '1700000000.0078125', '2023-11-14 22:13:20.007813', true),
('timestamp', 'real', '1700000000123456.0', '2023-11-14 22:13:20.123456', false),
('timestamp', 'real', '2440587.5', '1970-01-01 00:00:00', true),
('timestamp', 'real', '2451545.0', '2000-01-01 12:00:00', true),
('timestamp', 'real', '2460324.930914352', '2024-01-15 10:20:31', true),
('timestamp', 'real', '1721425.5', '0001-01-01 00:00:00', true),
('timestamp', 'real', '5373484.49999999', '9999-12-31 23:59:59.999', true),
('timestamp', 'real', '5373484.5', '10000-01-01 00:00:00', false),
('timestamp', 'real', '1721425.0', '0001-12-31 12:00:00 BC', false),
('timestamp', 'real', '12.5', '1970-01-01 00:00:12.5', false),
('timestamp', 'real', 'Infinity', 'infinity', false),
-- timestamptz: the instant
('timestamptz', 'text', '2024-01-15T10:20:30Z', '2024-01-15 10:20:30+00', true),
('timestamptz', 'text', '2024-01-15T10:20:30Z', '2024-01-15 12:20:30+02', true),
('timestamptz', 'text', '2024-01-15 10:20:30 UTC', '2024-01-15 10:20:30+00', true),
('timestamptz', 'text', '2024-01-15 10:20:30 GMT', '2024-01-15 10:20:30+00', true),
('timestamptz', 'text', '2024-01-15 10:20:30 CET', '2024-01-15 09:20:30+00', false),
('timestamptz', 'text', '2024-01-15 10:20:30 z', '2024-01-15 10:20:30+00', true),
('timestamptz', 'text', '2024-01-15 10:20:30+02', '2024-01-15 08:20:30+00', true),
('timestamptz', 'text', '2024-01-15 10:20:30-0330', '2024-01-15 13:50:30+00', true),
('timestamptz', 'text', '2024-01-15 10:20:30 +05:45', '2024-01-15 04:35:30+00', true),
('timestamptz', 'text', '2024-01-15 10:20:30+05:45', '2024-01-15 10:20:30+00', false),
('timestamptz', 'text', '2024-01-15 10:20:30+16:00', '2024-01-14 18:20:30+00', false),
('timestamptz', 'text', '2024-01-15 10:20:30+02:60', '2024-01-15 07:20:30+00', false),
('timestamptz', 'text', '2024-01-15 10:20:30+2', '2024-01-15 08:20:30+00', false),
('timestamptz', 'text', '2024-01-15 10:20:30 ', '2024-01-15 10:20:30+00', false),
('timestamptz', 'text', '1969-12-31 23:59:59.5-00:00', '1969-12-31 23:59:59.5+00', true),
('timestamptz', 'text', '0001-01-01 00:00:00+01', '0001-12-31 23:00:00+00 BC', true),
('timestamptz', 'text', '2024-01-15 10:20:30', '2024-01-15 10:20:30+00', true),
('timestamptz', 'integer', '1700000000', '2023-11-14 22:13:20+00', true);

-- local time in a zone: the clock was put forward (skipped), back (the later
-- instant counts), or nothing happened
INSERT INTO pairs (type, class, payload, stored, equal, zone) VALUES
('timestamptz', 'text', '2024-07-01 12:00', '2024-07-01 10:00+00', true, 'Europe/Berlin'),
('timestamptz', 'text', '2024-01-01 12:00', '2024-01-01 11:00+00', true, 'Europe/Berlin'),
('timestamptz', 'text', '2024-01-01 12:00', '2024-01-01 12:00+00', false, 'Europe/Berlin'),
('timestamptz', 'text', '2024-01-01 12:00Z', '2024-01-01 12:00+00', true, 'Europe/Berlin'),
('timestamptz', 'text', '2024-03-31 01:59:59', '2024-03-31 00:59:59+00', true, 'Europe/Berlin'),
('timestamptz', 'text', '2024-03-31 02:30', '2024-03-31 01:30+00', false, 'Europe/Berlin'),
('timestamptz', 'text', '2024-03-31 02:30', '2024-03-31 00:30+00', false, 'Europe/Berlin'),
('timestamptz', 'text', '2024-03-31 03:00', '2024-03-31 01:00+00', true, 'Europe/Berlin'),
('timestamptz', 'text', '2024-10-27 02:30', '2024-10-27 01:30+00', true, 'Europe/Berlin'),
('timestamptz', 'text', '2024-10-27 02:30', '2024-10-27 00:30+00', false, 'Europe/Berlin'),
('timestamptz', 'text', '2024-10-27 03:00', '2024-10-27 02:00+00', true, 'Europe/Berlin'),
('timestamptz', 'text', '1850-06-01 12:00', '1850-06-01 12:00 Europe/Berlin', true, 'Europe/Berlin'),
('timestamptz', 'text', '2600-07-01 12:00', '2600-07-01 10:00+00', true, 'Europe/Berlin'),
('timestamptz', 'text', '2011-12-30 12:00', '2011-12-30 22:00+00', false, 'Pacific/Apia'),
('timestamptz', 'text', '2011-12-31 12:00', '2011-12-30 22:00+00', true, 'Pacific/Apia'),
('timestamptz', 'integer', '1700000000', '2023-11-14 22:13:20+00', true, 'Asia/Tokyo');

-- none of these may be judged otherwise
SELECT id, type, class, payload, stored, equal
FROM pairs WHERE pg_temp.same(pairs) IS DISTINCT FROM equal ORDER BY id;

SELECT type, count(*) FILTER (WHERE equal) AS equal,
	count(*) FILTER (WHERE NOT equal) AS different
FROM pairs GROUP BY type ORDER BY type COLLATE "C";

-- every 17th day of 2,500 years, by two calendars
SELECT count(*) FROM generate_series(0, 913000, 17) AS d
WHERE sq2pg.canonical_source('text', convert_to((date '0001-01-01' + d)::text, 'UTF8'), 'date')
	<> sq2pg.canonical_target(date '0001-01-01' + d);
