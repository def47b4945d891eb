/* types: which PostgreSQL type does each column get? */

/*
 * The candidate types for a declared type, best first.  "dynamic": the
 * declaration says nothing, the data decides.
 */
CREATE FUNCTION sq2pg.type_candidates(declared text, rowid_alias boolean,
                                      OUT candidates text[], OUT dynamic boolean)
    RETURNS SETOF record
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'sqm_type_candidates';
COMMENT ON FUNCTION sq2pg.type_candidates(text, boolean) IS 'PostgreSQL types that a declared SQLite type proposes';

/*
 * What a table really holds: one row for each column and candidate type.
 */
CREATE FUNCTION sq2pg.profile(source text, source_table text, source_columns text[],
                              candidate_columns int[], candidate_types text[],
                              time_zone text, empty_as_null boolean)
    RETURNS TABLE (column_ordinal int, candidate text, source_rows bigint,
                   nulls bigint, integers bigint, reals bigint, texts bigint, blobs bigint,
                   misfits bigint, noise bigint, example_rowid bigint, example text, reason text)
    LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'sqm_profile';
COMMENT ON FUNCTION sq2pg.profile(text, text, text[], int[], text[], text, boolean) IS
    'tries candidate types on every value of a SQLite table';

/*
 * What is below a domain, or domains over domains; other types are themselves.
 */
CREATE FUNCTION sq2pg.base_type(type oid) RETURNS oid
    LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'sqm_base_type';
COMMENT ON FUNCTION sq2pg.base_type(oid) IS 'a type, a domain as what is below it';

CREATE FUNCTION sq2pg.base_type(type text, OUT base oid, OUT typmod int)
    RETURNS SETOF record
    LANGUAGE C STABLE STRICT ROWS 1 AS 'MODULE_PATHNAME', 'sqm_base_type_by_name';
COMMENT ON FUNCTION sq2pg.base_type(text) IS 'a type by its name, domains as what is below them';

/*
 * One type for columns that foreign keys join: the narrowest that holds what
 * each of the types holds.
 */
CREATE FUNCTION sq2pg.common_type(types text[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE
        WHEN count(DISTINCT t) = 1 THEN min(t)
        WHEN bool_or(t = 'bytea') THEN 'bytea'
        WHEN bool_and(t IN ('smallint', 'integer', 'bigint')) THEN
            CASE WHEN bool_or(t = 'bigint') THEN 'bigint' ELSE 'integer' END
        WHEN bool_and(t IN ('smallint', 'integer', 'bigint', 'double precision') OR t ~ '^numeric') THEN 'numeric'
        WHEN bool_and(t IN ('date', 'timestamp', 'timestamptz')) THEN
            CASE WHEN bool_or(t = 'timestamptz') THEN 'timestamptz' ELSE 'timestamp' END
        WHEN bool_and(t ~ '^varchar\(') THEN
            'varchar(' || max(substring(t FROM '\d+')::int) || ')'
        ELSE 'text'
    END
    FROM unnest(types) AS t
$$;
COMMENT ON FUNCTION sq2pg.common_type(text[]) IS 'narrowest type that holds what each of these holds';

/*
 * The choice among the candidates of one column, given the facts of its
 * profile (in the order of the candidates).
 */
CREATE FUNCTION sq2pg.choose_type(candidates text[], dynamic boolean, misfits bigint[],
                                  integers bigint, reals bigint, texts bigint, blobs bigint)
    RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT c.type
      FROM unnest(candidates, misfits) WITH ORDINALITY AS c(type, misfits, position)
     WHERE c.misfits = 0
       AND (NOT dynamic
            -- text that looks like a number is still text
            OR CASE WHEN texts > 0 OR integers + reals + blobs = 0 THEN c.type IN ('text', 'bytea')
                    WHEN blobs > 0 THEN c.type = 'bytea'
                    ELSE true END)
     ORDER BY c.position
     LIMIT 1
$$;
COMMENT ON FUNCTION sq2pg.choose_type(text[], boolean, bigint[], bigint, bigint, bigint, bigint) IS
    'first candidate type that holds every value';

/*
 * What the parameter "types" says about a column: its own name before a
 * pattern before the declared type.  A pattern that names more comes first.
 */
CREATE FUNCTION sq2pg.type_override(types jsonb, table_name text, column_name text, declared text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT o.value
      FROM jsonb_each_text(types) AS o(key, value),
           LATERAL (SELECT CASE
                        WHEN o.key = table_name || '.' || column_name THEN 1
                        WHEN o.key LIKE 'declared:%' THEN
                            CASE WHEN lower(substr(o.key, 10)) = lower(declared) THEN 3 END
                        WHEN sq2pg.matches(table_name || '.' || column_name, o.key) THEN 2
                    END) AS r(rank)
     WHERE r.rank IS NOT NULL
     ORDER BY r.rank, length(o.key) DESC, o.key
     LIMIT 1
$$;
COMMENT ON FUNCTION sq2pg.type_override(jsonb, text, text, text) IS 'the type that the caller wants for a column, if any';

/*
 * A pattern with * and ? as in psql.
 */
CREATE FUNCTION sq2pg.matches(name text, pattern text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT name LIKE replace(replace(replace(replace(replace(pattern,
                         '\', '\\'), '%', '\%'), '_', '\_'), '*', '%'), '?', '_')
$$;
COMMENT ON FUNCTION sq2pg.matches(text, text) IS 'does a name match a pattern with * and ?';

/*
 * A type as the caller means it, found in the caller's search path, written so
 * that it means the same in ours.  Nothing else than one type is accepted.
 */
CREATE FUNCTION sq2pg.resolve_type(type text) RETURNS text
    LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'sqm_resolve_type';
COMMENT ON FUNCTION sq2pg.resolve_type(text) IS 'name of a type, qualified where needed; not to exist is an error';

CREATE FUNCTION sq2pg.caller_search_path() RETURNS text
    LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'sqm_caller_search_path';
COMMENT ON FUNCTION sq2pg.caller_search_path() IS 'search_path of who called the running function of ours';

/*
 * The parameter "types" with every type resolved; what follows USING stays.
 */
CREATE FUNCTION sq2pg.resolve_types(types jsonb) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
    SELECT jsonb_object_agg(e.key, sq2pg.resolve_type(p.parts[1]) || coalesce(' USING ' || p.parts[2], ''))
      FROM jsonb_each_text(types) AS e,
           LATERAL (SELECT regexp_match(e.value, '^(.*?)(?:\s+USING\s+(.*))?$', 'is')) AS p(parts)
$$;
COMMENT ON FUNCTION sq2pg.resolve_types(jsonb) IS 'the types that the caller wants, by their qualified names';

CREATE FUNCTION sq2pg.caller_plan_cache_mode() RETURNS text
    LANGUAGE C STABLE AS 'MODULE_PATHNAME', 'sqm_caller_plan_cache_mode';
COMMENT ON FUNCTION sq2pg.caller_plan_cache_mode() IS 'plan_cache_mode as it was when the running function of ours was called';
