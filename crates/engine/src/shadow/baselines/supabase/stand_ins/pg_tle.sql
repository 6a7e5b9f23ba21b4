-- Extensions in the trusted language can be noted and not made.

create table pgtle._extension (
    name text not null,
    version text not null,
    description text,
    body text not null,
    requires text[],
    primary key (name, version)
);
create type pgtle.password_types as enum (
    'PASSWORD_TYPE_PLAINTEXT', 'PASSWORD_TYPE_MD5', 'PASSWORD_TYPE_SCRAM_SHA_256'
);
create type pgtle.pg_tle_features as enum ('passcheck', 'clientauth');

create function pgtle.install_extension(
    name text,
    version text,
    description text,
    ext text,
    requires text[] default null
)
returns boolean
language sql
as $$
    insert into pgtle._extension (name, version, description, body, requires)
    values (name, version, description, ext, requires)
    returning true
$$;
create function pgtle.install_extension_version_sql(name text, version text, ext text)
returns boolean
language sql
as $$
    insert into pgtle._extension (name, version, body) values (name, version, ext) returning true
$$;
create function pgtle.install_update_path(name text, fromvers text, tovers text, ext text)
returns boolean
language sql
as $$ select true $$;
create function pgtle.set_default_version(name text, version text) returns boolean
language sql
as $$ select true $$;
create function pgtle.uninstall_extension(extname text) returns boolean
language sql
as $$
    with gone as (delete from pgtle._extension where name = extname returning 1)
    select exists (select from gone)
$$;
create function pgtle.uninstall_extension(extname text, version text) returns boolean
language sql
as $$
    with gone as (
        delete from pgtle._extension as e
        where e.name = extname and e.version = uninstall_extension.version returning 1
    )
    select exists (select from gone)
$$;
create function pgtle.uninstall_extension_if_exists(extname text) returns boolean
language sql
as $$ select pgtle.uninstall_extension(extname) $$;
create function pgtle.uninstall_update_path(extname text, fromvers text, tovers text)
returns boolean
language sql
as $$ select true $$;
create function pgtle.available_extensions(
    out name name, out default_version text, out comment text
)
returns setof record
language sql
as $$ select name::name, max(version), max(description) from pgtle._extension group by 1 $$;
create function pgtle.available_extension_versions(
    out name name, out version text, out superuser boolean, out trusted boolean,
    out relocatable boolean, out schema name, out requires name[], out comment text
)
returns setof record
language sql
as $$
    select name::name, version, false, false, false, null::name, requires::name[], description
    from pgtle._extension
$$;
create function pgtle.register_feature(proc regproc, feature pgtle.pg_tle_features) returns void
language plpgsql as @unavailable@;
create function pgtle.unregister_feature(proc regproc, feature pgtle.pg_tle_features)
returns void
language plpgsql as @unavailable@;
