/* translate: SQLite's DDL and expressions, read and written anew */

/*
 * The facts of a CREATE TABLE, CREATE VIRTUAL TABLE or CREATE VIEW text, as it stands in sqlite_master.
 * Not understood: {"error": message, "position": character, from 1}.  Else, with null where nothing was written:
 *
 *	name, kind: "table" | "virtual" | "view"
 *	table:
 *		without_rowid, strict: booleans
 *		columns: {NAME: {position, type, default, default_name, collation, not_null, not_null_name,
 *			not_null_conflict, generated, stored}}
 *			default and generated are SQLite's text without outer parentheses; position starts at 1
 *		primary_key: absent, or {name, column, columns, keys, conflict, autoincrement}
 *		uniques: [{name, column, columns, keys, conflict}]
 *			column: the one that the constraint was written at, null for a table constraint
 *			columns: names in order; keys: as in index_facts
 *			conflict: rollback | abort | fail | ignore | replace
 *		checks: [{name, column, expression, conflict}]
 *		foreign_keys: in the order of the text (PRAGMA foreign_key_list counts backwards)
 *			[{name, column, columns, parent, parent_columns, on_delete, on_update, match, deferrable,
 *			initially_deferred}]
 *			parent_columns: [] if the primary key is meant
 *			on_...: cascade | restrict | set null | set default | no action
 *	virtual: module, arguments: [text]
 *	view: columns: [name] ([] if none written), select: the query's text
 */
CREATE FUNCTION sq2pg.table_facts(ddl text) RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'sqm_table_facts';
COMMENT ON FUNCTION sq2pg.table_facts(text) IS
	'what SQLite''s text of a table or view says beyond its pragmas';

/*
 * The facts of a CREATE INDEX text:
 *	name, kind: "index", table, unique: boolean
 *	keys: [{column, expression, collation, desc, nulls}]
 *		column: null if the key is an expression; expression: its text without COLLATE, ASC and NULLS
 *		collation: as written here, null: the column's own; nulls: first | last
 *	where: the predicate's text
 */
CREATE FUNCTION sq2pg.index_facts(ddl text) RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'sqm_index_facts';
COMMENT ON FUNCTION sq2pg.index_facts(text) IS
	'what SQLite''s text of an index says beyond its pragmas';

/*
 * One expression of SQLite's as PostgreSQL text, without outer parentheses.
 *
 * context: check | where (a condition), default | generated (a value of wanted_type), index (a key)
 * columns: what the names in it mean, the columns of the table:
 *	[{"name": in SQLite, "target": in PostgreSQL (else as name), "type": PostgreSQL's, as format_type() writes it,
 *	"collation": SQLite's ("BINARY" | "NOCASE" | "RTRIM", else BINARY),
 *	"affinity": SQLite's ("TEXT" | "INTEGER" | "REAL" | "NUMERIC" | "BLOB"), "not_null": boolean}]
 * translated is NULL if there is no faithful equivalent, and problem says why.
 * notes: what the translation takes for granted, or does in another way; NULL if nothing
 * immutable: whether all of it is; always so in generated, index and where
 */
CREATE FUNCTION sq2pg.translate(expression text, context text, columns jsonb, wanted_type text DEFAULT NULL,
		OUT translated text, OUT problem text, OUT notes text, OUT immutable boolean)
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'sqm_translate_expression';
COMMENT ON FUNCTION sq2pg.translate(text, text, jsonb, text) IS
	'an expression of SQLite''s as PostgreSQL text, or why there is none';

/*
 * The query of a CREATE VIEW text, and the columns that it has.  To be written as
 *	CREATE VIEW name (target of each of columns) AS translated
 *
 * catalog: the tables and views that it may name
 *	[{"name": in SQLite, "schema": in PostgreSQL or absent, "target": in PostgreSQL (else as name),
 *	"columns": as in translate, "primary_key": [name] (absent for views), "rowid": the INTEGER PRIMARY KEY, or absent}]
 * columns: the view's, in the form that catalog wants, for the views that read this one
 */
CREATE FUNCTION sq2pg.translate_view(ddl text, catalog jsonb,
		OUT translated text, OUT problem text, OUT notes text, OUT columns jsonb)
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'sqm_translate_view_ddl';
COMMENT ON FUNCTION sq2pg.translate_view(text, jsonb) IS
	'a view of SQLite''s as a query for PostgreSQL, or why there is none';
