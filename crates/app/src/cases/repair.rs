//! Sets right what a ledger says, without running anything.

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::state::State;
use whimbrel_engine::wire::Session;
use whimbrel_history::Status;
use whimbrel_history::formats::NewFile;
use whimbrel_history::ledgers::Elsewhere;
use whimbrel_history::state::{Row, State as Standing};
use whimbrel_sql::fingerprint;

use super::{Case, Database};
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::Events;
use crate::exit::Exit;
use crate::project::{self, Project};
use crate::run::amend::{self, Amended, Amending, Change, Saying};
use crate::run::{self, ChangeShown, Proof, ProofShown, changed};
use crate::wire::{self, DatabaseShown, ErrorShown};
use crate::workspace::Workspace;

/// What is known of this use case.
pub const CASE: Case = Case { name: "repair", database: Database::Written };

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Migrations are applied that the ledger does not have as such.
    Applied,
    /// The ledger has migrations as applied that are not.
    Pending,
    /// Files were changed after they were applied, and are right.
    Checksum,
    /// Entries are there that nobody needs.
    Forget,
    /// Entries have no file; the ledger has their scripts.
    Orphan,
}

impl What {
    /// What the person is asked about.
    fn command(self) -> &'static str {
        match self {
            Self::Applied => "repair applied",
            Self::Pending => "repair pending",
            Self::Checksum => "repair checksum",
            Self::Forget => "repair forget",
            Self::Orphan => "repair orphan",
        }
    }
}

/// What a person said.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is wrong.
    pub what: What,
    /// With which migrations.
    pub ids: Vec<String>,
    /// Whether the outcome is proved first.
    pub proof: Proof,
    /// How to go about it.
    pub run: run::Options,
}

/// What was set right.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// The database.
    pub database: DatabaseShown,
    /// What the ledger says of each migration now, or would.
    pub changes: Vec<ChangeShown>,
    /// How files differ from what was applied, statement by statement.
    pub differences: Vec<String>,
    /// The files that were written.
    #[schemars(with = "Vec<String>")]
    pub files: Vec<Utf8PathBuf>,
    /// Whether it was proved.
    pub proof: ProofShown,
    /// Whether it was written.
    pub written: bool,
    /// Why it would be refused, where it was only shown.
    pub errors: Vec<ErrorShown>,
    /// The same, with the texts that they point into.
    #[serde(skip)]
    pub failures: Vec<Error>,
}

impl Report {
    /// How the command ends.
    pub fn exit(&self) -> Exit {
        self.failures.first().map_or(Exit::Done, Error::exit)
    }
}

/// Proves, asks, and writes what the ledger is to say.
pub async fn repair(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let (project, mut session, state) =
        amend::open(workspace, &options.run, CASE.name, events).await?;
    let rows = project.rows(&state);
    let mut changes = Vec::new();
    let mut shown = Vec::new();
    for id in &options.ids {
        let (place, row) = amend::named(&project, &rows, id)?;
        let change = Change::of(place, row, saying(options.what, row)?);
        shown.push(change.shown(&project, row.state.word()));
        changes.push(change);
    }
    let mut differences = Vec::new();
    if options.what == What::Checksum {
        for change in &changes {
            let Some(migration) = &change.migration else { continue };
            let history = &project.histories[change.history];
            differences
                .extend(changed::one(&project, &state, history, migration, &mut session).await?);
        }
    }
    let files = match options.what {
        What::Orphan => restored(&project, &state, &rows, &changes, &mut session).await?,
        What::Applied | What::Pending | What::Checksum | What::Forget => Vec::new(),
    };
    drop(rows);
    let tools = whimbrel_engine::tools::find(&mut session, whimbrel_history::tools::Search::Quick);
    let tools = tools.await?;
    let amending = Amending {
        project: &project,
        state: &state,
        changes: &changes,
        tools: &tools,
        options: &options.run,
        command: options.what.command(),
        remarks: &differences,
        // A file that is written back changes nothing that could be proved.
        proof: if options.what == What::Orphan { Proof::Unwanted } else { options.proof },
    };
    let amended = amend::amend(&amending, session, events).await;
    let amended = amended.map_err(|error| with_differences(error, &differences))?;
    let Amended { proof, written, refusal } = amended;
    if written {
        for file in &files {
            workspace.folder().create(&file.path, &file.text)?;
        }
    }
    Ok(Report {
        version: wire::VERSION,
        database: project.shown(&state.facts),
        changes: shown,
        differences,
        files: files.into_iter().map(|file| file.path).collect(),
        proof,
        written,
        errors: refusal.iter().map(ErrorShown::of).collect(),
        failures: refusal.into_iter().collect(),
    })
}

/// A refusal that says how the files differ, too.
fn with_differences(error: Error, differences: &[String]) -> Error {
    match error {
        Error::Refused { code, message, hints } => {
            let hints = differences.iter().cloned().chain(hints).collect();
            Error::Refused { code, message, hints }
        }
        other => other,
    }
}

/// What the ledger is to say of a row, if that makes sense.
fn saying(what: What, row: &Row<'_>) -> Result<Saying, Error> {
    let is_applied = row.state.is_applied();
    let is_half = row.half.is_some();
    match what {
        What::Applied if is_applied && !is_half => Err(senseless(row, "is applied already", &[])),
        What::Applied if row.migration.is_none() => {
            Err(senseless(row, "has no file", &["`whimbrel repair forget` takes its entry out"]))
        }
        What::Applied => {
            // Only what is half undone was applied when its entry says.
            let then = row.entry.filter(|entry| entry.status == Status::Completed);
            let elsewhere = then.map(|entry| Elsewhere {
                applied_at: entry.applied_at.clone(),
                execution_time_ms: entry.execution_time_ms,
            });
            Ok(Saying::Applied(elsewhere.unwrap_or_default()))
        }
        What::Pending if !is_half && (row.entry.is_none() || row.state == Standing::Pending) => {
            Err(senseless(row, "is pending already", &[]))
        }
        What::Pending => Ok(Saying::Pending),
        What::Checksum => match row.state {
            Standing::Modified(_) | Standing::Reformatted(_) | Standing::Changed => {
                Ok(Saying::AsItsFile)
            }
            _ if is_applied => Err(senseless(row, "is as it was applied", &[])),
            _ => Err(senseless(row, "is not applied", &[])),
        },
        What::Forget if row.entry.is_none() && !is_half => {
            Err(senseless(row, "is nothing that the ledger knows", &[]))
        }
        What::Forget => Ok(Saying::Nothing),
        What::Orphan if row.migration.is_some() => Err(senseless(row, "has its file", &[])),
        What::Orphan => Ok(Saying::Same),
    }
}

fn senseless(row: &Row<'_>, why: &str, hints: &[&str]) -> Error {
    let hints = match hints {
        [] => vec!["`whimbrel status` shows what there is to repair".to_owned()],
        hints => hints.iter().map(|hint| (*hint).to_owned()).collect(),
    };
    Error::Usage { code: Code::NOT_REPAIRABLE, message: format!("`{}` {why}", row.id()), hints }
}

/// The files of entries without one, from the scripts that the ledger keeps.
async fn restored(
    project: &Project,
    state: &State,
    rows: &[Vec<Row<'_>>],
    changes: &[Change],
    session: &mut Session,
) -> Result<Vec<NewFile>, Error> {
    let mut files = Vec::new();
    for change in changes {
        let history = &project.histories[change.history];
        let ledger = &state.ledgers[project.ledger_of(history)];
        let entry = rows[change.history].iter().find(|row| row.key() == change.key);
        let entry = entry.and_then(|row| row.entry);
        let scripts = match ledger.ledger.details(&ledger.place, &[&change.key]) {
            Some(query) => project::read_scripts(session, ledger.ledger, &query).await?,
            None => std::collections::BTreeMap::new(),
        };
        // Of a large up script only a note is kept.
        let recorded = scripts.get(&change.key).filter(|scripts| !scripts.up.is_empty());
        let (Some(entry), Some(recorded)) = (entry, recorded) else {
            return Err(Error::Refused {
                code: Code::NO_SCRIPT_KEPT,
                message: format!("the ledger keeps no script of `{}`", change.id),
                hints: vec!["`whimbrel repair forget` takes its entry out".to_owned()],
            });
        };
        let refused = |refusal: whimbrel_sql::Diagnostic| Error::Refused {
            code: Code::NOT_RESTORABLE,
            message: refusal.message,
            hints: refusal.hints,
        };
        let restored = history.format.restore(entry, recorded, history).map_err(refused)?;
        let wanted = fingerprint(&recorded.up_text());
        let reads_back = restored.first().is_some_and(|file| {
            let digest = history.format.digest(&file.path, &file.text.as_str().into());
            digest.is_ok_and(|digest| digest.up.fingerprint == wanted)
        });
        if !reads_back {
            return Err(Error::Refused {
                code: Code::NOT_RESTORABLE,
                message: format!("the script of `{}` does not read back as it was", change.id),
                hints: Vec::new(),
            });
        }
        files.extend(restored);
    }
    Ok(files)
}
