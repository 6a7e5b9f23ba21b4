//! What a script says, whatever it looks like.

use sha2::{Digest, Sha256};

use crate::lexer::{segments, tokens};
use crate::split::{Part, walk};
use crate::{Backslash, Span, SplitError, TokenKind};

/// Hashes a script's tokens: SHA-256, in hex.
///
/// Comments, white space, a byte order mark, psql's meta-commands and empty statements are left
/// out; unquoted words count in lower case and line endings in strings and data as LF. A comment
/// inside a function's body is part of a string and counts. A text that cannot be cut is hashed as
/// it is, but for its line endings.
///
/// ```
/// # use whimbrel_sql::fingerprint;
/// assert_eq!(fingerprint("SELECT 1 -- one\r\n"), fingerprint("select\n1;"));
/// assert_ne!(fingerprint("select 'A'"), fingerprint("select 'a'"));
/// ```
pub fn fingerprint(text: &str) -> String {
    let mut fingerprint = Fingerprint::new();
    let cut = walk(text, |part| fingerprint.part(text, &part));
    if cut.is_err() {
        fingerprint = Fingerprint::uncut();
        fingerprint.data(text.trim_start_matches('\u{feff}').as_bytes());
    }
    fingerprint.finish()
}

/// Hashes each statement of a script by itself, its data with it, to show a change statement by
/// statement.
pub fn statement_fingerprints(text: &str) -> Result<Vec<(Span, String)>, SplitError> {
    let mut all: Vec<(Span, Fingerprint)> = Vec::new();
    walk(text, |part| {
        if let Part::Statement { span, .. } = &part {
            all.push((span.clone(), Fingerprint::new()));
        }
        if let Some((_, fingerprint)) = all.last_mut() {
            fingerprint.part(text, &part);
        }
    })?;
    Ok(all.into_iter().map(|(span, fingerprint)| (span, fingerprint.finish())).collect())
}

/// A [`fingerprint`] in the making, of a script that is too large to hold.
#[derive(Debug)]
pub struct Fingerprint {
    hash: Sha256,
    /// Bytes on their way into the hash, which is slow on small helpings.
    waiting: Vec<u8>,
    data: Data,
}

/// What of COPY data was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Data {
    None,
    /// The text is none that can be cut, and all of it is data.
    Uncut {
        carriage_return: bool,
    },
    /// Some, and whether a carriage return at their end still waits for its newline.
    Some {
        carriage_return: bool,
    },
}

/// How many bytes wait at most.
const WAITING: usize = 8 * 1024;

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

impl Fingerprint {
    /// Begins with an empty script.
    pub fn new() -> Self {
        Self { hash: Sha256::new(), waiting: Vec::with_capacity(WAITING), data: Data::None }
    }

    /// Begins with nothing of a text that cannot be cut: all of it is [`data`](Self::data).
    pub fn uncut() -> Self {
        let mut fingerprint = Self::new();
        fingerprint.write(b"\0not cut\0");
        fingerprint.data = Data::Uncut { carriage_return: false };
        fingerprint
    }

    /// Adds a statement, `'…'` being read as `backslash` says.
    pub fn statement(&mut self, statement: &str, backslash: Backslash) {
        self.end_data();
        for token in tokens(statement, backslash).map_while(Result::ok) {
            let written = &statement[token.span];
            match token.kind {
                TokenKind::Word => {
                    let start = self.waiting.len();
                    self.waiting.extend_from_slice(written.as_bytes());
                    self.waiting[start..].make_ascii_lowercase();
                }
                TokenKind::String(quoting) => {
                    // What stands between the parts of a continued constant is white space.
                    let parts = segments(written, quoting);
                    let first = parts.first().map_or(0, |part| part.start);
                    let start = self.waiting.len();
                    self.waiting.extend_from_slice(&written.as_bytes()[..first]);
                    self.waiting[start..].make_ascii_lowercase();
                    for part in parts {
                        self.lines(&written.as_bytes()[part]);
                    }
                    self.write(b"'");
                }
                TokenKind::Dollar => self.lines(written.as_bytes()),
                TokenKind::Name
                | TokenKind::Number
                | TokenKind::Parameter
                | TokenKind::Operator
                | TokenKind::Symbol
                | TokenKind::Stray => self.write(written.as_bytes()),
            }
            // No token holds a NUL, so that this ends one, and a second one the statement.
            self.write(b"\0");
        }
        self.write(b"\0");
    }

    /// Adds some of the data of the statement before.
    pub fn data(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut bytes = bytes;
        match self.data {
            Data::None => self.write(b"data\0"),
            Data::Some { carriage_return: true } | Data::Uncut { carriage_return: true }
                if !bytes.starts_with(b"\n") =>
            {
                self.write(b"\r");
            }
            Data::Some { .. } | Data::Uncut { .. } => {}
        }
        let carriage_return = bytes.ends_with(b"\r");
        if carriage_return {
            bytes = &bytes[..bytes.len() - 1];
        }
        self.data = match self.data {
            Data::Uncut { .. } => Data::Uncut { carriage_return },
            Data::None | Data::Some { .. } => Data::Some { carriage_return },
        };
        self.lines(bytes);
    }

    /// Gives the hash, in hex.
    pub fn finish(mut self) -> String {
        self.end_data();
        self.hash.update(&self.waiting);
        let mut hex = String::with_capacity(64);
        for byte in self.hash.finalize() {
            for digit in [byte >> 4, byte & 0xF] {
                hex.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        hex
    }

    fn part(&mut self, text: &str, part: &Part) {
        match part {
            Part::Statement { span, before, .. } => self.statement(&text[span.clone()], *before),
            Part::Data(span) => self.data(&text.as_bytes()[span.clone()]),
        }
    }

    fn end_data(&mut self) {
        match self.data {
            Data::None | Data::Uncut { carriage_return: false } => return,
            Data::Uncut { carriage_return: true } => self.write(b"\r"),
            Data::Some { carriage_return: true } => self.write(b"\r\0"),
            Data::Some { carriage_return: false } => self.write(b"\0"),
        }
        self.data = Data::None;
    }

    /// Writes a text with its line endings as LF.
    fn lines(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(found) = rest.windows(2).position(|pair| pair == b"\r\n") {
            self.write(&rest[..found]);
            rest = &rest[found + 1..];
        }
        self.write(rest);
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.waiting.len() + bytes.len() > WAITING {
            self.hash.update(&self.waiting);
            self.waiting.clear();
        }
        if bytes.len() > WAITING {
            self.hash.update(bytes);
        } else {
            self.waiting.extend_from_slice(bytes);
        }
    }
}
