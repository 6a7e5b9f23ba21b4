//! What the database itself must be asked before it is written down.

use whimbrel_engine::shadow::Baseline;
use whimbrel_engine::state::StateError;
use whimbrel_engine::wire::{Answer, Session};
use whimbrel_sql::{Ident, Literal};

use crate::error::Error;

/// Materialised views that hold what their queries gave.
const FILLED: &str = "\
select pg_catalog.format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm' and c.relispopulated order by c.oid";

/// Every schema but Postgres' own.
const SCHEMAS: &str = "\
select nspname from pg_catalog.pg_namespace
where nspname !~ '^pg_' and nspname <> 'information_schema' order by nspname";

/// Triggers and policies that a project has on a platform's tables; `{}` is a list of schemas.
///
/// A trigger is the project's if its function is; a policy, unless an extension made it.
const ON_PLATFORM: &str = "\
select pg_catalog.pg_get_triggerdef(t.oid), n.nspname || c.relname || t.tgname as place
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_proc f on f.oid = t.tgfoid
join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
where not t.tgisinternal and n.nspname in ({}) and fn.nspname not in ({}, 'pg_catalog')
union all
select pg_catalog.format('CREATE POLICY %I ON %I.%I%s FOR %s TO %s%s%s', p.polname, n.nspname, c.relname,
        case when not p.polpermissive then ' AS RESTRICTIVE' else '' end,
        case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE'
            when 'd' then 'DELETE' else 'ALL' end,
        case when p.polroles = '{0}' then 'PUBLIC' else (
            select pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname)
            from pg_catalog.pg_roles r where r.oid = any (p.polroles)) end,
        ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
        ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
    n.nspname || c.relname || p.polname
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname in ({}) and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
order by place";

/// Whether a schema has nothing but some of its tables and sequences; its name and theirs as
/// constants stand for `{schema}` and `{tables}`.
const ONLY: &str = "\
select n.nspname from pg_catalog.pg_namespace n
where n.nspname = {schema} and not exists (
    select from pg_catalog.pg_class c
    where c.relnamespace = n.oid and c.relkind not in ('i', 'I', 't')
        and pg_catalog.format('%I.%I', n.nspname, c.relname) not in ({tables}))
    and not exists (select from pg_catalog.pg_proc f where f.pronamespace = n.oid)
    and not exists (select from pg_catalog.pg_type t
        where t.typnamespace = n.oid and t.typtype in ('d', 'e', 'r'))";

/// Whether a schema has nothing but some tables and sequences, by their names as SQL has them.
pub(super) async fn has_only(
    session: &mut Session,
    schema: &str,
    tables: &[String],
) -> Result<bool, Error> {
    let tables: Vec<String> = tables.iter().map(|name| Literal(name).to_string()).collect();
    let query = ONLY.replace("{schema}", &Literal(schema).to_string());
    let query = query.replace("{tables}", &tables.join(", "));
    Ok(!first_column(session, &query).await?.is_empty())
}

/// Names of materialised views, as SQL has them.
pub(super) async fn filled(session: &mut Session) -> Result<Vec<String>, Error> {
    first_column(session, FILLED).await
}

/// The schemas of a database that are the platform's, by their bare names.
pub(super) async fn schemas(
    session: &mut Session,
    baseline: Baseline,
) -> Result<Vec<String>, Error> {
    let mut all = first_column(session, SCHEMAS).await?;
    all.retain(|name| baseline.keeps("schema", &Ident(name).to_string()));
    Ok(all)
}

/// What a project has on the tables in a platform's schemas, as statements.
pub(super) async fn on_platform(
    session: &mut Session,
    schemas: &[String],
) -> Result<Vec<String>, Error> {
    if schemas.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<String> = schemas.iter().map(|name| Literal(name).to_string()).collect();
    let query = ON_PLATFORM.replace("{}", &named.join(", "));
    // Names in the texts are then qualified, whoever reads them.
    first_column(session, &format!("begin; set local search_path = ''; {query}; commit")).await
}

async fn first_column(session: &mut Session, query: &str) -> Result<Vec<String>, Error> {
    let answers = session.simple(query).await.map_err(StateError::from)?;
    let rows = answers.iter().flat_map(Answer::rows);
    Ok(rows.filter_map(|row| row.at(0).map(str::to_owned)).collect())
}
