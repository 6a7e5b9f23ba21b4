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
    // What follows the last entry holds the checksum of the whole.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(|error| broken(&error))?;
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use camino::Utf8PathBuf;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::{ShadowError, unpack};
    use crate::{Event, Events};

    struct Percents(Vec<u8>);

    impl Events for Percents {
        fn on(&mut self, event: Event) {
            if let Event::Working { percent: Some(percent), .. } = event {
                self.0.push(percent);
            }
        }
    }

    struct Bench {
        folder: TempDir,
    }

    impl Bench {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn path(&self, name: &str) -> Utf8PathBuf {
            Utf8PathBuf::try_from(self.folder.path().join(name)).unwrap()
        }

        /// An archive whose entries are written as they are, with names that `tar` would refuse.
        fn archive(entries: &[(&str, tar::EntryType)]) -> Vec<u8> {
            let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
            for (name, kind) in entries {
                let content: Vec<u8> = (0..9000_u32).flat_map(u32::to_le_bytes).collect();
                let mut header = tar::Header::new_gnu();
                header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
                header.set_entry_type(*kind);
                header.set_mode(0o755);
                if kind.is_file() {
                    header.set_size(content.len() as u64);
                } else {
                    header.set_size(0);
                    header.set_link_name("elsewhere").unwrap();
                }
                header.set_cksum();
                let content = if kind.is_file() { &content[..] } else { &[] };
                tar.append(&header, content).unwrap();
            }
            tar.into_inner().unwrap().finish().unwrap()
        }

        fn unpack(&self, bytes: &[u8]) -> Result<Vec<u8>, ShadowError> {
            let archive = self.path("a.tgz");
            std::fs::File::create(&archive).unwrap().write_all(bytes).unwrap();
            let mut percents = Percents(Vec::new());
            unpack(&archive, &self.path("to"), "unpacking", &mut percents)?;
            Ok(percents.0)
        }
    }

    const FILE: tar::EntryType = tar::EntryType::Regular;

    #[test]
    fn only_the_servers_files_are_unpacked() {
        let bench = Bench::new();
        let entries = [("package/package.json", FILE), ("package/native/bin/postgres", FILE)];
        bench.unpack(&Bench::archive(&entries)).unwrap();
        assert!(bench.path("to/native/bin/postgres").is_file());
        assert!(!bench.path("to/package.json").exists());
    }

    #[test]
    fn an_entry_that_leads_elsewhere_is_refused() {
        for name in [
            "package/native/../../../evil",
            "package/../evil",
            "/package/native/evil",
            "../evil",
            "evil",
        ] {
            let bench = Bench::new();
            let refused = bench.unpack(&Bench::archive(&[(name, FILE)])).unwrap_err();
            let expected =
                ShadowError::UnsafeArchive { archive: bench.path("a.tgz"), entry: name.to_owned() };
            assert_eq!(refused, expected);
            assert!(!bench.path("evil").exists() && !bench.path("to").exists(), "{name}");
        }
    }

    #[test]
    fn links_and_devices_are_refused() {
        for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Char] {
            let bench = Bench::new();
            let name = "package/native/lib/link";
            let refused = bench.unpack(&Bench::archive(&[(name, kind)])).unwrap_err();
            assert!(matches!(refused, ShadowError::UnsafeArchive { .. }), "{refused}");
        }
    }

    #[test]
    fn an_archive_that_ends_early_is_broken() {
        let bench = Bench::new();
        let whole = Bench::archive(&[("package/native/a", FILE), ("package/native/b", FILE)]);
        for length in [whole.len() / 2, whole.len() - 5] {
            let refused = bench.unpack(&whole[..length]).unwrap_err();
            assert!(matches!(refused, ShadowError::BrokenArchive { .. }), "{length}: {refused}");
            std::fs::remove_dir_all(bench.path("to")).ok();
        }
    }

    #[test]
    fn what_is_no_archive_is_broken() {
        let refused = Bench::new().unpack(b"<html>proxy says no</html>").unwrap_err();
        assert!(matches!(refused, ShadowError::BrokenArchive { .. }), "{refused}");
    }
}
