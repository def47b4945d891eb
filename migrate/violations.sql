/*
 * violations: which rows of the source the constraints of existing tables
 * would refuse
 *
 * Runs the rules of migrate/rule.sql over the rows of the source, a table at
 * a time.  Nothing is written.
 */

CREATE TYPE sq2pg.broken_rule AS (
    rule     int,               -- its place
    n        bigint,            -- rows that break it; NULL: not known
    numbers  bigint[],          -- of the first of them
    partners bigint[],          -- of those that they meet
    problem  text);             -- why it could not be computed

/*
 * What a query of a user's expressions gives, in the caller's search path.
 */
CREATE FUNCTION sq2pg.query_in_caller_path(query text) RETURNS SETOF record
    LANGUAGE plpgsql AS $$
DECLARE
    before text := current_setting('search_path');
BEGIN
    PERFORM set_config('search_path', sq2pg.caller_search_path(), true);
    RETURN QUERY EXECUTE query;
    PERFORM pg_catalog.set_config('search_path', before, true);
END
$$;
COMMENT ON FUNCTION sq2pg.query_in_caller_path(text) IS 'executes a query in the search path of the caller';

/*
 * The rules that are conditions over one row, all in one scan.
 */
CREATE FUNCTION sq2pg.condition_query(alias text, rules sq2pg.rule[], chosen int[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format('SELECT x.rule, x.n, x.numbers, NULL::pg_catalog.int8[] FROM (
                       SELECT %s FROM (
                           SELECT sqm_s.sqm_number, %s FROM sqm_rows AS sqm_s CROSS JOIN LATERAL (SELECT (sqm_s.sqm_row).*) AS %s OFFSET 0) AS q) AS c
                    CROSS JOIN LATERAL (VALUES %s) AS x(rule, n, numbers)',
                  string_agg(format('pg_catalog.count(*) FILTER (WHERE q.f%s) AS n%1$s, sq2pg.first_numbers(q.sqm_number) FILTER (WHERE q.f%1$s) AS v%1$s',
                                    c), ', ' ORDER BY c),
                  string_agg(format('(%s) AS f%s', rules[c].condition, c), ', ' ORDER BY c), alias,
                  string_agg(format('(%s, c.n%1$s, c.v%1$s)', c), ', ' ORDER BY c))
      FROM unnest(chosen) AS c
     WHERE rules[c].condition IS NOT NULL
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION sq2pg.condition_query(text, sq2pg.rule[], int[]) IS 'a query that counts the rows that meet conditions';

/*
 * Runs some rules of a table, reading its source once.
 */
CREATE FUNCTION sq2pg.run_rules(source_rows text, alias text, rules sq2pg.rule[], chosen int[]) RETURNS sq2pg.broken_rule[]
    LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(r.rule, r.n, r.numbers, r.partners, NULL)::sq2pg.broken_rule ORDER BY r.rule)
                        FILTER (WHERE r.n IS NULL OR r.n > 0), '{}')
      FROM sq2pg.query_in_caller_path(format(
               'WITH sqm_rows(sqm_rowid, sqm_number, sqm_row) AS MATERIALIZED (SELECT s.source_rowid, s.row_number, s.target_row FROM %s AS s) %s',
               source_rows,
               array_to_string(sq2pg.condition_query(alias, rules, chosen)
                               || ARRAY(SELECT format('SELECT %s, q.n, q.numbers, q.partners FROM (%s) AS q(n, numbers, partners)',
                                                      c, rules[c].query)
                                          FROM unnest(chosen) AS c WHERE rules[c].query IS NOT NULL),
                               ' UNION ALL '))) AS r(rule int, n bigint, numbers bigint[], partners bigint[])
$$;
COMMENT ON FUNCTION sq2pg.run_rules(text, text, sq2pg.rule[], int[]) IS 'runs rules over the rows of a source';

/*
 * The first row for which a condition cannot be computed, or NULL.  Rows are
 * taken one by one: what comes after the last that succeeded is the one.
 */
CREATE FUNCTION sq2pg.first_failure(source_rows text, alias text, condition text) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    before text := current_setting('search_path');
    rows   refcursor;
    number bigint;
    last   bigint := 0;
    result boolean;
BEGIN
    PERFORM set_config('search_path', sq2pg.caller_search_path(), true);
    BEGIN
        OPEN rows NO SCROLL FOR EXECUTE format(
            'SELECT sqm_s.sqm_number, (%s) FROM %s AS sqm_s(sqm_rowid, sqm_number, sqm_row) CROSS JOIN LATERAL (SELECT (sqm_s.sqm_row).*) AS %s',
            condition, source_rows, alias);
        LOOP
            FETCH rows INTO number, result;
            EXIT WHEN NOT FOUND;
            last := number;
        END LOOP;
        CLOSE rows;
        last := NULL;
    EXCEPTION WHEN OTHERS THEN
        NULL;                   -- as before; the row is what matters
    END;
    EXECUTE format('SELECT pg_catalog.min(sqm_s.sqm_number) FROM %s AS sqm_s(sqm_rowid, sqm_number, sqm_row)
                     WHERE sqm_s.sqm_number OPERATOR(pg_catalog.>) $1', source_rows) INTO number USING last;
    PERFORM pg_catalog.set_config('search_path', before, true);
    RETURN number;
END
$$;
COMMENT ON FUNCTION sq2pg.first_failure(text, text, text) IS 'number of the first row for which an expression fails';

/*
 * Is an error that of an expression of the user's?  Others are of the source
 * or of the server, and no finding.
 */
CREATE FUNCTION sq2pg.is_of_expression(state text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT left(state, 2) <> ALL ('{08,25,26,40,53,55,57,58,72,HV,XX}')
$$;
COMMENT ON FUNCTION sq2pg.is_of_expression(text) IS 'can an error be that of a constraint''s own expression?';

/*
 * Runs all rules of a table: together, and one by one if one of them fails.
 */
CREATE FUNCTION sq2pg.break_rules(source_rows text, alias text, rules sq2pg.rule[]) RETURNS sq2pg.broken_rule[]
    LANGUAGE plpgsql AS $$
DECLARE
    broken  sq2pg.broken_rule[] := '{}';
    chosen  int[] := ARRAY(SELECT i FROM generate_series(1, cardinality(rules)) AS i
                            WHERE rules[i].condition IS NOT NULL OR rules[i].query IS NOT NULL);
    state   text;
    message text;
    number  bigint;
    i       int;
BEGIN
    IF chosen = '{}' THEN
        RETURN broken;
    END IF;
    BEGIN
        RETURN sq2pg.run_rules(source_rows, alias, rules, chosen);
    EXCEPTION WHEN OTHERS THEN
        IF NOT sq2pg.is_of_expression(SQLSTATE) THEN
            RAISE;
        END IF;
    END;
    FOREACH i IN ARRAY chosen LOOP
        BEGIN
            broken := broken || sq2pg.run_rules(source_rows, alias, rules, ARRAY[i]);
        EXCEPTION WHEN OTHERS THEN
            state := SQLSTATE;
            message := SQLERRM;
            IF NOT sq2pg.is_of_expression(state) THEN
                RAISE;
            END IF;
            number := NULL;
            IF rules[i].condition IS NOT NULL AND state NOT LIKE '42%' THEN
                number := sq2pg.first_failure(source_rows, alias, rules[i].condition);
            END IF;
            broken := broken || ROW(i, NULL, CASE WHEN number IS NOT NULL THEN ARRAY[number] END, NULL, message)::sq2pg.broken_rule;
        END;
    END LOOP;
    RETURN broken;
END
$$;
COMMENT ON FUNCTION sq2pg.break_rules(text, text, sq2pg.rule[]) IS 'which rules the rows of a source break';

/* -- samples -- */

/*
 * An expression that shows a row for people: label = value, and so on.
 */
CREATE FUNCTION sq2pg.show_row(labels text[], expressions text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce('pg_catalog.concat_ws('', '', ' ||
                    string_agg(format('pg_catalog.concat(%L, COALESCE(pg_catalog.left((%s)::pg_catalog.text, 60), ''NULL''))',
                                      l || ' = ', e), ', ' ORDER BY n) || ')', 'NULL::pg_catalog.text')
      FROM unnest(labels, expressions) WITH ORDINALITY AS u(l, e, n) WHERE n <= 20
$$;
COMMENT ON FUNCTION sq2pg.show_row(text[], text[]) IS 'an expression that shows columns of a row';

/*
 * For each broken rule, in their order, the rows that it was about.
 */
CREATE FUNCTION sq2pg.sample_rows(source_rows text, alias text, keys text[], rules sq2pg.rule[], broken sq2pg.broken_rule[]) RETURNS text[]
    LANGUAGE plpgsql AS $$
DECLARE
    numbers bigint[] := ARRAY(SELECT DISTINCT x FROM unnest(broken) AS b, unnest(b.numbers || b.partners) AS x WHERE x IS NOT NULL);
    shown   text;
    places  jsonb;
BEGIN
    IF numbers = '{}' THEN
        RETURN ARRAY(SELECT NULL::text FROM unnest(broken));
    END IF;
    SELECT string_agg(format('CASE WHEN sqm_s.sqm_number OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.int8[]) THEN %s END', b.numbers,
                             sq2pg.show_row(rules[b.rule].labels, rules[b.rule].expressions)), ', ' ORDER BY b.ordinality)
      INTO shown FROM unnest(broken) WITH ORDINALITY AS b;
    SELECT jsonb_object_agg(q.number, jsonb_build_array(coalesce('rowid ' || q.rid, concat('row ', q.number, ' (' || q.key || ')')), coalesce(q.rid, q.number), q.shown))
      INTO places
      FROM sq2pg.query_in_caller_path(format(
               'SELECT sqm_s.sqm_number, sqm_s.sqm_rowid, %s, ARRAY[%s]::pg_catalog.text[] FROM %s AS sqm_s(sqm_rowid, sqm_number, sqm_row)
                 CROSS JOIN LATERAL (SELECT (sqm_s.sqm_row).*) AS %s WHERE sqm_s.sqm_number OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.int8[])',
               sq2pg.show_row(keys, sq2pg.quote_names(keys)), shown, source_rows, alias, numbers)) AS q(number bigint, rid bigint, key text, shown text[]);
    RETURN ARRAY(
        SELECT (SELECT string_agg(concat_ws(': ', concat_ws(', ', places->(x.number::text)->>0, places->(x.partner::text)->>1),
                                            nullif(places->(x.number::text)->2->>(b.ordinality - 1)::int, '')), '; ' ORDER BY x.n)
                  FROM unnest(b.numbers, b.partners) WITH ORDINALITY AS x(number, partner, n))
          FROM unnest(broken) WITH ORDINALITY AS b ORDER BY b.ordinality);
END
$$;
COMMENT ON FUNCTION sq2pg.sample_rows(text, text, text[], sq2pg.rule[], sq2pg.broken_rule[]) IS 'the first rows that break each rule, for people';
