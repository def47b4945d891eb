-- Conditions of CHECK: from SQLite's text to PostgreSQL's, by the types of the columns
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' => '
\pset null ''

\set columns '[{"name":"id","type":"bigint","affinity":"INTEGER","not_null":true},{"name":"done","type":"boolean","affinity":"NUMERIC"},{"name":"active","type":"boolean","affinity":"INTEGER","not_null":true},{"name":"name","type":"text","affinity":"TEXT"},{"name":"email","type":"varchar(20)","affinity":"TEXT","collation":"NOCASE"},{"name":"price","type":"numeric(10,2)","affinity":"NUMERIC"},{"name":"f","type":"double precision","affinity":"REAL"},{"name":"n","type":"integer","affinity":"INTEGER"},{"name":"created","type":"timestamp without time zone","affinity":"NUMERIC"},{"name":"d","type":"date","affinity":"NUMERIC"},{"name":"j","type":"jsonb","affinity":"TEXT"},{"name":"u","type":"uuid","affinity":"TEXT"},{"name":"b","type":"bytea","affinity":"BLOB"},{"name":"Kind","target":"Kind of","type":"kind_t","affinity":"TEXT"}]'

-- booleans
SELECT e, coalesce(t.translated, 'no: ' || t.problem)
FROM unnest(ARRAY[
	'done IN (0,1)', 'done = 0', 'done', 'not done', 'active <> 1', 'done == 2', 'active >= 0',
	'active between 0 and 1', 'done is not null', 'done in (''t'',''f'')', 'ifnull(done,0) = 1', 'done is false',
	'done = true', 'active and done or n', '0 = done'
]) e, sq2pg.translate(e, 'check', :'columns') t;

-- JSON
SELECT e, coalesce(t.translated, 'no: ' || t.problem)
FROM unnest(ARRAY[
	'json_valid(j)', 'json_valid(name)', 'name is null or json_valid(name)', 'n > 1 and json_valid(name) = 1',
	'not json_valid(name)', 'json_extract(j,''$.a.b[2]'') = ''x''', 'json_extract(j,''$.a'') = 1',
	'j ->> ''k'' = 5', 'json_extract(j,''$.a'') is not null'
]) e, sq2pg.translate(e, 'check', :'columns') t;

-- dates
SELECT e, coalesce(t.translated, 'no: ' || t.problem)
FROM unnest(ARRAY[
	'created > ''2020-01-01''', 'created <= ''2020-01-01 10:00:00''', 'd >= ''2020-01-01''', 'd = ''''',
	'created < d', 'date(created) = ''2020-01-01''', 'strftime(''%Y'', created) = ''2020''',
	'cast(strftime(''%Y'', created) as integer) > 2000', 'julianday(created) - julianday(d) < 5', 'd is date(d)',
	'created is datetime(created)', 'printf(''%d-%s'',n,name)', 'created = d', 'length(d) = 10',
	'd like ''2020-%'''
]) e, sq2pg.translate(e, 'check', :'columns') t;

-- patterns
SELECT e, coalesce(t.translated, 'no: ' || t.problem)
FROM unnest(ARRAY[
	'name like ''A%''', 'name like ''50\%''', 'name like ''x!%%'' escape ''!''', 'name glob ''[a-z]*''',
	'name not glob ''*[^0-9]*''', 'name glob ''ab*c?''', 'name regexp ''x'''
]) e, sq2pg.translate(e, 'check', :'columns') t;

-- text
SELECT e, coalesce(t.translated, 'no: ' || t.problem)
FROM unnest(ARRAY[
	'length(name) > 0', 'name <> ''''', 'email = ''Foo''', 'email in (''A'',''b'')', 'email < name',
	'name < email', 'name between ''a'' and ''m''', 'name = ''x'' collate nocase', 'name = 5',
	'name in (1,2,''x'')', 'Kind in (''a'',''b'')', 'typeof(name) = ''text'' or name is null',
	'coalesce(name,'''') = upper(name)', 'iif(n>1,''a'',''b'') = ''a''', 'case n when 1 then ''x'' end = name',
	'nullif(name,'''') is null', 'max(name,email)=''x''', 'substr(name,1,2) = ''ab''', 'substr(name,-2) = ''ab''',
	'substr(name, instr(name,''@'')+1) = ''x''', 'substr(name,n,2)=''a''', 'trim(name) = name',
	'name || n = ''x''', 'name || price', 'replace(name,''a'',''b'')=''x''', 'instr(name,''@'')>1',
	'"name" = "nosuch"', 'unicode(name)', 'name', 'instr(upper(name), ''X'') and 1', 'cast(name as integer)',
	'''a'' = name'
]) e, sq2pg.translate(e, 'check', :'columns') t;

-- numbers and the rest
SELECT e, coalesce(t.translated, 'no: ' || t.problem)
FROM unnest(ARRAY[
	'price > 0', 'price >= ''5''', 'price <> ''''', 'price / 2 > 1', 'price / 2.0 > 1', 'n / 2 = 1', 'n % 3',
	'n * 1000 > id', '-n < 5', 'f > 0.1', 'id = ''12''', 'id = ''abc''', 'id < ''abc''',
	'u = ''550e8400-e29b-41d4-a716-446655440000''', 'u <> ''''', 'b = x''00ff''', 'length(b) = 16',
	'typeof(n) = ''integer''', 'typeof(price) in (''integer'',''real'')', 'typeof(f)=''real''',
	'coalesce(n,price,0) > 1', 'case when n = 1 then 0 else 1 end', 'min(n,id) > 0', 'round(price,1) = 1',
	'round(f) > 3', 'abs(n) > 1', 'n & 3', '~n = 1', 'n << 2', 'hex(b)', 'n is 1', 'n is not 1', 'n is true',
	'nosuch = 1', '[id] = 1', 'n in ()', 'n not in (1,null)', 'n in (1,2,''3'',''x'')', 'n = 0x10',
	'n > 9223372036854775807', 'id < 9223372036854775808', '1', 'a.b.c = 1', 'n notnull',
	'n between 1 and 2 and id', 'exists (select 1)', '(1,2) = (3,4)', 'n collate nocase = 1', 'n = 1.0',
	'n = 1.5', 'price in (1, 2.5)', 'cast(price as integer) = price', 'cast(n as text) = ''1''',
	'n + price * 2 > f', '5 < n', 'n IS DISTINCT FROM 5'
]) e, sq2pg.translate(e, 'check', :'columns') t;

-- what a translation takes for granted is noted
SELECT e, t.notes, t.immutable
FROM unnest(ARRAY[
	'd > ''2020-01-01''', 'date(d) IS d', 'u = ''550e8400-e29b-41d4-a716-446655440000''', 'Kind = ''a''',
	'n + price > 1', 'round(f, 2) = 1', 'done = ''t''', 'n > 1'
]) e, sq2pg.translate(e, 'check', :'columns') t;

-- hostile: depth, length, tokens; never more than a problem
SELECT left(t.problem, 60), t.translated IS NULL
FROM unnest(ARRAY[
	repeat('(', 100000) || '1' || repeat(')', 100000), repeat('NOT ', 100000) || '1', repeat('~', 100000) || '1',
	repeat('1+', 5000) || '1', 'CASE ' || repeat('WHEN 1 THEN ', 50000), '''' || repeat('x', 1000),
	repeat('substr(name, instr(', 100) || '1', repeat('substr(', 30) || 'name' || repeat(', instr(name, ''x'') - 1)', 30) || ' = ''a''',
	'1; DROP TABLE t', '/*', '1 --', ''
]) e, sq2pg.translate(e, 'check', :'columns') t;
SELECT sq2pg.translate('1', 'nosuch', NULL);
SELECT sq2pg.translate('1', 'check', '{"name": "x"}');
SELECT sq2pg.translate('1', 'check', '[{"name": "x"}]');

-- what came out is right: a table with such checks takes and refuses the same rows
SELECT format('CREATE TEMP TABLE t (done boolean, name text, n integer%s)', string_agg(format(', CHECK (%s)', t.translated), ''))
FROM unnest(ARRAY['done IN (0,1)', 'name NOT GLOB ''*[^a-z]*''', 'n % 2 = 0 AND n BETWEEN 0 AND 10', 'length(name) < 5']) e,
	sq2pg.translate(e, 'check', :'columns') t
\gexec
INSERT INTO t VALUES (true, 'abc', 4), (NULL, NULL, NULL);
INSERT INTO t VALUES (true, 'aBc', 4);
INSERT INTO t VALUES (true, 'abc', 3);
INSERT INTO t VALUES (true, 'abcde', 2);
