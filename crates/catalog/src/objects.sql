with own_schema as (
    select oid, nspname, pg_catalog.quote_ident(nspname) as name, nspowner, nspacl
    from pg_catalog.pg_namespace
    where nspname not like 'pg\_%' and nspname <> 'information_schema'
), member as (
    select classid, objid from pg_catalog.pg_depend where deptype = 'e'
), own_relation as (
    select c.*, n.name as schema, n.name || '.' || pg_catalog.quote_ident(c.relname) as name
    from pg_catalog.pg_class c
    join own_schema n on n.oid = c.relnamespace
    where c.relpersistence <> 't'
        and (c.oid, 'pg_catalog.pg_class'::regclass) not in (select objid, classid::regclass from member)
), object (kind, name, definition) as (
    select 'schema', n.name,
        pg_catalog.concat_ws('|', n.nspowner::regrole, n.nspacl)
    from own_schema n
    where (n.oid, 'pg_catalog.pg_namespace'::regclass) not in (select objid, classid::regclass from member)
    union all
    select 'extension', pg_catalog.quote_ident(e.extname),
        pg_catalog.concat_ws('|', e.extversion, e.extnamespace::regnamespace)
    from pg_catalog.pg_extension e
    union all
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
            when 'S' then 'sequence' when 'f' then 'foreign table' when 'c' then 'composite type'
            else 'table' end,
        c.name,
        pg_catalog.concat_ws('|', c.relkind, c.relpersistence, am.amname, c.relrowsecurity,
            c.relforcerowsecurity, c.relreplident, c.relispartition, c.reloptions,
            c.relowner::regrole, c.relacl,
            case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
            case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
            pg_catalog.pg_get_expr(c.relpartbound, c.oid),
            (select pg_catalog.string_agg(i.inhparent::regclass::text, ',' order by i.inhseqno)
                from pg_catalog.pg_inherits i where i.inhrelid = c.oid),
            (select pg_catalog.concat_ws(',', s.seqtypid::regtype, s.seqstart, s.seqincrement,
                    s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
                from pg_catalog.pg_sequence s where s.seqrelid = c.oid),
            (select pg_catalog.concat_ws(',', s.srvname, f.ftoptions)
                from pg_catalog.pg_foreign_table f
                join pg_catalog.pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid))
    from own_relation c
    left join pg_catalog.pg_am am on am.oid = c.relam
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    union all
    select 'column', c.name || '.' || pg_catalog.quote_ident(a.attname),
        pg_catalog.concat_ws('|',
            (select count(*) from pg_catalog.pg_attribute b
                where b.attrelid = a.attrelid and b.attnum between 1 and a.attnum
                    and not b.attisdropped),
            pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
            a.attgenerated, pg_catalog.pg_get_expr(d.adbin, d.adrelid),
            case when a.attcollation <> 0 then a.attcollation::regcollation end,
            a.attstorage, a.attstattarget, a.attislocal, a.attinhcount, a.attoptions,
            a.attfdwoptions, a.attacl)
    from own_relation c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
    union all
    select 'constraint', c.name || '.' || pg_catalog.quote_ident(k.conname),
        pg_catalog.concat_ws('|', pg_catalog.pg_get_constraintdef(k.oid), k.convalidated,
            k.condeferrable, k.condeferred, k.conislocal, k.coninhcount)
    from own_relation c
    join pg_catalog.pg_constraint k on k.conrelid = c.oid
    union all
    select 'domain constraint',
        k.contypid::regtype::text || '.' || pg_catalog.quote_ident(k.conname),
        pg_catalog.concat_ws('|', pg_catalog.pg_get_constraintdef(k.oid), k.convalidated)
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_type t on t.oid = k.contypid
    join own_schema n on n.oid = t.typnamespace
    union all
    select 'index', c.name,
        pg_catalog.concat_ws('|', pg_catalog.pg_get_indexdef(c.oid), i.indisvalid, i.indisunique,
            i.indisclustered, i.indisreplident, c.reloptions)
    from own_relation c
    join pg_catalog.pg_index i on i.indexrelid = c.oid
    union all
    select 'function',
        p.oid::regprocedure::text,
        pg_catalog.concat_ws('|', p.prokind, p.proowner::regrole, p.proacl,
            case when p.prokind = 'a' then
                (select pg_catalog.concat_ws(',', g.aggkind, g.aggnumdirectargs,
                        g.aggtransfn::regprocedure, g.aggfinalfn, g.aggcombinefn, g.aggserialfn,
                        g.aggdeserialfn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn,
                        g.aggsortop::regoper, g.aggtranstype::regtype, g.agginitval,
                        g.aggminitval)
                    from pg_catalog.pg_aggregate g where g.aggfnoid = p.oid)
                || pg_catalog.pg_get_function_result(p.oid)
            else pg_catalog.pg_get_functiondef(p.oid) end)
    from pg_catalog.pg_proc p
    join own_schema n on n.oid = p.pronamespace
    where (p.oid, 'pg_catalog.pg_proc'::regclass) not in (select objid, classid::regclass from member)
    union all
    select 'trigger', c.name || '.' || pg_catalog.quote_ident(t.tgname),
        pg_catalog.concat_ws('|', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)
    from own_relation c
    join pg_catalog.pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
    union all
    select 'rule', c.name || '.' || pg_catalog.quote_ident(r.rulename),
        pg_catalog.concat_ws('|', pg_catalog.pg_get_ruledef(r.oid), r.ev_enabled)
    from own_relation c
    join pg_catalog.pg_rewrite r on r.ev_class = c.oid and r.rulename <> '_RETURN'
    union all
    select 'policy', c.name || '.' || pg_catalog.quote_ident(p.polname),
        pg_catalog.concat_ws('|', p.polcmd, p.polpermissive,
            (select pg_catalog.string_agg(case r when 0 then 'public' else r::regrole::text end,
                    ',' order by case r when 0 then 'public' else r::regrole::text end)
                from pg_catalog.unnest(p.polroles) r),
            pg_catalog.pg_get_expr(p.polqual, p.polrelid),
            pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_catalog.pg_policy p
    join pg_catalog.pg_class r on r.oid = p.polrelid
    join lateral (select p.polrelid::regclass::text as name) c on true
    union all
    select 'type', t.oid::regtype::text,
        pg_catalog.concat_ws('|', t.typtype, t.typowner::regrole, t.typacl, t.typnotnull,
            t.typdefault, case when t.typbasetype <> 0
                then pg_catalog.format_type(t.typbasetype, t.typtypmod) end,
            case when t.typcollation <> 0 then t.typcollation::regcollation end,
            (select pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ','
                    order by e.enumsortorder)
                from pg_catalog.pg_enum e where e.enumtypid = t.oid),
            (select pg_catalog.concat_ws(',', r.rngsubtype::regtype, r.rngcollation::regcollation,
                    r.rngcanonical, r.rngsubdiff)
                from pg_catalog.pg_range r where r.rngtypid = t.oid))
    from pg_catalog.pg_type t
    join own_schema n on n.oid = t.typnamespace
    where t.typtype in ('e', 'd', 'r', 'b') and t.typelem = 0
        and (t.oid, 'pg_catalog.pg_type'::regclass) not in (select objid, classid::regclass from member)
    union all
    select 'event trigger', pg_catalog.quote_ident(e.evtname),
        pg_catalog.concat_ws('|', e.evtevent, e.evtfoid::regprocedure, e.evtenabled, e.evttags,
            e.evtowner::regrole)
    from pg_catalog.pg_event_trigger e
    where (e.oid, 'pg_catalog.pg_event_trigger'::regclass)
        not in (select objid, classid::regclass from member)
    union all
    select 'publication', pg_catalog.quote_ident(p.pubname),
        pg_catalog.concat_ws('|', p.pubowner::regrole, p.puballtables, p.pubinsert, p.pubupdate,
            p.pubdelete, p.pubtruncate, p.pubviaroot,
            (select pg_catalog.string_agg(pg_catalog.quote_ident(t.schemaname) || '.'
                    || pg_catalog.quote_ident(t.tablename), ',' order by t.schemaname, t.tablename)
                from pg_catalog.pg_publication_tables t where t.pubname = p.pubname))
    from pg_catalog.pg_publication p
    union all
    select 'default privileges', pg_catalog.concat_ws(' ', a.defaclrole::regrole,
            case when a.defaclnamespace <> 0 then a.defaclnamespace::regnamespace end,
            a.defaclobjtype),
        a.defaclacl::text
    from pg_catalog.pg_default_acl a
    union all
    select i.type, i.identity, o.definition
    from (
        select 'pg_catalog.pg_collation'::regclass as class, c.oid,
            pg_catalog.concat_ws('|', c.collprovider, c.collisdeterministic, c.collcollate,
                c.collctype, c.collowner::regrole) as definition
        from pg_catalog.pg_collation c join own_schema n on n.oid = c.collnamespace
        union all
        select 'pg_catalog.pg_operator'::regclass, p.oid,
            pg_catalog.concat_ws('|', p.oprcode::regprocedure, p.oprcom::regoperator,
                p.oprnegate::regoperator, p.oprrest, p.oprjoin, p.oprcanmerge, p.oprcanhash,
                p.oprowner::regrole)
        from pg_catalog.pg_operator p join own_schema n on n.oid = p.oprnamespace
        union all
        select 'pg_catalog.pg_opclass'::regclass, p.oid,
            pg_catalog.concat_ws('|', p.opcintype::regtype, p.opcdefault, p.opckeytype::regtype)
        from pg_catalog.pg_opclass p join own_schema n on n.oid = p.opcnamespace
        union all
        select 'pg_catalog.pg_opfamily'::regclass, f.oid,
            pg_catalog.concat_ws('|', f.opfowner::regrole,
                (select pg_catalog.string_agg(pg_catalog.concat_ws(',', m.amopstrategy,
                        m.amopopr::regoperator, m.amoppurpose), ';'
                        order by m.amopstrategy, m.amopopr::regoperator::text)
                    from pg_catalog.pg_amop m where m.amopfamily = f.oid),
                (select pg_catalog.string_agg(pg_catalog.concat_ws(',', m.amprocnum,
                        m.amproc::regprocedure), ';' order by m.amprocnum, m.amproc::regprocedure::text)
                    from pg_catalog.pg_amproc m where m.amprocfamily = f.oid))
        from pg_catalog.pg_opfamily f join own_schema n on n.oid = f.opfnamespace
        union all
        select 'pg_catalog.pg_cast'::regclass, c.oid,
            pg_catalog.concat_ws('|', c.castfunc::regprocedure, c.castcontext, c.castmethod)
        from pg_catalog.pg_cast c where c.oid >= 16384
        union all
        select 'pg_catalog.pg_conversion'::regclass, c.oid,
            pg_catalog.concat_ws('|', c.conforencoding, c.contoencoding, c.conproc, c.condefault)
        from pg_catalog.pg_conversion c join own_schema n on n.oid = c.connamespace
        union all
        select 'pg_catalog.pg_ts_config'::regclass, c.oid,
            pg_catalog.concat_ws('|', c.cfgowner::regrole,
                (select pg_catalog.string_agg(pg_catalog.concat_ws(',', m.maptokentype, m.mapseqno,
                        m.mapdict::regdictionary), ';' order by m.maptokentype, m.mapseqno)
                    from pg_catalog.pg_ts_config_map m where m.mapcfg = c.oid))
        from pg_catalog.pg_ts_config c join own_schema n on n.oid = c.cfgnamespace
        union all
        select 'pg_catalog.pg_ts_dict'::regclass, d.oid,
            pg_catalog.concat_ws('|', d.dictowner::regrole, d.dictinitoption)
        from pg_catalog.pg_ts_dict d join own_schema n on n.oid = d.dictnamespace
        union all
        select 'pg_catalog.pg_statistic_ext'::regclass, s.oid,
            pg_catalog.concat_ws('|', s.stxowner::regrole, pg_catalog.pg_get_statisticsobjdef(s.oid))
        from pg_catalog.pg_statistic_ext s join own_schema n on n.oid = s.stxnamespace
        union all
        select 'pg_catalog.pg_foreign_data_wrapper'::regclass, f.oid,
            pg_catalog.concat_ws('|', f.fdwowner::regrole, f.fdwhandler::regproc,
                f.fdwvalidator::regproc, f.fdwacl,
                f.fdwoptions)
        from pg_catalog.pg_foreign_data_wrapper f
        union all
        select 'pg_catalog.pg_foreign_server'::regclass, f.oid,
            pg_catalog.concat_ws('|', f.srvowner::regrole, f.srvtype, f.srvversion, f.srvacl,
                f.srvoptions)
        from pg_catalog.pg_foreign_server f
        union all
        select 'pg_catalog.pg_language'::regclass, l.oid,
            pg_catalog.concat_ws('|', l.lanowner::regrole, l.lanpltrusted, l.lanacl)
        from pg_catalog.pg_language l where l.oid >= 16384
        union all
        select 'pg_catalog.pg_transform'::regclass, t.oid,
            pg_catalog.concat_ws('|', t.trffromsql::regprocedure, t.trftosql::regprocedure)
        from pg_catalog.pg_transform t where t.oid >= 16384
    ) o
    cross join lateral pg_catalog.pg_identify_object(o.class, o.oid, 0) i
    where (o.oid, o.class) not in (select objid, classid::regclass from member)
    union all
    select 'comment', i.type || ' ' || i.identity, d.description
    from pg_catalog.pg_description d
    cross join lateral pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where d.objoid >= 16384 and i.schema is distinct from 'pg_catalog'
        and (d.objoid, d.classoid::regclass) not in (select objid, classid::regclass from member)
        and (i.schema is null or i.schema not like 'pg\_temp%')
    union all
    select 'security label', l.provider || ' ' || l.objtype || ' ' || l.objname, l.label
    from pg_catalog.pg_seclabels l
)
select kind, name, pg_catalog.md5(definition) as checksum
from object
order by kind, name
