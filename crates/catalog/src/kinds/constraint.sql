select k.oid, n.nspname as k1, c.relname as k2, k.conname as k3,
    case c.relkind when 'f' then '1259:' || c.oid end as within,
    case when k.conindid <> 0 and k.contype in ('p', 'u', 'x') then '1259:' || k.conindid end as also,
    case when k.contype = 'f' then '1259:' || k.conindid || ' 1259:' || k.confrelid end as refs,
    k.contype as type,
    pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid),
        '( DEFERRABLE)?( INITIALLY DEFERRED)?( NOT VALID)?$', '') as definition,
    case when not k.convalidated then 't' end as not_valid,
    nullif(k.condeferrable, false) as deferrable,
    nullif(k.condeferred, false) as deferred,
    nullif(i.indisreplident, false) as replica_identity,
    nullif(i.indisclustered, false) as clustered
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_index i on i.indexrelid = k.conindid and k.contype in ('p', 'u', 'x')
where k.contype in ($types) and c.oid >= 16384 and c.relpersistence <> 't'
    and k.conparentid = 0 and (k.conislocal or k.coninhcount = 0)
