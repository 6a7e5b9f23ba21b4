//! One message of the simple protocol and whoever watches its answers.

use std::fmt;

use tokio::io::AsyncRead;

use super::ServerError;

/// The data of one `copy … from stdin`, read as it is sent.
pub type CopyData<'a> = Box<dyn AsyncRead + Send + Unpin + 'a>;

/// A text of one or more statements, sent as one message of the simple protocol, with the data
/// of each `copy … from stdin` in it.
///
/// The server runs the statements of one message in one transaction unless they say otherwise,
/// and skips the rest after an error.
pub struct Message<'a> {
    pub(super) sql: &'a str,
    pub(super) copies: Vec<CopyData<'a>>,
    pub(super) rows: Rows,
}

/// What becomes of the rows that a message's statements return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Keep,
    Discard,
}

impl<'a> Message<'a> {
    /// A text without data.
    pub fn new(sql: &'a str) -> Self {
        Self { sql, copies: Vec::new(), rows: Rows::Keep }
    }

    /// Lets go of all rows as they come: the answers have their tags and columns and no rows.
    ///
    /// For scripts of other people, whose own `select`s may return anything.
    #[must_use]
    pub fn discard_rows(mut self) -> Self {
        self.rows = Rows::Discard;
        self
    }

    /// Adds the data of the next `copy … from stdin`, in COPY's format, without a closing `\.`.
    #[must_use]
    pub fn copy(mut self, data: &'a [u8]) -> Self {
        self.copies.push(Box::new(data));
        self
    }

    /// Adds data that is read piece by piece while it is sent, such as a file.
    #[must_use]
    pub fn copy_from(mut self, data: impl AsyncRead + Send + Unpin + 'a) -> Self {
        self.copies.push(Box::new(data));
        self
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("sql", &self.sql).finish_non_exhaustive()
    }
}

/// Somebody who watches the answers to a message as they come in.
pub trait Observe: Send {
    /// The statement of that index (from 0) is done; `tag` is its command tag.
    fn completed(&mut self, index: usize, tag: &str) {
        let _ = (index, tag);
    }

    /// The server has something to say.
    fn notice(&mut self, notice: &ServerError) {
        let _ = notice;
    }
}

/// Nobody watches.
impl Observe for () {}
