//! The hashes that tell whether a file is the one that was applied.

use std::fmt::Write as _;
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

use crate::Checksum;

/// SHA-256 in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
    }
    hex
}

/// The hash of a script's tokens: comments, white space and line endings are left out.
pub(crate) fn fingerprint(text: &str) -> String {
    whimbrel_sql::fingerprint(text)
}

/// The fingerprint of a script without a statement.
pub(crate) fn of_nothing() -> &'static str {
    static NOTHING: LazyLock<String> = LazyLock::new(|| fingerprint(""));
    &NOTHING
}

/// Hashes a file whole; `text` is what its bytes read as, after a byte order mark.
pub(crate) fn checksum(bytes: &[u8], header: &str) -> Checksum {
    let raw = sha256(bytes);
    let text = if bytes.contains(&b'\r') { sha256(&unix_line_ends(bytes)) } else { raw.clone() };
    Checksum {
        text,
        bytes: raw,
        header: sha256(header.trim().replace("\r\n", "\n").as_bytes()),
        statements: None,
    }
}

/// Line ends as Python's text mode reads them: CRLF and lone CR are LF.
fn unix_line_ends(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte == b'\r' {
            if bytes.peek() == Some(&&b'\n') {
                bytes.next();
            }
            text.push(b'\n');
        } else {
            text.push(byte);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_checksum_is_pythons() {
        // python3 -c 'import hashlib; print(hashlib.sha256("select 1;\nselect 2;\n".encode()).hexdigest())'
        let python = "061e995aebcb765888ac7580f67ee3815a03b9b9c3fd5ff2dbb40db98b53a737";
        let checksum = checksum(b"select 1;\r\nselect 2;\r", "");
        assert_eq!(checksum.text, python);
        assert_ne!(checksum.bytes, python);
    }
}
