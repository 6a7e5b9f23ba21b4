select c.oid, n.nspname as k1, c.relname as k2,
    '1247:' || c.reltype || ' 1247:' || t.typarray as also,
    (select pg_catalog.string_agg('1259:' || i.inhparent, ' ')
        from pg_catalog.pg_inherits i where i.inhrelid = c.oid) as refs,
    pg_catalog.pg_get_userbyid(c.relowner) as owner,
    c.relacl as acl,
    case when c.relacl is not null then pg_catalog.acldefault('r', c.relowner) end as born,
    case c.relpersistence when 'u' then 'u' end as unlogged,
    case when c.reloftype <> 0 then pg_catalog.format_type(c.reloftype, null) end as of_type,
    case c.relkind when 'p' then pg_catalog.pg_get_partkeydef(c.oid) end as partition_key,
    (select pg_catalog.array_agg(
            pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname)
            order by i.inhseqno)
        from pg_catalog.pg_inherits i
        join pg_catalog.pg_class p on p.oid = i.inhparent
        join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
        where i.inhrelid = c.oid) as parents,
    case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end as bound,
    nullif(am.amname, 'heap') as access_method,
    s.spcname as tablespace,
    (select pg_catalog.array_agg(o order by o)
        from (select pg_catalog.unnest(c.reloptions) union all
            select 'toast.' || pg_catalog.unnest(toast.reloptions)) u (o)) as options,
    nullif(c.relrowsecurity, false) as row_security,
    nullif(c.relforcerowsecurity, false) as row_security_forced,
    nullif(c.relreplident, 'd') as replica_identity,
    case when not c.relispartition then (select pg_catalog.array_agg(a.attname order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) end as "order"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = c.reltype
left join pg_catalog.pg_am am on am.oid = c.relam
left join pg_catalog.pg_tablespace s on s.oid = c.reltablespace
left join pg_catalog.pg_class toast on toast.oid = c.reltoastrelid
where c.relkind in ('r', 'p') and c.oid >= 16384 and c.relpersistence <> 't'
