//! What a process has replayed, the next one does not replay.

use std::ops::Range;

use whimbrel_engine::shadow::{KeepKind, Lineage, Server, Shadow, ShadowError, StopMode, list};
use whimbrel_engine::wire::{Failure, Session};

use super::sandbox::{Sandbox, Silence, eventually, value};

const STEPS: [&str; 4] = [
    "create table users (id int primary key)",
    "insert into users values (1), (2)",
    "create role state_reader",
    "grant select on users to state_reader",
];

fn lineage(steps: &[&str]) -> Lineage {
    let mut lineage = Lineage::of("app");
    for step in steps {
        lineage.add(step.as_bytes());
    }
    lineage
}

#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error(transparent)]
    Shadow(#[from] ShadowError),
    #[error(transparent)]
    Step(#[from] Failure),
}

/// Starts from what is cached and does the rest; says which steps that was.
async fn build(sandbox: &Sandbox, steps: &[&str]) -> (Server, Range<usize>) {
    let lineage = lineage(steps);
    let options = sandbox.options();
    let server = Shadow::start_from(&options, 17, &lineage, &mut Silence).await.unwrap();
    let mut done = steps.len()..steps.len();
    let replay = async |session: &mut Session, rest: Range<usize>| -> Result<(), BuildError> {
        done = rest.clone();
        for step in &steps[rest] {
            session.simple(step).await?;
        }
        Ok(())
    };
    server.database_from(&lineage, replay).await.unwrap();
    (server, done)
}

/// Waits until a state is in the cache: a guard brings it there after its client has gone on.
fn wait_for_states(sandbox: &Sandbox, count: usize) {
    let environment = sandbox.options().environment;
    let states = || list(&environment).iter().filter(|keep| keep.kind == KeepKind::State).count();
    assert!(eventually(|| states() == count), "{} states", states());
}

#[tokio::test]
async fn a_second_process_replays_nothing_and_a_new_migration_replays_only_itself() {
    let sandbox = Sandbox::in_memory();
    let (server, done) = build(&sandbox, &STEPS[..3]).await;
    assert_eq!(done, 0..3);
    server.stop().await;
    wait_for_states(&sandbox, 1);

    let (server, done) = build(&sandbox, &STEPS[..3]).await;
    assert_eq!(done, 3..3);
    assert_eq!(value(&server.target("app"), "select count(*) from users").await, "2");
    server.stop().await;

    let (server, done) = build(&sandbox, &STEPS).await;
    assert_eq!(done, 3..4);
    let allowed = "select has_table_privilege('state_reader', 'users', 'select')";
    assert_eq!(value(&server.target("app"), allowed).await, "t");
    server.stop().await;
    sandbox.assert_clean();
}

#[tokio::test]
async fn an_edited_migration_is_replayed_from_where_it_was_edited() {
    let sandbox = Sandbox::in_memory();
    for length in [1, 3] {
        build(&sandbox, &STEPS[..length]).await.0.stop().await;
        wait_for_states(&sandbox, if length == 1 { 1 } else { 2 });
    }
    let (server, done) =
        build(&sandbox, &[STEPS[0], "insert into users values (7)", STEPS[2]]).await;
    assert_eq!(done, 1..3);
    assert_eq!(value(&server.target("app"), "select min(id) from users").await, "7");
    server.stop().await;
}

#[tokio::test]
async fn what_fails_is_not_kept() {
    let sandbox = Sandbox::in_memory();
    let lineage = lineage(&["select 1/0"]);
    let server = Shadow::start_from(&sandbox.options(), 17, &lineage, &mut Silence).await.unwrap();
    let replay = async |session: &mut Session, _: Range<usize>| -> Result<(), BuildError> {
        session.simple("select 1/0").await?;
        Ok(())
    };
    let failed = server.database_from(&lineage, replay).await.unwrap_err();
    assert!(matches!(failed, BuildError::Step(_)), "{failed}");
    server.stop().await;
    wait_for_states(&sandbox, 0);
}

#[tokio::test]
async fn what_is_done_after_the_last_step_does_not_reach_the_state() {
    let sandbox = Sandbox::in_memory();
    let (server, _) = build(&sandbox, &STEPS[..2]).await;
    value(&server.target("app"), "create table later (); select ''").await;
    server.stop().await;
    wait_for_states(&sandbox, 1);
    let (server, _) = build(&sandbox, &STEPS[..2]).await;
    assert_eq!(value(&server.target("app"), "select to_regclass('later') is null").await, "t");
    server.stop().await;
}

#[tokio::test]
async fn only_the_states_used_last_are_kept() {
    let sandbox = Sandbox::in_memory();
    for number in 0..9 {
        let step = format!("create table t{number} ()");
        let (server, _) = build(&sandbox, &[&step]).await;
        server.stop().await;
        wait_for_states(&sandbox, (number + 1).min(8));
    }
    let (server, done) = build(&sandbox, &["create table t8 ()"]).await;
    assert_eq!(done, 1..1);
    server.stop().await;
    let states = sandbox.cache().join("state");
    let files = states.read_dir_utf8().unwrap().flatten().count();
    assert!(files <= 2 * 8 + 1, "nothing piles up beside the states: {files} files");
    let (server, done) = build(&sandbox, &["create table t0 ()"]).await;
    assert_eq!(done, 0..1);
    server.stop().await;
}

#[tokio::test]
async fn a_server_starts_again_with_its_rows_after_each_way_to_stop() {
    let sandbox = Sandbox::in_memory();
    let server = Shadow::start(&sandbox.options(), 17, &mut Silence).await.unwrap();
    for (number, mode) in
        [StopMode::Fast, StopMode::Immediate, StopMode::Kill].into_iter().enumerate()
    {
        let sql = format!("create role r{number}; select ''");
        value(&server.master(), &sql).await;
        server.restart(mode).await.unwrap();
    }
    let roles = "select count(*) from pg_roles where rolname ~ '^r[0-2]$'";
    assert_eq!(value(&server.master(), roles).await, "3");
    server.stop().await;
    sandbox.assert_clean();
}
