select t.oid, n.nspname as k1, t.typname as k2, '1247:' || t.typarray as also,
    '1247:' || t.oid || ':-1' as refs,
    pg_catalog.pg_get_userbyid(t.typowner) as owner,
    t.typacl as acl,
    case when t.typacl is not null then pg_catalog.acldefault('T', t.typowner) end as born,
    t.typinput::pg_catalog.regproc as input,
    t.typoutput::pg_catalog.regproc as output,
    nullif(t.typreceive, 0)::pg_catalog.regproc as receive,
    nullif(t.typsend, 0)::pg_catalog.regproc as send,
    nullif(t.typmodin, 0)::pg_catalog.regproc as typmod_in,
    nullif(t.typmodout, 0)::pg_catalog.regproc as typmod_out,
    nullif(t.typanalyze, 0)::pg_catalog.regproc as analyze,
    nullif(t.typsubscript, 0)::pg_catalog.regproc as subscript,
    case when t.typlen < 0 then 'variable' else t.typlen::text end as internallength,
    case when t.typbyval then 'true' end as passedbyvalue,
    case t.typalign when 'c' then 'char' when 's' then 'int2' when 'd' then 'double'
        else 'int4' end as alignment,
    case t.typstorage when 'e' then 'external' when 'x' then 'extended' when 'm' then 'main'
        else 'plain' end as storage,
    pg_catalog.quote_literal(nullif(t.typcategory, 'U')::text) as category,
    case when t.typispreferred then 'true' end as preferred,
    pg_catalog.quote_literal(t.typdefault) as default,
    pg_catalog.format_type(nullif(t.typelem, 0), null) as element,
    pg_catalog.quote_literal(nullif(t.typdelim, ',')::text) as delimiter,
    case when t.typcollation <> 0 then 'true' end as collatable
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.typtype = 'b' and t.oid >= 16384 and n.nspname !~ '^pg_temp_'
    and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid)
