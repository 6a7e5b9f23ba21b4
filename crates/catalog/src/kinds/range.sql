select t.oid, n.nspname as k1, t.typname as k2,
    pg_catalog.concat_ws(' ', '1247:' || t.typarray, '1247:' || m.oid, '1247:' || m.typarray,
        (select pg_catalog.string_agg('1255:' || d.objid, ' ')
            from pg_catalog.pg_depend d
            where d.classid = 1255 and d.refclassid = 1247 and d.refobjid in (t.oid, m.oid)
                and d.deptype = 'i'),
        (select '2605:' || k.oid from pg_catalog.pg_cast k
            where k.castsource = t.oid and k.casttarget = m.oid)) as also,
    case when r.rngcanonical <> 0 then '1247:' || t.oid || ':-1' end as refs,
    pg_catalog.pg_get_userbyid(t.typowner) as owner,
    t.typacl as acl,
    case when t.typacl is not null then pg_catalog.acldefault('T', t.typowner) end as born,
    pg_catalog.format_type(r.rngsubtype, null) as subtype,
    case when not o.opcdefault then
        pg_catalog.quote_ident(os.nspname) || '.' || pg_catalog.quote_ident(o.opcname)
    end as opclass,
    case when r.rngcollation <> 0 and r.rngcollation <> s.typcollation then
        pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(c.collname)
    end as collation,
    nullif(r.rngcanonical, 0)::pg_catalog.regproc as canonical,
    nullif(r.rngsubdiff, 0)::pg_catalog.regproc as diff,
    case when m.typnamespace <> t.typnamespace or m.typname <> case
            when t.typname like '%range%'
                then pg_catalog.regexp_replace(t.typname, 'range', 'multirange')
            else pg_catalog.left(t.typname, 52) || '_multirange' end then
        pg_catalog.quote_ident(mn.nspname) || '.' || pg_catalog.quote_ident(m.typname)
    end as multirange
from pg_catalog.pg_range r
join pg_catalog.pg_type t on t.oid = r.rngtypid
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
join pg_catalog.pg_type s on s.oid = r.rngsubtype
join pg_catalog.pg_type m on m.oid = r.rngmultitypid
join pg_catalog.pg_namespace mn on mn.oid = m.typnamespace
join pg_catalog.pg_opclass o on o.oid = r.rngsubopc
join pg_catalog.pg_namespace os on os.oid = o.opcnamespace
left join pg_catalog.pg_collation c on c.oid = r.rngcollation
left join pg_catalog.pg_namespace cn on cn.oid = c.collnamespace
where t.oid >= 16384 and n.nspname !~ '^pg_temp_'
