//! A project in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_history::formats::{self, NoDigests, ReadError, Settings};
use whimbrel_history::{
    Contents, Definition, Down, Entry, File, Files, FilesError, History, Migration, Section,
    Source, Status,
};
use whimbrel_sql::{Diagnostic, fingerprint, position};

/// Files by their paths.
#[derive(Default)]
pub(crate) struct Project {
    files: BTreeMap<Utf8PathBuf, Vec<u8>>,
    /// The paths that were read, in their order.
    pub(crate) reads: RefCell<Vec<Utf8PathBuf>>,
}

impl Project {
    pub(crate) fn new<T: AsRef<[u8]>>(files: &[(&str, T)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).into(), text.as_ref().to_vec()));
        Self { files: files.collect(), reads: RefCell::default() }
    }

    /// Reads the history of a format in a folder.
    pub(crate) fn read(
        &self,
        format: &str,
        settings: &Settings,
    ) -> Result<History, Vec<Diagnostic>> {
        let format = formats::by_name(format).expect("the format exists");
        formats::read(format, self, settings, &mut NoDigests).map_err(|error| match error {
            ReadError::Invalid { diagnostics, .. } => diagnostics,
            ReadError::Files { source, .. } => panic!("{source}"),
        })
    }

    /// Shows a diagnostic as a person would see it: `file:line:column: message (hint)`.
    pub(crate) fn show(&self, diagnostic: &Diagnostic) -> String {
        let file = diagnostic.file.as_deref().unwrap_or_default();
        let place = diagnostic.span.as_ref().map_or(String::new(), |span| {
            let text = String::from_utf8_lossy(&self.files[Utf8Path::new(file)]).into_owned();
            let at = position(text.trim_start_matches('\u{feff}'), span.start);
            format!(":{}:{}", at.line, at.column)
        });
        let mut shown = format!("{file}{place}: {}", diagnostic.message);
        for hint in &diagnostic.hints {
            shown.extend([" (", hint, ")"]);
        }
        shown
    }

    pub(crate) fn show_all(&self, diagnostics: &[Diagnostic]) -> Vec<String> {
        diagnostics.iter().map(|diagnostic| self.show(diagnostic)).collect()
    }

    /// The text of a migration's up section.
    pub(crate) fn up(&self, migration: &Migration) -> &str {
        self.section(&migration.up)
    }

    fn section(&self, section: &Section) -> &str {
        let text = str::from_utf8(&self.files[&section.path]).expect("the file is text");
        let part = &text.trim_start_matches('\u{feff}')[section.span.clone()];
        assert_eq!(fingerprint(part), section.fingerprint, "the section is as it was");
        part
    }

    /// The project without the files whose paths hold a word.
    pub(crate) fn without(&self, word: &str) -> Self {
        let files = self.files.iter().filter(|(path, _)| !path.as_str().contains(word));
        Self {
            files: files.map(|(path, bytes)| (path.clone(), bytes.clone())).collect(),
            reads: RefCell::default(),
        }
    }

    /// Writes the files that a rule lets through into a folder, and takes the others out of it.
    pub(crate) fn write(&self, folder: &Path, wanted: impl Fn(&Utf8Path) -> bool) {
        for (path, bytes) in &self.files {
            let to = folder.join(path);
            fs::create_dir_all(to.parent().expect("a file has a folder")).unwrap();
            if wanted(path) {
                fs::write(to, bytes).unwrap();
            } else {
                fs::remove_file(to).ok();
            }
        }
    }

    /// A migration with its texts.
    pub(crate) fn definition(&self, migration: &Migration) -> Definition {
        let (up, down) = (self.up(migration).into(), self.down(migration).map(Into::into));
        Definition { migration: migration.clone(), up, down }
    }

    /// All migrations of a history with their texts.
    pub(crate) fn definitions(&self, history: &History) -> Vec<Definition> {
        history.migrations.iter().map(|migration| self.definition(migration)).collect()
    }

    /// The text of a migration's down section.
    pub(crate) fn down(&self, migration: &Migration) -> Option<&str> {
        migration.down.as_ref().map(|down| self.section(down))
    }
}

impl Files for Project {
    fn list(&self, folder: &Utf8Path) -> Result<Arc<[File]>, FilesError> {
        let own = self.files.iter().filter(|(path, _)| path.parent() == Some(folder));
        Ok(own
            .map(|(path, bytes)| File { path: path.clone(), size: bytes.len() as u64, modified: 0 })
            .collect())
    }

    fn folders(&self, folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, FilesError> {
        let mut folders = BTreeSet::new();
        for path in self.files.keys() {
            for inner in path.ancestors().skip(1) {
                if inner.parent() == Some(folder) {
                    folders.insert(inner.to_owned());
                }
            }
        }
        Ok(folders.into_iter().collect())
    }

    fn read(&self, path: &Utf8Path) -> Result<Vec<u8>, FilesError> {
        self.reads.borrow_mut().push(path.to_owned());
        self.files.get(path).cloned().ok_or_else(|| FilesError {
            path: path.to_owned(),
            source: io::ErrorKind::NotFound.into(),
        })
    }
}

/// Bytes as a file that is too large to hold.
pub(crate) fn in_place(bytes: &[u8]) -> Contents {
    Contents::Large(Box::new(Bytes(Arc::new(Mutex::new(bytes.to_vec())))))
}

/// A file that a test may change while it is read.
#[derive(Clone)]
pub(crate) struct Bytes(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Source for Bytes {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.lock().unwrap();
        let rest = bytes.get(usize::try_from(at).unwrap()..).unwrap_or_default();
        // As much as a disk may give at a time.
        let length = rest.len().min(into.len()).min(10_000);
        into[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

/// Settings of a history in a folder.
pub(crate) fn settings(folder: &str) -> Settings {
    Settings { name: "main".into(), folder: folder.into(), ..Settings::default() }
}

/// The ids of a history, in its order.
pub(crate) fn ids(history: &History) -> Vec<&str> {
    history.migrations.iter().map(|migration| migration.id.as_str()).collect()
}

/// An entry that says that a migration is applied, with its checksum.
pub(crate) fn applied(migration: &Migration) -> Entry {
    let checksum = &migration.checksum;
    Entry {
        checksum: Some(checksum.statements.clone().unwrap_or_else(|| checksum.text.clone())),
        ..entry(&migration.key, Status::Completed)
    }
}

/// An entry that says nothing but its status.
pub(crate) fn entry(key: &str, status: Status) -> Entry {
    let (history, id) = match key.split_once(':') {
        Some((history, id)) => (Some(history.to_owned()), id),
        None => (None, key),
    };
    Entry {
        key: key.to_owned(),
        id: id.to_owned(),
        history,
        name: None,
        status,
        applied_at: None,
        written: None,
        execution_time_ms: None,
        marked: false,
        checksum: None,
        fingerprints: None,
        down: Down::Unknown,
        error: None,
        unfinished: None,
    }
}
