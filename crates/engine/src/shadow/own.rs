//! A server that a guard of ours runs.

use std::fs::File;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use tokio::sync::{Mutex, MutexGuard};

use super::cache::Cache;
use super::cluster::Recipe;
use super::error::{Cause, ShadowError};
use super::kept::KeptFolder;
use super::lineage::Lineage;
use super::link::GuardLink;
use super::order::{Command, Report, Started, StopMode};
use super::{admin, leftover, postmaster};
use crate::Target;

/// How long a server may take to answer. Recovery on a slow disk is the worst case.
const PATIENCE: Duration = Duration::from_mins(1);

/// The role that every cluster begins with.
const MASTER: &str = "postgres";

/// The database in which the shadow's own statements run. Nothing is copied from it, so that they
/// need not be alone in it.
const MASTERS_DATABASE: &str = "template1";

/// A server that a guard of ours runs.
#[derive(Debug)]
pub(crate) struct Own {
    hold: Hold,
    started: Started,
    states: Utf8PathBuf,
    recipe: String,
}

/// What the server's life hangs on.
#[derive(Debug)]
pub(crate) enum Hold {
    /// The pipe to its guard.
    Guard(Box<Mutex<GuardLink>>),
    /// The lock that each client of a kept server holds.
    Client(File),
}

impl Hold {
    pub(crate) fn guard(link: GuardLink) -> Self {
        Self::Guard(Box::new(Mutex::new(link)))
    }
}

impl Own {
    pub(crate) fn new(hold: Hold, started: Started, cache: &Cache, recipe: &Recipe) -> Self {
        Self { hold, started, states: cache.states(), recipe: recipe.key.clone() }
    }

    pub(crate) fn is_throw_away(&self) -> bool {
        matches!(self.hold, Hold::Guard(_))
    }

    pub(crate) fn target(&self, database: &str) -> Target {
        Target::socket(&self.started.socket, self.started.port, MASTER, database)
    }

    pub(crate) fn master(&self) -> Target {
        self.target(MASTERS_DATABASE)
    }

    pub(crate) fn folder(&self) -> &Utf8Path {
        &self.started.folder
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        let file = leftover::postmaster_pid(&self.started.data)?;
        u32::try_from(file.pid).ok()
    }

    /// Waits until the server answers, or shows why it does not.
    pub(crate) async fn wait_until_ready(&self) -> Result<(), ShadowError> {
        let deadline = Instant::now() + PATIENCE;
        let target = self.master();
        while !admin::answers(&target).await? {
            if let Some(log) = self.has_ended().await? {
                return Err(ShadowError::Died { log: Cause::new(log) });
            }
            if Instant::now() > deadline {
                let log = Cause::new(postmaster::tail(&self.started.folder.join("log")));
                return Err(ShadowError::Silent { seconds: PATIENCE.as_secs(), log });
            }
            tokio::time::sleep(admin::POLL).await;
        }
        Ok(())
    }

    /// The end of the log of a server that has ended.
    async fn has_ended(&self) -> Result<Option<String>, ShadowError> {
        match &self.hold {
            Hold::Guard(guard) => match guard.lock().await.report_now() {
                Some(Report::Ended { log }) => Ok(Some(log)),
                Some(Report::Failed(failure)) => Err(failure),
                _ => Ok(None),
            },
            Hold::Client(_) => {
                let folder = &self.started.folder;
                let running = KeptFolder::at(folder.clone())
                    .running()
                    .map_err(|error| ShadowError::io("read", folder, &error))?;
                Ok(running.is_none().then(|| postmaster::tail(&folder.join("log"))))
            }
        }
    }

    /// Notes the cluster in the cache as the state after all steps of a lineage.
    pub(crate) async fn keep(&self, lineage: &Lineage) -> Result<(), ShadowError> {
        match lineage.entry(&self.states, &self.recipe) {
            Some(entry) if !entry.exists() => self.start_by(&Command::Save(entry)).await,
            _ => Ok(()),
        }
    }

    pub(crate) async fn restart(&self, mode: StopMode) -> Result<(), ShadowError> {
        self.start_by(&Command::Restart(mode)).await
    }

    pub(crate) async fn resume(&self) -> Result<(), ShadowError> {
        self.start_by(&Command::Start).await
    }

    pub(crate) async fn halt(&self, mode: StopMode) -> Result<(), ShadowError> {
        let mut guard = self.guard().await?;
        guard.command(&Command::Halt(mode))?;
        while !matches!(guard.report().await?, Report::Halted) {}
        Ok(())
    }

    /// Gives a command that ends with a started server.
    async fn start_by(&self, command: &Command) -> Result<(), ShadowError> {
        let mut guard = self.guard().await?;
        guard.command(command)?;
        while !matches!(guard.report().await?, Report::Started(_)) {}
        drop(guard);
        self.wait_until_ready().await
    }

    pub(crate) async fn stop(self) {
        match self.hold {
            Hold::Guard(guard) => guard.into_inner().close().await,
            Hold::Client(client) => drop(client),
        }
    }

    async fn guard(&self) -> Result<MutexGuard<'_, GuardLink>, ShadowError> {
        match &self.hold {
            Hold::Guard(guard) => Ok(guard.lock().await),
            Hold::Client(_) => Err(ShadowError::Shared),
        }
    }
}
