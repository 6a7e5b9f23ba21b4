//! A project's files, on disk or in the program.

mod embedded;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_history::{File, Files, FilesError};

pub use embedded::Embedded;

/// A folder; paths given to it are relative to it.
///
/// What it lists is listed once: a command asks for the same thousands of files when it looks for
/// the project, for its histories, for what changed in them, and each of these is to see the same.
#[derive(Clone, Debug)]
pub struct Folder {
    root: Utf8PathBuf,
    /// What it holds, where it is not on disk.
    embedded: Option<&'static Embedded>,
    listed: Arc<Mutex<BTreeMap<Utf8PathBuf, Arc<[File]>>>>,
}

impl Folder {
    /// The folder at an absolute path.
    pub fn new(root: impl Into<Utf8PathBuf>) -> Self {
        Self { root: root.into(), embedded: None, listed: Arc::default() }
    }

    /// The files of a program, as if they were in the folder.
    pub fn embedded(root: impl Into<Utf8PathBuf>, files: &'static Embedded) -> Self {
        Self { embedded: Some(files), ..Self::new(root) }
    }

    /// Whether its files are on disk, where they may change.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.embedded.is_none()
    }

    /// Where it is.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Reads a file as text; `None` where there is none.
    ///
    /// A byte order mark stays, and what is not UTF-8 is an error, as it is for Postgres.
    pub fn text(&self, path: &Utf8Path) -> Result<Option<String>, FilesError> {
        let failed = |source| FilesError { path: path.to_owned(), source };
        match self.read(path) {
            Ok(bytes) => String::from_utf8(bytes)
                .map(Some)
                .map_err(|error| failed(io::Error::new(ErrorKind::InvalidData, error))),
            Err(error) if error.source.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a file or folder is there.
    pub fn holds(&self, path: &Utf8Path) -> bool {
        match self.embedded {
            Some(files) => embedded::holds(files, path),
            None => self.root.join(path).exists(),
        }
    }

    /// Writes a file that must not exist yet, with the folders that lead to it.
    pub fn create(&self, path: &Utf8Path, text: &str) -> Result<(), FilesError> {
        let at = self.root.join(path);
        let write = || {
            if let Some(parent) = at.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let mut file = std::fs::File::create_new(&at)?;
            io::Write::write_all(&mut file, text.as_bytes())
        };
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).clear();
        write().map_err(|source| FilesError { path: path.to_owned(), source })
    }

    /// Makes a folder, with those that lead to it.
    pub fn make(&self, path: &Utf8Path) -> Result<(), FilesError> {
        std::fs::create_dir_all(self.root.join(path))
            .map_err(|source| FilesError { path: path.to_owned(), source })
    }

    /// The entries directly in a folder; none where it is missing.
    fn entries(
        &self,
        folder: &Utf8Path,
    ) -> Result<Vec<(Utf8PathBuf, std::fs::DirEntry)>, FilesError> {
        let failed = |source| FilesError { path: folder.to_owned(), source };
        let entries = match std::fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(Vec::new());
            }
            Err(source) => return Err(failed(source)),
        };
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            // A name that is not UTF-8 is no name of a migration in any format.
            if let Some(name) = entry.file_name().to_str() {
                listed.push((join(folder, name), entry));
            }
        }
        listed.sort_by(|left, right| left.0.as_str().cmp(right.0.as_str()));
        Ok(listed)
    }
}

impl Files for Folder {
    fn list(&self, folder: &Utf8Path) -> Result<Vec<File>, FilesError> {
        if let Some(files) = self.embedded {
            return Ok(embedded::list(files, folder));
        }
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = listed.get(folder) {
            return Ok(files.to_vec());
        }
        let mut files = Vec::new();
        for (path, entry) in self.entries(folder)? {
            // Follows links: a migration may be one.
            let metadata = match std::fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_file() => metadata,
                Ok(_) => continue,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(source) => return Err(FilesError { path, source }),
            };
            files.push(File { path, size: metadata.len(), modified: modified(&metadata) });
        }
        listed.insert(folder.to_owned(), files.clone().into());
        Ok(files)
    }

    fn folders(&self, folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, FilesError> {
        if let Some(files) = self.embedded {
            return Ok(embedded::folders(files, folder));
        }
        let entries = self.entries(folder)?.into_iter();
        Ok(entries.filter(|(_, entry)| entry.path().is_dir()).map(|(path, _)| path).collect())
    }

    fn read(&self, path: &Utf8Path) -> Result<Vec<u8>, FilesError> {
        if let Some(files) = self.embedded {
            return embedded::read(files, path).map(<[u8]>::to_vec);
        }
        std::fs::read(self.root.join(path))
            .map_err(|source| FilesError { path: path.to_owned(), source })
    }
}

/// When a file was last changed, in nanoseconds since 1970.
///
/// The later of its two times: archives and images set the time of the content at will (all of them
/// to the same, even), and nobody sets the time of the inode.
fn modified(metadata: &std::fs::Metadata) -> i128 {
    let content = metadata
        .modified()
        .ok()
        .and_then(|time| i128::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok());
    content.unwrap_or(0).max(inode_time(metadata))
}

#[cfg(unix)]
fn inode_time(metadata: &std::fs::Metadata) -> i128 {
    use std::os::unix::fs::MetadataExt as _;
    i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn inode_time(_: &std::fs::Metadata) -> i128 {
    0
}

/// A path in the project, with `/` between its parts on every system.
fn join(folder: &Utf8Path, name: &str) -> Utf8PathBuf {
    match folder.as_str() {
        "" | "." => Utf8PathBuf::from(name),
        folder => Utf8PathBuf::from(format!("{folder}/{name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_listed_apart_and_sorted_by_name() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(Utf8PathBuf::try_from(temporary.path().to_owned()).unwrap());
        for path in ["m/b.sql", "m/a.sql", "m/B.sql", "m/below/c.sql"] {
            folder.create(Utf8Path::new(path), path).unwrap();
        }
        let names = |files: Vec<File>| {
            files.into_iter().map(|file| file.path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            names(folder.list(Utf8Path::new("m")).unwrap()),
            ["m/B.sql", "m/a.sql", "m/b.sql"]
        );
        assert_eq!(folder.folders(Utf8Path::new("")).unwrap(), ["m"]);
        assert_eq!(folder.folders(Utf8Path::new("m")).unwrap(), ["m/below"]);
        assert_eq!(folder.read(Utf8Path::new("m/a.sql")).unwrap(), b"m/a.sql");
        assert!(folder.list(Utf8Path::new("none")).unwrap().is_empty());
        folder.create(Utf8Path::new("m/c.sql"), "").unwrap();
        assert_eq!(folder.list(Utf8Path::new("m")).unwrap().len(), 4);
        let file = &folder.list(Utf8Path::new("m")).unwrap()[1];
        assert_eq!(file.size, 7);
        assert!(file.modified > 0);
    }

    #[test]
    fn a_file_is_created_once() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(Utf8PathBuf::try_from(temporary.path().to_owned()).unwrap());
        folder.create(Utf8Path::new("a/b"), "1").unwrap();
        let error = folder.create(Utf8Path::new("a/b"), "2").unwrap_err();
        assert_eq!(error.source.kind(), ErrorKind::AlreadyExists);
        assert_eq!(folder.text(Utf8Path::new("a/b")).unwrap().as_deref(), Some("1"));
        assert_eq!(folder.text(Utf8Path::new("a/c")).unwrap(), None);
    }
}
