//! Looks at many files of one folder: their sizes and times.

use std::io::{self, ErrorKind};

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_history::{File, FilesError};

/// Looks at files of a folder; one that is gone meanwhile, or is no file any more, is left out.
pub(super) fn look(
    root: &Utf8Path,
    folder: &Utf8Path,
    paths: &[Utf8PathBuf],
) -> Result<Vec<File>, FilesError> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |path: &Utf8Path, source| FilesError { path: path.to_owned(), source };
    let place = Place::open(root, folder).map_err(|source| failed(folder, source))?;
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        match place.look(path) {
            Ok(Some((size, modified))) => files.push(File { path: path.clone(), size, modified }),
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(failed(path, source)),
        }
    }
    Ok(files)
}

/// An open folder: its files are found by their names alone, not each by its whole path.
#[cfg(unix)]
struct Place(std::os::fd::OwnedFd);

#[cfg(unix)]
impl Place {
    fn open(root: &Utf8Path, folder: &Utf8Path) -> io::Result<Self> {
        Ok(Self(std::fs::File::open(root.join(folder))?.into()))
    }

    /// A file's size and time, links followed; `None` of what is no file.
    fn look(&self, path: &Utf8Path) -> io::Result<Option<(u64, i128)>> {
        use rustix::fs::{AtFlags, FileType, statat};
        let name = path.as_str().rsplit_once('/').map_or(path.as_str(), |(_, name)| name);
        let stat = statat(&self.0, name, AtFlags::empty())?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(None);
        }
        let content = nanoseconds(stat.st_mtime, stat.st_mtime_nsec);
        let inode = nanoseconds(stat.st_ctime, stat.st_ctime_nsec);
        // The later of the two: archives and images set the time of the content at will (all of
        // them to the same, even), and nobody sets the time of the inode.
        let modified = content.max(inode);
        Ok(Some((u64::try_from(stat.st_size).unwrap_or(0), modified)))
    }
}

/// A time in nanoseconds since 1970; platforms have its parts in various widths.
#[cfg(unix)]
fn nanoseconds(seconds: impl Into<i128>, rest: impl TryInto<i64>) -> i128 {
    seconds.into() * 1_000_000_000 + i128::from(rest.try_into().unwrap_or(0))
}

#[cfg(not(unix))]
struct Place(Utf8PathBuf);

#[cfg(not(unix))]
impl Place {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere a folder is opened")]
    fn open(root: &Utf8Path, _: &Utf8Path) -> io::Result<Self> {
        Ok(Self(root.to_owned()))
    }

    /// A file's size and time, links followed; `None` of what is no file.
    fn look(&self, path: &Utf8Path) -> io::Result<Option<(u64, i128)>> {
        let metadata = std::fs::metadata(self.0.join(path))?;
        let since = metadata.modified()?.duration_since(std::time::UNIX_EPOCH);
        let modified = since.ok().and_then(|since| i128::try_from(since.as_nanos()).ok());
        Ok(metadata.is_file().then(|| (metadata.len(), modified.unwrap_or(0))))
    }
}
