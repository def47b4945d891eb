-- what numbers and numeric text become (docs/types.md)
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;
CREATE TEMP TABLE cases (n int GENERATED ALWAYS AS IDENTITY, class text, payload text, target text);
INSERT INTO cases (class, payload, target) VALUES
-- boolean
('integer', '0', 'boolean'), ('integer', '1', 'boolean'), ('integer', '2', 'boolean'),
('integer', '-1', 'boolean'), ('real', '1', 'boolean'), ('real', '-0.0', 'boolean'),
('real', '0.5', 'boolean'), ('text', 'T', 'boolean'), ('text', 'false', 'boolean'),
('text', 'Yes', 'boolean'), ('text', 'no', 'boolean'), ('text', 'y', 'boolean'),
('text', 'on', 'boolean'), ('text', ' 1', 'boolean'), ('text', '', 'boolean'),
('blob', '1', 'boolean'),
-- integers
('integer', '32767', 'smallint'), ('integer', '32768', 'smallint'),
('integer', '-2147483648', 'integer'), ('integer', '2147483648', 'integer'),
('integer', '9223372036854775807', 'bigint'), ('integer', '-9223372036854775808', 'bigint'),
('real', '7', 'integer'), ('real', '-0.0', 'bigint'), ('real', '2.5', 'integer'),
('real', '3.5', 'integer'), ('real', '2147483647.5', 'integer'),
('real', '9223372036854775807', 'bigint'), ('real', '-9223372036854775808', 'bigint'),
('real', '9007199254740993', 'bigint'), ('real', '1e308', 'bigint'), ('real', 'inf', 'bigint'),
('text', '42', 'integer'), ('text', '-0', 'integer'), ('text', '042', 'integer'),
('text', '+42', 'integer'), ('text', ' 42', 'integer'), (E'text', E'42\n', 'integer'),
('text', '4 2', 'integer'), ('text', '42.0', 'integer'), ('text', '1e3', 'integer'),
('text', '0x10', 'integer'), ('text', '', 'integer'), ('text', '-', 'integer'),
('text', '1,234', 'integer'), ('text', '9223372036854775807', 'bigint'),
('text', '9223372036854775808', 'bigint'), ('text', '-9223372036854775808', 'bigint'),
('text', '-9223372036854775809', 'bigint'), ('text', '18446744073709551616', 'bigint'),
('text', '00000000000000000000001', 'bigint'), ('blob', '42', 'integer'),
-- double precision
('integer', '9007199254740992', 'double precision'), ('integer', '9007199254740993', 'double precision'),
('integer', '4611686018427387904', 'double precision'),
('integer', '9223372036854775807', 'double precision'),
('integer', '-9223372036854775808', 'double precision'),
('real', '-0.0', 'double precision'), ('real', '4.9406564584124654e-324', 'double precision'),
('real', '1e308', 'double precision'), ('real', '-inf', 'double precision'),
('text', '0.1', 'double precision'), ('text', '1.50', 'double precision'),
('text', '123456789012345678', 'double precision'), ('text', '0.30000000000000004', 'double precision'),
('text', '0.3000000000000000444', 'double precision'), ('text', '1e400', 'double precision'),
('text', '1e-400', 'double precision'), ('text', '-1.7976931348623157e308', 'double precision'),
('text', '5e-324', 'double precision'), ('text', '4e-324', 'double precision'),
('text', '.5', 'double precision'), ('text', '5.', 'double precision'), ('text', '.', 'double precision'),
('text', '+1.5', 'double precision'), ('text', '01.5', 'double precision'),
('text', '1.5 ', 'double precision'), ('text', 'NaN', 'double precision'),
('text', '-Infinity', 'double precision'), ('text', 'INF', 'double precision'),
('text', '1.5x', 'double precision'), ('text', '1e', 'double precision'),
('text', '0x1p3', 'double precision'), ('text', '1,5', 'double precision'),
-- real
('real', '0.5', 'real'), ('real', '0.1', 'real'), ('integer', '16777216', 'real'),
('integer', '16777217', 'real'), ('text', '0.25', 'real'), ('real', '1e39', 'real'),
('text', '1e39', 'real'), ('real', 'inf', 'real'), ('real', '1e-60', 'real');
SELECT n, class, payload, target, c.verdict, c.value, c.sqlstate
FROM cases, sq2pg.try_convert(class, convert_to(payload, 'UTF8'), target) c ORDER BY n;
