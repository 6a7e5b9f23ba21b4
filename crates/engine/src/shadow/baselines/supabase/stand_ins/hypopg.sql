-- Hypothetical indexes need the planner's hooks.

create function hypopg(
    out indexname text, out indexrelid oid, out indrelid oid, out innatts integer,
    out indisunique boolean, out indkey int2vector, out indcollation oidvector,
    out indclass oidvector, out indoption oidvector, out indexprs pg_node_tree,
    out indpred pg_node_tree, out amid oid
)
returns setof record
language plpgsql as @unavailable@;
create function hypopg_create_index(
    sql_order text, out indexrelid oid, out indexname text
)
returns setof record
language plpgsql strict as @unavailable@;
create function hypopg_drop_index(indexid oid) returns boolean
language plpgsql strict as @unavailable@;
create function hypopg_get_indexdef(indexid oid) returns text
language plpgsql strict as @unavailable@;
create function hypopg_hide_index(indexid oid) returns boolean
language plpgsql strict as @unavailable@;
create function hypopg_unhide_index(indexid oid) returns boolean
language plpgsql strict as @unavailable@;
create function hypopg_relation_size(indexid oid) returns bigint
language plpgsql strict as @unavailable@;
create function hypopg_reset() returns void
language sql
as $$ select $$;
create function hypopg_reset_index() returns void
language sql
as $$ select $$;
