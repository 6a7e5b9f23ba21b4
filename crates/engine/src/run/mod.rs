//! Runs migrations against a database so that nothing can break it.
//!
//! A migration that is one transaction commits together with its ledger entry; many of them go in
//! one message, each with its own `begin` and `commit`, because the server skips the rest of a
//! message after an error (`block`). A migration that is not goes step by step, each step with
//! its intent before and its outcome after (`steps`). Whatever is cut off, at whatever message,
//! the next run reads from the database how far it came (`resume`).

mod amend;
pub(crate) mod bare;
mod block;
pub(crate) mod compose;
mod data;
mod enter;
pub(crate) mod evidence;
mod failure;
mod keep;
mod lane;
mod obstacle;
mod prepare;
mod resume;
mod scribe;
mod send;
pub(crate) mod steps;
pub(crate) mod watch;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::time::Instant;
use whimbrel_history::state::Steps;
use whimbrel_history::{Definition, Text, TextError};
use whimbrel_sql::{Mode, Script};

use crate::journal::{self, Runner, StepState};
use crate::shadow::fit_to_stand_ins;
use crate::state::{Facts, LedgerState, State};
use crate::{Event, Events, Interrupt, Target};

pub use amend::{Amendment, amend};
pub use bare::{Alone, run_alone};
pub use compose::Announce;
pub use enter::{Enter, EnterError, Entered, enter};
pub use failure::{Blocker, Cause, Failed, Stop};
pub(crate) use lane::Lane;
pub use obstacle::obstacles;
pub use watch::Progress;
pub use whimbrel_history::Direction;

/// A migration, or a whole history, that another must not run without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The history.
    pub history: Arc<str>,
    /// The migration's id; `None` is any of the history.
    pub id: Option<String>,
}

/// One migration to run.
#[derive(Clone, Debug)]
pub struct Work {
    /// What the ledger records.
    pub definition: Definition,
    /// Which way.
    pub direction: Direction,
    /// The script of that direction, cut into statements.
    pub script: Script,
    /// Which of the state's ledgers records it.
    pub ledger: usize,
    /// A seed file is recorded as such; `None` for a migration.
    pub seed: Option<Seed>,
    /// Whether the ledger has it as applied already: a repeatable one, or one that the person runs
    /// again.
    pub again: bool,
    /// What it must not run without.
    pub after: Vec<Needed>,
    /// Whether extensions of its database are stand-ins, which cannot take every statement as it is:
    /// what they cannot take is left out when it is sent.
    pub stand_ins: bool,
    /// How many lines of its file stand above its text.
    pub lines_above: usize,
}

/// A seed file, which its ledger records by path and hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// As the ledger names it.
    pub path: String,
    /// SHA-256 of its bytes, in hex.
    pub hash: String,
}

impl Work {
    /// The text of its script.
    pub fn text(&self) -> &Text {
        static NOTHING: LazyLock<Text> = LazyLock::new(Text::default);
        match self.direction {
            Direction::Up => &self.definition.up,
            Direction::Down => self.definition.down.as_ref().unwrap_or(&NOTHING),
        }
    }

    /// A statement of its script as it is sent.
    pub(crate) fn statement(&self, number: usize) -> Result<Cow<'_, str>, TextError> {
        let text = self.text().part(self.script.statements.at(number).span)?;
        Ok(match text {
            Cow::Borrowed(text) if self.stand_ins => fit_to_stand_ins(text),
            Cow::Owned(text) if self.stand_ins => match fit_to_stand_ins(&text) {
                Cow::Borrowed(_) => Cow::Owned(text),
                Cow::Owned(fitted) => Cow::Owned(fitted),
            },
            text => text,
        })
    }

    /// Puts a statement, as it is sent, behind a text.
    fn append(&self, number: usize, to: &mut String) -> Result<(), TextError> {
        if self.stand_ins {
            to.push_str(&self.statement(number)?);
            return Ok(());
        }
        self.text().append(self.script.statements.at(number).span, to)
    }

    /// The id within its history.
    pub fn id(&self) -> &str {
        &self.definition.migration.id
    }

    /// What its intents are known by.
    pub(crate) fn key(&self) -> (String, String, Direction) {
        (self.definition.migration.history.clone(), self.id().to_owned(), self.direction)
    }

    pub(crate) fn journal_id(&self) -> journal::Id<'_> {
        journal::Id {
            history: &self.definition.migration.history,
            migration: self.id(),
            direction: self.direction,
        }
    }

    pub(crate) fn fingerprint(&self) -> &str {
        let migration = &self.definition.migration;
        match (self.direction, &migration.down) {
            (Direction::Down, Some(down)) => &down.fingerprint,
            (Direction::Down | Direction::Up, _) => &migration.up.fingerprint,
        }
    }

    pub(crate) fn settings(&self, options: &Options) -> compose::Settings {
        let directives = &self.definition.migration.directives;
        compose::Settings {
            lock_timeout: Some(
                directives.lock_timeout.clone().unwrap_or_else(|| options.lock_timeout.clone()),
            ),
            statement_timeout: directives
                .timeout
                .clone()
                .or_else(|| options.statement_timeout.clone()),
        }
    }
}

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who runs what.
    pub runner: Runner,
    /// `application_name`.
    pub application: String,
    /// `lock_timeout` of each transaction that does not say its own.
    pub lock_timeout: String,
    /// `statement_timeout`, likewise.
    pub statement_timeout: Option<String>,
    /// How long a migration is tried again that locks, deadlocks or a lost connection stopped.
    pub retry_for: Duration,
    /// What to do when a migration fails.
    pub on_error: OnError,
    /// What `application_name` tells while migrations run.
    pub announce: Announce,
    /// Whether to keep the journal.
    pub journal: bool,
    /// Whether a step whose outcome cannot be known may run again.
    pub allow_rerun: bool,
    /// A way round a transaction pooler, for what it cannot do.
    pub direct: Option<Target>,
    /// What covers secrets in the output that is kept.
    pub mask: fn(&str) -> String,
}

/// What to do when a migration fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// Run nothing more.
    Stop,
    /// Go on with what does not depend on it.
    Continue,
    /// Ask [`Events::go_on`].
    Ask,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// The works that are done, by their numbers, with the milliseconds each took as far as this
    /// side could see.
    pub done: Vec<(usize, u64)>,
    /// The works that failed.
    pub failed: Vec<(usize, Failed)>,
    /// The works that were left out because one that they need failed.
    pub skipped: Vec<(usize, String)>,
    /// Why the run ended early, if it did.
    pub stopped: Option<Stop>,
    /// The work that it ended in, if that was between its steps or in one, and how far that came.
    pub half: Option<(usize, Steps)>,
    /// Its number in the journal.
    pub run: Option<i64>,
}

/// One run under way.
pub(crate) struct Run<'a> {
    pub(crate) target: &'a Target,
    pub(crate) options: &'a Options,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) facts: Facts,
    pub(crate) ledgers: Vec<LedgerState>,
    pub(crate) intents: journal::Intents,
    unfinished: obstacle::Unfinished,
    pub(crate) lane: Lane,
    /// The run's row in the journal; `None` without one.
    pub(crate) run: Option<i64>,
    /// Functions that stand in for the runner's own statements, in a run of many.
    pub(crate) scribe: Option<scribe::Scribe>,
    /// Whether a pooler was found to give this client a server connection of its own.
    pub(crate) session_is_ours: bool,
    /// When it was last looked whether somebody wants the run to stop.
    pub(crate) heeded: Instant,
    /// What is to be kept of what it says.
    pub(crate) kept: keep::Shared,
}

/// Runs works in their order.
///
/// `entered` is the proof that the lock is held, that nothing of an earlier run is still under way
/// and that the works were chosen from what the ledgers said after that.
pub async fn run(
    entered: Entered,
    target: &Target,
    works: &[Work],
    options: &Options,
    interrupt: &Interrupt,
    events: &mut (dyn Events + Send),
) -> Report {
    let mut run = Run::of(entered, target, options, interrupt);
    let resumed = resumed(works, &run.intents);
    let works = resumed.as_deref().unwrap_or(works);
    let mut keeper = keep::Keeper::new(events, &run.kept);
    let events = &mut keeper;
    let mut report = Report::default();
    match run.prepare(works, events).await {
        Ok(()) => run.all(works, &mut report, events).await,
        Err(stop) => report.stopped = Some(stop),
    }
    report.run = run.run;
    run.finish(works, &mut report).await;
    report
}

impl<'a> Run<'a> {
    /// A run that has written nothing yet.
    fn of(
        entered: Entered,
        target: &'a Target,
        options: &'a Options,
        interrupt: &'a Interrupt,
    ) -> Self {
        let Entered { lane, state } = entered;
        let State { facts, ledgers, intents, last_applied: _, tools: _, seal: _ } = state;
        Self {
            target,
            options,
            interrupt,
            facts,
            unfinished: obstacle::Unfinished::of(&ledgers),
            ledgers,
            intents,
            lane,
            run: None,
            scribe: None,
            session_is_ours: false,
            heeded: Instant::now(),
            kept: keep::Shared::default(),
        }
    }
}

impl Run<'_> {
    /// Runs everything, deciding after each failure whether to go on.
    async fn all(&mut self, works: &[Work], report: &mut Report, events: &mut (dyn Events + Send)) {
        let mut next = 0;
        while next < works.len() {
            if let Err(stop) = self.heed(events).await {
                report.stopped = Some(stop);
                return;
            }
            if let Some(needed) = missing(&works[next], works, report) {
                report.skipped.push((next, needed));
                next += 1;
                continue;
            }
            let end = if one_transaction(&works[next]).is_some() {
                self.block(works, next, report, events).await
            } else {
                self.steps(works, next, report, events).await
            };
            let (number, failed) = match end {
                Ok(End::Done { next: after }) => {
                    next = after;
                    continue;
                }
                Ok(End::Failed { number, failed }) => (number, failed),
                Err(stop) => {
                    report.stopped = Some(stop);
                    return;
                }
            };
            self.kept.failed(&works[number], &failed);
            self.note_failure(&works[number], &failed, events).await;
            self.keep_output().await;
            let go_on = match self.options.on_error {
                OnError::Stop => false,
                OnError::Continue => true,
                OnError::Ask => events.go_on(works[number].id(), &failed.to_string()),
            };
            report.failed.push((number, *failed));
            if !go_on {
                return;
            }
            next = number + 1;
        }
    }
}

/// How a stretch of works ended.
pub(crate) enum End {
    /// All before `next` are done.
    Done {
        /// The first that is not.
        next: usize,
    },
    /// One failed, and everything of it was undone or written down.
    Failed {
        /// Which.
        number: usize,
        /// How.
        failed: Box<Failed>,
    },
}

/// The works with those that an earlier run left half done in steps again, although they look like
/// one transaction: what the server refused then it may allow now, and a step that is done would be
/// done twice. `None` where there are none.
fn resumed(works: &[Work], intents: &journal::Intents) -> Option<Vec<Work>> {
    let in_steps = |work: &Work| {
        let left =
            |intent: &journal::Intent| matches!(intent.state, StepState::Begun | StepState::Done);
        intents.get(&work.key())?.iter().any(left).then(|| block::one_by_one(work, None))?
    };
    works.iter().any(|work| in_steps(work).is_some()).then(|| {
        let again = works.iter().cloned().map(|mut work| {
            if let Some(steps) = in_steps(&work) {
                let because = "an earlier run did some of its steps".to_owned();
                work.script.mode = Mode::Steps { steps, because };
            }
            work
        });
        again.collect()
    })
}

/// The statements of a work that is one transaction.
pub(crate) fn one_transaction(work: &Work) -> Option<std::ops::Range<usize>> {
    match &work.script.mode {
        Mode::One { statements } => Some(statements.clone()),
        Mode::Steps { .. } | Mode::Refused { .. } => None,
    }
}

/// The id that a work needs and that failed or was left out in this run, if there is one.
fn missing(work: &Work, works: &[Work], report: &Report) -> Option<String> {
    let gone = report.failed.iter().map(|(number, _)| *number);
    let gone = gone.chain(report.skipped.iter().map(|(number, _)| *number));
    gone.map(|number| &works[number])
        .find(|other| {
            let history = &other.definition.migration.history;
            let is_it = |needed: &Needed| {
                *needed.history == **history
                    && needed.id.as_deref().is_none_or(|id| id == other.id())
            };
            work.after.iter().any(is_it)
        })
        .map(|other| other.id().to_owned())
}

/// Tells watchers that a work has begun.
pub(crate) fn begun(work: &Work, events: &mut dyn Events) {
    events.on(Event::Started { migration: work.id().to_owned(), direction: work.direction });
}
