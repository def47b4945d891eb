/* export_view: views, as far as their query says the same in SQLite */

CREATE FUNCTION sq2pg.export_views(source_schema name, tables sq2pg.export_table[], columns sq2pg.export_column[], options jsonb,
                                   forms sq2pg.export_forms) RETURNS SETOF sq2pg.export_part
    LANGUAGE sql STABLE AS $$
    SELECT ROW(NULL, 'view', c.relname, NULL, 'views are not translated', NULL)::sq2pg.export_part
      FROM pg_class AS c
     WHERE c.relnamespace = to_regnamespace(quote_ident(source_schema)) AND c.relkind = 'v'
       AND sq2pg.table_is_chosen(c.relname::text, options)
     ORDER BY c.relname COLLATE "C"
$$;
COMMENT ON FUNCTION sq2pg.export_views(name, sq2pg.export_table[], sq2pg.export_column[], jsonb, sq2pg.export_forms) IS
    'views for SQLite';
