-- Requests are queued, as with the real extension; no worker ever sends them.

do $$ begin
    if to_regnamespace('net') is null then
        create schema net;
    end if;
end $$;

create domain net.http_method as text
    check (value in ('GET', 'POST', 'DELETE'));
create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
create type net.http_response as (status_code integer, headers jsonb, body text);
create type net.http_response_result as (
    status net.request_status,
    message text,
    response net.http_response
);

create sequence net.http_request_queue_id_seq;
create unlogged table net.http_request_queue (
    id bigint not null default nextval('net.http_request_queue_id_seq'),
    method net.http_method not null,
    url text not null,
    headers jsonb,
    body bytea,
    timeout_milliseconds integer not null
);
alter sequence net.http_request_queue_id_seq owned by net.http_request_queue.id;

create unlogged table net._http_response (
    id bigint,
    status_code integer,
    content_type text,
    headers jsonb,
    content text,
    timed_out boolean,
    error_msg text,
    created timestamptz not null default now()
);
create index _http_response_created_idx on net._http_response (created);

create function net._urlencode_string(string varchar) returns text
language sql immutable
as $$
    select string_agg(
        case
            when character ~ '[A-Za-z0-9_.~-]' then character
            else regexp_replace(
                upper(encode(convert_to(character, 'UTF8'), 'hex')), '(..)', '%\1', 'g'
            )
        end,
        ''
    )
    from regexp_split_to_table(string, '') as character
$$;

create function net._encode_url_with_params_array(url text, params_array text[]) returns text
language sql immutable
as $$
    select url
        || case when position('?' in url) > 0 then '&' else '?' end
        || array_to_string(params_array, '&')
$$;

create function net._queue(
    method text,
    url text,
    params jsonb,
    headers jsonb,
    body bytea,
    timeout_milliseconds integer
)
returns bigint
language plpgsql
as $$
declare
    encoded text[];
    request bigint;
begin
    select array_agg(net._urlencode_string(key) || '=' || net._urlencode_string(value))
    into encoded
    from jsonb_each_text(coalesce(params, '{}'));
    insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
    values (
        method,
        case when encoded is null then url
            else net._encode_url_with_params_array(url, encoded) end,
        headers, body, timeout_milliseconds
    )
    returning id into request;
    return request;
end
$$;

create function net.http_get(
    url text,
    params jsonb default '{}',
    headers jsonb default '{}',
    timeout_milliseconds integer default 5000
)
returns bigint
language sql strict security definer
as $$ select net._queue('GET', url, params, headers, null, timeout_milliseconds) $$;

create function net.http_post(
    url text,
    body jsonb default '{}',
    params jsonb default '{}',
    headers jsonb default '{"Content-Type": "application/json"}',
    timeout_milliseconds integer default 5000
)
returns bigint
language sql security definer
as $$
    select net._queue(
        'POST', url, params, headers, convert_to(body::text, 'UTF8'), timeout_milliseconds
    )
$$;

create function net.http_delete(
    url text,
    params jsonb default '{}',
    headers jsonb default '{}',
    timeout_milliseconds integer default 5000,
    body jsonb default null
)
returns bigint
language sql security definer
as $$
    select net._queue(
        'DELETE', url, params, headers, convert_to(body::text, 'UTF8'), timeout_milliseconds
    )
$$;

create function net._await_response(request_id bigint) returns boolean
language plpgsql strict as @unavailable@;

create function net._http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result
language sql strict security definer
as $$
    select row('PENDING', 'request is pending processing', null)::net.http_response_result
$$;

create function net.http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result
language sql strict security definer
as $$ select net._http_collect_response(request_id, async) $$;

create function net.check_worker_is_up() returns void
language plpgsql as @unavailable@;
create function net.worker_restart() returns boolean
language plpgsql as @unavailable@;

grant usage on schema net to public;
grant select on all tables in schema net to public;
