-- what becomes of a value in numeric (docs/types.md)
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;
CREATE TEMP TABLE cases (n int GENERATED ALWAYS AS IDENTITY, class text, payload text, target text);
INSERT INTO cases (class, payload, target) VALUES
('integer', '-9223372036854775808', 'numeric'), ('integer', '9223372036854775807', 'numeric(19,0)'),
('integer', '9223372036854775807', 'numeric(18,0)'), ('integer', '9223372036854775807', 'numeric(38,10)'),
('integer', '100', 'numeric(4,2)'), ('integer', '99', 'numeric(4,2)'), ('integer', '0', 'numeric(2,2)'),
('integer', '1234', 'numeric(3,-2)'), ('integer', '1200', 'numeric(3,-2)'),
('integer', '99950', 'numeric(3,-2)'), ('integer', '1', 'numeric(1000,999)'),
('real', '0.1', 'numeric'), ('real', '-0.0', 'numeric'), ('real', '100', 'numeric'),
('real', '1.5', 'numeric(10,2)'), ('real', '19.999', 'numeric(10,2)'), ('real', '19.995', 'numeric(10,2)'),
('real', '0.30000000000000004', 'numeric'), ('real', '0.30000000000000004', 'numeric(10,2)'),
('real', '0.7999999999999999', 'numeric(10,2)'), ('real', '0.799999999999999', 'numeric(10,2)'),
('real', '99.999', 'numeric(4,2)'), ('real', '99.99', 'numeric(4,2)'), ('real', '1e15', 'numeric(10,2)'),
('real', '123456789.12345679', 'numeric'), ('real', '1e20', 'numeric'), ('real', '1e22', 'numeric(30,4)'),
('real', '1e-20', 'numeric(10,2)'), ('real', '1234567.891', 'numeric(12,6)'),
('real', 'inf', 'numeric'), ('real', 'inf', 'numeric(10,2)'),
('text', '1.50', 'numeric'), ('text', '1.50', 'numeric(10,1)'), ('text', '1.55', 'numeric(10,1)'),
('text', '-1.55', 'numeric(10,1)'), ('text', '1.549999999999999999999999', 'numeric(10,1)'),
('text', '0.30000000000000004', 'numeric(10,2)'), ('text', '1e3', 'numeric'), ('text', '1.5E-3', 'numeric'),
('text', '12345678901234567890.125', 'numeric'), ('text', '12345678901234567890.125', 'numeric(30,2)'),
('text', '99999999999999999999.995', 'numeric(22,2)'), ('text', '99999999999999999999.995', 'numeric(23,2)'),
('text', '0.00000000000000000000000000000000005', 'numeric(40,34)'),
('text', '0.000000000000000000001234567890123456789012', 'numeric(10,2)'),
('text', '0.005', 'numeric(2,2)'), ('text', '0.0049', 'numeric(2,2)'), ('text', '0.01', 'numeric(3,5)'),
('text', '0.00999', 'numeric(3,5)'), ('text', '1e131071', 'numeric(10,2)'), ('text', '1e131072', 'numeric'),
('text', '1e999999999999999999999', 'numeric'), ('text', '0e999999999999999999999', 'numeric'),
('text', '1e-999999999999999999999', 'numeric(5,2)'), ('text', '0.000', 'numeric'), ('text', '-0', 'numeric'),
('text', '+1', 'numeric'), ('text', '042', 'numeric'), ('text', ' 1', 'numeric'), ('text', '00.5', 'numeric'),
('text', '.5', 'numeric'), ('text', '1,234.50', 'numeric'), ('text', '$1', 'numeric'), ('text', '1e', 'numeric'),
('text', '', 'numeric'), ('text', '--1', 'numeric'), ('text', '1.2.3', 'numeric'), ('text', '1_000', 'numeric'),
('text', 'nan', 'numeric'), ('text', 'NaN', 'numeric(5,2)'), ('text', '-Infinity', 'numeric'),
('text', 'inf', 'numeric(5,2)'), ('blob', '1', 'numeric');
SELECT n, class, payload, target, c.verdict, left(c.value, 60) AS value, c.sqlstate
FROM cases, sq2pg.try_convert(class, convert_to(payload, 'UTF8'), target) c ORDER BY n;
-- the ends of the double range, and numeric's own
SELECT payload, c.verdict, c.value::numeric = payload::numeric AS same, length(c.value)
FROM (VALUES ('1e308'), ('-1.7976931348623157e308'), ('2.2250738585072014e-308'), ('5e-324')) t(payload),
	sq2pg.try_convert('real', convert_to(payload, 'UTF8'), 'numeric') c;
SELECT payload, c.verdict, length(c.value), c.sqlstate
FROM (VALUES ('1e131071'), ('1e-16383'), ('1e-16384'), ('5e-16384')) t(payload),
	sq2pg.try_convert('text', convert_to(payload, 'UTF8'), 'numeric') c;
SELECT digits, c.verdict, length(c.value), c.sqlstate
FROM (VALUES (1000), (131072), (131073), (1000000)) t(digits),
	sq2pg.try_convert('text', convert_to(repeat('9', digits), 'UTF8'), 'numeric') c;
-- every short decimal survives as a real
SELECT count(*) FROM generate_series(-3000, 3000) i, sq2pg.try_convert('real', convert_to((i / 1000.0)::text, 'UTF8'), 'numeric(10,3)') c
WHERE c.verdict <> 'exact' OR c.value::numeric <> i / 1000.0;
