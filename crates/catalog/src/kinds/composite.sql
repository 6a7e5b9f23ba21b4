select c.oid, n.nspname as k1, c.relname as k2,
    '1247:' || t.oid || ' 1247:' || t.typarray as also,
    pg_catalog.pg_get_userbyid(t.typowner) as owner,
    t.typacl as acl,
    case when t.typacl is not null then pg_catalog.acldefault('T', t.typowner) end as born,
    (select pg_catalog.array_agg(a.attname || e'\x01'
                || pg_catalog.format_type(a.atttypid, a.atttypmod)
                || case when a.attcollation <> 0 and a.attcollation <> at.typcollation
                    then e'\x01' || pg_catalog.quote_ident(cn.nspname) || '.'
                        || pg_catalog.quote_ident(co.collname) else '' end
            order by a.attnum)
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type at on at.oid = a.atttypid
        left join pg_catalog.pg_collation co on co.oid = a.attcollation
        left join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as attributes
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = c.reltype
where c.relkind = 'c' and c.oid >= 16384 and n.nspname !~ '^pg_temp_'
