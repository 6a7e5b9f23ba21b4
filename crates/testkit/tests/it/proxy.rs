use std::time::{Duration, Instant};

use whimbrel_engine::Target;
use whimbrel_engine::shadow::StopMode;
use whimbrel_engine::wire::{Failure, Session};
use whimbrel_testkit::{
    At, Cut, Database, DelayProxy, Direction, Fault, FaultProxy, Listen, Point, Record, Server,
    Settings, When,
};

const MAJOR: u16 = 17;

/// A run whose outcome the database can be asked for.
const SCRIPT: &str = "insert into item values (1)";

async fn database() -> Database {
    let database = Server::shared(MAJOR).await.database().await;
    let mut session = connect(database.target()).await.unwrap();
    session.simple("create table item (id int)").await.unwrap();
    database
}

async fn connect(target: &Target) -> Option<Session> {
    Session::connect(target, "whimbrel test").await.ok()
}

/// Makes the run; answers whether it heard that it was done.
async fn run(target: &Target) -> bool {
    let Some(mut session) = connect(target).await else { return false };
    let heard = session.simple(SCRIPT).await.is_ok();
    session.close().await;
    heard
}

async fn rows(database: &Database) -> String {
    let mut session = connect(database.target()).await.unwrap();
    let answer = session.query("select count(*) from item", &[]).await.unwrap();
    answer.value().unwrap().to_owned()
}

/// What must not differ between two records of one run.
fn outline(record: &[Record]) -> Vec<(Point, &'static str)> {
    let mut outline: Vec<_> = record.iter().map(|record| (record.point, record.name)).collect();
    outline.sort();
    outline
}

#[tokio::test]
async fn a_run_is_recorded_the_same_way_each_time() {
    for listen in [Listen::Tcp, Listen::Socket] {
        let database = database().await;
        let proxy = FaultProxy::start(database.target(), listen);
        assert!(run(proxy.target()).await);
        proxy.ended().await;
        let first = proxy.record();
        proxy.begin();
        assert!(run(proxy.target()).await);
        proxy.ended().await;
        assert_eq!(outline(&first), outline(&proxy.record()));

        let said: Vec<_> = first
            .iter()
            .filter(|record| record.point.direction == Direction::Frontend)
            .map(|record| (record.point.to_string(), record.name, record.text.as_str()))
            .collect();
        assert_eq!(
            said[1..],
            [("0>1".to_owned(), "Query", SCRIPT), ("0>2".to_owned(), "Terminate", "")]
        );
        assert_eq!((said[0].0.as_str(), said[0].1), ("0>0", "StartupMessage"));
        assert!(first.iter().any(|record| record.text == "INSERT 0 1"));
    }
}

#[tokio::test]
async fn connections_are_counted_in_the_order_in_which_they_are_made() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let first = connect(proxy.target()).await.unwrap();
    let mut second = connect(proxy.target()).await.unwrap();
    second.simple("select 2").await.unwrap();
    drop(first);
    let query = proxy.record().into_iter().find(|record| record.name == "Query").unwrap();
    assert_eq!(query.point.connection, 1);
    assert_eq!(query.process_id, u32::try_from(second.process_id()).ok());

    proxy.begin();
    assert!(proxy.record().is_empty());
    let mut third = connect(proxy.target()).await.unwrap();
    third.simple("select 3").await.unwrap();
    second.simple("select 4").await.unwrap();
    assert!(proxy.record().iter().all(|record| record.point.connection == 0));
    assert!(!proxy.record().iter().any(|record| record.text == "select 4"));
}

#[tokio::test]
async fn every_message_can_be_cut_at_in_every_way() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Tcp);
    assert!(run(proxy.target()).await);
    proxy.ended().await;
    let record = proxy.record();
    let of = |name: &str| record.iter().find(|record| record.name == name).unwrap().point;
    let (query, done) = (of("Query"), of("CommandComplete"));
    let mut admin = connect(database.target()).await.unwrap();

    for Record { point, .. } in &record {
        for when in [When::Before, When::After] {
            for cut in [Cut::Fin, Cut::Reset] {
                admin.simple("truncate item").await.unwrap();
                proxy.begin();
                proxy.arm(Fault::new(when, *point).cutting(cut));
                let heard = run(proxy.target()).await;
                let what = format!("{when:?} {point} {cut:?}");
                assert_eq!(proxy.strike().await.point, *point, "{what}");

                // The judge is the database, once nobody is at work in it.
                let others = "select count(*) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()";
                while admin.query(others, &[]).await.unwrap().value() != Some("0") {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                let asked = match point.direction {
                    Direction::Frontend => {
                        *point > query || (*point == query && when == When::After)
                    }
                    Direction::Backend => *point >= done || heard,
                };
                let rows = rows(&database).await;
                if asked {
                    assert_eq!(rows, "1", "{what}");
                }
                if point.direction == Direction::Frontend && !asked {
                    assert_eq!(rows, "0", "{what}");
                }
                assert!(!heard || rows == "1", "{what}: heard of what was not done");
            }
        }
    }
}

#[tokio::test]
async fn a_fault_can_call_and_let_go_on() {
    let server = Server::shared(MAJOR).await;
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let master = server.master();
    proxy.arm(Fault::new(When::Before, At::first(|record| record.name == "Query")).calling(
        move |record| async move {
            let mut session = connect(&master).await.unwrap();
            let process_id = record.process_id.unwrap();
            let sql = format!("select pg_terminate_backend({process_id}, 10000)");
            assert_eq!(session.query(&sql, &[]).await.unwrap().value(), Some("t"));
        },
    ));
    let mut session = connect(proxy.target()).await.unwrap();
    let failure = session.simple(SCRIPT).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Server { error, .. } if error.code == "57P01"),
        "{failure:?}"
    );
    assert_eq!(proxy.strike().await.text, SCRIPT);
    assert_eq!(rows(&database).await, "0");
}

#[tokio::test]
async fn a_fault_can_restart_the_server() {
    // A shadow answers before its commits are written, and would forget the table.
    let settings = Settings::new().with("synchronous_commit", "on");
    for mode in [StopMode::Fast, StopMode::Immediate, StopMode::Kill] {
        let server = Server::private(MAJOR, &settings).await;
        let database = server.database().await;
        let setup = "create table item (id int)";
        connect(database.target()).await.unwrap().simple(setup).await.unwrap();
        let proxy = FaultProxy::start(database.target(), Listen::Socket);
        let commit = At::first(|record| record.name == "Query" && record.text == "commit");
        let restarted = server.clone();
        proxy.arm(
            Fault::new(When::Before, commit)
                .calling(move |_| async move { restarted.restart(mode).await }),
        );
        let mut session = connect(proxy.target()).await.unwrap();
        session.simple("begin; insert into item values (1)").await.unwrap();
        assert!(session.simple("commit").await.unwrap_err().is_lost());
        proxy.strike().await;
        assert_eq!(rows(&database).await, "0");
        assert!(run(proxy.target()).await);
        assert_eq!(rows(&database).await, "1");
    }
}

#[tokio::test]
#[should_panic(expected = "the call of the fault")]
async fn a_call_that_panics_fails_its_test() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let query = At::first(|record| record.name == "Query");
    proxy.arm(Fault::new(When::After, query).calling(|_| async { panic!("as it should") }));
    run(proxy.target()).await;
    proxy.strike().await;
}

#[tokio::test]
async fn a_fault_that_is_never_reached_does_not_strike() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Socket);
    let point = Point { connection: 3, direction: Direction::Backend, message: 1 };
    proxy.arm(Fault::new(When::After, point).cutting(Cut::Fin));
    assert!(run(proxy.target()).await);
    assert_eq!(proxy.struck(), None);
}

#[tokio::test]
async fn a_client_that_would_rather_have_tls_is_served_without() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Tcp);
    let ssl_mode = whimbrel_engine::SslMode::Prefer;
    assert!(run(&Target { ssl_mode, ..proxy.target().clone() }).await);
    assert_eq!(proxy.record()[0].name, "SSLRequest");
}

#[tokio::test]
async fn a_statement_is_cancelled_through_the_proxy() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Tcp);
    let mut session = connect(proxy.target()).await.unwrap();
    let canceller = session.canceller();
    // The server has the statement before the request to cancel it can be made.
    proxy.arm(Fault::new(When::After, At::first(|record| record.name == "Query")).calling(
        |_| async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            canceller.cancel().await.unwrap();
        },
    ));
    let failure = session.simple("select pg_sleep(600)").await.unwrap_err();
    assert_eq!(failure.code(), Some("57014"));
    assert!(proxy.record().iter().any(|record| record.name == "CancelRequest"));
}

#[tokio::test]
async fn a_long_link_takes_its_time_and_carries_everything() {
    let database = database().await;
    let each_way = Duration::from_millis(15);
    for listen in [Listen::Tcp, Listen::Socket] {
        let link = DelayProxy::start(database.target(), each_way, listen);
        let mut session = connect(link.target()).await.unwrap();
        let start = Instant::now();
        session.simple("select 1").await.unwrap();
        assert!(start.elapsed() >= 2 * each_way);

        let sql = format!("select '{}' from generate_series(1, 10)", "x".repeat(1_000_000));
        let answers = session.simple(&sql).await.unwrap();
        assert!(answers[0].rows().all(|row| row.at(0).is_some_and(|text| text.len() == 1_000_000)));
        session.close().await;
    }
}

#[tokio::test]
async fn a_proxy_serves_while_its_test_blocks() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Tcp);
    let target = proxy.target().clone();
    let other = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { run(&target).await })
    });
    assert!(other.join().unwrap());
    assert_eq!(rows(&database).await, "1");
}
