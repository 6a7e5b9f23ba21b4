use whimbrel_engine::shadow::StopMode;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{MAJORS, Server, Settings};

#[tokio::test]
async fn a_private_server_is_reached_by_tcp_before_and_after_a_restart() {
    let server = Server::private(17, &Settings::new().on_loopback()).await;
    for _ in 0..2 {
        let target = server.over_tcp("template1");
        Session::connect(&target, "test").await.expect("connect by TCP").close().await;
        server.restart(StopMode::Kill).await;
    }
}

#[tokio::test]
async fn every_major_gives_a_database() {
    for major in MAJORS {
        let server = Server::shared(major).await;
        let database = server.database().await;
        assert_eq!(server.major(), major);
        assert_eq!(database.target().database, database.name());
    }
}
