//! Behind PgBouncer in transaction mode.

use whimbrel_engine::Event;
use whimbrel_engine::run::Cause;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{Database, PgBouncer, Pool, PoolMode};

use super::kit::{Heard, Project, ask, database};

async fn pooled(size: usize) -> (Database, PgBouncer) {
    let database = database().await;
    let pool = Pool::new(PoolMode::Transaction, size);
    let bouncer = PgBouncer::start(database.target(), &pool).await;
    (database, bouncer)
}

const MIXED: &str = "create table a (id int);\ncreate index concurrently a_id on a (id);\n\
    vacuum a;\ninsert into a values (1);";

#[tokio::test]
async fn everything_works_behind_a_transaction_pooler() {
    let (database, bouncer) = pooled(5).await;
    let project = Project::new(bouncer.target())
        .with("001_mixed", MIXED)
        .with("002_data", "create table b (id int);\ncopy b from stdin;\n1\n\\.\n")
        .with("003_last", "insert into b values (2);");
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    assert_eq!(report.done.len(), 3);
    let valid = "select indisvalid from pg_index where indexrelid = 'a_id'::regclass";
    assert_eq!(ask(database.target(), valid).await, "t");
    assert_eq!(ask(database.target(), "select count(*) from b").await, "2");
}

#[tokio::test]
async fn nothing_a_script_sets_reaches_another_client_of_the_pool() {
    let (_database, bouncer) = pooled(2).await;
    let project = Project::new(bouncer.target()).with(
        "001_sets",
        "select pg_catalog.set_config('search_path', '', false);\nset timezone = 'Asia/Tokyo';\n\
         set statement_timeout = '7s';\nprepare p as select 1;\ncreate temporary table t ();",
    );
    let report = project.up().await;
    assert!(report.failed.is_empty(), "{report:?}");
    for _ in 0..4 {
        let seen = ask(
            bouncer.target(),
            "select concat_ws(' ', current_setting('search_path'), current_setting('timezone'), \
             current_setting('statement_timeout'), (select count(*) from pg_prepared_statements), \
             to_regclass('pg_temp.t') is null)",
        )
        .await;
        assert_eq!(seen, r#""$user", public UTC 0 0 t"#);
    }
}

#[tokio::test]
async fn with_one_server_connection_migrations_run_in_the_locks_own_transaction() {
    let (database, bouncer) = pooled(1).await;
    let project = Project::new(bouncer.target())
        .with("001_a", "create table a (id int);")
        .with("002_b", "insert into a values (1);\nvacuum a;\ninsert into a values (2);")
        .with("003_fails", "insert into a values (3);\nselect 1 / 0;")
        .with("004_never", "create table never ();");
    let report = project.up().await;
    assert!(report.stopped.is_none(), "{report:?}");
    assert_eq!(report.done.len(), 2, "{report:?}");
    assert_eq!(report.failed[0].0, 2);
    assert_eq!(ask(database.target(), "select sum(id) from a").await, "3");
    let direct = Project::new(database.target());
    assert_eq!(direct.applied().await, ["001_a", "002_b"]);
    let running = "select count(*) from whimbrel_journal.runs where state = 'running'";
    assert_eq!(ask(database.target(), running).await, "0");
}

#[tokio::test]
async fn with_one_server_connection_only_concurrent_builds_are_refused() {
    let (database, bouncer) = pooled(1).await;
    let mut project = Project::new(bouncer.target())
        .with("001_a", "create table a (id int);")
        .with("002_index", "create index concurrently a_id on a (id);");
    let report = project.up().await;
    let cause = &report.failed[0].1.cause;
    let Cause::PoolOfOne { statement } = cause else { panic!("{report:?}") };
    assert!(statement.starts_with("create index concurrently"), "{statement}");
    // Round the pooler it can be built.
    project.options.direct = Some(database.target().clone());
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    let valid = "select indisvalid from pg_index where indexrelid = 'a_id'::regclass";
    assert_eq!(ask(database.target(), valid).await, "t");
}

#[tokio::test]
async fn a_timeout_that_would_cancel_a_concurrent_build_is_not_lifted_for_other_clients() {
    let (database, bouncer) = pooled(3).await;
    let name = database.name().to_owned();
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session
        .simple(&format!("alter database \"{name}\" set statement_timeout = '2min'"))
        .await
        .unwrap();
    let mut project = Project::new(bouncer.target())
        .with("001_a", "create table a (id int);")
        .with("002_index", "create index concurrently a_id on a (id);");
    let report = project.up().await;
    let cause = &report.failed[0].1.cause;
    assert!(
        matches!(cause, Cause::PooledTimeout { name, milliseconds: 120_000, .. }
            if name == "statement_timeout"),
        "{report:?}"
    );
    project.options.direct = Some(database.target().clone());
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    for _ in 0..3 {
        assert_eq!(ask(bouncer.target(), "show statement_timeout").await, "2min");
    }
}

#[tokio::test]
async fn what_a_script_sets_is_not_set_for_other_clients_to_run_a_later_step() {
    let (database, bouncer) = pooled(3).await;
    let mut project = Project::new(bouncer.target()).with(
        "001_index",
        "create schema app;\nset search_path = app;\ncreate table a (id int);\n\
         create index concurrently a_id on a (id);",
    );
    let report = project.up().await;
    let Cause::PooledSetting { setting, .. } = &report.failed[0].1.cause else {
        panic!("{report:?}");
    };
    assert_eq!(setting, "set search_path = app");
    project.options.direct = Some(database.target().clone());
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    assert_eq!(ask(database.target(), "select to_regclass('app.a_id') is null").await, "f");
    for _ in 0..3 {
        assert_eq!(ask(bouncer.target(), "show search_path").await, r#""$user", public"#);
    }
}

#[tokio::test]
async fn in_session_mode_the_timeout_is_lifted_for_this_connection() {
    let database = database().await;
    let name = database.name().to_owned();
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session
        .simple(&format!("alter database \"{name}\" set statement_timeout = '2min'"))
        .await
        .unwrap();
    let pool = Pool::new(PoolMode::Session, 4);
    let bouncer = PgBouncer::start(database.target(), &pool).await;
    let project = Project::new(bouncer.target())
        .with("001_a", "create table a (id int);\ncreate index concurrently a_id on a (id);");
    let report = project.up().await;
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
}

#[tokio::test]
async fn the_blocker_is_named_behind_a_pooler_too() {
    let (database, bouncer) = pooled(4).await;
    let mut blocker = Session::connect(database.target(), "the blocker").await.unwrap();
    blocker.simple("create table a (id int)").await.unwrap();
    blocker.simple("begin; select * from a").await.unwrap();
    let mut project = Project::new(bouncer.target()).with("001_a", "alter table a add b int;");
    project.options.retry_for = std::time::Duration::from_millis(50);
    let mut heard = Heard::default();
    let report = project.try_up(&mut heard).await.unwrap().unwrap();
    assert_eq!(report.failed[0].1.blockers[0].application, "the blocker", "{report:?}");
    assert!(heard.0.iter().any(|event| matches!(event, Event::Blocked { .. })));
}
