-- Until Postgres 15 a project is born with pgjwt, too.

do $$
begin
    if exists (select from pg_catalog.pg_available_extensions where name = 'pgjwt') then
        create extension if not exists pgjwt with schema extensions;
    end if;
end
$$;
