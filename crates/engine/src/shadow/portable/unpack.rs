//! Checks an archive against the hash in this program and unpacks it.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};
use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha512};

use super::base64::encode;
use super::links::is_inside;
use crate::shadow::error::{Cause, ShadowError};
use crate::{Event, Events};

/// Compares an archive with the hash that this program carries.
pub(super) fn verify(archive: &Utf8Path, expected: &str) -> Result<(), ShadowError> {
    let hashed = || -> io::Result<String> {
        let mut file = File::open(archive)?;
        let mut hash = Sha512::new();
        let mut buffer = vec![0; 128 << 10];
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                return Ok(encode(&hash.finalize()));
            }
            hash.update(&buffer[..count]);
        }
    };
    let found = hashed().map_err(|error| ShadowError::io("read", archive, &error))?;
    if found == expected {
        return Ok(());
    }
    Err(ShadowError::WrongHash {
        archive: archive.to_owned(),
        expected: expected.to_owned(),
        found,
    })
}

/// Unpacks `package/native/` of an archive to `to/native/`.
///
/// Files, folders and nothing else, and nothing outside of it: what else an archive might hold
/// (links, devices, `..`) is refused before it is written.
pub(super) fn unpack(
    archive: &Utf8Path,
    to: &Utf8Path,
    what: &str,
    events: &mut dyn Events,
) -> Result<(), ShadowError> {
    let broken = |error: &io::Error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ShadowError::DiskFull { folder: to.to_owned() }
        }
        _ => ShadowError::BrokenArchive { archive: archive.to_owned(), cause: Cause::of(error) },
    };
    let file = File::open(archive).map_err(|error| ShadowError::io("read", archive, &error))?;
    let size = file.metadata().map_or(0, |meta| meta.len());
    let done = Rc::new(Cell::new(0));
    let counted = Counted { inner: file, count: Rc::clone(&done) };
    let mut tar = tar::Archive::new(GzDecoder::new(counted));
    let mut shown = None;
    for entry in tar.entries().map_err(|error| broken(&error))? {
        let mut entry = entry.map_err(|error| broken(&error))?;
        let path = name_of(&entry);
        let Some(inside) = path.strip_prefix("package/") else {
            return Err(ShadowError::UnsafeArchive { archive: archive.to_owned(), entry: path });
        };
        let kind = entry.header().entry_type();
        if !inside.starts_with("native/") && is_plain(inside) {
            // The package's own scripts and papers.
            continue;
        }
        if !is_inside(inside) || !(kind.is_file() || kind.is_dir()) {
            return Err(ShadowError::UnsafeArchive { archive: archive.to_owned(), entry: path });
        }
        let target = to.join(inside);
        if kind.is_dir() {
            fs::create_dir_all(&target).map_err(|error| broken(&error))?;
            continue;
        }
        let mode = entry.header().mode().unwrap_or(0o644);
        write(&mut entry, &target, mode).map_err(|error| broken(&error))?;
        let percent = percent(done.get(), size);
        if shown != Some(percent) {
            shown = Some(percent);
            events.on(Event::Working { what: what.to_owned(), percent: Some(percent) });
        }
    }
    Ok(())
}

fn name_of<R: Read>(entry: &tar::Entry<'_, R>) -> String {
    String::from_utf8_lossy(&entry.path_bytes()).into_owned()
}

fn is_plain(path: &str) -> bool {
    is_inside(&format!("native/{path}"))
}

/// Writes one file, for everybody to read and run: the server's user is another than its owner.
fn write(from: &mut impl Read, to: &Utf8Path, mode: u32) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create_new(to)?;
    io::copy(from, &mut file)?;
    let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

fn percent(done: u64, size: u64) -> u8 {
    u8::try_from(done.saturating_mul(100) / size.max(1)).unwrap_or(100).min(100)
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// Opens the folders above what was unpacked to everybody, as the files in it are.
pub(super) fn open_folders(folder: &Utf8Path) -> io::Result<()> {
    let mut folders: Vec<Utf8PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        for entry in folder.read_dir_utf8()? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.into_path());
            }
        }
    }
    Ok(())
}
