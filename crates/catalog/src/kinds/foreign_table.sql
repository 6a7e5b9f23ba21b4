select c.oid, n.nspname as k1, c.relname as k2,
    '1247:' || c.reltype || ' 1247:' || t.typarray as also,
    (select pg_catalog.string_agg('1259:' || i.inhparent, ' ')
        from pg_catalog.pg_inherits i where i.inhrelid = c.oid) as refs,
    pg_catalog.pg_get_userbyid(c.relowner) as owner,
    c.relacl as acl,
    case when c.relacl is not null then pg_catalog.acldefault('r', c.relowner) end as born,
    s.srvname as server,
    $options as options,
    (select pg_catalog.array_agg(
            pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname)
            order by i.inhseqno)
        from pg_catalog.pg_inherits i
        join pg_catalog.pg_class p on p.oid = i.inhparent
        join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
        where i.inhrelid = c.oid) as parents,
    case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end as bound,
    case when not c.relispartition then (select pg_catalog.array_agg(a.attname order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) end as "order"
from pg_catalog.pg_foreign_table f
join pg_catalog.pg_class c on c.oid = f.ftrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = c.reltype
join pg_catalog.pg_foreign_server s on s.oid = f.ftserver
where c.oid >= 16384
