//! Changes what a ledger says, without running anything: shown, proved, confirmed, written.

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::run::{self as engine, Amendment, Work};
use whimbrel_engine::state::State;
use whimbrel_engine::wire::Session;
use whimbrel_history::ledgers::Elsewhere;
use whimbrel_history::select;
use whimbrel_history::state::Row;
use whimbrel_history::tools::Ledger;
use whimbrel_history::{Migration, Status, TextError};

use super::choose::{Choice, Planned};
use super::execute::{engine_options, way_in};
use super::prove::ProofShown;
use super::verdict::{Verdict, verdict};
use super::{Depth, Options, check_server, choose, consent, rehearse, works};
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::Events;
use crate::project::{LastApplied, Project};
use crate::wire::{Confirmation, MigrationShown};
use crate::workspace::Workspace;

/// One migration about which the ledger is to say something else.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Its history, by its place among the project's.
    pub(crate) history: usize,
    /// What the ledger calls it.
    pub(crate) key: String,
    /// Its id.
    pub(crate) id: String,
    /// Its files, where it has any.
    pub(crate) migration: Option<Migration>,
    /// What is to be said.
    pub(crate) saying: Saying,
}

/// What a ledger is to say of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Saying {
    /// It is applied, and was without us.
    Applied(Elsewhere),
    /// It is not applied.
    Pending,
    /// What its file is now was applied.
    AsItsFile,
    /// Nothing.
    Nothing,
    /// What it says; a person only did something that is to be remembered.
    Same,
}

impl Saying {
    /// What becomes of a migration of which that is said.
    fn becomes(&self) -> &'static str {
        match self {
            Self::Applied(_) => "will be recorded as applied, and not run",
            Self::Pending => "will be recorded as pending, and not undone",
            Self::AsItsFile => "will be recorded as its file is now",
            Self::Nothing => "will be taken out of the ledger",
            Self::Same => "will be written to a file",
        }
    }
}

/// Whether the outcome is proved first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Yes, and of a migration that leaves nothing to compare nothing is written either.
    Whole,
    /// Yes; where that is impossible, nothing is written.
    Required,
    /// Where it is possible.
    IfPossible,
    /// No.
    Unwanted,
}

/// A change as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangeShown {
    /// The migration's history.
    pub history: String,
    /// Its id.
    pub id: String,
    /// Its file.
    #[schemars(with = "Option<String>")]
    pub file: Option<Utf8PathBuf>,
    /// What the ledger said.
    pub was: &'static str,
    /// What it says now.
    pub is: &'static str,
    /// When it was applied without us, in UTC.
    pub applied_at: Option<String>,
}

/// What is to be amended, and of what.
pub(crate) struct Amending<'a> {
    /// The project.
    pub(crate) project: &'a Project,
    /// What its ledgers say.
    pub(crate) state: &'a State,
    /// What they are to say.
    pub(crate) changes: &'a [Change],
    /// The ledgers of other tools.
    pub(crate) tools: &'a [Ledger],
    /// How to go about it.
    pub(crate) options: &'a Options,
    /// The command, as a person is asked about it.
    pub(crate) command: &'static str,
    /// What should be known before.
    pub(crate) remarks: &'a [String],
    /// Whether the outcome is proved first.
    pub(crate) proof: Proof,
}

/// What came of it.
pub(crate) struct Amended {
    /// Whether it was proved.
    pub(crate) proof: ProofShown,
    /// Whether anything was written.
    pub(crate) written: bool,
    /// Why it would be refused, where it was only shown.
    pub(crate) refusal: Option<Error>,
}

/// Proves, asks and writes; only shows what would be written where no more was wanted.
pub(crate) async fn amend(
    amending: &Amending<'_>,
    mut session: Session,
    events: &mut dyn Events,
) -> Result<Amended, Error> {
    let Verdict { shown: proof, refusal } = verdict(amending, &mut session, events).await?;
    let is_shown = amending.options.depth != Depth::Run;
    match refusal {
        Some(refusal) if !is_shown => return Err(refusal),
        Some(_) | None if is_shown || amending.changes.is_empty() => {
            session.close().await;
            return Ok(Amended { proof, written: false, refusal });
        }
        Some(_) | None => {}
    }
    check_server(&amending.state.facts)?;
    ask(amending, events)?;
    write(amending, session, events).await?;
    Ok(Amended { proof, written: true, refusal: None })
}

/// What would be applied if the ledger said so, for each history, in its order: what is recorded
/// with its file, anything else as it was applied.
pub(super) fn applied_then(
    project: &Project,
    state: &State,
    changes: &[Change],
) -> Vec<Vec<Planned>> {
    let rows = project.rows(state);
    let histories = rows.iter().enumerate().map(|(place, rows)| {
        let applied = rows.iter().filter_map(|row| {
            let change = changes.iter().find(|one| one.history == place && one.key == row.key());
            match change.map(|change| &change.saying) {
                Some(Saying::Applied(_) | Saying::AsItsFile) => {
                    row.migration.map(|migration| Planned::up(place, migration))
                }
                Some(Saying::Pending | Saying::Nothing) => None,
                Some(Saying::Same) | None if !row.state.is_applied() => None,
                Some(Saying::Same) | None => {
                    rehearse::planned(&project.histories[place].name, place, row)
                }
            }
        });
        applied.collect()
    });
    histories.collect()
}

/// Asks whether to write it.
fn ask(amending: &Amending<'_>, events: &mut dyn Events) -> Result<(), Error> {
    let Amending { project, state, changes, options, command, remarks, .. } = *amending;
    let migrations = changes.iter().map(|change| MigrationShown {
        history: project.histories[change.history].name.clone(),
        id: change.id.clone(),
        name: change.migration.as_ref().map_or_else(String::new, |one| one.name.clone()),
        description: change.migration.as_ref().and_then(|one| one.description.clone()),
        file: change.migration.as_ref().map(|one| one.path.clone()),
        losses: Some(Vec::new()),
    });
    let confirmation = Confirmation {
        database: project.shown(&state.facts),
        command,
        allows: "change what the ledger says of",
        becomes: changes.first().map_or("will be changed", |change| change.saying.becomes()),
        what: "migration",
        migrations: migrations.collect(),
        remarks: remarks.to_vec(),
        word: None,
    };
    consent::confirm(project, options, confirmation, events)
}

/// Connects to the project's database for what changes its ledger.
pub(crate) async fn open(
    workspace: &Workspace,
    options: &Options,
    what: &str,
    events: &mut dyn Events,
) -> Result<(Project, Session, State), Error> {
    let (project, session, state) =
        Project::open(workspace, &options.place, LastApplied::Unwanted, events).await?;
    let instead = "leave `--via` out, from a machine that can connect";
    project.database.check_connection(&format!("`{what}`"), instead)?;
    project.check_names(&state)?;
    Ok((project, session, state))
}

/// Takes the lock, makes sure that the ledger still says what was shown, and writes.
async fn write(
    amending: &Amending<'_>,
    mut session: Session,
    events: &mut dyn Events,
) -> Result<(), Error> {
    let Amending { project, state, changes, options, .. } = *amending;
    let planned = changes
        .iter()
        .filter_map(|change| Some(Planned::up(change.history, change.migration.as_ref()?)));
    let choice = Choice { planned: planned.collect(), concerns: Vec::new() };
    let works = works::works(project, state, &choice, &mut session).await?;
    let ledgers = project.wanted_ledgers();
    let enter = way_in(project, options, &ledgers);
    let Some(entered) = engine::enter(&enter, session, &mut |_| false, events).await? else {
        return Ok(());
    };
    for change in changes {
        if entry_of(project, state, change) != entry_of(project, &entered.state, change) {
            return Err(Error::Refused {
                code: Code::LEDGER_MOVED_ON,
                message: format!("the ledger says something else of `{}` by now", change.id),
                hints: vec!["run it again to see what there is to do".to_owned()],
            });
        }
    }
    let amendments: Vec<Amendment> = changes
        .iter()
        .map(|change| amendment(project, &entered.state, change, &works))
        .collect::<Result<_, TextError>>()?;
    let engine = engine_options(project, options);
    let target = &project.database.target;
    engine::amend(entered, target, &amendments, &engine, &options.interrupt, events).await.map_err(
        |source| Error::Stopped {
            source,
            hints: vec!["the ledger says what it said before".to_owned()],
        },
    )
}

/// What is to be written of one change.
fn amendment(
    project: &Project,
    state: &State,
    change: &Change,
    works: &[Work],
) -> Result<Amendment, TextError> {
    let history = &project.histories[change.history];
    let number = project.ledger_of(history);
    let at = &state.ledgers[number];
    let key = &change.key;
    let own = works.iter().find(|work| {
        let migration = &work.definition.migration;
        migration.key == *key && migration.history == history.name
    });
    let statements = match (&change.saying, own) {
        (Saying::Applied(elsewhere), Some(work)) => {
            at.ledger.import(&at.place, &work.definition, elsewhere)?
        }
        (Saying::AsItsFile, Some(work)) => at.ledger.accept(&at.place, &work.definition)?,
        (Saying::Pending, _) => at.ledger.withdraw(&at.place, key),
        (Saying::Nothing, _) => at.ledger.remove(&at.place, key),
        (Saying::Same | Saying::Applied(_) | Saying::AsItsFile, _) => Vec::new(),
    };
    let (history, migration) = (history.name.clone(), change.id.clone());
    Ok(Amendment { ledger: number, statements, history, migration })
}

/// What the ledger says of a migration.
fn entry_of(project: &Project, state: &State, change: &Change) -> Option<(Status, Option<String>)> {
    let ledger = &state.ledgers[project.ledger_of(&project.histories[change.history])];
    let entry = ledger.entries.iter().find(|entry| entry.key == change.key)?;
    Some((entry.status, entry.checksum.clone()))
}

/// The row that a person named, over all histories, with the place of its history.
pub(crate) fn named<'r, 'a>(
    project: &Project,
    rows: &'r [Vec<Row<'a>>],
    id: &str,
) -> Result<(usize, &'r Row<'a>), Error> {
    let place = choose::find(project, rows, id)?;
    Ok((place, select::resolve(&rows[place], id)?))
}

impl Change {
    /// A change of what is said of a row.
    pub(crate) fn of(history: usize, row: &Row<'_>, saying: Saying) -> Self {
        Self {
            history,
            key: row.key().to_owned(),
            id: row.id().to_owned(),
            migration: row.migration.cloned(),
            saying,
        }
    }

    /// As it is shown; `was` is the word for what the ledger said.
    pub(crate) fn shown(&self, project: &Project, was: &'static str) -> ChangeShown {
        let (is, applied_at) = match &self.saying {
            Saying::Applied(elsewhere) => ("applied", elsewhere.applied_at.clone()),
            Saying::Pending => ("pending", None),
            Saying::AsItsFile => ("as its file", None),
            Saying::Nothing => ("forgotten", None),
            Saying::Same => ("written to a file", None),
        };
        ChangeShown {
            history: project.histories[self.history].name.clone(),
            id: self.id.clone(),
            file: self.migration.as_ref().map(|one| one.path.clone()),
            was,
            is,
            applied_at,
        }
    }
}
