//! Asks whether to run.

use super::report::Report;
use super::{Consent, Options, Plan};
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::{Answer, Events, Question};
use crate::project::Project;
use crate::wire::{Confirmation, MigrationShown};

/// Goes on only with somebody's word; what is lost is said in any case.
pub(super) fn ask(plan: &Plan<'_>, report: &Report, events: &mut dyn Events) -> Result<(), Error> {
    let Plan { project, state, aim, options, choice, .. } = plan;
    let losses = report.migrations.iter().map(|shown| shown.losses.clone());
    let migrations = choice.planned.iter().zip(losses).map(|(planned, losses)| MigrationShown {
        history: project.histories[planned.history].name.clone(),
        id: planned.migration.id.clone(),
        name: planned.migration.name.clone(),
        description: planned.migration.description.clone(),
        file: planned.file(),
        losses,
    });
    let confirmation = Confirmation {
        database: project.shown(&state.facts),
        command: aim.name(),
        allows: "run",
        becomes: aim.becomes(),
        what: "migration",
        migrations: migrations.collect(),
        remarks: plan.hooks.remarks(),
        word: None,
    };
    confirm(project, options, confirmation, events)
}

/// Asks for consent to what is shown, if it is not given.
pub(super) fn confirm(
    project: &Project,
    options: &Options,
    confirmation: Confirmation,
    events: &mut dyn Events,
) -> Result<(), Error> {
    let is_protected = project.database.protected && !options.allowed.protected;
    let is_own = options.place.database.dev;
    if is_own || (options.consent == Consent::Given && !is_protected) {
        events.loses(&confirmation.migrations);
        return Ok(());
    }
    let word = is_protected.then(|| project.database.environment.clone()).flatten();
    let confirmation = Confirmation { word, ..confirmation };
    match events.ask(&Question::Proceed(&confirmation)) {
        Answer::Yes => Ok(()),
        Answer::Interrupted => Err(Error::Interrupted),
        Answer::No => Err(Error::Refused {
            code: Code::DECLINED,
            message: "nothing was done".to_owned(),
            hints: Vec::new(),
        }),
        Answer::Nobody => Err(nobody(&confirmation)),
    }
}

/// Nobody is there to ask.
fn nobody(confirmation: &Confirmation) -> Error {
    let Confirmation { database, migrations, word, allows, what, .. } = confirmation;
    let count = match migrations.len() {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let (code, hint) = match word {
        None => (Code::NO_CONSENT, "without a terminal, `--yes` says so".to_owned()),
        Some(name) => (
            Code::PROTECTED,
            format!("environment `{name}` is protected: `--yes --allow protected` says so"),
        ),
    };
    Error::Refused {
        code,
        message: format!(
            "nobody consented to {allows} {count} on `{}` at {}",
            database.database, database.host
        ),
        hints: vec![hint],
    }
}
