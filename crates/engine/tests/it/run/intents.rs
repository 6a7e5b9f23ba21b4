//! What is written down before and after each step of a migration that is not one transaction.

use std::time::Duration;

use whimbrel_engine::wire::Session;
use whimbrel_testkit::{FaultProxy, Listen};

use super::kit::{Heard, Project, ask, database};

/// The intents as they are while a step runs.
const SEEN: &str = "select string_agg(step || ' ' || state, ', ' order by step) as seen \
    from whimbrel_journal.intents";

#[tokio::test]
async fn every_step_is_written_down_before_it_runs_and_a_transactions_outcome_with_it() {
    let database = database().await;
    let project = Project::new(database.target()).with(
        "001_steps",
        &format!("create table first as {SEEN};\nvacuum first;\ncreate table last as {SEEN};\nvacuum last;"),
    );
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    let seen = ask(database.target(), "select first.seen || '; ' || last.seen from first, last");
    assert_eq!(
        seen.await,
        "0 planned, 1 planned, 2 planned, 3 planned; 0 done, 1 done, 2 planned, 3 planned"
    );
    assert_eq!(ask(database.target(), "select count(*) from whimbrel_journal.intents").await, "0");
}

#[tokio::test]
async fn a_step_outside_a_transaction_has_begun_before_it_does_anything() {
    let database = database().await;
    let target = database.target();
    let mut blocker = Session::connect(target, "blocker").await.unwrap();
    blocker.simple("create table a (id int)").await.unwrap();
    blocker.simple("begin; insert into a values (1)").await.unwrap();
    let project = Project::new(target)
        .with("001_index", "create index concurrently a_id on a (id);\nselect 1;");
    let building = "select count(*) from pg_index where indrelid = 'a'::regclass";
    let mut heard = Heard::default();
    let (report, seen) = tokio::join!(project.try_up(&mut heard), async {
        while ask(target, building).await == "0" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let seen = ask(target, SEEN).await;
        blocker.simple("commit").await.unwrap();
        seen
    });
    assert_eq!(seen, "0 begun, 1 planned");
    let report = report.unwrap().unwrap();
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
}

#[tokio::test]
async fn an_invalid_index_is_dropped_concurrently() {
    let database = database().await;
    let prepare = "create table a (id int); insert into a values (1), (1); select 1";
    ask(database.target(), prepare).await;
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let project = Project::new(proxy.target())
        .with("001_index", "create unique index concurrently a_id on a (id);");
    let report = project.up().await;
    assert_eq!(report.failed.len(), 1, "{report:?}");
    ask(database.target(), "delete from a; select 1").await;
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    let drops: Vec<String> = proxy
        .record()
        .into_iter()
        .filter(|record| record.name == "Query" && record.text.starts_with("drop index"))
        .map(|record| record.text)
        .collect();
    let is_concurrent = |drop: &String| drop.starts_with("drop index concurrently");
    assert!(!drops.is_empty() && drops.iter().all(is_concurrent), "{drops:?}");
    let valid = "select bool_and(indisvalid) from pg_index where indrelid = 'a'::regclass";
    assert_eq!(ask(database.target(), valid).await, "t");
}
