-- Foreign data wrappers, servers and tables can be made; to read one raises an error, by the
-- handler of file_fdw, which finds no file.

create table wrappers_fdw_stats (
    fdw_name text primary key,
    create_times bigint,
    rows_in bigint,
    rows_out bigint,
    bytes_in bigint,
    bytes_out bigint,
    metadata jsonb,
    created_at timestamptz not null default timezone('utc', now()),
    updated_at timestamptz not null default timezone('utc', now())
);

create function airtable_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function airtable_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function airtable_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'airtable', 'stand-in', '', '' $$;

create function auth0_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function auth0_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function auth0_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'auth0', 'stand-in', '', '' $$;

create function big_query_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function big_query_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function big_query_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'big_query', 'stand-in', '', '' $$;

create function click_house_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function click_house_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function click_house_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'click_house', 'stand-in', '', '' $$;

create function cognito_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function cognito_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function cognito_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'cognito', 'stand-in', '', '' $$;

create function duckdb_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function duckdb_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function duckdb_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'duckdb', 'stand-in', '', '' $$;

create function firebase_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function firebase_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function firebase_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'firebase', 'stand-in', '', '' $$;

create function hello_world_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function hello_world_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function hello_world_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'hello_world', 'stand-in', '', '' $$;

create function iceberg_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function iceberg_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function iceberg_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'iceberg', 'stand-in', '', '' $$;

create function logflare_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function logflare_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function logflare_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'logflare', 'stand-in', '', '' $$;

create function mssql_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function mssql_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function mssql_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'mssql', 'stand-in', '', '' $$;

create function redis_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function redis_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function redis_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'redis', 'stand-in', '', '' $$;

create function s3_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function s3_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function s3_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 's3', 'stand-in', '', '' $$;

create function s3_vectors_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function s3_vectors_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function s3_vectors_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 's3_vectors', 'stand-in', '', '' $$;

create function stripe_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function stripe_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function stripe_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'stripe', 'stand-in', '', '' $$;

create function wasm_fdw_handler() returns fdw_handler
language c strict as '$libdir/file_fdw', 'file_fdw_handler';
create function wasm_fdw_validator(options text[], catalog oid) returns void
language plpgsql
as $$ begin end $$;
create function wasm_fdw_meta()
returns table (name text, version text, author text, website text)
language sql strict
as $$ select 'wasm', 'stand-in', '', '' $$;
