//! Seed files: after the migrations, each once, in one transaction with its entry.
//!
//! One that changed since it ran is said and not run again: what it put there may have been
//! changed by people since.

use std::collections::BTreeMap;

use camino::Utf8Path;
use whimbrel_engine::run::{self, Direction, Seed, Work};
use whimbrel_engine::wire::Session;
use whimbrel_history::{
    Checksum, Cut, Definition, Directives, Files as _, Migration, Section, Text,
    formats::Seeds as Found,
};

use super::execute::{engine_options, way_in};
use super::explain::{self, Stage};
use super::report::{Outcome, Report, ResultShown, SeedShown};
use super::works::uncut;
use super::{Depth, Options, Seeds};
use crate::error::Error;
use crate::events::Events;
use crate::project::{APPLICATION, Project};

/// Runs the seed files that never ran, or says which those are.
pub(super) async fn sow(
    project: &Project,
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
    for (number, outline) in project.outlines.iter().enumerate() {
        let seeds = outline
            .format
            .seeds(project.workspace.folder(), &outline.settings)
            .map_err(|error| Error::Usage { message: error.to_string(), hints: Vec::new() })?;
        if let Some(seeds) = seeds {
            Box::pin(sow_one(project, number, &seeds, options, &mut report, events)).await?;
        }
    }
    Ok(report)
}

/// Runs the seed files of one history.
async fn sow_one(
    project: &Project,
    history: usize,
    found: &Found,
    options: &Options,
    report: &mut Report,
    events: &mut dyn Events,
) -> Result<(), Error> {
    report.remarks.extend(found.warnings.iter().map(|warning| warning.message.clone()));
    let ledger = project.ledger_of(&project.histories[history]);
    let target = &project.database.target;
    let session = Session::connect(target, APPLICATION).await?;
    let ledgers = project.wanted_ledgers();
    let way = way_in(project, options, &ledgers);
    if options.depth != Depth::Run {
        let mut session = session;
        let state = whimbrel_engine::state::read(&mut session, way.wanted).await?;
        let recorded = whimbrel_engine::state::seeds(&mut session, &state.ledgers[ledger]).await;
        session.close().await;
        let recorded = recorded.map_err(whimbrel_engine::state::StateError::from)?;
        sort(found, &recorded, report);
        return Ok(());
    }
    let entered = run::enter(&way, session, &mut |_| false, events).await?;
    let Some(mut entered) = entered else { return Ok(()) };
    let recorded = entered.seeds(ledger).await;
    let recorded = recorded.map_err(whimbrel_engine::state::StateError::from)?;
    let due = sort(found, &recorded, report);
    let works = due
        .iter()
        .map(|seed| work(project, history, ledger, seed))
        .collect::<Result<Vec<Work>, Error>>()?;
    if works.is_empty() {
        return Ok(());
    }
    let engine = engine_options(project, options);
    let ran = run::run(entered, target, &works, &engine, &options.interrupt, events).await;
    note(project, &works, ran, report);
    Ok(())
}

/// Lists the seed files in the report; answers those that never ran.
fn sort(found: &Found, recorded: &BTreeMap<String, String>, report: &mut Report) -> Vec<Seed> {
    let mut due = Vec::new();
    for seed in &found.files {
        let known = recorded.get(seed.path.as_str());
        report.seeds.push(SeedShown {
            path: seed.path.to_string(),
            result: known.is_none().then_some(ResultShown::NotRun),
            changed: known.is_some_and(|hash| *hash != seed.hash),
            execution_time_ms: None,
        });
        if known.is_none() {
            due.push(Seed { path: seed.path.to_string(), hash: seed.hash.clone() });
        }
    }
    due
}

/// A seed file as something to run.
fn work(project: &Project, history: usize, ledger: usize, seed: &Seed) -> Result<Work, Error> {
    let path = Utf8Path::new(&seed.path);
    let text = Text::read(path, project.workspace.folder().open(path)?)?;
    let Cut { script, fingerprint } = text.cut()?;
    let up = Section { path: path.to_owned(), span: 0..text.len(), fingerprint };
    let script = script.map_err(|error| uncut(project, path.as_str(), &up, &text, &error))?;
    let migration = Migration {
        history: project.histories[history].name.clone(),
        key: seed.path.clone(),
        id: seed.path.clone(),
        version: None,
        name: seed.path.clone(),
        description: None,
        kind: None,
        path: path.to_owned(),
        depends_on: Vec::new(),
        repeatable: false,
        up,
        down: None,
        checksum: Checksum {
            text: seed.hash.clone(),
            bytes: seed.hash.clone(),
            header: seed.hash.clone(),
            statements: None,
        },
        directives: Directives::default(),
    };
    Ok(Work {
        definition: Definition { migration, up: text, down: None },
        direction: Direction::Up,
        script,
        ledger,
        seed: Some(seed.clone()),
        again: false,
        after: Vec::new(),
        stand_ins: project.has_stand_ins(),
        lines_above: 0,
    })
}

/// Takes over what became of the seed files.
fn note(project: &Project, works: &[Work], ran: run::Report, report: &mut Report) {
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
    report.outcome = Outcome::Done;
    for (number, failed) in ran.failed {
        let error = explain::failed(project, &works[number], failed, Stage::Run("up"));
        report.fail(Error::from(Box::new(error)));
        report.outcome = Outcome::Failed;
    }
    if let Some(source) = ran.stopped {
        let hints = vec!["run it again: what is recorded is not run twice".to_owned()];
        report.fail(Error::Stopped { source, hints });
        report.outcome = Outcome::Stopped;
    }
}
