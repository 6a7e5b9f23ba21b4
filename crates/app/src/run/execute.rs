//! Takes the lock, chooses again from what the ledgers say then, and runs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use whimbrel_engine::Event;
use whimbrel_engine::journal::Runner;
use whimbrel_engine::lock::{LockError, LockKey, Wait};
use whimbrel_engine::run::{self, Announce, Direction, Enter, EnterError, Entered, Stop, Work};
use whimbrel_engine::state::{State, Wanted};
use whimbrel_engine::wire::{Failure, Session};
use whimbrel_history::ledgers::Ledger;
use whimbrel_history::state::Half;

use super::again::{self, Entry};
use super::choose::Planned;
use super::exists;
use super::explain::{self, Stage};
use super::hooks;
use super::named::named;
use super::report::{HalfShown, Outcome, Report, ResultShown};
use super::{Aim, Options, Plan, Waiting};
use crate::error::Error;
use crate::events::Events;
use crate::project::{APPLICATION, Project};
use crate::wire;

/// Between losing a connection and making it again; it doubles with each failure.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Runs what was approved, as far as it is still to be done once the lock is held.
///
/// After a lost connection it begins again from what the ledgers say: what is recorded is done, and
/// nothing else is.
pub(super) async fn execute(
    plan: &mut Plan<'_>,
    session: Session,
    mut report: Report,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let started = Instant::now();
    let engine = engine_options(&plan.project, plan.options);
    let mut session = Some(session);
    let mut entry = Entry::First;
    let mut pause = PAUSE;
    let mut last = None;
    loop {
        let ran = once(plan, session.take(), entry, &engine, &mut last, &mut report, events);
        let stop = match ran.await {
            Ok(None) => return Ok(report),
            Ok(Some(stop)) => stop,
            Err(
                Error::Connect(error)
                | Error::Enter(
                    EnterError::Connect(error) | EnterError::Lock(LockError::Connect(error)),
                ),
            ) if entry == Entry::Again => Stop::Connect(error),
            Err(error) => return Err(error),
        };
        let is_asked = plan.options.interrupt.is_asked();
        // A server that restarts takes nobody for a while.
        let may_go_on = stop.may_go_on() || matches!(stop, Stop::Connect(_));
        if may_go_on
            && report.failures.is_empty()
            && !is_asked
            && started.elapsed() < engine.retry_for
        {
            events.on(Event::Reconnecting { because: wire::chain(&stop).join(": ") });
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            entry = Entry::Again;
            continue;
        }
        let was_clean = entry == Entry::First
            && matches!(stop, Stop::Interrupted | Stop::Text(_) | Stop::Ledger { .. });
        // Whoever did not wait for the answer does not know it: the server may still be at it.
        let may_go_on_there = matches!(stop, Stop::Lost(Failure::GivenUp));
        let stop = if is_asked { Stop::Interrupted } else { stop };
        if !was_clean {
            ask_the_ledger(plan, may_go_on_there, &mut report).await;
        }
        let hints = vec![report.standing()];
        report.fail(Error::Stopped { source: stop, hints });
        report.outcome = Outcome::Stopped;
        return Ok(report);
    }
}

/// Enters and runs; answers why it ended before its works did, if it did.
async fn once(
    plan: &mut Plan<'_>,
    session: Option<Session>,
    entry: Entry,
    engine: &run::Options,
    last: &mut Option<i64>,
    report: &mut Report,
    events: &mut dyn Events,
) -> Result<Option<Stop>, Error> {
    let mut session = match session {
        Some(session) => session,
        None => Session::connect(&plan.project.database.target, APPLICATION).await?,
    };
    if let Some(run) = *last {
        let ledgers = plan.project.wanted_ledgers();
        let key = way_in(&plan.project, plan.options, &ledgers).key;
        match whimbrel_engine::was_cancelled(&mut session, &key, run).await {
            // Somebody in another terminal ended the connections.
            Ok(true) => {
                session.close().await;
                return Ok(Some(Stop::Interrupted));
            }
            Ok(false) => {}
            Err(failure) => return Ok(Some(Stop::Lost(failure))),
        }
    }
    let Some(entered) = enter(plan, session, entry, events).await? else {
        let (outcome, result) = match entry {
            Entry::First => (Outcome::DoneByAnother, ResultShown::DoneByAnother),
            Entry::Again => (Outcome::Done, ResultShown::Done),
        };
        report.outcome = outcome;
        for shown in &mut report.migrations {
            if shown.result == ResultShown::NotRun {
                shown.result = result;
            }
        }
        return Ok(None);
    };
    again::narrow(plan, &entered.state, entry, report)?;
    if !Box::pin(hooks::before(plan, report, events)).await {
        return Ok(None);
    }
    // Another run may have ended just before this one came to the lock, and left nothing.
    let is_late = plan.works.is_empty() && entry == Entry::First;
    events.planned(plan.works.len());
    let target = &plan.project.database.target;
    let interrupt = &plan.options.interrupt;
    let ran = run::run(entered, target, &plan.works, engine, interrupt, events).await;
    *last = ran.run.or(*last);
    let there = exists::hints(plan, &ran, events).await;
    let stop = note(plan, ran, &there, report);
    if stop.is_none() {
        let has_failed = !report.failures.is_empty();
        report.outcome = match (has_failed, is_late) {
            (true, _) => Outcome::Failed,
            (false, true) => Outcome::DoneByAnother,
            (false, false) => Outcome::Done,
        };
    }
    Ok(stop)
}

/// How long a report waits for a ledger that says what became of a lost connection's work.
const PATIENCE: Duration = Duration::from_millis(500);

/// Finds out what became of the works that a lost connection left open.
async fn ask_the_ledger(plan: &Plan<'_>, may_go_on_there: bool, report: &mut Report) {
    let project = &plan.project;
    let looked = tokio::time::timeout(PATIENCE, async {
        let mut session = Session::connect(&project.database.target, APPLICATION).await.ok()?;
        let ledgers = project.wanted_ledgers();
        let wanted = Wanted { ledgers: &ledgers, last_applied: false, tools: None, sealed: false };
        let state = whimbrel_engine::state::read(&mut session, wanted).await.ok()?;
        session.close().await;
        let left = again::left(plan, &state, Entry::Again).ok()?;
        Some((left.planned, halves(project, &state)))
    });
    let (left, mut halves) = looked.await.ok().flatten().unzip();
    for (shown, planned) in report.migrations.iter_mut().zip(&plan.approved) {
        if shown.result != ResultShown::NotRun {
            continue;
        }
        shown.result = match &left {
            None => ResultShown::Unknown,
            Some(left) if may_go_on_there && is_in(left, planned) => ResultShown::Unknown,
            Some(left) if is_in(left, planned) => {
                let key = (planned.history, planned.migration.id.clone(), planned.direction);
                shown.half = halves.as_mut().and_then(|halves| halves.remove(&key));
                shown.half.as_ref().map_or(ResultShown::NotRun, |_| ResultShown::Half)
            }
            Some(_) => ResultShown::Done,
        };
    }
}

/// What is half done, by history, id and direction.
type Halves = BTreeMap<(usize, String, Direction), HalfShown>;

fn halves(project: &Project, state: &State) -> Halves {
    let mut all = Halves::new();
    for (place, history) in project.histories.iter().enumerate() {
        for Half { id, direction, steps } in state.halves_of(&history.name) {
            all.extend(steps.map(|steps| ((place, id, direction), steps.into())));
        }
    }
    all
}

fn is_in(left: &[Planned], planned: &Planned) -> bool {
    left.iter().any(|one| one.identity() == planned.identity())
}

/// Takes the lock; `None` where another run did everything while we waited.
async fn enter(
    plan: &Plan<'_>,
    session: Session,
    entry: Entry,
    events: &mut dyn Events,
) -> Result<Option<Entered>, Error> {
    let project = &plan.project;
    let ledgers = project.wanted_ledgers();
    let enter = way_in(project, plan.options, &ledgers);
    let mut is_done = |state: &State| {
        let left = again::left(plan, state, entry);
        left.is_ok_and(|left| left.planned.is_empty())
    };
    Ok(run::enter(&enter, session, &mut is_done, events).await?)
}

/// The lock that a run takes, and how it waits for it.
pub(super) fn way_in<'a>(
    project: &'a Project,
    options: &'a Options,
    ledgers: &'a [(&'static dyn Ledger, Option<&'a str>)],
) -> Enter<'a> {
    let configured = Waiting::For(project.workspace.config().timeouts.wait.0);
    let wait = match options.waiting.unwrap_or(configured) {
        Waiting::For(limit) if limit.is_zero() => Wait::No,
        Waiting::For(limit) => Wait::For(limit),
        Waiting::No => Wait::No,
        Waiting::Forever => Wait::Forever,
    };
    Enter {
        target: &project.database.target,
        application: APPLICATION,
        key: lock_key(project),
        wait,
        wanted: Wanted { ledgers, last_applied: false, tools: None, sealed: false },
        interrupt: &options.interrupt,
    }
}

/// The lock of a project's runs. Two projects whose ledgers are apart may share a database.
pub(crate) fn lock_key(project: &Project) -> LockKey {
    let own = project.lock_ledgers();
    let names: Vec<&str> = own.iter().map(|ledger| ledger.name()).collect();
    let others: Vec<i64> = own.iter().flat_map(|ledger| ledger.lock_keys()).copied().collect();
    LockKey::new(&names.join(" "), &others)
}

/// How the engine is to run.
pub(crate) fn engine_options(project: &Project, options: &Options) -> run::Options {
    let timeouts = project.workspace.config().timeouts;
    let surroundings = project.workspace.surroundings();
    let milliseconds = |duration: Duration| format!("{}ms", duration.as_millis());
    run::Options {
        runner: Runner {
            command: options.command.clone(),
            os_user: surroundings.user.clone(),
            host: surroundings.machine.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        application: APPLICATION.to_owned(),
        lock_timeout: milliseconds(timeouts.lock.0),
        statement_timeout: Some(timeouts.statement.0)
            .filter(|timeout| !timeout.is_zero())
            .map(milliseconds),
        retry_for: options.retry_for.unwrap_or(timeouts.retry_for.0),
        on_error: options.on_error,
        announce: if options.watched { Announce::Statements } else { Announce::Migrations },
        journal: project.workspace.config().ledger.journal,
        allow_rerun: options.allowed.rerun,
        direct: project.database.direct.clone(),
        mask: crate::mask,
    }
}

/// Takes over what a run did; answers why it ended early, if it did.
fn note(
    plan: &Plan<'_>,
    ran: run::Report,
    there: &BTreeMap<usize, String>,
    report: &mut Report,
) -> Option<Stop> {
    let identity = |number: usize| {
        let work = &plan.works[number];
        (work.definition.migration.history.clone(), work.id().to_owned(), work.direction)
    };
    let mut results: BTreeMap<(String, String, Direction), (ResultShown, Option<u64>)> =
        BTreeMap::new();
    let way_back = way_back(plan, &ran.done);
    let stage = Stage::Run(plan.aim.name());
    for (number, milliseconds) in ran.done {
        results.insert(identity(number), (ResultShown::Done, Some(milliseconds)));
    }
    for (number, failed) in ran.failed {
        results.insert(identity(number), (ResultShown::Failed, None));
        let mut error = explain::failed(&plan.project, &plan.works[number], failed, stage);
        error.hints.extend(there.get(&number).cloned());
        error.hints.extend(way_back.clone());
        report.fail(Error::from(Box::new(error)));
    }
    for (number, _) in &ran.skipped {
        results.insert(identity(*number), (ResultShown::Skipped, None));
    }
    let mut half = ran.half.map(|(number, steps)| (identity(number), steps));
    for shown in &mut report.migrations {
        let direction =
            if shown.direction == Direction::Up.name() { Direction::Up } else { Direction::Down };
        let key = (shown.history.clone(), shown.id.clone(), direction);
        if let Some((result, milliseconds)) = results.remove(&key) {
            shown.result = result;
            shown.execution_time_ms = milliseconds;
        } else if let Some((_, steps)) = half.take_if(|(of, _)| *of == key) {
            shown.result = ResultShown::Half;
            shown.half = Some(steps.into());
        }
    }
    ran.stopped
}

/// How to undo what a run did although something failed.
fn way_back(plan: &Plan<'_>, done: &[(usize, u64)]) -> Option<String> {
    let works = done.iter().map(|(number, _)| &plan.works[*number]);
    let works: Vec<&Work> = works.filter(|work| !work.definition.migration.repeatable).collect();
    if !matches!(plan.aim, Aim::Up(_)) || works.is_empty() {
        return None;
    }
    let (back, stuck): (Vec<&Work>, Vec<&Work>) =
        works.iter().partition(|work| work.definition.down.is_some());
    let applied = match works.len() {
        1 => "what this run did apply stays".to_owned(),
        count => format!("the {count} that this run did apply stay"),
    };
    let (them, count) = match works.len() {
        1 => ("it", String::new()),
        count => ("them", format!(" {count}")),
    };
    Some(match (back.as_slice(), stuck.as_slice()) {
        (_, []) => format!("{applied}; `whimbrel down{count}` undoes {them}"),
        ([], _) => format!("{applied}; there is no down script, so the way back is by hand"),
        (_, stuck) => format!(
            "{applied}; of them, {} cannot be undone: there is no down script",
            named(stuck.iter().map(|work| work.id()))
        ),
    })
}
