//! Databases that another tool has filled: seen, and taken over.

use crate::kit::{Project, check, root};

/// What a tool left in a database, as it was recorded.
pub(crate) fn recorded(tool: &str) -> String {
    let path = format!("crates/history/tests/fixtures/ledgers/{tool}.sql");
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[tokio::test]
async fn status_shows_the_ledgers_of_other_tools() {
    let project = Project::example("plain").with_database().await;
    for tool in ["prisma", "alembic", "knex"] {
        project.sql(&recorded(tool)).await;
    }
    let role = format!("reader_{}", std::process::id());
    check("status_others", &project.show("status"));
    project.sql(&format!("create role {role} login")).await;
    let url = project.url();
    let said = project.done(&format!("status --json --database-url {}", as_role(&url, &role)));
    project.sql(&format!("drop role {role}")).await;
    let others = &said.json()["others"];
    assert_eq!(others[1]["tool"], "alembic");
    assert_eq!(others[1]["entries"], serde_json::Value::Null, "{others}");
}

/// A project that another tool runs alone has a ledger to show, and no migrations of ours.
#[tokio::test]
async fn status_shows_the_ledger_of_a_project_that_is_another_tools() {
    let project = Project::new(&[("alembic.ini", "[alembic]\nscript_location = alembic\n")]);
    let project = project.with_database().await;
    assert_eq!(project.run("status").code, 2);
    project.sql(&recorded("alembic")).await;
    let said = project.done("status");
    assert!(said.out.contains("alembic_version"), "{}", said.out);
    assert!(said.out.contains("adopt --from-database"), "{}", said.whole());
}

/// The same database as another role.
fn as_role(url: &str, role: &str) -> String {
    let (_, after) = url.split_once("://").unwrap();
    let (_, place) = after.split_once('@').unwrap_or(("", after));
    format!("postgres://{role}@{place}")
}

const USERS: &str = "create table users (id integer primary key, email text not null);\n";
const NAME: &str = "alter table users add column name text;\n";
const INDEX: &str = "create index concurrently users_email on users (email);\n";

/// A project with dbmate's files, and the database that dbmate made of them.
pub(crate) async fn dbmate() -> Project {
    let file = |up: &str, down: &str| format!("-- migrate:up\n{up}\n-- migrate:down\n{down}\n");
    let files = [
        ("db/migrations/20240101000000_create_users.sql", file(USERS, "drop table users;")),
        (
            "db/migrations/20240102000000_add_name.sql",
            file(NAME, "alter table users drop column name;"),
        ),
        (
            "db/migrations/20240103000000_index_email.sql",
            file(INDEX, "drop index concurrently users_email;")
                .replace("up\n", "up transaction:false\n"),
        ),
    ];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let project = Project::new(&files).with_database().await;
    project.sql(&format!("{USERS}{NAME}{}", INDEX.replace("concurrently ", ""))).await;
    project.sql(&recorded("dbmate")).await;
    project
}

/// Whoever changes tools and forgets to adopt does not run everything again.
#[tokio::test]
async fn what_another_tool_applied_is_not_run_again() {
    for project in [dbmate().await, sqlx().await] {
        project.sql("insert into users values (1, 'a@example.org')").await;
        let refused = "and 2 others are applied already, by the ledger of";
        let said = project.run("up --yes");
        assert_eq!(said.code, 4, "{}", said.whole());
        assert!(said.err.contains(refused), "{}", said.err);
        assert!(said.err.contains("`whimbrel adopt` takes over"), "{}", said.err);
        let said = project.done("preview");
        assert!(
            said.out.contains("would be refused") && said.out.contains(refused),
            "{}",
            said.out
        );
        let said = project.run("up --yes --no-rehearsal --allow applied-elsewhere");
        assert_eq!(said.code, 1, "{}", said.whole());
        assert!(said.err.contains("already exists"), "{}", said.err);
    }
}

/// A project with sqlx's files and the database that sqlx made of them.
pub(crate) async fn sqlx() -> Project {
    let project = Project::new(&[
        ("migrations/20240101000000_create_users.up.sql", USERS),
        ("migrations/20240101000000_create_users.down.sql", "drop table users;\n"),
        ("migrations/20240102000000_add_name.up.sql", NAME),
        ("migrations/20240102000000_add_name.down.sql", "alter table users drop column name;\n"),
        (
            "migrations/20240103000000_index_email.up.sql",
            "-- no-transaction\ncreate index concurrently users_email on users (email);\n",
        ),
        (
            "migrations/20240103000000_index_email.down.sql",
            "-- no-transaction\ndrop index concurrently users_email;\n",
        ),
    ])
    .with_database()
    .await;
    project.sql(&format!("{USERS}{NAME}{}", INDEX.replace("concurrently ", ""))).await;
    project.sql(&recorded("sqlx")).await;
    project
}

#[tokio::test]
async fn what_another_tool_applied_is_proved_and_taken_over() {
    let project = dbmate().await;
    check("adopt_dry", &project.show("adopt --dry-run"));
    assert_eq!(project.run("status --check").code, 3, "a dry run writes nothing");
    check("adopt", &project.show("adopt --yes"));
    assert_eq!(project.run("status --check").code, 0);
    check("adopt_again", &project.show("adopt --yes"));
    let command = "select command from whimbrel_journal.runs where state = 'done'";
    assert_eq!(project.sql(command).await.as_deref(), Some("adopt --yes"));
    project.done("down --yes");
    project.done("up --yes");
}

#[tokio::test]
async fn checksums_and_times_of_the_other_tool_are_used() {
    let project = sqlx().await;
    let said = project.done("adopt --yes --json");
    assert_eq!(said.json()["compared"], 3);
    let at = "select applied_at at time zone 'UTC' from whimbrel.schema_migrations where id = 'main:20240101000000_create_users'";
    assert_eq!(project.sql(at).await.as_deref(), Some("2026-11-26 21:14:58.127648"));
    let took =
        "select execution_time_ms from whimbrel.schema_migrations where id like '%create_users'";
    assert_eq!(project.sql(took).await.as_deref(), Some("2"));
    let report = project.done("status --json").json();
    assert_eq!(report["migrations"][0]["marked"], false, "it ran, elsewhere");
}

#[tokio::test]
async fn a_file_that_changed_since_is_named_by_the_tools_checksum() {
    let project = sqlx().await;
    project.write("migrations/20240102000000_add_name.up.sql", &NAME.replace("text", "text "));
    check("adopt_changed", &project.show("adopt --yes"));
    check("adopt_changed_dry", &project.show("adopt --dry-run"));
    let without_proof = project.run("adopt --yes --no-proof");
    assert_eq!(without_proof.code, 4, "{}", without_proof.whole());
    assert_eq!(project.sql("select to_regnamespace('whimbrel')").await, None);
    let said = project.done("adopt --yes --allow modified");
    assert!(said.out.contains("proved on"), "{}", said.whole());
    assert!(said.out.contains("changed since it was applied"), "{}", said.whole());
}

#[tokio::test]
async fn a_database_that_is_something_else_is_not_taken_over() {
    let project = dbmate().await;
    project
        .sql("alter table users alter column email drop not null; create view everybody as select * from users; drop index users_email")
        .await;
    check("adopt_differs", &project.show("adopt --yes"));
    assert_eq!(project.sql("select to_regnamespace('whimbrel')").await, None);
}

#[tokio::test]
async fn what_failed_in_the_other_tool_is_named_and_not_taken_for_applied() {
    let project = dbmate().await;
    project.sql("drop table schema_migrations; drop index users_email").await;
    project.sql("create table schema_migrations (version bigint primary key, dirty boolean not null); insert into schema_migrations values (20240103000000, true)").await;
    let said = project.done("adopt --yes --json");
    let report = said.json();
    assert_eq!(report["tool"], "golang-migrate");
    assert_eq!(report["changes"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(report["left_out"][0]["version"], "20240103000000");
    assert_eq!(report["proof"]["outcome"], "proved");
}

#[tokio::test]
async fn a_database_without_any_ledger_is_taken_over_up_to_a_migration() {
    let project = dbmate().await;
    project.sql("drop table schema_migrations; drop index users_email").await;
    let said = project.run("adopt --yes");
    assert_eq!(said.code, 4, "{}", said.whole());
    assert!(said.err.contains("index `public.users_email`"), "{}", said.whole());
    project.done("adopt --to 20240102 --yes");
    let report = project.done("status --json").json();
    assert_eq!(report["summary"]["applied"], 2, "{report}");
    project.done("up --yes");
}

#[tokio::test]
async fn which_tool_is_meant_is_asked_and_checked() {
    let project = dbmate().await;
    project.sql(&recorded("knex")).await;
    check("adopt_several", &project.show("adopt --yes"));
    check("adopt_unknown", &project.show("adopt --from dbmat --yes"));
    check("adopt_other_files", &project.show("adopt --from knex --yes"));
    check("adopt_absent", &project.show("adopt --from goose --yes"));
    project.done("adopt --from dbmate --yes");
    let empty = Project::new(&[]).with_database().await;
    check("adopt_nothing", &empty.show("adopt --yes"));
}
