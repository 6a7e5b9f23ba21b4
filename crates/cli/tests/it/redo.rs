//! A `redo` whose connection is lost after both halves were committed.

use whimbrel_engine::wire::Session;
use whimbrel_testkit::{At, Cut, Fault, FaultProxy, Listen, When};

use crate::kit::Project;

const HALVES: &str = "select string_agg(half, ' ' order by number) from halves";

/// Undoes and applies, and loses the connection when the database has both and nobody knows it.
async fn redone(project: Project, up: &str, down: &str) {
    project.write(
        up,
        "do $$ begin raise notice 'forth'; end $$;\ninsert into halves values ('up');\n",
    );
    project.write(down, "insert into halves values ('down');\n");
    let project = project.with_database().await;
    let table = "create table halves (half text, number int generated always as identity)";
    project.sql(table).await;
    project.done("up --yes --no-rehearsal");
    let proxy = FaultProxy::start(project.target(), Listen::Socket);
    let target = project.target().clone();
    let announced = At::first(|record| record.text.ends_with("forth"));
    let committed = Fault::new(When::Before, announced).calling(async move |_| {
        // This is another thread, and so another session.
        let mut session = Session::connect(&target, "test").await.unwrap();
        loop {
            let answers = session.simple(HALVES).await.unwrap();
            if answers[0].value() == Some("up down up") {
                break;
            }
        }
        session.close().await;
    });
    proxy.arm(committed.cutting(Cut::Fin));
    let project = project.with("DATABASE_URL", &proxy.target().to_string());
    let said = project.done("redo --yes --no-rehearsal --json");
    assert!(proxy.struck().is_some());
    assert_eq!(project.sql(HALVES).await.as_deref(), Some("up down up"), "{}", said.whole());
    let report = said.json();
    for half in report["migrations"].as_array().unwrap() {
        assert_eq!(half["result"], "done", "{report}");
    }
}

#[tokio::test]
async fn neither_half_runs_again_on_supabases_ledger_which_has_no_times() {
    let folder = "supabase/migrations";
    let up = format!("{folder}/20250101000000_halves.sql");
    let down = format!("{folder}/down/20250101000000_halves.sql");
    redone(Project::new(&[]), &up, &down).await;
}

#[tokio::test]
async fn neither_half_runs_again_on_our_own_ledger() {
    let up = "migrations/001_halves.up.sql";
    redone(Project::new(&[]), up, "migrations/001_halves.down.sql").await;
}
