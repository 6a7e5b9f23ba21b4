//! What one file says, without its SQL: small enough to be kept for files that did not change.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use whimbrel_sql::{Diagnostic, Severity, Span};

use crate::{Checksum, Directives};

/// What one file says, without its SQL.
///
/// Depends on nothing but the file's path and bytes, so whoever calls may keep it for as long as
/// the file's path, size and modification time stay the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// The file.
    pub path: Utf8PathBuf,
    /// Hashes of the whole file.
    pub checksum: Checksum,
    /// What its leading comments say.
    pub header: Header,
    /// The up script; the whole file where nothing marks its parts.
    pub up: Part,
    /// The down script, in files that hold both.
    pub down: Option<Part>,
    /// What a person should know of it.
    pub remarks: Vec<Remark>,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its bytes in the file's text.
    pub span: Span,
    /// SHA-256, in hex, over its tokens.
    pub fingerprint: String,
}

/// What the leading comments of a file say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// One line of prose.
    pub description: Option<String>,
    /// The type.
    pub kind: Option<String>,
    /// What must be applied before, each with its place in the file.
    pub depends_on: Vec<Named>,
    /// What the runner is asked.
    pub directives: Directives,
}

/// A word of a header and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The word.
    pub name: String,
    /// Its bytes in the file's text.
    pub span: Span,
}

/// A warning about a place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The bytes it is about.
    pub span: Option<Span>,
    /// What is said: lowercase, no full stop.
    pub message: String,
    /// What to do next, a sentence each.
    pub hints: Vec<String>,
}

impl Digest {
    /// Its remarks as warnings about this file.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Diagnostic> + '_ {
        self.remarks.iter().map(|remark| Diagnostic {
            severity: Severity::Warning,
            file: Some(self.path.to_string()),
            span: remark.span.clone(),
            message: remark.message.clone(),
            hints: remark.hints.clone(),
        })
    }
}
