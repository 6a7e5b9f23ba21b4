//! One migration.

use camino::Utf8PathBuf;
use whimbrel_sql::Span;

/// One step that a person wrote or that was generated, as its files say it.
///
/// Holds no SQL: a history of 10,000 files is listed and compared without reading those that did
/// not change, so the text of a [`Section`] is read when it is shown or run, and its checksum
/// compared again then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The history it belongs to, by the name that whimbrel.toml or discovery gave it.
    pub history: String,
    /// Unique within its history, and what `depends_on` and the command line name.
    pub id: String,
    /// The version as the file writes it, in formats that have one.
    pub version: Option<String>,
    /// What a person calls it.
    pub name: String,
    /// One line of prose.
    pub description: Option<String>,
    /// The type that an annotated header states (`create_table` …).
    pub kind: Option<String>,
    /// The file that holds the up script.
    pub path: Utf8PathBuf,
    /// Ids within the same history that must be applied before it.
    pub depends_on: Vec<String>,
    /// Runs last, and again whenever its fingerprint changes.
    pub repeatable: bool,
    /// What applies it.
    pub up: Section,
    /// What undoes it.
    pub down: Option<Section>,
    /// Hashes of the file that holds the up script.
    pub checksum: Checksum,
    /// What the header asks of the runner.
    pub directives: Directives,
}

/// A part of a file that is a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The file.
    pub path: Utf8PathBuf,
    /// Its bytes in the file's text (after a byte order mark, if there is one).
    pub span: Span,
    /// SHA-256, in hex, over its tokens: comments, white space, line endings left out.
    pub fingerprint: String,
}

/// Hashes of a whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// SHA-256, in hex, with line endings as LF (Python's text mode).
    pub text: String,
    /// SHA-256, in hex, of the bytes as they are.
    pub bytes: String,
    /// SHA-256, in hex, of the header and directives.
    pub header: String,
}

/// What a header asks of the runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// Whether the script is one transaction.
    pub transaction: Transaction,
    /// `statement_timeout`, as Postgres reads it (`5min`).
    pub timeout: Option<String>,
    /// `lock_timeout`, as Postgres reads it (`2s`).
    pub lock_timeout: Option<String>,
    /// A step whose outcome cannot be known may be run again.
    pub rerunnable: bool,
}

/// Whether a script runs in one transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transaction {
    /// What its statements allow.
    #[default]
    AsWritten,
    /// Step by step even if its statements would allow one.
    Never,
}

/// A migration with its texts, as a ledger records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What its files say of it.
    pub migration: Migration,
    /// The text of the up section.
    pub up: String,
    /// The text of the down section.
    pub down: Option<String>,
    /// The up script's statements, trimmed, without their semicolons.
    pub statements: Vec<String>,
}
