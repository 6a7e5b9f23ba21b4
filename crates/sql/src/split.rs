//! Cuts a script where the server would.

use crate::{Script, Span};

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
}

impl SplitError {
    /// The bytes it is about.
    pub fn span(&self) -> Span {
        match self {
            Self::Unterminated { span, .. } => span.clone(),
        }
    }
}

/// Cuts a script into statements and decides how it can be run.
pub fn split(text: &str) -> Result<Script, SplitError> {
    let _ = text;
    todo!("the splitter")
}
