-- The platform's schemas, who may look into them, and what lies in `public` from the start.

create schema extensions authorization postgres;
grant usage on schema extensions to anon, authenticated, service_role;
grant all on schema extensions to dashboard_user;

create schema auth authorization supabase_admin;
grant usage on schema auth to anon, authenticated, service_role, postgres;
grant all on schema auth to supabase_auth_admin, dashboard_user;

create schema storage authorization supabase_admin;
grant usage on schema storage to postgres, anon, authenticated, service_role;
grant all on schema storage to supabase_storage_admin, dashboard_user;

create schema realtime authorization postgres;
grant usage on schema realtime to anon, authenticated, service_role;
grant all on schema realtime to supabase_realtime_admin;

create schema supabase_functions authorization postgres;
grant usage on schema supabase_functions to anon, authenticated, service_role;
grant all on schema supabase_functions to supabase_functions_admin;

create schema graphql authorization supabase_admin;
grant usage on schema graphql to postgres, anon, authenticated, service_role;
create schema graphql_public authorization postgres;
grant usage on schema graphql_public to anon, authenticated, service_role;

create schema vault authorization postgres;
create schema pgsodium authorization supabase_admin;
create schema pgbouncer authorization pgbouncer;

grant usage on schema public to postgres, anon, authenticated, service_role;
