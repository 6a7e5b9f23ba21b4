//! Takes over a database that another tool, or a person by hand, has migrated so far.

mod draft;
mod dump;
mod from_database;
mod platform;

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::state::State;
use whimbrel_engine::tools as ledgers;
use whimbrel_engine::wire::Session;
use whimbrel_history::ledgers::Elsewhere;
use whimbrel_history::state::Row;
use whimbrel_history::tools::{Applied, Ledger, Search, Tool, ToolFile, matched};
use whimbrel_history::{Files, Migration, Status, nearest, tools};

use super::{Case, Database};
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::Events;
use crate::exit::Exit;
use crate::histories;
use crate::project::Project;
use crate::run::amend::{self, Amended, Amending, Change, Saying};
use crate::run::{self, ChangeShown, Depth, Proof, ProofShown};
use crate::wire::{self, DatabaseShown, ErrorShown};
use crate::workspace::Workspace;

pub use from_database::{BaselineShown, from_database};

/// What is known of this use case.
pub const CASE: Case = Case { name: "adopt", database: Database::Written };

/// What a person said.
#[derive(Clone, Debug)]
pub struct Options {
    /// The tool whose ledger is read; without one, the one that is there.
    pub from: Option<String>,
    /// Where there is no tool: the last migration whose effects are in the database.
    pub to: Option<String>,
    /// Whether the outcome is proved first.
    pub proof: Proof,
    /// What whoever is asked should know before.
    pub remarks: Vec<String>,
    /// How to go about it.
    pub run: run::Options,
}

/// What was taken over.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// The database.
    pub database: DatabaseShown,
    /// The tool whose ledger was read.
    pub tool: Option<&'static str>,
    /// Its table.
    pub table: Option<String>,
    /// The migrations that are recorded as applied now, or would be.
    pub changes: Vec<ChangeShown>,
    /// Entries of the tool that are not.
    pub left_out: Vec<LeftOut>,
    /// Files that are not what the tool applied, by its own checksum.
    pub changed: Vec<String>,
    /// How many files were compared by the tool's own checksum.
    pub compared: usize,
    /// Whether it was proved.
    pub proof: ProofShown,
    /// Whether it was written.
    pub written: bool,
    /// The first migration, where it was written from the database.
    pub baseline: Option<BaselineShown>,
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

/// An entry that is not taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftOut {
    /// What the tool calls it.
    pub version: String,
    /// Why.
    pub why: &'static str,
    /// The tool's own error.
    pub error: Option<String>,
}

/// What is known of what is applied.
#[derive(Default)]
struct Found {
    ledger: Option<Ledger>,
    changes: Vec<Change>,
    left_out: Vec<LeftOut>,
    changed: Vec<String>,
    compared: usize,
}

/// Finds out what is applied, proves it, asks, and records it.
pub async fn adopt(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    if histories::outlines(workspace)?.is_empty() {
        return Err(Error::Usage {
            code: Code::NOTHING_TO_ADOPT,
            message: "this project has no migrations that could be in the database".to_owned(),
            hints: vec![
                "`whimbrel adopt --from-database` writes the first one from what the database has"
                    .to_owned(),
            ],
        });
    }
    let (project, mut session, state) =
        amend::open(workspace, &options.run, CASE.name, events).await?;
    let history = the_one(&project)?;
    let all = ledgers::find(&mut session, Search::Thorough).await?;
    let ledger = choose(options, &project, &state, &all)?;
    let found = match ledger {
        Some(ledger) => from_tool(&project, &state, history, ledger, &mut session).await?,
        None => by_hand(&project, &state, history, options.to.as_deref())?,
    };
    let mut failures = Vec::new();
    if let Some(refusal) = changed(&found, &options.run) {
        if options.run.depth == Depth::Run {
            return Err(refusal);
        }
        failures.push(refusal);
    }
    let left_out =
        found.left_out.iter().map(|left| format!("left out: {}: {}", left.version, left.why));
    let remarks: Vec<String> = options.remarks.iter().cloned().chain(left_out).collect();
    let amending = Amending {
        project: &project,
        state: &state,
        changes: &found.changes,
        tools: &all,
        options: &options.run,
        command: CASE.name,
        remarks: &remarks,
        proof: options.proof,
    };
    let Amended { proof, written, refusal } = amend::amend(&amending, session, events).await?;
    failures.extend(refusal);
    let table = found.ledger.as_ref().map(|ledger| &ledger.table);
    Ok(Report {
        version: wire::VERSION,
        database: project.shown(&state.facts),
        tool: found.ledger.as_ref().map(|ledger| ledger.tool.name()),
        table: table.map(|table| format!("{}.{}", table.schema, table.name)),
        changes: found.changes.iter().map(|change| change.shown(&project, "pending")).collect(),
        left_out: found.left_out,
        changed: found.changed,
        compared: found.compared,
        proof,
        written,
        baseline: None,
        errors: failures.iter().map(ErrorShown::of).collect(),
        failures,
    })
}

/// A refusal for files that are not what the other tool applied.
fn changed(found: &Found, options: &run::Options) -> Option<Error> {
    let first = found.changed.first().filter(|_| !options.allowed.modified)?;
    let others = found.changed.iter().skip(1).map(|id| format!("so was `{id}`"));
    let hint = "put the files back as they were applied; `--allow modified` takes them as they are";
    Some(Error::Refused {
        code: Code::ADOPTED_CHANGED,
        message: format!("`{first}` was changed after it was applied, by the tool's own checksum"),
        hints: others.chain([hint.to_owned()]).collect(),
    })
}

/// The history that is taken over.
fn the_one(project: &Project) -> Result<usize, Error> {
    if project.histories.len() == 1 {
        return Ok(0);
    }
    Err(Error::Usage {
        code: Code::SEVERAL_HISTORIES,
        message: format!("this project has {} histories", project.histories.len()),
        hints: vec![format!("say which: {}", histories::ways(project.outlines.iter()))],
    })
}

/// The ledger that is read: the one that a person named, or the only one; `None` where there is
/// none.
fn choose<'a>(
    options: &Options,
    project: &Project,
    state: &State,
    all: &'a [Ledger],
) -> Result<Option<&'a Ledger>, Error> {
    let own = |ledger: &&Ledger| {
        state.ledgers.iter().any(|state| {
            let found = state.place.tables.get(&ledger.table.name);
            found.is_some_and(|found| found.schema == ledger.table.schema)
        })
    };
    let others: Vec<&Ledger> = all.iter().filter(|ledger| !own(ledger)).collect();
    let named = |ledger: &Ledger| {
        format!("{} ({}.{})", ledger.tool.name(), ledger.table.schema, ledger.table.name)
    };
    let Some(from) = &options.from else {
        return match others.as_slice() {
            _ if options.to.is_some() => Ok(None),
            [] => Ok(None),
            [one] => Ok(Some(one)),
            several => Err(Error::Usage {
                code: Code::SEVERAL_LEDGERS,
                message: format!("the database has the ledgers of {} tools", several.len()),
                hints: several
                    .iter()
                    .map(|ledger| {
                        format!("`--from {}` takes {}", ledger.tool.name(), named(ledger))
                    })
                    .collect(),
            }),
        };
    };
    if tools::by_name(from).is_none() {
        let known: Vec<&str> = tools::ALL.iter().map(|tool| tool.name()).collect();
        let hint = match nearest(from, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the tools are {}", known.join(", ")),
        };
        return Err(Error::Usage {
            code: Code::UNKNOWN_TOOL,
            message: format!("unknown tool `{from}`"),
            hints: vec![hint],
        });
    }
    if let Some(same) = all.iter().filter(own).find(|ledger| ledger.tool.name() == from) {
        return Err(Error::Usage {
            code: Code::OWN_LEDGER,
            message: format!(
                "there is nothing to adopt: `{}` is the project's own ledger",
                named(same)
            ),
            hints: vec!["`whimbrel status` shows what it says".to_owned()],
        });
    }
    let of_tool: Vec<&&Ledger> = others.iter().filter(|one| one.tool.name() == from).collect();
    match of_tool.as_slice() {
        [one] => Ok(Some(one)),
        [] => Err(Error::Usage {
            code: Code::NO_LEDGER_OF_TOOL,
            message: format!("the database has no ledger of {from}"),
            hints: match others.as_slice() {
                [] => vec!["without `--from`, `whimbrel adopt` takes all migrations as applied and proves it".to_owned()],
                others => others.iter().map(|ledger| format!("it has that of {}", named(ledger))).collect(),
            },
        }),
        several => Err(Error::Usage {
            code: Code::SEVERAL_LEDGERS,
            message: format!(
                "the database has {} ledgers of {from}: {}",
                several.len(),
                several.iter().map(|ledger| named(ledger)).collect::<Vec<_>>().join(", ")
            ),
            hints: vec![format!(
                "the ledger of history `{}` cannot be told among them",
                project.histories[0].name
            )],
        }),
    }
}

/// What a tool's ledger says is applied.
async fn from_tool(
    project: &Project,
    state: &State,
    history: usize,
    ledger: &Ledger,
    session: &mut Session,
) -> Result<Found, Error> {
    let table = format!("{}.{}", ledger.table.schema, ledger.table.name);
    if !ledger.table.readable {
        return Err(Error::Refused {
            code: Code::FOREIGN_LEDGER_RIGHTS,
            message: format!("`{}` may not read `{table}`", state.facts.role),
            hints: vec![format!("grant select on {table} to it")],
        });
    }
    let entries = ledgers::entries(session, ledger).await?;
    let count = entries.len();
    let matched = matched(&project.histories[history], ledger.tool.records(), entries);
    if matched.applied.is_empty() && count > 0 {
        let first = matched.without_file.iter().chain(&matched.unfinished).next();
        let first = first.map(|entry| entry.version.clone()).unwrap_or_default();
        return Err(Error::Refused {
            code: Code::NO_ENTRY_FITS,
            message: format!(
                "none of the {count} entries of {} has a file in history `{}`: the first is `{first}`",
                ledger.tool.name(),
                project.histories[history].name,
            ),
            hints: vec![
                "adopting needs the migrations that were applied as SQL files of this project"
                    .to_owned(),
                "where the files here are what the database has, `whimbrel adopt --to ID` takes \
                 those up to ID as applied, and proves it"
                    .to_owned(),
                "where there are none yet, `whimbrel adopt --from-database` writes the first"
                    .to_owned(),
            ],
        });
    }
    let rows = project.rows(state);
    let mut found = Found { ledger: Some(ledger.clone()), ..Found::default() };
    for (migration, entry) in &matched.applied {
        match compare(project, ledger.tool, migration, entry)? {
            Some(true) => found.compared += 1,
            Some(false) => {
                found.compared += 1;
                found.changed.push(migration.id.clone());
            }
            None => {}
        }
        let row = rows[history].iter().find(|row| row.key() == migration.key);
        if let Some(row) = row.filter(|row| !row.state.is_applied()) {
            let elsewhere = Elsewhere {
                applied_at: entry.applied_at.clone(),
                execution_time_ms: entry.execution_time_ms,
            };
            found.changes.push(Change::of(history, row, Saying::Applied(elsewhere)));
        }
    }
    let without = matched.without_file.into_iter().map(|entry| (entry, "it has no file"));
    let unfinished = matched.unfinished.into_iter().map(|entry| {
        let why = match entry.status {
            Status::RolledBack => "it was undone",
            Status::Pending | Status::Running | Status::Failed | Status::Completed => {
                "it failed, or was never finished"
            }
        };
        (entry, why)
    });
    found.left_out = without
        .chain(unfinished)
        .map(|(entry, why)| LeftOut { version: entry.version, why, error: entry.error })
        .collect();
    Ok(found)
}

/// Whether a file is what the tool applied; `None` where that cannot be told.
fn compare(
    project: &Project,
    tool: &dyn Tool,
    migration: &Migration,
    entry: &Applied,
) -> Result<Option<bool>, Error> {
    let Some(recorded) = &entry.checksum else { return Ok(None) };
    let bytes = project.workspace.folder().read(&migration.path)?;
    let digits = |text: &str| text.chars().skip_while(|letter| *letter == '0').collect::<String>();
    let version = migration.version.as_deref().unwrap_or_default();
    let version =
        if version.chars().all(|letter| letter == '0') { "0".to_owned() } else { digits(version) };
    // Prisma and others take a file with other line ends for the same.
    let unix = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    let mut known = false;
    for bytes in [bytes.as_slice(), unix.as_bytes()] {
        let file = ToolFile { version: &version, name: &migration.name, bytes };
        let Some(checksum) = tool.checksum(file) else { continue };
        if checksum == *recorded {
            return Ok(Some(true));
        }
        known = true;
    }
    Ok(known.then_some(false))
}

/// All migrations, or those up to one, as applied by hand.
fn by_hand(
    project: &Project,
    state: &State,
    history: usize,
    to: Option<&str>,
) -> Result<Found, Error> {
    let rows = project.rows(state);
    let last = match to {
        None => None,
        Some(id) => Some(amend::named(project, &rows, id)?.1.key().to_owned()),
    };
    let mut changes = Vec::new();
    for row in &rows[history] {
        let is_new = !row.state.is_applied() && row.migration.is_some();
        let repeats = Row::is_repeatable(row) && last.is_some();
        if is_new && !repeats {
            changes.push(Change::of(history, row, Saying::Applied(Elsewhere::default())));
        }
        if last.as_deref() == Some(row.key()) {
            break;
        }
    }
    Ok(Found { changes, ..Found::default() })
}
