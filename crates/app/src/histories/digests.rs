//! What was read of files that did not change since, kept in the user's cache.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZero;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use whimbrel_history::formats::{Digests, Format, Settings};
use whimbrel_history::{Digest, File, Files, FilesError};

use crate::folder::Folder;
use crate::workspace::Workspace;

/// Digests by path, those of earlier commands among them.
///
/// A file is taken as unchanged if its size and the time of its last change are what they were.
/// A change so recent that another could follow within the clock's grain is not trusted, so such a
/// file is read again next time (as git does it). Whatever goes wrong with the cache only costs
/// time.
pub(super) struct Kept {
    place: Option<Utf8PathBuf>,
    root: Utf8PathBuf,
    entries: BTreeMap<Utf8PathBuf, Entry>,
    now: i128,
    has_changed: bool,
}

/// The file in the cache.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The build that wrote it: another may digest otherwise.
    build: String,
    /// The project's folder, since the file's name is only a hash of it.
    root: Utf8PathBuf,
    entries: BTreeMap<Utf8PathBuf, Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    size: u64,
    modified: i128,
    format: String,
    digest: Digest,
}

const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " 1");

/// How old a change must be to be trusted, in nanoseconds: FAT keeps times in steps of two seconds.
const GRAIN: i128 = 3_000_000_000;

/// Fewer files than this are not worth a thread.
const WORTH_A_THREAD: usize = 64;

impl Kept {
    /// Reads what earlier commands kept of this project.
    pub(super) fn open(workspace: &Workspace) -> Self {
        let surroundings = workspace.surroundings();
        let root = workspace.folder().root().to_owned();
        // What a program brings along has no times that would tell one build from another.
        let cache = surroundings.cache().filter(|_| workspace.folder().is_on_disk());
        let place = cache.map(|cache| {
            let mut hasher = DefaultHasher::new();
            root.hash(&mut hasher);
            cache.join("digests").join(format!("{:016x}.json", hasher.finish()))
        });
        let entries = place.as_deref().and_then(|place| load(place, &root)).unwrap_or_default();
        let now = surroundings.clock.now().as_nanosecond();
        Self { place, root, entries, now, has_changed: false }
    }

    /// Reads the files of a history that changed, several at a time.
    pub(super) fn warm(
        &mut self,
        format: &'static dyn Format,
        settings: &Settings,
        folder: &Folder,
    ) -> Result<(), FilesError> {
        let mut files = format.list(folder, settings)?.files;
        for file in &files {
            // A folder may have changed hands between formats.
            if self.entries.get(&file.path).is_some_and(|entry| entry.format != format.name()) {
                self.entries.remove(&file.path);
            }
        }
        files.retain(|file| self.find(file).is_none());
        if files.len() < WORTH_A_THREAD {
            return Ok(());
        }
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let share = files.len().div_ceil(threads);
        let read = |file: &File| {
            let bytes = folder.read(&file.path).ok()?;
            format.digest(&file.path, &bytes).ok()
        };
        let digests: Vec<Option<Digest>> = std::thread::scope(|scope| {
            let workers: Vec<_> = files
                .chunks(share)
                .map(|chunk| scope.spawn(move || chunk.iter().map(read).collect::<Vec<_>>()))
                .collect();
            let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<_>>| {
                worker.join().expect("reading a file does not panic")
            };
            workers.into_iter().flat_map(join).collect()
        });
        // A file that failed is read again by whoever wants it, who then reports it.
        for (file, digest) in files.iter().zip(digests) {
            if let Some(digest) = digest {
                self.insert(file, digest, format.name());
            }
        }
        Ok(())
    }

    /// Keeps what is worth keeping for the next command.
    pub(super) fn save(self) {
        let Some(place) = self.place.filter(|_| self.has_changed) else { return };
        let mut entries = self.entries;
        entries.retain(|_, entry| self.now - entry.modified > GRAIN);
        let stored = Stored { build: BUILD.to_owned(), root: self.root, entries };
        // A cache that cannot be written is a cache that is not there.
        let _ = store(&place, &stored);
    }

    fn find(&self, file: &File) -> Option<&Entry> {
        let entry = self.entries.get(&file.path)?;
        (entry.size == file.size && entry.modified == file.modified).then_some(entry)
    }

    fn insert(&mut self, file: &File, digest: Digest, format: &str) {
        let entry =
            Entry { size: file.size, modified: file.modified, format: format.to_owned(), digest };
        self.entries.insert(file.path.clone(), entry);
        self.has_changed = true;
    }
}

/// The digests of one format, as a reader of histories sees them.
pub(super) struct Of<'a> {
    pub(super) kept: &'a mut Kept,
    pub(super) format: &'static str,
}

impl Digests for Of<'_> {
    fn get(&mut self, file: &File) -> Option<Digest> {
        self.kept.find(file).map(|entry| entry.digest.clone())
    }

    fn keep(&mut self, file: &File, digest: &Digest) {
        self.kept.insert(file, digest.clone(), self.format);
    }
}

fn load(place: &Utf8Path, root: &Utf8Path) -> Option<BTreeMap<Utf8PathBuf, Entry>> {
    let bytes = std::fs::read(place).ok()?;
    let stored: Stored = serde_json::from_slice(&bytes).ok()?;
    (stored.build == BUILD && stored.root == root).then_some(stored.entries)
}

/// Writes beside and renames, so that no other command sees half a file.
fn store(place: &Utf8Path, stored: &Stored) -> std::io::Result<()> {
    let folder = place.parent().unwrap_or(place);
    std::fs::create_dir_all(folder)?;
    let beside = place.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&beside, serde_json::to_vec(stored)?)?;
    std::fs::rename(&beside, place).inspect_err(|_| {
        let _ = std::fs::remove_file(&beside);
    })
}
