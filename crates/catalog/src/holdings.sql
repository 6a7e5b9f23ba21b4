with own_relation as (
    select c.oid, c.relname, c.relkind, c.relispartition, n.nspname
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'
        and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
)
select case r.relkind when 'm' then 'materialized view' else 'table' end as kind,
    'relation ' || r.oid as id,
    case when r.relispartition then 'relation ' || pg_catalog.pg_partition_root(r.oid)::oid end as within,
    r.nspname as schema, r.relname as name, null as part,
    case r.relkind when 'r' then pg_catalog.pg_relation_filenode(r.oid) end as file
from own_relation r
union all
select case when a.attislocal then 'column' else 'inherited column' end,
    'column ' || r.oid || '.' || a.attnum, 'relation ' || r.oid,
    r.nspname, r.relname, a.attname, null
from own_relation r
join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
where r.relkind <> 'm'
union all
select 'enum label', 'label ' || e.oid, null, n.nspname, t.typname, e.enumlabel, null
from pg_catalog.pg_enum e
join pg_catalog.pg_type t on t.oid = e.enumtypid
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where n.nspname not like 'pg\_%'
