//! Explains the project, the way to its database, and what there will hurt.
//!
//! Reads only. What cannot be looked at is said, and keeps nothing else from being looked at.

mod ask;
pub mod checks;
mod connection;
mod examine;
mod finding;
mod ledgers;
mod pooler;
mod project;
mod source;
mod tls;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::Target;
use whimbrel_engine::wire::Session;

use super::Case;
use crate::database::{self, Database, DatabaseError, DatabaseOptions, hosts};
use crate::development::{Using, develop};
use crate::error::Error;
use crate::events::Events;
use crate::exit::Exit;
use crate::histories;
use crate::wire::{self, DatabaseShown};
use crate::workspace::Workspace;

use checks::Seen;
pub use finding::{About, Finding, Group, Severity};
pub use whimbrel_engine::wire::{KNOWN, Known};

/// What is known of this use case.
pub const CASE: Case = Case { name: "doctor", database: super::Database::Read };

/// What a person said.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which database.
    pub database: DatabaseOptions,
    /// From when on a transaction is long.
    pub longer_than: Duration,
}

/// What was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// The database; `None` where it could not be reached.
    pub database: Option<DatabaseShown>,
    /// What was found, in the order of their groups.
    pub findings: Vec<Finding>,
    /// How many there are of each kind.
    pub summary: Summary,
}

/// How many findings there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// As it should be.
    pub ok: usize,
    /// Worth knowing.
    pub notes: usize,
    /// It will hurt in some cases.
    pub warnings: usize,
    /// It hurts already.
    pub troubles: usize,
}

impl Report {
    fn new(database: Option<DatabaseShown>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.group);
        let mut summary = Summary::default();
        for finding in &findings {
            *match finding.severity {
                Severity::Ok => &mut summary.ok,
                Severity::Note => &mut summary.notes,
                Severity::Warning => &mut summary.warnings,
                Severity::Trouble => &mut summary.troubles,
            } += 1;
        }
        Self { version: wire::VERSION, database, findings, summary }
    }

    /// How `--check` ends.
    pub fn check(&self) -> Exit {
        match self.summary {
            Summary { warnings: 0, troubles: 0, .. } => Exit::Done,
            Summary { .. } => Exit::Pending,
        }
    }
}

/// What every check is, in the order in which findings are shown.
pub fn abouts() -> Vec<&'static About> {
    let first =
        [&project::ABOUT, &source::ABOUT, &source::PASSFILE, &connection::ABOUT, &connection::WAYS];
    let way = [&pooler::ABOUT, &tls::ABOUT, &examine::ANSWERS];
    let mut all: Vec<&About> = first.into_iter().chain(way).collect();
    all.extend(checks::ALL.iter().map(|check| check.about()));
    all.extend(ledgers::ALL);
    all.sort_by_key(|about| about.group);
    all
}

/// Looks at everything; writes nothing anywhere.
pub async fn doctor(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let mut findings = project::judge(workspace);
    let (found, _development) = find(workspace, &options.database, events).await?;
    findings.extend(source::judge(workspace, &found));
    let Ok(mut database) = found else { return Ok(Report::new(None, findings)) };
    let timeout = workspace.config().timeouts.connect.0.as_secs().max(1);
    database.target.connect_timeout.get_or_insert(timeout);

    let (session, judged) = connection::connect(workspace, &database).await;
    findings.extend(judged);
    let Some((mut session, target)) = session else {
        let ways = database::other_ways(workspace, &options.database).into_iter();
        let finding = connection::WAYS.note("other ways to the database, not tried");
        findings.push(ways.fold(finding, Finding::shown_by));
        return Ok(Report::new(None, findings));
    };
    findings.extend(tls::judge(&session, &target, workspace.surroundings().clock.now()));
    let schema = workspace.config().ledger.schema.as_deref();
    let examined = examine::examine(&mut session, options.longer_than, schema).await;
    let mut shown = None;
    match examined {
        Ok(examined) => {
            let pooled = pooler::judge(&session, &target, &examined.seen).await;
            shown = Some(show(&database, &target, &examined.seen, pooled.is_transaction));
            findings.extend(pooled.findings);
            findings.extend(examined.findings);
        }
        Err(failure) => findings.push(
            examine::ANSWERS
                .trouble(wire::chain(&failure).join(": "))
                .cured_by("what answers there may not be Postgres, or was lost while it answered"),
        ),
    }
    session.close().await;
    Ok(Report::new(shown, findings))
}

/// Finds the database; the embedded one runs as long as its server is held.
async fn find(
    workspace: &Workspace,
    options: &DatabaseOptions,
    events: &mut dyn Events,
) -> Result<(Result<Database, DatabaseError>, Option<Using>), Error> {
    if !options.dev {
        return Ok((database::find(workspace, options), None));
    }
    let outlines = histories::outlines(workspace)?;
    let options = DatabaseOptions { only_read: true, ..options.clone() };
    let (server, target) = develop(workspace, &outlines, &options, events).await?;
    Ok((Ok(Database::embedded(target)), Some(server)))
}

fn show(database: &Database, target: &Target, seen: &Seen, pooled: bool) -> DatabaseShown {
    DatabaseShown {
        host: hosts(target),
        database: seen.database.clone(),
        role: seen.role.clone(),
        server_version: seen.version.clone(),
        environment: database.environment.clone(),
        found_in: database.place.clone(),
        pooled,
    }
}

/// `application_name` of doctor's connections.
const APPLICATION: &str = crate::project::APPLICATION;

/// A session, and the target that led to it.
type Way = (Session, Target);
