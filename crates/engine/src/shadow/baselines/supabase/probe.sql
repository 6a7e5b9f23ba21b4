select case
    when pg_catalog.to_regclass('auth.users') is null
        or pg_catalog.to_regrole('authenticated') is null
        then null
    when exists (
        select
        from pg_catalog.pg_default_acl as d,
            pg_catalog.aclexplode(d.defaclacl) as a
        where d.defaclrole = pg_catalog.to_regrole('postgres')
            and d.defaclnamespace = pg_catalog.to_regnamespace('public')
            and d.defaclobjtype = 'r'
            and a.grantee = pg_catalog.to_regrole('anon')
            and a.privilege_type = 'SELECT'
    )
        then 'auto-expose'
    else 'explicit-grants'
end as variant
