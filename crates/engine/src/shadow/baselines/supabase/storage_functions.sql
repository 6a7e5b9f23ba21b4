-- What policies and clients ask of object names, and the guards of the storage tables.

set local role supabase_storage_admin;

create function storage.foldername(name text) returns text[]
language plpgsql immutable
as $$
declare
    parts text[] := string_to_array(name, '/');
begin
    return parts[1 : cardinality(parts) - 1];
end
$$;

create function storage.filename(name text) returns text
language plpgsql immutable
as $$
declare
    parts text[] := string_to_array(name, '/');
begin
    return parts[cardinality(parts)];
end
$$;

create function storage.extension(name text) returns text
language plpgsql immutable
as $$
begin
    return reverse(split_part(reverse(storage.filename(name)), '.', 1));
end
$$;

create function storage.operation() returns text
language plpgsql stable
as $$
begin
    return current_setting('storage.operation', true);
end
$$;

create function storage.allow_only_operation(expected_operation text) returns boolean
language sql stable
as $$
    select coalesce(
        nullif(regexp_replace(storage.operation(), '^storage\.', ''), '')
            = nullif(regexp_replace(expected_operation, '^storage\.', ''), ''),
        false
    )
$$;

create function storage.allow_any_operation(expected_operations text[]) returns boolean
language sql stable
as $$
    select coalesce(bool_or(storage.allow_only_operation(expected)), false)
    from unnest(expected_operations) as expected
$$;

create function storage.get_size_by_bucket() returns table (size bigint, bucket_id text)
language plpgsql stable
as $$
begin
    return query
    select sum((o.metadata ->> 'size')::bigint)::bigint, o.bucket_id
    from storage.objects as o
    group by o.bucket_id;
end
$$;

-- Tries an insertion as whoever asks, and takes it back.
create function storage.can_insert_object(bucketid text, name text, owner uuid, metadata jsonb)
returns void
language plpgsql
as $$
begin
    insert into storage.objects (bucket_id, name, owner, metadata)
    values (bucketid, name, owner, metadata);
    raise exception using errcode = 'PT200', message = 'ROLLBACK', detail = 'it may be inserted';
end
$$;

create function storage.get_common_prefix(p_key text, p_prefix text, p_delimiter text) returns text
language sql immutable
as $$
    select case
        when position(p_delimiter in substr(p_key, length(p_prefix) + 1)) > 0
        then left(
            p_key,
            length(p_prefix)
                + position(p_delimiter in substr(p_key, length(p_prefix) + 1))
                + length(p_delimiter) - 1
        )
    end
$$;

create function storage.list_objects_with_delimiter(
    _bucket_id text,
    prefix_param text,
    delimiter_param text,
    max_keys integer default 100,
    start_after text default '',
    next_token text default '',
    sort_order text default 'asc'
)
returns table (
    name text,
    id uuid,
    metadata jsonb,
    updated_at timestamptz,
    created_at timestamptz,
    last_accessed_at timestamptz
)
language plpgsql stable
as $$
declare
    after text := coalesce(nullif(next_token, ''), start_after);
    falling boolean := lower(sort_order) = 'desc';
begin
    return query
    with listed as (
        select storage.get_common_prefix(o.name, prefix_param, delimiter_param) as folder, o.*
        from storage.objects as o
        where o.bucket_id = _bucket_id and starts_with(o.name, prefix_param)
    ),
    entries as (
        select distinct on (coalesce(l.folder, l.name))
            coalesce(l.folder, l.name) as key,
            case when l.folder is null then l.id end as id,
            case when l.folder is null then l.metadata end as metadata,
            case when l.folder is null then l.updated_at end as updated_at,
            case when l.folder is null then l.created_at end as created_at,
            case when l.folder is null then l.last_accessed_at end as last_accessed_at
        from listed as l
    )
    select e.key, e.id, e.metadata, e.updated_at, e.created_at, e.last_accessed_at
    from entries as e
    where after = ''
        or not falling and e.key collate "C" > after
        or falling and e.key collate "C" < after
    order by
        case when not falling then e.key end collate "C",
        case when falling then e.key end collate "C" desc
    limit max_keys;
end
$$;

create function storage.list_multipart_uploads_with_delimiter(
    bucket_id text,
    prefix_param text,
    delimiter_param text,
    max_keys integer default 100,
    next_key_token text default '',
    next_upload_token text default ''
)
returns table (key text, id text, created_at timestamptz)
language plpgsql
as $$
begin
    return query
    select distinct on (entry.key) entry.key, entry.id, entry.created_at
    from (
        select
            coalesce(storage.get_common_prefix(u.key, prefix_param, delimiter_param), u.key) as key,
            u.id,
            u.created_at
        from storage.s3_multipart_uploads as u
        where u.bucket_id = list_multipart_uploads_with_delimiter.bucket_id
            and starts_with(u.key, prefix_param)
            and (
                next_key_token = ''
                or u.key collate "C" > next_key_token
                or next_upload_token <> '' and u.key = next_key_token
                    and u.id collate "C" > next_upload_token
            )
    ) as entry
    order by entry.key collate "C", entry.created_at
    limit max_keys;
end
$$;

-- Folders and files below a prefix, a folder being a row without an id.
create function storage.search_by_timestamp(
    p_prefix text,
    p_bucket_id text,
    p_limit integer,
    p_level integer,
    p_start_after text,
    p_sort_order text,
    p_sort_column text,
    p_sort_column_after text
)
returns table (
    key text,
    name text,
    id uuid,
    updated_at timestamptz,
    created_at timestamptz,
    last_accessed_at timestamptz,
    metadata jsonb
)
language plpgsql stable
as $$
declare
    falling boolean := lower(p_sort_order) = 'desc';
    since timestamptz := nullif(p_sort_column_after, '')::timestamptz;
begin
    return query
    with entries as (
        select distinct on (array_to_string(o.path_tokens[:p_level], '/'))
            array_to_string(o.path_tokens[:p_level], '/') as key,
            o.path_tokens[p_level] as name,
            cardinality(o.path_tokens) = p_level as is_file,
            o.*
        from storage.objects as o
        where o.bucket_id = p_bucket_id
            and starts_with(lower(o.name), lower(p_prefix))
            and cardinality(o.path_tokens) >= p_level
    ),
    shown as (
        select
            case when e.is_file then e.key else e.key || '/' end as key,
            e.path_tokens[p_level] as name,
            case when e.is_file then e.id end as id,
            case when e.is_file then e.updated_at end as updated_at,
            case when e.is_file then e.created_at end as created_at,
            case when e.is_file then e.last_accessed_at end as last_accessed_at,
            case when e.is_file then e.metadata end as metadata,
            case p_sort_column
                when 'created_at' then e.created_at
                when 'last_accessed_at' then e.last_accessed_at
                else e.updated_at
            end as stamp
        from entries as e
    )
    select s.key, s.name, s.id, s.updated_at, s.created_at, s.last_accessed_at, s.metadata
    from shown as s
    where since is null
        or not falling and (s.stamp, s.key) > (since, p_start_after)
        or falling and (s.stamp, s.key) < (since, p_start_after)
    order by
        case when not falling then s.stamp end,
        case when falling then s.stamp end desc,
        s.key
    limit p_limit;
end
$$;

create function storage.search_v2(
    prefix text,
    bucket_name text,
    limits integer default 100,
    levels integer default 1,
    start_after text default '',
    sort_order text default 'asc',
    sort_column text default 'name',
    sort_column_after text default ''
)
returns table (
    key text,
    name text,
    id uuid,
    updated_at timestamptz,
    created_at timestamptz,
    last_accessed_at timestamptz,
    metadata jsonb
)
language plpgsql stable
as $$
begin
    if sort_column <> 'name' then
        return query
        select *
        from storage.search_by_timestamp(
            prefix, bucket_name, limits, levels, start_after, sort_order, sort_column,
            sort_column_after
        );
        return;
    end if;
    return query
    select l.name, split_part(l.name, '/', levels), l.id, l.updated_at, l.created_at,
        l.last_accessed_at, l.metadata
    from storage.list_objects_with_delimiter(
        bucket_name, prefix, '/', limits, start_after, '', sort_order
    ) as l;
end
$$;

create function storage.search(
    prefix text,
    bucketname text,
    limits integer default 100,
    levels integer default 1,
    offsets integer default 0,
    search text default '',
    sortcolumn text default 'name',
    sortorder text default 'asc'
)
returns table (
    name text,
    id uuid,
    updated_at timestamptz,
    created_at timestamptz,
    last_accessed_at timestamptz,
    metadata jsonb
)
language plpgsql stable
as $$
declare
    falling boolean := lower(sortorder) = 'desc';
begin
    return query
    select s.name, s.id, s.updated_at, s.created_at, s.last_accessed_at, s.metadata
    from storage.search_by_timestamp(
        prefix || search, bucketname, null, levels, '', 'asc', 'updated_at', ''
    ) as s
    order by
        -- Folders first.
        s.id is not null,
        case when sortcolumn = 'name' and not falling then s.name end,
        case when sortcolumn = 'name' and falling then s.name end desc,
        case when not falling then
            case sortcolumn
                when 'created_at' then s.created_at
                when 'last_accessed_at' then s.last_accessed_at
                else s.updated_at
            end
        end,
        case when falling then
            case sortcolumn
                when 'created_at' then s.created_at
                when 'last_accessed_at' then s.last_accessed_at
                else s.updated_at
            end
        end desc
    limit limits offset offsets;
end
$$;

create function storage.update_updated_at_column() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    return new;
end
$$;

create function storage.enforce_bucket_name_length() returns trigger
language plpgsql
as $$
begin
    if length(new.name) > 100 then
        raise exception 'bucket name "%" is too long (% characters): at most 100', new.name,
            length(new.name);
    end if;
    return new;
end
$$;

create function storage.protect_delete() returns trigger
language plpgsql
as $$
begin
    if coalesce(current_setting('storage.allow_delete_query', true), '') <> 'true' then
        raise exception using
            errcode = '42501',
            message = 'Direct deletion from storage tables is not allowed.'
                ' Use the Storage API instead.',
            hint = 'set storage.allow_delete_query to true where rows alone are to go';
    end if;
    return null;
end
$$;

create trigger enforce_bucket_name_length_trigger
    before insert or update of name on storage.buckets
    for each row execute function storage.enforce_bucket_name_length();
create trigger protect_buckets_delete
    before delete on storage.buckets
    for each statement execute function storage.protect_delete();
create trigger protect_objects_delete
    before delete on storage.objects
    for each statement execute function storage.protect_delete();
create trigger update_objects_updated_at
    before update on storage.objects
    for each row execute function storage.update_updated_at_column();

grant execute on all functions in schema storage to postgres, anon, authenticated, service_role;
grant execute on function storage.foldername, storage.filename, storage.extension
    to dashboard_user;
revoke execute on function storage.foldername, storage.filename, storage.extension
    from postgres;

reset role;
