//! What goes wrong on a connection.

use std::fmt;
use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;

use super::Answer;

/// What the server is told where the data of a `copy` cannot be read, and says in its error.
pub(super) const UNREADABLE: &str = "the data cannot be read";

/// Why a message did not do all that it should.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server reported an error.
    #[error("{error}")]
    Server {
        /// The error.
        error: Box<ServerError>,
        /// How many statements of the message had completed before it.
        completed: usize,
        /// Their answers.
        answers: Vec<Answer>,
        /// Whether the connection is there no more, as after a FATAL error.
        lost: bool,
    },
    /// The connection ended without a word of the server. What it did of the message is not
    /// known: it keeps its answers back until it has a packet of them or the message is done, so
    /// more may have completed than `completed` says.
    #[error("the connection to the server was lost")]
    Lost {
        /// How many statements of the message were reported as completed before it.
        completed: usize,
        /// What the network said.
        #[source]
        source: io::Error,
    },
    /// The other side does not speak the protocol as it should.
    #[error("the server's answer cannot be understood")]
    Protocol {
        /// What was wrong with it.
        #[source]
        source: io::Error,
    },
    /// An earlier exchange on this connection was given up half way, or lost it.
    #[error("the connection was given up in the middle of an exchange")]
    GivenUp,
    /// A text that the protocol cannot carry: with a NUL byte in it, or too long. Nothing was
    /// sent, and the connection can go on.
    #[error("the statement cannot be sent")]
    Unsendable {
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Failure {
    /// Whether the connection is unusable now.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Server { lost, .. } => *lost,
            Self::Lost { .. } | Self::Protocol { .. } | Self::GivenUp => true,
            Self::Unsendable { .. } => false,
        }
    }

    /// The server's error, if that is what it was.
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Server { error, .. } => Some(error),
            Self::Lost { .. } | Self::Protocol { .. } | Self::GivenUp | Self::Unsendable { .. } => {
                None
            }
        }
    }

    /// The SQLSTATE, if the server gave one.
    pub fn code(&self) -> Option<&str> {
        self.server().map(|error| error.code.as_str())
    }
}

/// An error or a notice, as the server sent it. Absent fields are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// `ERROR`, `FATAL`, `PANIC`, or `WARNING`, `NOTICE`, `DEBUG`, `INFO`, `LOG`; in English
    /// whatever language the server speaks.
    pub severity: String,
    /// The SQLSTATE.
    pub code: String,
    /// What happened.
    pub message: String,
    /// More of it.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the message's text, in characters from 1.
    pub position: Option<usize>,
    /// Where in `internal_query`, in characters from 1.
    pub internal_position: Option<usize>,
    /// The statement that the server itself made up, as for PL/pgSQL.
    pub internal_query: Option<String>,
    /// The call stack: `PL/pgSQL function f() line 3 at RAISE`.
    pub where_: Option<String>,
    /// The schema of the object in question.
    pub schema: Option<String>,
    /// The table in question.
    pub table: Option<String>,
    /// The column in question.
    pub column: Option<String>,
    /// The data type in question.
    pub datatype: Option<String>,
    /// The constraint in question.
    pub constraint: Option<String>,
}

impl ServerError {
    pub(super) fn read(mut fields: ErrorFields<'_>) -> io::Result<Self> {
        let mut error = Self::default();
        let mut localized_severity = String::new();
        while let Some(field) = fields.next()? {
            let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'V' => error.severity = text,
                b'S' => localized_severity = text,
                b'C' => error.code = text,
                b'M' => error.message = text,
                b'D' => error.detail = Some(text),
                b'H' => error.hint = Some(text),
                b'P' => error.position = text.parse().ok(),
                b'p' => error.internal_position = text.parse().ok(),
                b'q' => error.internal_query = Some(text),
                b'W' => error.where_ = Some(text),
                b's' => error.schema = Some(text),
                b't' => error.table = Some(text),
                b'c' => error.column = Some(text),
                b'd' => error.datatype = Some(text),
                b'n' => error.constraint = Some(text),
                // Where in the server's own source (F, L, R), and what a later protocol may add.
                _ => {}
            }
        }
        if error.severity.is_empty() {
            // A pooler's own errors may have only this one, which is English then.
            error.severity = localized_severity;
        }
        Ok(error)
    }

    /// Whether it repeats what we said: that the data of a `copy` cannot be read any more.
    pub fn is_of_unreadable_data(&self) -> bool {
        self.code == "57014" && self.message.contains(UNREADABLE)
    }

    /// Whether the server hangs up after this.
    pub fn is_fatal(&self) -> bool {
        matches!(self.severity.as_str(), "FATAL" | "PANIC")
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.code)
    }
}

impl std::error::Error for ServerError {}
