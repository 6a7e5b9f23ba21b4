//! A script that is too large to hold, cut and fingerprinted as its bytes come in.

use crate::{Fingerprint, Piece, Script, SplitError, Splitter, Statements};

/// Cuts a text and fingerprints it in one reading: [`split`](crate::split) and
/// [`fingerprint`](crate::fingerprint) for a text that is not held.
///
/// ```
/// # use whimbrel_sql::{Cutting, fingerprint, split};
/// let mut cutting = Cutting::new();
/// for chunk in ["create table t (a te", "xt); select", " 1"] {
///     cutting.feed(chunk.as_bytes())?;
/// }
/// let text = "create table t (a text); select 1";
/// assert_eq!(cutting.end()?, (split(text)?, fingerprint(text)));
/// # Ok::<(), whimbrel_sql::SplitError>(())
/// ```
#[derive(Debug, Default)]
pub struct Cutting {
    splitter: Splitter,
    statements: Statements,
    fingerprint: Fingerprint,
}

impl Cutting {
    /// Begins with an empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next bytes of the text.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        self.splitter.feed(bytes)?;
        self.take()
    }

    /// Says that the text is complete; gives the script and its fingerprint.
    pub fn end(mut self) -> Result<(Script, String), SplitError> {
        self.splitter.end();
        self.take()?;
        let outline = self.splitter.finish();
        let script =
            Script { statements: self.statements, mode: outline.mode, sending: outline.sending };
        Ok((script, self.fingerprint.finish()))
    }

    fn take(&mut self) -> Result<(), SplitError> {
        loop {
            let lines = match self.splitter.piece()? {
                None => return Ok(()),
                Some(Piece::Statement { text, span, kind, backslash, position: _ }) => {
                    self.fingerprint.statement(text, backslash);
                    self.statements.push(&span, kind);
                    continue;
                }
                Some(Piece::Data(lines)) => {
                    self.fingerprint.data(lines);
                    lines.len()
                }
                Some(Piece::DataEnd) => 0,
            };
            let end = self.splitter.read_to();
            if lines > 0 || self.statements.last().is_none_or(|copy| copy.data.is_none()) {
                self.statements.push_data(end - lines..end);
            }
        }
    }
}
