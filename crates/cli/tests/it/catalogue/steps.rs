//! Migrations that cannot be run as they are.

use std::time::Duration;

use whimbrel_app::catalogue::Code;
use whimbrel_testkit::{PgBouncer, Pool, PoolMode};

use super::Seen;
use crate::kit::Project;

const UP: &str = "up --yes --no-rehearsal";
const INDEX: &str = "create index concurrently a_id on a (id);\n";

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W42");
    in_steps(&mut seen).await;
    half_done(&mut seen).await;
    cut_off(&mut seen).await;
    behind_a_pooler(&mut seen).await;
    seen.elsewhere(
        Code::TEXT_GONE,
        "cli::large::a_file_that_changes_while_it_is_sent_is_not_applied",
    );
    seen.elsewhere(
        Code::UNSENDABLE,
        "engine::wire::exchange::a_text_with_nul_is_not_sent_and_harms_nothing",
    );
    seen.whole();
}

/// Scripts that are not one transaction.
async fn in_steps(seen: &mut Seen) {
    let script = "create table a (id int);\ncreate index concurrently i on a (id);\nselect 1/0;\n";
    let project = Project::new(&[("migrations/001_a.sql", script)]).with_database().await;
    project.run(UP);
    project.write("migrations/001_a.sql", &script.replace("id int", "id bigint"));
    seen.run(Code::STEP_CHANGED, &project, UP);

    for (code, script) in [
        (Code::NEEDS_JOURNAL, "create table b ();\nvacuum;\n"),
        (Code::CONTRADICTORY, "begin;\nvacuum;\ncommit;\n"),
    ] {
        let project = Project::new(&[
            ("migrations/001_a.sql", script),
            ("whimbrel.toml", "[ledger]\njournal = false\n"),
        ]);
        seen.run(code, &project.with_database().await, UP);
    }
}

/// What an earlier run left half done.
async fn half_done(seen: &mut Seen) {
    let project = Project::new(&[
        ("migrations/001_a.sql", "create table a ();\nvacuum a;\nselect 1 / 0;\n"),
        ("migrations/001_a.down.sql", "drop table a;\nvacuum;\nselect 1 / 0;\n"),
    ]);
    let project = project.with_database().await;
    project.run(UP);
    project.sql("drop schema whimbrel_journal cascade").await;
    seen.run(Code::STEPS_LOST, &project, UP);
    project.sql("create table if not exists a ()").await;
    project.done("repair applied 1 --yes --no-proof");
    project.run("down --yes --no-rehearsal");
    seen.run(Code::HALF_DONE, &project, UP);
}

/// A run that is killed in a procedure, which may have committed anything.
async fn cut_off(seen: &mut Seen) {
    let nap = "create procedure nap() language plpgsql as $$ begin commit; perform pg_sleep(60); end $$;\n";
    let project = Project::new(&[
        ("migrations/001_nap.sql", nap),
        ("migrations/002_call.sql", "call nap();\n"),
    ]);
    let project = project.with_database().await;
    let mut child = project.command(&["up", "--yes", "--no-rehearsal"]).spawn().unwrap();
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
               where wait_event = 'PgSleep' and datname = current_database()";
    let sleeps = end.replace("pg_terminate_backend(pid)", "*");
    while project.sql(&sleeps).await.as_deref() != Some("1") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    project.sql(end).await;
    seen.run(Code::UNKNOWN_OUTCOME, &project, UP);
}

/// Statements outside a transaction, through a transaction pooler.
async fn behind_a_pooler(seen: &mut Seen) {
    for (code, size, timeout) in [(Code::POOLED, 3, "5s"), (Code::POOL_OF_ONE, 1, "0")] {
        let project = Project::new(&[("migrations/001_a.sql", INDEX)]).with_database().await;
        project
            .sql(
                &format!(
                    "create table a (id int); do $$ begin execute format(\
                 'alter database %I set statement_timeout = {timeout:?}', current_database()); \
                 end $$"
                )
                .replace('"', "''"),
            )
            .await;
        let pool = Pool::new(PoolMode::Transaction, size);
        let pooler = PgBouncer::start(project.target(), &pool).await;
        let through = project.with("DATABASE_URL", pooler.target().url().reveal());
        seen.run(code, &through, UP);
    }
}
