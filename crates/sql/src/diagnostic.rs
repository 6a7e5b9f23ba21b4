//! The one shape of a remark about a place in a text.

use crate::Span;

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The work cannot go on.
    Error,
    /// Something a person should look at.
    Warning,
    /// Something worth knowing.
    Note,
}

/// A remark about a place in a file: what is said, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as the user would name it; `None` for text that has no file.
    pub file: Option<String>,
    /// The bytes it is about, in that file's text.
    pub span: Option<Span>,
    /// What is said: lowercase, no full stop.
    pub message: String,
    /// What to do next, a sentence each.
    pub hints: Vec<String>,
}
