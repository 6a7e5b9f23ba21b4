-- The usual assertions can be named; tests need the real extension.

create function plan(integer) returns text
language plpgsql as @unavailable@;
create function no_plan() returns setof boolean
language plpgsql as @unavailable@;
create function finish(exception_on_failure boolean default null) returns setof text
language plpgsql as @unavailable@;
create function ok(boolean) returns text
language plpgsql as @unavailable@;
create function ok(boolean, text) returns text
language plpgsql as @unavailable@;
create function is(anyelement, anyelement) returns text
language plpgsql as @unavailable@;
create function is(anyelement, anyelement, text) returns text
language plpgsql as @unavailable@;
create function isnt(anyelement, anyelement) returns text
language plpgsql as @unavailable@;
create function isnt(anyelement, anyelement, text) returns text
language plpgsql as @unavailable@;
create function matches(anyelement, text) returns text
language plpgsql as @unavailable@;
create function matches(anyelement, text, text) returns text
language plpgsql as @unavailable@;
create function imatches(anyelement, text) returns text
language plpgsql as @unavailable@;
create function imatches(anyelement, text, text) returns text
language plpgsql as @unavailable@;
create function doesnt_match(anyelement, text) returns text
language plpgsql as @unavailable@;
create function doesnt_match(anyelement, text, text) returns text
language plpgsql as @unavailable@;
create function alike(anyelement, text) returns text
language plpgsql as @unavailable@;
create function alike(anyelement, text, text) returns text
language plpgsql as @unavailable@;
create function unalike(anyelement, text) returns text
language plpgsql as @unavailable@;
create function unalike(anyelement, text, text) returns text
language plpgsql as @unavailable@;
create function pass() returns text
language plpgsql as @unavailable@;
create function pass(text) returns text
language plpgsql as @unavailable@;
create function fail() returns text
language plpgsql as @unavailable@;
create function fail(text) returns text
language plpgsql as @unavailable@;
create function diag(text) returns text
language plpgsql as @unavailable@;
create function skip(text) returns text
language plpgsql as @unavailable@;
create function skip(text, integer) returns text
language plpgsql as @unavailable@;
create function todo(text, integer) returns setof boolean
language plpgsql as @unavailable@;
create function throws_ok(text) returns text
language plpgsql as @unavailable@;
create function throws_ok(text, text) returns text
language plpgsql as @unavailable@;
create function throws_ok(text, text, text) returns text
language plpgsql as @unavailable@;
create function throws_ok(text, character(5), text, text) returns text
language plpgsql as @unavailable@;
create function throws_ok(text, integer) returns text
language plpgsql as @unavailable@;
create function throws_like(text, text) returns text
language plpgsql as @unavailable@;
create function throws_like(text, text, text) returns text
language plpgsql as @unavailable@;
create function throws_ilike(text, text) returns text
language plpgsql as @unavailable@;
create function throws_ilike(text, text, text) returns text
language plpgsql as @unavailable@;
create function throws_matching(text, text) returns text
language plpgsql as @unavailable@;
create function throws_matching(text, text, text) returns text
language plpgsql as @unavailable@;
create function lives_ok(text) returns text
language plpgsql as @unavailable@;
create function lives_ok(text, text) returns text
language plpgsql as @unavailable@;
create function performs_ok(text, numeric) returns text
language plpgsql as @unavailable@;
create function is_empty(text) returns text
language plpgsql as @unavailable@;
create function is_empty(text, text) returns text
language plpgsql as @unavailable@;
create function isnt_empty(text) returns text
language plpgsql as @unavailable@;
create function isnt_empty(text, text) returns text
language plpgsql as @unavailable@;
create function results_eq(text, text) returns text
language plpgsql as @unavailable@;
create function results_eq(text, text, text) returns text
language plpgsql as @unavailable@;
create function results_eq(text, anyarray) returns text
language plpgsql as @unavailable@;
create function results_eq(text, anyarray, text) returns text
language plpgsql as @unavailable@;
create function results_ne(text, text) returns text
language plpgsql as @unavailable@;
create function results_ne(text, text, text) returns text
language plpgsql as @unavailable@;
create function results_ne(text, anyarray) returns text
language plpgsql as @unavailable@;
create function results_ne(text, anyarray, text) returns text
language plpgsql as @unavailable@;
create function set_eq(text, text) returns text
language plpgsql as @unavailable@;
create function set_eq(text, text, text) returns text
language plpgsql as @unavailable@;
create function set_eq(text, anyarray) returns text
language plpgsql as @unavailable@;
create function set_eq(text, anyarray, text) returns text
language plpgsql as @unavailable@;
create function set_ne(text, text) returns text
language plpgsql as @unavailable@;
create function set_ne(text, text, text) returns text
language plpgsql as @unavailable@;
create function set_ne(text, anyarray) returns text
language plpgsql as @unavailable@;
create function set_ne(text, anyarray, text) returns text
language plpgsql as @unavailable@;
create function set_has(text, text) returns text
language plpgsql as @unavailable@;
create function set_has(text, text, text) returns text
language plpgsql as @unavailable@;
create function set_hasnt(text, text) returns text
language plpgsql as @unavailable@;
create function set_hasnt(text, text, text) returns text
language plpgsql as @unavailable@;
create function bag_eq(text, text) returns text
language plpgsql as @unavailable@;
create function bag_eq(text, text, text) returns text
language plpgsql as @unavailable@;
create function bag_eq(text, anyarray) returns text
language plpgsql as @unavailable@;
create function bag_eq(text, anyarray, text) returns text
language plpgsql as @unavailable@;
create function bag_ne(text, text) returns text
language plpgsql as @unavailable@;
create function bag_ne(text, text, text) returns text
language plpgsql as @unavailable@;
create function bag_ne(text, anyarray) returns text
language plpgsql as @unavailable@;
create function bag_ne(text, anyarray, text) returns text
language plpgsql as @unavailable@;
create function bag_has(text, text) returns text
language plpgsql as @unavailable@;
create function bag_has(text, text, text) returns text
language plpgsql as @unavailable@;
create function has_table(name) returns text
language plpgsql as @unavailable@;
create function has_table(name, text) returns text
language plpgsql as @unavailable@;
create function has_table(name, name) returns text
language plpgsql as @unavailable@;
create function has_table(name, name, text) returns text
language plpgsql as @unavailable@;
create function hasnt_table(name) returns text
language plpgsql as @unavailable@;
create function hasnt_table(name, text) returns text
language plpgsql as @unavailable@;
create function hasnt_table(name, name) returns text
language plpgsql as @unavailable@;
create function hasnt_table(name, name, text) returns text
language plpgsql as @unavailable@;
create function has_view(name) returns text
language plpgsql as @unavailable@;
create function has_view(name, text) returns text
language plpgsql as @unavailable@;
create function has_view(name, name) returns text
language plpgsql as @unavailable@;
create function has_view(name, name, text) returns text
language plpgsql as @unavailable@;
create function has_materialized_view(name) returns text
language plpgsql as @unavailable@;
create function has_materialized_view(name, text) returns text
language plpgsql as @unavailable@;
create function has_materialized_view(name, name) returns text
language plpgsql as @unavailable@;
create function has_materialized_view(name, name, text) returns text
language plpgsql as @unavailable@;
create function has_sequence(name) returns text
language plpgsql as @unavailable@;
create function has_sequence(name, text) returns text
language plpgsql as @unavailable@;
create function has_sequence(name, name) returns text
language plpgsql as @unavailable@;
create function has_sequence(name, name, text) returns text
language plpgsql as @unavailable@;
create function has_schema(name) returns text
language plpgsql as @unavailable@;
create function has_schema(name, text) returns text
language plpgsql as @unavailable@;
create function hasnt_schema(name) returns text
language plpgsql as @unavailable@;
create function hasnt_schema(name, text) returns text
language plpgsql as @unavailable@;
create function has_role(name) returns text
language plpgsql as @unavailable@;
create function has_role(name, text) returns text
language plpgsql as @unavailable@;
create function hasnt_role(name) returns text
language plpgsql as @unavailable@;
create function hasnt_role(name, text) returns text
language plpgsql as @unavailable@;
create function has_extension(name) returns text
language plpgsql as @unavailable@;
create function has_extension(name, text) returns text
language plpgsql as @unavailable@;
create function has_type(name) returns text
language plpgsql as @unavailable@;
create function has_type(name, text) returns text
language plpgsql as @unavailable@;
create function has_enum(name) returns text
language plpgsql as @unavailable@;
create function has_enum(name, text) returns text
language plpgsql as @unavailable@;
create function has_function(name) returns text
language plpgsql as @unavailable@;
create function has_function(name, text) returns text
language plpgsql as @unavailable@;
create function hasnt_function(name) returns text
language plpgsql as @unavailable@;
create function hasnt_function(name, text) returns text
language plpgsql as @unavailable@;
create function has_pk(name) returns text
language plpgsql as @unavailable@;
create function has_pk(name, text) returns text
language plpgsql as @unavailable@;
create function hasnt_pk(name) returns text
language plpgsql as @unavailable@;
create function hasnt_pk(name, text) returns text
language plpgsql as @unavailable@;
create function has_column(name, name) returns text
language plpgsql as @unavailable@;
create function has_column(name, name, text) returns text
language plpgsql as @unavailable@;
create function has_column(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function hasnt_column(name, name) returns text
language plpgsql as @unavailable@;
create function hasnt_column(name, name, text) returns text
language plpgsql as @unavailable@;
create function hasnt_column(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function col_is_pk(name, name) returns text
language plpgsql as @unavailable@;
create function col_is_pk(name, name, text) returns text
language plpgsql as @unavailable@;
create function col_is_pk(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function col_is_fk(name, name) returns text
language plpgsql as @unavailable@;
create function col_is_fk(name, name, text) returns text
language plpgsql as @unavailable@;
create function col_is_fk(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function col_not_null(name, name) returns text
language plpgsql as @unavailable@;
create function col_not_null(name, name, text) returns text
language plpgsql as @unavailable@;
create function col_not_null(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function col_is_null(name, name) returns text
language plpgsql as @unavailable@;
create function col_is_null(name, name, text) returns text
language plpgsql as @unavailable@;
create function col_is_null(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function col_has_default(name, name) returns text
language plpgsql as @unavailable@;
create function col_has_default(name, name, text) returns text
language plpgsql as @unavailable@;
create function col_has_default(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function col_is_unique(name, name) returns text
language plpgsql as @unavailable@;
create function col_is_unique(name, name, text) returns text
language plpgsql as @unavailable@;
create function col_is_unique(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function has_index(name, name) returns text
language plpgsql as @unavailable@;
create function has_index(name, name, text) returns text
language plpgsql as @unavailable@;
create function has_index(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function has_trigger(name, name) returns text
language plpgsql as @unavailable@;
create function has_trigger(name, name, text) returns text
language plpgsql as @unavailable@;
create function has_trigger(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function has_function(name, name) returns text
language plpgsql as @unavailable@;
create function has_function(name, name, text) returns text
language plpgsql as @unavailable@;
create function has_function(name, name, name[]) returns text
language plpgsql as @unavailable@;
create function has_pk(name, name) returns text
language plpgsql as @unavailable@;
create function has_pk(name, name, text) returns text
language plpgsql as @unavailable@;
create function col_type_is(name, name, text) returns text
language plpgsql as @unavailable@;
create function col_type_is(name, name, text, text) returns text
language plpgsql as @unavailable@;
create function col_type_is(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function col_type_is(name, name, name, text, text) returns text
language plpgsql as @unavailable@;
create function policies_are(name, name[]) returns text
language plpgsql as @unavailable@;
create function policies_are(name, name, name[]) returns text
language plpgsql as @unavailable@;
create function tables_are(name, name[]) returns text
language plpgsql as @unavailable@;
create function schemas_are(name[]) returns text
language plpgsql as @unavailable@;
create function columns_are(name, name[]) returns text
language plpgsql as @unavailable@;
create function columns_are(name, name, name[]) returns text
language plpgsql as @unavailable@;
create function roles_are(name[]) returns text
language plpgsql as @unavailable@;
create function policy_cmd_is(name, name, text) returns text
language plpgsql as @unavailable@;
create function policy_cmd_is(name, name, name, text) returns text
language plpgsql as @unavailable@;
create function policy_roles_are(name, name, name[]) returns text
language plpgsql as @unavailable@;
create function policy_roles_are(name, name, name, name[]) returns text
language plpgsql as @unavailable@;
create function function_privs_are(name, name, name[], name, name[]) returns text
language plpgsql as @unavailable@;
create function table_privs_are(name, name, name, name[]) returns text
language plpgsql as @unavailable@;
create function schema_privs_are(name, name, name[]) returns text
language plpgsql as @unavailable@;
create function runtests() returns setof text
language plpgsql as @unavailable@;
create function runtests(name) returns setof text
language plpgsql as @unavailable@;
create function runtests(name, text) returns setof text
language plpgsql as @unavailable@;
create function runtests(text) returns setof text
language plpgsql as @unavailable@;
create function pgtap_version() returns numeric
language sql immutable
as $$ select 1.3 $$;
create function pg_version_num() returns integer
language sql immutable
as $$ select current_setting('server_version_num')::integer $$;
