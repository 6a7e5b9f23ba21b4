-- What follows on the user's own statements: grants on what an extension brings, the place of
-- GraphQL, and the API server's notice of a changed schema.

create function extensions.grant_pg_cron_access() returns event_trigger
language plpgsql
as $$
begin
    if exists (
        select from pg_event_trigger_ddl_commands() as c
        join pg_catalog.pg_extension as e on e.oid = c.objid
        where e.extname = 'pg_cron'
    ) then
        grant usage on schema cron to postgres with grant option;
        grant all on all functions in schema cron to postgres with grant option;
        grant all on all tables in schema cron to postgres with grant option;
        revoke all on table cron.job from postgres;
        grant select on table cron.job to postgres with grant option;
    end if;
end
$$;

create function extensions.grant_pg_net_access() returns event_trigger
language plpgsql
as $$
begin
    if exists (
        select from pg_event_trigger_ddl_commands() as c
        join pg_catalog.pg_extension as e on e.oid = c.objid
        where e.extname = 'pg_net'
    ) then
        grant usage on schema net
            to supabase_functions_admin, postgres, anon, authenticated, service_role;
    end if;
end
$$;

create function extensions.grant_pg_graphql_access() returns event_trigger
language plpgsql
as $$
begin
    if exists (
        select from pg_event_trigger_ddl_commands() as c
        where c.object_identity like 'graphql.resolve(%'
    ) then
        -- Within `create extension` it becomes the extension's, which the placeholder is not.
        drop function if exists graphql_public.graphql;
        create function graphql_public.graphql(
            "operationName" text default null,
            query text default null,
            variables jsonb default null,
            extensions jsonb default null
        )
        returns jsonb
        language sql
        as $function$
            select graphql.resolve(
                query := query,
                variables := coalesce(variables, '{}'),
                "operationName" := "operationName",
                extensions := extensions
            )
        $function$;
        grant usage on schema graphql to postgres, anon, authenticated, service_role;
        grant execute on function graphql.resolve to postgres, anon, authenticated, service_role;
    end if;
end
$$;

create function extensions.set_graphql_placeholder() returns event_trigger
language plpgsql
as $$
begin
    if exists (
        select from pg_event_trigger_dropped_objects() as d
        where d.object_type = 'extension' and d.object_name = 'pg_graphql'
    ) then
        create or replace function graphql_public.graphql(
            "operationName" text default null,
            query text default null,
            variables jsonb default null,
            extensions jsonb default null
        )
        returns jsonb
        language plpgsql
        as $function$
        begin
            return jsonb_build_object('errors', jsonb_build_array(
                jsonb_build_object('message', 'pg_graphql extension is not enabled.')
            ));
        end
        $function$;
    end if;
end
$$;

create function extensions.pgrst_ddl_watch() returns event_trigger
language plpgsql
as $$
begin
    if exists (
        select from pg_event_trigger_ddl_commands() as c
        where c.schema_name is distinct from 'pg_temp'
            and c.command_tag not in ('GRANT', 'REVOKE', 'ANALYZE', 'VACUUM', 'REINDEX')
    ) then
        notify pgrst, 'reload schema';
    end if;
end
$$;

create function extensions.pgrst_drop_watch() returns event_trigger
language plpgsql
as $$
begin
    if exists (
        select from pg_event_trigger_dropped_objects() as d
        where not d.is_temporary
            and d.object_type in (
                'schema', 'table', 'foreign table', 'view', 'materialized view', 'function',
                'trigger', 'type', 'rule'
            )
    ) then
        notify pgrst, 'reload schema';
    end if;
end
$$;

grant all on function extensions.grant_pg_cron_access, extensions.grant_pg_net_access,
    extensions.grant_pg_graphql_access, extensions.set_graphql_placeholder,
    extensions.pgrst_ddl_watch, extensions.pgrst_drop_watch
    to postgres with grant option;
grant all on function extensions.grant_pg_cron_access, extensions.grant_pg_net_access
    to dashboard_user;

create function graphql_public.graphql(
    "operationName" text default null,
    query text default null,
    variables jsonb default null,
    extensions jsonb default null
)
returns jsonb
language plpgsql
as $function$
begin
    return jsonb_build_object('errors', jsonb_build_array(
        jsonb_build_object('message', 'pg_graphql extension is not enabled.')
    ));
end
$function$;

create event trigger issue_pg_cron_access
    on ddl_command_end when tag in ('CREATE EXTENSION')
    execute function extensions.grant_pg_cron_access();
create event trigger issue_pg_net_access
    on ddl_command_end when tag in ('CREATE EXTENSION')
    execute function extensions.grant_pg_net_access();
create event trigger issue_pg_graphql_access
    on ddl_command_end when tag in ('CREATE FUNCTION')
    execute function extensions.grant_pg_graphql_access();
create event trigger issue_graphql_placeholder
    on sql_drop when tag in ('DROP EXTENSION')
    execute function extensions.set_graphql_placeholder();
create event trigger pgrst_ddl_watch
    on ddl_command_end
    execute function extensions.pgrst_ddl_watch();
create event trigger pgrst_drop_watch
    on sql_drop
    execute function extensions.pgrst_drop_watch();
