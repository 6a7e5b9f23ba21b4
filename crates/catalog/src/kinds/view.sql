select c.oid, n.nspname as k1, c.relname as k2,
    '1247:' || c.reltype || ' 1247:' || t.typarray || ' 2618:' || r.oid as also,
    pg_catalog.pg_get_userbyid(c.relowner) as owner,
    c.relacl as acl,
    case when c.relacl is not null then pg_catalog.acldefault('r', c.relowner) end as born,
    pg_catalog.pg_get_viewdef(c.oid) as definition,
    (select pg_catalog.array_agg(a.attname || ' '
                || pg_catalog.format_type(a.atttypid, a.atttypmod) || ' ' || a.attcollation::pg_catalog.regcollation
            order by a.attnum)
        from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0) as columns,
    (select pg_catalog.array_agg(o order by o) from pg_catalog.unnest(c.reloptions) o) as options,
    (select pg_catalog.array_agg(a.attname || e'\x01' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)
            order by a.attnum)
        from pg_catalog.pg_attrdef d
        join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
        where d.adrelid = c.oid) as defaults
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = c.reltype
join pg_catalog.pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
where c.relkind = 'v' and c.oid >= 16384 and c.relpersistence <> 't'
