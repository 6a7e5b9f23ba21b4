use whimbrel_testkit::{MAJORS, Server};

#[tokio::test]
async fn every_major_gives_a_database() {
    for major in MAJORS {
        let server = Server::shared(major).await;
        let database = server.database().await;
        assert_eq!(server.major(), major);
        assert_eq!(database.target().database, database.name());
    }
}
