/* match: which table of the target belongs to which of the source */

CREATE TYPE sq2pg.data_table AS (
    table_ordinal int,
    relation      oid,
    load          sq2pg.load,
    unmatched     text[],
    extra         text[],
    rank          int,
    in_cycle      boolean,
    is_empty      boolean,
    action        text);
