with candidate (class, object) as (
    select 2601, oid from pg_catalog.pg_am
    union all select 2605, oid from pg_catalog.pg_cast
    union all select 3456, oid from pg_catalog.pg_collation
    union all select 2607, oid from pg_catalog.pg_conversion
    union all select 3466, oid from pg_catalog.pg_event_trigger
    union all select 2328, oid from pg_catalog.pg_foreign_data_wrapper
    union all select 1417, oid from pg_catalog.pg_foreign_server
    union all select 2612, oid from pg_catalog.pg_language
    union all select 2616, oid from pg_catalog.pg_opclass
    union all select 2617, oid from pg_catalog.pg_operator where oprcode <> 0
    union all select 2753, oid from pg_catalog.pg_opfamily
    union all select 6104, oid from pg_catalog.pg_publication
    union all select 3381, oid from pg_catalog.pg_statistic_ext
    union all select 3576, oid from pg_catalog.pg_transform
    union all select 3602, oid from pg_catalog.pg_ts_config
    union all select 3600, oid from pg_catalog.pg_ts_dict
    union all select 3601, oid from pg_catalog.pg_ts_parser
    union all select 3764, oid from pg_catalog.pg_ts_template
    union all select 1418, umid from pg_catalog.pg_user_mappings
    union all select 2613, oid from pg_catalog.pg_largeobject_metadata
    union all select 1255, oid from pg_catalog.pg_proc where prokind = 'a'
    union all select 1247, oid from pg_catalog.pg_type t
        where typtype in ('b', 'r', 'p') and not exists (
            select from pg_catalog.pg_type e where e.typarray = t.oid)
    union all select 1259, oid from pg_catalog.pg_class
        where relkind not in ('i', 'I', 't', 'r', 'p', 'v', 'm', 'S', 'c') and relpersistence <> 't'
)
select class, object, pg_catalog.pg_describe_object(class, object, 0)
from candidate where object >= 16384
