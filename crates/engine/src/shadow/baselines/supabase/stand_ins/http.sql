-- Types and functions are there; no request leaves this database.

create domain http_method as text;
create domain content_type as text check (value ~ '^\S+\/\S+');
create type http_header as (field varchar, value varchar);
create type http_response as (
    status integer,
    content_type varchar,
    headers http_header[],
    content varchar
);
create type http_request as (
    method http_method,
    uri varchar,
    headers http_header[],
    content_type varchar,
    content varchar
);

create function http_header(field varchar, value varchar) returns http_header
language sql
as $$ select field, value $$;

create function http_headers(variadic args text[]) returns http_header[]
language sql
as $$
    select array_agg(row(args[i], args[i + 1])::http_header order by i)
    from generate_series(1, cardinality(args), 2) as i
$$;

create function http(request http_request) returns http_response
language plpgsql as @unavailable@;
create function http_get(uri varchar) returns http_response
language plpgsql as @unavailable@;
create function http_get(uri varchar, data jsonb) returns http_response
language plpgsql as @unavailable@;
create function http_post(uri varchar, content varchar, content_type varchar)
returns http_response
language plpgsql as @unavailable@;
create function http_post(uri varchar, data jsonb) returns http_response
language plpgsql as @unavailable@;
create function http_put(uri varchar, content varchar, content_type varchar)
returns http_response
language plpgsql as @unavailable@;
create function http_patch(uri varchar, content varchar, content_type varchar)
returns http_response
language plpgsql as @unavailable@;
create function http_delete(uri varchar) returns http_response
language plpgsql as @unavailable@;
create function http_delete(uri varchar, content varchar, content_type varchar)
returns http_response
language plpgsql as @unavailable@;
create function http_head(uri varchar) returns http_response
language plpgsql as @unavailable@;

create function http_set_curlopt(curlopt varchar, value varchar) returns boolean
language sql
as $$ select true $$;
create function http_reset_curlopt() returns boolean
language sql
as $$ select true $$;
create function http_list_curlopt() returns table (curlopt text, value text)
language sql
as $$ select null::text, null::text where false $$;

create function urlencode(string bytea) returns text
language sql strict immutable
as $$
    select string_agg(
        case
            when chr(get_byte(string, i)) ~ '[A-Za-z0-9_.~-]' then chr(get_byte(string, i))
            else '%' || lpad(upper(to_hex(get_byte(string, i))), 2, '0')
        end,
        '' order by i
    )
    from generate_series(0, length(string) - 1) as i
$$;
create function urlencode(string varchar) returns text
language sql strict immutable
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
create function urlencode(data jsonb) returns text
language sql strict immutable
return (
    select string_agg(
        urlencode(key::varchar) || '=' || urlencode(value::varchar), '&'
    )
    from jsonb_each_text(data)
);

create function bytea_to_text(data bytea) returns text
language sql strict immutable
as $$ select convert_from(data, 'UTF8') $$;
create function text_to_bytea(data text) returns bytea
language sql strict immutable
as $$ select convert_to(data, 'UTF8') $$;
