//! A script run for its effects alone: no ledger, no lock, no journal.
//!
//! For throw-away databases, where nobody else is and nothing can be lost, and for hooks, which
//! leave no entry.

use std::pin::pin;

use whimbrel_sql::{Mode, Step};

use crate::Target;
use crate::run::block::{failure_of, needs_to_be_alone};
use crate::run::compose::{self, Announce, Cleaning, Message, Origin, Role};
use crate::run::data::Data;
use crate::run::failure::{Cause, Failed, Stop};
use crate::run::{Work, one_transaction};
use crate::wire::{self, Failure, Session};

/// Runs one work that is one transaction, on a connection of its own. These settings hold in it.
///
/// When somebody asks, its statement is cancelled, and with it the transaction is undone.
pub async fn run_alone(
    target: &Target,
    application: &str,
    work: &Work,
    settings: &[String],
    asked: impl Future<Output = ()>,
) -> Result<Result<(), Failed>, Stop> {
    let mut asked = pin!(asked);
    let mut session = tokio::select! {
        session = Session::connect(target, application) => session.map_err(Stop::Connect)?,
        () = &mut asked => return Err(Stop::Interrupted),
    };
    let Some(range) = one_transaction(work) else { return Ok(Err(Failed::refused(work))) };
    let canceller = session.canceller();
    let range = range.clone();
    let ran = {
        let mut ran = pin!(transaction(&mut session, work, range, settings, Cleaning::All));
        tokio::select! {
            ran = &mut ran => ran?,
            () = asked => {
                // It may have been done by then, which only its answer tells.
                canceller.cancel().await.ok();
                match ran.await? {
                    Err(Failed { cause: Cause::Server(error), .. }) if error.code == CANCELLED => {
                        return Err(Stop::Interrupted);
                    }
                    ran => ran,
                }
            }
        }
    };
    session.close().await;
    Ok(ran)
}

/// The SQLSTATE of a statement that was cancelled.
const CANCELLED: &str = "57014";

/// Runs one work on a session of its own database, as it would run in earnest.
pub(crate) async fn run(session: &mut Session, work: &Work) -> Result<Result<(), Failed>, Stop> {
    if let Some(range) = one_transaction(work) {
        let result = transaction(session, work, range.clone(), &[], Cleaning::All).await?;
        let Err(failed) = result else { return Ok(Ok(())) };
        let Some(mode) = crate::run::block::other_mode(work, &failed) else {
            return Ok(Err(failed));
        };
        let mut stepwise = work.clone();
        stepwise.script.mode = mode;
        return steps(session, &stepwise).await;
    }
    steps(session, work).await
}

async fn steps(session: &mut Session, work: &Work) -> Result<Result<(), Failed>, Stop> {
    let steps = match &work.script.mode {
        Mode::Steps { steps, .. } => steps,
        Mode::Refused { .. } => return Ok(Err(Failed::refused(work))),
        Mode::One { .. } => return Ok(Ok(())),
    };
    for (index, step) in steps.iter().enumerate() {
        let is_last = index + 1 == steps.len();
        let cleaning = if is_last { Cleaning::All } else { Cleaning::Settings };
        let result = match step {
            Step::Together(range) => {
                match transaction(session, work, range.clone(), &[], cleaning).await? {
                    Err(failed) => match needs_to_be_alone(range, &failed) {
                        Some(statement) => alone(session, work, statement, cleaning).await?,
                        None => Err(failed),
                    },
                    done => done,
                }
            }
            Step::Alone(statement) => alone(session, work, *statement, cleaning).await?,
        };
        if let Err(failed) = result {
            clean(session, Cleaning::All).await?;
            return Ok(Err(Failed { steps_done: index, rolled_back: false, ..failed }));
        }
    }
    Ok(Ok(()))
}

async fn transaction(
    session: &mut Session,
    work: &Work,
    range: std::ops::Range<usize>,
    more: &[String],
    cleaning: Cleaning,
) -> Result<Result<(), Failed>, Stop> {
    let begin = compose::begin(&work.script, &range);
    let settings = match compose::settings(work, range.start) {
        Ok(settings) => settings,
        Err(error) => return Ok(Err(Failed::of(error.into()))),
    };
    let pieces = compose::step_pieces(&work.script, range);
    for (index, piece) in pieces.iter().enumerate() {
        let mut message = Message::default();
        if index == 0 {
            message.ours(Role::Open, &begin);
            for setting in more.iter().chain(&settings) {
                message.ours(Role::Open, setting);
            }
        }
        if let Err(error) = message.script(0, work, piece.clone(), Announce::Migrations) {
            session.simple("rollback").await.map_err(Stop::Lost)?;
            return Ok(Err(Failed::of(error.into())));
        }
        if index + 1 == pieces.len() {
            for reset in cleaning.statements() {
                message.ours(Role::Reset, reset);
            }
            message.ours(Role::Commit, "commit");
        }
        let mut wire = wire::Message::new(message.text()).discard_rows();
        for copy in message.copies() {
            wire = wire.copy_from(Data::of(work.text().slice(copy.data.clone())));
        }
        let Err(failure) = session.message(wire, &mut ()).await else { continue };
        if let Failure::Unsendable { source } = failure {
            session.simple("rollback").await.map_err(Stop::Lost)?;
            return Ok(Err(Failed::of(Cause::Unsendable { source })));
        }
        let (error, completed) = server_error(failure)?;
        session.simple("rollback").await.map_err(Stop::Lost)?;
        let statement = match message.statement(completed) {
            Some(Origin::Script { statement, .. }) => Some(statement),
            Some(Origin::Ours(_)) | None => None,
        };
        let offset = error.position.and_then(|position| message.place(position));
        let offset = offset.map(|place| place.offset);
        return Ok(Err(failure_of(work, error, statement, offset, 1)));
    }
    Ok(Ok(()))
}

async fn alone(
    session: &mut Session,
    work: &Work,
    statement: usize,
    cleaning: Cleaning,
) -> Result<Result<(), Failed>, Stop> {
    let span = work.script.statements.at(statement).span;
    let read = compose::settings(work, statement)
        .and_then(|settings| Ok((settings, work.statement(statement)?)));
    let (settings, text) = match read {
        Ok(read) => read,
        Err(error) => return Ok(Err(Failed::of(error.into()))),
    };
    for setting in settings {
        session.simple(&setting).await.map_err(Stop::Lost)?;
    }
    let result = session.simple(&text).await;
    let Err(failure) = result else {
        clean(session, cleaning).await?;
        return Ok(Ok(()));
    };
    let (error, _) = server_error(failure)?;
    let offset = error.position.and_then(|position| {
        let (byte, _) = text.char_indices().nth(position.checked_sub(1)?)?;
        Some(span.start + byte)
    });
    Ok(Err(failure_of(work, error, Some(statement), offset, 1)))
}

async fn clean(session: &mut Session, cleaning: Cleaning) -> Result<(), Stop> {
    let resets = cleaning.statements().join("; ");
    session.simple(&resets).await.map(drop).map_err(Stop::Lost)
}

fn server_error(failure: Failure) -> Result<(Box<wire::ServerError>, usize), Stop> {
    match failure {
        Failure::Server { error, completed, lost: false, .. } => Ok((error, completed)),
        failure => Err(Stop::Lost(failure)),
    }
}
