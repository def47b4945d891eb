/*
 * tools: the tables in which migration tools keep book of their own work
 *
 * In data mode they belong to the tool that made the target: they are never
 * loaded or emptied.  Only their revisions are compared.
 */

/*
 * Known tables, in lower case, with the columns that name a revision.  A name
 * that an application could have chosen, too, counts only with the columns of
 * the tool's table ("columns"); without a name so must what stands in it be
 * (sq2pg.looks_like_alembic).  With them come what replication tools and hosts keep inside a SQLite file.
 */
CREATE FUNCTION sq2pg.tool_tables() RETURNS TABLE (tool text, pattern text, revision text[], columns text[])
    LANGUAGE sql IMMUTABLE ROWS 60 AS $$
    VALUES ('Alembic', 'alembic_version', ARRAY['version_num'], NULL::text[]),
           -- the name can be configured
           ('Alembic', NULL, '{version_num}', '{version_num}'),
           ('Django', 'django_migrations', '{app,name}', NULL),
           ('Rails', 'schema_migrations', '{version}', '{version}'),
           ('Rails', 'ar_internal_metadata', NULL, NULL),
           ('golang-migrate', 'schema_migrations', '{version}', '{version,dirty}'),
           ('Ecto', 'schema_migrations', '{version}', '{version,inserted_at}'),
           ('Sequel', 'schema_migrations', '{filename}', '{filename}'),
           ('Sequel', 'schema_info', '{version}', '{version}'),
           ('Prisma', '_prisma_migrations', '{migration_name}', NULL),
           ('EF Core', '__efmigrationshistory', '{MigrationId}', NULL),
           -- in SQLite only
           ('EF Core', '__efmigrationslock', NULL, NULL),
           ('Knex', 'knex_migrations', '{name}', NULL),
           ('Knex', 'knex_migrations_lock', NULL, NULL),
           ('Flyway', 'flyway_schema_history', '{version}', NULL),
           ('Liquibase', 'databasechangelog', '{id}', NULL),
           ('Liquibase', 'databasechangeloglock', NULL, NULL),
           ('Laravel', 'migrations', '{migration}', '{id,migration,batch}'),
           ('TypeORM', 'migrations', '{name}', '{id,timestamp,name}'),
           ('TypeORM', 'typeorm_metadata', NULL, NULL),
           ('db-migrate', 'migrations', '{name}', '{id,name,run_on}'),
           ('goose', 'goose_db_version', '{version_id}', NULL),
           ('Sequelize', 'sequelizemeta', '{name}', NULL),
           ('Drizzle', '__drizzle_migrations', '{hash}', NULL),
           ('Diesel', '__diesel_schema_migrations', '{version}', NULL),
           ('sqlx', '_sqlx_migrations', '{version}', NULL),
           ('Refinery', 'refinery_schema_history', '{version}', NULL),
           ('Doctrine', 'doctrine_migration_versions', '{version}', NULL),
           ('Phinx', 'phinxlog', '{version}', NULL),
           ('MikroORM', 'mikro_orm_migrations', '{name}', NULL),
           ('Aerich', 'aerich', '{version}', '{id,version,app,content}'),
           ('yoyo', '_yoyo_migration', '{migration_id}', NULL),
           ('Atlas', 'atlas_schema_revisions', '{version}', NULL),
           ('SeaORM', 'seaql_migrations', '{version}', NULL),
           ('Kysely', 'kysely_migration', '{name}', NULL),
           ('Kysely', 'kysely_migration_lock', NULL, NULL),
           ('node-pg-migrate', 'pgmigrations', '{name}', NULL),
           ('sql-migrate', 'gorp_migrations', '{id}', NULL),
           ('Bun', 'bun_migrations', '{name}', NULL),
           ('Bun', 'bun_migration_locks', NULL, NULL),
           ('peewee_migrate', 'migratehistory', '{name}', '{id,name,migrated_at}'),
           ('Yii', 'migration', '{version}', '{version,apply_time}'),
           ('FluentMigrator', 'versioninfo', '{Version}', '{version,appliedon,description}'),
           ('DbUp', 'schemaversions', '{ScriptName}', '{schemaversionid,scriptname,applied}'),
           ('Directus', 'directus_migrations', '{version}', NULL),
           ('Payload', 'payload_migrations', '{name}', NULL),
           ('Wrangler', 'd1_migrations', '{name}', NULL),
           ('Cloudflare', '_cf_kv', NULL, NULL),
           ('Cloudflare', '_cf_metadata', NULL, NULL),
           ('Litestream', '_litestream_seq', NULL, NULL),
           ('Litestream', '_litestream_lock', NULL, NULL)
$$;
COMMENT ON FUNCTION sq2pg.tool_tables() IS 'tables in which migration tools keep their own history';

CREATE TYPE sq2pg.tool_table AS (
    tool          text,
    table_ordinal int,
    table_name    text,
    revision      text[],
    is_wanted     boolean);     -- could be an application's, and include names it: migrated as any other table

/*
 * Alembic lets its table have another name.  One that could be an
 * application's is Alembic's only if its name speaks of versions and it holds
 * nothing but a few revisions.
 */
CREATE FUNCTION sq2pg.looks_like_alembic(source text, table_name text) RETURNS boolean
    LANGUAGE sql AS $$
    SELECT CASE WHEN table_name ~* '(version|revision|alembic|migration)'
                THEN sq2pg.source_count(source, table_name) <= 5
                     AND sq2pg.source_violations(source, table_name, 'typeof(version_num) = ''text'' AND length(version_num) BETWEEN 4 AND 32'
                                                 || ' AND version_num NOT GLOB ''*[^0-9A-Za-z_]*''') = 0
                ELSE false END
$$;
COMMENT ON FUNCTION sq2pg.looks_like_alembic(text, text) IS 'does a table of column version_num hold revisions of Alembic?';

/*
 * Is a table asked for by its name, not by a pattern?
 */
CREATE FUNCTION sq2pg.is_named(table_name text, options jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT EXISTS (SELECT FROM jsonb_array_elements_text(CASE WHEN options->'include' <> 'null' THEN options->'include' ELSE '[]' END) AS i
                    WHERE i !~ '[*?]' AND (sq2pg.matches(table_name, i) OR sq2pg.matches(table_name, split_part(i, '.', 1))))
$$;
COMMENT ON FUNCTION sq2pg.is_named(text, jsonb) IS 'does include name a table literally?';

/*
 * Those of them that the source has.
 */
CREATE FUNCTION sq2pg.source_tool_tables(options jsonb, model sq2pg.model) RETURNS sq2pg.tool_table[]
    LANGUAGE sql SET enable_nestloop = off AS $$
    SELECT coalesce(array_agg(ROW(k.tool, t.ordinal, t.source_name, k.revision,
                                  k.columns IS NOT NULL AND sq2pg.is_named(t.source_name, options))::sq2pg.tool_table ORDER BY t.ordinal), '{}')
      FROM unnest(model.tables) AS t
      JOIN (SELECT c.table_ordinal, array_agg(lower(c.source_name)) AS names
              FROM unnest(model.columns) AS c GROUP BY c.table_ordinal) AS n ON n.table_ordinal = t.ordinal
     CROSS JOIN LATERAL (SELECT x.tool, x.revision, x.pattern, x.columns
                           FROM sq2pg.tool_tables() AS x
                          WHERE (x.pattern IS NULL OR x.pattern = lower(t.source_name))
                            AND (x.columns IS NULL OR x.columns @> n.names AND x.columns <@ n.names)
                          ORDER BY x.pattern LIMIT 1) AS k
     WHERE CASE WHEN k.pattern IS NULL THEN sq2pg.looks_like_alembic(options->>'source', t.source_name) ELSE true END
$$;
COMMENT ON FUNCTION sq2pg.source_tool_tables(jsonb, sq2pg.model) IS 'tables of migration tools in a source';

/*
 * The revisions on both sides, where they differ.
 */
CREATE FUNCTION sq2pg.compare_revisions(options jsonb, tool sq2pg.tool_table, target sq2pg.data_table) RETURNS sq2pg.note
    LANGUAGE plpgsql AS $$
DECLARE
    -- the names in the target, in the order of the revision's columns
    names   text[] := (SELECT array_agg(x.target ORDER BY array_position(tool.revision, r.name))
                         FROM unnest((target.load).source_columns, (target.load).target_columns) AS x(source, target)
                         JOIN unnest(tool.revision) AS r(name) ON lower(r.name) = lower(x.source));
    here    text[];
    there   text[];
    items   text;
BEGIN
    IF tool.revision IS NULL OR names IS NULL THEN
        RETURN NULL;
    END IF;
    items := (SELECT string_agg(format('r.%I::text', n), ' || ''.'' || ' ORDER BY o) FROM unnest(names) WITH ORDINALITY AS x(n, o));
    EXECUTE format('SELECT array_agg(DISTINCT %s) FROM %s AS r', items, (target.load).relation) INTO there;
    EXECUTE format('SELECT array_agg(DISTINCT %s)
                      FROM sq2pg.source_rows($1, $2, $3, $4, $5, $6, ''null'', NULL::%s) AS s,
                           LATERAL (SELECT (s.target_row).*) AS r', items, (target.load).relation)
       INTO here
      USING options->>'source', (target.load).source_table, (target.load).source_columns, (target.load).target_columns,
            options->>'time_zone', (options->>'empty_as_null')::boolean;
    IF here @> there AND here <@ there OR here IS NULL AND there IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN ROW(tool.table_ordinal, NULL, 'warning', 'revision_differs', NULL,
               format('SQLite: %s; PostgreSQL: %s', sq2pg.some_of(here, there), sq2pg.some_of(there, here)),
               format('%s''s revisions differ in "%s": %s in SQLite, %s in PostgreSQL', tool.tool, tool.table_name,
                      sq2pg.some_of(here, there), sq2pg.some_of(there, here)),
               'Bring both databases to the same revision before the cutover.')::sq2pg.note;
END
$$;
COMMENT ON FUNCTION sq2pg.compare_revisions(jsonb, sq2pg.tool_table, sq2pg.data_table) IS 'a warning if a migration tool''s revisions differ';

/*
 * What is in a list and not in another, for people.
 */
CREATE FUNCTION sq2pg.some_of(list text[], other text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN count(*) = 0 THEN 'nothing else'
                ELSE string_agg(x.item, ', ' ORDER BY x.item COLLATE "C" DESC) FILTER (WHERE x.place <= 3)
                     || CASE WHEN count(*) > 3 THEN format(' and %s more', count(*) - 3) ELSE '' END END
      FROM (SELECT i AS item, row_number() OVER (ORDER BY i COLLATE "C" DESC) AS place
              FROM (SELECT unnest(list) EXCEPT SELECT unnest(other)) AS d(i)) AS x
$$;
COMMENT ON FUNCTION sq2pg.some_of(text[], text[]) IS 'the last three items that only the first list has';

/*
 * What the report says about the tables of migration tools.
 */
CREATE FUNCTION sq2pg.tool_notes(options jsonb, model sq2pg.model, tools sq2pg.tool_table[]) RETURNS sq2pg.note[]
    LANGUAGE plpgsql AS $$
DECLARE
    targets sq2pg.data_table[];
    tool    sq2pg.tool_table;
    notes   sq2pg.note[] := '{}';
    differs sq2pg.note;
BEGIN
    IF cardinality(tools) = 0 THEN
        RETURN notes;
    END IF;
    targets := ARRAY(SELECT t FROM sq2pg.match_tables(model, false) AS t ORDER BY t.table_ordinal);
    FOREACH tool IN ARRAY tools LOOP
        IF tool.is_wanted THEN
            notes := notes || ROW(NULL, NULL, 'note', 'tool_table', NULL, NULL,
                                  format('table "%s" belongs to %s: it is migrated because include names it', tool.table_name, tool.tool),
                                  NULL)::sq2pg.note;
            CONTINUE;
        END IF;
        notes := notes
            || ROW(NULL, NULL, 'note', 'tool_table', NULL, NULL,
                   format('table "%s" belongs to %s: it is left as it is', tool.table_name, tool.tool), NULL)::sq2pg.note;
        -- whoever may not read it can migrate the rest all the same
        IF targets[tool.table_ordinal].relation IS NOT NULL AND (targets[tool.table_ordinal].load).target_columns IS NOT NULL
           AND has_table_privilege(targets[tool.table_ordinal].relation, 'SELECT') THEN
            differs := sq2pg.compare_revisions(options, tool, targets[tool.table_ordinal]);
            IF differs.code IS NOT NULL THEN
                differs.table_ordinal := NULL;  -- it is not in the model of the run
                notes := notes || differs;
            END IF;
        END IF;
    END LOOP;
    RETURN notes;
END
$$;
COMMENT ON FUNCTION sq2pg.tool_notes(jsonb, sq2pg.model, sq2pg.tool_table[]) IS 'what becomes of the tables of migration tools';
