//! What a dead run leaves at work in the server, or only seems to be dead.

use tokio::sync::oneshot;
use whimbrel_engine::run::Cause;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{At, Cut, Fault, FaultProxy, Listen, When};

use super::kit::{Heard, Project, ask, database};

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

/// The runner is stopped between the intent and the statement, for longer than it takes another
/// one to come, and then goes on.
#[tokio::test]
async fn a_runner_that_was_taken_for_dead_builds_no_second_index() {
    let database = database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session.simple("create table a (id int)").await.unwrap();
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let (here, is_here) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let builds = At::first(|record| record.text.contains("create index concurrently on"));
    proxy.arm(Fault::new(When::Before, builds).calling(async move |_| {
        here.send(()).ok();
        may_go.await.ok();
    }));
    let sql = "create index concurrently on a (id);";
    let target = proxy.target().clone();
    let stopped = tokio::spawn(async move {
        Project::new(&target).with("001_index", sql).try_up(&mut Heard::default()).await
    });
    is_here.await.unwrap();
    let lock = "select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory' \
                and mode = 'ExclusiveLock' and database = (select oid from pg_database \
                where datname = current_database())";
    assert_eq!(ask(database.target(), lock).await, "t");
    let report = Project::new(database.target()).with("001_index", sql).up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    go.send(()).unwrap();
    let report = stopped.await.unwrap().unwrap().unwrap();
    assert!(report.stopped.is_some(), "{report:?}");
    let indexes = "select count(*) from pg_index where indrelid = 'a'::regclass";
    assert_eq!(ask(database.target(), indexes).await, "1");
}

const NAMED: &str = "create index concurrently a_name on a (name);";

/// A table with an index that somebody made by hand and that has the name of the migration's.
async fn with_a_foreign_index(session: &mut Session) {
    session
        .simple("create table a (id int, name text); create index a_name on a (id)")
        .await
        .unwrap();
}

#[tokio::test]
async fn an_index_that_was_there_before_is_not_taken_for_the_migrations_own() {
    let database = database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    with_a_foreign_index(&mut session).await;
    let project = Project::new(database.target()).with("001_index", NAMED);
    for _ in 0..2 {
        let report = project.up().await;
        let cause = &report.failed[0].1.cause;
        assert!(matches!(cause, Cause::Server(error) if error.code == "42P07"), "{cause:?}");
        assert_eq!(project.applied().await, Vec::<String>::new());
    }
    // As a kill right after the intent would leave it.
    session
        .simple("update whimbrel_journal.intents set state = 'begun' where step = 0")
        .await
        .unwrap();
    let report = project.up().await;
    assert_eq!(report.failed.len(), 1, "{report:?}");
    assert_eq!(project.applied().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_never_there_is_not_taken_for_dropped() {
    let database = database().await;
    let project =
        Project::new(database.target()).with("001_drop", "drop index concurrently nowhere;");
    for _ in 0..2 {
        let report = project.up().await;
        let cause = &report.failed[0].1.cause;
        assert!(matches!(cause, Cause::Server(error) if error.code == "42704"), "{cause:?}");
    }
    assert_eq!(project.applied().await, Vec::<String>::new());
}

/// The server chose the name of what is left of the first try.
#[tokio::test]
async fn a_build_that_failed_is_put_away_before_it_is_tried_again() {
    let database = database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session.simple("create table a (id int); insert into a values (1), (1)").await.unwrap();
    let project = Project::new(database.target())
        .with("001_index", "create unique index concurrently on a (id);");
    let report = project.up().await;
    assert_eq!(report.failed.len(), 1, "{report:?}");
    let invalid = "select count(*) from pg_index where not indisvalid";
    assert_eq!(ask(database.target(), invalid).await, "1");
    session.simple("delete from a").await.unwrap();
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    let indexes = "select count(*) from pg_index where indrelid = 'a'::regclass";
    assert_eq!(ask(database.target(), indexes).await, "1");
}

#[tokio::test]
async fn a_detachment_that_was_cut_off_is_finished() {
    let database = database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session
        .simple(
            "create table a (id int) partition by range (id); \
             create table a_old partition of a for values from (0) to (10); insert into a values (1)",
        )
        .await
        .unwrap();
    let sql = "alter table a detach partition a_old concurrently;";
    // A reader keeps the detachment in its second half.
    let mut reader = Session::connect(database.target(), "test").await.unwrap();
    reader.simple("begin; select * from a").await.unwrap();
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let detaches = At::first(|record| record.text.contains("*/ alter table"));
    proxy.arm(Fault::new(When::After, detaches).calling({
        let target = database.target().clone();
        async move |record| {
            let pending = "select count(*) from pg_inherits where inhdetachpending";
            while ask(&target, pending).await != "1" {}
            let pid = record.process_id.unwrap();
            ask(&target, &format!("select pg_terminate_backend({pid}, 5000)")).await;
        }
    }));
    let cut_off = Project::new(proxy.target()).with("001_detach", sql).up().await;
    assert!(cut_off.stopped.is_some_and(|stop| stop.may_go_on()));
    reader.simple("commit").await.unwrap();
    let project = Project::new(database.target()).with("001_detach", sql);
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    assert_eq!(ask(database.target(), "select count(*) from pg_inherits").await, "0");
}

#[tokio::test]
async fn what_took_is_looked_for_where_the_script_had_it_made() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let built = At::first(|record| record.text == "CREATE INDEX");
    proxy.arm(Fault::new(When::Before, built).cutting(Cut::Fin));
    let sql = "create schema app;\ncreate table app.a (id int);\nset search_path = app;\n\
               create index concurrently on a (id);";
    let cut_off = Project::new(proxy.target()).with("001_index", sql).up().await;
    assert!(cut_off.stopped.is_some_and(|stop| stop.may_go_on()));
    let report = Project::new(database.target()).with("001_index", sql).up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    let indexes = "select count(*) from pg_index where indrelid = 'app.a'::regclass";
    assert_eq!(ask(database.target(), indexes).await, "1");
}
