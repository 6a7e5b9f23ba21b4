//! Places in a text.

use std::ops::Range;

/// A range of bytes in a text, end excluded.
pub type Span = Range<usize>;

/// A place as a person counts it: line and column from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The place where a text starts.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place behind more text.
    #[must_use]
    pub fn behind(self, text: &[u8]) -> Self {
        match text.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => {
                Self { line: self.line + newlines(text), column: 1 + characters(&text[last + 1..]) }
            }
            None => Self { line: self.line, column: self.column + characters(text) },
        }
    }
}

/// Finds the line and column of a byte offset; an offset past the end is the end.
pub fn position(text: &str, offset: usize) -> Position {
    let offset = text.floor_char_boundary(offset.min(text.len()));
    Position::START.behind(&text.as_bytes()[..offset])
}

/// Finds the byte of a character, counted from 1 as the server counts it in an error's position.
///
/// One past the last character, and anything beyond, is the end of the text.
pub fn offset(text: &str, character: usize) -> usize {
    let before = character.saturating_sub(1);
    text.char_indices().nth(before).map_or(text.len(), |(offset, _)| offset)
}

/// Counts the newlines in a text.
pub(crate) fn newlines(text: &[u8]) -> usize {
    text.iter().map(|byte| usize::from(*byte == b'\n')).sum()
}

/// Counts the characters of UTF-8 by their first bytes.
fn characters(text: &[u8]) -> usize {
    text.iter().map(|byte| usize::from(byte & 0xC0 != 0x80)).sum()
}
