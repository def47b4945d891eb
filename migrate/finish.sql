/*
 * finish: what comes after the rows: sequences, statistics, comments; and what
 * the report says about the schema
 */

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
 * Does a type hold the numbers of a sequence, be it as a domain over domains?
 */
CREATE FUNCTION sq2pg.holds_numbers(type oid) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT sq2pg.base_type(type) IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype)
$$;
COMMENT ON FUNCTION sq2pg.holds_numbers(oid) IS 'is a type one of whole numbers, or a domain over one?';

/*
 * Sequences from which defaults draw by a name that is text and no constant of
 * type regclass, as old dumps have it: no dependency says so.  A name without
 * schema is looked for in that of the table; what is no name is passed over.
 */
CREATE FUNCTION sq2pg.sequences_by_text(schema_oid oid)
    RETURNS TABLE (sequence_oid oid, table_oid oid, column_number smallint)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT s.oid, d.adrelid, d.adnum
      FROM (SELECT x.adrelid, x.adnum,
                   regexp_match(replace(x.match[1], '''''', ''''), '^(?:("(?:[^"]|"")+"|[^".[:space:]]+)\.)?("(?:[^"]|"")+"|[^".[:space:]]+)$') AS parts
              FROM (SELECT f.adrelid, f.adnum,
                           regexp_match(pg_get_expr(f.adbin, f.adrelid), 'nextval\(\(''((?:[^'']|'''')+)''::text\)::regclass\)') AS match
                      FROM pg_attrdef AS f JOIN pg_class AS c ON c.oid = f.adrelid
                     WHERE c.relnamespace = schema_oid AND c.relkind IN ('r', 'p')) AS x
             WHERE x.match IS NOT NULL) AS d
     -- never to_regclass(): it raises errors over what is no name, and over schemas that are not the role's
     CROSS JOIN LATERAL (SELECT CASE WHEN d.parts[1] LIKE '"%' THEN replace(substr(d.parts[1], 2, length(d.parts[1]) - 2), '""', '"') ELSE lower(d.parts[1]) END,
                                CASE WHEN d.parts[2] LIKE '"%' THEN replace(substr(d.parts[2], 2, length(d.parts[2]) - 2), '""', '"') ELSE lower(d.parts[2]) END
                        ) AS p(schema_name, name)
      JOIN pg_class AS s ON s.relname = p.name::name AND s.relkind = 'S'
      JOIN pg_namespace AS n ON n.oid = s.relnamespace
     WHERE CASE WHEN p.schema_name IS NULL THEN n.oid = schema_oid ELSE n.nspname = p.schema_name::name END
$$;
COMMENT ON FUNCTION sq2pg.sequences_by_text(oid) IS 'sequences that defaults name as text';

/*
 * The sequence from which the application itself draws for a key, as
 * SQLAlchemy's Sequence() and Hibernate do: no column refers to it, and its
 * name says whose it is.
 */
CREATE FUNCTION sq2pg.key_sequence(relation oid, column_name name) RETURNS oid
    LANGUAGE sql STABLE SET enable_nestloop = on AS $$
    SELECT s.oid
      FROM (SELECT c.relnamespace, ARRAY[concat_ws('_', c.relname, column_name, 'seq'), concat_ws('_', c.relname, 'seq'),
                                         concat_ws('_', c.relname, 'SEQ')]::name[] AS names
              FROM pg_class AS c WHERE c.oid = relation) AS r
      JOIN pg_class AS s ON s.relname = ANY (r.names) AND s.relnamespace = r.relnamespace AND s.relkind = 'S'
     WHERE NOT EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass
                          AND d.deptype IN ('a', 'i'))
       AND NOT EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid AND d.classid = 'pg_attrdef'::regclass)
     ORDER BY array_position(r.names, s.relname)
     LIMIT 1
$$;
COMMENT ON FUNCTION sq2pg.key_sequence(oid, name) IS 'the sequence that belongs to a key by nothing but its name';

/*
 * These of all keys of one column to which nothing else gives values.
 */
CREATE FUNCTION sq2pg.sequences_by_name(schema_oid oid)
    RETURNS TABLE (sequence_oid oid, table_oid oid, column_number smallint)
    LANGUAGE sql STABLE AS $$
    SELECT k.sequence_oid, k.oid, k.attnum
      FROM (SELECT sq2pg.key_sequence(c.oid, a.attname) AS sequence_oid, c.oid, a.attnum
              FROM pg_class AS c
              JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
              JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
             WHERE c.relnamespace = schema_oid AND c.relkind IN ('r', 'p') AND a.attidentity = '' AND NOT a.atthasdef) AS k
     WHERE k.sequence_oid IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.sequences_by_name(oid) IS 'sequences that belong to keys by nothing but their names';

/*
 * May the role read where a sequence stands, and move it?
 */
CREATE FUNCTION sq2pg.may_move(sequence_oid oid) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT pg_has_role(c.relowner, 'USAGE')
           -- a plan may ask this of all relations, but only of a sequence it is a question
        OR CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') AND has_sequence_privilege(c.oid, 'UPDATE') END
      FROM pg_class AS c WHERE c.oid = sequence_oid
$$;
COMMENT ON FUNCTION sq2pg.may_move(oid) IS 'has the role the rights to read and move a sequence?';

/*
 * What is said of sequences that are moved, or would have to be, for nothing
 * but their names.
 */
CREATE FUNCTION sq2pg.named_sequences(schema_name name)
    RETURNS TABLE (table_oid oid, column_name text, severity text, message text, hint text)
    LANGUAGE sql STABLE AS $$
    SELECT s.table_oid, a.attname::text, CASE WHEN m.may_move THEN 'note' ELSE 'warning' END,
           format(CASE WHEN m.may_move THEN 'sequence %1$I.%2$I goes on behind key "%3$s" of table %4$s, because of its name'
                       ELSE 'sequence %1$I.%2$I stays where it is: by its name it belongs to key "%3$s" of table %4$s, but role "%5$s" may not move it' END,
                  n.nspname, c.relname, a.attname, format('%I.%I', n.nspname, t.relname), current_user),
           CASE WHEN m.may_move THEN 'Does it number something else? Give it another name for the time of the run.'
                ELSE format('GRANT SELECT, UPDATE ON SEQUENCE %I.%I TO %I;', n.nspname, c.relname, current_user) END
      FROM sq2pg.sequences_by_name(to_regnamespace(quote_ident(schema_name))) AS s
      JOIN pg_attribute AS a ON a.attrelid = s.table_oid AND a.attnum = s.column_number
      JOIN pg_class AS t ON t.oid = s.table_oid
      JOIN pg_class AS c ON c.oid = s.sequence_oid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (SELECT sq2pg.may_move(s.sequence_oid)) AS m(may_move)
     WHERE sq2pg.holds_numbers(a.atttypid)
$$;
COMMENT ON FUNCTION sq2pg.named_sequences(name) IS 'findings for sequences that belong to keys by nothing but their names';

/*
 * Findings that have no place in the result of a function.
 */
CREATE FUNCTION sq2pg.tell_notes(notes sq2pg.note[], codes text[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    n sq2pg.note;
BEGIN
    FOREACH n IN ARRAY notes LOOP
        CONTINUE WHEN n.code <> ALL (codes);
        IF n.severity = 'note' THEN
            RAISE NOTICE USING MESSAGE = n.message, HINT = n.hint;
        ELSE
            RAISE WARNING USING MESSAGE = n.message, HINT = n.hint;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.tell_notes(sq2pg.note[], text[]) IS 'findings of some kinds as messages';

/*
 * Every sequence that gives a column of this schema its values: identity,
 * serial, or owned by nobody and only named in the default, or like the column.
 * What nothing but a name speaks for is left alone by a role without rights.
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
    SELECT u.sequence_oid, u.table_oid, u.column_number
      FROM (SELECT d.refobjid, f.adrelid, f.adnum
              FROM pg_depend AS d
              JOIN pg_sequence AS s ON s.seqrelid = d.refobjid
              JOIN pg_attrdef AS f ON f.oid = d.objid
              JOIN pg_class AS c ON c.oid = f.adrelid
             WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
               AND c.relnamespace = to_regnamespace(quote_ident(schema_name))
               AND c.relkind IN ('r', 'p')
            UNION ALL
            SELECT t.sequence_oid, t.table_oid, t.column_number
              FROM sq2pg.sequences_by_text(to_regnamespace(quote_ident(schema_name))) AS t
            UNION ALL
            SELECT n.sequence_oid, n.table_oid, n.column_number
              FROM sq2pg.sequences_by_name(to_regnamespace(quote_ident(schema_name))) AS n
             WHERE sq2pg.may_move(n.sequence_oid)
           ) AS u(sequence_oid, table_oid, column_number)
      JOIN pg_attribute AS a ON a.attrelid = u.table_oid AND a.attnum = u.column_number
     -- a text column may use a sequence too, but holds no numbers of it
     WHERE sq2pg.holds_numbers(a.atttypid)
$$;
COMMENT ON FUNCTION sq2pg.column_sequences(name) IS 'sequences behind the columns of a schema';

/*
 * The extreme of what the columns of a sequence hold, in its direction, and of
 * "at_least".
 */
CREATE FUNCTION sq2pg.sequence_extreme(s pg_sequence, table_oids oid[], column_numbers smallint[], at_least numeric) RETURNS numeric
    LANGUAGE plpgsql AS $$
DECLARE
    extreme   numeric := CASE WHEN s.seqincrement > 0 THEN at_least END;
    found_one numeric;
BEGIN
    FOR i IN 1 .. cardinality(table_oids) LOOP
        -- in a numeric column: no NaN, no Infinity, and whole numbers
        EXECUTE format('SELECT %1$s(%2$I::numeric) FROM %3$s WHERE %2$I::numeric BETWEEN -1e30 AND 1e30',
                       CASE WHEN s.seqincrement > 0 THEN 'max' ELSE 'min' END,
                       (SELECT attname FROM pg_attribute WHERE attrelid = table_oids[i] AND attnum = column_numbers[i]),
                       table_oids[i]::regclass) INTO found_one;
        extreme := CASE WHEN s.seqincrement > 0 THEN greatest(extreme, floor(found_one))
                        ELSE least(extreme, ceil(found_one)) END;
    END LOOP;
    RETURN extreme;
END
$$;
COMMENT ON FUNCTION sq2pg.sequence_extreme(pg_sequence, oid[], smallint[], numeric) IS 'the last value of a sequence that its columns use';

/*
 * From where a sequence has to go on that would give "following" while its
 * columns use values up to "extreme", or NULL: it stays.  One that counts by
 * more than one hands out blocks, which Hibernate counts down from the value
 * it drew: the whole block has to be free.
 */
CREATE FUNCTION sq2pg.next_behind(s pg_sequence, following numeric, extreme numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN extreme * sign(s.seqincrement) >= following * sign(s.seqincrement) THEN extreme + s.seqincrement
                WHEN extreme * sign(s.seqincrement) > (following - s.seqincrement) * sign(s.seqincrement) AND following <> s.seqstart
                    THEN following + s.seqincrement END
$$;
COMMENT ON FUNCTION sq2pg.next_behind(pg_sequence, numeric, numeric) IS 'where a sequence goes on behind the values in use, NULL if it is there already';

/*
 * Moves one sequence behind the values that its columns hold and behind
 * "at_least", never back.  "next" is the value that it will give then, "late"
 * the statement that moves it where only setval() may: no rollback undoes that.
 */
CREATE FUNCTION sq2pg.reset_sequence(sequence_oid oid, table_oids oid[], column_numbers smallint[], at_least numeric,
                                     OUT next bigint, OUT late text)
    LANGUAGE plpgsql AS $$
DECLARE
    s         pg_sequence;
    sequence_name text := sequence_oid::regclass::text;
    is_owner  boolean := pg_has_role((SELECT relowner FROM pg_class WHERE oid = sequence_oid), 'USAGE');
    extreme   numeric;
    last      bigint;
    is_called boolean;
    following numeric;
    behind    numeric;
    is_locked boolean := false;
BEGIN
    SELECT * INTO s FROM pg_sequence WHERE seqrelid = sequence_oid;
    extreme := sq2pg.sequence_extreme(s, table_oids, column_numbers, at_least);
    LOOP
        EXECUTE format('SELECT last_value, is_called FROM %s', sequence_name) INTO last, is_called;
        following := last + CASE WHEN is_called THEN s.seqincrement ELSE 0 END;
        behind := (SELECT sq2pg.next_behind(s, following, extreme));
        IF behind IS NULL THEN
            next := CASE WHEN following BETWEEN s.seqmin AND s.seqmax THEN following
                         WHEN s.seqcycle THEN CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END END;
            RETURN;
        END IF;
        EXIT WHEN is_locked OR NOT is_owner;
        -- others draw until their transactions end: changes nothing, but waits for them
        EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s', sequence_name, s.seqincrement);
        is_locked := true;
    END LOOP;
    following := behind;
    IF following NOT BETWEEN s.seqmin AND s.seqmax THEN
        RAISE sequence_generator_limit_exceeded USING
            MESSAGE = format('sequence %s has no value left behind %s', sequence_name, extreme),
            HINT = 'Give it a wider type or a larger MAXVALUE.';
    END IF;
    next := following;
    IF is_owner THEN
        -- unlike setval this is undone by a rollback
        EXECUTE format('ALTER SEQUENCE %s RESTART WITH %s', sequence_name, following);
    ELSE
        -- until then others may have come further
        late := format('SELECT setval(%L::regclass, %s, false) FROM %3$s WHERE last_value + CASE WHEN is_called THEN %4$s ELSE 0 END %5$s %2$s',
                       sequence_name, following, sequence_name, s.seqincrement, CASE WHEN s.seqincrement > 0 THEN '<' ELSE '>' END);
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.reset_sequence(oid, oid[], smallint[], numeric) IS 'moves a sequence behind the values of its columns';

/*
 * The sequences of the targets go on behind what is there now and behind the
 * highest id that AUTOINCREMENT ever gave.  next_ids: table_ordinal -> next
 * value of the first of its loaded columns that has a sequence.
 */
CREATE FUNCTION sq2pg.continue_sequences(model sq2pg.model, tables sq2pg.data_table[], OUT next_ids jsonb, OUT late text[])
    LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
    s     record;
    moved record;
BEGIN
    next_ids := '{}';
    late := '{}';
    FOR s IN SELECT u.sequence_oid, array_agg(u.table_oid ORDER BY u.table_oid, u.column_number) AS tables,
                    array_agg(u.column_number ORDER BY u.table_oid, u.column_number) AS columns,
                    max(m.sequence) AS at_least,
                    array_agg(u.table_ordinal) FILTER (WHERE u.is_loaded AND u.place = 1) AS firsts
               FROM (SELECT x.*, t.table_ordinal, a.attname, l.is_loaded,
                            rank() OVER (PARTITION BY x.table_oid, l.is_loaded ORDER BY x.column_number) AS place
                       FROM sq2pg.column_sequences(model.schema_name) AS x
                       JOIN unnest(tables) AS t ON t.relation = x.table_oid
                       JOIN pg_attribute AS a ON a.attrelid = x.table_oid AND a.attnum = x.column_number
                      CROSS JOIN LATERAL (SELECT a.attname = ANY ((t.load).target_columns)) AS l(is_loaded)) AS u
               -- of the column that SQLite numbers
               LEFT JOIN (SELECT y.relation, z.target, p.sequence
                            FROM unnest(tables) AS y
                           CROSS JOIN unnest((y.load).column_ids, (y.load).target_columns) AS z(id, target)
                            JOIN unnest(model.columns) AS c ON c.id = z.id AND c.is_identity
                            JOIN unnest(model.tables) AS p ON p.ordinal = y.table_ordinal) AS m
                      ON m.relation = u.table_oid AND m.target = u.attname
              -- what has only been drawn from stands where it should
              GROUP BY u.sequence_oid HAVING bool_or(u.is_loaded) ORDER BY u.sequence_oid LOOP
        SELECT * INTO moved FROM sq2pg.reset_sequence(s.sequence_oid, s.tables, s.columns, s.at_least);
        late := late || moved.late;
        next_ids := next_ids || (SELECT coalesce(jsonb_object_agg(f, moved.next), '{}') FROM unnest(s.firsts) AS f);
    END LOOP;
    late := array_remove(late, NULL);
END
$$;
COMMENT ON FUNCTION sq2pg.continue_sequences(sq2pg.model, sq2pg.data_table[]) IS 'moves the sequences of the targets behind their rows';

CREATE FUNCTION sq2pg.reset_sequences(schema_name name)
    RETURNS TABLE (table_name text, column_name text, sequence_name text, next_value bigint)
    LANGUAGE plpgsql AS $$
DECLARE
    s     record;
    moved record;
BEGIN
    IF to_regnamespace(quote_ident(schema_name)) IS NULL THEN
        RAISE invalid_schema_name USING MESSAGE = format('schema "%s" does not exist', schema_name);
    END IF;
    PERFORM sq2pg.tell_notes(ARRAY(SELECT ROW(NULL, x.column_name, x.severity, 'sequence_by_name', NULL, NULL, x.message, x.hint)::sq2pg.note
                                     FROM sq2pg.named_sequences(schema_name) AS x ORDER BY x.message COLLATE "C"), '{sequence_by_name}');
    FOR s IN SELECT u.sequence_oid, array_agg(u.table_oid ORDER BY u.table_oid, u.column_number) AS tables,
                    array_agg(u.column_number ORDER BY u.table_oid, u.column_number) AS columns
               FROM sq2pg.column_sequences(schema_name) AS u
              GROUP BY u.sequence_oid ORDER BY min(u.table_oid::regclass::text), u.sequence_oid LOOP
        SELECT * INTO moved FROM sq2pg.reset_sequence(s.sequence_oid, s.tables, s.columns, NULL);
        IF moved.late IS NOT NULL THEN
            EXECUTE moved.late;
        END IF;
        RETURN QUERY
            SELECT c.relname::text, a.attname::text, s.sequence_oid::regclass::text, moved.next
              FROM unnest(s.tables, s.columns) WITH ORDINALITY AS x(table_oid, column_number, n)
              JOIN pg_class AS c ON c.oid = x.table_oid
              JOIN pg_attribute AS a ON a.attrelid = x.table_oid AND a.attnum = x.column_number
             ORDER BY x.n;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sq2pg.reset_sequences(name) IS 'the work of sq2pg_reset_sequences';

CREATE FUNCTION sq2pg_reset_sequences(target_schema name DEFAULT NULL)
    RETURNS TABLE (table_name text, column_name text, sequence_name text, next_value bigint)
    LANGUAGE C AS 'MODULE_PATHNAME', 'sqm_reset_sequences';
COMMENT ON FUNCTION sq2pg_reset_sequences(name) IS
    'moves every sequence behind a column of a schema past the highest value in use, never back; returns where each goes on';

/*
 * Names that are not those of SQLite, one note a table.  What was asked for
 * with "names" or "rename" is a note, what PostgreSQL forces a warning, whose
 * sample is the "rename" that says so: who looks at the tables later needs it.
 */
CREATE FUNCTION sq2pg.rename_notes(options jsonb, model sq2pg.model, all_expressions sq2pg.expression[])
    RETURNS sq2pg.note[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    WITH names(table_ordinal, kind, place, source_name, target_name, key) AS (
        SELECT t.ordinal, 'table', 0, t.source_name, t.target_name, t.source_name FROM unnest(model.tables) AS t
        UNION ALL
        SELECT c.table_ordinal, 'column', c.ordinal, c.source_name, c.target_name, t.source_name || '.' || c.source_name
          FROM unnest(model.columns) AS c JOIN unnest(model.tables) AS t ON t.ordinal = c.table_ordinal
        UNION ALL
        SELECT k.table_ordinal, 'constraint', 10000 + k.ordinality, k.source_name, k.name, NULL
          FROM unnest(model.keys) WITH ORDINALITY AS k
        UNION ALL
        SELECT e.table_ordinal, 'constraint', 20000 + e.position, e.source_name, e.name, NULL
          FROM unnest(all_expressions) AS e WHERE e.kind = 'check' AND e.problem IS NULL
        UNION ALL
        SELECT f.table_ordinal, 'constraint', 30000 + f.ordinality, f.source_name, f.name, NULL
          FROM unnest(model.foreign_keys) WITH ORDINALITY AS f WHERE f.problem IS NULL
        UNION ALL
        SELECT i.table_ordinal, 'index', 40000 + i.ordinality, i.source_name, i.target_name, NULL
          FROM unnest(model.indexes) WITH ORDINALITY AS i
    )
    SELECT coalesce(array_agg(ROW(g.table_ordinal, NULL, CASE WHEN g.is_wanted THEN 'note' ELSE 'warning' END, 'renamed',
                                  g.renames, g.forced::text, g.message,
                                  'Say so to sq2pg_verify and sq2pg_sync: rename => ' || quote_literal(g.forced::text) || '.')::sq2pg.note
                              ORDER BY g.table_ordinal), '{}')
      FROM (SELECT n.table_ordinal, count(*) AS renames, bool_and(w.is_wanted) AS is_wanted,
                   jsonb_object_agg(n.key, n.target_name) FILTER (WHERE n.key IS NOT NULL AND NOT w.is_wanted) AS forced,
                   string_agg(format('%s "%s" is called "%s"', n.kind, n.source_name, n.target_name), ', '
                              ORDER BY n.kind COLLATE "C" DESC, n.source_name COLLATE "C") AS message
              FROM names AS n
             CROSS JOIN LATERAL (SELECT n.target_name = coalesce(options->'rename'->>n.key,
                                                                 sq2pg.fold_name(n.source_name, model.names))) AS w(is_wanted)
             WHERE n.source_name <> n.target_name
             GROUP BY n.table_ordinal) AS g
$$;
COMMENT ON FUNCTION sq2pg.rename_notes(jsonb, sq2pg.model, sq2pg.expression[]) IS 'every name that is not as in SQLite';

/*
 * Collations: SQLite's own, whose rule stays where the schema uses it, and
 * those that only the application has.
 */
CREATE FUNCTION sq2pg.collation_notes(model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(c.table_ordinal, c.source_name, 'warning', 'collation_changed', NULL, NULL,
                                  format('column "%s" is COLLATE %s in SQLite: keys, checks, indexes and views keep to that, queries must say it',
                                         c.source_name, upper(c.collation_name)),
                                  format('Compare %s, for which its indexes are made.',
                                         sq2pg.folded_column(c.target_name, c.type, c.collation_name)))::sq2pg.note
                              ORDER BY c.id), '{}')
        || (SELECT coalesce(array_agg(ROW(u.table_ordinal, u.column_name, 'warning', 'collation_missing', NULL, NULL,
                                          format('collation "%s" of %s "%s" is the application''s own: it is read as BINARY',
                                                 u.collation_name, u.kind, u.name),
                                          'PostgreSQL may have a collation of that kind: see CREATE COLLATION.')::sq2pg.note
                                      ORDER BY u.table_ordinal, u.kind, u.name), '{}')
              FROM (SELECT c.table_ordinal, c.source_name, 'column', c.source_name, c.collation_name
                      FROM unnest(model.columns) AS c
                    UNION
                    SELECT i.table_ordinal, NULL, 'index', i.source_name, k.value->>'collation'
                      FROM unnest(model.indexes) AS i,
                           jsonb_array_elements(coalesce(nullif(i.facts->'keys', 'null'), '[]')) AS k
                    UNION
                    SELECT k.table_ordinal, NULL, 'constraint', k.name, x.name
                      FROM unnest(model.keys) AS k, unnest(k.collations) AS x(name)
                     -- that of the column is told already
                     WHERE NOT EXISTS (SELECT FROM unnest(model.columns) AS c
                                        WHERE c.table_ordinal = k.table_ordinal AND upper(c.collation_name) = x.name)
                   ) AS u(table_ordinal, column_name, kind, name, collation_name)
             WHERE upper(u.collation_name) NOT IN ('BINARY', 'NOCASE', 'RTRIM'))
      FROM unnest(model.columns) AS c WHERE sq2pg.is_folded(c.collation_name, c.type)
$$;
COMMENT ON FUNCTION sq2pg.collation_notes(sq2pg.model) IS 'columns, indexes and keys that SQLite compares by another rule';

/*
 * What a declaration says and PostgreSQL has no word for, table by table.
 */
CREATE FUNCTION sq2pg.clause_notes(model sq2pg.model, all_expressions sq2pg.expression[]) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH columns AS (
        SELECT t.ordinal AS table_ordinal, c.key AS name, c.value AS facts
          FROM unnest(model.tables) AS t
         CROSS JOIN jsonb_each(CASE WHEN jsonb_typeof(t.facts->'columns') = 'object' THEN t.facts->'columns' ELSE '{}' END) AS c
    ), conflicts(table_ordinal, what, conflict) AS (
        SELECT c.table_ordinal, format('NOT NULL of column "%s"', c.name), c.facts->>'not_null_conflict' FROM columns AS c
        UNION ALL
        SELECT t.ordinal, 'PRIMARY KEY', t.facts->'primary_key'->>'conflict' FROM unnest(model.tables) AS t
        UNION ALL
        SELECT t.ordinal, format('UNIQUE (%s)', (SELECT string_agg(n, ', ') FROM jsonb_array_elements_text(u->'columns') AS n)),
               u->>'conflict'
          FROM unnest(model.tables) AS t, jsonb_array_elements(coalesce(nullif(t.facts->'uniques', 'null'), '[]')) AS u
        UNION ALL
        SELECT t.ordinal, format('CHECK (%s)', k->>'expression'), k->>'conflict'
          FROM unnest(model.tables) AS t, jsonb_array_elements(coalesce(nullif(t.facts->'checks', 'null'), '[]')) AS k
    ), notes(table_ordinal, severity, code, message, hint) AS (
        SELECT f.table_ordinal, 'warning', 'on_conflict_left_out',
               'ON CONFLICT has no equivalent: '
               || string_agg(format('%s ON CONFLICT %s', f.what, upper(f.conflict)), ', ' ORDER BY f.what),
               'The constraints are there; INSERT ... ON CONFLICT says in a statement what should happen.'
          FROM conflicts AS f WHERE f.conflict <> 'abort' GROUP BY f.table_ordinal
        UNION ALL
        SELECT f.table_ordinal, 'note', 'match_left_out',
               format('MATCH %s of %s means nothing to SQLite: it is MATCH SIMPLE', upper(f.match), f.original), NULL
          FROM unnest(model.foreign_keys) AS f WHERE f.problem IS NULL AND upper(f.match) NOT IN ('SIMPLE', 'NONE')
        UNION ALL
        SELECT c.table_ordinal, 'note', 'generated_stored',
               'generated columns are stored, not virtual: ' || string_agg('"' || c.source_name || '"', ', ' ORDER BY c.id), NULL
          FROM unnest(model.columns) AS c
          JOIN unnest(all_expressions) AS e ON e.kind = 'generated' AND e.column_id = c.id AND e.problem IS NULL
         WHERE c.hidden = 'virtual' GROUP BY c.table_ordinal
        UNION ALL
        SELECT c.table_ordinal, 'note', 'name_left_out',
               'names of NOT NULL and DEFAULT clauses are not kept: ' || string_agg(format('"%s"', n.name), ', ' ORDER BY n.name), NULL
          FROM columns AS c,
               LATERAL (VALUES (c.facts->>'not_null_name'), (c.facts->>'default_name')) AS n(name)
         WHERE n.name IS NOT NULL GROUP BY c.table_ordinal
        UNION ALL
        SELECT c.table_ordinal, 'note', 'default_left_out',
               format('default of column "%s" is left out: %s (SQLite does not use it in an INTEGER PRIMARY KEY)',
                      c.source_name, c.default_text), NULL
          FROM unnest(model.columns) AS c WHERE c.is_identity AND c.default_text IS NOT NULL
    )
    SELECT coalesce(array_agg(ROW(n.table_ordinal, NULL, n.severity, n.code, NULL, NULL, n.message, n.hint)::sq2pg.note
                              ORDER BY n.table_ordinal, n.code, n.message), '{}')
      FROM notes AS n
$$;
COMMENT ON FUNCTION sq2pg.clause_notes(sq2pg.model, sq2pg.expression[]) IS 'clauses of tables that have no equivalent';

/*
 * Columns that SQLite itself cannot read here.
 */
CREATE FUNCTION sq2pg.column_notes(options jsonb, model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(t.ordinal, u.column_name, 'warning', 'column_left_out', NULL,
                                  t.facts->'columns'->u.column_name->>'generated',
                                  format('generated column "%s" is left out: %s', u.column_name, u.problem),
                                  'Store its values in the source, in an ordinary column, with a program that has the function.'
                                 )::sq2pg.note ORDER BY t.ordinal), '{}')
      FROM sq2pg.unreadable_columns(options->>'source') AS u
      JOIN unnest(model.tables) AS t ON t.source_name = u.table_name
     WHERE sq2pg.column_is_chosen(u.table_name, u.column_name, options)
$$;
COMMENT ON FUNCTION sq2pg.column_notes(jsonb, sq2pg.model) IS 'columns that cannot be computed';

/*
 * Keys of which a column is not migrated, and constraints that say what
 * another one says: SQLite keeps one of them, nameless ones included.
 */
CREATE FUNCTION sq2pg.partial_key_notes(options jsonb, model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    WITH keys AS MATERIALIZED (
        SELECT * FROM sq2pg.source_keys(options, model.tables, model.columns)
    )
    SELECT coalesce(array_agg(ROW(n.table_ordinal, NULL, n.severity, n.code, NULL, NULL, n.message, NULL)::sq2pg.note
                              ORDER BY n.table_ordinal, n.code, n.place), '{}')
      FROM (SELECT k.table_ordinal, k.place::bigint AS place, 'warning' AS severity, 'key_left_out' AS code,
                   format('%s (%s) is left out: a column of it is not migrated',
                          CASE k.kind WHEN 'p' THEN 'primary key' ELSE 'UNIQUE' END, array_to_string(k.names, ', ')) AS message
              FROM keys AS k WHERE array_position(k.ids, NULL) IS NOT NULL
            UNION ALL
            SELECT u.table_ordinal, u.place, 'note', 'key_merged', format('constraint "%s" is left out: another key says the same', u.name)
              FROM sq2pg.declared_uniques(model.tables, model.columns) AS u
              LEFT JOIN keys AS k ON k.table_ordinal = u.table_ordinal AND k.source_name = u.name
             WHERE u.name IS NOT NULL AND k.source_name IS NULL) AS n
$$;
COMMENT ON FUNCTION sq2pg.partial_key_notes(jsonb, sq2pg.model) IS 'keys that lack a column';

/*
 * Everything that the report says about tables before it is known whether
 * their rows agree.
 */
CREATE FUNCTION sq2pg.schema_notes(options jsonb, model sq2pg.model, all_expressions sq2pg.expression[])
    RETURNS sq2pg.note[]
    LANGUAGE plpgsql SET work_mem = '1MB' AS $$
DECLARE
    notes sq2pg.note[];
BEGIN
    -- one by one: each needs memory for as many rows as the model has
    notes := (SELECT sq2pg.rename_notes(options, model, all_expressions));
    notes := (SELECT notes || sq2pg.column_notes(options, model));
    notes := (SELECT notes || sq2pg.foreign_key_notes(model));
    notes := (SELECT notes || sq2pg.expression_notes(all_expressions, model.columns));
    notes := (SELECT notes || sq2pg.check_notes(all_expressions));
    notes := (SELECT notes || sq2pg.index_notes(model, all_expressions));
    notes := (SELECT notes || sq2pg.partial_key_notes(options, model));
    notes := (SELECT notes || sq2pg.collation_notes(model));
    RETURN (SELECT notes || sq2pg.clause_notes(model, all_expressions));
END
$$;
COMMENT ON FUNCTION sq2pg.schema_notes(jsonb, sq2pg.model, sq2pg.expression[]) IS
    'what becomes of the parts of tables: renamed, changed, left out';

/*
 * What a table lost stays written on it.
 */
CREATE FUNCTION sq2pg.comment_steps(model sq2pg.model, all_notes sq2pg.note[]) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('comment', t.ordinal, t.target_name,
                                  format('COMMENT ON TABLE %I.%I IS %L', model.schema_name, t.target_name,
                                         E'SQLite''s definition says more:\n' || c.lines), NULL)::sq2pg.step ORDER BY t.rank), '{}')
      FROM (SELECT n.table_ordinal,
                   string_agg(n.message || CASE WHEN strpos(n.message, n.sample) > 0 THEN '' ELSE ': ' || n.sample END, E'\n'
                              ORDER BY n.ordinality) AS lines
              FROM unnest(all_notes) WITH ORDINALITY AS n
             WHERE n.sample IS NOT NULL
               AND n.code IN ('column_left_out', 'default_left_out', 'generated_left_out', 'check_left_out', 'index_left_out', 'foreign_key_left_out')
             GROUP BY n.table_ordinal) AS c
      JOIN unnest(model.tables) AS t ON t.ordinal = c.table_ordinal
$$;
COMMENT ON FUNCTION sq2pg.comment_steps(sq2pg.model, sq2pg.note[]) IS 'comments with the text of what is left out of tables';

/*
 * The head of a CREATE TRIGGER text; no row if it is not understood.
 * timing: before | after | instead of; event: insert | update | delete
 */
CREATE FUNCTION sq2pg.trigger_facts(ddl text, OUT timing text, OUT event text, OUT columns text[], OUT condition text,
                                    OUT body text)
    RETURNS SETOF record
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'sqm_trigger_facts';
COMMENT ON FUNCTION sq2pg.trigger_facts(text) IS 'when a trigger of SQLite''s fires, and its body';

/*
 * The frame of a trigger in PL/pgSQL, SQLite's statements as comments in it:
 * nothing of them may end the comment or the string, whoever wrote them.
 */
CREATE FUNCTION sq2pg.trigger_skeleton(ddl text, schema_name name, target_table text, trigger_name text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format(E'CREATE FUNCTION %1$I.%2$I() RETURNS trigger LANGUAGE plpgsql AS $trigger$\nBEGIN\n%3$s\n    RETURN %4$s;\nEND\n$trigger$;\n'
                  'CREATE TRIGGER %2$I %5$s %6$s ON %1$I.%7$I FOR EACH ROW EXECUTE FUNCTION %1$I.%2$I();',
                  schema_name, left(trigger_name, 63),
                  regexp_replace(regexp_replace(regexp_replace(concat_ws(E'\n', 'WHEN ' || f.condition, f.body), '\$trigger(?=\$)', '$ trigger ', 'g'),
                                                '\r\n?', E'\n', 'g'),
                                 '^', '    -- ', 'gn'),
                  CASE WHEN f.event = 'delete' THEN 'OLD' ELSE 'NEW' END,
                  upper(f.timing),
                  upper(f.event) || coalesce(' OF ' || (SELECT string_agg(quote_ident(c), ', ') FROM unnest(f.columns) AS c), ''),
                  target_table)
      FROM sq2pg.trigger_facts(ddl) AS f
$$;
COMMENT ON FUNCTION sq2pg.trigger_skeleton(text, name, text, text) IS 'a PL/pgSQL trigger to fill in';

/*
 * The index that a user of PostgreSQL would want instead of a virtual table.
 */
CREATE FUNCTION sq2pg.virtual_table_hint(module text, schema_name name, table_name text, columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN module ILIKE 'fts_' THEN
                    format('CREATE INDEX ON %I.%I USING gin (to_tsvector(''simple'', %s));', schema_name, table_name,
                           (SELECT string_agg(format('coalesce(%I, '''')', c), ' || '' '' || ' ORDER BY n)
                              FROM unnest(columns) WITH ORDINALITY AS x(c, n) WHERE n > 1))
                WHEN module ILIKE 'rtree%' AND cardinality(columns) >= 5 THEN
                    format('ALTER TABLE %1$I.%2$I ADD PRIMARY KEY (%3$I); CREATE INDEX ON %1$I.%2$I USING gist (box(point(%4$I, %6$I), point(%5$I, %7$I)));',
                           schema_name, table_name, columns[1], columns[2], columns[3], columns[4], columns[5])
           END
$$;
COMMENT ON FUNCTION sq2pg.virtual_table_hint(text, name, text, text[]) IS 'index that serves as a virtual table of SQLite''s does';

/*
 * Objects that are not carried over, or as something else: told, never just
 * missing.
 */
CREATE FUNCTION sq2pg.object_notes(options jsonb, model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    WITH objects AS MATERIALIZED (
        SELECT * FROM sq2pg_objects(options->>'source')
    ), tables AS MATERIALIZED (
        SELECT * FROM sq2pg_tables(options->>'source')
    ), carried AS (
        SELECT t.source_name, t.target_name, t.ordinal, t.facts FROM unnest(model.tables) AS t
        UNION ALL
        SELECT v.source_name, v.target_name, NULL, NULL FROM unnest(model.views) AS v
    ), notes(severity, code, sample, message, hint) AS (
        SELECT 'warning', 'trigger_left_out', o.sql, format('trigger "%s" on table "%s" is left out', o.name, o.table_name),
               sq2pg.trigger_skeleton(o.sql, model.schema_name, coalesce(c.target_name, o.table_name), sq2pg.fold_name(o.name, model.names))
          FROM objects AS o
          LEFT JOIN carried AS c ON lower(c.source_name) = lower(o.table_name)
         WHERE o.type = 'trigger' AND sq2pg.table_is_chosen(o.table_name, options)
        UNION ALL
        SELECT 'warning', 'table_left_out', t.sql,
               format('table "%s" is left out: %s', t.table_name, coalesce(t.problem, 'it has no columns that could be read')), NULL
          FROM tables AS t
          LEFT JOIN carried AS c ON c.source_name = t.table_name
         WHERE t.type IN ('table', 'virtual') AND c.source_name IS NULL AND sq2pg.table_is_chosen(t.table_name, options)
        UNION ALL
        SELECT 'warning', 'view_left_out', v.sql, format('view "%s" is left out: there is no table', v.source_name), NULL
          FROM unnest(model.views) AS v WHERE model.tables IS NULL
        UNION ALL
        SELECT 'warning', 'log_left_out', NULL,
               'the uploaded database is in WAL mode: unless it was made with .backup, what was only in its -wal file is left out', NULL
          FROM sq2pg.source_state(options->>'source') AS s
         WHERE options->>'source' LIKE 'lo:%' AND s.wal_mode
        UNION ALL
        SELECT 'note', 'shadow_tables', NULL,
               'tables in which virtual tables keep their content are not copied: ' || string_agg(t.table_name, ', ' ORDER BY t.table_name COLLATE "C"), NULL
          FROM tables AS t WHERE t.type = 'shadow' HAVING count(*) > 0
        UNION ALL
        SELECT 'note', 'internal_tables', NULL,
               'SQLite''s own tables are not copied: ' || string_agg(o.name, ', ' ORDER BY o.name COLLATE "C"),
               'What sqlite_sequence says goes into the identities, ANALYZE makes statistics anew.'
          FROM objects AS o WHERE o.type = 'table' AND o.name LIKE 'sqlite\_%' HAVING count(*) > 0
    )
    SELECT (SELECT coalesce(array_agg(ROW(NULL, NULL, n.severity, n.code, NULL, n.sample, n.message, n.hint)::sq2pg.note), '{}')
              FROM notes AS n)
        || (SELECT coalesce(array_agg(ROW(c.ordinal, NULL, n.severity, n.code, NULL, t.sql, n.message, n.hint)::sq2pg.note
                                      ORDER BY c.ordinal), '{}')
              FROM tables AS t
              JOIN carried AS c ON c.source_name = t.table_name AND c.ordinal IS NOT NULL
              LEFT JOIN (SELECT x.table_ordinal, array_agg(x.target_name ORDER BY x.ordinal) AS names
                           FROM unnest(model.columns) AS x GROUP BY x.table_ordinal) AS k ON k.table_ordinal = c.ordinal
             CROSS JOIN LATERAL (VALUES
                   (c.facts ? 'error', 'warning', 'definition_unreadable',
                    format('the definition could not be read: %s; its checks, generated columns and names of constraints are missing',
                           c.facts->>'error'), NULL),
                   (t.type = 'virtual', 'note', 'virtual_table',
                    format('virtual table of module "%s" became an ordinary table%s', c.facts->>'module',
                           CASE WHEN c.facts->>'module' ILIKE 'fts_' AND c.facts->'arguments' @? '$[*] ? (@ like_regex "^content *= *(''''|\"\")$" flag "i")'
                                THEN '; it keeps no text, only rowids' ELSE '' END),
                    sq2pg.virtual_table_hint(c.facts->>'module', model.schema_name, c.target_name, k.names))
                   ) AS n(is_so, severity, code, message, hint)
             WHERE n.is_so)
$$;
COMMENT ON FUNCTION sq2pg.object_notes(jsonb, sq2pg.model) IS 'objects that are not carried over, or as something else';
