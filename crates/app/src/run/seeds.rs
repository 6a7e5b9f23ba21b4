//! Seed files: after the migrations, each once, in one transaction with its entry.
//!
//! One that changed since it ran is said and not run again, unless that was asked for: what it put
//! there may have been changed by people since.

use std::collections::BTreeMap;

use whimbrel_engine::run::{self, Seed, Work};
use whimbrel_engine::state::{self, SeedEntry, StateError};
use whimbrel_engine::wire::Session;

use super::execute::{engine_options, way_in};
use super::explain::{self, Stage};
use super::report::{Outcome, Report, ResultShown, SeedShown};
use super::{Aim, Depth, Options, Seeds, consent, file};
use crate::error::Error;
use crate::events::Events;
use crate::project::{APPLICATION, Project};
use crate::seeds::{self, SeedFile};
use crate::wire::{Confirmation, MigrationShown};

/// What ledgers have of seed files: by the ledger's place, by path.
type Recorded = BTreeMap<usize, BTreeMap<String, SeedEntry>>;

/// A seed file that is to run.
struct Due<'a> {
    file: &'a SeedFile,
    hash: String,
}

/// Runs the seed files that are due, or says which those are.
pub(super) async fn sow(
    project: &Project,
    aim: &Aim,
    options: &Options,
    mut report: Report,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let is_well = match report.outcome {
        Outcome::Done | Outcome::Nothing | Outcome::DoneByAnother | Outcome::Shown => true,
        Outcome::Failed | Outcome::Stopped => false,
    };
    if options.seeds == Seeds::Unwanted || !is_well {
        return Ok(report);
    }
    let environment = project.database.environment.as_deref();
    let found = seeds::list(&project.workspace, environment, &project.outlines)?;
    report.remarks.extend(found.warnings.iter().map(|warning| warning.message.clone()));
    if found.files.is_empty() {
        return Ok(report);
    }
    let target = &project.database.target;
    let ledgers = project.wanted_ledgers();
    let way = way_in(project, options, &ledgers);
    let mut session = Session::connect(target, APPLICATION).await?;
    let state = state::read(&mut session, way.wanted).await?;
    let places = places(project, &found.files);
    let mut recorded = Recorded::new();
    for place in &places {
        let entries = state::seeds(&mut session, &state.ledgers[*place]).await;
        recorded.insert(*place, entries.map_err(StateError::from)?);
    }
    let due = sort(project, &found.files, &recorded, options.seeds)?;
    report.seeds = list(project, &found.files, &recorded, &due)?;
    if options.depth != Depth::Run || due.is_empty() {
        session.close().await;
        return Ok(report);
    }
    if let Err(refusal) = ask(project, aim, options, &report, &due, events) {
        // What the migrations did is to be seen all the same.
        report.fail(refusal);
        report.outcome = Outcome::Stopped;
        session.close().await;
        return Ok(report);
    }
    // What was shown is what runs, unless another run was faster.
    let entered = run::enter(&way, session, &mut |_| false, events).await?;
    let Some(mut entered) = entered else { return Ok(report) };
    for place in &places {
        let entries = entered.seeds(*place).await.map_err(StateError::from)?;
        recorded.insert(*place, entries);
    }
    let due: Vec<Due<'_>> = due
        .into_iter()
        .filter(|due| entry(project, &recorded, due.file).is_none_or(|one| one.hash != due.hash))
        .collect();
    let left = list(project, &found.files, &recorded, &due)?;
    for (shown, left) in report.seeds.iter_mut().zip(left) {
        if shown.result.is_some() && left.result.is_none() {
            shown.result = Some(ResultShown::DoneByAnother);
        }
    }
    let works = due.iter().map(|due| work(project, due)).collect::<Result<Vec<Work>, Error>>()?;
    if works.is_empty() {
        return Ok(report);
    }
    let engine = engine_options(project, options);
    let ran = run::run(entered, target, &works, &engine, &options.interrupt, events).await;
    let command = if options.seeds == Seeds::Changed { "up --seed=changed" } else { "up --seed" };
    note(project, &works, ran, command, &mut report);
    Ok(report)
}

/// The ledgers that record these files, by their places.
fn places(project: &Project, files: &[SeedFile]) -> Vec<usize> {
    let mut places: Vec<usize> = files.iter().map(|file| project.place_of(file.ledger)).collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn entry<'r>(project: &Project, recorded: &'r Recorded, file: &SeedFile) -> Option<&'r SeedEntry> {
    recorded.get(&project.place_of(file.ledger))?.get(file.path.as_str())
}

/// Those that are due.
fn sort<'f>(
    project: &Project,
    files: &'f [SeedFile],
    recorded: &Recorded,
    seeds: Seeds,
) -> Result<Vec<Due<'f>>, Error> {
    let mut due = Vec::new();
    for file in files {
        let hash = file.hash(&project.workspace)?;
        let is_due = match entry(project, recorded, file) {
            None => true,
            Some(entry) => seeds == Seeds::Changed && entry.hash != hash,
        };
        if is_due {
            due.push(Due { file, hash });
        }
    }
    Ok(due)
}

/// All of them for the report.
fn list(
    project: &Project,
    files: &[SeedFile],
    recorded: &Recorded,
    due: &[Due<'_>],
) -> Result<Vec<SeedShown>, Error> {
    let shown = files.iter().map(|file| {
        let hash = file.hash(&project.workspace)?;
        let is_due = due.iter().any(|due| due.file.path == file.path);
        Ok(SeedShown {
            path: file.path.to_string(),
            result: is_due.then_some(ResultShown::NotRun),
            changed: entry(project, recorded, file).is_some_and(|entry| entry.hash != hash),
            execution_time_ms: None,
        })
    });
    shown.collect()
}

/// Asks whether the seed files are to run, beside what was asked of migrations.
fn ask(
    project: &Project,
    aim: &Aim,
    options: &Options,
    report: &Report,
    due: &[Due<'_>],
    events: &mut dyn Events,
) -> Result<(), Error> {
    let is_changed = |path: &str| report.seeds.iter().any(|one| one.path == path && one.changed);
    let migrations = due.iter().map(|due| {
        let path = due.file.path.as_str();
        MigrationShown {
            history: due.file.history.clone(),
            id: path.to_owned(),
            name: path.to_owned(),
            description: is_changed(path).then(|| "changed since it ran; runs again".to_owned()),
            file: Some(due.file.path.clone()),
            // What a seed file does is its author's to know: nothing of it was rehearsed.
            losses: Some(Vec::new()),
        }
    });
    let confirmation = Confirmation {
        database: report.database.clone(),
        command: aim.name(),
        allows: "run",
        becomes: "will run",
        what: "seed file",
        migrations: migrations.collect(),
        remarks: Vec::new(),
        word: None,
    };
    consent::confirm(project, options, confirmation, events)
}

/// A seed file as something to run.
fn work(project: &Project, due: &Due<'_>) -> Result<Work, Error> {
    let SeedFile { path, ledger, history } = due.file;
    let seed = Seed { path: path.to_string(), hash: due.hash.clone() };
    let work = file::work(project, path, history, &due.hash)?;
    Ok(Work { ledger: project.place_of(*ledger), seed: Some(seed), ..work })
}

/// Takes over what became of the seed files.
fn note(
    project: &Project,
    works: &[Work],
    ran: run::Report,
    command: &'static str,
    report: &mut Report,
) {
    let mut results: BTreeMap<&str, (ResultShown, Option<u64>)> = BTreeMap::new();
    for (number, took) in &ran.done {
        results.insert(works[*number].id(), (ResultShown::Done, Some(*took)));
    }
    for (number, _) in &ran.failed {
        results.insert(works[*number].id(), (ResultShown::Failed, None));
    }
    for shown in &mut report.seeds {
        if let Some((result, took)) = results.get(shown.path.as_str()) {
            shown.result = Some(*result);
            shown.execution_time_ms = *took;
        }
    }
    if report.outcome == Outcome::Nothing {
        report.outcome = Outcome::Done;
    }
    for (number, failed) in ran.failed {
        let error = explain::failed(project, &works[number], failed, Stage::Run(command));
        report.fail(Error::from(Box::new(error)));
        report.outcome = Outcome::Failed;
    }
    if let Some(source) = ran.stopped {
        let hints = vec!["run it again: what is recorded is not run twice".to_owned()];
        report.fail(Error::Stopped { source, hints });
        report.outcome = Outcome::Stopped;
    }
}
