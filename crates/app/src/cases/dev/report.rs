//! What `dev` shows.

use std::time::SystemTime;

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::shadow::{Connected, DatabaseFacts, Note, Running, Server, Standing};

use super::env_file::EnvFileShown;
use crate::cases::status;
use crate::database::DatabaseOptions;
use crate::development::{Dev, Filled, Meant};
use crate::error::Error;
use crate::events::Events;
use crate::exit::Exit;
use crate::project::Where;
use crate::run::SeedShown;
use crate::wire::{self, ErrorShown};

/// What was done, and what there is now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// `start`, `stop`, `reset`, `status` or `prune`.
    pub action: &'static str,
    /// What came of it: `started`, `running`, `stopped`, `was-not-running`, `started-again`,
    /// `reset`, `pruned`, `shown`.
    pub outcome: &'static str,
    /// The server.
    pub server: ServerShown,
    /// The database that is meant.
    pub database: Option<String>,
    /// The branch that it belongs to.
    pub branch: Option<String>,
    /// How it was made, if it was.
    pub made: Option<Made>,
    /// What of its migrations is applied.
    pub migrations: Option<Migrations>,
    /// All databases, where the server runs.
    pub databases: Vec<DatabaseOfDev>,
    /// What `reset` copies from.
    pub templates: Templates,
    /// Connections that were ended.
    pub ended: Vec<ConnectedShown>,
    /// Databases that were dropped, or would be.
    pub dropped: Vec<String>,
    /// The file that was written for the project's programs.
    pub env_file: Option<EnvFileShown>,
    /// What a person should know.
    pub remarks: Vec<String>,
    /// What went wrong.
    pub errors: Vec<ErrorShown>,
    /// The same, with the texts that they point into.
    #[serde(skip)]
    pub failures: Vec<Error>,
}

/// A development server.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct ServerShown {
    /// `started`, `passing` (for other commands only), `stopped` or `killed`.
    pub state: &'static str,
    /// The major version of its data.
    pub major: Option<u16>,
    /// Its process.
    pub pid: Option<u32>,
    /// Since when it has been started, in UTC.
    pub since: Option<String>,
    /// Where programs reach it once it is started.
    pub host: Option<String>,
    /// The port there.
    pub port: Option<u16>,
    /// The role that logs in.
    pub role: Option<&'static str>,
    /// Its folder.
    #[schemars(with = "String")]
    pub folder: Utf8PathBuf,
    /// What it says.
    #[schemars(with = "String")]
    pub log: Utf8PathBuf,
}

/// How a database was made.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Made {
    /// The database of another branch that it is a copy of.
    pub copy_of: Option<String>,
    /// How many migrations came with the template.
    pub from_template: usize,
    /// How many ran.
    pub replayed: usize,
    /// The seed files, where they were asked for.
    pub seeds: Vec<SeedShown>,
    /// How long it took, until programs could connect again.
    pub milliseconds: u64,
}

/// What of the migrations is applied.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Migrations {
    /// Applied.
    pub applied: usize,
    /// Pending.
    pub pending: usize,
    /// Not as they should be.
    pub attention: usize,
}

/// A database of the server.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DatabaseOfDev {
    /// Its name.
    pub name: String,
    /// `project`, `branch`, or `other` for one that a person made.
    pub kind: &'static str,
    /// Its branch.
    pub branch: Option<String>,
    /// The database that it was copied from.
    pub copy_of: Option<String>,
    /// Whether it is the one that is meant.
    pub is_current: bool,
    /// Whether its branch is gone.
    pub is_gone: bool,
    /// How many are connected to it.
    pub connections: u32,
    /// Its size.
    pub bytes: u64,
}

/// What `reset` copies from.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Templates {
    /// How many.
    pub count: usize,
    /// All together.
    pub bytes: u64,
}

/// Somebody who was connected.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConnectedShown {
    /// What it calls itself.
    pub application: String,
    /// The role.
    pub role: String,
    /// The address; `local` behind the socket.
    pub client: String,
    /// The server's process for it.
    pub pid: String,
}

impl From<Connected> for ConnectedShown {
    fn from(connected: Connected) -> Self {
        let Connected { pid, application, role, client } = connected;
        Self { application, role, client, pid }
    }
}

impl ServerShown {
    pub(super) fn of(standing: &Standing) -> Self {
        let address = standing.address.as_ref();
        Self {
            state: match standing.running {
                Running::No => "stopped",
                Running::Killed => "killed",
                Running::Passing => "passing",
                Running::Staying => "started",
            },
            major: standing.major,
            pid: standing.pid,
            since: standing.since.and_then(time),
            host: address.map(whimbrel_engine::shadow::Address::host),
            port: address.map(whimbrel_engine::shadow::Address::port),
            role: address.map(whimbrel_engine::shadow::Address::role),
            folder: standing.folder.clone(),
            log: standing.log.clone(),
        }
    }
}

impl Report {
    pub(super) fn of(dev: &Dev<'_>, action: &'static str) -> Self {
        Self {
            version: wire::VERSION,
            action,
            outcome: "shown",
            server: ServerShown::of(&dev.development().standing()),
            database: None,
            branch: None,
            made: None,
            migrations: None,
            databases: Vec::new(),
            templates: Templates::default(),
            ended: Vec::new(),
            dropped: Vec::new(),
            env_file: None,
            remarks: Vec::new(),
            errors: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        self.failures.first().map_or(Exit::Done, Error::exit)
    }

    /// Notes the database that is meant.
    pub(super) fn meant(&mut self, meant: &Meant) {
        self.database = Some(meant.database.clone());
        self.branch.clone_from(&meant.branch);
        self.remarks.extend(meant.remark.clone());
    }

    /// Notes how a database was filled.
    pub(super) fn filled(&mut self, filled: Filled) {
        let made = self.made.get_or_insert_default();
        made.from_template = filled.copied;
        made.replayed = filled.replayed;
        made.seeds = filled.seeds;
        self.remarks.extend(filled.remarks);
        for error in filled.failures {
            let (code, hints, places) = (error.code(), error.hints(), error.places());
            self.errors.push(ErrorShown::new(&error, code, &hints, &places));
            self.failures.push(error);
        }
    }

    /// Notes who was sent away.
    pub(super) fn ended(&mut self, ended: Vec<Connected>) {
        // Our own looks are nobody's loss.
        let others = ended.into_iter().filter(|one| !one.is_whimbrel());
        self.ended.extend(others.map(ConnectedShown::from));
    }

    /// Notes what there is now, on a server that runs.
    pub(super) async fn look(
        &mut self,
        dev: &Dev<'_>,
        server: &Server,
        events: &mut dyn Events,
    ) -> Result<(), Error> {
        let standing = dev.development().standing();
        // Where nobody else does, it runs because it is looked at.
        let state = match standing.running {
            Running::Passing => self.server.state,
            Running::No | Running::Killed | Running::Staying => ServerShown::of(&standing).state,
        };
        self.server = ServerShown { state, ..ServerShown::of(&standing) };
        let branches = dev.git().map(|git| git.branches());
        let mut templates = Templates::default();
        for facts in server.databases_with_sizes().await? {
            let DatabaseFacts { name, bytes, connections, note, .. } = facts;
            let (kind, branch, copy_of) = match note {
                Some(Note::Template { .. }) => {
                    templates.count += 1;
                    templates.bytes += bytes;
                    continue;
                }
                Some(Note::Branch { branch, from }) => ("branch", Some(branch), Some(from)),
                None if name == dev.base() => ("project", None, None),
                None => ("other", None, None),
            };
            let is_gone = match (&branch, &branches) {
                (Some(branch), Some(branches)) => !branches.contains(branch),
                (Some(_) | None, _) => false,
            };
            let is_current = self.database.as_ref() == Some(&name);
            self.databases.push(DatabaseOfDev {
                name,
                kind,
                branch,
                copy_of,
                is_current,
                is_gone,
                connections,
                bytes,
            });
        }
        self.templates = templates;
        if self.databases.iter().any(|one| one.is_current) {
            self.migrations = applied(dev, self.database.as_deref(), events).await?;
        }
        self.wanted_major(dev);
        Ok(())
    }

    /// Says so where the project wants another major than its data has.
    pub(super) fn wanted_major(&mut self, dev: &Dev<'_>) {
        let wanted = dev.major();
        if let Some(major) = self.server.major
            && major != wanted
        {
            self.remarks.push(format!(
                "the data is of Postgres {major}, and the project wants {wanted}: `whimbrel dev reset --hard` begins anew with that"
            ));
        }
    }
}

/// What of the migrations is applied in a database.
async fn applied(
    dev: &Dev<'_>,
    database: Option<&str>,
    events: &mut dyn Events,
) -> Result<Option<Migrations>, Error> {
    if dev.outlines.is_empty() {
        return Ok(None);
    }
    let database = DatabaseOptions {
        dev: true,
        dev_database: database.map(str::to_owned),
        ..DatabaseOptions::default()
    };
    let place = Where { database, history: None, shadow_url: None };
    let shown = status::status(dev.workspace, &status::Options { place }, events).await?;
    let summary = shown.summary;
    Ok(Some(Migrations {
        applied: summary.applied,
        pending: summary.pending,
        attention: summary.attention,
    }))
}

fn time(time: SystemTime) -> Option<String> {
    let seconds = jiff::Timestamp::try_from(time).ok()?.as_second();
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}
