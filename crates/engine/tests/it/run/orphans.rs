//! What a dead run leaves at work in the server, or only seems to be dead.

use whimbrel_engine::wire::Session;
use whimbrel_testkit::{At, Cut, Fault, FaultProxy, Listen, When};

use super::kit::{Project, database};

#[tokio::test]
async fn a_run_waits_for_a_dead_one_that_still_makes_the_ledger() {
    let database = database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session
        .simple(
            "create function slow() returns event_trigger language plpgsql \
             as $$ begin perform pg_sleep(0.2); end $$; \
             create event trigger slow on ddl_command_end when tag in ('CREATE TYPE') \
             execute function slow()",
        )
        .await
        .unwrap();
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let makes = At::first(|record| record.text.starts_with("begin;\nset local"));
    proxy.arm(Fault::new(When::After, makes).cutting(Cut::Fin));
    let sql = "create table a (id int);";
    let cut_off = Project::new(proxy.target()).with("001_a", sql).up().await;
    assert!(cut_off.stopped.is_some_and(|stop| stop.may_go_on()));
    assert!(proxy.struck().is_some());
    let report = Project::new(database.target()).with("001_a", sql).up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
}
