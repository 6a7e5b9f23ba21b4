-- All of it works: it needs nothing but hashes, which Postgres has.

create function url_encode(data bytea) returns text
language sql immutable
as $$ select translate(encode(data, 'base64'), E'+/=\n', '-_') $$;

create function url_decode(data text) returns bytea
language sql immutable
as $$
    select decode(
        rpad(translate(data, '-_', '+/'), (length(data) + 3) / 4 * 4, '='), 'base64'
    )
$$;

create function algorithm_sign(signables text, secret text, algorithm text) returns text
language plpgsql immutable
as $$
declare
    block integer := case when algorithm = 'HS256' then 64 else 128 end;
    key bytea := convert_to(secret, 'UTF8');
    inner_pad bytea;
    outer_pad bytea;
    hash text := case algorithm
        when 'HS256' then 'sha256'
        when 'HS384' then 'sha384'
        when 'HS512' then 'sha512'
    end;
    digest bytea;
begin
    if hash is null then
        raise exception 'Cannot use "%": No such hash algorithm', algorithm;
    end if;
    if length(key) > block then
        execute format('select pg_catalog.%I($1)', hash) into key using key;
    end if;
    inner_pad := decode(repeat('36', block), 'hex');
    outer_pad := decode(repeat('5c', block), 'hex');
    for i in 0 .. length(key) - 1 loop
        inner_pad := set_byte(inner_pad, i, get_byte(key, i) # 54);
        outer_pad := set_byte(outer_pad, i, get_byte(key, i) # 92);
    end loop;
    execute format('select pg_catalog.%1$I($1 || pg_catalog.%1$I($2))', hash)
    into digest
    using outer_pad, inner_pad || convert_to(signables, 'UTF8');
    return @extschema@.url_encode(digest);
end
$$;

create function sign(payload json, secret text, algorithm text default 'HS256') returns text
language sql immutable
as $$
    select part || '.' || @extschema@.algorithm_sign(part, secret, algorithm)
    from (
        select @extschema@.url_encode(convert_to(
                format('{"alg":"%s","typ":"JWT"}', algorithm), 'UTF8'
            ))
            || '.' || @extschema@.url_encode(convert_to(payload::text, 'UTF8')) as part
    ) as signables
$$;

create function try_cast_double(inp text) returns double precision
language plpgsql immutable
as $$
begin
    return inp::double precision;
exception when others then
    return null;
end
$$;

create function verify(token text, secret text, algorithm text default 'HS256')
returns table (header json, payload json, valid boolean)
language sql immutable
as $$
    select t.header, t.payload,
        t.is_signed and tstzrange(
            to_timestamp(@extschema@.try_cast_double(t.payload ->> 'nbf')),
            to_timestamp(@extschema@.try_cast_double(t.payload ->> 'exp'))
        ) @> current_timestamp
    from (
        select convert_from(@extschema@.url_decode(part[1]), 'UTF8')::json as header,
            convert_from(@extschema@.url_decode(part[2]), 'UTF8')::json as payload,
            part[3] = @extschema@.algorithm_sign(part[1] || '.' || part[2], secret, algorithm)
                as is_signed
        from regexp_split_to_array(token, '\.') as part
    ) as t
$$;
