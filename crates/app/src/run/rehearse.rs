//! Runs what is due in a throw-away Postgres first, on top of what is applied.

use std::time::Instant;

use whimbrel_catalog::Difference;
use whimbrel_engine::rehearse::{self, Rehearsal, Rehearsed, Surroundings};
use whimbrel_engine::run::{Direction, Work};
use whimbrel_engine::shadow::{Baseline, Fetch as ShadowFetch, ShadowOptions};
use whimbrel_engine::state::{State, StateError};
use whimbrel_engine::wire::Session;
use whimbrel_history::Migration;
use whimbrel_history::state::{Row, State as Standing};

use super::choose::{Choice, Planned, of_entry};
use super::explain::{self, Stage};
use super::report::{RehearsalShown, Report};
use super::{Aim, Depth, Fetch, Plan, Rehearse, exists, losses, works};
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::Events;
use crate::project::{Project, Where};
use crate::wire;

/// How many objects an error names.
const NAMED: usize = 8;

/// Rehearses, and says in the report what came of it.
pub(super) async fn rehearse(
    plan: &Plan<'_>,
    session: &mut Session,
    report: &mut Report,
    events: &mut dyn Events,
) -> Result<(), Error> {
    let because = if let Some(because) = left_out(plan) {
        because
    } else {
        // Nothing of it is to be kept: the shadow goes with the future that is dropped.
        let attempted = tokio::select! {
            biased;
            () = plan.options.interrupt.asked() => return Err(Error::Interrupted),
            attempted = attempt(plan, session, report, events) => attempted,
        };
        match attempted {
            Ok(shown) => {
                report.rehearsal = shown;
                return Ok(());
            }
            Err(reason) => reason.unless_wanted(plan)?,
        }
    };
    unproved(plan, &because)?;
    report.rehearsal = RehearsalShown::None { because };
    Ok(())
}

/// The migration that a person wants to run although it is applied.
fn wanted_again<'p>(plan: &'p Plan<'_>) -> Option<&'p Planned> {
    let is_wanted = matches!(plan.aim, Aim::Up(wish) if wish.again);
    plan.choice.planned.iter().find(|planned| is_wanted && planned.again)
}

/// Refuses to run an applied migration again that nothing proved to be fit for it.
fn unproved(plan: &Plan<'_>, because: &str) -> Result<(), Error> {
    let is_run = plan.options.depth == Depth::Run && plan.options.rehearse != Rehearse::Never;
    match wanted_again(plan).filter(|_| is_run) {
        None => Ok(()),
        Some(planned) => Err(Error::Refused {
            code: Code::AGAIN_UNPROVED,
            message: format!(
                "nothing proves that `{}` may run again: {because}",
                planned.migration.id
            ),
            hints: vec!["`--no-rehearsal` runs it without that proof".to_owned()],
        }),
    }
}

/// Why there was no rehearsal.
pub(super) enum NotRehearsed {
    /// Something failed that has nothing to do with what is due.
    Error(Error),
    /// What is applied cannot be rebuilt, which stops nobody.
    NotRebuilt(String),
    /// It would prove nothing.
    Because(String),
}

impl NotRehearsed {
    /// Why; an error where a person asked for the rehearsal and could have it.
    fn unless_wanted(self, plan: &Plan<'_>) -> Result<String, Error> {
        let (because, mut hints) = match self {
            Self::NotRebuilt(because) => return Ok(because),
            Self::Because(because) => (because, Vec::new()),
            Self::Error(error @ (Error::Shadow(_) | Error::Rehearse(_))) => {
                (wire::chain(&error).join(": "), error.hints())
            }
            Self::Error(error) if is_wanted(plan) => return Err(error),
            Self::Error(error) => (wire::chain(&error).join(": "), Vec::new()),
        };
        if !is_wanted(plan) {
            return Ok(because);
        }
        hints.push("`--no-rehearsal` goes on without".to_owned());
        Err(Error::Refused {
            code: Code::CANNOT_REHEARSE,
            message: format!("cannot rehearse: {because}"),
            hints,
        })
    }
}

/// Whether a person asked for the rehearsal: by its flag, or by naming the server to hold it on.
fn is_wanted(plan: &Plan<'_>) -> bool {
    match plan.options.rehearse {
        Rehearse::Always => true,
        Rehearse::IfPossible => plan.options.place.shadow_url.is_some(),
        Rehearse::Never => false,
    }
}

impl<E: Into<Error>> From<E> for NotRehearsed {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Why this plan is not rehearsed at all.
fn left_out(plan: &Plan<'_>) -> Option<String> {
    let is_embedded = plan.options.place.database.dev;
    match plan.options.rehearse {
        Rehearse::Never => Some("it was not wanted".to_owned()),
        Rehearse::IfPossible if is_embedded && wanted_again(plan).is_none() => {
            Some("the embedded database is itself for trying things out".to_owned())
        }
        Rehearse::IfPossible | Rehearse::Always => None,
    }
}

async fn attempt(
    plan: &Plan<'_>,
    session: &mut Session,
    report: &mut Report,
    events: &mut dyn Events,
) -> Result<RehearsalShown, NotRehearsed> {
    let started = Instant::now();
    let applied = applied(plan, session).await?;
    let options = shadow_options(&plan.project, ways(plan), session).await?;
    let mut surroundings = Surroundings::read(session).await.map_err(StateError::from)?;
    surroundings.database = database_name(&surroundings.database);
    let what = rehearse::Rehearse {
        major: plan.state.facts.major(),
        surroundings: &surroundings,
        applied: &applied,
        pending: &plan.works,
    };
    let Rehearsed { rehearsal, server, inherited: _, losses, stand_ins } =
        rehearse::rehearse(&what, &options, events).await?;
    losses::note(report, &losses, session).await?;
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (number, failed, advice) = match rehearsal {
        Rehearsal::Passed => {
            return Ok(RehearsalShown::Passed { server, milliseconds, stand_ins });
        }
        Rehearsal::Failed { number, failed } => (number, *failed, None),
        Rehearsal::NotRepeatable { number, failed: Some(failed), differences: _ } => {
            (number, *failed, Some(format!("that was its second run there; {ANY_NUMBER}")))
        }
        Rehearsal::NotRepeatable { number, failed: None, differences } => {
            report.fail(not_repeatable(&plan.works[number], &differences));
            return Ok(RehearsalShown::Failed { server, stand_ins });
        }
        Rehearsal::NotRebuilt { number, failed } => {
            let because = wire::chain(&*failed).join(": ");
            let id = applied[number].id();
            return Err(NotRehearsed::NotRebuilt(format!(
                "`{id}`, which is applied, cannot be rebuilt in an empty database: {because}"
            )));
        }
        Rehearsal::Inconclusive { number, lacks } => {
            let id = plan.works[number].id();
            let because = format!("`{id}` needs what the shadow lacks: {lacks}");
            return Err(NotRehearsed::Because(because));
        }
    };
    let before = exists::in_rehearsal(&what, number, &failed, &options, events).await;
    let mut error = explain::failed(&plan.project, &plan.works[number], failed, Stage::Rehearsal);
    error.hints.splice(0..0, advice.or(before));
    report.fail(Error::from(Box::new(error)));
    if let (Some(presumed), None) = (&plan.project.presumed, &options.baseline) {
        report.remarks.push(format!(
            "{} migrations presume more than this database has, which is a plain Postgres",
            presumed.format
        ));
    }
    Ok(RehearsalShown::Failed { server, stand_ins })
}

/// What one that runs again must be like.
const ANY_NUMBER: &str =
    "write it so that it may run any number of times (`create or replace`, `if not exists`)";

/// A migration that is to run again and changes something each time.
fn not_repeatable(work: &Work, differences: &[Difference]) -> Error {
    let named: Vec<String> = differences.iter().take(NAMED).map(|one| format!("`{one}`")).collect();
    Error::Refused {
        code: Code::NOT_REPEATABLE,
        message: format!("a second run of `{}` changes {}", work.id(), named.join(", ")),
        hints: vec![
            ANY_NUMBER.to_owned(),
            "the database was not changed; `--no-rehearsal` goes on in spite of it".to_owned(),
        ],
    }
}

/// A database of the same name, since scripts may name it; those that the shadow has are taken.
pub(super) fn database_name(database: &str) -> String {
    match database {
        "template0" | "template1" => "whimbrel".to_owned(),
        other => other.to_owned(),
    }
}

/// The scripts that made what is applied, in their order.
pub(super) async fn applied(
    plan: &Plan<'_>,
    session: &mut Session,
) -> Result<Vec<Work>, NotRehearsed> {
    let project = &plan.project;
    let mut queues = Vec::new();
    for (place, rows) in project.rows(&plan.state).into_iter().enumerate() {
        let mut queue = Vec::new();
        // What is half applied and to be undone is rebuilt whole: nobody can rebuild a half.
        let is_undone = |row: &Row<'_>| {
            let mut chosen = plan.choice.planned.iter();
            chosen.any(|one| one.identity() == (place, row.key(), Direction::Down))
        };
        for row in rows.iter().filter(|row| row.state.is_applied() || is_undone(row)) {
            queue.extend(planned(&project.histories[place].name, place, row));
        }
        queues.push(queue);
    }
    rebuilt_from(project, &plan.state, queues, session).await
}

/// The scripts of what was applied, for each history in its order.
pub(super) async fn rebuilt_from(
    project: &Project,
    state: &State,
    applied: Vec<Vec<Planned>>,
    session: &mut Session,
) -> Result<Vec<Work>, NotRehearsed> {
    let planned = super::choose::merge(&project.outlines, applied);
    let choice = Choice { planned, concerns: Vec::new() };
    let kept = works::recorded(project, state, &choice, session).await?;
    for planned in choice.planned.iter().filter(|planned| planned.from_ledger) {
        let key = (planned.history, planned.migration.key.clone());
        // Of a large script only a note is kept.
        if kept.get(&key).is_none_or(|recorded| recorded.up.is_empty()) {
            let (id, is_gone) = (&planned.migration.id, planned.file().is_none());
            let why = if is_gone { "its file is gone" } else { "its file was changed since" };
            return Err(NotRehearsed::NotRebuilt(format!(
                "`{id}` is applied, {why}, and the ledger does not keep its script"
            )));
        }
    }
    Ok(works::of_files(project, &choice.planned, &kept)?)
}

/// What made an applied row: its file, if that is still what ran, or else what the ledger keeps.
pub(super) fn planned(name: &str, history: usize, row: &Row<'_>) -> Option<Planned> {
    let kept =
        |migration: &Migration| Planned { from_ledger: true, ..Planned::up(history, migration) };
    let Some(migration) = row.migration else {
        return row.entry.map(|entry| kept(&of_entry(name, entry)));
    };
    Some(match row.state {
        Standing::Modified(_) => kept(migration),
        Standing::Changed
        | Standing::Applied
        | Standing::Reformatted(_)
        | Standing::MissingFile { .. }
        | Standing::Pending
        | Standing::OutOfOrder { .. }
        | Standing::SameContent { .. }
        | Standing::Failed
        | Standing::Running
        | Standing::HalfApplied
        | Standing::HalfUndone
        | Standing::RolledBack
        | Standing::Leftover => Planned::up(history, migration),
    })
}

/// How a plan may have the shadow.
pub(super) fn ways<'a>(plan: &'a Plan<'_>) -> Ways<'a> {
    // Whoever asks for a rehearsal has it, whatever is to be fetched for it.
    let fetch =
        if plan.options.rehearse == Rehearse::Always { Fetch::Allowed } else { plan.options.fetch };
    Ways { place: &plan.options.place, fetch }
}

/// How the shadow may be had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways<'a> {
    pub(super) place: &'a Where,
    pub(super) fetch: Fetch,
}

/// How the shadow is had: with the baseline that the database has, whatever format the migrations
/// are of.
pub(super) async fn shadow_options(
    project: &Project,
    ways: Ways<'_>,
    session: &mut Session,
) -> Result<ShadowOptions, Error> {
    let workspace = &project.workspace;
    let mut options = workspace.shadow_options();
    if let Some(url) = &ways.place.shadow_url {
        options.url = Some(workspace.target(url, "--shadow-url")?);
    }
    options.baseline = Baseline::in_database(session).await.map_err(StateError::from)?;
    if ways.fetch == Fetch::Forbidden {
        options.fetch = ShadowFetch::Forbidden;
    }
    Ok(options)
}
