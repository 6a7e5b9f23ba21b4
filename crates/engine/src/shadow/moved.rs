//! The development server of a folder that was moved, taken over by the folder that it is now.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::UNIX_EPOCH;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::cache::Cache;
use super::development::{Development, Stopped};
use super::error::ShadowError;
use super::keeping::entries;
use super::kept::{KeptFolder, real};
use super::options::Environment;
use crate::Events;

/// What tells a folder from every other, wherever it is moved on its disk: an inode alone may be
/// given to another folder once this one is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    device: u64,
    inode: u64,
    born: u64,
}

impl Mark {
    /// `None` where the file system does not say when a folder was made.
    pub(crate) fn of(folder: &Utf8Path) -> Option<Self> {
        let metadata = fs::metadata(folder).ok()?;
        let born = metadata.created().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        let born = u64::try_from(born).ok()?;
        Some(Self { device: metadata.dev(), inode: metadata.ino(), born })
    }
}

/// A folder that is gone, and whose development server is there still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Where the folder was.
    pub project: Utf8PathBuf,
    /// Whether it is surely the other one, moved.
    pub is_it: bool,
}

impl Development {
    /// The servers of folders that are gone and that may have been this project's folder: by what
    /// cannot be another's, or by its name alone.
    pub fn gone(environment: &Environment, project: &Utf8Path) -> Vec<Gone> {
        let project = real(project);
        let mark = Mark::of(&project);
        let mut found = Vec::new();
        for path in entries(&Cache::of(environment).kept()) {
            let folder = KeptFolder::at(path);
            let Some(about) = folder.about() else { continue };
            if !folder.data().exists() || !matches!(about.project.try_exists(), Ok(false)) {
                continue;
            }
            let is_it = about.mark.is_some() && about.mark == mark;
            if is_it || about.project.file_name() == project.file_name() {
                found.push(Gone { project: about.project, is_it });
            }
        }
        found
    }

    /// Makes the server of a folder that is gone a project's: its data, its port, its password. The
    /// server ends, if it runs. False, and nothing done: there is none, it is used by somebody, or
    /// the project has data of its own.
    pub async fn take_over(
        environment: &Environment,
        from: &Utf8Path,
        project: &Utf8Path,
        events: &mut dyn Events,
    ) -> Result<bool, ShadowError> {
        let cache = Cache::of(environment);
        let (old, new) = (KeptFolder::of(&cache, from), KeptFolder::of(&cache, project));
        if !old.data().exists() || new.data().exists() || new.is_leased() {
            return Ok(false);
        }
        if Self::of(environment, from).stop(events).await? == Stopped::StartedAgain {
            return Ok(false);
        }
        let failed = |error| ShadowError::io("take over", old.path(), &error);
        // In this order, as whoever starts a server has them.
        let locks = (old.try_start().map_err(failed)?, old.try_lease().map_err(failed)?);
        let (Some(_start), Some(_lease)) = locks else { return Ok(false) };
        old.tidy()?;
        if new.path().exists() {
            fs::remove_dir_all(new.path()).map_err(failed)?;
        }
        fs::rename(old.path(), new.path()).map_err(failed)?;
        new.make(&cache, project)?;
        Ok(true)
    }
}
