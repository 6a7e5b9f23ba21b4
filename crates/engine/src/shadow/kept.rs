//! The folder of a development database, which outlives its servers.
//!
//! ```text
//! d          the data; `d.new` while it is made
//! clients    everybody who uses the server holds its shared lock; the guard leaves when it can
//!            take the exclusive one
//! start      held by whoever starts a guard
//! turn       held by whoever makes or removes databases for a person; its shared lock by whoever
//!            uses one
//! lease      held by the guard
//! ready      what the guard says of its server, as JSON
//! stay       while it is there the guard stays, whoever leaves
//! flush      asks the guard to bring what was written to the disk
//! address    where other programs reach the server, with its password
//! log, s     as in a run folder
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::address::{self, Address};
use super::cache::Cache;
use super::cluster::short_hex;
use super::error::ShadowError;
use super::leftover;
use super::moved::Mark;
use super::order::Started;

/// How long a server whose guard was killed may take to follow it.
const FAREWELL: Duration = Duration::from_secs(3);

/// The folder of one project's development database.
#[derive(Clone, Debug)]
pub(crate) struct KeptFolder {
    path: Utf8PathBuf,
}

/// What a folder is for, in its `about.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The project's folder.
    pub(crate) project: Utf8PathBuf,
    /// What tells it from others when it is moved.
    #[serde(default)]
    pub(crate) mark: Option<Mark>,
}

impl KeptFolder {
    /// The folder for a project: its name for people, a hash of its path for the rest.
    pub(crate) fn of(cache: &Cache, project: &Utf8Path) -> Self {
        let project = real(project);
        let name: String = project
            .file_name()
            .unwrap_or("root")
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
            .take(32)
            .collect();
        let hash = short_hex(&Sha256::digest(project.as_str()));
        Self { path: cache.kept().join(format!("{name}-{hash}")) }
    }

    pub(crate) fn at(path: Utf8PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }

    pub(crate) fn data(&self) -> Utf8PathBuf {
        self.path.join("d")
    }

    /// The major of the data that is there.
    pub(crate) fn major(&self) -> Option<u16> {
        fs::read_to_string(self.data().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// Makes the folder and notes what it is for.
    pub(crate) fn make(&self, cache: &Cache, project: &Utf8Path) -> Result<(), ShadowError> {
        cache.make_folder(&self.path)?;
        let project = real(project);
        let mark = Mark::of(&project);
        let about = serde_json::to_vec(&About { project, mark }).expect("a path is valid JSON");
        let path = self.path.join("about.json");
        fs::write(&path, about).map_err(|error| cache.write_error("write", &path, &error))
    }

    pub(crate) fn about(&self) -> Option<About> {
        serde_json::from_slice(&fs::read(self.path.join("about.json")).ok()?).ok()
    }

    fn open(&self, name: &str) -> io::Result<File> {
        File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.path.join(name))
    }

    /// Enters among the users of the server, once a guard that is just leaving has left.
    pub(crate) fn join_clients(&self) -> io::Result<Option<File>> {
        let file = self.open("clients")?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The right to start a guard.
    pub(crate) fn try_start(&self) -> io::Result<Option<File>> {
        self.try_exclusive("start")
    }

    /// The right to make or remove databases for a person.
    pub(crate) fn try_turn(&self) -> io::Result<Option<File>> {
        self.try_exclusive("turn")
    }

    /// The right to use databases while nobody makes or removes any.
    pub(crate) fn try_share(&self) -> io::Result<Option<File>> {
        let file = self.open("turn")?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether everybody has left. The lock keeps it so. A file that is gone is not made again.
    pub(crate) fn try_close(&self) -> io::Result<Option<File>> {
        lock_exclusively(File::open(self.path.join("clients"))?)
    }

    /// The guard's own lock.
    pub(crate) fn try_lease(&self) -> io::Result<Option<File>> {
        self.try_exclusive("lease")
    }

    /// Whether a guard is there. Looks only: a file that it made in a folder that somebody else is
    /// just removing would stay.
    pub(crate) fn is_leased(&self) -> bool {
        match File::open(self.path.join("lease")) {
            Ok(file) => !matches!(lock_exclusively(file), Ok(Some(_))),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    fn try_exclusive(&self, name: &str) -> io::Result<Option<File>> {
        lock_exclusively(self.open(name)?)
    }

    /// What the guard says of its server; nothing where there is no guard.
    pub(crate) fn running(&self) -> io::Result<Option<Started>> {
        if self.try_lease()?.is_some() {
            return Ok(None);
        }
        match fs::read(self.path.join("ready")) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks the guard to stay when the last client leaves. Whoever calls it is a client, so that
    /// no guard is just leaving.
    pub(crate) fn stay(&self) -> io::Result<()> {
        self.open("stay").map(drop)
    }

    /// Lets the guard leave with the last client. False: nobody had asked it to stay.
    pub(crate) fn let_go(&self) -> io::Result<bool> {
        match fs::remove_file(self.path.join("stay")) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the guard is to stay, and since when.
    pub(crate) fn stays(&self) -> Option<SystemTime> {
        fs::metadata(self.path.join("stay")).and_then(|meta| meta.modified()).ok()
    }

    /// Asks the guard to bring what was written to the disk.
    pub(crate) fn want_flush(&self) -> io::Result<()> {
        self.open("flush").map(drop)
    }

    /// Whether somebody asked for that since.
    pub(crate) fn take_flush(&self) -> bool {
        fs::remove_file(self.path.join("flush")).is_ok()
    }

    /// Where other programs reach the server once it is started.
    pub(crate) fn address(&self) -> Option<Address> {
        address::read(&self.path.join("address"))
    }

    pub(crate) fn set_address(&self, address: &Address) -> Result<(), ShadowError> {
        let path = self.path.join("address");
        address::write(&path, address).map_err(|error| ShadowError::io("write", path, &error))
    }

    /// Notes what there is to know of the server, at once for every reader.
    pub(crate) fn announce(&self, started: &Started) -> io::Result<()> {
        let draft = self.path.join("ready.new");
        fs::write(&draft, serde_json::to_vec(started)?)?;
        fs::rename(draft, self.path.join("ready"))
    }

    /// Removes what a guard that was killed left. The caller holds the lease.
    ///
    /// A server that goes on although its guard is dead was started by somebody else: it is left
    /// alone, and so is its folder. A `postmaster.pid` of no server would keep ours from starting
    /// whenever another process has its number by now.
    pub(crate) fn tidy(&self) -> Result<(), ShadowError> {
        for name in ["ready", "ready.new", "stay"] {
            fs::remove_file(self.path.join(name)).ok();
        }
        let data = self.data();
        let deadline = Instant::now() + FAREWELL;
        while let Some(file) = leftover::postmaster_pid(&data) {
            if leftover::server_on(&data, file.pid).is_none() {
                leftover::free_segment(&file);
                fs::remove_file(data.join("postmaster.pid")).ok();
                break;
            }
            if Instant::now() > deadline {
                let pid = u32::try_from(file.pid).unwrap_or_default();
                return Err(ShadowError::InUse { folder: data, pid });
            }
            thread::sleep(Duration::from_millis(10));
        }
        for folder in ["s", "d.new"] {
            let path = self.path.join(folder);
            if path.exists() {
                leftover::end_server(&path);
                fs::remove_dir_all(&path)
                    .map_err(|error| ShadowError::io("remove", path, &error))?;
            }
        }
        Ok(())
    }
}

/// A project's folder by the one path that it has, however it is written.
pub(crate) fn real(project: &Utf8Path) -> Utf8PathBuf {
    project.canonicalize_utf8().unwrap_or_else(|_| project.to_owned())
}

fn lock_exclusively(file: File) -> io::Result<Option<File>> {
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
