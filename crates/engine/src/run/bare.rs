//! A script run for its effects alone: no ledger, no lock, no journal.
//!
//! For throw-away databases, where nobody else is and nothing can be lost, and for hooks, which
//! leave no entry.

use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;
use whimbrel_sql::{Mode, Step};

use crate::run::block::{TRY_AGAIN, Tries, failure_of, needs_to_be_alone};
use crate::run::compose::{self, Announce, Cleaning, Message, Origin, Role};
use crate::run::data::Data;
use crate::run::failure::{Cause, Failed, Stop};
use crate::run::{Work, one_transaction};
use crate::wire::{self, Failure, Observe, Session};
use crate::{Event, Events, Target};

/// A work that runs on a connection of its own.
#[derive(Clone, Copy, Debug)]
pub struct Alone<'a> {
    /// Where.
    pub target: &'a Target,
    /// What the connection is called.
    pub application: &'a str,
    /// What; it must be one transaction.
    pub work: &'a Work,
    /// Settings that hold in it.
    pub settings: &'a [String],
    /// How long it is tried again when locks or a deadlock stopped it.
    pub retry_for: Duration,
}

/// Runs one work that is one transaction, on a connection of its own, and tries it again where a
/// migration would be.
///
/// When somebody asks, its statement is cancelled, and with it the transaction is undone.
pub async fn run_alone(
    alone: &Alone<'_>,
    asked: impl Future<Output = ()>,
    events: &mut (dyn Events + Send),
) -> Result<Result<(), Failed>, Stop> {
    let Alone { target, application, work, settings, retry_for } = *alone;
    let mut asked = pin!(asked);
    let mut session = tokio::select! {
        session = Session::connect(target, application) => session.map_err(Stop::Connect)?,
        () = &mut asked => return Err(Stop::Interrupted),
    };
    let Some(range) = one_transaction(work) else { return Ok(Err(Failed::refused(work))) };
    let canceller = session.canceller();
    let mut tries = Tries::new(retry_for);
    loop {
        let mut told = Told(events);
        let ran = {
            let range = range.clone();
            let once = transaction(&mut session, work, range, settings, Cleaning::All, &mut told);
            let mut once = pin!(once);
            tokio::select! {
                ran = &mut once => ran?,
                () = &mut asked => {
                    // It may have been done by then, which only its answer tells.
                    canceller.cancel().await.ok();
                    match once.await? {
                        Err(Failed { cause: Cause::Server(error), .. })
                            if error.code == CANCELLED || is_passing(&error) =>
                        {
                            return Err(Stop::Interrupted);
                        }
                        ran => return Ok(ran),
                    }
                }
            }
        };
        let because = match &ran {
            Err(Failed { cause: Cause::Server(error), .. }) if is_passing(error) => {
                error.message.clone()
            }
            Ok(()) | Err(_) => String::new(),
        };
        let pause = if because.is_empty() { None } else { tries.again() };
        let Some(pause) = pause else {
            session.close().await;
            return Ok(ran.map_err(|failed| Failed { tries: tries.count, ..failed }));
        };
        let migration = work.id().to_owned();
        events.on(Event::Retry { migration, because, blockers: Vec::new() });
        tokio::select! {
            () = sleep(pause) => {}
            () = &mut asked => return Err(Stop::Interrupted),
        }
    }
}

/// Whether an error is one that another try may not meet.
fn is_passing(error: &wire::ServerError) -> bool {
    TRY_AGAIN.contains(&error.code.as_str())
}

/// Tells what the server says.
struct Told<'a>(&'a mut (dyn Events + Send));

impl Observe for Told<'_> {
    fn notice(&mut self, notice: &wire::ServerError) {
        let (severity, message) = (notice.severity.clone(), notice.message.clone());
        self.0.on(Event::Notice { severity, message });
    }
}

/// The SQLSTATE of a statement that was cancelled.
const CANCELLED: &str = "57014";

/// Runs one work on a session of its own database, as it would run in earnest.
pub(crate) async fn run(session: &mut Session, work: &Work) -> Result<Result<(), Failed>, Stop> {
    if let Some(range) = one_transaction(work) {
        let result = transaction(session, work, range.clone(), &[], Cleaning::All, &mut ()).await?;
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
                match transaction(session, work, range.clone(), &[], cleaning, &mut ()).await? {
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
    observe: &mut dyn Observe,
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
        let Err(failure) = session.message(wire, &mut *observe).await else { continue };
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
