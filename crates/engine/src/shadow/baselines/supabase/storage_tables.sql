-- What the storage server keeps, as its own migrations leave it.

set local role supabase_storage_admin;

create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');

create table storage.buckets (
    id text primary key,
    name text not null,
    owner uuid,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    public boolean default false,
    avif_autodetection boolean default false,
    file_size_limit bigint,
    allowed_mime_types text[],
    owner_id text,
    type storage.buckettype not null default 'STANDARD',
    versioning_status text not null default 'DISABLED',
    constraint buckets_versioning_dark_check check (versioning_status = 'DISABLED'),
    constraint buckets_versioning_standard_only_check check (
        type = 'STANDARD' or versioning_status = 'DISABLED'
    ),
    constraint buckets_versioning_status_check check (
        versioning_status in ('DISABLED', 'ENABLED', 'SUSPENDED')
    )
);
create unique index bname on storage.buckets (name);
comment on column storage.buckets.owner is
    'Field is deprecated, use owner_id instead';
alter table storage.buckets enable row level security;

create table storage.buckets_analytics (
    name text not null,
    type storage.buckettype not null default 'ANALYTICS',
    format text not null default 'ICEBERG',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    id uuid default gen_random_uuid() primary key,
    deleted_at timestamptz
);
create unique index buckets_analytics_unique_name_idx
    on storage.buckets_analytics (name) where deleted_at is null;
alter table storage.buckets_analytics enable row level security;

create table storage.buckets_vectors (
    id text primary key,
    type storage.buckettype not null default 'VECTOR',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table storage.buckets_vectors enable row level security;

create table storage.iceberg_namespaces (
    id uuid default gen_random_uuid() primary key,
    bucket_name text not null,
    name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    metadata jsonb not null default '{}',
    catalog_id uuid not null
);
create unique index idx_iceberg_namespaces_bucket_id
    on storage.iceberg_namespaces (catalog_id, name);
alter table storage.iceberg_namespaces enable row level security;

create table storage.iceberg_tables (
    id uuid default gen_random_uuid() primary key,
    namespace_id uuid not null,
    bucket_name text not null,
    name text not null,
    location text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    remote_table_id text,
    shard_key text,
    shard_id text,
    catalog_id uuid not null
);
create unique index idx_iceberg_tables_location on storage.iceberg_tables (location);
create unique index idx_iceberg_tables_namespace_id
    on storage.iceberg_tables (catalog_id, namespace_id, name);
alter table storage.iceberg_tables enable row level security;

create table storage.migrations (
    id integer primary key,
    name varchar(100) not null unique,
    hash varchar(40) not null,
    executed_at timestamp default current_timestamp
);
alter table storage.migrations enable row level security;

create table storage.objects (
    id uuid default gen_random_uuid() primary key,
    bucket_id text,
    name text,
    owner uuid,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    last_accessed_at timestamptz default now(),
    metadata jsonb,
    path_tokens text[] generated always as (string_to_array(name, '/')) stored,
    version text,
    owner_id text,
    user_metadata jsonb,
    archived_at timestamptz,
    is_delete_marker boolean not null default false,
    is_versioned boolean not null default false
);
create unique index bucketid_objname on storage.objects (bucket_id, name);
create index idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
create index idx_objects_bucket_id_name_lower
    on storage.objects (bucket_id, lower(name) collate "C");
create index name_prefix_search on storage.objects (name text_pattern_ops);
comment on column storage.objects.owner is
    'Field is deprecated, use owner_id instead';
alter table storage.objects enable row level security;

create table storage.s3_multipart_uploads (
    id text primary key,
    in_progress_size bigint not null default 0,
    upload_signature text not null,
    bucket_id text not null,
    key text not null,
    version text not null,
    owner_id text,
    created_at timestamptz not null default now(),
    user_metadata jsonb,
    metadata jsonb
);
create index idx_multipart_uploads_list
    on storage.s3_multipart_uploads (bucket_id, key, created_at);
alter table storage.s3_multipart_uploads enable row level security;

create table storage.s3_multipart_uploads_parts (
    id uuid default gen_random_uuid() primary key,
    upload_id text not null,
    size bigint not null default 0,
    part_number integer not null,
    bucket_id text not null,
    key text not null,
    etag text not null,
    owner_id text,
    version text not null,
    created_at timestamptz not null default now()
);
alter table storage.s3_multipart_uploads_parts enable row level security;

create table storage.vector_indexes (
    id text default gen_random_uuid() primary key,
    name text not null,
    bucket_id text not null,
    data_type text not null,
    dimension integer not null,
    distance_metric text not null,
    metadata_configuration jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index vector_indexes_name_bucket_id_idx on storage.vector_indexes (name, bucket_id);
alter table storage.vector_indexes enable row level security;

alter table storage.iceberg_namespaces add constraint iceberg_namespaces_catalog_id_fkey
    foreign key (catalog_id) references storage.buckets_analytics(id) on delete cascade;
alter table storage.iceberg_tables add constraint iceberg_tables_catalog_id_fkey
    foreign key (catalog_id) references storage.buckets_analytics(id) on delete cascade;
alter table storage.iceberg_tables add constraint iceberg_tables_namespace_id_fkey
    foreign key (namespace_id) references storage.iceberg_namespaces(id) on delete cascade;
alter table storage.objects add constraint "objects_bucketId_fkey"
    foreign key (bucket_id) references storage.buckets(id);
alter table storage.s3_multipart_uploads add constraint s3_multipart_uploads_bucket_id_fkey
    foreign key (bucket_id) references storage.buckets(id);
alter table storage.s3_multipart_uploads_parts
    add constraint s3_multipart_uploads_parts_bucket_id_fkey
    foreign key (bucket_id) references storage.buckets(id);
alter table storage.s3_multipart_uploads_parts
    add constraint s3_multipart_uploads_parts_upload_id_fkey
    foreign key (upload_id) references storage.s3_multipart_uploads(id) on delete cascade;
alter table storage.vector_indexes add constraint vector_indexes_bucket_id_fkey
    foreign key (bucket_id) references storage.buckets_vectors(id);

grant all on storage.buckets, storage.objects to postgres with grant option;
grant all on storage.buckets, storage.objects, storage.migrations, storage.buckets_analytics,
    storage.buckets_vectors, storage.vector_indexes
    to anon, authenticated, service_role;
grant all on storage.iceberg_namespaces, storage.iceberg_tables, storage.s3_multipart_uploads,
    storage.s3_multipart_uploads_parts
    to service_role;
grant select on storage.iceberg_namespaces, storage.iceberg_tables, storage.s3_multipart_uploads,
    storage.s3_multipart_uploads_parts
    to anon, authenticated;
grant all on storage.buckets_analytics, storage.buckets_vectors, storage.vector_indexes,
    storage.iceberg_namespaces, storage.iceberg_tables, storage.s3_multipart_uploads,
    storage.s3_multipart_uploads_parts
    to postgres;

reset role;
