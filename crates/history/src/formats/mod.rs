//! The ways in which migrations are written down.
//!
//! A format reads names and texts, and never runs anything. Nothing outside this folder names one:
//! to add a format, write its file, and add its `mod` line and its line in [`ALL`].

mod annotated;
mod compose;
mod dbmate;
mod discover;
mod flyway;
mod goose;
mod header;
mod listing;
mod marked;
mod name;
mod numbered;
mod parted;
mod plain;
mod sections;
pub mod seeds;
mod supabase;

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use whimbrel_sql::Diagnostic;

use crate::glob::glob;
use crate::ledgers::Ledger;
use crate::{Digest, Entry, File, Files, FilesError, History, Migration, Recorded, Text};

pub use compose::{NewFile, NewMigration, TO_BE_WRITTEN};
pub(crate) use discover::own_folders;
pub use discover::{Discovered, discover};
pub use listing::{Digests, NoDigests, ReadError, digest, read};
pub use name::advise;
pub(crate) use name::{natural, number_of};

/// Every format there is, the more particular ones first: a folder belongs to the first that
/// recognises it.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub const ALL: &[&dyn Format] = &[
    &supabase::Supabase,
    &annotated::Annotated,
    &dbmate::DBMATE,
    &goose::GOOSE,
    &flyway::Flyway,
    &plain::Plain,
];

/// A way to write migrations down.
pub trait Format: Sync {
    /// The name that whimbrel.toml and messages use.
    fn name(&self) -> &'static str;

    /// What its files look like, in one line.
    fn summary(&self) -> &'static str;

    /// Where what was applied is recorded.
    fn ledger(&self) -> &'static dyn Ledger;

    /// The folders in which its projects keep their files, the one for a new project first.
    fn folders(&self) -> &'static [&'static str];

    /// Whether a folder holds a history of this format, and what tells so
    /// (`supabase/config.toml`, `12 files like 001_create_users.sql`).
    fn recognise(&self, files: &dyn Files, folder: &Utf8Path)
    -> Result<Option<String>, FilesError>;

    /// The files that make up a history, by their names alone.
    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError>;

    /// Reads one file; depends on its path and its text only, which may be too large to hold.
    fn digest(&self, path: &Utf8Path, text: &Text) -> Result<Digest, Vec<Diagnostic>>;

    /// Puts a history together.
    fn assemble(
        &'static self,
        settings: &Settings,
        digests: Vec<Digest>,
    ) -> Result<History, Vec<Diagnostic>>;

    /// The files of a new migration.
    fn compose(&self, new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic>;

    /// Where the down script of a migration that has none would be read from: a file, or a line in
    /// its own (``below a line `-- @down` in `sql/001_create_users.sql` ``).
    fn down_place(&self, migration: &Migration) -> String;

    /// The files of a migration that only its ledger still has: they read back as the same entry.
    fn restore(
        &self,
        entry: &Entry,
        recorded: &Recorded,
        history: &History,
    ) -> Result<Vec<NewFile>, Diagnostic>;

    /// Whether a new project gets it where nobody says another.
    fn is_for_new_projects(&self) -> bool {
        false
    }

    /// What its migrations presume in a database beside Postgres itself.
    fn baseline(
        &self,
        files: &dyn Files,
        settings: &Settings,
    ) -> Result<Option<Baseline>, ProjectError> {
        let _ = (files, settings);
        Ok(None)
    }

    /// The seed files that the format's own configuration names, in the order in which they run;
    /// `None` in formats without, and where it has them switched off.
    fn seeds(&self, files: &dyn Files, settings: &Settings) -> Result<Option<Seeds>, ProjectError> {
        let _ = (files, settings);
        Ok(None)
    }
}

impl fmt::Debug for dyn Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The format of a name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    ALL.iter().copied().find(|format| format.name() == name)
}

/// The format of a new project where nobody says another.
pub fn for_new_projects() -> &'static dyn Format {
    let meant = ALL.iter().find(|format| format.is_for_new_projects());
    *meant.or(ALL.last()).expect("there is a format")
}

/// What whimbrel.toml or discovery says of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The history's name.
    pub name: String,
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// Whether files in nested folders belong to it.
    pub nested: bool,
    /// Patterns of files that are repeatable, relative to the folder.
    pub repeatable: Vec<String>,
    /// Whether its ids carry the history's name in a ledger that would hold them bare: for the
    /// second annotated history of a project and those after it.
    pub prefixed: bool,
}

impl Settings {
    /// Whether a pattern makes a file repeatable.
    pub(crate) fn is_repeatable(&self, path: &Utf8Path) -> bool {
        if self.repeatable.is_empty() {
            return false;
        }
        let inner = path.strip_prefix(&self.folder).unwrap_or(path);
        self.repeatable.iter().any(|pattern| {
            glob(pattern, inner.as_str())
                || glob(pattern, path.as_str())
                || path.file_name().is_some_and(|name| glob(pattern, name))
        })
    }
}

/// The files of a history, by their names alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Those to read.
    pub files: Vec<File>,
    /// What is said of those that are not.
    pub skipped: Vec<Diagnostic>,
}

/// The seed files of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seeds {
    /// In the order in which they run.
    pub files: Vec<Utf8PathBuf>,
    /// Patterns that name no file.
    pub warnings: Vec<Diagnostic>,
}

/// What migrations presume in a database beside Postgres itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The name by which the shadow knows it.
    pub name: &'static str,
    /// Which of its variants the project asks for.
    pub variant: Option<&'static str>,
    /// The major version of the server that the project is made for.
    pub major: Option<u16>,
    /// The port at which the project's programs look for a development database.
    pub port: Option<u16>,
}

/// Why a project's own configuration does not say what is wanted of it.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A file could not be read.
    #[error("read the project's own configuration")]
    Files(#[from] FilesError),
    /// The project's own configuration does not say them.
    #[error("`{path}`: {message}")]
    Config {
        /// The configuration file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        message: String,
    },
}
