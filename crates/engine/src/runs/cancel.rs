//! Stops a run from another terminal.
//!
//! It is asked to stop first, which it does as after Ctrl-C: the statement under way is cancelled,
//! its transaction rolled back, and nothing is tried again. A run that does not answer, because its
//! process is gone or its machine is, has its statement cancelled from here; only `--now` ends its
//! connections, and with them its lock.

use std::time::Duration;

use tokio::time::Instant;

use super::{Now, Run, RunState, now, state_of};
use crate::cancel::key;
use crate::journal::SCHEMA;
use crate::lock::NO_TIMEOUTS;
use crate::wire::{Answer, ConnectError, Failure, Session};
use crate::{Event, Events, Interrupt, Target};

/// How to stop a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As Ctrl-C once would.
    Ask,
    /// By ending its connections.
    Now,
}

/// What is needed to stop a run.
#[derive(Debug)]
pub struct Cancel<'a> {
    /// The database.
    pub target: &'a Target,
    /// Who asks, as the run and everybody else sees it.
    pub application: &'a str,
    /// The run.
    pub run: &'a Run,
    /// How.
    pub how: How,
    /// How long the run has to answer, each time.
    pub patience: Duration,
    /// The person's wish to stop waiting.
    pub interrupt: &'a Interrupt,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The run ended, so.
    Ended(RunState),
    /// Nothing of it was left; it is marked as lost.
    WasLost,
    /// It was asked, its statement was cancelled, and it holds its lock still.
    NoAnswer,
}

/// Why a run was not stopped.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// No connection.
    #[error("connect")]
    Connect(#[from] ConnectError),
    /// The server refused.
    #[error("stop the run")]
    Failed(#[from] Failure),
    /// Whoever asked does not wait any longer; the run may still stop.
    #[error("interrupted while waiting for the run to end")]
    Interrupted,
}

/// How often in a row nothing of a run is seen before it counts as gone.
const MISSES: u32 = 2;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Stops a run, and waits for its end.
pub async fn cancel(
    cancel: &Cancel<'_>,
    events: &mut (dyn Events + Send),
) -> Result<Cancelled, CancelError> {
    let mut session = Session::connect(cancel.target, cancel.application).await?;
    let key = key(cancel.run.lock_key, cancel.run.id);
    // Held until this ends: a run that loses its connection looks for it before it begins again.
    let wish = format!(
        "begin isolation level read committed; {NO_TIMEOUTS}; select \
         pg_catalog.pg_try_advisory_xact_lock_shared({key}), pg_catalog.clock_timestamp()::text"
    );
    let answers = session.simple(&wish).await?;
    let since = answers.last().and_then(Answer::first).and_then(|row| row.at(1));
    let since = since.unwrap_or("infinity").to_owned();
    let ended = match cancel.how {
        How::Ask => ask(cancel, &mut session, events).await,
        How::Now => end(cancel, &mut session, &since, events).await,
    };
    if ended.is_ok() {
        session.simple("commit").await?;
    }
    session.close().await;
    ended
}

/// Waits for an answer to the wish, then cancels the statement from here.
async fn ask(
    cancel: &Cancel<'_>,
    session: &mut Session,
    events: &mut (dyn Events + Send),
) -> Result<Cancelled, CancelError> {
    if let Some(state) = wait(cancel, session, "the run to stop", events).await? {
        return Ok(state);
    }
    let now = now(session, cancel.run).await?;
    if let Some(writer) = &now.writer {
        session.simple(&format!("select pg_catalog.pg_cancel_backend({})", writer.pid)).await?;
        let what = format!("the statement of pid {}, which was cancelled, to end", writer.pid);
        if let Some(state) = wait(cancel, session, &what, events).await? {
            return Ok(state);
        }
    }
    Ok(Cancelled::NoAnswer)
}

/// Waits until the run's row says that it ended, or nothing of it is left; `None` when patience
/// is over.
async fn wait(
    cancel: &Cancel<'_>,
    session: &mut Session,
    what: &str,
    events: &mut (dyn Events + Send),
) -> Result<Option<Cancelled>, CancelError> {
    let start = Instant::now();
    let mut misses = 0;
    while start.elapsed() < cancel.patience {
        match state_of(session, cancel.run.id).await? {
            Some(RunState::Running) => {}
            Some(state) => return Ok(Some(Cancelled::Ended(state))),
            None => return Ok(Some(Cancelled::Ended(RunState::Lost))),
        }
        // Between two transactions of a pool's only connection nobody holds the lock for a moment.
        misses = if now(session, cancel.run).await?.lives() { 0 } else { misses + 1 };
        if misses > MISSES {
            mark(session, cancel.run.id, "lost", "state = 'running'").await?;
            return Ok(Some(Cancelled::WasLost));
        }
        pause(cancel, what, events).await?;
    }
    Ok(None)
}

/// Ends the run's connections and writes down that it was interrupted.
async fn end(
    cancel: &Cancel<'_>,
    session: &mut Session,
    since: &str,
    events: &mut (dyn Events + Send),
) -> Result<Cancelled, CancelError> {
    let mut was_there = false;
    let start = Instant::now();
    loop {
        let Now { lock, writer, .. } = now(session, cancel.run).await?;
        let mut pids: Vec<i32> = writer.iter().chain(&lock).map(|one| one.pid).collect();
        pids.dedup();
        if pids.is_empty() {
            break;
        }
        if start.elapsed() >= cancel.patience {
            return Ok(Cancelled::NoAnswer);
        }
        was_there = true;
        for pid in &pids {
            session.simple(&format!("select pg_catalog.pg_terminate_backend({pid})")).await?;
        }
        pause(cancel, "the run's connections to end", events).await?;
    }
    if !was_there {
        mark(session, cancel.run.id, "lost", "state = 'running'").await?;
        return Ok(Cancelled::WasLost);
    }
    // A process that lives has noticed the end of its lock by now, and may have called it a failure.
    let since = whimbrel_sql::Literal(since).to_string();
    let condition = format!("(state = 'running' or state = 'failed' and ended_at >= {since})");
    mark(session, cancel.run.id, "interrupted", &condition).await?;
    Ok(Cancelled::Ended(RunState::Interrupted))
}

async fn mark(
    session: &mut Session,
    run: i64,
    state: &str,
    condition: &str,
) -> Result<(), Failure> {
    let marked = format!(
        "update {SCHEMA}.runs set state = '{state}', ended_at = pg_catalog.clock_timestamp() \
         where id = {run} and {condition}"
    );
    session.simple(&marked).await.map(drop)
}

async fn pause(
    cancel: &Cancel<'_>,
    what: &str,
    events: &mut (dyn Events + Send),
) -> Result<(), CancelError> {
    events.on(Event::Waiting { what: what.to_owned() });
    tokio::select! {
        () = tokio::time::sleep(PAUSE) => Ok(()),
        () = cancel.interrupt.asked() => Err(CancelError::Interrupted),
    }
}
