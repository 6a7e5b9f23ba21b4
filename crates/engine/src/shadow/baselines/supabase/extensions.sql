-- The extensions that a project is born with, as far as the server has them or a stand-in.

do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (values
            ('uuid-ossp', 'extensions'),
            ('pgcrypto', 'extensions'),
            ('pg_stat_statements', 'extensions'),
            ('pg_net', 'extensions'),
            ('supabase_vault', 'vault')
        ) as w (name, schema)
        where exists (select from pg_catalog.pg_available_extensions as a where a.name = w.name)
    loop
        execute format('create extension if not exists %I with schema %I', wanted.name, wanted.schema);
    end loop;
end
$$;

grant usage on schema vault to service_role;
