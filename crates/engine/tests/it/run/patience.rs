//! Timeouts, what is tried again, and what must not be cut short.

use std::time::Duration;

use whimbrel_engine::Event;
use whimbrel_engine::run::Cause;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{FaultProxy, Listen, PgBouncer, Pool, PoolMode};

use super::kit::{Heard, Project, ask, database};

#[tokio::test]
async fn every_transaction_and_every_step_has_a_lock_timeout() {
    let database = database().await;
    let settings = "select current_setting('lock_timeout') as lock_timeout, \
        current_setting('statement_timeout') as statement_timeout";
    let mut project = Project::new(database.target())
        .with("001_one", &format!("create table one as {settings};"))
        .with("002_steps", &format!("vacuum;\ncreate table steps as {settings};"));
    project.options.statement_timeout = Some("7s".to_owned());
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    for table in ["one", "steps"] {
        let sql = format!("select lock_timeout || ' ' || statement_timeout from {table}");
        assert_eq!(ask(database.target(), &sql).await, "500ms 7s", "{table}");
    }
}

#[tokio::test]
async fn a_statement_timeout_that_was_asked_for_ends_a_statement() {
    let database = database().await;
    let mut project = Project::new(database.target())
        .with("001_a", "create table a (id int);\nselect pg_sleep(20);");
    project.options.statement_timeout = Some("200ms".to_owned());
    let report = project.up().await;
    let Cause::Server(error) = &report.failed[0].1.cause else { panic!("{report:?}") };
    assert_eq!(error.code, "57014");
    assert_eq!(ask(database.target(), "select to_regclass('a') is null").await, "t");
}

#[tokio::test]
async fn a_serialization_failure_is_tried_again() {
    let database = database().await;
    let target = database.target();
    let mut other = Session::connect(target, "other").await.unwrap();
    other.simple("create table a (id int); insert into a values (1)").await.unwrap();
    let project = Project::new(target).with(
        "001_serializable",
        "begin isolation level repeatable read;\nselect count(*) from a;\nselect pg_sleep(0.5);\n\
         update a set id = id + 10;\ncommit;",
    );
    let sleeping = "select count(*) from pg_stat_activity \
        where wait_event = 'PgSleep' and datname = current_database()";
    let mut heard = Heard::default();
    let (report, ()) = tokio::join!(project.try_up(&mut heard), async {
        while ask(target, sleeping).await == "0" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        other.simple("update a set id = 2").await.unwrap();
    });
    let report = report.unwrap().unwrap();
    assert_eq!(report.done.len(), 1, "{report:?}");
    let retried = |event: &Event| matches!(event, Event::Retry { because, .. } if because.contains("serialize access"));
    assert!(heard.0.iter().any(retried), "{:?}", heard.0);
    assert_eq!(ask(target, "select id from a").await, "12");
}

#[tokio::test]
async fn who_stands_in_the_way_is_named_with_everything_that_helps_to_find_them() {
    let database = database().await;
    let mut blocker = Session::connect(database.target(), "the blocker").await.unwrap();
    blocker.simple("create table a (id int)").await.unwrap();
    blocker.simple("begin").await.unwrap();
    blocker.simple("select   * from a").await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let mut project = Project::new(database.target()).with("001_a", "alter table a add b int;");
    project.options.retry_for = Duration::from_millis(100);
    let report = project.up().await;
    let [named] = report.failed[0].1.blockers.as_slice() else { panic!("{report:?}") };
    assert_eq!(named.pid, blocker.process_id());
    assert_eq!((named.user.as_str(), named.application.as_str()), ("postgres", "the blocker"));
    assert_eq!(named.state, "idle in transaction");
    assert_eq!(named.query, "select * from a");
    assert!(named.seconds >= 1, "{named:?}");
}

/// A table in the way of a concurrent build for longer than every timeout that there is.
#[tokio::test]
async fn no_timeout_cancels_a_concurrent_build() {
    let database = database().await;
    let target = database.target();
    let mut blocker = Session::connect(target, "blocker").await.unwrap();
    let name = database.name().to_owned();
    blocker
        .simple(&format!(
            "create table a (id int); alter database \"{name}\" set statement_timeout = '400ms'; \
             alter database \"{name}\" set lock_timeout = '300ms'"
        ))
        .await
        .unwrap();
    blocker.simple("begin; insert into a values (1)").await.unwrap();
    let mut project =
        Project::new(target).with("001_index", "create index concurrently a_id on a (id);");
    project.options.statement_timeout = Some("300ms".to_owned());
    let mut heard = Heard::default();
    let (report, ()) = tokio::join!(project.try_up(&mut heard), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        blocker.simple("commit").await.unwrap();
    });
    let report = report.unwrap().unwrap();
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    assert!(!heard.0.iter().any(|event| matches!(event, Event::Retry { .. })), "{:?}", heard.0);
    let valid = "select indisvalid from pg_index where indexrelid = 'a_id'::regclass";
    assert_eq!(ask(target, valid).await, "t");
}

#[tokio::test]
async fn a_concurrent_build_is_one_statement_in_one_message() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let build = "create index concurrently a_id on a (id)";
    let project = Project::new(proxy.target())
        .with("001_index", &format!("create table a (id int);\n{build};\nselect 1;"));
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    let record = proxy.record();
    let sent: Vec<&str> = record
        .iter()
        .filter(|record| record.name == "Query" && record.text.contains("concurrently a_id"))
        .filter(|record| !record.text.contains("whimbrel_journal"))
        // A remark tells whose it is, to whoever looks at `pg_stat_activity`.
        .map(|record| record.text.split_once("*/ ").map_or(&*record.text, |(_, rest)| rest))
        .collect();
    assert_eq!(sent, [build]);
}

#[tokio::test]
async fn our_own_settings_reach_no_other_client_of_the_pool() {
    let database = database().await;
    let pool = Pool::new(PoolMode::Transaction, 2);
    let bouncer = PgBouncer::start(database.target(), &pool).await;
    let mut project = Project::new(bouncer.target())
        .with("001_a", "create table a (id int);")
        .with("002_steps", "vacuum a;\ninsert into a values (1);")
        .with("003_takes", "create role taken_by_one; set role taken_by_one; listen something;")
        .with("004_fails", "select 1 / 0;");
    project.options.statement_timeout = Some("9s".to_owned());
    let report = project.up().await;
    assert_eq!(report.failed.len(), 1, "{report:?}");
    for _ in 0..4 {
        let seen = "select concat_ws(' ', current_setting('lock_timeout'), \
            current_setting('statement_timeout'), current_setting('synchronous_commit'), \
            current_setting('idle_in_transaction_session_timeout'), current_user = session_user, \
            (select count(*) from pg_listening_channels()), current_setting('application_name'))";
        let seen = ask(bouncer.target(), seen).await;
        assert_eq!(seen, "0 0 on 0 t 0 whimbrel test judge");
    }
    ask(database.target(), "drop role taken_by_one; select 1").await;
}
