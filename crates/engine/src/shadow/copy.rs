//! Copies a data folder.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

/// Who owns the copy, if not whoever copies.
pub(crate) type Owner = Option<(u32, u32)>;

/// Files that belong to a running server and never to a copy: a `postmaster.pid` in a template
/// would make every server of it believe in a foreign postmaster.
const LEFT_OUT: &[&str] = &["postmaster.pid", "postmaster.opts"];

/// How much a cluster holds, to tell a whole one from one that a power failure cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Amount {
    files: usize,
    bytes: u64,
}

/// Copies a closed cluster's folder to `to`, which must not exist, with a few threads.
///
/// Files are copied, never linked: Postgres writes in place. `fs::copy` shares the blocks by
/// itself where the file system can.
pub(crate) fn copy_cluster(
    from: &Utf8Path,
    to: &Utf8Path,
    owner: Owner,
    abandoned: &AtomicBool,
) -> io::Result<Amount> {
    let mut files = Vec::new();
    copy_folders(from, to, owner, &mut files)?;
    let next = AtomicUsize::new(0);
    let bytes = AtomicU64::new(0);
    let failure = Mutex::new(None);
    let threads = thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 4));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !abandoned.load(Ordering::Relaxed) {
                    let Some((from, to)) = files.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        break;
                    };
                    match copy_file(from, to, owner) {
                        Ok(count) => _ = bytes.fetch_add(count, Ordering::Relaxed),
                        Err(error) => {
                            next.store(files.len(), Ordering::Relaxed);
                            *failure.lock().expect("no thread panics while it holds this") =
                                Some(error);
                        }
                    }
                }
            });
        }
    });
    match failure.into_inner().expect("no thread panicked while it held this") {
        Some(error) => Err(error),
        None => Ok(Amount { files: files.len(), bytes: bytes.into_inner() }),
    }
}

fn copy_folders(
    from: &Utf8Path,
    to: &Utf8Path,
    owner: Owner,
    files: &mut Vec<(Utf8PathBuf, Utf8PathBuf)>,
) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    own(to, owner)?;
    for entry in from.read_dir_utf8()? {
        let entry = entry?;
        if LEFT_OUT.contains(&entry.file_name()) {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folders(entry.path(), &target, owner, files)?;
        } else {
            files.push((entry.into_path(), target));
        }
    }
    Ok(())
}

fn copy_file(from: &Utf8Path, to: &Utf8Path, owner: Owner) -> io::Result<u64> {
    let count = fs::copy(from, to)?;
    own(to, owner)?;
    Ok(count)
}

fn own(path: &Utf8Path, owner: Owner) -> io::Result<()> {
    match owner {
        Some((uid, gid)) => chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

/// Writes a small file whole.
pub(crate) fn write_file(path: &Utf8Path, content: &[u8], owner: Owner) -> io::Result<()> {
    use io::Write as _;
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    own(path, owner)
}
