-- The place of GraphQL; nothing is resolved here.

create function graphql.resolve(
    query text,
    variables jsonb default '{}',
    "operationName" text default null,
    extensions jsonb default null
)
returns jsonb
language plpgsql as @unavailable@;
create function graphql._internal_resolve(
    query text,
    variables jsonb default '{}',
    "operationName" text default null,
    extensions jsonb default null
)
returns jsonb
language plpgsql as @unavailable@;
create function graphql.exception(message text) returns text
language plpgsql
as $$ begin raise exception using errcode = '22000', message = message; end $$;
create function graphql.comment_directive(comment_ text) returns jsonb
language sql immutable
as $$
    select coalesce((regexp_match(comment_, '@graphql\((.+?)\)'))[1]::jsonb, '{}')
$$;
create sequence graphql.seq_schema_version;
create function graphql.get_schema_version() returns integer
language sql security definer
as $$ select last_value::integer from graphql.seq_schema_version $$;
create function graphql.increment_schema_version() returns event_trigger
language plpgsql security definer
as $$ begin perform nextval('graphql.seq_schema_version'); end $$;
grant usage on schema graphql to public;
