//! Cuts a script that is too large to hold.

use crate::classify::Reading;
use crate::cut::{Cut, Cutter};
use crate::lexer::Window;
use crate::mode::Modes;
use crate::position::{Position, newlines};
use crate::{Backslash, Kind, Mode, Sending, Span, SplitError};

/// Cuts a script as its bytes come in, holding no more than one statement.
///
/// Does no I/O: bytes are put in with [`feed`](Self::feed), and pieces are taken out with
/// [`piece`](Self::piece) until there are no more, by turns. COPY data come out as they come in,
/// so that only the largest statement decides how much memory is needed.
///
/// ```
/// # use whimbrel_sql::{Piece, Splitter};
/// let mut splitter = Splitter::new();
/// let mut statements = Vec::new();
/// for chunk in [&b"create table t (a"[..], &b" text); select"[..], &b" 1"[..]] {
///     splitter.feed(chunk)?;
///     while let Some(piece) = splitter.piece()? {
///         if let Piece::Statement { text, .. } = piece {
///             statements.push(text.to_owned());
///         }
///     }
/// }
/// splitter.end();
/// while let Some(piece) = splitter.piece()? {
///     if let Piece::Statement { text, .. } = piece {
///         statements.push(text.to_owned());
///     }
/// }
/// assert_eq!(statements, ["create table t (a text)", "select 1"]);
/// # Ok::<(), whimbrel_sql::SplitError>(())
/// ```
#[derive(Debug)]
pub struct Splitter {
    held: Vec<u8>,
    /// Where the held bytes begin in the text.
    origin: usize,
    window: Window,
    cutter: Cutter,
    reading: Reading,
    modes: Modes,
    /// A place in the held bytes and what a person calls it.
    known: (usize, Position),
    peak: usize,
}

/// A part of a script.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A statement.
    Statement {
        /// From its first token to its last.
        text: &'a str,
        /// Its bytes in the script.
        span: Span,
        /// Where it starts.
        position: Position,
        /// What kind of statement it is.
        kind: Kind,
        /// How `'…'` is read in it.
        backslash: Backslash,
    },
    /// Some of the lines of the `copy … from stdin` before.
    Data(&'a [u8]),
    /// The data are complete.
    DataEnd,
}

/// What a script turned out to be once all of it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// How the whole can be run.
    pub mode: Mode,
    /// Whether statements may share a message.
    pub sending: Sending,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// Begins with an empty text.
    pub fn new() -> Self {
        Self {
            held: Vec::new(),
            origin: 0,
            window: Window::Partial,
            cutter: Cutter::new(),
            reading: Reading::default(),
            modes: Modes::default(),
            known: (0, Position::START),
            peak: 0,
        }
    }

    /// Puts in the next bytes of the text.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        self.forget();
        if let Some(nul) = bytes.iter().position(|byte| *byte == 0) {
            let line = self.cutter.line(&self.held, self.held.len()) + newlines(&bytes[..nul]);
            let nul = self.origin + self.held.len() + nul;
            return Err(SplitError::Nul { line, span: nul..nul + 1 });
        }
        self.held.extend_from_slice(bytes);
        self.peak = self.peak.max(self.held.capacity());
        Ok(())
    }

    /// Says that the text is complete.
    pub fn end(&mut self) {
        self.window = Window::Last;
    }

    /// Takes out the next piece; none if it takes more bytes, or none is left.
    pub fn piece(&mut self) -> Result<Option<Piece<'_>>, SplitError> {
        match self.cutter.next(&self.held, self.window)? {
            Cut::Statement { span, copies } => self.statement(span, copies).map(Some),
            Cut::Data(span) => {
                let lines = &self.held[span];
                self.modes.data(lines);
                Ok(Some(Piece::Data(lines)))
            }
            Cut::DataEnd => Ok(Some(Piece::DataEnd)),
            Cut::More | Cut::End => Ok(None),
        }
    }

    /// The place in the text up to which it was taken out.
    pub(crate) fn read_to(&self) -> usize {
        self.origin + self.cutter.at()
    }

    /// Tells how the whole can be run, all pieces having been taken out.
    pub fn finish(self) -> Outline {
        let sending = self.modes.sending();
        Outline { mode: self.modes.finish(|line| line), sending }
    }

    /// The most bytes that were held at a time, with the room they were held in.
    pub fn peak(&self) -> usize {
        self.peak
    }

    fn statement(&mut self, span: Span, copies: bool) -> Result<Piece<'_>, SplitError> {
        let (known, place) = self.known;
        let position = place.behind(&self.held[known..span.start]);
        self.known = (span.start, position);
        let text = str::from_utf8(&self.held[span.clone()]).map_err(|error| {
            let at = span.start + error.valid_up_to();
            let line = self.cutter.line(&self.held, at);
            SplitError::NotUtf8 { line, span: self.origin + at..self.origin + at + 1 }
        })?;
        let backslash = self.reading.backslash();
        let kind = self.reading.kind(text, copies);
        self.cutter.set_backslash(self.reading.backslash());
        self.modes.push(&kind, text, self.reading.backslash(), position.line);
        let span = self.origin + span.start..self.origin + span.end;
        Ok(Piece::Statement { text, span, position, kind, backslash })
    }

    /// Lets go of what was taken out.
    fn forget(&mut self) {
        let done = self.cutter.done();
        let (known, place) = self.known;
        if known < done {
            self.known = (done, place.behind(&self.held[known..done]));
        }
        self.known.0 -= done;
        self.cutter.forget(&self.held[..done]);
        self.origin += done;
        self.held.drain(..done);
    }
}
