//! One connection, against a real server.

mod encryption;
mod exchange;
mod files;
mod hosts;
mod login;
mod loss;
mod place;
mod trust;

use whimbrel_engine::wire::{Answer, ConnectCause, ConnectError, Failure, Session};
use whimbrel_engine::{Host, Secret, SslMode, Target};
use whimbrel_testkit::Server;

use place::over_tcp;

const MAJOR: u16 = 17;

/// The master of a server that all tests share, over its socket.
async fn target() -> Target {
    Server::shared(MAJOR).await.master()
}

async fn session() -> Session {
    accepted(&target().await).await
}

async fn accepted(target: &Target) -> Session {
    Session::connect(target, "whimbrel test").await.unwrap()
}

/// Why the server does not let us in; never with the password in it.
async fn refused(target: &Target) -> ConnectError {
    let error = Session::connect(target, "whimbrel test").await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(!said.contains("märked"), "{said}");
    error
}

async fn value(session: &mut Session, sql: &str) -> String {
    session.query(sql, &[]).await.unwrap().value().unwrap_or("null").to_owned()
}

fn tags(answers: &[Answer]) -> Vec<&str> {
    answers.iter().map(Answer::tag).collect()
}
