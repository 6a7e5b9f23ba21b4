//! Runs: consent, locks, and the ledger.

use std::process::{Child, Command};
use std::time::Duration;

use whimbrel_app::catalogue::Code;
use whimbrel_testkit::Server;

use super::Seen;
use crate::kit::{MAJOR, Project, Said};

const UP: &str = "up --yes --no-rehearsal";
const SLEEPS: &str = "create table users (id int);\nselect pg_sleep(60);\n";

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W40");
    consent(&mut seen).await;
    at_once(&mut seen).await;
    left_behind(&mut seen).await;
    became_due(&mut seen).await;
    ledgers(&mut seen).await;
    rights(&mut seen).await;
    seen.elsewhere(
        Code::TAKEN_OVER,
        "engine::run::blocks::a_runner_that_was_taken_for_dead_commits_nothing",
    );
    seen.whole();
}

/// Nobody's word.
async fn consent(seen: &mut Seen) {
    let project = Project::example("plain").with_database().await;
    seen.run(Code::NO_CONSENT, &project, "up --no-rehearsal");
    project.write("whimbrel.toml", "[env.live]\nurl_env = 'DATABASE_URL'\nprotected = true\n");
    seen.run(Code::PROTECTED, &project, &format!("{UP} --env live"));
    seen.elsewhere(Code::DECLINED, "cli::terminal::no_runs_nothing");
}

/// A run whose migration sleeps.
async fn sleeping(script: &str) -> (Project, Child) {
    let project = Project::new(&[("migrations/001_a.sql", script)]).with_database().await;
    let child = project.command(&["up", "--yes", "--no-rehearsal", "--json"]).spawn().unwrap();
    until(&project, "wait_event = 'PgSleep'").await;
    (project, child)
}

/// Waits for a session of the project's database.
async fn until(project: &Project, is: &str) {
    let count = format!(
        "select count(*) > 0 from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid() and {is}"
    );
    while project.sql(&count).await.as_deref() != Some("t") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn signal(child: &Child, name: &str) {
    let kill = format!("kill -s {name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Several at once, one that is stopped, and one that loses its lock.
async fn at_once(seen: &mut Seen) {
    let (project, child) = sleeping(SLEEPS).await;
    seen.run(Code::LOCKED, &project, &format!("{UP} --no-wait"));
    signal(&child, "INT");
    seen.json(Code::INTERRUPTED, &Said::new(child.wait_with_output().unwrap()));

    let kills = "copy (select 1) to stdout;\nselect pg_terminate_backend(l.pid) from pg_locks l \
                 where locktype = 'advisory' and granted and objsubid = 1 and database = \
                 (select oid from pg_database where datname = current_database());\n\
                 select pg_sleep(0.1);\nvacuum;\n";
    let files = [("migrations/001_a.sql", kills), ("migrations/002_b.sql", "select 1;\n")];
    let project = Project::new(&files).with_database().await;
    seen.run(Code::LOCK_LOST, &project, &format!("{UP} --retry-for 0"));
}

/// A run that was killed, and whose transaction goes on in the server.
async fn left_behind(seen: &mut Seen) {
    let (project, mut child) = sleeping(SLEEPS).await;
    child.kill().unwrap();
    child.wait().unwrap();
    seen.run(Code::GAVE_UP_WAITING, &project, &format!("{UP} --wait 1s"));
}

/// A run that waits for another, which undoes what the first counted on.
async fn became_due(seen: &mut Seen) {
    let project = Project::new(&[
        ("migrations/001_a.up.sql", "create table a ();\n"),
        ("migrations/001_a.down.sql", "drop table a;\nselect pg_sleep(3);\n"),
        ("migrations/002_b.sql", "create table b ();\n"),
    ]);
    let project = project.with_database().await;
    project.done(&format!("{UP} --to 1"));
    let down = project.command(&["down", "--yes", "--no-rehearsal"]).spawn().unwrap();
    until(&project, "wait_event = 'PgSleep'").await;
    seen.run(Code::BECAME_DUE, &project, &format!("{UP} --wait"));
    assert_eq!(Said::new(down.wait_with_output().unwrap()).code, 0);
}

/// Ledgers that cannot be written or read.
async fn ledgers(seen: &mut Seen) {
    let project = Project::new(&[("migrations/001_a.sql", "select 1;\n")]).with_database().await;
    let setting = |value: &str| {
        format!(
            "do $$ begin execute format('alter database %I set default_transaction_read_only = {value}', \
             current_database()); end $$"
        )
    };
    project.sql(&setting("on")).await;
    seen.run(Code::LEDGER_READ_ONLY, &project, UP);
    project.sql(&format!("set transaction read write; {}", setting("off"))).await;
    project.done(UP);
    project
        .sql(
            "create function no() returns trigger language plpgsql as $$ begin raise 'this ledger is closed'; end $$; \
             create trigger no before insert on whimbrel.schema_migrations \
             for each row execute function no()",
        )
        .await;
    project.write("migrations/002_b.sql", "select 2;\n");
    seen.run(Code::LEDGER_FAILED, &project, UP);
    project.sql("alter type whimbrel.migration_status add value 'finished'").await;
    project.sql("update whimbrel.schema_migrations set status = 'finished'").await;
    seen.run(Code::LEDGER_UNREADABLE, &project, "status");
}

/// A ledger of somebody else's.
async fn rights(seen: &mut Seen) {
    let database = Server::shared(MAJOR).await.database().await;
    let project = Project::new(&[("migrations/001_a.sql", "select 1;\n")])
        .with("DATABASE_URL", database.target().url().reveal());
    project.done(UP);
    let name = format!("guest_{}", std::process::id());
    let mut session =
        whimbrel_engine::wire::Session::connect(database.target(), "test").await.unwrap();
    session.simple(&format!("create role {name} login")).await.unwrap();
    let project = project.with("DATABASE_URL", database.target_as(&name).url().reveal());
    seen.run(Code::LEDGER_RIGHTS, &project, "status");
    let grant = format!(
        "grant usage on schema whimbrel to {name}; \
         grant select on all tables in schema whimbrel to {name}"
    );
    session.simple(&grant).await.unwrap();
    let said = project.done("status");
    assert!(said.whole().contains("may not read the journal"), "{}", said.whole());
    project.write("migrations/002_b.sql", "select 2;\n");
    project.done("preview");
    seen.run(Code::JOURNAL_RIGHTS, &project, UP);
    session.simple(&format!("drop owned by {name}")).await.unwrap();
    session.simple(&format!("drop role {name}")).await.unwrap();
    session.close().await;
}
