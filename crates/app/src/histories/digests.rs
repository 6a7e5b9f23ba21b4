//! What was read of files that did not change since, kept in the user's cache.

mod stored;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use whimbrel_history::formats::{self, Digests, Format};
use whimbrel_history::{Digest, File, Files as _};

use crate::folder::{Folder, is_settled};
use crate::shares::{WORTH_A_THREAD, in_shares};
use crate::workspace::Workspace;

use stored::{Fresh, Stored};

/// Digests by path, those of earlier commands among them.
///
/// A file is taken as unchanged if its size and the time of its last change are what they were.
/// A change so recent that another could follow within the clock's grain is not trusted, so such a
/// file is read again next time (as git does it). Whatever goes wrong with the cache only costs
/// time.
pub(super) struct Kept {
    place: Option<Utf8PathBuf>,
    root: Utf8PathBuf,
    /// Of earlier commands.
    stored: Stored,
    /// Of this one.
    fresh: BTreeMap<String, Fresh>,
    /// The moment of this command.
    now: Timestamp,
}

impl Kept {
    /// Reads what earlier commands kept of this project.
    pub(super) fn open(workspace: &Workspace) -> Self {
        let surroundings = workspace.surroundings();
        let root = workspace.folder().root().to_owned();
        // What a program brings along has no times that would tell one build from another.
        let cache = surroundings.cache().filter(|_| workspace.folder().is_on_disk());
        let place = cache.map(|cache| stored::place(&cache, &root));
        let stored = place.as_deref().and_then(|place| Stored::read(place, &root));
        let now = surroundings.clock.now();
        Self { place, root, stored: stored.unwrap_or_default(), fresh: BTreeMap::new(), now }
    }

    /// Keeps what is worth keeping for the next command.
    pub(super) fn save(mut self) {
        self.fresh.retain(|_, fresh| is_settled(fresh.modified, self.now));
        if let Some(place) = self.place.filter(|_| !self.fresh.is_empty()) {
            // A cache that cannot be written is a cache that is not there.
            let _ = self.stored.write_with(&self.fresh, &place, &self.root);
        }
    }
}

/// The digests of one format, as a reader of histories sees them.
pub(super) struct Of<'a> {
    pub(super) kept: &'a mut Kept,
    pub(super) format: &'static dyn Format,
    pub(super) folder: &'a Folder,
}

impl Of<'_> {
    fn insert(&mut self, file: &File, digest: Digest) {
        let (size, modified, format) = (file.size, file.modified, self.format.name());
        let fresh = Fresh { size, modified, format, digest };
        self.kept.fresh.insert(file.path.to_string(), fresh);
    }
}

impl Digests for Of<'_> {
    /// Reads the files that changed, several at a time.
    fn expect(&mut self, files: &[File]) {
        let format = self.format;
        let stored = &mut self.kept.stored;
        let changed: Vec<&File> =
            files.iter().filter(|file| stored.find(file, format.name()).is_none()).collect();
        if changed.len() < WORTH_A_THREAD {
            return;
        }
        let folder = self.folder;
        let read = |file: &&File| {
            let contents = folder.open(&file.path).ok()?;
            formats::digest(format, &file.path, contents).ok()
        };
        let digests = in_shares(&changed, |share| share.iter().map(read).collect::<Vec<_>>());
        // A file that failed is read again by whoever wants it, who then reports it.
        for (file, digest) in changed.into_iter().zip(digests.into_iter().flatten()) {
            if let Some(digest) = digest {
                self.insert(file, digest);
            }
        }
    }

    fn get(&mut self, file: &File) -> Option<Digest> {
        let format = self.format.name();
        if let Some(fresh) = self.kept.fresh.get(file.path.as_str())
            && fresh.is_of(file, format)
        {
            return Some(fresh.digest.clone());
        }
        self.kept.stored.find(file, format)?.digest()
    }

    fn keep(&mut self, file: &File, digest: &Digest) {
        self.insert(file, digest.clone());
    }
}

#[cfg(test)]
mod tests;
