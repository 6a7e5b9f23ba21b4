select p.oid, n.nspname as k1, p.proname as k2, pg_catalog.oidvectortypes(p.proargtypes) as k3,
    pg_catalog.pg_get_userbyid(p.proowner) as owner,
    p.proacl as acl,
    case when p.proacl is not null then pg_catalog.acldefault('f', p.proowner) end as born,
    pg_catalog.pg_get_function_identity_arguments(p.oid) as arguments,
    pg_catalog.pg_get_function_result(p.oid) as result,
    pg_catalog.array_remove(array[
        'sfunc = ' || a.aggtransfn::pg_catalog.regproc,
        'stype = ' || pg_catalog.format_type(a.aggtranstype, null),
        'sspace = ' || nullif(a.aggtransspace, 0),
        'finalfunc = ' || nullif(a.aggfinalfn, 0)::pg_catalog.regproc,
        case when a.aggfinalextra then 'finalfunc_extra' end,
        case when a.aggfinalfn <> 0 and a.aggfinalmodify <> case a.aggkind when 'n' then 'r' else 'w' end
            then 'finalfunc_modify = ' || case a.aggfinalmodify when 'r' then 'read_only'
                when 's' then 'shareable' else 'read_write' end end,
        'combinefunc = ' || nullif(a.aggcombinefn, 0)::pg_catalog.regproc,
        'serialfunc = ' || nullif(a.aggserialfn, 0)::pg_catalog.regproc,
        'deserialfunc = ' || nullif(a.aggdeserialfn, 0)::pg_catalog.regproc,
        'initcond = ' || pg_catalog.quote_literal(a.agginitval),
        'msfunc = ' || nullif(a.aggmtransfn, 0)::pg_catalog.regproc,
        'minvfunc = ' || nullif(a.aggminvtransfn, 0)::pg_catalog.regproc,
        'mstype = ' || pg_catalog.format_type(nullif(a.aggmtranstype, 0), null),
        'msspace = ' || nullif(a.aggmtransspace, 0),
        'mfinalfunc = ' || nullif(a.aggmfinalfn, 0)::pg_catalog.regproc,
        case when a.aggmfinalextra then 'mfinalfunc_extra' end,
        case when a.aggmfinalfn <> 0 and a.aggmfinalmodify <> case a.aggkind when 'n' then 'r' else 'w' end
            then 'mfinalfunc_modify = ' || case a.aggmfinalmodify when 'r' then 'read_only'
                when 's' then 'shareable' else 'read_write' end end,
        'minitcond = ' || pg_catalog.quote_literal(a.aggminitval),
        'sortop = operator(' || pg_catalog.quote_ident(sn.nspname) || '.' || s.oprname || ')',
        case p.proparallel when 's' then 'parallel = safe' when 'r' then 'parallel = restricted' end,
        case when a.aggkind = 'h' then 'hypothetical' end
    ], null) as options
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_aggregate a on a.aggfnoid = p.oid
left join pg_catalog.pg_operator s on s.oid = a.aggsortop
left join pg_catalog.pg_namespace sn on sn.oid = s.oprnamespace
where p.oid >= 16384 and p.prokind = 'a' and n.nspname !~ '^pg_temp_'
