//! A migration file that is only there to stay if it is taken.

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_history::formats::NewFile;

use crate::error::Error;
use crate::folder::Folder;

/// Files that go again with their draft, unless they are kept.
#[must_use]
pub(super) struct Draft<'a> {
    folder: &'a Folder,
    files: Vec<Utf8PathBuf>,
    /// The folders that were not there before, the innermost first.
    made: Vec<Utf8PathBuf>,
}

impl<'a> Draft<'a> {
    /// Writes files that must not exist yet.
    pub(super) fn write(folder: &'a Folder, files: &[NewFile]) -> Result<Self, Error> {
        let mut draft = Self { folder, files: Vec::new(), made: Vec::new() };
        for NewFile { path, text } in files {
            let parents = path.ancestors().skip(1).filter(|parent| !parent.as_str().is_empty());
            let missing = parents.filter(|parent| !folder.has_folder(parent));
            let missing: Vec<Utf8PathBuf> = missing.map(Utf8Path::to_owned).collect();
            draft.made.splice(0..0, missing);
            // A disk that is full leaves a half, which is no file of somebody else's.
            let is_there = folder.holds(path);
            if !is_there {
                draft.files.push(path.clone());
            }
            folder.create(path, text)?;
        }
        Ok(draft)
    }

    /// Leaves the files where they are.
    pub(super) fn keep(mut self) {
        self.files.clear();
        self.made.clear();
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        for file in &self.files {
            self.folder.take_back(file, &self.made);
        }
    }
}
