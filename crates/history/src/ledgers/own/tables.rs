//! Makes the three relations, and keeps an adopted `database_schema` table up to date.

use whimbrel_sql::{Ident, Literal, Qualified};

use super::{HISTORY, MIGRATIONS, SCHEMA, STATE, migrations};
use crate::ledgers::Place;
use crate::ledgers::text::At;

/// The columns of `schema_migrations` where Whimbrel made it.
pub(super) const MIGRATIONS_COLUMNS: &[&str] = &[
    "id",
    "name",
    "description",
    "migration_type",
    "up_sql",
    "down_sql",
    "depends_on",
    "status",
    "applied_at",
    "execution_time_ms",
    "checksum",
    "error_message",
    "fingerprint_header",
    "fingerprint_up",
    "fingerprint_down",
    "unfinished",
];

/// The columns of `migration_history` where Whimbrel made it.
pub(super) const HISTORY_COLUMNS: &[&str] =
    &["id", "migration_id", "executed_at", "status", "execution_time_ms", "error_message"];

/// The types, with their values.
const TYPES: &[(&str, &str)] = &[
    (
        "migration_type",
        "'create_table', 'alter_table', 'drop_table', 'create_index', 'drop_index', 'insert_data', 'update_data', 'delete_data', 'custom_sql'",
    ),
    ("migration_status", "'pending', 'running', 'completed', 'failed', 'rolled_back'"),
];

/// Statements that make what is missing.
pub(super) fn prepare(place: &Place) -> Vec<String> {
    let missing: Vec<&str> = [MIGRATIONS, HISTORY, STATE]
        .into_iter()
        .filter(|table| !place.tables.contains_key(*table))
        .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let schema = place.schema.as_deref().unwrap_or(SCHEMA);
    let mut statements = vec![make_schema(schema)];
    if missing.contains(&MIGRATIONS) || missing.contains(&HISTORY) {
        statements.extend(TYPES.iter().map(|(name, values)| make_type(schema, name, values)));
    }
    for table in &missing {
        statements.push(match *table {
            MIGRATIONS => make_migrations(schema),
            HISTORY => make_history(schema),
            _ => make_state(schema, &migrations(place)),
        });
    }
    statements.push(take_grants(schema, &missing));
    statements
}

/// `create schema if not exists` wants the right to create schemas even where there is nothing to
/// create, so the schema is looked for first.
pub(super) fn make_schema(schema: &str) -> String {
    format!(
        "do $whimbrel$\nbegin\n    if not exists (select from pg_catalog.pg_namespace where nspname = {}) then\n        create schema {};\n    end if;\nend\n$whimbrel$",
        Literal(schema),
        Ident(schema),
    )
}

/// Makes a type that may be left of tables that somebody dropped.
fn make_type(schema: &str, name: &str, values: &str) -> String {
    format!(
        "do $whimbrel$\nbegin\n    create type {} as enum ({values});\nexception when duplicate_object then\n    null;\nend\n$whimbrel$",
        Qualified { schema, name },
    )
}

fn make_migrations(schema: &str) -> String {
    let table = Qualified { schema, name: MIGRATIONS };
    let kind = Qualified { schema, name: "migration_type" };
    let status = Qualified { schema, name: "migration_status" };
    format!(
        "create table {table} (
    id varchar(255) primary key,
    name varchar(255) not null,
    description text,
    migration_type {kind} not null default 'custom_sql',
    up_sql text not null,
    down_sql text,
    depends_on text[] not null default '{{}}',
    status {status} not null default 'pending',
    applied_at timestamptz,
    execution_time_ms integer,
    checksum varchar(64),
    error_message text,
    fingerprint_header varchar(64),
    fingerprint_up varchar(64),
    fingerprint_down varchar(64),
    unfinished varchar(4)
)"
    )
}

/// No foreign key: a row is added by the statement or the function that changes the migration's,
/// which fails where there is none, and a key would be looked up once more for each execution.
fn make_history(schema: &str) -> String {
    let table = Qualified { schema, name: HISTORY };
    let status = Qualified { schema, name: "migration_status" };
    format!(
        "create table {table} (
    id uuid primary key default gen_random_uuid(),
    migration_id varchar(255) not null,
    executed_at timestamptz not null default now(),
    status {status} not null,
    execution_time_ms integer,
    error_message text
)"
    )
}

/// A view costs a run nothing, however long the history is.
fn make_state(schema: &str, migrations: &At<'_>) -> String {
    format!(
        "create view {} as
select
    '00000000-0000-0000-0000-000000000001'::uuid as id,
    {} as version,
    s.last_migration,
    s.applied_migrations
from (
{}
) s",
        Qualified { schema, name: STATE },
        version_of("s.last_migration"),
        indent(&state(migrations)),
    )
}

/// One row: the last applied migration, and all.
fn state(migrations: &At<'_>) -> String {
    format!(
        "select
    ((array_agg(m.id order by m.applied_at desc nulls last, m.id desc))[1])::varchar(255) as last_migration,
    coalesce(array_agg(m.id::text order by m.applied_at nulls first, m.id), '{{}}') as applied_migrations
from {} m
where m.status = 'completed'",
        migrations.table()
    )
}

/// The number in a migration's id, which may have its history's name before it.
fn version_of(id: &str) -> String {
    format!(
        "coalesce(substring(regexp_replace({id}, '^[^:]*:', '') from '[0-9]+'), left({id}, 50))::varchar(50)"
    )
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Takes back what default privileges have given: nobody has grants on the ledger.
fn take_grants(schema: &str, tables: &[&str]) -> String {
    let names: Vec<String> = tables.iter().map(|name| Literal(name).to_string()).collect();
    format!(
        "do $whimbrel$
declare
    given record;
begin
    for given in
        select 'schema ' || quote_ident(n.nspname) as object, a.grantee
        from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
        where n.nspname = {schema} and a.grantee <> n.nspowner
            and pg_catalog.pg_get_userbyid(n.nspowner) = current_user
        union
        select 'table ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.grantee
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace, pg_catalog.aclexplode(c.relacl) a
        where n.nspname = {schema} and c.relname in ({names}) and a.grantee <> c.relowner
    loop
        execute 'revoke all on ' || given.object || ' from '
            || case given.grantee when 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(given.grantee)) end;
    end loop;
end
$whimbrel$",
        schema = Literal(schema),
        names = names.join(", "),
    )
}

/// Brings an adopted `database_schema` table up to date, once a run; a view needs nothing.
pub(super) fn refresh(place: &Place) -> Vec<String> {
    let Some(found) = place.tables.get(STATE).filter(|found| !found.view) else {
        return Vec::new();
    };
    let table = Qualified { schema: &found.schema, name: STATE };
    let mut columns = vec!["version", "last_migration", "applied_migrations"];
    // The row that knows most is the current one, where there are several.
    let (applied, newest) = match found.columns.get("applied_migrations").map(String::as_str) {
        Some("jsonb" | "json") => ("to_json(s.applied_migrations)", ""),
        _ => ("s.applied_migrations", " order by cardinality(applied_migrations) desc nulls last"),
    };
    let version = version_of("s.last_migration");
    let mut values = vec![version.as_str(), "s.last_migration", applied];
    for time in ["updated_at", "last_updated"] {
        if found.columns.contains_key(time) {
            columns.push(time);
            values.push("clock_timestamp()");
        }
    }
    let set: Vec<String> =
        columns.iter().zip(&values).map(|(column, value)| format!("{column} = {value}")).collect();
    if found.columns.get("id").is_some_and(|kind| kind == "uuid") {
        columns.push("id");
        values.push("gen_random_uuid()");
    }
    vec![format!(
        "with state as (
{},
changed as (
    update {table} d set {} from state s
    where s.last_migration is not null
        and d.ctid = (select ctid from {table}{newest} limit 1)
    returning 1
)
insert into {table} ({}) select {} from state s
where s.last_migration is not null and not exists (select from changed)",
        format_args!("{}\n)", indent(&state(&migrations(place)))),
        set.join(", "),
        columns.join(", "),
        values.join(", "),
    )]
}
