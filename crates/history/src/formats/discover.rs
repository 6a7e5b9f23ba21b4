//! Finds the histories of a project that says nothing of them.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::{ALL, Format};
use crate::{Files, FilesError};

/// A folder that holds a history.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// Its format.
    pub format: &'static dyn Format,
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// What tells so.
    pub because: String,
}

/// How deep below the project's folder histories are looked for, and in how many folders.
const DEPTH: usize = 5;
const FOLDERS: usize = 2_000;

/// Folders that hold other people's files, or no files of a person.
const PASSED_OVER: &[&str] = &[
    "node_modules",
    "target",
    "vendor",
    "venv",
    "env",
    "dist",
    "build",
    "__pycache__",
    "site-packages",
];

/// Finds the histories of a project: in the folders where formats keep theirs, and if there are
/// none, anywhere in the first five levels of folders.
pub fn discover(files: &dyn Files) -> Result<Vec<Discovered>, FilesError> {
    let mut found = Vec::new();
    let known: BTreeSet<&str> = ALL.iter().flat_map(|format| format.folders()).copied().collect();
    for folder in known {
        found.extend(recognise(files, Utf8Path::new(folder))?);
    }
    if !found.is_empty() {
        return Ok(found);
    }
    for folder in own_folders(files)? {
        found.extend(recognise(files, &folder)?);
    }
    Ok(found)
}

/// The project's folder and those below it in which a person may have written something, level by
/// level.
pub(crate) fn own_folders(files: &dyn Files) -> Result<Vec<Utf8PathBuf>, FilesError> {
    let mut all = vec![Utf8PathBuf::new()];
    let mut level = 0..1;
    for _ in 0..DEPTH {
        for place in level.clone() {
            let inner = files.folders(&all[place])?;
            all.extend(inner.into_iter().filter(|inner| is_own(inner)));
            if all.len() > FOLDERS {
                all.truncate(FOLDERS);
                return Ok(all);
            }
        }
        level = level.end..all.len();
    }
    Ok(all)
}

/// The first format that recognises a folder.
fn recognise(files: &dyn Files, folder: &Utf8Path) -> Result<Option<Discovered>, FilesError> {
    for &format in ALL {
        if let Some(because) = format.recognise(files, folder)? {
            return Ok(Some(Discovered { format, folder: folder.to_owned(), because }));
        }
    }
    Ok(None)
}

fn is_own(folder: &Utf8Path) -> bool {
    folder.file_name().is_some_and(|name| !name.starts_with('.') && !PASSED_OVER.contains(&name))
}
