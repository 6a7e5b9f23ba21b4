//! Runs what was approved by a way that is no connection of our own: part after part of a script that
//! defends itself, and the ledger has the last word.

use std::time::{Duration, Instant};

use whimbrel_engine::Event;
use whimbrel_engine::lock::LockError;
use whimbrel_engine::paste::{
    ALREADY, Alone, Knowledge, Part, Piece, STEP_DONE, UNDER_WAY, UNPROVED,
};
use whimbrel_engine::run::{Cause, Direction, EnterError, Failed, Work};
use whimbrel_engine::state::Wanted;
use whimbrel_engine::ways::{self, Trouble};
use whimbrel_engine::wire::{ConnectCause, ConnectError, HostError, ServerError, Session};

use super::again::{self, Entry};
use super::explain::{self, Stage};
use super::report::{Outcome, Report, ResultShown};
use super::{Depth, Options, Plan, Seeds, Waiting, execute, scripted};
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::Events;
use crate::project::{APPLICATION, Project};

/// SQLSTATEs after which the same part may well succeed: deadlock, lock timeout, serialization
/// failure.
const TRY_AGAIN: &[&str] = &["40P01", "55P03", "40001"];

/// Between two tries; it doubles with each.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Refuses what only a connection of our own can do.
pub(super) fn check(project: &Project, options: &Options) -> Result<(), Error> {
    if options.depth != Depth::Run || options.seeds == Seeds::Unwanted {
        return Ok(());
    }
    project.database.check_connection("`--seed`", "run `whimbrel up` without it, that way")
}

/// How a piece ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// It did what it was to do, as far as its way says.
    Done,
    /// The migration was applied, or undone, before.
    Before,
    /// The step was done before.
    StepBefore,
}

/// Runs everything; what became of it is read from the ledger.
pub(super) async fn execute(
    plan: &Plan<'_>,
    mut report: Report,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let (planned, works) = (&plan.choice.planned, &plan.works);
    let known = Knowledge::Read;
    let paste = scripted::paste(&plan.project, &plan.state, known, plan.options, (planned, works))?;
    events.planned(works.len());
    let mut ended = Ok(());
    for (number, (work, part)) in works.iter().zip(&paste.parts).enumerate() {
        let begun = Instant::now();
        let (migration, direction) = (work.id().to_owned(), work.direction);
        events.on(Event::Started { migration: migration.clone(), direction });
        match run_part(plan, work, part, events).await {
            Ok(sent) => {
                let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                report.migrations[number].result = match sent {
                    Sent::Done => ResultShown::Done,
                    Sent::Before | Sent::StepBefore => ResultShown::DoneByAnother,
                };
                report.migrations[number].execution_time_ms = Some(milliseconds);
                events.on(Event::Done { migration, direction, milliseconds });
            }
            Err(error) => {
                report.migrations[number].result = match error {
                    Error::Migration(_) => ResultShown::Failed,
                    _ => ResultShown::Unknown,
                };
                ended = Err(error);
                break;
            }
        }
    }
    report.outcome = match &ended {
        Ok(()) => Outcome::Done,
        Err(Error::Migration(_)) => Outcome::Failed,
        Err(_) => Outcome::Stopped,
    };
    if let Err(error) = ended {
        report.fail(error);
    }
    judge(plan, &mut report).await;
    Ok(report)
}

/// Compares what was said with what the ledger has.
async fn judge(plan: &Plan<'_>, report: &mut Report) {
    let project = &plan.project;
    let looked = async {
        let mut session = Session::connect(&project.database.target, APPLICATION).await.ok()?;
        let ledgers = project.wanted_ledgers();
        let wanted = Wanted { ledgers: &ledgers, last_applied: false, tools: None, sealed: false };
        let state = whimbrel_engine::state::read(&mut session, wanted).await.ok()?;
        session.close().await;
        Some(again::left(plan, &state, Entry::Again).ok()?.planned)
    };
    let Some(left) = looked.await else { return };
    let mut missing = Vec::new();
    for (shown, planned) in report.migrations.iter_mut().zip(&plan.approved) {
        let is_left = left.iter().any(|one| one.identity() == planned.identity());
        match (shown.result, is_left) {
            (ResultShown::Done | ResultShown::DoneByAnother, true) => {
                shown.result = ResultShown::Failed;
                missing.push(planned);
            }
            (ResultShown::Unknown, true) => shown.result = ResultShown::NotRun,
            (ResultShown::Unknown, false) => shown.result = ResultShown::Done,
            _ => {}
        }
    }
    if let Some(planned) = missing.first() {
        report.outcome = Outcome::Failed;
        let id = &planned.migration.id;
        report.fail(Error::NotThere {
            code: Code::NOT_RECORDED,
            message: match planned.direction {
                Direction::Up => {
                    format!("`{id}` was said to be done, and the ledger does not have it")
                }
                Direction::Down => {
                    format!("`{id}` was said to be undone, and the ledger still has it")
                }
            },
            hints: vec!["see `whimbrel status`, and run it again".to_owned()],
        });
    }
}

/// Sends the pieces of one migration.
async fn run_part(
    plan: &Plan<'_>,
    work: &Work,
    part: &Part,
    events: &mut dyn Events,
) -> Result<Sent, Error> {
    let mut is_open = false;
    let mut number = 0;
    while let Some(piece) = part.pieces.get(number) {
        if part.pieces.len() > 1 {
            let (migration, of) = (work.id().to_owned(), part.pieces.len());
            events.on(Event::Step { migration, number: number + 1, of });
        }
        let is_whole = part.pieces.len() == 1;
        let sending = Sending { plan, work, is_first: number == 0, is_whole, is_open };
        let (sent, open) = sending.run(piece, events).await?;
        is_open = open;
        let has_statement = part.pieces.get(number + 1).is_some_and(|one| one.run == Alone::Yes);
        number += match sent {
            Sent::Before => return Ok(sent),
            // Its statement, and what looks whether it took, are done as well.
            Sent::StepBefore if has_statement => 3,
            Sent::StepBefore | Sent::Done => 1,
        };
    }
    Ok(Sent::Done)
}

/// One piece under way.
struct Sending<'a> {
    plan: &'a Plan<'a>,
    work: &'a Work,
    is_first: bool,
    /// Whether it is all of its migration.
    is_whole: bool,
    /// Whether nobody knows what became of the statement before it.
    is_open: bool,
}

impl Sending<'_> {
    /// Sends it until something is known of it: its guard keeps it from running twice. Answers
    /// whether nobody knows what became of it, for a statement that has none.
    async fn run(&self, piece: &Piece, events: &mut dyn Events) -> Result<(Sent, bool), Error> {
        let plan = self.plan;
        let engine = execute::engine_options(&plan.project, plan.options);
        let (begun, mut pause) = (Instant::now(), PAUSE);
        let mut was_lost = false;
        let mut tries = 0;
        loop {
            if plan.options.interrupt.is_asked() {
                return Err(Error::Interrupted);
            }
            tries += 1;
            let trouble = match ways::send(&plan.project.database.target, piece).await {
                Ok(()) => return Ok((Sent::Done, false)),
                Err(trouble) => trouble,
            };
            let is_in_time = begun.elapsed() < engine.retry_for;
            match trouble {
                Trouble::Server(error) if error.code == ALREADY => {
                    let is_ours = was_lost || !self.is_first;
                    return Ok((if is_ours { Sent::Done } else { Sent::Before }, false));
                }
                Trouble::Server(error) if error.code == STEP_DONE => {
                    return Ok((Sent::StepBefore, false));
                }
                Trouble::Server(error) if error.code == UNDER_WAY => {
                    self.may_wait(begun)?;
                    events.on(Event::Waiting { what: error.message.clone() });
                }
                Trouble::Server(error)
                    if is_in_time
                        && (TRY_AGAIN.contains(&error.code.as_str())
                            || (self.is_open && error.code == UNPROVED)) =>
                {
                    let (migration, because) = (self.work.id().to_owned(), error.message.clone());
                    events.on(Event::Retry { migration, because, blockers: Vec::new() });
                }
                Trouble::Server(error) => return Err(self.failed(piece, error, tries)),
                // The catalog tells, which the next piece asks.
                Trouble::Unknown { .. } if piece.run == Alone::Yes => {
                    return Ok((Sent::Done, true));
                }
                Trouble::Unknown { message } if is_in_time => {
                    was_lost = true;
                    events.on(Event::Reconnecting { because: message });
                }
                trouble @ (Trouble::Unknown { .. } | Trouble::Unreached { .. }) => {
                    return Err(self.unreached(trouble));
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether there is still time to wait for another run.
    fn may_wait(&self, begun: Instant) -> Result<(), Error> {
        let configured = self.plan.project.workspace.config().timeouts.wait.0;
        let limit = match self.plan.options.waiting {
            Some(Waiting::Forever) => return Ok(()),
            Some(Waiting::No) => Duration::ZERO,
            Some(Waiting::For(limit)) => limit,
            None => configured,
        };
        if begun.elapsed() < limit {
            return Ok(());
        }
        Err(EnterError::Lock(LockError::Held { holder: None }).into())
    }

    /// The database said no.
    fn failed(&self, piece: &Piece, error: Box<ServerError>, tries: u32) -> Error {
        let failed = Failed {
            cause: Cause::Server(error),
            statement: None,
            span: None,
            rolled_back: self.is_whole,
            steps_done: piece.step,
            blockers: Vec::new(),
            tries,
        };
        let stage = Stage::Run(self.plan.aim.name());
        Error::from(Box::new(explain::failed(&self.plan.project, self.work, failed, stage)))
    }

    /// The way led nowhere.
    fn unreached(&self, trouble: Trouble) -> Error {
        let target = &self.plan.project.database.target;
        let place = format!("{} by {}", target.hosts[0], target.by.name());
        let cause = ConnectCause::Way(trouble);
        Error::Connect(ConnectError { hosts: vec![HostError { place, cause }] })
    }
}
