/*
 * missing: tables, columns and identities that the target does not have, as
 * the statements that would make them
 *
 * The same statements are told in data mode and executed under add_missing.
 */

/*
 * A model whose names and types are those of the targets where these exist:
 * what refers to them must fit them.
 */
CREATE FUNCTION sq2pg.as_matched(INOUT model sq2pg.model, tables sq2pg.data_table[])
    LANGUAGE plpgsql STABLE SET enable_nestloop = off AS $$
BEGIN
    model.tables := ARRAY(
        SELECT ROW(t.ordinal, t.source_name, coalesce(c.relname, t.target_name), t.type, t.without_rowid, t.sequence,
                   t.facts, t.rank, t.in_cycle)::sq2pg.table_plan
          FROM unnest(model.tables) AS t
          LEFT JOIN unnest(tables) AS x ON x.table_ordinal = t.ordinal
          LEFT JOIN pg_class AS c ON c.oid = x.relation
         ORDER BY t.ordinal);
    model.columns := ARRAY(
        SELECT ROW(c.id, c.table_ordinal, c.ordinal, c.source_name, coalesce(a.attname, c.target_name), c.declared, c.not_null,
                   c.pk_position, c.hidden, c.collation_name, c.default_text, c.is_identity, c.sequence_name, c.proposed,
                   CASE WHEN a.attname IS NULL THEN c.candidates ELSE ARRAY[format_type(a.atttypid, a.atttypmod)] END,
                   c.dynamic AND a.attname IS NULL, c.type, c.using_text, c.staging_type)::sq2pg.column_plan
          FROM unnest(model.columns) AS c
          LEFT JOIN (SELECT x.relation, y.id, y.target
                       FROM unnest(tables) AS x, unnest((x.load).column_ids, (x.load).target_columns) AS y(id, target)) AS m ON m.id = c.id
          LEFT JOIN pg_attribute AS a ON a.attrelid = m.relation AND a.attname = m.target
         ORDER BY c.id);
END
$$;
COMMENT ON FUNCTION sq2pg.as_matched(sq2pg.model, sq2pg.data_table[]) IS 'a model with the names and types of existing tables';

/*
 * The foreign keys that may be made: those of columns that exist are the
 * target's affair, and must not say what type a missing key gets.
 */
CREATE FUNCTION sq2pg.missing_foreign_keys(all_foreign_keys sq2pg.foreign_key_plan[], tables sq2pg.data_table[])
    RETURNS sq2pg.foreign_key_plan[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(f.table_ordinal, f.source_name, f.name, f.columns, f.parent_ordinal, f.parent_columns, f.on_update, f.on_delete,
                                  f.deferral, f.column_names, f.original, f.match, f.problem)::sq2pg.foreign_key_plan ORDER BY f.ordinality), '{}')
      FROM unnest(all_foreign_keys) WITH ORDINALITY AS f
      JOIN unnest(tables) AS t USING (table_ordinal)
     WHERE t.relation IS NULL OR NOT f.columns <@ (t.load).column_ids
$$;
COMMENT ON FUNCTION sq2pg.missing_foreign_keys(sq2pg.foreign_key_plan[], sq2pg.data_table[]) IS 'foreign keys of columns that are to be made';

/*
 * Columns that exist are of the type that they are.  Those that are to be made
 * and refer to them, be it over others, get it too, and are tried with it,
 * unless the caller named a type for them.
 */
CREATE FUNCTION sq2pg.follow_types(types jsonb, model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.column_plan[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH RECURSIVE fixed AS MATERIALIZED (
        SELECT y.id, format_type(a.atttypid, a.atttypmod) AS type
          FROM unnest(tables) AS x
         CROSS JOIN unnest((x.load).column_ids, (x.load).target_columns) AS y(id, target)
          JOIN pg_attribute AS a ON a.attrelid = x.relation AND a.attname = y.target
    ), given AS MATERIALIZED (
        SELECT c.id FROM unnest(model.columns) AS c JOIN unnest(model.tables) AS t ON t.ordinal = c.table_ordinal
         WHERE types <> 'null' AND sq2pg.type_override(types, t.source_name, c.source_name, c.declared) IS NOT NULL
    ), edges AS MATERIALIZED (
        SELECT x.child, x.parent
          FROM unnest(sq2pg.missing_foreign_keys(model.foreign_keys, tables)) AS f, unnest(f.columns, f.parent_columns) AS x(child, parent)
         WHERE f.problem IS NULL AND x.child NOT IN (SELECT id FROM fixed UNION ALL SELECT id FROM given)
    ), followed(id, root, type) AS (
        SELECT f.id, f.id, f.type FROM fixed AS f
        UNION
        SELECT e.child, w.root, w.type FROM followed AS w JOIN edges AS e ON e.parent = w.id
    ), chosen AS (
        SELECT DISTINCT ON (w.id) w.id, w.type FROM followed AS w ORDER BY w.id, w.root
    )
    SELECT array_agg(ROW(c.id, c.table_ordinal, c.ordinal, c.source_name, c.target_name, c.declared, c.not_null, c.pk_position, c.hidden,
                         c.collation_name, c.default_text, c.is_identity, c.sequence_name, c.proposed,
                         CASE WHEN c.using_text IS NULL AND h.type IS NOT NULL THEN ARRAY[h.type] ELSE c.candidates END,
                         c.dynamic AND (h.type IS NULL OR c.using_text IS NOT NULL),
                         CASE WHEN c.using_text IS NOT NULL THEN c.type WHEN h.type IS NOT NULL THEN h.type
                              WHEN g.id IS NOT NULL THEN c.proposed ELSE c.type END,
                         c.using_text, c.staging_type)::sq2pg.column_plan ORDER BY c.id)
      FROM unnest(model.columns) AS c
      LEFT JOIN chosen AS h USING (id)
      LEFT JOIN given AS g USING (id)
$$;
COMMENT ON FUNCTION sq2pg.follow_types(jsonb, sq2pg.model, sq2pg.data_table[]) IS
    'gives columns that are to be made the types of existing ones to which they refer';

/*
 * ALTER TABLE ... ADD COLUMN for columns of tables that exist.
 */
CREATE FUNCTION sq2pg.column_steps(model sq2pg.model, tables sq2pg.data_table[], all_expressions sq2pg.expression[]) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW('add', c.table_ordinal, c.source_name,
                                  format('ALTER TABLE %s ADD COLUMN %s', (t.load).relation,
                                         sq2pg.column_definition(ROW(c.*)::sq2pg.column_plan, model.schema_name, d.translated, g.translated)),
                                  NULL)::sq2pg.step ORDER BY c.id), '{}')
      FROM unnest(tables) AS t
      JOIN unnest(model.columns) AS c ON c.table_ordinal = t.table_ordinal AND c.source_name = ANY (t.unmatched)
      LEFT JOIN unnest(all_expressions) AS d ON d.kind = 'default' AND d.column_id = c.id
      LEFT JOIN unnest(all_expressions) AS g ON g.kind = 'generated' AND g.column_id = c.id
     WHERE t.relation IN (SELECT k.oid FROM pg_class AS k WHERE k.relkind IN ('r', 'p', 'f'))
$$;
COMMENT ON FUNCTION sq2pg.column_steps(sq2pg.model, sq2pg.data_table[], sq2pg.expression[]) IS 'columns that existing tables lack';

CREATE FUNCTION sq2pg.identity_add_steps(model sq2pg.model, tables sq2pg.data_table[]) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW('add', t.table_ordinal, x.name, sq2pg.identity_statement(t.relation, x.name),
                                  NULL)::sq2pg.step ORDER BY t.table_ordinal), '{}')
      FROM unnest(tables) AS t, unnest((t.load).target_columns) AS x(name)
     WHERE sq2pg.lacks_identity(model, t, x.name)
$$;
COMMENT ON FUNCTION sq2pg.identity_add_steps(sq2pg.model, sq2pg.data_table[]) IS 'identities that the keys of existing tables lack';

/*
 * What belongs to a column that is added to an existing table: its foreign
 * keys, unique constraints and indexes, as the steps that make them are called.
 */
CREATE FUNCTION sq2pg.keys_of_columns(model sq2pg.model, tables sq2pg.data_table[])
    RETURNS TABLE (table_ordinal int, phase text, name text)
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH added AS MATERIALIZED (
        SELECT array_agg(c.id) AS ids
          FROM unnest(tables) AS t
          JOIN unnest(model.columns) AS c ON c.table_ordinal = t.table_ordinal AND c.source_name = ANY (t.unmatched)
         WHERE t.relation IS NOT NULL
    )
    SELECT k.table_ordinal, 'key', n.name
      FROM added AS a, unnest(model.keys) AS k, unnest(ARRAY[k.name, k.index_name]) AS n(name) WHERE k.kind = 'u' AND k.columns && a.ids
    UNION ALL
    SELECT i.table_ordinal, 'index', i.target_name FROM added AS a, unnest(model.indexes) AS i WHERE array_remove(i.columns, NULL) && a.ids
    UNION ALL
    SELECT f.table_ordinal, 'foreign key', f.name FROM added AS a, unnest(model.foreign_keys) AS f WHERE f.problem IS NULL AND f.columns && a.ids
$$;
COMMENT ON FUNCTION sq2pg.keys_of_columns(sq2pg.model, sq2pg.data_table[]) IS 'keys and indexes of the columns that existing tables lack';

/*
 * Columns that PostgreSQL cannot add to a table with rows, or to a view.
 */
CREATE FUNCTION sq2pg.unaddable_notes(model sq2pg.model, tables sq2pg.data_table[], steps sq2pg.step[]) RETURNS sq2pg.note[]
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    notes sq2pg.note[] := ARRAY(
        SELECT ROW(t.table_ordinal, u.name, 'error', 'column_missing', NULL, NULL,
                   format('column "%s" cannot be added to %s, which is a view', u.name, (t.load).relation),
                   'Create the view anew, or leave the column out with exclude.')::sq2pg.note
          FROM unnest(tables) AS t
          JOIN pg_class AS k ON k.oid = t.relation AND k.relkind IN ('v', 'm')
         CROSS JOIN unnest(t.unmatched) AS u(name)
         ORDER BY t.table_ordinal);
    c     record;
    held  boolean;
BEGIN
    FOR c IN SELECT x.table_ordinal, x.source_name, x.target_name, (t.load).relation, x.type
               FROM unnest(tables) AS t
               JOIN unnest(model.columns) AS x ON x.table_ordinal = t.table_ordinal AND x.source_name = ANY (t.unmatched)
               JOIN unnest(steps) AS s ON s.phase = 'add' AND s.table_ordinal = t.table_ordinal AND s.object = x.source_name
              WHERE t.relation IS NOT NULL AND x.not_null AND NOT x.is_identity
                AND s.statement NOT LIKE '% DEFAULT %' AND s.statement NOT LIKE '% GENERATED %'
                AND has_table_privilege(t.relation, 'SELECT')
              ORDER BY x.id LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', c.relation) INTO held;
        IF held THEN
            notes := notes || ROW(c.table_ordinal, c.source_name, 'error', 'column_required', NULL, NULL,
                                  format('column "%s" cannot be added to table %s, which has rows: it is NOT NULL and has no default', c.target_name,
                                         c.relation),
                                  format('ALTER TABLE %s ADD COLUMN %I %s; give it values, then SET NOT NULL.', c.relation, c.target_name,
                                         c.type))::sq2pg.note;
        END IF;
    END LOOP;
    RETURN notes;
END
$$;
COMMENT ON FUNCTION sq2pg.unaddable_notes(sq2pg.model, sq2pg.data_table[], sq2pg.step[]) IS 'columns that cannot be added to tables with rows';

/*
 * All statements that make the target complete, those of a table together:
 * tables, then what binds them to others.  Misfits are values of columns that
 * are to be made which their types do not hold.
 */
CREATE FUNCTION sq2pg.missing_steps(options jsonb, INOUT model sq2pg.model, tables sq2pg.data_table[], OUT steps sq2pg.step[],
                                    OUT misfits sq2pg.note[])
    LANGUAGE plpgsql AS $$
DECLARE
    absent      int[] := ARRAY(SELECT t.table_ordinal FROM unnest(tables) AS t WHERE t.relation IS NULL);
    incomplete  int[] := absent || ARRAY(SELECT t.table_ordinal FROM unnest(tables) AS t
                                          WHERE t.relation IS NOT NULL AND t.unmatched <> '{}');
    matched     text[] := ARRAY(SELECT c.relname::text FROM unnest(tables) AS t JOIN pg_class AS c ON c.oid = t.relation);
    profiles    sq2pg.column_profile[];
    expressions sq2pg.expression[];
BEGIN
    steps := (SELECT sq2pg.identity_add_steps(model, tables));
    misfits := '{}';
    IF cardinality(incomplete) = 0 THEN
        RETURN;
    END IF;
    model := sq2pg.as_matched(model, tables);
    model.columns := (SELECT sq2pg.follow_types(options->'types', model, tables));
    profiles := (SELECT sq2pg.profile_tables(options, model, incomplete));
    model.columns := (SELECT sq2pg.choose_types(model.columns, sq2pg.missing_foreign_keys(model.foreign_keys, tables), profiles));
    -- what depends on others may have become something wider
    model.columns := (SELECT sq2pg.follow_types(options->'types', model, tables));
    misfits := ARRAY(SELECT m FROM unnest(sq2pg.misfit_notes(options, model, profiles)) AS m
                       JOIN unnest(tables) AS t USING (table_ordinal)
                      WHERE t.relation IS NULL OR m.column_name = ANY (t.unmatched));
    model.foreign_keys := (SELECT sq2pg.split_types(model.columns, model.foreign_keys));
    -- those of existing tables keep their names
    model := sq2pg.name_relations(model, ARRAY(SELECT n FROM unnest(sq2pg.taken_names(model.schema_name)) AS n
                                                WHERE n <> ALL (matched)));
    expressions := (SELECT sq2pg.translate_expressions(model));
    steps := sq2pg.column_steps(model, tables, expressions) || steps || ARRAY(
        SELECT ROW(s.phase, s.table_ordinal, s.object, s.statement, s.load)::sq2pg.step
          FROM unnest(sq2pg.create_steps(model, expressions) || sq2pg.key_steps(model, sq2pg.null_columns(profiles))
                      || sq2pg.check_steps(model, expressions) || sq2pg.index_steps(model, expressions)
                      || sq2pg.foreign_key_steps(model, '{}')
                      || sq2pg.owner_steps(model, (options->>'owner')::name)) WITH ORDINALITY
               AS s(phase, table_ordinal, object, statement, load, place)
         WHERE s.table_ordinal = ANY (absent)
            OR EXISTS (SELECT FROM sq2pg.keys_of_columns(model, tables) AS k
                        WHERE k.table_ordinal = s.table_ordinal AND k.phase = s.phase AND k.name = s.object)
         ORDER BY s.place);
END
$$;
COMMENT ON FUNCTION sq2pg.missing_steps(jsonb, sq2pg.model, sq2pg.data_table[]) IS 'statements that make what the target lacks';

/*
 * One finding for each table or column that is missing, with its statements.
 * As they are listed they can be run: foreign keys to tables that are missing
 * as well come last.
 */
CREATE FUNCTION sq2pg.missing_notes(model sq2pg.model, tables sq2pg.data_table[], steps sq2pg.step[], is_added boolean) RETURNS sq2pg.note[]
    LANGUAGE sql IMMUTABLE SET enable_nestloop = off AS $$
    WITH late AS MATERIALIZED (
        SELECT f.table_ordinal, f.name
          FROM unnest(model.foreign_keys) AS f
          JOIN unnest(tables) AS t ON t.table_ordinal = f.table_ordinal AND t.relation IS NULL
          JOIN unnest(tables) AS p ON p.table_ordinal = f.parent_ordinal AND p.relation IS NULL
         WHERE NOT is_added AND f.parent_ordinal <> f.table_ordinal
    )
    SELECT coalesce(array_agg(ROW(n.table_ordinal, n.column_name, CASE WHEN is_added THEN 'note' ELSE 'error' END,
                                  CASE WHEN is_added THEN replace(n.code, 'missing', 'added') ELSE n.code END, NULL, NULL,
                                  n.message, n.statements)::sq2pg.note ORDER BY n.code = 'key_missing', n.table_ordinal, n.place, n.message), '{}')
      FROM (SELECT t.table_ordinal, 0 AS place, NULL::text AS column_name, 'table_missing' AS code,
                   format(CASE WHEN is_added THEN 'table "%s" was added' ELSE 'table "%s" does not exist' END, m.target_name) AS message,
                   string_agg(s.statement || ';', E'\n' ORDER BY s.place) AS statements
              FROM unnest(tables) AS t
              JOIN unnest(model.tables) AS m ON m.ordinal = t.table_ordinal
              LEFT JOIN unnest(steps) WITH ORDINALITY AS s(phase, table_ordinal, object, statement, load, place)
                     ON s.table_ordinal = t.table_ordinal
                        AND NOT (s.phase = 'foreign key' AND EXISTS (SELECT FROM late AS l WHERE l.table_ordinal = s.table_ordinal AND l.name = s.object))
             WHERE t.relation IS NULL GROUP BY t.table_ordinal, m.target_name
            UNION ALL
            SELECT t.table_ordinal, c.id, u.name, 'column_missing',
                   format(CASE WHEN is_added THEN 'column "%s" was added to table %s' ELSE 'column "%s" of table %s does not exist' END,
                          c.target_name, (t.load).relation), s.statement || ';'
              FROM unnest(tables) AS t
             CROSS JOIN unnest(t.unmatched) AS u(name)
              JOIN unnest(model.columns) AS c ON c.table_ordinal = t.table_ordinal AND c.source_name = u.name
              LEFT JOIN unnest(steps) AS s ON s.phase = 'add' AND s.table_ordinal = t.table_ordinal AND s.object = u.name
                                          AND s.statement LIKE '% ADD COLUMN %'
             WHERE t.relation IS NOT NULL AND (s.statement IS NOT NULL OR NOT is_added)
            UNION ALL
            SELECT t.table_ordinal, 2147483647, NULL, 'key_missing',
                   format(CASE WHEN is_added THEN '"%s" was added to table %s' ELSE '"%s" of table %s does not exist' END,
                          s.object, format('%I.%I', model.schema_name, m.target_name)), s.statement || ';'
              FROM unnest(tables) AS t
              JOIN unnest(model.tables) AS m ON m.ordinal = t.table_ordinal
              JOIN unnest(steps) AS s ON s.table_ordinal = t.table_ordinal AND s.phase IN ('key', 'index', 'foreign key')
             WHERE t.relation IS NOT NULL
                OR s.phase = 'foreign key' AND EXISTS (SELECT FROM late AS l WHERE l.table_ordinal = s.table_ordinal AND l.name = s.object)
            UNION ALL
            SELECT s.table_ordinal, 2147483647, s.object, 'identity_missing', format('column "%s" got an identity', s.object), s.statement || ';'
              FROM unnest(steps) AS s WHERE is_added AND s.statement LIKE '% ADD GENERATED BY DEFAULT AS IDENTITY') AS n
$$;
COMMENT ON FUNCTION sq2pg.missing_notes(sq2pg.model, sq2pg.data_table[], sq2pg.step[], boolean) IS 'what the target lacks, or what was added';

/*
 * What the target lacks, without what may be there under another name.
 */
CREATE FUNCTION sq2pg.completeness_notes(model sq2pg.model, completed sq2pg.model, tables sq2pg.data_table[], steps sq2pg.step[],
                                         is_added boolean) RETURNS sq2pg.note[]
    LANGUAGE sql STABLE AS $$
    WITH unclear AS MATERIALIZED (
        SELECT n FROM unnest(sq2pg.unclear_notes(model)) AS n
    )
    SELECT ARRAY(SELECT ROW((u.n).*)::sq2pg.note FROM unclear AS u)
        || CASE WHEN is_added THEN sq2pg.unaddable_notes(completed, tables, steps) ELSE '{}' END
        || ARRAY(SELECT ROW(m.table_ordinal, m.column_name, m.severity, m.code, m.occurrences, m.sample, m.message,
                            m.hint)::sq2pg.note
                   FROM unnest(sq2pg.missing_notes(completed, tables, steps, is_added)) WITH ORDINALITY AS m
                  WHERE NOT EXISTS (SELECT FROM unclear AS u WHERE (u.n).table_ordinal = m.table_ordinal
                                                               AND (u.n).column_name IS NOT DISTINCT FROM m.column_name)
                  ORDER BY m.ordinality)
$$;
COMMENT ON FUNCTION sq2pg.completeness_notes(sq2pg.model, sq2pg.model, sq2pg.data_table[], sq2pg.step[], boolean) IS
    'what is missing, or not clear';

/*
 * Adds what is missing if that is wanted, else says how to.
 */
CREATE FUNCTION sq2pg.add_missing(options jsonb, model sq2pg.model) RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    is_wanted boolean := (options->>'add_missing')::boolean;
    tables    sq2pg.data_table[] := (SELECT sq2pg.find_targets(model));
    missing   record;
    notes     sq2pg.note[];
BEGIN
    SELECT * INTO missing FROM sq2pg.missing_steps(options, model, tables);
    notes := (SELECT sq2pg.completeness_notes(model, missing.model, tables, missing.steps, is_wanted));
    IF is_wanted THEN
        PERFORM sq2pg.raise_problems(model.schema_name, notes);
        PERFORM sq2pg.execute_steps(missing.steps);
    END IF;
    RETURN notes;
END
$$;
COMMENT ON FUNCTION sq2pg.add_missing(jsonb, sq2pg.model) IS 'adds tables, columns and identities that the target lacks, or lists them as errors';
