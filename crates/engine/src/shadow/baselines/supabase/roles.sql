-- The platform's roles. They belong to the whole server, so that those that are there stay.

create function pg_temp.make_role(name text, attributes text) returns void
language plpgsql
as $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = name) then
        execute pg_catalog.format('create role %I %s', name, attributes);
    end if;
end
$$;

select pg_temp.make_role(name, attributes)
from (values
    ('postgres', 'login createdb createrole replication bypassrls'),
    ('supabase_admin', 'superuser login createdb createrole replication bypassrls'),
    ('anon', 'nologin'),
    ('authenticated', 'nologin'),
    ('service_role', 'nologin bypassrls'),
    ('authenticator', 'login noinherit'),
    ('dashboard_user', 'nologin createdb createrole replication'),
    ('pgbouncer', 'login'),
    ('supabase_auth_admin', 'login noinherit createrole'),
    ('supabase_storage_admin', 'login noinherit createrole'),
    ('supabase_functions_admin', 'login noinherit createrole'),
    ('supabase_realtime_admin', 'nologin noinherit'),
    ('supabase_read_only_user', 'login bypassrls'),
    ('supabase_replication_admin', 'login replication'),
    ('supabase_etl_admin', 'login replication'),
    ('supabase_privileged_role', 'nologin'),
    ('pgsodium_keyiduser', 'nologin'),
    ('pgsodium_keyholder', 'nologin'),
    ('pgsodium_keymaker', 'nologin'),
    ('pgtle_admin', 'nologin'),
    ('cli_login_postgres', 'login noinherit')
) as platform (name, attributes);

drop function pg_temp.make_role;

grant anon, authenticated, service_role to authenticator;
grant authenticator to supabase_storage_admin;
grant anon, authenticated, service_role, authenticator to postgres;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
grant supabase_functions_admin, supabase_realtime_admin to postgres;
grant pg_read_all_data to supabase_read_only_user;
grant pg_monitor, pg_read_all_data to supabase_etl_admin;
grant supabase_privileged_role to postgres;
grant pgsodium_keyholder to service_role;
grant pgsodium_keyiduser to pgsodium_keyholder;
grant pgsodium_keyholder to pgsodium_keymaker;
grant pgsodium_keymaker to postgres;
grant postgres to cli_login_postgres;

-- `session_preload_libraries` of authenticator is left out: the library is not here, and a login
-- would fail for it.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, auth, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout = 60000;
alter role supabase_functions_admin set search_path = supabase_functions;
alter role supabase_storage_admin set search_path = storage;
