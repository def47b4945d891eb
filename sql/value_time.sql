-- which date or time a value means (docs/types.md)
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;
CREATE TEMP TABLE cases (n int GENERATED ALWAYS AS IDENTITY, class text, payload text, target text);
INSERT INTO cases (class, payload, target) VALUES
('text', '2024-02-29', 'date'), ('text', '2023-02-29', 'date'), ('text', '2024-02-30', 'date'),
('text', '1900-02-29', 'date'), ('text', '2000-02-29', 'date'), ('text', '0001-01-01', 'date'),
('text', '0000-01-01', 'date'), ('text', '9999-12-31', 'date'), ('text', '12345-01-01', 'date'),
('text', '+12345-01-01', 'date'), ('text', '+2024-01-01', 'date'), ('text', '294276-12-31', 'date'),
('text', '294277-01-01', 'date'), ('text', '-2024-01-01', 'date'), ('text', '24-01-31', 'date'),
('text', '2024-1-31', 'date'), ('text', '31/12/2024', 'date'), ('text', '12/31/2024', 'date'),
('text', '2024/01/31', 'date'), ('text', '20240131', 'date'), ('text', '31 Jan 2024', 'date'),
('text', 'today', 'date'), ('text', '', 'date'), ('text', ' 2024-01-31', 'date'), ('text', '2024-01-31 ', 'date'),
('text', '2024-13-01', 'date'), ('text', '2024-01-31Z', 'date'),
('text', '2024-01-31 00:00:00', 'date'), ('text', '2024-01-31T00:00', 'date'),
('text', '2024-01-31 00:00:01', 'date'), ('text', '2024-01-31 23:59:59.9999999', 'date'),
('text', '2024-01-31 00:00:00.0000001', 'date'), ('text', '1969-12-31 23:00', 'date'),
('text', '2024-01-31T00:00:00Z', 'date'), ('text', '2024-01-31 24:00', 'date'),
('integer', '1706659200', 'date'), ('integer', '1706659201', 'date'), ('integer', '-86400000', 'date'),
('integer', '-864000', 'date'), ('integer', '0', 'date'), ('real', '2460310.5', 'date'), ('real', '2460310.75', 'date'),
('blob', '2024-01-31', 'date'),
('text', '10:11', 'time'), ('text', '10:11:12', 'time'), ('text', '10:11:12.5', 'time'),
('text', '10:11:12,5', 'time'), ('text', '10:11:12.1234567', 'time'), ('text', '10:11:12.1234560', 'time'),
('text', '23:59:59.9999999', 'time'), ('text', '10:11:12.56', 'time(1)'), ('text', '10:11:12Z', 'time'),
('text', '10:11:12+02', 'time'), ('text', '24:00', 'time'), ('text', '23:59:60', 'time'), ('text', '25:00', 'time'),
('text', '10:60', 'time'), ('text', '1:00', 'time'), ('text', '10:11:12.', 'time'), ('text', '10:11.5', 'time'),
('text', '10:11 PM', 'time'), ('integer', '0', 'time'), ('real', '0.5', 'time'),
('text', '2024-01-31', 'timestamp'), ('text', '2024-01-31T10:11:12', 'timestamp'),
('text', '2024-01-31t10:11:12.123', 'timestamp'), ('text', '2024-01-31  10:11', 'timestamp'),
('text', '2024-01-31 10:11:12.1234565', 'timestamp'), ('text', '2024-01-31 10:11:12.1234564', 'timestamp'),
('text', '2024-01-31 10:11:12.1234560', 'timestamp'), ('text', '1969-12-31 23:59:59.9999995', 'timestamp'),
('text', '1969-12-31 23:59:59.5', 'timestamp(0)'), ('text', '1969-12-31 23:59:58.4', 'timestamp(0)'),
('text', '2024-01-31 10:11:12.5', 'timestamp(3)'), ('text', '2024-01-31T10:11:12Z', 'timestamp'),
('text', '2024-01-31 10:11:12 +05:30', 'timestamp'), ('text', '2016-12-31 23:59:60', 'timestamp'),
('text', '2016-12-31 23:59:60.5', 'timestamp'), ('text', '2016-12-31 23:59:61', 'timestamp'),
('text', '2016-12-31 24:00:00', 'timestamp'), ('text', '2016-12-31 24:00:00.1', 'timestamp'),
('text', '294276-12-31 23:59:59.999999', 'timestamp'), ('text', '294276-12-31 24:00', 'timestamp'),
('text', '0001-01-01 00:00', 'timestamp'), ('text', '1706659200', 'timestamp'), ('text', '20240131', 'timestamp'),
('text', '2024-01-31 10:11:12 UTC', 'timestamptz'), ('text', '2024-01-31 10:11:12 GMT', 'timestamptz'),
('text', '2024-01-31 10:11:12 CET', 'timestamptz'), ('text', '2024-01-31T10:11:12UTC', 'timestamptz'),
('text', '2024-01-31T10:11:12+05:30', 'timestamptz'), ('text', '2024-01-31 10:11:12-0800', 'timestamptz'),
('text', '2024-01-31T10:11:12+14', 'timestamptz'), ('text', '2024-01-31T10:11:12+16', 'timestamptz'),
('text', '2024-01-31T10:11:12+5', 'timestamptz'), ('text', '2024-01-31T10:11:12+05:', 'timestamptz'),
('text', '2024-01-31T10:11:12+05:3', 'timestamptz'), ('text', '2024-01-31T10:11:12+05:60', 'timestamptz'),
('text', '2024-01-31T10:11:12ZZ', 'timestamptz'), ('text', '0001-01-01T00:00:00+05', 'timestamptz'),
('text', '2024-01-31T10:11:12.1234567Z', 'timestamptz'), ('text', '2024-01-31T10:11:12.1234560Z', 'timestamptz');
SELECT n, class, payload, target, c.verdict, c.value, c.sqlstate
FROM cases, sq2pg.try_convert(class, convert_to(payload, 'UTF8'), target) c ORDER BY n;
