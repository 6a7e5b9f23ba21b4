//! What is measured, a file a subject.

mod apply;
mod large;
mod nothing;
mod rehearsal;
mod shadow;
mod size;
mod starts;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::Outcome;
use crate::project::{Form, Project};
use crate::race::{self, Contender};
use crate::report::Section;
use crate::server::Bench;
use crate::tools::Tools;

/// All sections, in the order of the page.
pub(crate) const ALL: &[(&str, Measure)] = &[
    ("nothing", nothing::section),
    ("far", nothing::far),
    ("large", large::section),
    ("apply", apply::section),
    ("apply-far", apply::far),
    ("disk", apply::disk),
    ("rehearsal", rehearsal::section),
    ("shadow", shadow::section),
    ("starts", starts::section),
    ("size", size::section),
];

/// Measures one subject.
type Measure = fn(&Setting<'_>) -> Outcome<Section>;

/// What every section works with.
pub(crate) struct Setting<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) runtime: &'a Runtime,
    pub(crate) bench: &'a Bench<'a>,
    pub(crate) rounds: Option<usize>,
}

impl Setting<'_> {
    /// How many rounds a race has, unless the person wants fewer.
    pub(crate) fn rounds(&self, usual: usize) -> usize {
        self.rounds.map_or(usual, |most| most.min(usual))
    }
}

/// Who migrates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Whimbrel,
    WhimbrelAnnotated,
    Sqlx,
    Dbmate,
}

impl Tool {
    /// The form of its files.
    pub(crate) fn form(self) -> Form {
        match self {
            Self::Whimbrel | Self::Sqlx => Form::Plain,
            Self::WhimbrelAnnotated => Form::Annotated,
            Self::Dbmate => Form::Dbmate,
        }
    }

    /// Applies what is pending, or finds that there is nothing to do.
    pub(crate) fn apply(self, tools: &Tools, project: &Project, url: &str) -> Command {
        match self {
            Self::Whimbrel | Self::WhimbrelAnnotated => {
                let mut command = whimbrel(tools, project.folder(), url);
                command.args(["up", "--yes", "--no-rehearsal"]);
                command
            }
            Self::Sqlx => sqlx(tools, project, url, "run"),
            Self::Dbmate => dbmate(tools, project, url, "migrate"),
        }
    }

    /// Says what is applied.
    pub(crate) fn status(self, tools: &Tools, project: &Project, url: &str) -> Command {
        match self {
            Self::Whimbrel | Self::WhimbrelAnnotated => {
                let mut command = whimbrel(tools, project.folder(), url);
                command.arg("status");
                command
            }
            Self::Sqlx => sqlx(tools, project, url, "info"),
            Self::Dbmate => dbmate(tools, project, url, "status"),
        }
    }

    /// Its table of what is applied, and which rows count.
    pub(crate) fn ledger(self) -> &'static str {
        match self {
            Self::Whimbrel | Self::WhimbrelAnnotated => {
                "whimbrel.schema_migrations where status = 'completed' and applied_at is not null"
            }
            Self::Sqlx => "_sqlx_migrations where success",
            Self::Dbmate => "schema_migrations",
        }
    }
}

/// Whimbrel in a project.
pub(crate) fn whimbrel(tools: &Tools, folder: &Path, url: &str) -> Command {
    let mut command = Command::new(&tools.whimbrel);
    command.current_dir(folder).args(["--database-url", url]);
    command
}

fn sqlx(tools: &Tools, project: &Project, url: &str, verb: &str) -> Command {
    let mut command = Command::new(&tools.sqlx);
    command.current_dir(project.folder()).args(["migrate", verb, "--source"]);
    command.arg(project.migrations()).args(["--database-url", url]);
    command
}

fn dbmate(tools: &Tools, project: &Project, url: &str, verb: &str) -> Command {
    let mut command = Command::new(&tools.dbmate);
    command.current_dir(project.folder()).args(["--no-dump-schema", "--url", url]);
    command.arg("--migrations-dir").arg(project.migrations()).arg(verb);
    command
}

/// psql without a person's own settings, stopping at the first error.
pub(crate) fn psql(tools: &Tools, url: &str) -> Command {
    let mut command = Command::new(&tools.psql);
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1"]).arg(url);
    command
}

/// The floor of everything that has nothing to do.
pub(crate) fn select_one(tools: &Tools, url: String) -> Contender<'_> {
    Contender::new(SELECT_ONE, move || {
        race::time(Command::new(&tools.psql).args(["-X", "-c", "select 1"]).arg(&url))
    })
}

/// The name of [`select_one`].
pub(crate) const SELECT_ONE: &str = "`psql -c 'select 1'`";

/// Holds a count against what it must be: who is fast at something else does not count.
pub(crate) fn expect(
    setting: &Setting<'_>,
    database: &str,
    what: &str,
    count: usize,
) -> Outcome<()> {
    let sql = format!("select count(*) from {what}");
    let found = setting.bench.value(setting.tools, database, &sql)?;
    if found == count.to_string() {
        return Ok(());
    }
    Err(format!("{found} rows in {what}, not {count}").into())
}

/// Runs something on a fresh database, and looks afterwards whether all was done.
pub(crate) fn on_fresh(
    setting: &Setting<'_>,
    bench: &Bench<'_>,
    count: usize,
    ledger: &str,
    turn: impl FnOnce(&str) -> Outcome<Duration>,
) -> Outcome<Duration> {
    let database = bench.database()?;
    let took = turn(&database)?;
    let tables = "pg_tables where tablename ~ '^t[0-9]+$'";
    for what in [tables, ledger] {
        let found =
            bench.value(setting.tools, &database, &format!("select count(*) from {what}"))?;
        if found != count.to_string() {
            return Err(format!("{found} rows in {what}, not {count}").into());
        }
    }
    bench.drop_database(&database)?;
    Ok(took)
}
