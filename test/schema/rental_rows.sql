-- Rows for rental.sql: values at the ends of what their types hold.

INSERT INTO country VALUES (1, 'Österreich'), (2, 'it''s'), (-32768, 'nowhere');
INSERT INTO film (title, description, release_year, rental_rate, length, rating, special_features, languages, sizes, last_update) VALUES
    ('ACADEMY', NULL, 2006, 0.99, 86, 'PG', '{"Deleted Scenes",NULL,"with \"quotes\" and \\","",NULL}', '{en,de}', '{1,2,3}', '2024-03-31 02:30:00.5+02'),
    ('ZERO', '', NULL, 99.99, NULL, NULL, '{}', NULL, '{{1,2},{3,4}}', '1969-12-31 23:59:59.999999+00'),
    ('ÜBER', E'two\nlines\t\\', 1901, 4.10, 900, 'it''s R', NULL, NULL, '[0:1]={7,8}', 'infinity');
SELECT setval('film_numbers', 41);
INSERT INTO customer (customer_id, email, "First Name", "select", country_id, invited_by, favourite, active, token, settings, raw, picture,
                      born, awake, created, balance, weight, score, address, patience, big, span) VALUES
    (1, 'a@b.example', 'Ann', 'x', 1, NULL, 2, true, '00000000-0000-0000-0000-000000000001', '{"b": [1, 2.50, "x"], "a": null}', '{ "z":1,"a" :2 }',
     '\x00ff27', '1970-01-01', '23:59:59.999999', '2024-02-29 12:00', 0.1, 0.1, 0.1, '10.1.0.7/16', '1 year 2 days 03:04:05.6', 12345678901234567890.0123456789, '[2024-01-01,2024-02-01)'),
    (2, NULL, 'Bob', NULL, 2, 1, 1, false, '12345678-9012-3456-7890-123456789012', '12345', '1.10', '',
     '0044-03-15 BC', '24:00', 'infinity', -1234567890123456789, 'NaN', 'Infinity', '::1', '-1 day', 'NaN', 'empty'),
    (9000000000000000000, 'c@d', '', '   ', 1, 9000000000000000000, NULL, true, NULL, '1e400', NULL, NULL,
     'infinity', '00:00', '0001-01-01', 1e5, 1e-44, 4.9e-324, NULL, '0', -0.0000000001, '(,)'),
    (4, 'd@e', '123', '007', 1, 2, NULL, true, NULL, '"text"', '[]', '\x313233',
     '9999-12-31', '12:34', '10000-01-01 00:00:00.000001', 'NaN', -3.4028235e38, 1.7976931348623157e308, '1.2.3.4', '00:00:00.000001', 7, NULL);
SELECT setval(pg_get_serial_sequence('customer', 'customer_id'), 1000);
INSERT INTO rental VALUES (1, 1, '2024-01-01', '2024-01-02'), (1, 2, '2024-01-03', NULL), (2, 1, '2024-01-03 00:00:00.5', NULL);
INSERT INTO "Odd ""table""" VALUES (1, 'x', 1.5), (NULL, NULL, NULL), (1, 'x', 1.5), (2147483647, '0012', 0.1);
INSERT INTO payment SELECT n, '2023-12-30'::date + n, n * 1.05 FROM generate_series(1, 10) AS n;
