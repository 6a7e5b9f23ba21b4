//! Values on their way into a simple-protocol message.

use std::fmt;

/// Displays a value as a string constant that reads back the same under either setting of
/// `standard_conforming_strings`.
///
/// Values are bound wherever the protocol can bind them. A simple message cannot, and only a
/// simple message carries several transactions that the server abandons together at the first
/// error, so a ledger entry that rides with its migration is written with this type and never by
/// hand.
///
/// ```
/// # use whimbrel_sql::Literal;
/// assert_eq!(Literal("it's").to_string(), "'it''s'");
/// assert_eq!(Literal(r"a\b").to_string(), r"E'a\\b'");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal<'a>(pub &'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = self.0.replace('\'', "''");
        if quoted.contains('\\') {
            write!(f, "E'{}'", quoted.replace('\\', "\\\\"))
        } else {
            write!(f, "'{quoted}'")
        }
    }
}
