//! The project's files, as this crate sees them.

use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

/// The files of a project; the only way in which this crate sees them.
///
/// Paths are relative to the project's folder, with `/` between their parts.
pub trait Files {
    /// Lists the files directly in a folder, sorted by name; a missing folder is empty.
    fn list(&self, folder: &Utf8Path) -> Result<Arc<[File]>, FilesError>;
    /// The paths of these files; costs less, where each file would have to be looked at.
    fn names(&self, folder: &Utf8Path) -> Result<Arc<[Utf8PathBuf]>, FilesError> {
        Ok(self.list(folder)?.iter().map(|file| file.path.clone()).collect())
    }
    /// Lists the folders directly in a folder, sorted by name; a missing folder is empty.
    fn folders(&self, folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, FilesError>;
    /// Reads a file whole.
    fn read(&self, path: &Utf8Path) -> Result<Vec<u8>, FilesError>;
    /// Reads a file, or leaves it where it is if it is larger than [`HELD`].
    fn open(&self, path: &Utf8Path) -> Result<Contents, FilesError> {
        self.read(path).map(Contents::Held)
    }
}

/// Bytes of a file that is held whole; of a larger one only parts are in memory at a time.
pub const HELD: u64 = 256 * 1024;

/// What a file holds.
pub enum Contents {
    /// All of it.
    Held(Vec<u8>),
    /// It is too large to hold.
    Large(Box<dyn Source>),
}

/// A file that is read where one likes.
pub trait Source: Send + Sync {
    /// Reads some bytes from a place on; none at the file's end.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize>;
}

/// Reads how a file begins: the whole, if it is held.
pub(crate) fn beginning(files: &dyn Files, path: &Utf8Path) -> Result<Vec<u8>, FilesError> {
    let source = match files.open(path)? {
        Contents::Held(bytes) => return Ok(bytes),
        Contents::Large(source) => source,
    };
    let mut bytes = vec![0; usize::try_from(HELD).unwrap_or(usize::MAX)];
    let length = source.read_at(0, &mut bytes);
    bytes.truncate(length.map_err(|source| FilesError { path: path.to_owned(), source })?);
    Ok(bytes)
}

/// A file's name and what tells, without reading it, whether it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the project's folder.
    pub path: Utf8PathBuf,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i128,
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("read `{path}`")]
pub struct FilesError {
    /// The file or folder.
    pub path: Utf8PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}
