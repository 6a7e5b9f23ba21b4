-- What the realtime server reads, and what policies and triggers ask of it.

set local role supabase_admin;

create function realtime.to_regrole(role_name text) returns regrole
language sql immutable
as $$ select role_name::regrole $$;

create type realtime.action as enum ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'ERROR');
create type realtime.equality_op as enum ('eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in');
create type realtime.user_defined_filter as (
    column_name text,
    op realtime.equality_op,
    value text
);
create type realtime.wal_column as (
    name text,
    type_name text,
    type_oid oid,
    value jsonb,
    is_pkey boolean,
    is_selectable boolean
);
create type realtime.wal_rls as (
    wal jsonb,
    is_rls_enabled boolean,
    subscription_ids uuid[],
    errors text[]
);

create table realtime.schema_migrations (
    inserted_at timestamp(0),
    version bigint primary key
);

create table realtime.subscription (
    action_filter text default '*',
    claims jsonb not null,
    created_at timestamp not null default timezone('utc', now()),
    entity regclass not null,
    id bigint generated always as identity,
    selected_columns text[],
    subscription_id uuid not null,
    filters realtime.user_defined_filter[] not null default '{}',
    claims_role regrole not null
        generated always as (realtime.to_regrole(claims ->> 'role')) stored,
    constraint pk_subscription primary key (id),
    constraint subscription_action_filter_check check (
        action_filter in ('*', 'INSERT', 'UPDATE', 'DELETE')
    )
);
create index ix_realtime_subscription_entity on realtime.subscription (entity);
create unique index subscription_subscription_id_entity_filters_action_filter_selec
    on realtime.subscription (
        subscription_id, entity, filters, action_filter, coalesce(selected_columns, '{}')
    );

set local role supabase_realtime_admin;

create table realtime.messages (
    binary_payload bytea,
    event text,
    extension text not null,
    id uuid not null default gen_random_uuid(),
    inserted_at timestamp not null default now(),
    payload jsonb,
    private boolean default false,
    topic text not null,
    updated_at timestamp not null default now(),
    constraint messages_pkey primary key (id, inserted_at)
) partition by range (inserted_at);
create index messages_inserted_at_topic_index
    on realtime.messages (inserted_at desc, topic)
    where extension = 'broadcast' and private is true;
alter table realtime.messages enable row level security;
alter table realtime.messages add constraint messages_payload_exclusive
    check (payload is null or binary_payload is null) not valid;

-- The platform has one partition a day, made and dropped by the server.
create table realtime.messages_any_day partition of realtime.messages default;

create function realtime.topic() returns text
language sql stable
as $$ select nullif(current_setting('realtime.topic', true), '') $$;

grant all on realtime.messages, realtime.messages_any_day to postgres, dashboard_user;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;
grant execute on function realtime.topic to postgres, dashboard_user;

set local role supabase_admin;

create function realtime.cast(val text, type_ regtype) returns jsonb
language plpgsql immutable
as $$
declare
    result jsonb;
begin
    execute format('select to_jsonb(%L::%s)', val, type_::text) into result;
    return result;
end
$$;

create function realtime.check_equality_op(
    op realtime.equality_op,
    type_ regtype,
    val_1 text,
    val_2 text
)
returns boolean
language plpgsql immutable
as $$
declare
    comparison text := case op
        when 'eq' then '= %L::%s'
        when 'neq' then '<> %L::%s'
        when 'lt' then '< %L::%s'
        when 'lte' then '<= %L::%s'
        when 'gt' then '> %L::%s'
        when 'gte' then '>= %L::%s'
        when 'in' then '= any (%L::%s[])'
    end;
    result boolean;
begin
    execute format('select %L::%s ' || comparison, val_1, type_::text, val_2, type_::text)
    into result;
    return result;
end
$$;

create function realtime.is_visible_through_filters(
    columns realtime.wal_column[],
    filters realtime.user_defined_filter[]
)
returns boolean
language sql immutable
as $$
    select coalesce(bool_and(
        realtime.check_equality_op(
            f.op, coalesce(c.type_oid::regtype, c.type_name::regtype), c.value #>> '{}', f.value
        )
    ), true)
    from unnest(filters) as f
    left join unnest(columns) as c on c.name = f.column_name
$$;

create function realtime.build_prepared_statement_sql(
    prepared_statement_name text,
    entity regclass,
    columns realtime.wal_column[]
)
returns text
language sql
as $$
    select format(
        'prepare %I as select exists (select from %s where %s)',
        prepared_statement_name,
        entity,
        string_agg(format('%I = %L::%s', c.name, c.value #>> '{}', c.type_name), ' and ')
    )
    from unnest(columns) as c
    where c.is_pkey
$$;

create function realtime.subscription_check_filters() returns trigger
language plpgsql
as $$
declare
    filter realtime.user_defined_filter;
begin
    foreach filter in array new.filters loop
        if not exists (
            select from pg_catalog.pg_attribute as a
            where a.attrelid = new.entity and a.attname = filter.column_name
                and a.attnum > 0 and not a.attisdropped
        ) then
            raise exception 'invalid column for filter %', filter.column_name;
        end if;
    end loop;
    return new;
end
$$;

create trigger tr_check_filters
    before insert or update on realtime.subscription
    for each row execute function realtime.subscription_check_filters();

create function realtime.wal2json_escape_identifier(name text) returns text
language sql strict immutable
as $$ select regexp_replace(name, '([^A-Za-z0-9_])', '\\\1', 'g') $$;

create function realtime.quote_wal2json(entity regclass) returns text
language sql strict immutable
as $$
    select format(
        '%s.%s', realtime.wal2json_escape_identifier(n.nspname::text),
        realtime.wal2json_escape_identifier(c.relname::text)
    )
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.oid = entity
$$;

create function realtime.apply_rls(wal jsonb, max_record_bytes integer default 1024 * 1024)
returns setof realtime.wal_rls
language plpgsql
as $$
begin
    raise exception using errcode = '0A000',
        message = 'realtime.apply_rls serves the realtime server, which is not here';
end
$$;

grant execute on all functions in schema realtime
    to anon, authenticated, service_role, supabase_realtime_admin;
revoke execute on function realtime.topic from anon, authenticated, service_role;
revoke execute on function realtime.wal2json_escape_identifier
    from anon, authenticated, service_role, supabase_realtime_admin;

create function realtime.list_changes(
    publication name,
    slot_name name,
    max_changes integer,
    max_record_bytes integer
)
returns table (
    wal jsonb,
    is_rls_enabled boolean,
    subscription_ids uuid[],
    errors text[],
    slot_changes_count bigint
)
language plpgsql
as $$
begin
    raise exception using errcode = '0A000',
        message = 'realtime.list_changes serves the realtime server, which is not here';
end
$$;

-- A message goes out when somebody listens; here it is only kept.
create function realtime.send(
    payload jsonb,
    event text,
    topic text,
    private boolean default true
)
returns void
language plpgsql
as $$
begin
    insert into realtime.messages (payload, event, topic, private, extension)
    values (payload, event, topic, private, 'broadcast');
exception when others then
    raise warning 'realtime.send: %', sqlerrm;
end
$$;

create function realtime.send_binary(
    payload bytea,
    event text,
    topic text,
    private boolean default true
)
returns void
language plpgsql
as $$
begin
    insert into realtime.messages (binary_payload, event, topic, private, extension)
    values (payload, event, topic, private, 'broadcast');
exception when others then
    raise warning 'realtime.send_binary: %', sqlerrm;
end
$$;

create function realtime.broadcast_changes(
    topic_name text,
    event_name text,
    operation text,
    table_name text,
    table_schema text,
    new record,
    old record,
    level text default 'ROW'
)
returns void
language plpgsql
as $$
begin
    if level = 'STATEMENT' then
        raise exception 'realtime.broadcast_changes is for triggers of each row';
    end if;
    if operation not in ('INSERT', 'UPDATE', 'DELETE') then
        raise exception 'unexpected operation %', operation;
    end if;
    perform realtime.send(
        jsonb_build_object(
            'record', new,
            'old_record', old,
            'operation', operation,
            'table', table_name,
            'schema', table_schema
        ),
        event_name,
        topic_name
    );
end
$$;

grant all on realtime.subscription, realtime.schema_migrations
    to postgres, dashboard_user, supabase_realtime_admin;
grant select on realtime.subscription, realtime.schema_migrations
    to anon, authenticated, service_role;

reset role;
