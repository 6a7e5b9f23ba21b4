//! One runner at a time: how the lock is held, and how it is waited for.

use std::time::Duration;

use whimbrel_engine::lock::{Lock, LockError, LockKey, Wait};
use whimbrel_engine::run::EnterError;
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Event, Target};
use whimbrel_testkit::{PgBouncer, Pool, PoolMode};

use super::kit::{Heard, Project, ask, database};

/// The advisory locks of this database that somebody waits for inside the server.
const WAITED_FOR: &str = "select count(*) from pg_locks where locktype = 'advisory' \
    and not granted and database = (select oid from pg_database where datname = current_database())";

/// Connections of a runner to this database.
const RUNNERS: &str = "select count(*) from pg_stat_activity \
    where application_name = 'whimbrel test' and datname = current_database()";

async fn attempt(target: &Target, key: &LockKey) -> Result<Lock, LockError> {
    Lock::attempt(target, "whimbrel test lock", key).await
}

#[tokio::test]
async fn a_lock_is_for_one_database_and_its_ledgers() {
    let (database, another) = (database().await, database().await);
    let key = LockKey::new("whimbrel", &[]);
    let held = attempt(database.target(), &key).await.unwrap();
    let refused = attempt(database.target(), &key).await;
    assert!(matches!(refused, Err(LockError::Held { .. })), "{refused:?}");
    let other_ledger = LockKey::new("another", &[]);
    attempt(database.target(), &other_ledger).await.unwrap().release().await;
    attempt(another.target(), &key).await.unwrap().release().await;
    held.release().await;
}

#[tokio::test]
async fn the_lock_of_another_tool_is_taken_as_well() {
    const PRISMA: i64 = 72_707_369;
    let database = database().await;
    let key = LockKey::new("whimbrel", &[PRISMA]);
    let mut prisma = Session::connect(database.target(), "prisma").await.unwrap();
    prisma.simple(&format!("select pg_advisory_lock({PRISMA})")).await.unwrap();
    let refused = attempt(database.target(), &key).await;
    let Err(LockError::Held { holder: Some(holder) }) = refused else { panic!("{refused:?}") };
    assert_eq!(holder.application, "prisma");
    prisma.simple(&format!("select pg_advisory_unlock({PRISMA})")).await.unwrap();
    let held = attempt(database.target(), &key).await.unwrap();
    let theirs = format!("select pg_try_advisory_lock({PRISMA})");
    assert_eq!(ask(database.target(), &theirs).await, "f");
    held.release().await;
}

#[tokio::test]
async fn who_waits_does_so_outside_the_server_and_says_for_whom_and_since_when() {
    let database = database().await;
    let project = Project::new(database.target()).with("001_a", "create table a ();");
    let lock = Lock::attempt(database.target(), "the holder", &project.key()).await.unwrap();
    let mut heard = Heard::default();
    let (report, (most_waited_for, least_connected)) =
        tokio::join!(project.try_up(&mut heard), async {
            let (mut waited_for, mut connected) = (0, u32::MAX);
            for _ in 0..60 {
                let now: u32 = ask(database.target(), WAITED_FOR).await.parse().unwrap();
                waited_for = now.max(waited_for);
                let now: u32 = ask(database.target(), RUNNERS).await.parse().unwrap();
                connected = now.min(connected);
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            lock.release().await;
            (waited_for, connected)
        });
    assert_eq!(report.unwrap().unwrap().done.len(), 1);
    assert_eq!(most_waited_for, 0, "nobody waits for it in a queue");
    assert_eq!(least_connected, 0, "nobody is connected between two polls");
    let names_it = |event: &Event| {
        matches!(event, Event::Waiting { what }
            if what.starts_with("the lock held by pid ") && what.contains("(the holder as postgres")
                && what.contains(", since 1 s)"))
    };
    assert!(heard.0.iter().any(names_it), "{:?}", heard.0);
}

#[tokio::test]
async fn patience_with_another_run_ends() {
    let database = database().await;
    let mut project = Project::new(database.target()).with("001_a", "create table a ();");
    project.wait = Wait::For(Duration::from_millis(300));
    let lock = Lock::attempt(database.target(), "the holder", &project.key()).await.unwrap();
    let refused = project.try_up(&mut Heard::default()).await;
    assert!(matches!(refused, Err(EnterError::Lock(LockError::Held { .. }))), "{refused:?}");
    assert_eq!(ask(database.target(), "select to_regclass('a') is null").await, "t");
    lock.release().await;
}

#[tokio::test]
async fn who_gets_it_reads_the_ledger_again() {
    let database = database().await;
    let first = ("001_a", "create table a (id int); insert into a values (1);");
    let project = Project::new(database.target())
        .with(first.0, first.1)
        .with("002_b", "insert into a values (2);");
    // Another run applies the first migration, slowly, while this one waits.
    let other = Project::new(database.target())
        .with(first.0, &format!("{} select pg_sleep(0.7);", first.1));
    let sleeping = "select count(*) from pg_stat_activity \
        where wait_event = 'PgSleep' and datname = current_database()";
    let (mut heard, mut other_heard) = (Heard::default(), Heard::default());
    let (other, report) = tokio::join!(other.try_up(&mut other_heard), async {
        while ask(database.target(), sleeping).await == "0" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        project.try_up(&mut heard).await
    });
    assert_eq!(other.unwrap().unwrap().done.len(), 1);
    let waited = |event: &Event| matches!(event, Event::Waiting { .. });
    assert!(heard.0.iter().any(waited), "{:?}", heard.0);
    let report = report.unwrap().unwrap();
    assert!(report.failed.is_empty() && report.stopped.is_none(), "{report:?}");
    assert_eq!(report.done.len(), 1, "{report:?}");
    assert_eq!(ask(database.target(), "select string_agg(id::text, ',') from a").await, "1,2");
}

#[tokio::test]
async fn behind_a_transaction_pooler_the_lock_keeps_its_server_connection() {
    let database = database().await;
    let pool = Pool::new(PoolMode::Transaction, 3);
    let bouncer = PgBouncer::start(database.target(), &pool).await;
    let key = LockKey::new("whimbrel", &[]);
    let mut held = attempt(bouncer.target(), &key).await.unwrap();
    // Whoever else the pool serves comes by, and the lock is neither lost nor shared.
    for _ in 0..6 {
        let (one, two) = tokio::join!(
            ask(bouncer.target(), "select count(*) from pg_sleep(0.05)"),
            ask(bouncer.target(), "select count(*) from pg_sleep(0.05)"),
        );
        assert_eq!((one.as_str(), two.as_str()), ("1", "1"));
    }
    for target in [bouncer.target(), database.target()] {
        let refused = attempt(target, &key).await;
        assert!(matches!(refused, Err(LockError::Held { holder: Some(_) })), "{refused:?}");
    }
    assert!(held.stands());
    // It ends with its client, without a word to the pooler.
    drop(held);
    let mut tries = 0;
    while let Err(error) = attempt(database.target(), &key).await {
        tries += 1;
        assert!(tries < 100, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn twenty_runners_behind_a_pooler_apply_each_migration_once() {
    let database = database().await;
    let pool = Pool::new(PoolMode::Transaction, 4);
    let bouncer = PgBouncer::start(database.target(), &pool).await;
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let project = Project::new(bouncer.target())
            .with("001_a", "create table a (id int); insert into a values (1);")
            .with("002_b", "insert into a select 2 from pg_sleep(0.2);");
        set.spawn(async move { project.try_up(&mut Heard::default()).await.unwrap() });
    }
    let reports = set.join_all().await;
    let done: usize = reports.iter().flatten().map(|report| report.done.len()).sum();
    assert_eq!(done, 2, "{reports:?}");
    let wrong = |report: &&whimbrel_engine::run::Report| {
        report.stopped.is_some() || !report.failed.is_empty()
    };
    assert!(!reports.iter().flatten().any(|report| wrong(&report)), "{reports:?}");
    let ids = "select string_agg(id::text, ',' order by id) from a";
    assert_eq!(ask(database.target(), ids).await, "1,2");
}

#[tokio::test]
async fn no_timeout_of_the_database_ends_the_lock() {
    let database = database().await;
    let name = database.name().to_owned();
    for setting in
        ["idle_in_transaction_session_timeout", "transaction_timeout", "statement_timeout"]
    {
        let sql = format!("alter database \"{name}\" set {setting} = '300ms'; select 1");
        ask(database.target(), &sql).await;
    }
    let key = LockKey::new("whimbrel", &[]);
    let mut held = attempt(database.target(), &key).await.unwrap();
    let applies = "select count(*) from pg_settings where setting = '300'";
    assert_eq!(ask(database.target(), applies).await, "3");
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert!(held.stands(), "its connection stands");
    let refused = attempt(database.target(), &key).await;
    assert!(matches!(refused, Err(LockError::Held { .. })), "{refused:?}");
}
