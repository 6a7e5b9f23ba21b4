//! The tables that record migrations: whose they are, who else can reach them, and whether
//! Supabase's Dashboard can read its own.

use whimbrel_engine::state;
use whimbrel_engine::wire::{Answer, Failure, Row, Session};
use whimbrel_history::ledgers;
use whimbrel_history::tools::{self, Ledger, Summary, Table};
use whimbrel_sql::{Ident, Literal, Qualified};

use super::ask::ask;
use super::checks::Seen;
use super::examine::{PATIENCE, unanswered};
use super::finding::{About, Finding, Group};

/// The tables that were found.
pub(super) struct Found {
    /// Tables of ledgers that Whimbrel writes, and of its journal, with their schemas.
    pub(super) own: Vec<(String, String)>,
    /// Ledgers of any tool.
    pub(super) tools: Vec<Ledger>,
}

/// Whose histories are recorded.
pub(super) const HISTORIES: About = About {
    id: "ledgers",
    group: Group::Ledgers,
    looks_at: "the tables of every known tool that record migrations, in any schema",
    why: "several systems that change one database do not know of each other; an entry that failed \
          stops its own tool",
    cure: "look at `whimbrel status`; let the tool that failed finish or forget its entry",
};

/// Who else reaches them.
pub(super) const EXPOSED: About = About {
    id: "exposed-ledgers",
    group: Group::Ledgers,
    looks_at: "whether Supabase's API roles `anon` and `authenticated` may read or change the \
               tables that record migrations",
    why: "whoever has the public key of the project reads what was changed and when, or removes \
          entries, so that migrations run again",
    cure: "revoke what was granted, and turn row security on",
};

/// Whether the Dashboard reads its own.
pub(super) const DASHBOARD: About = About {
    id: "dashboard",
    group: Group::Ledgers,
    looks_at: "whether the page Database › Migrations of Supabase's Dashboard can be shown: its \
               table, the columns `version`, `name`, `statements`, the rights of role `postgres`",
    why: "the page shows an error in place of the history, and new branches begin without it",
    cure: "make the table, which stays empty until something is recorded in it",
};

/// Every check of this file.
pub(super) const ALL: &[&About] = &[&HISTORIES, &EXPOSED, &DASHBOARD];

/// The roles of an API: without and with a login.
const API_ROLES: &str = "('anon', 'authenticated')";

/// The Dashboard's table.
const DASHBOARD_TABLE: Qualified<'static> =
    Qualified { schema: "supabase_migrations", name: "schema_migrations" };

/// The tables of our own ledgers, wherever they are.
pub(super) fn found(answer: &Answer, schema: Option<&str>) -> Vec<(String, String)> {
    let relations = state::found(answer);
    let mut tables: Vec<(String, String)> = Vec::new();
    for ledger in ledgers::ALL {
        let place = ledger.place(&relations, schema.filter(|_| ledger.is_movable()));
        tables.extend(place.tables.into_iter().map(|(name, found)| (found.schema, name)));
    }
    let journal =
        relations.iter().filter(|(_, found)| found.schema == whimbrel_engine::journal::SCHEMA);
    tables.extend(journal.map(|(name, found)| (found.schema.clone(), name.clone())));
    tables.sort();
    tables.dedup();
    tables
}

/// Asks what the ledgers say and who reaches them, in one message.
pub(super) async fn examine(
    session: &mut Session,
    found: &Found,
    probed: &Answer,
    seen: &Seen,
) -> Result<Vec<Finding>, Failure> {
    let readable = || found.tools.iter().filter(|ledger| ledger.table.readable);
    let mut questions = vec![PATIENCE.to_owned()];
    questions.extend(readable().map(Ledger::summarise));
    let unread = found.tools.iter().map(|ledger| &ledger.table).filter(|table| !table.readable);
    let unread: Vec<&Table> = unread.collect();
    if !unread.is_empty() {
        questions.push(rights_on(&unread));
    }
    let tables = all_tables(found);
    if !tables.is_empty() {
        questions.push(who_reaches(&tables));
    }
    let dashboard = dashboard_table(probed);
    if dashboard.is_some() {
        questions.push(MAY_POSTGRES_READ.to_owned());
    }
    if questions.len() == 1 {
        return Ok(histories(&[], &Answer::default(), seen)
            .into_iter()
            .chain(on_dashboard(None, None, seen, 0))
            .collect());
    }
    let mut answers = ask(session, &questions).await?.into_iter();
    let mut next = || answers.next().unwrap_or_else(|| Ok(Answer::default()));
    drop(next());
    let mut findings = Vec::new();
    let mut summaries = Vec::new();
    for ledger in &found.tools {
        let mut summary = None;
        if ledger.table.readable {
            match next() {
                Ok(answer) => summary = summarise(ledger, &answer),
                Err(error) => findings.push(unanswered(&ledger.table.name, &error)),
            }
        }
        summaries.push((ledger, summary));
    }
    let rights = if unread.is_empty() { Answer::default() } else { next().unwrap_or_default() };
    findings.extend(histories(&summaries, &rights, seen));
    if !tables.is_empty() {
        match next() {
            Ok(answer) => findings.extend(exposed(&answer, tables.len())),
            Err(error) => findings.push(unanswered(EXPOSED.looks_at, &error)),
        }
    }
    let read = dashboard.as_ref().map(|_| next());
    let may_read = read.and_then(Result::ok).and_then(|answer| answer.value().map(|is| is == "t"));
    findings.extend(on_dashboard(dashboard.as_ref(), may_read, seen, found.tools.len()));
    Ok(findings)
}

fn summarise(ledger: &Ledger, answer: &Answer) -> Option<Summary> {
    let row = answer.first()?;
    let columns: Vec<Option<&str>> = (0..5).map(|column| row.at(column)).collect();
    ledger.summary(&columns).ok()
}

/// What the role may do of what it takes to read these tables.
fn rights_on(tables: &[&Table]) -> String {
    let names: Vec<String> = tables
        .iter()
        .map(|table| format!("({}, {})", Literal(&table.schema), Literal(&table.name)))
        .collect();
    format!(
        "select n.nspname as schema, c.relname as name, \
         pg_catalog.has_schema_privilege(n.oid, 'usage') as may_look, \
         pg_catalog.has_table_privilege(c.oid, 'select') as may_read \
         from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         where (n.nspname, c.relname) in ({})",
        names.join(", ")
    )
}

/// What is missing to read a table.
fn unread(finding: Finding, table: &Table, rights: &Answer, role: &str) -> Finding {
    let Table { schema, name, .. } = table;
    let is_it = |row: &Row<'_>| {
        row.get("schema") == Some(schema.as_str()) && row.get("name") == Some(name.as_str())
    };
    let row = rights.rows().find(is_it);
    let may = |what| row.as_ref().is_some_and(|row| row.get(what) == Some("t"));
    let role = Ident(role);
    let mut finding = finding;
    if !may("may_look") {
        finding = finding.with_sql(format!("grant usage on schema {} to {role};", Ident(schema)));
    }
    if !may("may_read") {
        let place = Qualified { schema, name };
        finding = finding.with_sql(format!("grant select on {place} to {role};"));
    }
    finding
}

/// What the ledgers of all tools say; `rights` are those on the ones that cannot be read.
fn histories(ledgers: &[(&Ledger, Option<Summary>)], rights: &Answer, seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names: Vec<&str> = ledgers.iter().map(|(ledger, _)| ledger.tool.name()).collect();
    names.sort_unstable();
    names.dedup();
    let whole = match names.as_slice() {
        [] => HISTORIES.ok("no ledger of another tool"),
        [one] => HISTORIES.ok(format!("one system records migrations: {one}")),
        several => {
            HISTORIES.note(format!("{} systems record migrations in this database", several.len()))
        }
    };
    let shown = ledgers.iter().map(|(ledger, summary)| {
        let table = &ledger.table;
        let says = match summary {
            None => "not readable".to_owned(),
            Some(Summary { applied, newest, .. }) => {
                let newest = newest.as_ref().map(|name| format!(", the newest {name}"));
                format!("{applied} applied{}", newest.unwrap_or_default())
            }
        };
        format!("{}: {}.{}, {says}", ledger.tool.name(), table.schema, table.name)
    });
    findings.push(shown.fold(whole, Finding::shown_by));
    for (ledger, summary) in ledgers {
        let (table, tool) = (&ledger.table, ledger.tool.name());
        match summary {
            Some(Summary { failed, first_failed, .. }) if *failed > 0 => {
                let which = first_failed.as_deref().unwrap_or("one");
                findings.push(
                    HISTORIES
                        .warning(format!(
                            "{tool} has an entry that failed or never ended: `{which}`"
                        ))
                        .shown_by(format!("{failed} such in {}.{}", table.schema, table.name))
                        .cured_by(format!("let {tool} finish it, or say there what became of it")),
                );
            }
            None if !table.readable => {
                let what = format!("`{}` may not read the ledger of {tool}", seen.role);
                findings.push(unread(HISTORIES.warning(what), table, rights, &seen.role));
            }
            Some(_) | None => {}
        }
    }
    findings
}

/// Every table that records migrations.
fn all_tables(found: &Found) -> Vec<(String, String)> {
    let tools = found.tools.iter().map(|ledger| &ledger.table);
    let tools = tools.map(|table| (table.schema.clone(), table.name.clone()));
    let mut tables: Vec<(String, String)> = found.own.iter().cloned().chain(tools).collect();
    tables.sort();
    tables.dedup();
    tables
}

/// Which API role may do what with which of these tables, a row each that may do anything.
///
/// Row security without a policy for the role lets nothing through.
fn who_reaches(tables: &[(String, String)]) -> String {
    let rows: Vec<String> = tables
        .iter()
        .map(|(schema, name)| format!("({}, {})", Literal(schema), Literal(name)))
        .collect();
    format!(
        "select n.nspname as schema, c.relname as name, r.rolname as role, \
         pg_catalog.has_any_column_privilege(r.oid, c.oid, 'select') as reads, \
         pg_catalog.has_any_column_privilege(r.oid, c.oid, 'insert, update') \
         or pg_catalog.has_table_privilege(r.oid, c.oid, 'delete, truncate') as changes \
         from (values {}) t (schema, name) \
         join pg_catalog.pg_namespace n on n.nspname = t.schema \
         join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.name \
         join pg_catalog.pg_roles r on r.rolname in {API_ROLES} \
         where pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage') \
         and (not c.relrowsecurity or exists (select from pg_catalog.pg_policy p \
         where p.polrelid = c.oid and (0 = any (p.polroles) or r.oid = any (p.polroles)))) \
         order by 1, 2, 3",
        rows.join(", ")
    )
}

fn exposed(answer: &Answer, tables: usize) -> Vec<Finding> {
    let is = |row: &Row<'_>, column| row.get(column) == Some("t");
    let rows: Vec<Row<'_>> =
        answer.rows().filter(|row| is(row, "reads") || is(row, "changes")).collect();
    let mut findings: Vec<Finding> = Vec::new();
    for group in rows.chunk_by(|one, other| one.at(0) == other.at(0) && one.at(1) == other.at(1)) {
        let column = |name| group[0].get(name).unwrap_or_default();
        let (schema, name) = (column("schema"), column("name"));
        let table = Qualified { schema, name };
        let changes = group.iter().any(|row| is(row, "changes"));
        let what = if changes { "change" } else { "read" };
        let what = format!("anybody with the API's public key may {what} `{schema}.{name}`");
        let finding = if changes { EXPOSED.trouble(what) } else { EXPOSED.warning(what) };
        let shown = group.iter().map(|row| {
            let may = match (is(row, "reads"), is(row, "changes")) {
                (true, true) => "read and change it",
                (false, true) => "change it",
                (_, false) => "read it",
            };
            format!("role `{}` may {may}", row.get("role").unwrap_or_default())
        });
        findings.push(
            shown
                .fold(finding, Finding::shown_by)
                .with_sql(format!("revoke all on table {table} from anon, authenticated, public;"))
                .with_sql(format!("alter table {table} enable row level security;")),
        );
    }
    if findings.is_empty() && tables > 0 {
        findings.push(EXPOSED.ok("no API role reaches a ledger"));
    }
    findings
}

/// Whether the role that the Dashboard is may read its table.
const MAY_POSTGRES_READ: &str = "select pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage') \
    and pg_catalog.has_table_privilege(r.oid, c.oid, 'select') \
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    join pg_catalog.pg_roles r on r.rolname = 'postgres' \
    where n.nspname = 'supabase_migrations' and c.relname = 'schema_migrations'";

/// The Dashboard's table, if the probe saw it.
fn dashboard_table(probed: &Answer) -> Option<Table> {
    let rows = probed.rows().map(|row| {
        ["schema", "relation", "readable", "attribute", "type"]
            .map(|column| row.get(column).unwrap_or_default())
    });
    let is_it = |table: &Table| {
        table.schema == DASHBOARD_TABLE.schema && table.name == DASHBOARD_TABLE.name
    };
    tools::tables(rows).into_iter().find(is_it)
}

fn on_dashboard(
    table: Option<&Table>,
    may_read: Option<bool>,
    seen: &Seen,
    ledgers: usize,
) -> Vec<Finding> {
    if !seen.supabase {
        return Vec::new();
    }
    let fails = "the Dashboard's page of migrations fails";
    let Some(table) = table else {
        let what = format!("{fails}: `{DASHBOARD_TABLE}` does not exist");
        // A project without any history has nothing to show either.
        let finding = if ledgers > 0 { DASHBOARD.warning(what) } else { DASHBOARD.note(what) };
        return vec![
            finding
                .cured_by("the first `whimbrel up` of a history of that format makes it; or now:")
                .with_sql("create schema if not exists supabase_migrations;")
                .with_sql(format!(
                    "create table if not exists {DASHBOARD_TABLE} \
                     (version text not null primary key, statements text[], name text);"
                )),
        ];
    };
    let mut findings = Vec::new();
    for (column, kind) in [("version", "text"), ("name", "text"), ("statements", "text[]")] {
        let add = format!("alter table {DASHBOARD_TABLE} add column {column} {kind};");
        match table.kind(column) {
            None => {
                let what = format!("{fails}: `{DASHBOARD_TABLE}` has no column `{column}`");
                findings.push(DASHBOARD.warning(what).with_sql(add));
            }
            Some(is) if column == "statements" && !is.ends_with("[]") => findings.push(
                DASHBOARD
                    .warning(format!("{fails}: `statements` is {is} in place of text[]"))
                    .cured_by("make it an array of texts, one for each statement"),
            ),
            Some(_) => {}
        }
    }
    if may_read == Some(false) {
        findings.push(
            DASHBOARD
                .warning(format!("{fails}: role `postgres` may not read `{DASHBOARD_TABLE}`"))
                .with_sql("grant usage on schema supabase_migrations to postgres;")
                .with_sql(format!("grant select on {DASHBOARD_TABLE} to postgres;")),
        );
    }
    if findings.is_empty() {
        findings.push(DASHBOARD.ok("the Dashboard can show the history"));
    }
    findings
}
