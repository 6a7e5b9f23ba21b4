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

impl Diagnostic {
    /// Makes a remark about no place yet.
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self { severity, file: None, span: None, message: message.into(), hints: Vec::new() }
    }

    /// Says that the work cannot go on.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// Says what a person should look at.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    /// Says what is worth knowing.
    pub fn note(message: impl Into<String>) -> Self {
        Self::new(Severity::Note, message)
    }

    /// Points at bytes of a file's text.
    #[must_use]
    pub fn at(mut self, file: Option<&str>, span: Span) -> Self {
        self.file = file.map(str::to_owned);
        self.span = Some(span);
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}
