-- Partitions are made by the real extension only.

create table part_config (
    parent_table text primary key,
    control text not null,
    partition_interval text not null,
    partition_type text not null default 'range',
    premake integer not null default 4,
    retention text,
    retention_keep_table boolean not null default true,
    infinite_time_partitions boolean not null default false,
    automatic_maintenance text not null default 'on'
);
create function create_parent(
    p_parent_table text,
    p_control text,
    p_interval text,
    p_type text default 'range',
    p_epoch text default 'none',
    p_premake integer default 4,
    p_start_partition text default null,
    p_default_table boolean default true,
    p_automatic_maintenance text default 'on'
)
returns boolean
language plpgsql as @unavailable@;
create function run_maintenance(
    p_parent_table text default null,
    p_analyze boolean default false,
    p_jobmon boolean default true
)
returns void
language plpgsql as @unavailable@;
create procedure run_maintenance_proc(
    p_wait integer default 0,
    p_analyze boolean default null,
    p_jobmon boolean default true
)
language plpgsql as @unavailable@;
