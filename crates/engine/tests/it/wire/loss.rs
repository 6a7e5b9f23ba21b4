//! Sessions that come to an end, or nearly.

use std::time::Duration;

use whimbrel_engine::shadow::StopMode;
use whimbrel_testkit::Settings;

use super::*;

/// Ends a session of the same server, and waits until it has ended.
async fn terminate(watcher: &mut Session, process_id: i32) {
    let sql = format!("select pg_terminate_backend({process_id}, 10000)");
    assert_eq!(value(watcher, &sql).await, "t");
}

/// Waits until the server is in the middle of the statement.
async fn wait_until_busy(watcher: &mut Session, process_id: i32, query: &str) {
    let sql = format!(
        "select count(*) from pg_stat_activity
         where pid = {process_id} and state = 'active' and query like '%{query}%'"
    );
    while value(watcher, &sql).await != "1" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_statement_can_be_cancelled_and_the_session_goes_on() {
    let encrypted = Target { ssl_mode: SslMode::Require, ..over_tcp("postgres").await };
    for target in [target().await, encrypted] {
        let (mut session, mut watcher) = (accepted(&target).await, accepted(&target).await);
        let (canceller, process_id) = (session.canceller(), session.process_id());
        let running = session.simple("select 1; select pg_sleep(600)");
        let cancelling = async {
            wait_until_busy(&mut watcher, process_id, "pg_sleep").await;
            canceller.cancel().await.unwrap();
        };
        let (failure, ()) = tokio::join!(running, cancelling);
        let failure = failure.unwrap_err();
        assert_eq!((failure.code(), failure.is_lost()), (Some("57014"), false));
        assert_eq!(value(&mut session, "select 1").await, "1");
    }
}

#[tokio::test]
async fn termination_in_the_middle_of_a_statement_is_told_as_such() {
    let (mut session, mut watcher) = (session().await, session().await);
    let process_id = session.process_id();
    let running = session.simple("select 1; select pg_sleep(600)");
    let terminating = async {
        wait_until_busy(&mut watcher, process_id, "pg_sleep").await;
        terminate(&mut watcher, process_id).await;
    };
    let (failure, ()) = tokio::join!(running, terminating);
    let Err(Failure::Server { error, completed, lost, .. }) = failure else {
        panic!("{failure:?}");
    };
    assert_eq!((error.code.as_str(), completed, lost), ("57P01", 1, true));
    assert!(error.is_fatal());
    assert!(matches!(session.simple("select 1").await, Err(Failure::GivenUp)));
}

#[tokio::test]
async fn termination_between_statements_is_told_as_such() {
    for target in [target().await, over_tcp("postgres").await] {
        let (mut session, mut watcher) = (accepted(&target).await, accepted(&target).await);
        terminate(&mut watcher, session.process_id()).await;
        let failure = session.simple("select 1").await.unwrap_err();
        assert_eq!((failure.code(), failure.is_lost()), (Some("57P01"), true));
        assert!(!session.is_usable());
    }
}

#[tokio::test]
async fn termination_is_told_even_to_who_has_much_to_send() {
    let long = format!("select '{}'", "x".repeat(20_000_000));
    for target in [target().await, over_tcp("postgres").await] {
        let (mut session, mut watcher) = (accepted(&target).await, accepted(&target).await);
        terminate(&mut watcher, session.process_id()).await;
        let failure = session.simple(&long).await.unwrap_err();
        assert_eq!((failure.code(), failure.is_lost()), (Some("57P01"), true), "{failure:?}");
    }
}

#[tokio::test]
async fn a_session_that_the_server_ended_is_seen_not_to_stand() {
    for ssl_mode in [SslMode::Disable, SslMode::Require] {
        let target = Target { ssl_mode, ..over_tcp("postgres").await };
        let (mut session, mut watcher) = (accepted(&target).await, accepted(&target).await);
        assert!(session.stands());
        // What the server says at any time does not count against it.
        session.simple("set application_name = 'other'").await.unwrap();
        assert!(session.stands());
        terminate(&mut watcher, session.process_id()).await;
        assert!(!session.stands());
        let failure = session.simple("select 1").await.unwrap_err();
        assert_eq!((failure.code(), failure.is_lost()), (Some("57P01"), true));
    }
}

#[tokio::test]
async fn a_server_that_is_killed_is_a_lost_connection() {
    let server = Server::private(MAJOR, &Settings::new()).await;
    let mut session = accepted(&server.master()).await;
    let mut idle = accepted(&server.master()).await;
    let process_id = session.process_id();
    let running = session.simple("select 1; select pg_sleep(600)");
    let killing = async {
        let mut watcher = accepted(&server.master()).await;
        wait_until_busy(&mut watcher, process_id, "pg_sleep").await;
        server.halt(StopMode::Kill).await;
    };
    let (failure, ()) = tokio::join!(running, killing);
    let failure = failure.unwrap_err();
    assert!(matches!(failure, Failure::Lost { .. }), "{failure:?}");
    assert!(!idle.stands());
    assert!(idle.simple("select 1").await.unwrap_err().is_lost());
}

#[tokio::test]
async fn an_exchange_given_up_half_way_leaves_the_session_unusable() {
    let mut session = session().await;
    {
        let running = session.simple("select pg_sleep(600)");
        let gone = tokio::time::timeout(Duration::from_millis(20), running).await;
        assert!(gone.is_err());
    }
    assert!(!session.is_usable());
    let failure = session.query("select 1", &[]).await.unwrap_err();
    assert!(matches!(failure, Failure::GivenUp) && failure.is_lost());
}

#[tokio::test]
async fn a_closed_session_is_gone_from_the_server() {
    let (session, mut watcher) = (session().await, session().await);
    let process_id = session.process_id();
    session.close().await;
    let sql = format!("select count(*) from pg_stat_activity where pid = {process_id}");
    while value(&mut watcher, &sql).await != "0" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn everything_can_cross_threads() {
    fn sendable<T: Send>(_: T) {}
    fn both<T: Send + Sync>() {}
    both::<whimbrel_engine::wire::Canceller>();
    both::<Failure>();
    sendable(async {
        let mut session = session().await;
        session.simple("select 1").await.unwrap();
        session.query("select $1", &[Some("1")]).await.unwrap();
        session.canceller().cancel().await.unwrap();
        session.close().await;
    });
}
