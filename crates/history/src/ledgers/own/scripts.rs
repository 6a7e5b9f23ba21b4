//! How the ledger keeps a migration's scripts.
//!
//! Whole, but for those that are so large that keeping them would cost more than it serves: a
//! statement that holds a script is held several times over by the server that runs it, and the
//! row is carried along by every dump. Of these a note is kept, which is a comment, so that the row
//! still holds SQL; checksum and fingerprint stand beside it as ever.

use crate::{Section, Text, TextError};

/// Bytes of a script that is kept whole.
const KEPT: usize = 4 << 20;

/// How the note begins that stands in the place of a larger one.
const NOTE: &str = "-- too large to be kept here";

/// Longer than any note.
const NOTE_LENGTH: usize = 1000;

/// A script as it is kept.
pub(super) fn kept(text: &Text, section: &Section) -> Result<String, TextError> {
    if text.len() <= KEPT {
        return Ok(text.all()?.into_owned());
    }
    let path: String = section.path.as_str().chars().take(NOTE_LENGTH / 8).collect();
    Ok(format!(
        "{NOTE}: {} bytes of {}, fingerprint {}",
        text.len(),
        path.replace(char::is_control, " "),
        section.fingerprint
    ))
}

/// A condition that holds where a column has a script, and not merely a note. It does not look into
/// scripts that cannot be one.
pub(super) fn is_kept(column: &str) -> String {
    format!(
        "case when octet_length({column}) > {NOTE_LENGTH} then true \
         else coalesce({column}, '') <> '' and {column} not like '{NOTE}%' end"
    )
}
