//! What is kept between calls, and how several processes share it.
//!
//! ```text
//! <cache>/dist/<version>-<platform>/       a server's programs, shared by everybody
//! <cache>/template/<major>-<key>/          a fresh cluster
//! <cache>/state/<major>-<key>-<hash>/      a cluster with a prefix of some history in it
//! <cache>/dev/<hash of the project>/       a project's development database: never cleaned by itself
//! ```
//! An entry is made under another name beside its place and renamed when it is whole. Whoever makes
//! one holds the exclusive lock of its `.lock` file, so that what others left half-made is his to
//! remove; whoever copies one holds the shared lock, so that nobody removes it under his hands.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::{Cause, ShadowError};
use super::options::Environment;

/// The folder of everything that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: Utf8PathBuf,
}

impl Cache {
    /// Where the environment puts it: `WHIMBREL_CACHE_DIR`, else where the system keeps caches.
    ///
    /// For root that is not its home, which the user that the server runs as cannot enter.
    pub(crate) fn of(environment: &Environment) -> Self {
        let folder = environment.folder("WHIMBREL_CACHE_DIR").unwrap_or_else(|| {
            if cfg!(unix) && rustix::process::geteuid().is_root() {
                return "/var/cache/whimbrel".into();
            }
            if let Some(folder) = environment.folder("XDG_CACHE_HOME") {
                return folder.join("whimbrel");
            }
            match environment.folder("HOME") {
                Some(home) if cfg!(target_os = "macos") => home.join("Library/Caches/whimbrel"),
                Some(home) => home.join(".cache/whimbrel"),
                None => format!("/tmp/whimbrel-cache-{}", rustix::process::geteuid()).into(),
            }
        });
        Self { folder }
    }

    pub(crate) fn at(folder: Utf8PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// Servers' programs.
    pub(crate) fn dist(&self) -> Utf8PathBuf {
        self.folder.join("dist")
    }

    /// Fresh clusters.
    pub(crate) fn templates(&self) -> Utf8PathBuf {
        self.folder.join("template")
    }

    /// Clusters with a part of a history in them.
    pub(crate) fn states(&self) -> Utf8PathBuf {
        self.folder.join("state")
    }

    /// Development databases.
    pub(crate) fn kept(&self) -> Utf8PathBuf {
        format!("{}/dev", self.folder).into()
    }

    /// Makes a folder of the cache with all above it. Root's are open to the user that the server
    /// runs as, whatever the umask says.
    pub(crate) fn make_folder(&self, folder: &Utf8Path) -> Result<(), ShadowError> {
        make_folder(folder).map_err(|error| self.write_error("create", folder, &error))
    }

    /// An error of writing into the cache, told apart from a full disk.
    pub(crate) fn write_error(
        &self,
        doing: &str,
        path: &Utf8Path,
        error: &io::Error,
    ) -> ShadowError {
        if is_read_only(error) {
            let cache = self.folder.clone();
            return ShadowError::CacheNotWritable { cache, cause: Cause::of(error) };
        }
        ShadowError::io(doing, path, error)
    }
}

/// The right to make or to use one entry of the cache; ends when it is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct EntryLock {
    _file: File,
    path: Utf8PathBuf,
}

/// What an entry's lock is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// To make or remove it.
    Exclusive,
    /// To copy or run it.
    Shared,
}

impl EntryLock {
    /// Takes the lock of an entry if it is free.
    pub(crate) fn try_take(entry: &Utf8Path, hold: Hold) -> io::Result<Option<Self>> {
        let path = lock_path(entry);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        loop {
            let file = open_lock(&path)?;
            let taken = match hold {
                Hold::Exclusive => file.try_lock(),
                Hold::Shared => file.try_lock_shared(),
            };
            match taken {
                // Else whoever removed the entry has removed this file, between opening and locking.
                Ok(()) if is_at(&file, &path)? => return Ok(Some(Self { _file: file, path })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Removes the lock's own file, once there is nothing left to lock.
    fn retire(self) {
        fs::remove_file(&self.path).ok();
    }
}

/// Whether an open file is the one that a path leads to.
fn is_at(file: &File, path: &Utf8Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn make_folder(folder: &Utf8Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Ok(()) if rustix::process::geteuid().is_root() => {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
        }
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

/// A lock can be taken on a file that is only readable, but not made in a read-only cache.
fn open_lock(path: &Utf8Path) -> io::Result<File> {
    let made = File::options().create(true).truncate(false).write(true).read(true).open(path);
    match made {
        Err(error) if is_read_only(&error) => File::open(path).map_err(|_| error),
        made => made,
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn lock_path(entry: &Utf8Path) -> Utf8PathBuf {
    format!("{entry}{LOCK}").into()
}

/// Ends the names of lock files.
const LOCK: &str = ".lock";

/// Stands between an entry's name and a process' number in the names of drafts.
const DRAFT: &str = ".tmp-";

/// The place where an entry is made before it is whole; removes itself unless it is published.
#[derive(Debug)]
#[must_use]
pub(crate) struct Draft {
    entry: Utf8PathBuf,
    path: Option<Utf8PathBuf>,
}

impl Draft {
    /// Makes an empty folder beside the entry, and removes the drafts that others left there.
    ///
    /// The caller holds the entry's exclusive lock: only therefore are those drafts dead.
    pub(crate) fn of(entry: &Utf8Path, _lock: &EntryLock) -> io::Result<Self> {
        let (Some(folder), Some(name)) = (entry.parent(), entry.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let prefix = format!(".{name}{DRAFT}");
        for other in folder.read_dir_utf8()? {
            let other = other?;
            if other.file_name().starts_with(&prefix) {
                fs::remove_dir_all(other.path())?;
            }
        }
        let path = folder.join(format!("{prefix}{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self { entry: entry.to_owned(), path: Some(path) })
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        self.path.as_deref().expect("the path is there until `publish` consumes the draft")
    }

    /// Puts the draft into its place, where nothing is.
    pub(crate) fn publish(mut self) -> io::Result<()> {
        fs::rename(self.path(), &self.entry)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            fs::remove_dir_all(path).ok();
        }
    }
}

/// Notes that an entry was used now, so that it is not the first to go. A read-only cache keeps
/// no such notes.
pub(crate) fn touch(entry: &Utf8Path) {
    if let Ok(file) = File::open(entry) {
        file.set_modified(SystemTime::now()).ok();
    }
}

/// Removes the entries of a folder whose names begin with `prefix`, but for the `keep` that were
/// used last and those in use; and what dead processes left half-made or half-removed.
pub(crate) fn prune(folder: &Utf8Path, prefix: &str, keep: usize) -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            if let Some(of) = entry.path().as_str().strip_suffix(LOCK) {
                retire_lock(of.into())?;
            }
            continue;
        }
        if let Some(of) = entry_of_draft(entry.path()) {
            if let Some(_lock) = EntryLock::try_take(&of, Hold::Exclusive)? {
                fs::remove_dir_all(entry.path())?;
            }
        } else if entry.file_name().starts_with(prefix) {
            entries.push((entry.metadata()?.modified()?, entry.into_path()));
        }
    }
    entries.sort();
    let spare = entries.len().saturating_sub(keep);
    for (_, entry) in entries.into_iter().take(spare) {
        remove(&entry)?;
    }
    Ok(())
}

/// Removes the lock file of an entry that is gone.
fn retire_lock(entry: &Utf8Path) -> io::Result<()> {
    if entry.exists() {
        return Ok(());
    }
    if let Some(lock) = EntryLock::try_take(entry, Hold::Exclusive)? {
        // Now nobody is making it, so that it stays away.
        if !entry.exists() {
            lock.retire();
        }
    }
    Ok(())
}

/// The entry that a draft was to become.
fn entry_of_draft(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let (name, _) = path.file_name()?.strip_prefix('.')?.split_once(DRAFT)?;
    Some(path.with_file_name(name))
}

/// Removes an entry unless it is in use. Under another name first, so that nobody who comes when
/// this process was killed in the middle takes half of it for the whole.
pub(crate) fn remove(entry: &Utf8Path) -> io::Result<bool> {
    let Some(lock) = EntryLock::try_take(entry, Hold::Exclusive)? else { return Ok(false) };
    let draft = Draft::of(entry, &lock)?;
    fs::rename(entry, draft.path().join("gone"))?;
    drop(draft);
    lock.retire();
    Ok(true)
}
