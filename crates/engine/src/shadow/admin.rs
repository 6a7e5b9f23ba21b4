//! Statements for the shadow's own housekeeping.

use std::time::Duration;

use super::error::{Cause, ShadowError};
use crate::Target;
use crate::wire::{Answer, ConnectCause, ConnectError, Failure, Session};

/// What the shadow's own sessions are called in `pg_stat_activity`.
const APPLICATION: &str = "whimbrel shadow";

/// How long to wait between two tries of anything.
pub(crate) const POLL: Duration = Duration::from_millis(1);

/// SQLSTATE `cannot_connect_now`: the server is starting up or shutting down.
const NOT_YET: &str = "57P03";

/// Connects.
pub(crate) async fn connect(target: &Target) -> Result<Session, ShadowError> {
    Session::connect(target, APPLICATION)
        .await
        .map_err(|error| ShadowError::Connect { cause: Cause::of(&error) })
}

/// Runs statements one by one on a connection of their own.
pub(crate) async fn run(target: &Target, statements: &[&str]) -> Result<(), ShadowError> {
    let mut session = connect(target).await?;
    for statement in statements {
        session.simple(statement).await.map_err(|failure| refused(statement, &failure))?;
    }
    // It is waited for: a backend that is just leaving delays `drop database` by 100 ms.
    session.close().await;
    Ok(())
}

/// Asks one question on a connection of its own.
pub(crate) async fn rows(target: &Target, query: &str) -> Result<Answer, ShadowError> {
    let mut session = connect(target).await?;
    let answer = session.query(query, &[]).await.map_err(|failure| refused(query, &failure))?;
    session.close().await;
    Ok(answer)
}

/// The error of a statement that every server takes.
pub(crate) fn refused(statement: &str, failure: &Failure) -> ShadowError {
    ShadowError::Sql { statement: statement.to_owned(), cause: Cause::of(failure) }
}

/// Whether a server that was just started answers by now. An error is one that waiting will not
/// cure.
pub(crate) async fn answers(target: &Target) -> Result<bool, ShadowError> {
    match Session::connect(target, APPLICATION).await {
        Ok(session) => {
            session.close().await;
            Ok(true)
        }
        Err(error) if is_too_early(&error) => Ok(false),
        Err(error) => Err(ShadowError::Connect { cause: Cause::of(&error) }),
    }
}

fn is_too_early(error: &ConnectError) -> bool {
    match &error.last().cause {
        ConnectCause::Reach(_) | ConnectCause::Lost(_) => true,
        ConnectCause::Server(error) => error.code == NOT_YET,
        _ => false,
    }
}
