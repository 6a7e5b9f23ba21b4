//! Takes the lock, chooses again from what the ledgers say then, and runs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use whimbrel_engine::journal::Runner;
use whimbrel_engine::lock::{LockKey, Wait};
use whimbrel_engine::run::{self, Direction, Enter, Entered, Stop, Work};
use whimbrel_engine::state::{State, Wanted};
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Event, Interrupt};

use super::choose;
use super::explain::{self, Stage};
use super::report::{Outcome, Report, ResultShown};
use super::{Plan, Waiting};
use crate::error::Error;
use crate::events::Events;
use crate::project::APPLICATION;
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
    mut plan: Plan<'_>,
    session: Session,
    interrupt: &Interrupt,
    mut report: Report,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let started = Instant::now();
    let engine = engine_options(&plan);
    let mut session = Some(session);
    loop {
        let first = match session.take() {
            Some(session) => session,
            None => Session::connect(&plan.project.database.target, APPLICATION).await?,
        };
        let Some(entered) = enter(&plan, first, interrupt, events).await? else {
            let by_us = report.is_begun();
            report.outcome = if by_us { Outcome::Done } else { Outcome::DoneByAnother };
            return Ok(report);
        };
        choose_again(&mut plan, &entered.state)?;
        events.planned(plan.works.len());
        let target = &plan.project.database.target;
        let ran = run::run(entered, target, &plan.works, &engine, interrupt, events).await;
        let Some(stop) = note(&plan, ran, &mut report) else {
            let failed = !report.failures.is_empty();
            report.outcome = if failed { Outcome::Failed } else { Outcome::Done };
            return Ok(report);
        };
        let may_go_on = stop.may_go_on() && report.failures.is_empty() && !interrupt.is_asked();
        if may_go_on && started.elapsed() < engine.retry_for {
            events.on(Event::Reconnecting { because: wire::chain(&stop).join(": ") });
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let hints = vec![report.standing()];
        report.fail(Error::Stopped { source: stop, hints });
        report.outcome = Outcome::Stopped;
        return Ok(report);
    }
}

/// Takes the lock; `None` where another run did everything while we waited.
async fn enter(
    plan: &Plan<'_>,
    session: Session,
    interrupt: &Interrupt,
    events: &mut dyn Events,
) -> Result<Option<Entered>, Error> {
    let project = &plan.project;
    let ledgers = project.wanted_ledgers();
    let others: Vec<i64> =
        ledgers.iter().flat_map(|(ledger, _)| ledger.lock_keys()).copied().collect();
    let configured = Waiting::For(project.workspace.config().timeouts.wait.0);
    let wait = match plan.options.waiting.unwrap_or(configured) {
        Waiting::For(limit) if limit.is_zero() => Wait::No,
        Waiting::For(limit) => Wait::For(limit),
        Waiting::No => Wait::No,
        Waiting::Forever => Wait::Forever,
    };
    let enter = Enter {
        target: &project.database.target,
        application: APPLICATION,
        key: LockKey::new(LOCK, &others),
        wait,
        wanted: Wanted { ledgers: &ledgers, last_applied: false },
        interrupt,
    };
    let mut is_done = |state: &State| {
        let choice = choose::choose(project, state, plan.aim);
        choice.is_ok_and(|choice| choice.planned.is_empty())
    };
    Ok(run::enter(&enter, session, &mut is_done, events).await?)
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
fn engine_options(plan: &Plan<'_>) -> run::Options {
    let timeouts = plan.project.workspace.config().timeouts;
    let surroundings = plan.project.workspace.surroundings();
    let milliseconds = |duration: Duration| format!("{}ms", duration.as_millis());
    run::Options {
        runner: Runner {
            command: plan.options.command.clone(),
            os_user: surroundings.user.clone(),
            host: surroundings.machine.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        application: APPLICATION.to_owned(),
        lock_timeout: milliseconds(timeouts.lock.0),
        statement_timeout: Some(timeouts.statement.0)
            .filter(|timeout| !timeout.is_zero())
            .map(milliseconds),
        retry_for: plan.options.retry_for.unwrap_or(timeouts.retry_for.0),
        on_error: plan.options.on_error,
        journal: plan.project.workspace.config().ledger.journal,
        allow_rerun: plan.options.allowed.rerun,
        direct: plan.project.database.direct.clone(),
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
    for (number, _) in &ran.skipped {
        results.insert(identity(*number), (ResultShown::Skipped, None));
    }
    for (number, failed) in ran.failed {
        results.insert(identity(number), (ResultShown::Failed, None));
        let error = explain::failed(&plan.project, &plan.works[number], failed, Stage::Run);
        report.fail(Error::from(Box::new(error)));
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
