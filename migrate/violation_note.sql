/*
 * violation_note: what the constraints of existing tables would refuse, as
 * findings for people
 *
 * error where a run would stop, warning where a policy of the caller's says
 * what happens, or where nobody can know.
 */

/*
 * Names of columns as in the source.
 */
CREATE FUNCTION sq2pg.source_names(load sq2pg.load, columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(coalesce(load.source_columns[array_position(load.target_columns, x)], x), ', ' ORDER BY n)
      FROM unnest(columns) WITH ORDINALITY AS u(x, n)
$$;
COMMENT ON FUNCTION sq2pg.source_names(sq2pg.load, text[]) IS 'columns of the target by their names in the source';

/*
 * Values that the target cannot hold.
 */
CREATE FUNCTION sq2pg.bad_value_notes(options jsonb, t sq2pg.data_table, misfits jsonb) RETURNS sq2pg.note[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW(t.table_ordinal, m.value->>'column', CASE WHEN p.policy = 'error' THEN 'error' ELSE 'warning' END,
                                  'bad_value', (m.value->>'count')::bigint, e.sample,
                                  CASE WHEN e.only_null THEN format('%s rows hold NULL, and column "%s" of the target is NOT NULL',
                                                                    m.value->>'count', c.name)
                                       ELSE format('%s values do not fit type %s: %s', m.value->>'count', m.value->>'type', e.reasons) END,
                                  CASE WHEN (t.load).computed IS NOT NULL
                                           THEN format('Repair the source, or give this column an expression with USING, too: on_bad_value counts for nothing in a table with one (%s).',
                                                       array_to_string((t.load).computed, ', '))
                                       WHEN e.only_null AND p.policy = 'error'
                                           THEN format('Repair the source, choose on_bad_value => ''reject'', or ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL;',
                                                       (t.load).relation, c.name)
                                       WHEN e.only_null THEN 'These rows will be left out.'
                                       WHEN p.policy = 'error' THEN concat_ws(' ', 'Repair the source, or choose on_bad_value => ''null'', ''reject'' or ''repair''.',
                                                                              CASE WHEN e.in_other_case THEN '''repair'' takes the label in its right case.' END,
                                                                              CASE WHEN e.is_empty THEN 'empty_as_null => true makes NULL of ''''.' END)
                                       WHEN p.policy = 'null' THEN 'They will become NULL, or their rows will be left out where the column is NOT NULL.'
                                       WHEN p.policy = 'reject' THEN 'Their rows will be left out.'
                                       ELSE 'They will become the nearest value, or NULL where there is none.' END)::sq2pg.note
                              ORDER BY m.ordinality), '{}')
      FROM jsonb_array_elements(misfits) WITH ORDINALITY AS m
     -- rows with a column of the caller's own expression go by a statement, which knows no policy
     CROSS JOIN LATERAL (SELECT CASE WHEN (t.load).computed IS NULL THEN options->>'on_bad_value' ELSE 'error' END) AS p(policy)
     CROSS JOIN LATERAL (SELECT (t.load).target_columns[array_position((t.load).source_columns, m.value->>'column')]) AS c(name)
     CROSS JOIN LATERAL (
           SELECT string_agg(concat_ws(': ', 'rowid ' || (x.value->>'rowid'),
                                       concat_ws(' ', nullif(x.value->>'storage', 'NULL'), x.value->>'value')), '; ' ORDER BY x.ordinality)
                      FILTER (WHERE x.ordinality <= 3) AS sample,
                  bool_and(x.value->>'sqlstate' = '23502') AS only_null,
                  bool_or(x.value->>'storage' = 'TEXT' AND x.value->>'value' = '''''') AND NOT (options->>'empty_as_null')::boolean AS is_empty,
                  bool_or(x.value->>'message' LIKE 'label of enum % is written in another case') AS in_other_case,
                  (SELECT string_agg(r.message, '; ' ORDER BY r.first)
                     FROM (SELECT y.value->>'message' AS message, min(y.ordinality) AS first
                             FROM jsonb_array_elements(m.value->'examples') WITH ORDINALITY AS y GROUP BY 1 ORDER BY 2 LIMIT 3) AS r) AS reasons
             FROM jsonb_array_elements(m.value->'examples') WITH ORDINALITY AS x) AS e
$$;
COMMENT ON FUNCTION sq2pg.bad_value_notes(jsonb, sq2pg.data_table, jsonb) IS 'findings for values that a target cannot hold';

/*
 * Columns that need a value and get none.  A trigger may give them one, but
 * for domains, which are looked at before.
 */
CREATE FUNCTION sq2pg.required_notes(options jsonb, t sq2pg.data_table, columns text[], source_rows bigint) RETURNS sq2pg.note[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW(t.table_ordinal, x.name, CASE WHEN g.found THEN 'warning' ELSE 'error' END, 'column_required', source_rows, NULL,
                                  format('column "%s" of the target is NOT NULL, has no default, and the source has no such column', x.name),
                                  CASE WHEN g.found THEN 'A trigger BEFORE INSERT must give it a value.'
                                       ELSE format('Use rename if it has another name there, or ALTER TABLE %s ALTER COLUMN %I SET DEFAULT ...;',
                                                   (t.load).relation, x.name) END)::sq2pg.note ORDER BY x.n), '{}')
      FROM unnest(columns) WITH ORDINALITY AS x(name, n)
     CROSS JOIN LATERAL (
           -- BEFORE INSERT FOR EACH ROW
           SELECT options->>'triggers' IS DISTINCT FROM 'disable'
                  AND EXISTS (SELECT FROM pg_trigger AS r WHERE r.tgrelid = t.relation AND NOT r.tgisinternal
                                 AND r.tgtype & 7 = 7 AND r.tgenabled IN ('O', 'A'))
                  AND NOT EXISTS (SELECT FROM pg_attribute AS a JOIN pg_type AS y ON y.oid = a.atttypid
                                   WHERE a.attrelid = t.relation AND a.attname = x.name AND y.typnotnull) AS found) AS g
$$;
COMMENT ON FUNCTION sq2pg.required_notes(jsonb, sq2pg.data_table, text[], bigint) IS 'findings for columns that get no value';

/*
 * What a broken rule is called, said and solved by.  Placeholders: 1 the
 * number of rows, 2 the name of the rule, 3 its definition, 4 its columns, 5
 * the table of the source, 6 the relation that has the rule.
 */
CREATE FUNCTION sq2pg.rule_wording(kind text, OUT code text, OUT policy text, OUT message text, OUT hint text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT w.code, w.policy, w.message, w.hint
      FROM (VALUES
        ('check', 'check_violated', NULL, '%1$s rows violate constraint "%2$s": %3$s',
         'Repair the source, or ALTER TABLE %6$s DROP CONSTRAINT %2$I;'),
        ('null', 'bad_value', NULL, '%1$s rows get NULL in column "%2$s" of the target, which is NOT NULL',
         'Repair the source, or give the column another default.'),
        ('policy', 'policy_violated', NULL, '%1$s rows are refused by row level security: %2$s (%3$s)',
         'Migrate as a role for which these policies do not count, or change them.'),
        ('partition', 'no_partition', NULL, '%1$s rows have no partition of table %6$s to go to',
         'Create the partitions, or one for all other rows: CREATE TABLE ... PARTITION OF %6$s DEFAULT;'),
        ('foreign_partition', 'no_partition', NULL, '%1$s rows do not belong into partition %6$s: %3$s',
         'Load them into the partitioned table.'),
        ('half_null', 'orphans', 'on_orphan', '%1$s rows of table "%5$s" have a key that is NULL in part, against MATCH FULL of constraint "%2$s"',
         'Repair the source, or choose on_orphan => ''null'' or ''reject''.'),
        ('foreign_key', 'orphans', 'on_orphan', '%1$s rows of table "%5$s" have no parent in table "%3$s"',
         'Repair the source, or choose on_orphan => ''null'' or ''reject''.'),
        ('duplicate', 'duplicate_key', 'on_conflict', '%1$s rows repeat a key of unique index "%2$s" (%4$s)',
         'Repair the source, or choose on_conflict => ''skip''.'),
        ('exists', 'key_exists', 'on_conflict', '%1$s rows have a key of unique index "%2$s" (%4$s) that the target has already',
         'Choose on_conflict => ''skip'' or ''update'', or existing => ''truncate''.'),
        ('updated', 'key_exists', 'on_conflict', '%1$s rows have a key of unique index "%2$s" (%4$s) that the target has already', NULL),
        ('exclusion', 'exclusion_violated', 'on_conflict', '%1$s rows conflict with others by constraint "%2$s": %3$s',
         'Repair the source, or choose on_conflict => ''skip''.'),
        ('collision', 'exclusion_violated', 'on_conflict', '%1$s rows conflict with rows of the target by constraint "%2$s": %3$s',
         'Choose on_conflict => ''skip'', or existing => ''truncate''.'),
        ('deferrable', 'deferrable_key', NULL, 'on_conflict => ''skip'' is impossible with constraint "%2$s" of table %6$s, which is DEFERRABLE',
         'Choose on_conflict => ''error'' or ''update'', or make the constraint NOT DEFERRABLE.'),
        ('index', 'index_failed', NULL, '%1$s rows cannot be indexed by "%2$s": %3$s', 'Repair the source, or DROP INDEX %2$I;')
        ) AS w(kind, code, policy, message, hint)
     WHERE w.kind = rule_wording.kind
$$;
COMMENT ON FUNCTION sq2pg.rule_wording(text) IS 'code, message and hint of a kind of rule';

CREATE FUNCTION sq2pg.rule_note(options jsonb, t sq2pg.data_table, r sq2pg.rule, b sq2pg.broken_rule, sample text) RETURNS sq2pg.note
    LANGUAGE sql STABLE AS $$
    SELECT ROW(t.table_ordinal, sq2pg.source_names(t.load, r.columns),
               CASE WHEN r.kind = 'updated' THEN 'note'
                    WHEN w.policy = 'on_conflict' AND o.policy = 'skip' AND r.kind IN ('exists', 'collision') THEN 'note'
                    WHEN w.policy = 'on_conflict' AND o.policy = 'skip' THEN 'warning'
                    WHEN w.policy = 'on_orphan' AND o.policy IN ('null', 'reject') THEN 'warning'
                    ELSE 'error' END,
               w.code, b.n, sample,
               format(w.message, b.n, r.name, regexp_replace(r.definition, '\s+', ' ', 'g'), array_to_string(r.labels, ', '), (t.load).source_table, r.relation),
               CASE WHEN w.policy = 'on_conflict' AND o.policy = 'skip' AND r.kind IN ('duplicate', 'exclusion') THEN 'All but the first of them will be skipped.'
                    WHEN w.policy = 'on_conflict' AND o.policy = 'skip' THEN 'They will be skipped.'
                    WHEN r.kind = 'updated' THEN 'Those of the target will be updated.'
                    WHEN r.kind = 'exists' AND o.policy = 'update' THEN 'Repair the source: rows can be updated by one key only.'
                    WHEN w.policy = 'on_orphan' AND o.policy = 'null' THEN 'They will lose this reference, or be left out where it is NOT NULL.'
                    WHEN w.policy = 'on_orphan' AND o.policy = 'reject' THEN 'They will be left out.'
                    WHEN w.policy = 'on_orphan' AND (t.load).computed IS NOT NULL
                        THEN format('Repair the source: on_orphan counts for nothing in a table with an expression in types (%s).', array_to_string((t.load).computed, ', '))
                    ELSE format(w.hint, b.n, r.name, r.definition, array_to_string(r.labels, ', '), (t.load).source_table, r.relation) END)::sq2pg.note
      FROM sq2pg.rule_wording(r.kind) AS w
     -- rows with a column of the caller's own expression go by a statement, which knows no policy for orphans
     CROSS JOIN LATERAL (SELECT CASE WHEN w.policy = 'on_orphan' AND (t.load).computed IS NOT NULL THEN 'error' ELSE options->>w.policy END) AS o(policy)
$$;
COMMENT ON FUNCTION sq2pg.rule_note(jsonb, sq2pg.data_table, sq2pg.rule, sq2pg.broken_rule, text) IS 'the finding for a broken rule';

/*
 * Rules of which nothing is known.  An expression that fails for a row would
 * also stop a run; what else goes wrong is for want of rights, or ours.
 */
CREATE FUNCTION sq2pg.unknown_rule_note(t sq2pg.data_table, r sq2pg.rule, b sq2pg.broken_rule, sample text) RETURNS sq2pg.note
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN b.problem IS NOT NULL AND b.numbers IS NOT NULL THEN
                ROW(t.table_ordinal, sq2pg.source_names(t.load, r.columns), 'error', (SELECT w.code FROM sq2pg.rule_wording(r.kind) AS w),
                    NULL, sample, format('"%s" cannot be computed for a row: %s', r.name, b.problem),
                    'Repair the source, or the expression.')::sq2pg.note
           ELSE ROW(t.table_ordinal, sq2pg.source_names(t.load, r.columns), 'warning', 'not_checked', NULL, NULL,
                    format('"%s" could not be checked: %s', r.name,
                           coalesce(b.problem, CASE WHEN r.kind = 'unchecked' THEN r.definition ELSE 'too many rows to compare each with every other' END)),
                    'A dry run finds what violates it.')::sq2pg.note END
$$;
COMMENT ON FUNCTION sq2pg.unknown_rule_note(sq2pg.data_table, sq2pg.rule, sq2pg.broken_rule, text) IS 'the finding for a rule that could not be checked';

/*
 * All findings about one table.
 */
CREATE FUNCTION sq2pg.table_violation_notes(options jsonb, t sq2pg.data_table, required text[], rules sq2pg.rule[]) RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    load        sq2pg.load := sq2pg.comparable(t.load);
    alias       text := (SELECT quote_ident(c.relname) FROM pg_class AS c WHERE c.oid = t.relation);
    -- by these people find a row that has no rowid
    keys        text[] := CASE WHEN load.has_rowid THEN '{}' ELSE coalesce(sq2pg.key_columns(t), '{}') END;
    source_rows text;
    source_count bigint;
    misfits     jsonb;
    broken      sq2pg.broken_rule[];
    samples     text[];
    notes       sq2pg.note[];
BEGIN
    SELECT m.source_rows, m.misfits INTO source_count, misfits
      FROM sq2pg.source_misfits(options->>'source', load.source_table, coalesce(load.source_columns, '{}'), t.relation,
                                coalesce(load.target_columns, '{}'), options->>'time_zone', (options->>'empty_as_null')::boolean) AS m;
    IF source_count = 0 THEN
        RETURN '{}';
    END IF;
    notes := sq2pg.bad_value_notes(options, t, misfits) || sq2pg.required_notes(options, t, required, source_count);
    IF rules IS NULL THEN
        RETURN notes;
    END IF;
    source_rows := sq2pg.rows_call(options, load, (SELECT CASE WHEN bool_or(r.columns IS NULL) THEN NULL
                                                              ELSE keys || ARRAY(SELECT DISTINCT x FROM unnest(rules) AS y, unnest(y.columns) AS x) END
                                                     FROM unnest(rules) AS r));
    broken := sq2pg.break_rules(source_rows, alias, rules)
        || ARRAY(SELECT ROW(r.ordinality, CASE r.kind WHEN 'deferrable' THEN source_count END, NULL, NULL, NULL)::sq2pg.broken_rule
                   FROM unnest(rules) WITH ORDINALITY AS r WHERE r.kind IN ('unchecked', 'deferrable'));
    samples := sq2pg.sample_rows(source_rows, alias, keys, rules, broken);
    RETURN notes || ARRAY(
        SELECT CASE WHEN b.n IS NULL THEN sq2pg.unknown_rule_note(t, rules[b.rule], ROW(b.rule, b.n, b.numbers, b.partners, b.problem)::sq2pg.broken_rule, samples[b.ordinality])
                    ELSE sq2pg.rule_note(options, t, rules[b.rule], ROW(b.rule, b.n, b.numbers, b.partners, b.problem)::sq2pg.broken_rule, samples[b.ordinality]) END
          FROM unnest(broken) WITH ORDINALITY AS b
          -- one that cannot be computed is told once
         WHERE b.problem IS NULL OR rules[b.rule].query IS NULL
            OR NOT EXISTS (SELECT FROM unnest(broken) AS c WHERE c.problem = b.problem AND rules[c.rule].query IS NULL
                                                             AND rules[c.rule].name = rules[b.rule].name)
         ORDER BY b.ordinality);
END
$$;
COMMENT ON FUNCTION sq2pg.table_violation_notes(jsonb, sq2pg.data_table, text[], sq2pg.rule[]) IS 'what the constraints of a target would refuse';

/*
 * What the constraints of existing tables would refuse of the rows that are to
 * be loaded into them.
 */
CREATE FUNCTION sq2pg.violation_notes(options jsonb, tables sq2pg.data_table[]) RETURNS sq2pg.note[]
    LANGUAGE plpgsql SET enable_nestloop = on AS $$
DECLARE
    parts  sq2pg.target_part[] := (SELECT sq2pg.target_parts(options, tables));
    notes  sq2pg.note[] := '{}';
    one    record;
BEGIN
    FOR one IN
        WITH rules AS (
            SELECT r.table_ordinal, array_agg(ROW(r.*)::sq2pg.rule) AS rules
              FROM unnest(sq2pg.target_rules(options, tables, parts)) AS r GROUP BY r.table_ordinal
        )
        SELECT t, r.rules, q.columns
          FROM unnest(tables) AS t
          LEFT JOIN rules AS r ON r.table_ordinal = t.table_ordinal
          LEFT JOIN sq2pg.required_columns(parts) AS q ON q.table_ordinal = t.table_ordinal
         WHERE t.relation IS NOT NULL AND t.action IN ('load', 'append', 'replace')
         ORDER BY t.table_ordinal LOOP
        notes := notes || sq2pg.table_violation_notes(options, one.t, one.columns, one.rules);
    END LOOP;
    RETURN sq2pg.sort_notes(notes);
END
$$;
COMMENT ON FUNCTION sq2pg.violation_notes(jsonb, sq2pg.data_table[]) IS
    'what the constraints of existing tables would refuse, as findings';

/*
 * All violations as one error.  names are those of the source's tables, by
 * their ordinals.
 */
CREATE FUNCTION sq2pg.raise_violations(notes sq2pg.note[], schema_name name, names text[] DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    details text;
    single  text := (SELECT CASE WHEN count(DISTINCT x.code) = 1 THEN min(x.code) END FROM unnest(notes) AS x WHERE x.severity = 'error');
BEGIN
    SELECT string_agg(CASE WHEN e.n <= 20 THEN e.line
                           WHEN e.n = e.total THEN format('And %s more.', e.total - 20) END, E'\n' ORDER BY e.n)
      INTO details
      FROM (SELECT concat_ws(' ', CASE WHEN strpos(x.message, format('"%s"', names[x.table_ordinal])) = 0 THEN format('Table "%s": ', names[x.table_ordinal])
                                  ELSE '' END || x.message,
                             '(' || x.sample || ')') AS line,
                   row_number() OVER (ORDER BY x.ordinality) AS n, count(*) OVER () AS total
              FROM unnest(notes) WITH ORDINALITY AS x WHERE x.severity = 'error') AS e;
    IF details IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = CASE single WHEN 'bad_value' THEN 'invalid_text_representation' WHEN 'check_violated' THEN 'check_violation'
                                  WHEN 'duplicate_key' THEN 'unique_violation' WHEN 'key_exists' THEN 'unique_violation'
                                  WHEN 'exclusion_violated' THEN 'exclusion_violation' WHEN 'orphans' THEN 'foreign_key_violation'
                                  WHEN 'policy_violated' THEN 'insufficient_privilege'
                                  ELSE 'integrity_constraint_violation' END,
            MESSAGE = format(CASE single WHEN 'bad_value' THEN 'values of the source do not fit columns of schema "%s"'
                                         ELSE 'rows of the source violate constraints of schema "%s"' END, schema_name),
            DETAIL = details,
            HINT = 'Nothing was migrated. sq2pg_check() with the same parameters lists all of them, each with what solves it.';
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.raise_violations(sq2pg.note[], name, text[]) IS 'raises one error for all findings that are errors';
