/*
 * target: existing tables, what they need before and after rows are put into
 * them, as statements
 *
 * Every statement that changes the target's catalog has a twin that undoes it;
 * sq2pg.catalog_state() proves that it did.
 */

/*
 * What must be as before after a run, as one text: everything that the
 * catalogs say of some relations, their partitions and the sequences of these,
 * but for statistics, the place of their storage and where sequences stand.
 */
CREATE FUNCTION sq2pg.catalog_state(relations oid[]) RETURNS text
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH family AS MATERIALIZED (
        SELECT DISTINCT coalesce(p.relid::oid, r.oid) AS oid
          FROM unnest(relations) AS r(oid) LEFT JOIN LATERAL pg_partition_tree(r.oid::regclass) AS p ON true
    )
    SELECT md5(string_agg(f.fact, E'\n' ORDER BY f.fact COLLATE "C"))
      FROM (SELECT concat_ws(' ', 'r', c.oid, c.relname, c.relnamespace, c.relowner, c.relacl, c.relkind, c.relpersistence,
                             c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relreplident, c.relhastriggers,
                             c.relhasrules, c.relpartbound)
              FROM pg_class AS c JOIN family AS m ON m.oid = c.oid
            UNION ALL
            SELECT 'a ' || a::text FROM pg_attribute AS a JOIN family AS m ON m.oid = a.attrelid
            UNION ALL
            SELECT 'd ' || d::text FROM pg_attrdef AS d JOIN family AS m ON m.oid = d.adrelid
            UNION ALL
            SELECT 'k ' || k::text FROM pg_constraint AS k JOIN family AS m ON m.oid IN (k.conrelid, k.confrelid)
            UNION ALL
            SELECT 't ' || t::text FROM pg_trigger AS t JOIN family AS m ON m.oid = t.tgrelid
            UNION ALL
            SELECT 'i ' || i::text FROM pg_index AS i JOIN family AS m ON m.oid = i.indrelid
            UNION ALL
            SELECT 'w ' || w::text FROM pg_rewrite AS w JOIN family AS m ON m.oid = w.ev_class
            UNION ALL
            SELECT 'p ' || p::text FROM pg_policy AS p JOIN family AS m ON m.oid = p.polrelid
            UNION ALL
            SELECT 'c ' || d::text FROM pg_description AS d JOIN family AS m ON m.oid = d.objoid AND d.classoid = 'pg_class'::regclass
            UNION ALL
            SELECT concat_ws(' ', 's', s.owned, q, c.relname, c.relnamespace, c.relowner, c.relacl, c.relpersistence)
              FROM (SELECT d.objid, concat_ws(' ', d.refobjid, d.refobjsubid, d.deptype)
                      FROM pg_depend AS d JOIN family AS m ON m.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
                     WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                    UNION
                    SELECT d.refobjid, NULL
                      FROM pg_attrdef AS e
                      JOIN family AS m ON m.oid = e.adrelid
                      JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid AND d.refclassid = 'pg_class'::regclass) AS s(oid, owned)
              JOIN pg_sequence AS q ON q.seqrelid = s.oid
              JOIN pg_class AS c ON c.oid = s.oid) AS f(fact)
$$;
COMMENT ON FUNCTION sq2pg.catalog_state(oid[]) IS 'fingerprint of all that a run must leave as it was';

/*
 * Foreign keys whose parents come later in the load order: those that close a
 * cycle.
 */
CREATE FUNCTION sq2pg.cycle_keys(tables sq2pg.data_table[])
    RETURNS TABLE (table_ordinal int, name text, qualified_name text, relation text, is_deferrable boolean,
                   is_owner boolean, columns text[], nullable boolean)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT c.table_ordinal, k.conname::text, format('%I.%I', n.nspname, k.conname), (c.load).relation, k.condeferrable,
           pg_has_role(r.relowner, 'USAGE'), a.names, a.nullable
      FROM pg_constraint AS k
      JOIN pg_namespace AS n ON n.oid = k.connamespace
      JOIN pg_class AS r ON r.oid = k.conrelid
      JOIN unnest(tables) AS c ON c.relation = k.conrelid
      JOIN unnest(tables) AS p ON p.relation = k.confrelid
     CROSS JOIN LATERAL (SELECT array_agg(x.attname::text ORDER BY x.attnum) AS names, bool_and(NOT x.attnotnull) AS nullable
                           FROM pg_attribute AS x WHERE x.attrelid = k.conrelid AND x.attnum = ANY (k.conkey)) AS a
     WHERE k.contype = 'f' AND k.conparentid = 0 AND p.rank > c.rank
       -- those that are told not to be looked at (since 18) stop nobody
       AND coalesce((to_jsonb(k)->>'conenforced')::boolean, true)
     ORDER BY c.rank, k.conname
$$;
COMMENT ON FUNCTION sq2pg.cycle_keys(sq2pg.data_table[]) IS 'foreign keys that close a cycle of target tables';

/*
 * LOCK TABLE for all targets, in the order of their OIDs, whatever the order
 * of loading: two runs wait for each other instead of colliding.
 */
CREATE FUNCTION sq2pg.lock_steps(tables sq2pg.data_table[], existing text) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW('lock', t.table_ordinal, c.relname,
                                  format('LOCK TABLE %s IN %s MODE', (t.load).relation,
                                              -- the lock that keeps others from writing needs more than INSERT
                                         CASE WHEN NOT has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') THEN 'ROW EXCLUSIVE'
                                              WHEN existing = 'truncate' OR k.table_ordinal IS NOT NULL THEN 'ACCESS EXCLUSIVE'
                                              ELSE 'SHARE ROW EXCLUSIVE' END), NULL)::sq2pg.step ORDER BY c.oid), '{}')
      FROM unnest(tables) AS t
      JOIN pg_class AS c ON c.oid = t.relation
      -- what is needed later is taken now: a stronger lock on top of another one is how deadlocks are made
      LEFT JOIN (SELECT DISTINCT x.table_ordinal FROM sq2pg.cycle_keys(tables) AS x
                  WHERE x.is_owner AND NOT x.is_deferrable) AS k ON k.table_ordinal = t.table_ordinal
     WHERE c.relkind IN ('r', 'p', 'v')
       -- rights on single columns are enough for an INSERT, which takes its own lock, but not for LOCK
       AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
$$;
COMMENT ON FUNCTION sq2pg.lock_steps(sq2pg.data_table[], text) IS 'LOCK TABLE for all targets';

/*
 * Who keeps us waiting.
 */
CREATE FUNCTION sq2pg.lock_holders(relations oid[], is_exclusive boolean) RETURNS text
    LANGUAGE sql VOLATILE AS $$
    WITH RECURSIVE family(oid) AS (
        SELECT r.oid FROM unnest(relations) AS r(oid)
        UNION
        -- partitions and children are locked with their parents
        SELECT i.inhrelid FROM pg_inherits AS i JOIN family AS f ON f.oid = i.inhparent
    )
    SELECT string_agg(DISTINCT format('process %s (%s, %s)', l.pid, coalesce(a.usename, 'another role'), coalesce(a.state, 'busy')),
                      ', ')
      FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
     WHERE l.locktype = 'relation' AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
       AND l.relation IN (SELECT f.oid FROM family AS f) AND l.granted AND l.pid <> pg_backend_pid()
       AND (is_exclusive OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
$$;
COMMENT ON FUNCTION sq2pg.lock_holders(oid[], boolean) IS 'sessions that hold locks on some relations';

/*
 * Takes the locks.  After a second of waiting the user learns for whom.
 */
CREATE FUNCTION sq2pg.lock_targets(tables sq2pg.data_table[], existing text) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    steps   sq2pg.step[] := (SELECT sq2pg.lock_steps(tables, existing));
    patience text := current_setting('lock_timeout');
BEGIN
    PERFORM sq2pg.announce('wait for locks', NULL);
    BEGIN
        PERFORM set_config('lock_timeout', '1s', true);
        PERFORM sq2pg.execute_steps(steps);
        PERFORM set_config('lock_timeout', patience, true);
        RETURN;
    EXCEPTION WHEN lock_not_available THEN
        NULL;                   -- told below, and waited for
    END;
    RAISE NOTICE 'waiting for locks on the target tables'
        USING DETAIL = format('They are held by %s.',
                              coalesce(sq2pg.lock_holders(ARRAY(SELECT t.relation FROM unnest(tables) AS t),
                                                          EXISTS (SELECT FROM unnest(steps) AS s WHERE s.statement LIKE '% ACCESS EXCLUSIVE MODE')),
                                       'a session that has just ended'));
    PERFORM sq2pg.execute_steps(steps);
END
$$;
COMMENT ON FUNCTION sq2pg.lock_targets(sq2pg.data_table[], text) IS 'locks all targets against writers';

/*
 * For the time of the load the foreign keys of a cycle wait until its end.
 * INITIALLY DEFERRED alone is not enough: SET CONSTRAINTS ALL IMMEDIATE, in
 * this transaction and be it by another run, would overrule it.
 */
CREATE FUNCTION sq2pg.defer_steps(tables sq2pg.data_table[]) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW('defer', k.table_ordinal, k.name, x.statement, NULL)::sq2pg.step ORDER BY k.place, x.place), '{}')
      FROM sq2pg.cycle_keys(tables) WITH ORDINALITY
               AS k(table_ordinal, name, qualified_name, relation, is_deferrable, is_owner, columns, nullable, place)
     CROSS JOIN LATERAL (VALUES
           (1, CASE WHEN NOT k.is_deferrable
                    THEN format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE', k.relation, k.name) END),
           -- also against a SET CONSTRAINTS ALL IMMEDIATE that came before in this transaction
           (2, format('SET CONSTRAINTS %s DEFERRED', k.qualified_name))) AS x(place, statement)
     WHERE (k.is_deferrable OR k.is_owner) AND x.statement IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.defer_steps(sq2pg.data_table[]) IS 'lets foreign keys of a cycle wait until all rows are there';

CREATE FUNCTION sq2pg.undefer_steps(tables sq2pg.data_table[]) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW('defer', k.table_ordinal, k.name,
                                  format('ALTER TABLE %s ALTER CONSTRAINT %I NOT DEFERRABLE', k.relation, k.name),
                                  NULL)::sq2pg.step), '{}')
      FROM sq2pg.cycle_keys(tables) AS k WHERE NOT k.is_deferrable AND k.is_owner
$$;
COMMENT ON FUNCTION sq2pg.undefer_steps(sq2pg.data_table[]) IS 'undoes sq2pg.defer_steps; to be asked for before these are executed';

/*
 * User triggers, those of partitions, too, one by one: each goes back to the
 * state that it had.
 */
CREATE FUNCTION sq2pg.trigger_steps(tables sq2pg.data_table[], is_back boolean) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW('triggers', t.table_ordinal, g.tgname,
                                  format('ALTER TABLE ONLY %I.%I %s TRIGGER %I', n.nspname, c.relname,
                                         CASE WHEN NOT is_back THEN 'DISABLE' WHEN g.tgenabled = 'A' THEN 'ENABLE ALWAYS'
                                              ELSE 'ENABLE' END, g.tgname),
                                  NULL)::sq2pg.step ORDER BY t.table_ordinal, c.oid, g.tgname), '{}')
      FROM unnest(tables) AS t
      LEFT JOIN LATERAL pg_partition_tree(t.relation::regclass) AS p ON true
      JOIN pg_class AS c ON c.oid = coalesce(p.relid::oid, t.relation)
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_trigger AS g ON g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
     -- the triggers of a view are what stores its rows
     WHERE t.action IN ('load', 'append', 'replace') AND c.relkind <> 'v'
$$;
COMMENT ON FUNCTION sq2pg.trigger_steps(sq2pg.data_table[], boolean) IS 'switches user triggers off, or back to what they were';

CREATE FUNCTION sq2pg.truncate_steps(tables sq2pg.data_table[]) RETURNS sq2pg.step[]
    LANGUAGE sql IMMUTABLE AS $$
    -- one statement: tables that refer to each other can only be emptied together
    SELECT CASE WHEN count(*) > 0 THEN
               ARRAY[ROW('truncate', NULL, NULL, 'TRUNCATE ' || string_agg((t.load).relation, ', ' ORDER BY t.rank),
                         NULL)::sq2pg.step] ELSE '{}' END
      FROM unnest(tables) AS t WHERE t.action = 'replace'
$$;
COMMENT ON FUNCTION sq2pg.truncate_steps(sq2pg.data_table[]) IS 'TRUNCATE of tables that are to be replaced';

/*
 * Sequences that defaults of columns without a source will draw from.  What
 * nextval() takes is not given back by a rollback; after an ALTER SEQUENCE
 * ... RESTART in the same transaction it is.
 */
CREATE FUNCTION sq2pg.drawn_sequences(tables sq2pg.data_table[]) RETURNS TABLE (table_ordinal int, sequence_oid oid)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    SELECT DISTINCT t.table_ordinal, s.sequence_oid
      FROM unnest(tables) AS t
      JOIN pg_attribute AS a ON a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped
      JOIN LATERAL (SELECT d.objid FROM pg_depend AS d
                     WHERE a.attidentity <> '' AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
                       AND d.refobjsubid = a.attnum AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
                    UNION
                    SELECT d.refobjid FROM pg_attrdef AS f
                      JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                                         AND d.refclassid = 'pg_class'::regclass
                     WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum) AS s(sequence_oid) ON true
      JOIN pg_sequence AS q ON q.seqrelid = s.sequence_oid
     WHERE t.action IN ('load', 'append', 'replace') AND a.attname <> ALL ((t.load).target_columns)
$$;
COMMENT ON FUNCTION sq2pg.drawn_sequences(sq2pg.data_table[]) IS 'sequences that a load will draw from';

/*
 * The schemas that a search_path names.
 */
CREATE FUNCTION sq2pg.path_schemas(path text) RETURNS oid[]
    LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT n.oid
                   FROM (SELECT CASE WHEN m[1] IS NULL THEN lower(m[2]) WHEN m[1] = '$user' THEN current_user ELSE replace(m[1], '""', '"') END
                           FROM regexp_matches(path, '"((?:[^"]|"")*)"|([^,"[:space:]]+)', 'g') AS x(m)) AS p(name)
                   JOIN pg_namespace AS n ON n.nspname = p.name
                  WHERE n.nspname <> 'pg_catalog' ORDER BY n.oid)
$$;
COMMENT ON FUNCTION sq2pg.path_schemas(text) IS 'schemas that a search_path names';

CREATE TYPE sq2pg.word AS (schema_name text, name text);

/*
 * What in the text of a function could be a name, in lower case; comments are
 * left out, what stands in strings is not: it may be executed.  schema_name is
 * there where one is written before a name; of "a.b" it could be that a is the
 * name, and of the format "%I.b" it must be b.
 */
CREATE FUNCTION sq2pg.words_of(code text) RETURNS SETOF sq2pg.word
    LANGUAGE sql IMMUTABLE AS $$
    WITH words AS MATERIALIZED (
        SELECT m[1] IS NOT NULL AS is_format, lower(replace(btrim(m[2], '"'), '""', '"')) AS first, lower(replace(btrim(m[3], '"'), '""', '"')) AS second
          FROM (VALUES ('(?:"(?:[^"]|"")+"|[^][:space:]!-/:-@[\\^`{-~][^][:space:]!-#%-/:-@[\\^`{-~]*)')) AS i(name)
         CROSS JOIN LATERAL regexp_matches(regexp_replace(code, '(''(?:[^'']|'''')*''|"(?:[^"]|"")*")|--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+(/)', '\1\2', 'g'),
                                           format('(%%(?:\d+\$)?)?(%1$s)(?:\.(%1$s))?(?:\.%1$s)*', i.name), 'g') AS x(m)
    )
    SELECT NULL, w.first FROM words AS w
    UNION
    SELECT w.first, w.second FROM words AS w WHERE w.second IS NOT NULL
    UNION
    SELECT NULL, w.second FROM words AS w WHERE w.is_format AND w.second IS NOT NULL
$$;
COMMENT ON FUNCTION sq2pg.words_of(text) IS 'what in the text of a function could be a name';

/*
 * Sequences from which triggers of the targets may draw.  What a trigger does
 * stands in no catalog: looked at are the words of its function, the functions
 * and tables that these name, and the triggers of those in turn.  A name
 * without schema is looked for in that of the trigger's table ("home"), in
 * that of the function, and in the search_path: sequences that are found are
 * kept from others while the run lasts, so these must not be those of strangers.
 */
CREATE FUNCTION sq2pg.trigger_sequences(tables sq2pg.data_table[]) RETURNS TABLE (sequence_oid oid)
    LANGUAGE sql STABLE SET enable_nestloop = off SET enable_mergejoin = off AS $$
    WITH RECURSIVE named AS MATERIALIZED (
        SELECT c.oid, lower(c.relname) AS name, c.relnamespace AS schema_oid, false AS is_function
          FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sq2pg') AND n.nspname !~ '^pg_t'
        UNION ALL
        SELECT p.oid, lower(p.proname), p.pronamespace, true
          FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'sq2pg')
    ), schemas AS MATERIALIZED (
        SELECT n.oid, lower(n.nspname) AS name FROM pg_namespace AS n
    ), reached(oid, is_function, home, path) AS (
        SELECT t.relation, false, 0::oid, (SELECT sq2pg.path_schemas(sq2pg.caller_search_path()))
          FROM unnest(tables) AS t
         WHERE t.action IN ('load', 'append', 'replace')
        UNION
        SELECT x.oid, x.is_function, x.home, x.path
          FROM reached AS r
         CROSS JOIN LATERAL (
               SELECT g.tgfoid, true, c.relnamespace, r.path
                 FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = r.oid
                WHERE NOT r.is_function AND g.tgrelid = r.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
               UNION ALL
               SELECT i.inhrelid, false, 0::oid, r.path FROM pg_inherits AS i WHERE NOT r.is_function AND i.inhparent = r.oid
               UNION ALL
               SELECT n.oid, n.is_function, CASE WHEN n.is_function THEN r.home ELSE 0::oid END, f.path
                 FROM (SELECT ARRAY(SELECT sq2pg.words_of(p.prosrc)) AS words, p.pronamespace,
                              coalesce((SELECT sq2pg.path_schemas(substr(c, 13)) FROM unnest(p.proconfig) AS c WHERE c LIKE 'search_path=%'), r.path) AS path
                         FROM pg_proc AS p WHERE r.is_function AND p.oid = r.oid OFFSET 0) AS f
                CROSS JOIN LATERAL (
                      SELECT s.oid, w.name FROM unnest(f.words) AS w JOIN schemas AS s ON s.name = w.schema_name
                      UNION
                      SELECT h.oid, w.name FROM unnest(f.words) AS w, unnest(f.path || f.pronamespace || r.home) AS h(oid)
                       WHERE w.schema_name IS NULL) AS w(schema_oid, name)
                 JOIN named AS n ON n.name = w.name AND n.schema_oid = w.schema_oid
               ) AS x(oid, is_function, home, path)
    )
    SELECT r.oid FROM reached AS r JOIN pg_sequence AS q ON q.seqrelid = r.oid WHERE NOT r.is_function
    UNION
    SELECT d.objid
      FROM reached AS r
      JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.refobjsubid > 0
                         AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      JOIN pg_sequence AS q ON q.seqrelid = d.objid
     WHERE NOT r.is_function
    UNION
    SELECT d.refobjid
      FROM reached AS r
      JOIN pg_attrdef AS f ON f.adrelid = r.oid
      JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
      JOIN pg_sequence AS q ON q.seqrelid = d.refobjid
     WHERE NOT r.is_function
$$;
COMMENT ON FUNCTION sq2pg.trigger_sequences(sq2pg.data_table[]) IS 'sequences from which triggers of a load may draw';

/*
 * All sequences that a load draws from, but for those of the columns that it
 * fills; with the triggers of the targets if these fire.
 */
CREATE FUNCTION sq2pg.all_drawn_sequences(tables sq2pg.data_table[], triggers_fire boolean) RETURNS TABLE (table_ordinal int, sequence_oid oid)
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT d.table_ordinal, d.sequence_oid FROM sq2pg.drawn_sequences(tables) AS d;
    -- most databases have none
    IF triggers_fire AND EXISTS (SELECT FROM unnest(tables) AS t
                                  CROSS JOIN LATERAL (SELECT t.relation UNION ALL SELECT p.relid FROM pg_partition_tree(t.relation::regclass) AS p) AS r(oid)
                                   JOIN pg_trigger AS g ON g.tgrelid = r.oid
                                  WHERE NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')) THEN
        RETURN QUERY SELECT NULL::int, s.sequence_oid FROM sq2pg.trigger_sequences(tables) AS s;
    END IF;
END
$$;
COMMENT ON FUNCTION sq2pg.all_drawn_sequences(sq2pg.data_table[], boolean) IS 'sequences that a load and its triggers will draw from';

/*
 * To say again by how much a sequence counts changes nothing, but gives it a
 * storage of this transaction's own and keeps others from drawing meanwhile.
 */
CREATE FUNCTION sq2pg.shield_steps(tables sq2pg.data_table[], triggers_fire boolean) RETURNS sq2pg.step[]
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(ROW('sequence', NULL, c.relname, format('ALTER SEQUENCE %I.%I INCREMENT BY %s', n.nspname, c.relname,
                                                                      q.seqincrement), NULL)::sq2pg.step ORDER BY c.oid), '{}')
      FROM (SELECT DISTINCT d.sequence_oid FROM sq2pg.all_drawn_sequences(tables, triggers_fire) AS d) AS x
      JOIN pg_sequence AS q ON q.seqrelid = x.sequence_oid
      JOIN pg_class AS c ON c.oid = q.seqrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE pg_has_role(c.relowner, 'USAGE')
$$;
COMMENT ON FUNCTION sq2pg.shield_steps(sq2pg.data_table[], boolean) IS 'makes a rollback give back what a load will draw from sequences';

/*
 * Rights that the load needs and the role does not have, as the statements
 * that give them.
 */
CREATE FUNCTION sq2pg.missing_rights(options jsonb, tables sq2pg.data_table[])
    RETURNS TABLE (table_ordinal int, relation text, privilege text)
    LANGUAGE sql STABLE AS $$
    SELECT t.table_ordinal, (t.load).relation, r.privilege
      FROM unnest(tables) AS t
     CROSS JOIN LATERAL (VALUES
           ('SELECT', has_table_privilege(t.relation, 'SELECT')
                      OR NOT EXISTS (SELECT FROM unnest((t.load).target_columns) AS c
                                      WHERE NOT has_column_privilege(t.relation, c, 'SELECT'))),
           ('INSERT', has_table_privilege(t.relation, 'INSERT')
                      OR NOT EXISTS (SELECT FROM unnest((t.load).target_columns) AS c
                                      WHERE NOT has_column_privilege(t.relation, c, 'INSERT'))),
           ('UPDATE', options->>'on_conflict' <> 'update' OR has_table_privilege(t.relation, 'UPDATE')),
           -- before it is known which tables will be emptied it could be any
           ('TRUNCATE', options->>'existing' <> 'truncate' OR coalesce(t.action, 'replace') <> 'replace'
                        OR has_table_privilege(t.relation, 'TRUNCATE'))) AS r(privilege, is_there)
     WHERE t.relation IS NOT NULL AND t.action IS DISTINCT FROM 'skip' AND NOT r.is_there
    UNION ALL
    SELECT min(t.table_ordinal), format('SCHEMA %I', n.nspname), 'USAGE'
      FROM unnest(tables) AS t
      JOIN pg_class AS c ON c.oid = t.relation
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE NOT has_schema_privilege(n.oid, 'USAGE')
     GROUP BY n.nspname
    UNION ALL
    -- whoever does not own a sequence reads where it stands, draws from it, or sets it
    SELECT min(t.table_ordinal), format('SEQUENCE %I.%I', n.nspname, c.relname), r.privilege
      FROM sq2pg.column_sequences((options->>'target_schema')::name) AS u
      JOIN unnest(tables) AS t ON t.relation = u.table_oid
      JOIN pg_attribute AS a ON a.attrelid = u.table_oid AND a.attnum = u.column_number
      JOIN pg_class AS c ON c.oid = u.sequence_oid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (VALUES
           ('SELECT', true, has_sequence_privilege(u.sequence_oid, 'SELECT')),
           -- an identity needs no right
           ('USAGE', false, has_sequence_privilege(u.sequence_oid, 'USAGE, UPDATE') OR a.attidentity <> ''
                            OR NOT coalesce(t.action IN ('load', 'append', 'replace'), true)),
           ('UPDATE', true, has_sequence_privilege(u.sequence_oid, 'UPDATE')
                            OR NOT coalesce(t.action IN ('load', 'append', 'replace'), true))) AS r(privilege, is_loaded, is_there)
     WHERE NOT pg_has_role(c.relowner, 'USAGE') AND r.is_loaded = (a.attname = ANY ((t.load).target_columns)) AND NOT r.is_there
     GROUP BY n.nspname, c.relname, r.privilege
$$;
COMMENT ON FUNCTION sq2pg.missing_rights(jsonb, sq2pg.data_table[]) IS 'privileges on target tables that the role lacks';
