//! Where a running server's folder lies, and how dead ones go.
//!
//! `<base>/whimbrel-<uid>/<8 hex>/{d,s,lease,log}`: the data, the socket's folder, the lock that
//! says that a guard lives, and what the server said. The kernel drops the lock with the guard,
//! whatever ends it, so a folder whose lease can be locked is dead and the next start removes it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::ShadowError;
use super::leftover;
use super::options::Environment;

/// Less than this is a container's default `/dev/shm`, which a few clones would fill.
const ENOUGH: u64 = 512 << 20;

/// The first letters of a folder that is not locked yet.
const NEW: &str = ".new-";

/// Places where a server's data may go, the best first.
pub(crate) fn bases(environment: &Environment) -> Vec<Utf8PathBuf> {
    if let Some(folder) = environment.folder("WHIMBREL_SHADOW_DIR") {
        return vec![folder];
    }
    let mut bases = Vec::new();
    let memory = [Some("/dev/shm".into()), environment.folder("XDG_RUNTIME_DIR")];
    bases.extend(memory.into_iter().flatten().filter(|folder| is_roomy_memory(folder)));
    bases.extend(environment.folder("TMPDIR"));
    bases.push("/tmp".into());
    bases.dedup();
    bases
}

/// Every place where an earlier call may have left something, whatever its size is now.
pub(crate) fn all_bases(environment: &Environment) -> Vec<Utf8PathBuf> {
    let mut bases: Vec<Utf8PathBuf> = ["WHIMBREL_SHADOW_DIR", "XDG_RUNTIME_DIR", "TMPDIR"]
        .iter()
        .filter_map(|name| environment.folder(name))
        .collect();
    bases.extend(["/dev/shm".into(), "/tmp".into()]);
    bases.sort();
    bases.dedup();
    bases
}

#[cfg(target_os = "linux")]
fn is_roomy_memory(folder: &Utf8Path) -> bool {
    /// From the kernel's `magic.h`.
    const TMPFS: u64 = 0x0102_1994;
    let Ok(kind) = rustix::fs::statfs(folder.as_std_path()) else { return false };
    let Ok(space) = rustix::fs::statvfs(folder.as_std_path()) else { return false };
    u64::try_from(kind.f_type).is_ok_and(|kind| kind == TMPFS)
        && space.f_bavail.saturating_mul(space.f_frsize) >= ENOUGH
}

#[cfg(not(target_os = "linux"))]
fn is_roomy_memory(_folder: &Utf8Path) -> bool {
    false
}

/// A folder whose lease is ours; goes with its content when dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct RunFolder {
    path: Utf8PathBuf,
    _lease: File,
}

impl RunFolder {
    /// Makes one in the first base that takes it.
    pub(crate) fn create(bases: &[Utf8PathBuf]) -> Result<Self, ShadowError> {
        let mut tried = Vec::new();
        for base in bases {
            match Self::create_in(base) {
                Ok(folder) => return Ok(folder),
                Err(error) => tried.push(format!("`{base}`: {error}")),
            }
        }
        Err(ShadowError::NoPlace { tried })
    }

    fn create_in(base: &Utf8Path) -> io::Result<Self> {
        let parent = ours_in(base);
        loop {
            match DirBuilder::new().mode(parent_mode()).create(&parent) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            check_ours(&parent)?;
            match Self::create_below(&parent) {
                // The last user of the parent removed it between the two steps.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                made => return made,
            }
        }
    }

    fn create_below(parent: &Utf8Path) -> io::Result<Self> {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let name = format!("{:08x}", u32::from_be_bytes(bytes));
        let new = parent.join(format!("{NEW}{name}"));
        DirBuilder::new().mode(parent_mode()).create(&new)?;
        let lease = File::create_new(new.join("lease"))?;
        lease.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            fs::TryLockError::Error(error) => error,
        })?;
        let path = parent.join(name);
        fs::rename(&new, &path)?;
        Ok(Self { path, _lease: lease })
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        leftover::end_server(&self.path.join("d"));
        remove_tree(&self.path);
    }
}

/// Removes a run folder, and its parent where it was the last.
fn remove_tree(path: &Utf8Path) {
    // A server that is just ending may add a file while the folder is emptied.
    for _ in 0..20 {
        match fs::remove_dir_all(path) {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    if let Some(parent) = path.parent() {
        fs::remove_dir(parent).ok();
    }
}

fn ours_in(base: &Utf8Path) -> Utf8PathBuf {
    base.join(format!("whimbrel-{}", rustix::process::geteuid()))
}

/// Root's servers run as somebody else, who must get through to his own folders below.
fn parent_mode() -> u32 {
    if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 }
}

/// In a folder like `/tmp` anybody may have made the name before us.
fn check_ours(folder: &Utf8Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(folder)?;
    if !meta.is_dir()
        || meta.uid() != rustix::process::geteuid().as_raw()
        || meta.mode() & 0o022 != 0
    {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("`{folder}` belongs to somebody else"),
        ));
    }
    Ok(())
}

/// A run folder found on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundRun {
    pub(crate) path: Utf8PathBuf,
    pub(crate) alive: bool,
}

/// The run folders of this user in these places.
pub(crate) fn runs(bases: &[Utf8PathBuf]) -> Vec<FoundRun> {
    let mut found = Vec::new();
    for base in bases {
        let parent = ours_in(base);
        if check_ours(&parent).is_err() {
            continue;
        }
        let Ok(entries) = parent.read_dir_utf8() else { continue };
        for entry in entries.flatten() {
            if is_half_made(entry.path()) {
                continue;
            }
            let alive = File::open(entry.path().join("lease"))
                .is_ok_and(|lease| matches!(lease.try_lock(), Err(fs::TryLockError::WouldBlock)));
            found.push(FoundRun { path: entry.into_path(), alive });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// A folder between its making and its locking, a matter of microseconds; an old one is dead.
fn is_half_made(path: &Utf8Path) -> bool {
    path.file_name().is_some_and(|name| name.starts_with(NEW))
        && fs::metadata(path)
            .and_then(|meta| meta.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age < Duration::from_mins(1)))
}

/// Ends what dead guards left and removes their folders.
pub(crate) fn sweep(bases: &[Utf8PathBuf]) {
    for run in runs(bases).into_iter().filter(|run| !run.alive) {
        sweep_one(&run.path);
    }
}

/// Ends what a dead guard left and removes its folder. False: it is alive, or another process is
/// at it already.
pub(crate) fn sweep_one(path: &Utf8Path) -> bool {
    // Locked while it goes, so that only one of several sweepers does it.
    let lease = File::open(path.join("lease")).ok();
    if lease.as_ref().is_some_and(|lease| lease.try_lock().is_err()) {
        return false;
    }
    leftover::end_server(&path.join("d"));
    remove_tree(path);
    true
}
