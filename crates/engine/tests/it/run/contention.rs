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

/// Ends the lock's connection of the run under way in this database.
const KILL_THE_LOCK: &str = "select count(pg_terminate_backend(l.pid)) from pg_locks l \
    where locktype = 'advisory' and granted and objsubid = 1 and mode = 'ExclusiveLock' \
    and database = (select oid from pg_database where datname = current_database())";

const SLEEPING: &str = "select count(*) from pg_stat_activity \
    where wait_event = 'PgSleep' and datname = current_database()";

async fn until_asleep(target: &whimbrel_engine::Target) {
    while ask(target, SLEEPING).await == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A runner loses its lock in the middle of a transaction; another one starts.
async fn a_transaction_of_a_dead_run_is_waited_out(journal: bool) {
    let database = database().await;
    let target = database.target();
    let mut project = Project::new(target)
        .with("001_a", "create table a (id int);")
        .with("002_slow", "insert into a values (1); select pg_sleep(1.5);")
        .with("003_next", "insert into a values (2);");
    project.options.journal = journal;
    let mut first_heard = Heard::default();
    let mut second_heard = Heard::default();
    let (first, second) = tokio::join!(project.try_up(&mut first_heard), async {
        until_asleep(target).await;
        assert_eq!(ask(target, KILL_THE_LOCK).await, "1");
        project.try_up(&mut second_heard).await
    });
    let waited = second_heard.0.iter().any(|event| {
        matches!(event, Event::Waiting { what } if what.contains("transaction of an earlier run"))
    });
    assert!(waited, "{:?}", second_heard.0);
    let second = second.unwrap();
    let by_second = second.map_or(0, |report| report.done.len());
    let by_first = first.unwrap().unwrap().done.len();
    assert_eq!(by_first + by_second, 3);
    assert_eq!(ask(target, "select string_agg(id::text, ',') from a").await, "1,2");
    assert_eq!(project.applied().await, ["001_a", "002_slow", "003_next"]);
}

#[tokio::test]
async fn with_a_journal_the_runs_row_makes_the_next_run_wait() {
    Box::pin(a_transaction_of_a_dead_run_is_waited_out(true)).await;
}

#[tokio::test]
async fn without_a_journal_a_shared_key_makes_the_next_run_wait() {
    Box::pin(a_transaction_of_a_dead_run_is_waited_out(false)).await;
}

#[tokio::test]
async fn a_run_whose_set_up_outlived_it_is_marked_as_lost() {
    const SLOW: &str = "create function slow() returns event_trigger language plpgsql as \
        'begin perform pg_sleep(1.5); end'; \
        create event trigger slow on ddl_command_end when tag in ('CREATE SCHEMA') \
        execute function slow()";
    const RUNS: &str = "select string_agg(state, ',' order by id) from whimbrel_journal.runs";
    let database = database().await;
    let target = database.target();
    Session::connect(target, "test").await.unwrap().simple(SLOW).await.unwrap();
    let project = Project::new(target).with("001_a", "create table a (id int);");
    // Its connections are cut, and the server works on at what it was sent.
    tokio::select! {
        report = project.up() => panic!("{report:?}"),
        () = until_asleep(target) => {}
    }
    assert_eq!(project.up().await.done.len(), 1);
    assert_eq!(ask(target, RUNS).await, "lost,done");
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let database = database().await;
    let target = database.target();
    let mut other = Session::connect(target, "other").await.unwrap();
    other.simple("create table a (id int); create table b (id int)").await.unwrap();
    other.simple("set deadlock_timeout = '10s'; begin; lock table b").await.unwrap();
    let mut project = Project::new(target)
        .with("001_both", "lock table a; select pg_sleep(0.2); alter table b add c int;");
    project.options.lock_timeout = "20s".to_owned();
    let mut heard = Heard::default();
    let (report, ()) = tokio::join!(project.try_up(&mut heard), async {
        until_asleep(target).await;
        other.simple("lock table a; commit").await.unwrap();
    });
    let report = report.unwrap().unwrap();
    assert_eq!(report.done.len(), 1, "{report:?}");
    let retried = heard
        .0
        .iter()
        .any(|event| matches!(event, Event::Retry { because, .. } if because.contains("deadlock")));
    assert!(retried, "{:?}", heard.0);
}

#[tokio::test]
async fn a_role_that_may_not_make_a_schema_goes_without_a_journal_and_is_told() {
    let database = database().await;
    let mut master = Session::connect(database.target(), "test").await.unwrap();
    let role = format!("plain_{}", database.name());
    master
        .simple(&format!(
            "create role {role} login; create schema whimbrel authorization {role}; \
             create schema app authorization {role}; \
             alter role {role} set search_path = app; revoke create on database {0} from public",
            database.name()
        ))
        .await
        .unwrap();
    let project = Project::new(&database.target_as(&role))
        .with("001_a", "create table a (id int);")
        .with("002_b", "create table b (id int);");
    let mut heard = Heard::default();
    let report = project.try_up(&mut heard).await.unwrap().unwrap();
    assert_eq!(report.done.len(), 2, "{report:?}");
    assert!(heard.0.iter().any(|event| matches!(event, Event::NoJournal { .. })));
    assert_eq!(project.applied().await, ["001_a", "002_b"]);
    master.simple(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn an_index_build_that_outlived_its_runner_is_waited_for() {
    let database = database().await;
    let target = database.target();
    let script = "create index concurrently a_id on a (id);";
    let mut blocker = Session::connect(target, "blocker").await.unwrap();
    blocker.simple("create table a (id int)").await.unwrap();
    blocker.simple("begin; insert into a values (1)").await.unwrap();
    let project = Project::new(target).with("001_index", script);
    let building = "select count(*) from pg_stat_progress_create_index \
        where datname = current_database() and relid = 'a'::regclass";
    // The first runner is dropped while the server builds on: its future ends, its connections
    // with it, and the backend notices nothing until it has something to say.
    let mut first_heard = Heard::default();
    tokio::select! {
        _ = project.try_up(&mut first_heard) => panic!("the build waits for the blocker"),
        () = async {
            while ask(target, building).await == "0" {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } => {}
    }
    let mut heard = Heard::default();
    let (report, ()) = tokio::join!(project.try_up(&mut heard), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        blocker.simple("commit").await.unwrap();
    });
    let report = report.unwrap().unwrap();
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    let waited = heard
        .0
        .iter()
        .any(|event| matches!(event, Event::Waiting { what } if what.contains("still runs")));
    assert!(waited, "{:?}", heard.0);
    let valid = "select indisvalid from pg_index where indexrelid = 'a_id'::regclass";
    assert_eq!(ask(target, valid).await, "t");
}
