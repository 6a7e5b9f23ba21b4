-- The command line tool does the work, and wants the real extension.

do $$ begin
    if to_regnamespace('repack') is null then
        create schema repack;
    end if;
end $$;
create function repack.version() returns text
language sql immutable strict
as $$ select 'pg_repack (stand-in)' $$;
create function repack.version_sql() returns text
language sql immutable strict
as $$ select 'pg_repack (stand-in)' $$;
create function repack.repack_drop(oid, integer) returns void
language plpgsql strict as @unavailable@;
create function repack.repack_swap(oid) returns void
language plpgsql strict as @unavailable@;
