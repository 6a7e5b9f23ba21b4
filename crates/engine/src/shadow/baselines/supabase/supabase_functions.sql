-- What database webhooks call, and where they note it.

set local role supabase_functions_admin;


create table supabase_functions.hooks (
    created_at timestamptz not null default now(),
    hook_name text not null,
    hook_table_id integer not null,
    id bigserial primary key,
    request_id bigint
);
create index supabase_functions_hooks_h_table_id_h_name_idx
    on supabase_functions.hooks (hook_table_id, hook_name);
create index supabase_functions_hooks_request_id_idx on supabase_functions.hooks (request_id);

create table supabase_functions.migrations (
    inserted_at timestamptz not null default now(),
    version text primary key
);


-- Arguments: url, method, headers, parameters, timeout in milliseconds.
create function supabase_functions.http_request() returns trigger
language plpgsql security definer
set search_path = supabase_functions
as $$
declare
    url text := tg_argv[0];
    method text := upper(tg_argv[1]);
    headers jsonb := coalesce(nullif(tg_argv[2], 'null'), '{"Content-Type": "application/json"}');
    params jsonb := coalesce(nullif(tg_argv[3], 'null'), '{}');
    timeout integer := coalesce(nullif(tg_argv[4], 'null'), '1000');
    request bigint;
begin
    if coalesce(url, 'null') = 'null' then
        raise exception 'the webhook lacks its url';
    end if;
    case method
        when 'GET' then
            request := net.http_get(url, params, headers, timeout);
        when 'POST' then
            request := net.http_post(
                url,
                jsonb_build_object(
                    'type', tg_op,
                    'table', tg_table_name,
                    'schema', tg_table_schema,
                    'record', case when tg_op = 'DELETE' then null else to_jsonb(new) end,
                    'old_record', case when tg_op = 'INSERT' then null else to_jsonb(old) end
                ),
                params, headers, timeout
            );
        else
            raise exception 'the webhook''s method % is neither GET nor POST', coalesce(method, 'null');
    end case;
    insert into supabase_functions.hooks (hook_table_id, hook_name, request_id)
    values (tg_relid::integer, tg_name, request);
    return coalesce(new, old);
end
$$;

grant all on supabase_functions.hooks, supabase_functions.migrations
    to postgres, anon, authenticated, service_role;
grant all on sequence supabase_functions.hooks_id_seq
    to postgres, anon, authenticated, service_role;
revoke execute on function supabase_functions.http_request from public;
grant execute on function supabase_functions.http_request
    to postgres, anon, authenticated, service_role;

reset role;
