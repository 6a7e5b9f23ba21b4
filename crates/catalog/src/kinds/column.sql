select a.attrelid as oid, a.attnum as sub, n.nspname as k1, c.relname as k2, a.attname as k3,
    case when a.attgenerated <> '' then '2604:' || d.oid end as also,
    case c.relkind when 'f' then '1259:' || c.oid end as within,
    pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
    case when a.attcollation <> 0 and a.attcollation <> t.typcollation then
        pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
    end as collation,
    nullif(a.attnotnull, false) as not_null,
    nullif(a.attidentity, '') as identity,
    case when a.attidentity <> '' then (
        select pg_catalog.format('start with %s increment by %s minvalue %s maxvalue %s cache %s%s',
            s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
            case when s.seqcycle then ' cycle' else ' no cycle' end)
        from pg_catalog.pg_depend i join pg_catalog.pg_sequence s on s.seqrelid = i.objid
        where i.classid = 1259 and i.refclassid = 1259 and i.refobjid = a.attrelid
            and i.refobjsubid = a.attnum and i.deptype = 'i') end as identity_options,
    case when a.attidentity <> '' then (
        select pg_catalog.quote_ident(sn.nspname) || '.' || pg_catalog.quote_ident(s.relname)
        from pg_catalog.pg_depend i join pg_catalog.pg_class s on s.oid = i.objid
        join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
        where i.classid = 1259 and i.refclassid = 1259 and i.refobjid = a.attrelid
            and i.refobjsubid = a.attnum and i.deptype = 'i') end as identity_sequence,
    nullif(a.attgenerated, '') as generated,
    case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end as expression,
    case when a.attstorage <> t.typstorage then a.attstorage end as storage,
    nullif(a.attcompression, '') as compression,
    case when a.attstattarget >= 0 then a.attstattarget end as statistics,
    a.attoptions as options,
    a.attfdwoptions as fdw_options
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_attrdef d
    on a.attgenerated <> '' and d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_catalog.pg_collation co on co.oid = a.attcollation
left join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f') and c.oid >= 16384
    and c.relpersistence <> 't' and not c.relispartition and c.reloftype = 0
    and (a.attislocal or a.attinhcount = 0)
