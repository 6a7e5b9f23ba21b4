//! What poolers say. Supabase's cannot be had here: its words are those of its source, and they are
//! said by a server that says nothing else.

use whimbrel_app::catalogue::Code;
use whimbrel_engine::Target;
use whimbrel_engine::wire::Session;
use whimbrel_testkit::{PgBouncer, Pool, PoolMode, Server};

use super::Seen;
use super::connection::answering;
use crate::kit::{MAJOR, Project};

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W22");
    for (code, words) in [
        (Code::UNKNOWN_TENANT, "Tenant or user not found"),
        (Code::NO_TENANT, "(ENOIDENTIFIER) no tenant identifier provided"),
        (Code::POOL_TAKEN, "(ECHECKOUTTIMEOUT) unable to check out connection from the pool"),
        (Code::POOLER_LOST_DATABASE, "(EDBHANDLEREXITED) DbHandler exited"),
        (Code::ADDRESS_NOT_ALLOWED, "(EADDRNOTALLOWED) address not in tenant allow_list"),
        (Code::BANNED, "(ECIRCUITBREAKER) too many authentication failures"),
        (Code::TLS_REQUIRED, "(ESSLREQUIRED) SSL connection is required"),
        (Code::PREPARED_STATEMENTS, "(EPREPAREDDUP) prepared statement \"s1\" already exists"),
    ] {
        let port = answering(refusal(words).leak());
        let url = format!("postgres://app@127.0.0.1:{port}/app?sslmode=disable");
        let project = Project::example("plain").with("DATABASE_URL", &url);
        seen.run(code, &project, "status");
    }
    startup(&mut seen).await;
    seen.whole();
}

/// An error of the protocol, as a server sends it that hangs up afterwards.
fn refusal(message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0CXX000\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E", length.to_be_bytes().as_slice(), fields.as_bytes()].concat()
}

/// Settings at the start of a connection, to a real pooler and to a real server.
async fn startup(seen: &mut Seen) {
    let database = Server::shared(MAJOR).await.database().await;
    let pooler = PgBouncer::start(database.target(), &Pool::new(PoolMode::Transaction, 2)).await;
    let options = Some("-c work_mem=1234".to_owned());
    let target = Target { options, ..pooler.target().clone() };
    let project = Project::example("plain").with("DATABASE_URL", target.url().reveal());
    seen.run(Code::STARTUP_PARAMETER, &project, "status");

    let name = format!("lowly_{}", std::process::id());
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    session.simple(&format!("create role {name} login")).await.unwrap();
    let options = Some("-c role=postgres".to_owned());
    let target = Target { options, ..database.target_as(&name) };
    let project = Project::example("plain").with("DATABASE_URL", target.url().reveal());
    seen.run(Code::CANNOT_SET_ROLE, &project, "status");
    session.simple(&format!("drop role {name}")).await.unwrap();
    session.close().await;
}
