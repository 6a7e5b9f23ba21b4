//! Writes what is pending as a script that a person pastes into an SQL editor, or gives to `psql`.

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::paste::{self, Alone, Knowledge, Paste};
use whimbrel_engine::state::{LedgerState, State};
use whimbrel_history::select::{Wish, resolve};
use whimbrel_history::state::matrix;
use whimbrel_history::{Down, Entry, Migration, Status};

use super::{Case, Database};
use crate::error::Error;
use crate::events::Events;
use crate::project::{LastApplied, Project};
use crate::run::{self, Aim, choose, scripted, works};
use crate::wire::{self, DatabaseShown};
use crate::workspace::Workspace;

/// What is known of this use case.
pub const CASE: Case = Case { name: "script", database: Database::Read };

/// What a person said.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is applied already.
    pub applied: Applied,
    /// Up to this one.
    pub to: Option<String>,
    /// Where to look and what is allowed.
    pub run: run::Options,
}

/// What is applied already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// What the database's ledger says.
    AsRecorded,
    /// Nothing; no database is asked.
    Nothing,
    /// Everything up to this migration; no database is asked.
    UpTo(String),
}

/// A script.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// The database whose ledger was read.
    pub database: Option<DatabaseShown>,
    /// One part a migration.
    pub parts: Vec<PartShown>,
    /// The whole, as it is to be pasted.
    pub script: String,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// One migration of a script.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PartShown {
    /// Its history.
    pub history: String,
    /// Its id.
    pub id: String,
    /// Why it is not one transaction.
    pub because: Option<String>,
    /// What is to be sent, each as one message.
    pub pieces: Vec<PieceShown>,
}

/// What is to be sent as one message.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PieceShown {
    /// What it does.
    pub what: String,
    /// Whether it must not be sent together with others.
    pub alone: bool,
    /// Its SQL.
    pub sql: String,
}

/// Writes the script; nothing is changed.
pub async fn script(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let (project, state, database) = match &options.applied {
        Applied::AsRecorded => {
            let place = &options.run.place;
            let unwanted = LastApplied::Unwanted;
            let opened = Project::open(workspace, place, unwanted, events).await?;
            let (project, session, state) = opened;
            session.close().await;
            let shown = project.shown(&state.facts);
            (project, state, Some(shown))
        }
        Applied::Nothing | Applied::UpTo(_) => {
            let project = Project::of_files(workspace, options.run.place.history.as_deref())?;
            let state = said(&project, &options.applied)?;
            (project, state, None)
        }
    };
    let knowledge = if database.is_some() { Knowledge::Read } else { Knowledge::Said };
    let paste = written(&project, &state, knowledge, options)?;
    let mut remarks: Vec<String> = project.database.remark.clone().into_iter().collect();
    if paste.has_alone() {
        remarks.push(
            "some parts are in several pieces: an SQL editor takes one at a time, psql the whole"
                .to_owned(),
        );
    }
    if paste.parts.iter().any(|part| part.only_psql) {
        remarks.push("the rows of a `copy` are in it, which only psql can take".to_owned());
    }
    let script = if paste.parts.is_empty() {
        "-- Nothing is pending.\n".to_owned()
    } else {
        paste.to_string()
    };
    let parts = paste.parts.into_iter().map(PartShown::of).collect();
    Ok(Report { version: wire::VERSION, database, parts, script, remarks })
}

/// What is pending, in parts.
fn written(
    project: &Project,
    state: &State,
    knowledge: Knowledge,
    options: &Options,
) -> Result<Paste, Error> {
    project.check_names(state)?;
    let wish = Wish { to: options.to.clone(), ..Wish::default() };
    let choice = choose::choose(project, state, &Aim::Up(wish))?;
    choice.check(options.run.allowed, Vec::new())?;
    let works = works::of_files(project, &choice.planned, &works::Kept::new())?;
    scripted::paste(project, state, knowledge, &options.run, (&choice.planned, &works))
}

/// The ledgers as a person says that they are.
fn said(project: &Project, applied: &Applied) -> Result<State, Error> {
    let ledgers = project.wanted_ledgers().into_iter();
    let mut ledgers: Vec<LedgerState> =
        ledgers.map(|(ledger, schema)| LedgerState::said(ledger, schema)).collect();
    if let Applied::UpTo(id) = applied {
        let whole = choose::whole(&project.outlines, &project.histories)?;
        let nothing = std::collections::BTreeMap::new();
        let rows: Vec<_> = project.histories.iter().map(|one| matrix(one, &[], &nothing)).collect();
        let history = choose::find(project, &rows, id)?;
        let last = resolve(&rows[history], id)?.key().to_owned();
        let name = &project.histories[history].name;
        let is_last = |one: &&Migration| one.history == *name && one.key == last;
        let end = whole.iter().position(|one| is_last(&one)).map_or(0, |place| place + 1);
        for migration in &whole[..end] {
            let owner = project.histories.iter().find(|one| one.name == migration.history);
            if let Some(owner) = owner {
                ledgers[project.ledger_of(owner)].entries.push(entry(migration));
            }
        }
    }
    Ok(State::said(ledgers))
}

/// The entry that a migration has where it is applied as it is.
fn entry(migration: &Migration) -> Entry {
    let history = migration.key.split_once(':').map(|(history, _)| history.to_owned());
    Entry {
        key: migration.key.clone(),
        id: migration.id.clone(),
        history,
        name: Some(migration.name.clone()),
        status: Status::Completed,
        applied_at: None,
        written: None,
        execution_time_ms: None,
        marked: false,
        checksum: None,
        fingerprints: None,
        down: Down::Unknown,
        error: None,
        unfinished: None,
    }
}

impl PartShown {
    fn of(part: paste::Part) -> Self {
        let pieces = part.pieces.into_iter().map(|piece| PieceShown {
            what: piece.what,
            alone: piece.run == Alone::Yes,
            sql: piece.sql,
        });
        Self { history: part.history, id: part.id, because: part.because, pieces: pieces.collect() }
    }
}
