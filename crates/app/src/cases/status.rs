//! Shows what is applied and what is pending.

use std::borrow::Cow;
use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use whimbrel_engine::journal::LastApplied as Last;
use whimbrel_engine::state::{self, State as Database, Wanted};
use whimbrel_engine::tools::ToolState;
use whimbrel_engine::wire::Session;
use whimbrel_history::state::{Change, Half, Row, State, Steps};
use whimbrel_history::tools::Search;
use whimbrel_history::{History, Status};
use whimbrel_sql::{Diagnostic, Severity};

use super::Case;
use crate::catalogue::Code;
use crate::config;
use crate::database;
use crate::error::Error;
use crate::events::Events;
use crate::exit::Exit;
use crate::project::{APPLICATION, Glance, LastApplied, Project, Where};
use crate::run::choose::{Refusal, choose};
use crate::run::select::Wish;
use crate::run::{Aim, Allowed};
use crate::seeds;
use crate::wire::{self, DatabaseShown, PlaceShown};
use crate::workspace::Workspace;

/// What is known of this use case.
pub const CASE: Case = Case { name: "status", database: super::Database::Read };

/// What a person said.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which project and database.
    pub place: Where,
}

/// What is applied and what is not.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// The database.
    pub database: DatabaseShown,
    /// The histories.
    pub histories: Vec<HistoryShown>,
    /// Every migration and every entry, in the order of their histories.
    pub migrations: Vec<Line>,
    /// How many there are of each kind.
    pub summary: Summary,
    /// Why `up` refuses to run what is pending, as long as nobody allows it.
    pub refusals: Vec<RefusalShown>,
    /// The seed files of this environment, in the order in which they run, and those that ran and
    /// are gone.
    pub seeds: Vec<SeedLine>,
    /// The ledgers that other tools have in the database.
    pub others: Vec<OtherShown>,
    /// What a person should know of the files.
    pub warnings: Vec<PlaceShown>,
}

/// A history and its ledger.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HistoryShown {
    /// Its name.
    pub name: String,
    /// Its format.
    pub format: String,
    /// Its folder.
    #[schemars(with = "String")]
    pub folder: Utf8PathBuf,
    /// Its ledger's table, where it is there.
    pub ledger: Option<String>,
}

/// The ledger of another tool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OtherShown {
    /// The tool.
    pub tool: Cow<'static, str>,
    /// Its table, with its schema.
    pub table: String,
    /// What it says; `None` where the role may not read it.
    pub entries: Option<EntriesShown>,
}

/// What the ledger of another tool says, in short.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EntriesShown {
    /// How many are applied.
    pub applied: u64,
    /// The newest of them.
    pub newest: Option<String>,
    /// When it was applied, in UTC.
    pub applied_at: Option<String>,
    /// How many failed or were never finished.
    pub failed: u64,
    /// The first of them.
    pub first_failed: Option<String>,
}

impl OtherShown {
    fn new(other: &ToolState) -> Self {
        let table = &other.ledger.table;
        Self {
            tool: other.ledger.tool.name().into(),
            table: format!("{}.{}", table.schema, table.name),
            entries: other.summary.clone().map(|summary| EntriesShown {
                applied: summary.applied,
                newest: summary.newest,
                applied_at: summary.applied_at,
                failed: summary.failed,
                first_failed: summary.first_failed,
            }),
        }
    }
}

/// A reason for which `up` refuses to run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RefusalShown {
    /// What speaks against it.
    pub message: String,
    /// How to allow it, or do without.
    pub way: Option<String>,
}

/// A migration: its file beside its entry.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own about a row")]
pub struct Line {
    /// Its history.
    pub history: String,
    /// Its id.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// What it does, where its file says so.
    pub description: Option<String>,
    /// Its file; `None` where it is gone.
    #[schemars(with = "Option<String>")]
    pub file: Option<Utf8PathBuf>,
    /// What the ledger says of it; `None` where it says nothing.
    pub ledger: Option<Cow<'static, str>>,
    /// What both together mean.
    pub state: Cow<'static, str>,
    /// Whether its effects are in the database.
    pub applied: bool,
    /// Whether `up` would run it.
    pub due: bool,
    /// Whether it runs again when it changes.
    pub repeatable: bool,
    /// When it was applied, in UTC.
    pub applied_at: Option<String>,
    /// How long it took.
    pub execution_time_ms: Option<i64>,
    /// Whether it was recorded as applied without having run, as `adopt` and `repair` do.
    pub marked: bool,
    /// Who applied it, `user@machine`.
    pub applied_by: Option<String>,
    /// What is behind its state, where the word does not say it.
    pub note: Option<String>,
}

/// A seed file beside its entry.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SeedLine {
    /// The file.
    pub path: String,
    /// `ran`, `changed` since it ran, `pending` for one that never ran, or `file gone`.
    pub state: Cow<'static, str>,
    /// When it ran, in UTC, where its ledger says so.
    pub ran_at: Option<String>,
}

/// How many migrations there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// In the database.
    pub applied: usize,
    /// Due.
    pub pending: usize,
    /// Not as they should be.
    pub attention: usize,
}

impl Report {
    /// How `--check` ends.
    pub fn check(&self) -> Exit {
        match self.summary {
            Summary { pending: 0, attention: 0, .. } => Exit::Done,
            Summary { .. } => Exit::Pending,
        }
    }
}

/// Reads files and ledgers; writes nothing anywhere.
pub async fn status(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let (wanted, place) = (LastApplied::Wanted, options.place.only_read());
    let glance = match Project::glance(workspace, &place, wanted, CASE.name, events).await {
        Err(error) if error.code() == Code::NO_MIGRATIONS => {
            let others = only_others(workspace, &place).await;
            return others.ok_or(error);
        }
        glance => glance?,
    };
    match glance {
        Glance::Known { answer, database } => Ok(Report { database, ..answer }),
        Glance::Fresh(fresh) => {
            let (project, session, mut state, keeping) = *fresh;
            session.close().await;
            let report = report(&project, &state)?;
            if let Some(keeping) = keeping {
                keeping.keep(state.seal.take(), &report);
            }
            Ok(report)
        }
    }
}

/// What other tools have in the database of a project that has no migrations of ours; `None` where
/// there is nothing to tell.
async fn only_others(workspace: &Workspace, place: &Where) -> Option<Report> {
    if place.database.dev {
        return None;
    }
    let found = database::find(workspace, &place.database).ok()?;
    let mut session = Session::connect(&found.target, APPLICATION).await.ok()?;
    let tools = Some(Search::Quick);
    let wanted = Wanted { ledgers: &[], last_applied: false, tools, sealed: false };
    let state = state::read(&mut session, wanted).await.ok()?;
    session.close().await;
    if state.tools.is_empty() {
        return None;
    }
    let remark = Diagnostic {
        severity: Severity::Note,
        file: None,
        span: None,
        message: "this project has no migrations that Whimbrel runs".to_owned(),
        hints: vec![
            "`whimbrel adopt --from-database` begins with what the database has".to_owned(),
        ],
    };
    Some(Report {
        version: wire::VERSION,
        database: found.shown(&state.facts),
        histories: Vec::new(),
        migrations: Vec::new(),
        summary: Summary::default(),
        refusals: Vec::new(),
        seeds: Vec::new(),
        others: state.tools.iter().map(OtherShown::new).collect(),
        warnings: vec![PlaceShown::at(&remark, None)],
    })
}

fn report(project: &Project, database: &Database) -> Result<Report, Error> {
    let mut migrations = Vec::new();
    let mut summary = Summary::default();
    for (history, rows) in project.histories.iter().zip(project.rows(database)) {
        for row in &rows {
            summary.applied += usize::from(row.state.is_applied());
            summary.pending += usize::from(row.state.is_due());
            summary.attention += usize::from(wants_attention(&row.state));
            migrations.push(line(history, row, database));
        }
    }
    let histories = project.histories.iter().map(|history| {
        let ledger = &database.ledgers[project.ledger_of(history)];
        let first = ledger.ledger.tables().first();
        let table = first.and_then(|table| {
            let found = ledger.place.tables.get(table.name)?;
            Some(format!("{}.{}", found.schema, table.name))
        });
        HistoryShown {
            name: history.name.clone(),
            format: history.format.name().to_owned(),
            folder: history.folder.clone(),
            ledger: table,
        }
    });
    let refusals = if summary.pending > 0 { refusals(project, database) } else { Vec::new() };
    let strays = strays(project, database);
    let (seeds, missing) = seeds(project, database)?;
    let closed = database.facts.closed.then(|| closed(&database.facts.role));
    let closed = closed.iter().map(|diagnostic| project.located(diagnostic));
    Ok(Report {
        version: wire::VERSION,
        database: project.shown(&database.facts),
        histories: histories.collect(),
        migrations,
        summary,
        refusals,
        seeds,
        others: database.tools.iter().map(OtherShown::new).collect(),
        warnings: project
            .warnings()
            .into_iter()
            .chain(missing)
            .chain(closed)
            .chain(strays)
            .collect(),
    })
}

/// Why `up` would refuse, as it says it.
fn refusals(project: &Project, database: &Database) -> Vec<RefusalShown> {
    let choice = match choose(project, database, &Aim::Up(Wish::default())) {
        Ok(choice) => choice,
        Err(error) => return vec![RefusalShown { message: error.to_string(), way: None }],
    };
    let refused = choice.refused(Allowed::default()).into_iter();
    let shown = refused
        .map(|Refusal { message, way, .. }| RefusalShown { message, way: Some(way.to_owned()) });
    shown.collect()
}

/// That the journal is out of the role's reach.
fn closed(role: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        file: None,
        span: None,
        message: format!(
            "the role `{role}` may not read the journal: who applied what, and how far half-done migrations came, is not known"
        ),
        hints: vec!["connect as the role that runs migrations to see it".to_owned()],
    }
}

/// What the ledgers have of histories that are none of the project's: taken out of whimbrel.toml, or
/// another project's in the same database.
fn strays(project: &Project, database: &Database) -> Vec<PlaceShown> {
    if project.is_partial {
        return Vec::new();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in database.ledgers.iter().flat_map(|ledger| &ledger.entries) {
        let Some(name) = entry.history.as_deref() else { continue };
        if !project.histories.iter().any(|history| history.name == name) {
            *counts.entry(name).or_default() += 1;
        }
    }
    let say = |(name, count): (&str, usize)| {
        let entries = if count == 1 { "entry" } else { "entries" };
        PlaceShown {
            severity: "note".into(),
            message: format!(
                "the ledger has {count} {entries} of history `{name}`, which is none of this project's"
            ),
            file: None,
            line: None,
            column: None,
            hints: vec![format!("if it was, put [history.{name}] back into {}", config::FILE)],
        }
    };
    counts.into_iter().map(say).collect()
}

/// The seed files, and the patterns that name none.
fn seeds(
    project: &Project,
    database: &Database,
) -> Result<(Vec<SeedLine>, Vec<PlaceShown>), Error> {
    let environment = project.database.environment.as_deref();
    let listed = seeds::list(&project.workspace, environment, &project.outlines)?;
    let mut lines = Vec::new();
    for seed in &listed.files {
        let ledger = &database.ledgers[project.place_of(seed.ledger)];
        let entry = ledger.seeds.get(seed.path.as_str());
        let state = match entry {
            None => "pending",
            Some(entry) if entry.hash == seed.hash(&project.workspace)? => "ran",
            Some(_) => "changed",
        };
        let ran_at = entry.and_then(|entry| entry.ran_at.clone());
        lines.push(SeedLine { path: seed.path.to_string(), state: state.into(), ran_at });
    }
    for (path, entry) in database.ledgers.iter().flat_map(|ledger| &ledger.seeds) {
        let is_listed = lines.iter().any(|line| line.path == *path);
        if !is_listed && !project.workspace.folder().holds(Utf8Path::new(path)) {
            let (path, ran_at) = (path.clone(), entry.ran_at.clone());
            lines.push(SeedLine { path, state: "file gone".into(), ran_at });
        }
    }
    let missing = listed.warnings.iter().map(|warning| project.located(warning)).collect();
    Ok((lines, missing))
}

/// Whether somebody should look at a migration in this state.
fn wants_attention(state: &State) -> bool {
    match state {
        State::OutOfOrder { .. }
        | State::SameContent { .. }
        | State::Modified(_)
        | State::Failed
        | State::Running
        | State::HalfApplied
        | State::HalfUndone
        | State::MissingFile { .. } => true,
        State::Pending
        | State::Applied
        | State::Reformatted(_)
        | State::Changed
        | State::RolledBack
        | State::Leftover => false,
    }
}

fn line(history: &History, row: &Row<'_>, database: &Database) -> Line {
    let key = (history.name.clone(), row.id().to_owned());
    let entry = row.entry;
    let marked = row.state.is_applied() && entry.is_some_and(|entry| entry.marked);
    // What the journal knows of it is an older run.
    let last = database.last_applied.get(&key).filter(|_| row.state.is_applied() && !marked);
    Line {
        history: history.name.clone(),
        id: row.id().to_owned(),
        name: match (row.migration, entry) {
            (Some(migration), _) => migration.name.clone(),
            (None, entry) => entry.and_then(|entry| entry.name.clone()).unwrap_or_default(),
        },
        description: row.migration.and_then(|migration| migration.description.clone()),
        file: row.migration.map(|migration| migration.path.clone()),
        ledger: entry.map(|entry| word(entry.status).into()),
        state: row.state.word().into(),
        applied: row.state.is_applied(),
        due: row.state.is_due(),
        repeatable: row.is_repeatable(),
        applied_at: entry
            .and_then(|entry| entry.applied_at.clone())
            .or_else(|| last.map(|last| last.at.clone())),
        execution_time_ms: entry
            .and_then(|entry| entry.execution_time_ms)
            .or_else(|| last.map(|last| last.execution_time_ms)),
        marked,
        applied_by: last.and_then(who),
        note: note(row),
    }
}

fn who(last: &Last) -> Option<String> {
    match (&last.os_user, &last.host) {
        (Some(user), Some(host)) => Some(format!("{user}@{host}")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Running => "running",
        Status::Completed => "completed",
        Status::Failed => "failed",
        Status::RolledBack => "rolled back",
    }
}

/// What is behind a state.
fn note(row: &Row<'_>) -> Option<String> {
    match &row.state {
        State::OutOfOrder { before } => Some(format!("`{before}` is applied, and comes after it")),
        State::SameContent { key } => Some(format!("its script is applied as `{key}`")),
        State::Modified(change) | State::Reformatted(change) => Some(changed(*change, row)),
        State::MissingFile { same_as: Some(id) } => Some(format!("`{id}` has the same script")),
        State::Failed => {
            let error = row.entry.and_then(|entry| entry.error.clone());
            let both: Vec<String> =
                error.into_iter().chain(row.half.as_ref().map(how_far)).collect();
            Some(both.join("; ")).filter(|text| !text.is_empty())
        }
        State::Running | State::HalfApplied | State::HalfUndone => row.half.as_ref().map(how_far),
        State::Pending
        | State::Applied
        | State::Changed
        | State::RolledBack
        | State::MissingFile { same_as: None }
        | State::Leftover => None,
    }
}

/// How far a migration came that is half done.
fn how_far(half: &Half) -> String {
    match &half.steps {
        None => "nobody knows how many of its steps are done: the journal lost them".to_owned(),
        Some(Steps { done, of, next }) => format!("{done} of {of} steps are done; next: `{next}`"),
    }
}

/// Which parts of an applied migration changed.
fn changed(change: Change, row: &Row<'_>) -> String {
    // What is only laid out anew is said of the header, which may be as it was.
    let then = row.entry.and_then(|entry| entry.fingerprints.as_ref()?.header.as_deref());
    let is_other = then.zip(row.migration).is_some_and(|(then, now)| then != now.checksum.header);
    let parts = [
        (change.header && is_other, "header"),
        (change.up, "up script"),
        (change.down, "down script"),
    ];
    let parts: Vec<&str> = parts.iter().filter(|(is, _)| *is).map(|(_, part)| *part).collect();
    match parts.as_slice() {
        [] => "only comments or layout changed".to_owned(),
        parts => format!("changed: {}", parts.join(", ")),
    }
}
