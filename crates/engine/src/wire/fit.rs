//! Whether a server that let us in is what `target_session_attrs` asks for.

use super::connect_error::ConnectCause;
use super::failure::Failure;
use super::{Answer, Session};
use crate::SessionAttrs;

/// What a server is.
#[derive(Clone, Copy, Debug)]
struct Server {
    standby: bool,
    read_only: bool,
}

/// For servers before 14 and poolers, which do not say it by themselves.
const ASK: &str = "select pg_catalog.pg_is_in_recovery(), \
    pg_catalog.current_setting('transaction_read_only')";

/// Asks the server, unless it has said enough or nothing is wanted.
pub(super) async fn check(session: &mut Session, wanted: SessionAttrs) -> Result<(), ConnectCause> {
    if wanted == SessionAttrs::Any {
        return Ok(());
    }
    let server = match said(session) {
        Some(server) => server,
        None => ask(session).await.map_err(failed)?,
    };
    let (fits, is) = match wanted {
        SessionAttrs::Any | SessionAttrs::PreferStandby => (true, ""),
        SessionAttrs::ReadWrite => (!server.read_only, "it can only be read"),
        SessionAttrs::ReadOnly => (server.read_only, "it can be written"),
        SessionAttrs::Primary => (!server.standby, "it is a standby"),
        SessionAttrs::Standby => (server.standby, "it is no standby"),
    };
    if fits { Ok(()) } else { Err(ConnectCause::Unfit { is, wanted }) }
}

fn said(session: &Session) -> Option<Server> {
    let standby = session.parameter("in_hot_standby")? == "on";
    let read_only = standby || session.parameter("default_transaction_read_only")? == "on";
    Some(Server { standby, read_only })
}

async fn ask(session: &mut Session) -> Result<Server, Failure> {
    let answers = session.simple(ASK).await?;
    let row = answers.first().and_then(Answer::first);
    let is = |column: usize, word: &str| row.is_some_and(|row| row.at(column) == Some(word));
    Ok(Server { standby: is(0, "t"), read_only: is(1, "on") })
}

fn failed(failure: Failure) -> ConnectCause {
    match failure {
        Failure::Server { error, .. } => ConnectCause::Server(error),
        Failure::Lost { source, .. } => ConnectCause::Lost(source),
        Failure::Protocol { source } | Failure::Unsendable { source } => {
            ConnectCause::Protocol(source)
        }
        Failure::GivenUp => ConnectCause::Lost(std::io::ErrorKind::BrokenPipe.into()),
    }
}
