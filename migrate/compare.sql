-- Comparing: does a stored value stand for the SQLite value it came from?

CREATE FUNCTION sq2pg.canonical_source(
	storage_class text,
	payload bytea,
	target text,
	time_zone text DEFAULT 'UTC',
	empty_as_null boolean DEFAULT false)
RETURNS bytea
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sqm_canonical_source';

COMMENT ON FUNCTION sq2pg.canonical_source(text, bytea, text, text, boolean) IS
'canonical bytes of a SQLite value (null, integer, real, text, blob and its bytes or its decimal text) for a target type';

CREATE FUNCTION sq2pg.canonical_target(
	value anyelement,
	type_modifier integer DEFAULT -1)
RETURNS bytea
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sqm_canonical_target';

COMMENT ON FUNCTION sq2pg.canonical_target(anyelement, integer) IS
'canonical bytes of a stored value; equal to those of every SQLite value that it stands for';

CREATE FUNCTION sq2pg.digest_relation(
	relation regclass,
	columns name[],
	time_zone text DEFAULT 'UTC',
	OUT rows bigint,
	OUT digest text)
RETURNS record
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sqm_digest_relation';

COMMENT ON FUNCTION sq2pg.digest_relation(regclass, name[], text) IS
'number of rows and order-independent 128-bit digest of the named columns of a relation';
