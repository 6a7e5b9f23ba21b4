//! What lies in the cache and in the places of running servers: shown and cleared away.

use std::fs;
use std::io;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::cache::{self, Cache, EntryLock, Hold};
use super::error::ShadowError;
use super::kept::{self, KeptFolder};
use super::options::Environment;
use super::place;

/// One thing that the shadow keeps on disk or in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// What it is.
    pub kind: KeepKind,
    /// Where.
    pub path: Utf8PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was last used, as far as that is known.
    pub used: Option<SystemTime>,
    /// Whether somebody uses it right now.
    pub in_use: bool,
    /// The project of a development database.
    pub project: Option<Utf8PathBuf>,
}

/// The kinds of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeepKind {
    /// A server's programs.
    Programs,
    /// A fresh cluster.
    Template,
    /// A cluster with a part of a history in it.
    State,
    /// A project's development database.
    Development,
    /// The folder of a running server, or of one that died.
    Run,
}

/// The folder of everything that is kept.
pub fn cache_folder(environment: &Environment) -> Utf8PathBuf {
    Cache::of(environment).folder().to_owned()
}

/// Everything there is, by kind and path.
pub fn list(environment: &Environment) -> Vec<Keep> {
    let cache = Cache::of(environment);
    let mut all = Vec::new();
    for (kind, folder) in [
        (KeepKind::Programs, cache.dist()),
        (KeepKind::Template, cache.templates()),
        (KeepKind::State, cache.states()),
        (KeepKind::Development, cache.kept()),
    ] {
        all.extend(entries(&folder).into_iter().map(|path| keep(kind, path)));
    }
    for run in place::runs(&place::all_bases(environment)) {
        all.push(Keep { in_use: run.alive, ..keep(KeepKind::Run, run.path) });
    }
    all
}

/// Removes all but development databases and what is in use; with a project, its development
/// database and nothing else. Returns what was removed.
pub fn clean(environment: &Environment, what: &Clean) -> Result<Vec<Keep>, ShadowError> {
    let cache = Cache::of(environment);
    if *what == Clean::Cache {
        for folder in [cache.dist(), cache.templates(), cache.states()] {
            // What was left half-made; the whole comes below.
            cache::prune(&folder, "", usize::MAX).ok();
        }
    }
    let mut removed = Vec::new();
    for keep in list(environment) {
        let wanted = match what {
            Clean::Cache => keep.kind != KeepKind::Development,
            Clean::Development(project) => keep.project == Some(kept::real(project)),
        };
        if !wanted || keep.in_use {
            continue;
        }
        let gone = match keep.kind {
            KeepKind::Programs | KeepKind::Template | KeepKind::State => cache::remove(&keep.path),
            KeepKind::Development => remove_development(&keep.path),
            KeepKind::Run => Ok(place::sweep_one(&keep.path)),
        };
        match gone {
            Ok(true) => removed.push(keep),
            Ok(false) => {}
            Err(error) => return Err(ShadowError::io("remove", &keep.path, &error)),
        }
    }
    Ok(removed)
}

/// What [`clean`] removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clean {
    /// All that can be had again: programs, clusters, dead servers.
    Cache,
    /// The development database of a project.
    Development(Utf8PathBuf),
}

/// The folders in a folder of the cache, drafts left out.
pub(super) fn entries(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(found) = folder.read_dir_utf8() else { return Vec::new() };
    let mut paths: Vec<Utf8PathBuf> = found
        .flatten()
        .filter(|entry| !entry.file_name().starts_with('.'))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(camino::Utf8DirEntry::into_path)
        .collect();
    paths.sort();
    paths
}

fn keep(kind: KeepKind, path: Utf8PathBuf) -> Keep {
    let (in_use, project) = match kind {
        KeepKind::Programs | KeepKind::Template | KeepKind::State => {
            (matches!(EntryLock::try_take(&path, Hold::Exclusive), Ok(None)), None)
        }
        KeepKind::Development => {
            let folder = KeptFolder::at(path.clone());
            let in_use = folder.is_leased();
            (in_use, folder.about().map(|about| about.project))
        }
        KeepKind::Run => (false, None),
    };
    let used = fs::metadata(&path).and_then(|meta| meta.modified()).ok();
    Keep { kind, bytes: size(&path), used, in_use, project, path }
}

fn size(path: &Utf8Path) -> u64 {
    let Ok(meta) = fs::symlink_metadata(path) else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    let Ok(entries) = path.read_dir_utf8() else { return 0 };
    entries.flatten().map(|entry| size(entry.path())).sum()
}

/// Removes a development database that nobody uses.
fn remove_development(path: &Utf8Path) -> io::Result<bool> {
    let folder = KeptFolder::at(path.to_owned());
    let (Some(_start), Some(_lease)) = (folder.try_start()?, folder.try_lease()?) else {
        return Ok(false);
    };
    // First to where a start would clear it away, should this process be killed in the middle.
    if folder.data().exists() {
        fs::rename(folder.data(), path.join("d.new"))?;
    }
    fs::remove_dir_all(path)?;
    Ok(true)
}
