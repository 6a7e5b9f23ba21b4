//! The project's files, as this crate sees them.

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
    pub source: std::io::Error,
}
