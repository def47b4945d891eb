-- Defaults, generated columns, keys and conditions of indexes
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' | '
\pset null ''

-- defaults: exactly what the column can hold, or not at all
SELECT type, e, coalesce(t.translated, 'no: ' || t.problem), t.notes
FROM (VALUES
	('boolean', '0'), ('boolean', '1'), ('boolean', 'TRUE'), ('boolean', '''t'''), ('boolean', '2'),
	('boolean', '(1=1)'), ('boolean', 'NULL'), ('bigint', '0'), ('bigint', '''0'''), ('bigint', '-5'),
	('bigint', '+5'), ('bigint', '1.0'), ('bigint', '1.5'), ('bigint', ''''''), ('bigint', '0x1F'),
	('bigint', '9223372036854775807'), ('bigint', '-9223372036854775808'), ('bigint', '9223372036854775808'),
	('smallint', '40000'), ('integer', '(1+2)'), ('bigint', '(strftime(''%s'',''now''))'),
	('bigint', '(unixepoch())'), ('bigint', 'CURRENT_TIMESTAMP'), ('bigint', 'true'), ('numeric(10,2)', '0.00'),
	('numeric(10,2)', '''0.00'''), ('numeric(10,2)', '0.125'), ('numeric(4,2)', '100'), ('numeric', '1e3'),
	('double precision', '.5'), ('double precision', '1e999'), ('double precision', '''abc'''),
	('text', '''abc'''), ('text', '"dq"'), ('text', 'foo'), ('text', '''NULL'''), ('text', 'NULL'), ('text', '5'),
	('text', '1.50'), ('text', '1e30'), ('text', 'CURRENT_TIMESTAMP'), ('text', 'CURRENT_DATE'),
	('text', 'CURRENT_TIME'), ('text', 'datetime(''now'',''localtime'')'), ('text', '(''a'' || ''b'')'),
	('text', '''it''''s \ x'''), ('varchar(3)', '''abcd'''), ('varchar(3)', '''abc'''), ('text', 'x''616263'''),
	('text', 'x''00'''), ('text', 'lower(hex(randomblob(16)))'),
	('text', 'strftime(''%Y-%m-%dT%H:%M:%fZ'',''now'')'), ('text', '(abs(random()))'),
	('uuid', '(lower(hex(randomblob(4)) || ''-'' || hex(randomblob(2))))'),
	('uuid', '''550e8400-e29b-41d4-a716-446655440000'''), ('uuid', '''x'''), ('timestamp', 'CURRENT_TIMESTAMP'),
	('timestamptz', 'CURRENT_TIMESTAMP'), ('date', 'CURRENT_TIMESTAMP'), ('date', 'CURRENT_DATE'),
	('time', 'CURRENT_TIME'), ('timestamp(3) without time zone', '(datetime(''now''))'),
	('timestamp', '(datetime(''now'',''localtime''))'), ('timestamptz', '(datetime(''now'',''localtime''))'),
	('timestamp', '''2020-01-01'''), ('timestamp', '''2020-01-01T10:00:00.5'''),
	('timestamptz', '''2020-01-01T10:00:00Z'''), ('timestamptz', '''2020-01-01'''),
	('timestamp', '''0000-00-00 00:00:00'''), ('timestamp', '0'), ('timestamp', '1700000000'),
	('timestamp', '20240101'), ('date', '''2023-02-29'''), ('timestamp', '(strftime(''%s'',''now''))'),
	('timestamp', '(datetime(''now'',''+1 day'',''start of day''))'), ('date', 'date(''now'',''+1 month'')'),
	('timestamp', 'strftime(''%Y-%m-%d %H:%M:%f'',''now'')'), ('timestamp', '(julianday(''now''))'),
	('timestamptz', 'date(''now'')'), ('jsonb', '''{}'''), ('jsonb', '''[]'''),
	('jsonb', '''{"a": [1, "x\n"], "b": null}'''), ('jsonb', '''{a}'''), ('json', '5'), ('jsonb', ''''''),
	('bytea', 'x''00ff'''), ('bytea', '''ab'''), ('bytea', '5'), ('mood', '''ok'''), ('mood', '5'),
	('text', '(SELECT 1)'), ('text', '?1'), ('text', '('), ('text', 'a.b'), ('bigint', 'iif(1,2,3)'),
	('text', 'substr(''abc'',2)'), ('text', 'printf(''%d'', 5)'), ('text', '(''x'') || CURRENT_DATE')
) AS v (type, e), sq2pg.translate(e, 'default', '[]', type) t;

\set columns '[{"name":"id","type":"bigint","affinity":"INTEGER","not_null":true},{"name":"done","type":"boolean","affinity":"NUMERIC"},{"name":"active","type":"boolean","affinity":"INTEGER","not_null":true},{"name":"name","type":"text","affinity":"TEXT"},{"name":"email","type":"varchar(20)","affinity":"TEXT","collation":"NOCASE"},{"name":"price","type":"numeric(10,2)","affinity":"NUMERIC"},{"name":"f","type":"double precision","affinity":"REAL"},{"name":"n","type":"integer","affinity":"INTEGER"},{"name":"created","type":"timestamp without time zone","affinity":"NUMERIC"},{"name":"d","type":"date","affinity":"NUMERIC"},{"name":"j","type":"jsonb","affinity":"TEXT"},{"name":"u","type":"uuid","affinity":"TEXT"},{"name":"b","type":"bytea","affinity":"BLOB"},{"name":"Kind","target":"Kind of","type":"kind_t","affinity":"TEXT"}]'

-- indexes and generated columns must be immutable
SELECT context, e, coalesce(t.translated, 'no: ' || t.problem), t.notes
FROM (VALUES
	('index', 'lower(name)'), ('index', 'email'), ('index', 'name COLLATE NOCASE'), ('index', 'date(created)'),
	('index', 'strftime(''%Y-%m'', created)'), ('index', 'strftime(''%f'', created)'), ('index', 'n + 1'),
	('index', 'json_extract(j, ''$.a'')'), ('index', 'coalesce(name, '''')'), ('index', 'Kind = ''a'''),
	('index', 'date(''now'')'), ('index', 'hex(name)'), ('where', 'done = 0'), ('where', 'done'),
	('where', 'name IS NOT NULL AND n > 5'), ('where', 'created IS NULL'), ('where', 'd > ''2020-01-01'''),
	('where', 'email = ''X'''), ('where', 'created < datetime(''now'')'), ('where', 'n IN (1, 2)'),
	('generated', 'n * 2'), ('generated', 'name || '' '' || email'), ('generated', 'random()')
) AS v (context, e), sq2pg.translate(e, context, :'columns') t;
SELECT type, e, coalesce(t.translated, 'no: ' || t.problem), t.notes
FROM (VALUES
	('boolean', 'n'), ('boolean', 'n > 1'), ('bigint', 'n > 1'), ('text', 'n'), ('text', 'json_extract(j, ''$.name'')'),
	('bigint', 'json_extract(j, ''$.size'')'), ('numeric(10,2)', 'price * n'), ('double precision', 'price / 3.0'),
	('date', 'date(created)'), ('timestamp', 'datetime(created, ''+1 month'')'),
	('bigint', 'CAST(strftime(''%Y'', created) AS INTEGER)'), ('text', 'substr(name, 1, 3)'), ('text', 'price'),
	('integer', 'name'), ('bigint', 'length(name)')
) AS v (type, e), sq2pg.translate(e, 'generated', :'columns', type) t;
