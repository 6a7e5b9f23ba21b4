//! A project's development server, as it is looked at from outside: whether it stays, and its end.

use std::fs::File;
use std::io;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::address::Address;
use super::admin;
use super::cache::Cache;
use super::error::ShadowError;
use super::kept::KeptFolder;
use super::leftover;
use super::options::Environment;
use super::waiting::Waiting;
use crate::{Event, Events};

/// A project's development server, whether it runs or not.
#[derive(Clone, Debug)]
pub struct Development {
    folder: KeptFolder,
}

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it runs.
    pub running: Running,
    /// Its process.
    pub pid: Option<u32>,
    /// Since when it stays; of a killed one, since when it had.
    pub since: Option<SystemTime>,
    /// Where other programs reach it, or did when it was started last.
    pub address: Option<Address>,
    /// The major version of its data; nothing where there is no data.
    pub major: Option<u16>,
    /// Whether there is anything where its data would be.
    pub has_data: bool,
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// What it says.
    pub log: Utf8PathBuf,
}

/// Whether a development server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// No.
    No,
    /// No, although nobody stopped it: it was killed, or the machine was.
    Killed,
    /// For the commands that use it at the moment.
    Passing,
    /// Until somebody stops it.
    Staying,
}

/// The right to use databases, or to make and remove them, which ends when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn(#[expect(dead_code, reason = "held, never used")] File);

/// What became of a wish to stop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It did not run.
    WasNot,
    /// It has ended.
    Ended,
    /// Somebody started it anew meanwhile.
    StartedAgain,
}

impl Development {
    /// The development server of a project.
    pub fn of(environment: &Environment, project: &Utf8Path) -> Self {
        Self { folder: KeptFolder::of(&Cache::of(environment), project) }
    }

    /// Looks, and changes nothing.
    pub fn standing(&self) -> Standing {
        let folder = &self.folder;
        let leased = folder.is_leased();
        let since = folder.stays();
        let data = folder.data();
        let pid = leftover::postmaster_pid(&data).filter(|_| leased);
        Standing {
            running: match (leased, since) {
                (true, Some(_)) => Running::Staying,
                (true, None) => Running::Passing,
                (false, Some(_)) => Running::Killed,
                (false, None) => Running::No,
            },
            pid: pid.and_then(|file| u32::try_from(file.pid).ok()),
            since,
            address: folder.address(),
            major: folder.major(),
            has_data: data.exists(),
            folder: folder.path().to_owned(),
            log: folder.path().join("log"),
        }
    }

    /// Lets the server go, and waits until it has ended: its data is closed in order then.
    pub async fn stop(&self, events: &mut dyn Events) -> Result<Stopped, ShadowError> {
        let folder = &self.folder;
        let was_leased = folder.is_leased();
        folder.let_go().map_err(|error| ShadowError::io("remove", folder.path(), &error))?;
        if !was_leased {
            return Ok(Stopped::WasNot);
        }
        let mut waiting = Waiting::for_what("another Whimbrel that uses the development database");
        while folder.is_leased() {
            if folder.stays().is_some() {
                return Ok(Stopped::StartedAgain);
            }
            waiting.look(events);
            tokio::time::sleep(admin::POLL).await;
        }
        Ok(Stopped::Ended)
    }

    /// Waits for those who use databases of the server, or make or remove some, and keeps others
    /// from it meanwhile. The server has been started once.
    pub async fn turn(&self, events: &mut dyn Events) -> Result<Turn, ShadowError> {
        let what = "another Whimbrel that uses development databases";
        self.take(what, KeptFolder::try_turn, events).await
    }

    /// Waits for those who make or remove databases of the server, and keeps others from it
    /// meanwhile.
    pub async fn share(&self, events: &mut dyn Events) -> Result<Turn, ShadowError> {
        let what = "another Whimbrel that makes development databases";
        self.take(what, KeptFolder::try_share, events).await
    }

    async fn take(
        &self,
        what: &'static str,
        attempt: impl Fn(&KeptFolder) -> io::Result<Option<File>>,
        events: &mut dyn Events,
    ) -> Result<Turn, ShadowError> {
        let failed = |error: io::Error| ShadowError::io("lock", self.folder.path(), &error);
        let mut waiting = Waiting::for_what(what);
        loop {
            if let Some(file) = attempt(&self.folder).map_err(failed)? {
                return Ok(Turn(file));
            }
            waiting.look(events);
            tokio::time::sleep(admin::POLL).await;
        }
    }

    /// Ends the server and removes its data; where other programs reach it stays as it was.
    /// Answers whether there was any data.
    pub async fn discard(&self, events: &mut dyn Events) -> Result<bool, ShadowError> {
        let folder = &self.folder;
        if !folder.path().is_dir() {
            return Ok(false);
        }
        let failed = |error: io::Error| ShadowError::io("remove", folder.data(), &error);
        let mut waiting = Waiting::for_what("another Whimbrel that uses the development database");
        let _locks = loop {
            folder.let_go().map_err(failed)?;
            // In this order, as whoever starts a server has them.
            if let Some(start) = folder.try_start().map_err(failed)?
                && let Some(lease) = folder.try_lease().map_err(failed)?
            {
                break (start, lease);
            }
            waiting.look(events);
            tokio::time::sleep(admin::POLL).await;
        };
        folder.tidy()?;
        let data = folder.data();
        let had_data = data.exists();
        if had_data {
            let what = "removing the data of the development database".to_owned();
            events.on(Event::Working { what, percent: None });
            // First to where a start would clear it away, should this process be killed now.
            std::fs::rename(&data, folder.path().join("d.new")).map_err(failed)?;
            folder.tidy()?;
        }
        Ok(had_data)
    }
}
