/* finish: sequences and statistics */

CREATE FUNCTION sq2pg.highest_id(type text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE type WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647 ELSE 9223372036854775807 END
$$;
COMMENT ON FUNCTION sq2pg.highest_id(text) IS 'highest value of an integer type';

/*
 * The next id of every identity column: after the highest that is there and
 * the highest that AUTOINCREMENT ever gave.  NULL: none is left.
 */
CREATE FUNCTION sq2pg.next_ids(options jsonb, model sq2pg.model)
    RETURNS TABLE (table_ordinal int, column_name text, next_id bigint, highest bigint)
    LANGUAGE sql AS $$
    SELECT t.ordinal, c.target_name,
           CASE WHEN used.id < sq2pg.highest_id(c.type) THEN used.id + 1 END,
           sq2pg.highest_id(c.type)
      FROM unnest(model.columns) AS c
      JOIN unnest(model.tables) AS t ON t.ordinal = c.table_ordinal
     CROSS JOIN LATERAL (SELECT greatest(sq2pg.source_max(options->>'source', t.source_name, c.source_name),
                                         t.sequence, 0) AS id OFFSET 0) AS used
     WHERE c.is_identity
$$;
COMMENT ON FUNCTION sq2pg.next_ids(jsonb, sq2pg.model) IS 'where the identity columns go on';

CREATE FUNCTION sq2pg.identity_steps(options jsonb, model sq2pg.model) RETURNS sq2pg.step[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('identity', t.ordinal, t.target_name,
                                  format('ALTER TABLE %I.%I ALTER COLUMN %I RESTART WITH %s', model.schema_name,
                                         t.target_name, n.column_name, coalesce(n.next_id, n.highest)),
                                  NULL)::sq2pg.step ORDER BY t.rank), '{}')
      FROM sq2pg.next_ids(options, model) AS n
      JOIN unnest(model.tables) AS t ON t.ordinal = n.table_ordinal
     WHERE n.next_id IS DISTINCT FROM 1
$$;
COMMENT ON FUNCTION sq2pg.identity_steps(jsonb, sq2pg.model) IS 'statements that let identities continue';

CREATE FUNCTION sq2pg.identity_notes(options jsonb, model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql AS $$
    SELECT coalesce(array_agg(ROW(n.table_ordinal, n.column_name, 'warning', 'no_id_left', NULL, NULL,
                                  format('the highest id is %s: no id is left', n.highest), NULL)::sq2pg.note), '{}')
      FROM sq2pg.next_ids(options, model) AS n WHERE n.next_id IS NULL
$$;
COMMENT ON FUNCTION sq2pg.identity_notes(jsonb, sq2pg.model) IS 'identities that cannot go on';

CREATE FUNCTION sq2pg.analyze_steps(model sq2pg.model) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(ROW('analyze', t.ordinal, t.target_name, format('ANALYZE %I.%I', model.schema_name, t.target_name),
                         NULL)::sq2pg.step ORDER BY t.rank)
      FROM unnest(model.tables) AS t
$$;
COMMENT ON FUNCTION sq2pg.analyze_steps(sq2pg.model) IS 'ANALYZE for each table';

/*
 * Every sequence that gives a column of this schema its values: identity,
 * serial, or only named in the default and owned by nobody.
 */
CREATE FUNCTION sq2pg.column_sequences(schema_name name)
    RETURNS TABLE (sequence_oid oid, table_oid oid, column_number smallint)
    LANGUAGE sql STABLE AS $$
    SELECT d.objid, d.refobjid, d.refobjsubid::smallint
      FROM pg_depend AS d
      JOIN pg_sequence AS s ON s.seqrelid = d.objid
      JOIN pg_class AS c ON c.oid = d.refobjid
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
       AND c.relnamespace = to_regnamespace(quote_ident(schema_name))
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum
      FROM pg_depend AS d
      JOIN pg_sequence AS s ON s.seqrelid = d.refobjid
      JOIN pg_attrdef AS f ON f.oid = d.objid
      JOIN pg_class AS c ON c.oid = f.adrelid
     WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
       AND c.relnamespace = to_regnamespace(quote_ident(schema_name))
       AND c.relkind IN ('r', 'p')
       -- a text column may use a sequence too, but holds no numbers of it
       AND (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = f.adrelid AND a.attnum = f.adnum)
           IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype)
$$;
COMMENT ON FUNCTION sq2pg.column_sequences(name) IS 'sequences behind the columns of a schema';

/*
 * Moves one sequence behind the values that its columns hold, never back.
 * Returns the value that it will give next.
 */
CREATE FUNCTION sq2pg.reset_sequence(sequence_oid oid, table_oids oid[], column_numbers smallint[]) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    s         pg_sequence;
    sequence_name text := sequence_oid::regclass::text;
    extreme   numeric;
    found_one numeric;
    last      bigint;
    is_called boolean;
    following numeric;
BEGIN
    SELECT * INTO s FROM pg_sequence WHERE seqrelid = sequence_oid;
    FOR i IN 1 .. cardinality(table_oids) LOOP
        -- in a numeric column: no NaN, no Infinity, and whole numbers
        EXECUTE format('SELECT %1$s(%2$I::numeric) FROM %3$s WHERE %2$I::numeric BETWEEN -1e30 AND 1e30',
                       CASE WHEN s.seqincrement > 0 THEN 'max' ELSE 'min' END,
                       (SELECT attname FROM pg_attribute WHERE attrelid = table_oids[i] AND attnum = column_numbers[i]),
                       table_oids[i]::regclass) INTO found_one;
        extreme := CASE WHEN s.seqincrement > 0 THEN greatest(extreme, floor(found_one))
                        ELSE least(extreme, ceil(found_one)) END;
    END LOOP;
    EXECUTE format('SELECT last_value, is_called FROM %s', sequence_name) INTO last, is_called;
    following := last + CASE WHEN is_called THEN s.seqincrement ELSE 0 END;
    IF extreme IS NULL
       OR s.seqincrement > 0 AND extreme < following
       OR s.seqincrement < 0 AND extreme > following THEN
        RETURN CASE WHEN following BETWEEN s.seqmin AND s.seqmax THEN following
                    WHEN s.seqcycle THEN CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END END;
    END IF;
    following := extreme + s.seqincrement;
    IF following NOT BETWEEN s.seqmin AND s.seqmax THEN
        RAISE sequence_generator_limit_exceeded USING
            MESSAGE = format('sequence %s has no value left behind %s', sequence_name, extreme),
            HINT = 'Give it a wider type or a larger MAXVALUE.';
    END IF;
    IF pg_has_role((SELECT relowner FROM pg_class WHERE oid = sequence_oid), 'USAGE') THEN
        -- unlike setval this is undone by a rollback
        EXECUTE format('ALTER SEQUENCE %s RESTART WITH %s', sequence_name, following);
    ELSE
        PERFORM setval(sequence_oid, following::bigint, false);
    END IF;
    RETURN following;
END
$$;
COMMENT ON FUNCTION sq2pg.reset_sequence(oid, oid[], smallint[]) IS 'moves a sequence behind the values of its columns';

CREATE FUNCTION sq2pg.reset_sequences(schema_name name)
    RETURNS TABLE (table_name text, column_name text, sequence_name text, next_value bigint)
    LANGUAGE plpgsql AS $$
BEGIN
    IF to_regnamespace(quote_ident(schema_name)) IS NULL THEN
        RAISE invalid_schema_name USING MESSAGE = format('schema "%s" does not exist', schema_name);
    END IF;
    RETURN QUERY
        WITH users AS (
            SELECT u.sequence_oid, array_agg(u.table_oid ORDER BY u.table_oid, u.column_number) AS tables,
                   array_agg(u.column_number ORDER BY u.table_oid, u.column_number) AS columns
              FROM sq2pg.column_sequences(schema_name) AS u
             GROUP BY u.sequence_oid
        ), reset AS MATERIALIZED (
            SELECT u.*, sq2pg.reset_sequence(u.sequence_oid, u.tables, u.columns) AS next
              FROM users AS u ORDER BY u.tables[1]::regclass::text, u.sequence_oid
        )
        SELECT c.relname::text, a.attname::text, r.sequence_oid::regclass::text, r.next
          FROM reset AS r, unnest(r.tables, r.columns) AS x(table_oid, column_number)
          JOIN pg_class AS c ON c.oid = x.table_oid
          JOIN pg_attribute AS a ON a.attrelid = x.table_oid AND a.attnum = x.column_number
         ORDER BY c.relname, a.attnum;
END
$$;
COMMENT ON FUNCTION sq2pg.reset_sequences(name) IS 'the work of sq2pg_reset_sequences';

CREATE FUNCTION sq2pg_reset_sequences(target_schema name DEFAULT NULL)
    RETURNS TABLE (table_name text, column_name text, sequence_name text, next_value bigint)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_reset_sequences';
COMMENT ON FUNCTION sq2pg_reset_sequences(name) IS
    'moves every sequence behind a column of a schema past the highest value in use, never back; returns where each goes on';
