-- Full text search in any language needs the library. Its index is a trigram index underneath and
-- never used: its operator classes have no operators.

create function pgroonga_score("row" record) returns double precision
language plpgsql stable strict as @unavailable@;
create function pgroonga_score(tableoid oid, ctid tid) returns double precision
language plpgsql stable strict as @unavailable@;
create function pgroonga_command(groongacommand text) returns text
language plpgsql as @unavailable@;
create function pgroonga_snippet_html(target text, keywords text[], width integer default 200)
returns text[]
language plpgsql as @unavailable@;
create function pgroonga_highlight_html(target text, keywords text[]) returns text
language plpgsql as @unavailable@;
create function pgroonga_query_extract_keywords(query text, index_name text default '')
returns text[]
language plpgsql as @unavailable@;
create function pgroonga_query_escape(query text) returns text
language plpgsql as @unavailable@;
create function pgroonga_normalize(target text) returns text
language plpgsql as @unavailable@;
create function pgroonga_normalize(target text, normalizername text) returns text
language plpgsql as @unavailable@;

create function pgroonga_match_text(text, text) returns boolean
language plpgsql immutable strict as @unavailable@;
create function pgroonga_query_text(text, text) returns boolean
language plpgsql immutable strict as @unavailable@;
create function pgroonga_match_in_text(text, text[]) returns boolean
language plpgsql immutable strict as @unavailable@;
create function pgroonga_match_text_array(text[], text) returns boolean
language plpgsql immutable strict as @unavailable@;
create function pgroonga_query_text_array(text[], text) returns boolean
language plpgsql immutable strict as @unavailable@;
create function pgroonga_match_jsonb(jsonb, text) returns boolean
language plpgsql immutable strict as @unavailable@;
create function pgroonga_query_jsonb(jsonb, text) returns boolean
language plpgsql immutable strict as @unavailable@;
create operator &@ (leftarg = text, rightarg = text, function = pgroonga_match_text);
create operator &@~ (leftarg = text, rightarg = text, function = pgroonga_query_text);
create operator &@* (leftarg = text, rightarg = text, function = pgroonga_match_text);
create operator &^ (leftarg = text, rightarg = text, function = pgroonga_match_text);
create operator &~ (leftarg = text, rightarg = text, function = pgroonga_query_text);
create operator &@| (leftarg = text, rightarg = text[], function = pgroonga_match_in_text);
create operator &@ (leftarg = text[], rightarg = text, function = pgroonga_match_text_array);
create operator &@~ (leftarg = text[], rightarg = text, function = pgroonga_query_text_array);
create operator &@ (leftarg = jsonb, rightarg = text, function = pgroonga_match_jsonb);
create operator &@~ (leftarg = jsonb, rightarg = text, function = pgroonga_query_jsonb);

create access method pgroonga type index handler ginhandler;
create function _pgroonga_extract(text, internal) returns internal
language c immutable strict parallel safe as '$libdir/pg_trgm', 'gin_extract_value_trgm';
create function _pgroonga_query(text, internal, smallint, internal, internal, internal, internal)
returns internal
language c immutable strict parallel safe as '$libdir/pg_trgm', 'gin_extract_query_trgm';
create function _pgroonga_consistent(
    internal, smallint, text, integer, internal, internal, internal, internal
)
returns boolean
language c immutable strict parallel safe as '$libdir/pg_trgm', 'gin_trgm_consistent';
create operator class pgroonga_text_full_text_search_ops_v2 default for type text using pgroonga as
    function 1 btint4cmp(integer, integer),
    function 2 _pgroonga_extract(text, internal),
    function 3 _pgroonga_query(
        text, internal, smallint, internal, internal, internal, internal
    ),
    function 4 _pgroonga_consistent(
        internal, smallint, text, integer, internal, internal, internal, internal
    ),
    storage integer;
create operator class pgroonga_text_full_text_search_ops for type text using pgroonga as
    function 1 btint4cmp(integer, integer),
    function 2 _pgroonga_extract(text, internal),
    function 3 _pgroonga_query(
        text, internal, smallint, internal, internal, internal, internal
    ),
    function 4 _pgroonga_consistent(
        internal, smallint, text, integer, internal, internal, internal, internal
    ),
    storage integer;
create operator class pgroonga_text_term_search_ops_v2 for type text using pgroonga as
    function 1 btint4cmp(integer, integer),
    function 2 _pgroonga_extract(text, internal),
    function 3 _pgroonga_query(
        text, internal, smallint, internal, internal, internal, internal
    ),
    function 4 _pgroonga_consistent(
        internal, smallint, text, integer, internal, internal, internal, internal
    ),
    storage integer;
create operator class pgroonga_text_regexp_ops_v2 for type text using pgroonga as
    function 1 btint4cmp(integer, integer),
    function 2 _pgroonga_extract(text, internal),
    function 3 _pgroonga_query(
        text, internal, smallint, internal, internal, internal, internal
    ),
    function 4 _pgroonga_consistent(
        internal, smallint, text, integer, internal, internal, internal, internal
    ),
    storage integer;
create operator class pgroonga_varchar_full_text_search_ops_v2 for type varchar using pgroonga as
    function 1 btint4cmp(integer, integer),
    function 2 _pgroonga_extract(text, internal),
    function 3 _pgroonga_query(
        text, internal, smallint, internal, internal, internal, internal
    ),
    function 4 _pgroonga_consistent(
        internal, smallint, text, integer, internal, internal, internal, internal
    ),
    storage integer;
create operator class pgroonga_varchar_term_search_ops_v2 default for type varchar using pgroonga as
    function 1 btint4cmp(integer, integer),
    function 2 _pgroonga_extract(text, internal),
    function 3 _pgroonga_query(
        text, internal, smallint, internal, internal, internal, internal
    ),
    function 4 _pgroonga_consistent(
        internal, smallint, text, integer, internal, internal, internal, internal
    ),
    storage integer;
create operator class pgroonga_jsonb_ops_v2 default for type jsonb using pgroonga as
    function 1 gin_compare_jsonb(text, text),
    function 2 gin_extract_jsonb(jsonb, internal, internal),
    function 3 gin_extract_jsonb_query(
        jsonb, internal, smallint, internal, internal, internal, internal
    ),
    function 4 gin_consistent_jsonb(
        internal, smallint, jsonb, integer, internal, internal, internal, internal
    ),
    storage text;
create operator class pgroonga_text_array_full_text_search_ops_v2
    default for type text[] using pgroonga as
    function 1 bttextcmp(text, text),
    function 2 ginarrayextract(anyarray, internal, internal),
    function 3 ginqueryarrayextract(
        anyarray, internal, smallint, internal, internal, internal, internal
    ),
    function 4 ginarrayconsistent(
        internal, smallint, anyarray, integer, internal, internal, internal, internal
    ),
    storage text;
