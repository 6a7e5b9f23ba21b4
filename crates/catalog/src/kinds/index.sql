select i.indexrelid as oid, n.nspname as k1, x.relname as k2, '1259:' || i.indrelid as within,
    pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(c.relname) as "table",
    'create ' || case when i.indisunique then 'unique ' else '' end || 'index '
        || pg_catalog.quote_ident(x.relname) || ' on '
        || case when c.relkind = 'p' and exists (
                select from pg_catalog.pg_inherits h where h.inhparent = c.oid)
            and not exists (select from pg_catalog.pg_inherits h where h.inhparent = x.oid)
            then 'only ' else '' end
        || pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(c.relname)
        || ' using ' || am.amname || ' ('
        || (select pg_catalog.string_agg(
                case when k <= i.indnkeyatts then
                    case when i.indkey[k - 1] = 0
                        then pg_catalog.pg_get_indexdef(i.indexrelid, k, false)
                        else pg_catalog.quote_ident(a.attname) end
                    || case when i.indcollation[k - 1] <> 0
                        and i.indcollation[k - 1] <> coalesce(nullif(a.attcollation, 0), xt.typcollation)
                        then ' collate ' || pg_catalog.quote_ident(con.nspname) || '.'
                            || pg_catalog.quote_ident(co.collname) else '' end
                    || case when not oc.opcdefault or xa.attoptions is not null
                        then ' ' || pg_catalog.quote_ident(ocn.nspname) || '.'
                            || pg_catalog.quote_ident(oc.opcname) else '' end
                    || case when xa.attoptions is not null then ' ('
                        || (select pg_catalog.string_agg(pg_catalog.quote_ident(
                                pg_catalog.split_part(o, '=', 1)) || '='
                                || pg_catalog.quote_literal(
                                    pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1)), ', ')
                            from pg_catalog.unnest(xa.attoptions) o) || ')' else '' end
                    || case when i.indoption[k - 1] & 1 = 1
                        then ' desc' || case when i.indoption[k - 1] & 2 = 0 then ' nulls last' else '' end
                        else case when i.indoption[k - 1] & 2 = 2 then ' nulls first' else '' end end
                end, ', ' order by k)
            from pg_catalog.generate_series(1, i.indnkeyatts::integer) k
            join pg_catalog.pg_attribute xa on xa.attrelid = i.indexrelid and xa.attnum = k
            join pg_catalog.pg_type xt on xt.oid = xa.atttypid
            left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[k - 1]
                and i.indkey[k - 1] <> 0
            left join pg_catalog.pg_collation co on co.oid = i.indcollation[k - 1]
            left join pg_catalog.pg_namespace con on con.oid = co.collnamespace
            join pg_catalog.pg_opclass oc on oc.oid = i.indclass[k - 1]
            join pg_catalog.pg_namespace ocn on ocn.oid = oc.opcnamespace)
        || ')'
        || coalesce((select ' include (' || pg_catalog.string_agg(
                pg_catalog.quote_ident(a.attname), ', ' order by k) || ')'
            from pg_catalog.generate_series(i.indnkeyatts + 1, i.indnatts::integer) k
            join pg_catalog.pg_attribute a
                on a.attrelid = i.indrelid and a.attnum = i.indkey[k - 1]), '')
        || case when (pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean
            then ' nulls not distinct' else '' end
        || e'\x01'
        || coalesce(' where ' || pg_catalog.pg_get_expr(i.indpred, i.indrelid), '') as definition,
    (select pg_catalog.array_agg(o order by o) from pg_catalog.unnest(x.reloptions) o) as options,
    s.spcname as tablespace,
    (select pg_catalog.string_agg(xa.attnum || '=' || xa.attstattarget, ' ' order by xa.attnum)
        from pg_catalog.pg_attribute xa
        where xa.attrelid = i.indexrelid and xa.attstattarget >= 0) as statistics,
    case when not i.indisvalid and c.relkind <> 'p' then 't' end as invalid,
    nullif(i.indisreplident, false) as replica_identity,
    nullif(i.indisclustered, false) as clustered
from pg_catalog.pg_index i
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = x.relnamespace
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace tn on tn.oid = c.relnamespace
join pg_catalog.pg_am am on am.oid = x.relam
left join pg_catalog.pg_tablespace s on s.oid = x.reltablespace
where x.oid >= 16384 and x.relpersistence <> 't' and not x.relispartition and c.relkind in ('r', 'p', 'm')
    and not exists (select from pg_catalog.pg_constraint k
        where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
