-- The index is gin underneath and never used: its operator classes have no operators.

create function rum_ts_distance(tsvector, tsquery) returns real
language plpgsql immutable strict as @unavailable@;
create function rum_ts_score(tsvector, tsquery) returns real
language plpgsql immutable strict as @unavailable@;
create operator <=> (leftarg = tsvector, rightarg = tsquery, function = rum_ts_distance);
create access method rum type index handler ginhandler;
create operator class rum_tsvector_ops default for type tsvector using rum as
    function 1 gin_cmp_tslexeme(text, text),
    function 2 gin_extract_tsvector(tsvector, internal, internal),
    function 3 gin_extract_tsquery(
        tsvector, internal, smallint, internal, internal, internal, internal
    ),
    function 4 gin_tsquery_consistent(
        internal, smallint, tsvector, integer, internal, internal, internal, internal
    ),
    storage text;
create operator class rum_tsvector_hash_ops for type tsvector using rum as
    function 1 gin_cmp_tslexeme(text, text),
    function 2 gin_extract_tsvector(tsvector, internal, internal),
    function 3 gin_extract_tsquery(
        tsvector, internal, smallint, internal, internal, internal, internal
    ),
    function 4 gin_tsquery_consistent(
        internal, smallint, tsvector, integer, internal, internal, internal, internal
    ),
    storage text;
create operator class rum_tsvector_addon_ops for type tsvector using rum as
    function 1 gin_cmp_tslexeme(text, text),
    function 2 gin_extract_tsvector(tsvector, internal, internal),
    function 3 gin_extract_tsquery(
        tsvector, internal, smallint, internal, internal, internal, internal
    ),
    function 4 gin_tsquery_consistent(
        internal, smallint, tsvector, integer, internal, internal, internal, internal
    ),
    storage text;
