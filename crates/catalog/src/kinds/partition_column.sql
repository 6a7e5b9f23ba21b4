select 0 as oid, n.nspname as k1, c.relname as k2, a.attname as k3, '1259:' || c.oid as within,
    case when d.oid is not null then '2604:' || d.oid end as also,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) as "default",
    pg_catalog.pg_get_expr(pd.adbin, pd.adrelid) as inherited_default,
    nullif(a.attnotnull, false) as not_null,
    nullif(p.attnotnull, false) as inherited_not_null
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_inherits i on i.inhrelid = c.oid and i.inhseqno = 1
join pg_catalog.pg_attribute p
    on p.attrelid = i.inhparent and p.attname = a.attname and not p.attisdropped
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_catalog.pg_attrdef pd on pd.adrelid = p.attrelid and pd.adnum = p.attnum
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f') and c.oid >= 16384
    and c.relpersistence <> 't' and a.attgenerated = ''
    and (c.relispartition or (a.attinhcount > 0 and not a.attislocal))
    and (a.attnotnull <> p.attnotnull
        or pg_catalog.pg_get_expr(d.adbin, d.adrelid)
            is distinct from pg_catalog.pg_get_expr(pd.adbin, pd.adrelid))
