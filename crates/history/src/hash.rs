//! The hashes that tell whether a file is the one that was applied.

use std::fmt::Write as _;
use std::sync::LazyLock;

use camino::Utf8Path;
use sha2::{Digest as _, Sha256};

use crate::{Checksum, Contents, Files, FilesError, Text, TextError};

/// SHA-256 in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file, in hex.
pub(crate) fn of_file(files: &dyn Files, path: &Utf8Path) -> Result<String, FilesError> {
    let source = match files.open(path)? {
        Contents::Held(bytes) => return Ok(sha256(&bytes)),
        Contents::Large(source) => source,
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut at = 0;
    loop {
        let length = source.read_at(at, &mut buffer);
        match length.map_err(|source| FilesError { path: path.to_owned(), source })? {
            0 => return Ok(hex(&hash.finalize())),
            length => {
                hash.update(&buffer[..length]);
                at += length as u64;
            }
        }
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
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

/// Hashes a file whole; `text` is what it reads as, after a byte order mark.
pub(crate) fn checksum(text: &Text, header: &str) -> Result<Checksum, TextError> {
    let mut raw = Sha256::new();
    let mut unix: Option<UnixLines> = None;
    for piece in text.of_file().pieces() {
        let piece = piece?;
        if unix.is_none() && piece.contains(&b'\r') {
            unix = Some(UnixLines { hash: raw.clone(), carriage_return: false });
        }
        raw.update(&*piece);
        if let Some(unix) = &mut unix {
            unix.update(&piece);
        }
    }
    let bytes = hex(&raw.finalize());
    Ok(Checksum {
        text: unix.map_or_else(|| bytes.clone(), UnixLines::finish),
        bytes,
        header: sha256(header.trim().replace("\r\n", "\n").as_bytes()),
        statements: None,
    })
}

/// Hashes line ends as Python's text mode reads them: CRLF and lone CR are LF.
struct UnixLines {
    hash: Sha256,
    /// Whether the last piece ended in one, of which the line's end is hashed already.
    carriage_return: bool,
}

impl UnixLines {
    fn update(&mut self, bytes: &[u8]) {
        let mut text = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            match byte {
                b'\r' => text.push(b'\n'),
                b'\n' if self.carriage_return => {}
                other => text.push(other),
            }
            self.carriage_return = byte == b'\r';
        }
        self.hash.update(&text);
    }

    fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_checksum_is_pythons() {
        // python3 -c 'import hashlib; print(hashlib.sha256("select 1;\nselect 2;\n".encode()).hexdigest())'
        let python = "061e995aebcb765888ac7580f67ee3815a03b9b9c3fd5ff2dbb40db98b53a737";
        let checksum = checksum(&"select 1;\r\nselect 2;\r".into(), "").unwrap();
        assert_eq!(checksum.text, python);
        assert_ne!(checksum.bytes, python);
    }
}
