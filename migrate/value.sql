/* ---- value: one SQLite value in a PostgreSQL type ---- */

-- Types without a converter of our own are tried in a subtransaction, which no
-- parallel query allows: hence unsafe.
CREATE FUNCTION sq2pg.try_convert(
	storage_class text,
	payload bytea,
	target text,
	time_zone text DEFAULT 'UTC',
	empty_as_null boolean DEFAULT false)
RETURNS TABLE (verdict text, value text, sqlstate text, message text)
AS 'MODULE_PATHNAME', 'sqm_try_convert'
LANGUAGE C STABLE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION sq2pg.try_convert(text, bytea, text, text, boolean) IS
'what one SQLite value would become in a PostgreSQL type';
