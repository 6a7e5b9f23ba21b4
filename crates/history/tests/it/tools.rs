//! The ledgers of other tools, recognised in a real database by rows that the tools wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use whimbrel_history::Status;
use whimbrel_history::tools::{self, Applied, Ledger, Search, Summary};

use crate::database::Probe;

/// The recorded databases: a tool's name, or its name and a form of it, and the SQL.
fn fixtures() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ledgers");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The tool of a fixture: `drizzle-v1` is one of drizzle's.
fn tool_of(fixture: &str) -> &str {
    fixture.strip_suffix("-v1").unwrap_or(fixture)
}

/// The fixture in a schema of the test's choice.
fn moved(sql: &str, schema: &str) -> String {
    let mut text = String::new();
    let mut from = "public".to_owned();
    for line in sql.lines() {
        if let Some(name) = line.strip_prefix("create schema ") {
            name.trim_end_matches(';').clone_into(&mut from);
        } else {
            text.push_str(&line.replacen(&format!(" {from}."), &format!(" \"{schema}\"."), 1));
            text.push('\n');
        }
    }
    format!("create schema \"{schema}\";\n{text}")
}

async fn load(probe: &mut Probe, fixture: &str) {
    let sql = fixtures().remove(fixture).unwrap_or_else(|| panic!("no fixture {fixture}"));
    probe.run(&sql).await;
}

async fn search(probe: &mut Probe, search: Search) -> Vec<Ledger> {
    let answers = probe.run(&tools::probe(search)).await;
    let rows = answers[0].rows().map(|row| {
        let column = |name| row.get(name).unwrap();
        ["schema", "relation", "readable", "attribute", "type"].map(column)
    });
    tools::recognise(&tools::tables(rows))
}

async fn only(probe: &mut Probe) -> Ledger {
    let mut found = search(probe, Search::Quick).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

async fn entries(probe: &mut Probe, ledger: &Ledger) -> Vec<Applied> {
    let answers = probe.run(&ledger.entries()).await;
    let rows = answers[0].rows().map(|row| {
        let columns: Vec<Option<&str>> = (0..7).map(|at| row.at(at)).collect();
        ledger.applied(&columns).unwrap()
    });
    rows.collect()
}

/// The entries of a fixture.
async fn recorded(fixture: &str) -> Vec<Applied> {
    let mut probe = Probe::new(17, "whimbrel").await;
    load(&mut probe, fixture).await;
    let ledger = only(&mut probe).await;
    assert_eq!(ledger.tool.name(), tool_of(fixture));
    entries(&mut probe, &ledger).await
}

fn versions(entries: &[Applied]) -> Vec<(&str, Status)> {
    entries.iter().map(|entry| (entry.version.as_str(), entry.status)).collect()
}

#[test]
fn every_tool_has_a_fixture() {
    let fixtures = fixtures();
    let mut names: Vec<&str> = fixtures.keys().map(|fixture| tool_of(fixture)).collect();
    names.dedup();
    let mut tools: Vec<&str> = tools::ALL.iter().map(|tool| tool.name()).collect();
    tools.sort_unstable();
    assert_eq!(names, tools);
}

#[test]
fn the_page_has_a_line_for_every_tool() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/adopt.md");
    let page = fs::read_to_string(page).unwrap();
    for tool in tools::ALL {
        assert!(page.contains(&format!("\n| `{}` | ", tool.name())), "{}", tool.name());
    }
}

#[tokio::test]
async fn each_tool_is_recognised_in_any_schema_and_none_for_another() {
    let mut probe = Probe::new(17, "whimbrel").await;
    for (name, sql) in fixtures() {
        probe.run(&moved(&sql, &format!("of {name}"))).await;
    }
    let found = search(&mut probe, Search::Quick).await;
    let shown: Vec<(&str, &str)> = found
        .iter()
        .map(|ledger| (ledger.table.schema.strip_prefix("of ").unwrap(), ledger.tool.name()))
        .collect();
    let fixtures = fixtures();
    let expected: Vec<(&str, &str)> =
        fixtures.keys().map(|name| (name.as_str(), tool_of(name))).collect();
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn every_recorded_entry_is_read_and_summed_up() {
    for (name, sql) in fixtures() {
        let mut probe = Probe::new(17, "whimbrel").await;
        probe.run(&sql).await;
        let ledger = only(&mut probe).await;
        let entries = entries(&mut probe, &ledger).await;
        assert!(!entries.is_empty(), "{name}");
        let answers = probe.run(&ledger.summarise()).await;
        let row = answers[0].rows().next().unwrap();
        let columns: Vec<Option<&str>> = (0..5).map(|at| row.at(at)).collect();
        let summary = ledger.summary(&columns).unwrap();
        let of = |wanted: Status| entries.iter().filter(move |entry| entry.status == wanted);
        let newest = of(Status::Completed).next_back();
        assert_eq!(
            summary,
            Summary {
                applied: of(Status::Completed).count() as u64,
                failed: of(Status::Failed).count() as u64,
                newest: newest.map(|entry| entry.version.clone()),
                applied_at: newest.and_then(|entry| entry.applied_at.clone()),
                first_failed: of(Status::Failed).next().map(|entry| entry.version.clone()),
            },
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_ledger_under_a_configured_name_is_found_by_its_columns() {
    let mut probe = Probe::new(17, "whimbrel").await;
    load(&mut probe, "alembic").await;
    load(&mut probe, "typeorm").await;
    probe.run("alter table alembic_version rename to where_we_are").await;
    probe.run("alter table migrations rename to \"Shop Migrations\"").await;
    let found = search(&mut probe, Search::Quick).await;
    let shown: Vec<(&str, &str)> =
        found.iter().map(|ledger| (ledger.tool.name(), ledger.table.name.as_str())).collect();
    assert_eq!(shown, [("typeorm", "Shop Migrations"), ("alembic", "where_we_are")]);
    assert_eq!(entries(&mut probe, &found[0]).await.len(), 2);
}

#[tokio::test]
async fn a_persons_own_table_of_the_same_columns_is_no_ledger() {
    let mut probe = Probe::new(17, "whimbrel").await;
    probe
        .run(
            "create table events (id serial primary key, timestamp bigint not null, name varchar not null);
            create table tags (name varchar(255) primary key);
            create table versions (version text primary key);
            create table migrations (id serial primary key, name text, patient bigint)",
        )
        .await;
    assert!(search(&mut probe, Search::Thorough).await.is_empty());
}

#[tokio::test]
async fn a_table_that_we_may_not_read_is_found_and_marked() {
    let mut probe = Probe::new(17, "whimbrel").await;
    load(&mut probe, "knex").await;
    assert!(only(&mut probe).await.table.readable);
    let role = format!("reader_{}", std::process::id());
    probe.run(&format!("create role {role}; set role {role}")).await;
    let ledger = only(&mut probe).await;
    probe.run(&format!("reset role; drop role {role}")).await;
    assert!(!ledger.table.readable);
}

#[tokio::test]
async fn prisma_tells_what_failed_and_with_which_error() {
    let entries = recorded("prisma").await;
    assert_eq!(
        versions(&entries),
        [
            ("20240101000000_create_users", Status::Completed),
            ("20240102000000_add_name", Status::Completed),
            ("20240103000000_broken", Status::Failed),
        ]
    );
    assert_eq!(entries[0].applied_at.as_deref(), Some("2026-11-26T21:15:49.256000Z"));
    assert_eq!(entries[0].execution_time_ms, Some(6));
    assert!(entries[2].error.as_deref().unwrap().contains("No such table: nobody"));
}

#[tokio::test]
async fn flyway_tells_what_was_undone_what_failed_and_what_repeats() {
    assert_eq!(
        versions(&recorded("flyway").await),
        [
            ("1", Status::Completed),
            ("2", Status::RolledBack),
            ("R__views.sql", Status::Completed),
            ("3", Status::Failed),
        ]
    );
}

#[tokio::test]
async fn goose_counts_the_newest_row_of_a_version() {
    assert_eq!(
        versions(&recorded("goose").await),
        [
            ("20240101000000", Status::Completed),
            ("20240102000000", Status::Completed),
            ("20240103000000", Status::RolledBack)
        ]
    );
}

#[tokio::test]
async fn a_dirty_version_of_golang_migrate_failed() {
    assert_eq!(versions(&recorded("golang-migrate").await), [("20240102000000", Status::Failed)]);
}

#[tokio::test]
async fn drizzle_is_read_in_both_forms() {
    let old = recorded("drizzle").await;
    let new = recorded("drizzle-v1").await;
    assert_eq!(old[0].version, "1704067200000");
    assert_eq!(old[0].applied_at, None);
    assert_eq!(new[0].version, "20240101000000_create_users");
    assert_eq!(new[0].applied_at.as_deref(), Some("2026-11-26T21:16:39.700085Z"));
    assert_eq!(old[0].checksum, new[0].checksum);
}

#[tokio::test]
async fn times_and_durations_are_read_in_each_tools_unit() {
    let sqlx = recorded("sqlx").await;
    assert_eq!(sqlx[0].execution_time_ms, Some(2), "1669298 ns");
    assert_eq!(sqlx[0].name.as_deref(), Some("create users"));
    let refinery = recorded("refinery").await;
    assert_eq!(refinery[0].applied_at.as_deref(), Some("2026-11-26T21:15:43.111860Z"));
    let liquibase = recorded("liquibase").await;
    assert_eq!(liquibase[0].version, "changelog.sql::create-users::ann");
    assert_eq!(liquibase[0].applied_at.as_deref(), Some("2026-11-26T21:15:56.426754Z"));
}
