//! Takes the lock, chooses again from what the ledgers say then, and runs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use whimbrel_engine::Event;
use whimbrel_engine::journal::Runner;
use whimbrel_engine::lock::{LockKey, Wait};
use whimbrel_engine::run::{self, Direction, Enter, Entered, Stop, Work};
use whimbrel_engine::state::{State, Wanted};
use whimbrel_engine::wire::Session;

use whimbrel_history::ledgers::Ledger;

use super::choose;
use super::explain::{self, Stage};
use super::report::{Outcome, Report, ResultShown};
use super::{Aim, Options, Plan, Waiting};
use crate::error::Error;
use crate::events::Events;
use crate::project::{APPLICATION, Project};
use crate::wire;

/// The name of the one lock that every run on a database takes, whatever its ledgers.
const LOCK: &str = "migrations";

/// Between losing a connection and making it again.
const PAUSE: Duration = Duration::from_millis(200);

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
    let interrupt = &plan.options.interrupt;
    let mut session = Some(session);
    loop {
        let first = match session.take() {
            Some(session) => session,
            None => Session::connect(&plan.project.database.target, APPLICATION).await?,
        };
        let Some(entered) = enter(plan, first, events).await? else {
            let by_us = report.is_begun();
            report.outcome = if by_us { Outcome::Done } else { Outcome::DoneByAnother };
            return Ok(report);
        };
        choose_again(plan, &entered.state)?;
        events.planned(plan.works.len());
        let target = &plan.project.database.target;
        let ran = run::run(entered, target, &plan.works, &engine, interrupt, events).await;
        let Some(stop) = note(plan, ran, &mut report) else {
            let failed = !report.failures.is_empty();
            report.outcome = if failed { Outcome::Failed } else { Outcome::Done };
            return Ok(report);
        };
        let was_clean = matches!(stop, Stop::Interrupted | Stop::Ledger { .. });
        let may_go_on = stop.may_go_on() && report.failures.is_empty() && !interrupt.is_asked();
        if may_go_on && started.elapsed() < engine.retry_for {
            events.on(Event::Reconnecting { because: wire::chain(&stop).join(": ") });
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let stop = if interrupt.is_asked() { Stop::Interrupted } else { stop };
        ask_the_ledger(plan, was_clean, &mut report).await;
        let hints = vec![report.standing()];
        report.fail(Error::Stopped { source: stop, hints });
        report.outcome = Outcome::Stopped;
        return Ok(report);
    }
}

/// How long a report waits for a ledger that says what became of a lost connection's work.
const PATIENCE: Duration = Duration::from_millis(500);

/// Finds out what became of the works that a lost connection left open.
async fn ask_the_ledger(plan: &Plan<'_>, was_clean: bool, report: &mut Report) {
    if was_clean {
        return;
    }
    let project = &plan.project;
    let looked = tokio::time::timeout(PATIENCE, async {
        let mut session = Session::connect(&project.database.target, APPLICATION).await.ok()?;
        let ledgers = project.wanted_ledgers();
        let wanted = Wanted { ledgers: &ledgers, last_applied: false };
        let state = whimbrel_engine::state::read(&mut session, wanted).await.ok()?;
        session.close().await;
        let choice = choose::choose(project, &state, plan.aim).ok()?;
        Some(choice.planned)
    });
    let left = looked.await.ok().flatten();
    for (shown, planned) in report.migrations.iter_mut().zip(&plan.approved) {
        if shown.result != ResultShown::NotRun {
            continue;
        }
        shown.result = match &left {
            None => ResultShown::Unknown,
            Some(left) if left.iter().any(|one| one.identity() == planned.identity()) => {
                ResultShown::NotRun
            }
            Some(_) => ResultShown::Done,
        };
    }
}

/// Takes the lock; `None` where another run did everything while we waited.
async fn enter(
    plan: &Plan<'_>,
    session: Session,
    events: &mut dyn Events,
) -> Result<Option<Entered>, Error> {
    let project = &plan.project;
    let ledgers = project.wanted_ledgers();
    let enter = way_in(project, plan.options, &ledgers);
    let mut is_done = |state: &State| {
        let choice = choose::choose(project, state, plan.aim);
        choice.is_ok_and(|choice| choice.planned.is_empty())
    };
    Ok(run::enter(&enter, session, &mut is_done, events).await?)
}

/// The lock that a run takes, and how it waits for it.
pub(super) fn way_in<'a>(
    project: &'a Project,
    options: &'a Options,
    ledgers: &'a [(&'static dyn Ledger, Option<&'a str>)],
) -> Enter<'a> {
    let others: Vec<i64> =
        ledgers.iter().flat_map(|(ledger, _)| ledger.lock_keys()).copied().collect();
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
        key: LockKey::new(LOCK, &others),
        wait,
        wanted: Wanted { ledgers, last_applied: false },
        interrupt: &options.interrupt,
    }
}

/// Leaves of the plan what is still to be done.
fn choose_again(plan: &mut Plan<'_>, state: &State) -> Result<(), Error> {
    let choice = choose::choose(&plan.project, state, plan.aim)?;
    let mut works: BTreeMap<_, Work> = BTreeMap::new();
    for (planned, work) in plan.choice.planned.iter().zip(plan.works.drain(..)) {
        works.insert(planned.identity(), work);
    }
    let mut left = Vec::new();
    for planned in &choice.planned {
        let Some(work) = works.remove(&planned.identity()) else {
            return Err(Error::Refused {
                message: format!("`{}` became due while this run waited", planned.migration.id),
                hints: vec!["run it again to see what there is to do now".to_owned()],
            });
        };
        left.push(work);
    }
    drop(works);
    plan.works = left;
    plan.choice = choice;
    Ok(())
}

/// How the engine is to run.
pub(super) fn engine_options(project: &Project, options: &Options) -> run::Options {
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
        journal: project.workspace.config().ledger.journal,
        allow_rerun: options.allowed.rerun,
        direct: project.database.direct.clone(),
    }
}

/// Takes over what a run did; answers why it ended early, if it did.
fn note(plan: &Plan<'_>, ran: run::Report, report: &mut Report) -> Option<Stop> {
    let identity = |number: usize| {
        let work = &plan.works[number];
        (work.definition.migration.history.clone(), work.id().to_owned(), work.direction)
    };
    let mut results: BTreeMap<(String, String, Direction), (ResultShown, Option<u64>)> =
        BTreeMap::new();
    for (number, milliseconds) in ran.done {
        results.insert(identity(number), (ResultShown::Done, Some(milliseconds)));
    }
    for (number, failed) in ran.failed {
        results.insert(identity(number), (ResultShown::Failed, None));
        let mut error = explain::failed(&plan.project, &plan.works[number], failed, Stage::Run);
        if let Some(way_back) = way_back(plan.aim, results.len()) {
            error.hints.push(way_back);
        }
        report.fail(Error::from(Box::new(error)));
    }
    for (number, _) in &ran.skipped {
        results.insert(identity(*number), (ResultShown::Skipped, None));
    }
    for shown in &mut report.migrations {
        let direction =
            if shown.direction == Direction::Up.name() { Direction::Up } else { Direction::Down };
        let key = (shown.history.clone(), shown.id.clone(), direction);
        if let Some((result, milliseconds)) = results.remove(&key) {
            shown.result = result;
            shown.execution_time_ms = milliseconds;
        }
    }
    ran.stopped
}

/// How to undo what a run did before it failed.
fn way_back(aim: &Aim, done: usize) -> Option<String> {
    match (aim, done) {
        (Aim::Down { .. } | Aim::Redo { .. }, _) | (Aim::Up(_), 0) => None,
        (Aim::Up(_), 1) => {
            Some("what ran before it stays applied; `whimbrel down` undoes it".to_owned())
        }
        (Aim::Up(_), done) => Some(format!(
            "the {done} that ran before it stay applied; `whimbrel down {done}` undoes them"
        )),
    }
}
