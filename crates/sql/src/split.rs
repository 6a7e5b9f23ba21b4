//! Cuts a script where the server would.

use crate::classify::Reading;
use crate::cut::{Cut, Cutter};
use crate::lexer::Window;
use crate::mode::Modes;
use crate::{Backslash, Diagnostic, Kind, Script, Span, Statements, position};

/// Why a script could not be cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A quote, comment, dollar quote or COPY block that never ends.
    #[error("unterminated {what}")]
    Unterminated {
        /// `quoted string`, `quoted identifier`, `comment`, `dollar-quoted string $tag$` …
        what: String,
        /// Where it opens.
        span: Span,
    },
    /// A command of psql's that is not SQL.
    #[error("psql meta-command `{name}` on line {line} is not SQL")]
    MetaCommand {
        /// Its name with the backslash.
        name: String,
        /// Its line, from 1.
        line: usize,
        /// The name in the text.
        span: Span,
    },
    /// A command of psql's that is left out elsewhere, in the middle of a statement.
    #[error("psql meta-command `{name}` on line {line} stands inside a statement")]
    MetaCommandInside {
        /// Its name with the backslash.
        name: String,
        /// Its line, from 1.
        line: usize,
        /// The name in the text.
        span: Span,
    },
    /// Something stands behind `copy … from stdin;` on the same line.
    #[error("`copy … from stdin` on line {line} is followed by more text on its line")]
    AfterCopy {
        /// Its line, from 1.
        line: usize,
        /// What follows.
        span: Span,
    },
    /// A byte of value zero, which cannot reach the server.
    #[error("a NUL byte on line {line}")]
    Nul {
        /// Its line, from 1.
        line: usize,
        /// The byte.
        span: Span,
    },
    /// Bytes that are not UTF-8.
    #[error("not UTF-8 on line {line}")]
    NotUtf8 {
        /// Its line, from 1.
        line: usize,
        /// The first byte that is not.
        span: Span,
    },
}

impl SplitError {
    /// The bytes it is about.
    pub fn span(&self) -> Span {
        match self {
            Self::Unterminated { span, .. }
            | Self::MetaCommand { span, .. }
            | Self::MetaCommandInside { span, .. }
            | Self::AfterCopy { span, .. }
            | Self::Nul { span, .. }
            | Self::NotUtf8 { span, .. } => span.clone(),
        }
    }

    /// What to do about it, one sentence.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unterminated { what, .. } => {
                (what == COPY_DATA).then_some(r"end the data with a line that holds only `\.`")
            }
            Self::MetaCommand { name, .. } => Some(match name.as_str() {
                r"\." => r"`\.` ends the data of `copy … from stdin`, and there is none here",
                r"\i" | r"\ir" | r"\include" | r"\include_relative" => {
                    "put the included file's text here, or make it a migration of its own"
                }
                r"\copy" => "use `copy … from stdin` with the data below it",
                r"\c" | r"\connect" => "a migration runs in one database; remove the line",
                _ => r"only `\restrict`, `\unrestrict` and `\echo` are accepted, and left out",
            }),
            Self::MetaCommandInside { .. } => Some("move it before or behind the statement"),
            Self::AfterCopy { .. } => Some("its data begins on the next line; move the rest"),
            Self::Nul { .. } => Some("Postgres cannot store NUL in text; remove it"),
            Self::NotUtf8 { .. } => Some("save the file as UTF-8"),
        }
    }

    /// The error as a remark about its place in a file.
    pub fn diagnostic(&self, file: Option<&str>) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.to_string()).at(file, self.span());
        match self.hint() {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        }
    }
}

/// What the data of `copy … from stdin` is called where it does not end.
pub(crate) const COPY_DATA: &str = "data of `copy … from stdin`";

/// Cuts a script into statements and decides how it can be run.
///
/// ```
/// # use whimbrel_sql::{Mode, split};
/// let script = split("create table t (a text default ';'); insert into t values (1);").unwrap();
/// assert_eq!(script.statements.len(), 2);
/// assert_eq!(script.mode, Mode::One { statements: 0..2 });
/// ```
pub fn split(text: &str) -> Result<Script, SplitError> {
    let mut modes = Modes::default();
    let mut statements = Statements::default();
    walk(text, |part| match part {
        Part::Statement { span, kind, before: _, after } => {
            modes.push(&kind, &text[span.clone()], after, span.start);
            statements.push(&span, kind);
        }
        Part::Data(span) => {
            modes.data(&text.as_bytes()[span.clone()]);
            statements.push_data(span);
        }
    })?;
    let sending = modes.sending();
    let mode = modes.finish(|offset| position(text, offset).line);
    Ok(Script { statements, mode, sending })
}

/// A part of a text that is held whole.
pub(crate) enum Part {
    /// A statement, and how `'…'` is read in it and behind it.
    Statement { span: Span, kind: Kind, before: Backslash, after: Backslash },
    /// The data of the `copy … from stdin` before; they may be empty.
    Data(Span),
}

/// Visits the parts of a text that is held whole.
pub(crate) fn walk(text: &str, mut visit: impl FnMut(Part)) -> Result<(), SplitError> {
    if let Some(nul) = text.find('\0') {
        let line = position(text, nul).line;
        return Err(SplitError::Nul { line, span: nul..nul + 1 });
    }
    let mut cutter = Cutter::new();
    let mut reading = Reading::default();
    let mut data = None;
    loop {
        match cutter.next(text.as_bytes(), Window::Last)? {
            Cut::Statement { span, copies } => {
                let before = reading.backslash();
                let kind = reading.kind(&text[span.clone()], copies);
                let after = reading.backslash();
                cutter.set_backslash(after);
                visit(Part::Statement { span, kind, before, after });
            }
            Cut::Data(span) => data = Some(span),
            Cut::DataEnd => {
                let none = cutter.at()..cutter.at();
                visit(Part::Data(data.take().unwrap_or(none)));
            }
            Cut::More | Cut::End => return Ok(()),
        }
    }
}
