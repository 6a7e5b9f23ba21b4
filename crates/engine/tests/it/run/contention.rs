//! Others: runners that start together, sessions that hold locks, people who interrupt.

use std::time::Duration;

use whimbrel_engine::lock::{Lock, LockError, Wait};
use whimbrel_engine::run::{Cause, EnterError, Stop};
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Event, Interrupt};

use super::kit::{Heard, Project, ask, database};

#[tokio::test]
async fn twenty_runners_apply_each_migration_once() {
    let database = database().await;
    let runners = (0..20).map(|_| {
        let target = database.target().clone();
        async move {
            let project = Project::new(&target)
                .with("001_a", "create table a (id int); insert into a values (1);")
                .with(
                    "002_b",
                    "insert into a select pg_sleep(0.2)::text::int where false; \
                     insert into a values (2);",
                );
            project.try_up(&mut Heard::default()).await.unwrap()
        }
    });
    let mut set = tokio::task::JoinSet::new();
    for runner in runners {
        set.spawn(runner);
    }
    let reports: Vec<_> = set.join_all().await;
    let done: usize = reports.iter().flatten().map(|report| report.done.len()).sum();
    assert_eq!(done, 2, "{reports:?}");
    assert!(reports.iter().flatten().all(|report| report.stopped.is_none()), "{reports:?}");
    assert_eq!(ask(database.target(), "select count(*) from a").await, "2");
}

#[tokio::test]
async fn the_lock_holds_no_snapshot_and_its_holder_is_named() {
    let database = database().await;
    let mut project = Project::new(database.target()).with("001_a", "create table a ();");
    let lock = Lock::attempt(&project.target, "the holder", &project.key()).await.unwrap();
    let held = "select count(*) filter (where backend_xmin is null) || ' of ' || count(*) \
        from pg_stat_activity where application_name = 'the holder'";
    assert_eq!(ask(database.target(), held).await, "1 of 1");
    project.wait = Wait::No;
    let refused = project.try_up(&mut Heard::default()).await;
    let Err(EnterError::Lock(LockError::Held { holder: Some(holder) })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(holder.application, "the holder");
    lock.release().await;
    project.up().await;
}

#[tokio::test]
async fn the_lock_ends_with_its_connection() {
    let database = database().await;
    let project = Project::new(database.target()).with("001_a", "create table a ();");
    let lock = Lock::attempt(&project.target, "the holder", &project.key()).await.unwrap();
    ask(
        database.target(),
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where application_name = 'the holder' and datname = current_database()",
    )
    .await;
    project.up().await;
    drop(lock);
    assert_eq!(project.applied().await, ["001_a"]);
}

#[tokio::test]
async fn a_locked_table_is_waited_for_outside_the_queue_and_the_blocker_is_named() {
    let database = database().await;
    let mut blocker = Session::connect(database.target(), "the blocker").await.unwrap();
    blocker.simple("create table a (id int)").await.unwrap();
    blocker.simple("begin; select * from a").await.unwrap();
    let project = Project::new(database.target()).with("001_a", "alter table a add b int;");
    let mut heard = Heard::default();
    let (report, ()) = tokio::join!(project.try_up(&mut heard), async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        blocker.simple("commit").await.unwrap();
    });
    let report = report.unwrap().unwrap();
    assert_eq!(report.done.len(), 1, "{report:?}");
    let named = heard.0.iter().any(|event| {
        let Event::Retry { blockers, .. } = event else { return false };
        blockers.iter().any(|blocker| blocker.application == "the blocker")
    });
    assert!(named, "{:?}", heard.0);
}

#[tokio::test]
async fn patience_ends_and_the_blocker_is_in_the_failure() {
    let database = database().await;
    let mut blocker = Session::connect(database.target(), "the blocker").await.unwrap();
    blocker.simple("create table a (id int)").await.unwrap();
    blocker.simple("begin; select * from a").await.unwrap();
    let mut project = Project::new(database.target()).with("001_a", "alter table a add b int;");
    project.options.retry_for = Duration::from_millis(100);
    let report = project.up().await;
    let (_, failed) = &report.failed[0];
    let Cause::Server(error) = &failed.cause else { panic!("{failed:?}") };
    assert_eq!(error.code, "55P03");
    assert_eq!(failed.blockers[0].application, "the blocker");
}

#[tokio::test]
async fn an_interrupt_cancels_the_statement_and_nothing_of_it_stays() {
    let database = database().await;
    let project = Project::new(database.target())
        .with("001_a", "create table a (id int);")
        .with("002_slow", "create table b (id int); select pg_sleep(30);");
    let interrupt: Interrupt = project.interrupt.clone();
    let mut heard = Heard::default();
    let (report, ()) = tokio::join!(project.try_up(&mut heard), async {
        let slow = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' \
            and datname = current_database()";
        while ask(database.target(), slow).await == "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        interrupt.ask();
    });
    let report = report.unwrap().unwrap();
    assert!(matches!(report.stopped, Some(Stop::Interrupted)), "{report:?}");
    assert_eq!(project.applied().await, ["001_a"]);
    assert_eq!(ask(database.target(), "select to_regclass('b') is null").await, "t");
}

#[tokio::test]
async fn the_journal_may_be_lost_at_any_time() {
    let database = database().await;
    Project::new(database.target()).with("001_a", "create table a ();").up().await;
    ask(database.target(), "drop schema whimbrel_journal cascade; select 1").await;
    let project = Project::new(database.target())
        .with("001_a", "create table a ();")
        .with("002_b", "create table b ();");
    let report = project.up().await;
    assert_eq!(report.done.len(), 1, "{report:?}");
    assert_eq!(project.applied().await, ["001_a", "002_b"]);
}

#[tokio::test]
async fn the_death_of_the_lock_stops_the_run_before_the_next_statement() {
    let database = database().await;
    let project = Project::new(database.target())
        .with(
            "001_kills_the_lock",
            "copy (select 1) to stdout; select pg_terminate_backend(l.pid) from pg_locks l \
             where locktype = 'advisory' and granted and objsubid = 1 \
             and database = (select oid from pg_database where datname = current_database()); \
             select pg_sleep(0.1); vacuum;",
        )
        .with("002_next", "create table next ();");
    let report = project.up().await;
    assert!(matches!(report.stopped, Some(Stop::LockLost)), "{report:?}");
    assert_eq!(ask(database.target(), "select to_regclass('next') is null").await, "t");
}
