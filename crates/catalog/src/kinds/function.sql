select p.oid, n.nspname as k1, p.proname as k2, pg_catalog.oidvectortypes(p.proargtypes) as k3,
    pg_catalog.pg_get_userbyid(p.proowner) as owner,
    p.proacl as acl,
    case when p.proacl is not null then pg_catalog.acldefault('f', p.proowner) end as born,
    pg_catalog.pg_get_functiondef(p.oid) as definition,
    pg_catalog.pg_get_function_result(p.oid) as result,
    pg_catalog.concat_ws(' ', p.proargnames, p.proargmodes) as parameters,
    nullif(p.pronargdefaults, 0) as defaults
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.oid >= 16384 and p.prokind in ($kinds) and n.nspname !~ '^pg_temp_'
    and not exists (select from pg_catalog.pg_depend d
        where d.classid = 1255 and d.objid = p.oid and d.refclassid = 1247 and d.deptype = 'i')
