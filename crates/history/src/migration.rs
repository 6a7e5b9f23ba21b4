//! One migration.

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use whimbrel_sql::Span;

use crate::{Cut, Text, TextError};

/// One step that a person wrote or that was generated, as its files say it.
///
/// Holds no SQL: a history of 10,000 files is listed and compared without reading those that did
/// not change, so the text of a [`Section`] is read when it is shown or run, and its fingerprint
/// compared again then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The history it belongs to, by the name that whimbrel.toml or discovery gave it.
    pub history: String,
    /// Unique within its history, and what `depends_on` and the command line name.
    pub id: String,
    /// What its ledger calls it: the id, `<history>:<id>`, a version.
    pub key: String,
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

impl Migration {
    /// The file's name without its folder, as a person would say it.
    pub fn file_name(&self) -> &str {
        file_name(&self.path)
    }
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

impl Section {
    /// The section's text in the text of its file, if it still is the one that was fingerprinted.
    pub fn text(&self, file: &Text) -> Result<Text, TextError> {
        let text = file.slice(self.span.clone());
        let fingerprint = text.fingerprint()?;
        self.is_same(&fingerprint).map(|()| text)
    }

    /// The same, cut into statements.
    pub fn cut(&self, file: &Text) -> Result<(Text, Cut), TextError> {
        let text = file.slice(self.span.clone());
        let cut = text.cut()?;
        self.is_same(&cut.fingerprint).map(|()| (text, cut))
    }

    fn is_same(&self, fingerprint: &str) -> Result<(), TextError> {
        if fingerprint == self.fingerprint {
            Ok(())
        } else {
            Err(TextError::Changed { path: self.path.clone() })
        }
    }
}

/// Hashes of a whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// SHA-256, in hex, with line endings as LF (Python's text mode).
    pub text: String,
    /// SHA-256, in hex, of the bytes as they are.
    pub bytes: String,
    /// SHA-256, in hex, of the header and directives.
    pub header: String,
    /// SHA-256, in hex, of the statements as a ledger that keeps them would have them; `None` in
    /// formats whose ledger keeps none.
    pub statements: Option<String>,
}

/// What a header asks of the runner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transaction {
    /// What its statements allow.
    #[default]
    AsWritten,
    /// Step by step even if its statements would allow one.
    Never,
}

/// A migration with its texts, as a ledger records it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// What its files say of it.
    pub migration: Migration,
    /// The text of the up section.
    pub up: Text,
    /// The text of the down section.
    pub down: Option<Text>,
}

/// The folder of a path, the project's own as the empty path.
///
/// Paths have `/` between their parts here, so this and the next two need not look for anything
/// else, as `Utf8Path` does, which takes its time over thousands of them.
pub(crate) fn folder_of(path: &Utf8Path) -> &Utf8Path {
    Utf8Path::new(part_at_last(path.as_str(), b'/').map_or("", |(folder, _)| folder))
}

/// The name of a file.
pub(crate) fn file_name(path: &Utf8Path) -> &str {
    part_at_last(path.as_str(), b'/').map_or(path.as_str(), |(_, name)| name)
}

/// The name of a file without its ending.
pub(crate) fn stem(path: &Utf8Path) -> &str {
    let name = file_name(path);
    match part_at_last(name, b'.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

/// What stands before and after the last of an ASCII letter: for short texts much faster than
/// `rsplit_once`, which is made for long ones.
pub(crate) fn part_at_last(text: &str, letter: u8) -> Option<(&str, &str)> {
    let at = text.bytes().rposition(|byte| byte == letter)?;
    Some((&text[..at], &text[at + 1..]))
}
