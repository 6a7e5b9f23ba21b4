//! Finds uses of enum values that the same script adds.
//!
//! Postgres refuses them before a commit (55P04). A use is a string constant or a field of COPY
//! data that says the value; a constant that merely equals it costs a commit and breaks nothing.

use crate::Backslash;
use crate::cursor::Cursor;
use crate::token::TokenKind;

/// How deep bodies in bodies are looked into.
const DEPTH: usize = 4;

/// The values added since the last commit.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    values: Vec<String>,
}

impl Uses {
    pub(crate) fn add(&mut self, value: &str) {
        self.values.push(value.to_owned());
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
    }

    /// Finds the first value that a statement uses.
    pub(crate) fn find(&self, statement: &str, backslash: Backslash) -> Option<String> {
        if self.values.is_empty() || only_stores_code(statement, backslash) {
            return None;
        }
        self.find_within(statement, backslash, DEPTH)
    }

    fn find_within(&self, text: &str, backslash: Backslash, depth: usize) -> Option<String> {
        let mut cursor = Cursor::new(text, backslash);
        while let Some(token) = cursor.token() {
            let Some(string) = token.string(text) else { continue };
            let found = self.said(&string).or_else(|| {
                let code = depth > 0 && string.contains('\'');
                code.then(|| self.find_within(&string, Backslash::Plain, depth - 1)).flatten()
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The value that a string says by itself or as an element of an array or a row.
    fn said(&self, string: &str) -> Option<String> {
        let trimmed = string.trim();
        let listed = trimmed.starts_with(['{', '(']) && trimmed.ends_with(['}', ')']);
        let says = |value: &&String| {
            *value == string
                || (listed
                    && trimmed
                        .split(['{', '}', '(', ')', ','])
                        .any(|element| element.trim().trim_matches('"') == value.as_str()))
        };
        self.values.iter().find(says).cloned()
    }

    /// Finds the first value that is a field of COPY data, whatever the delimiter.
    pub(crate) fn find_in_data(&self, lines: &[u8]) -> Option<String> {
        if self.values.is_empty() {
            return None;
        }
        let ends = |byte: &u8| !(byte.is_ascii_alphanumeric() || *byte >= 0x80 || *byte == b'_');
        let says = |value: &&String| {
            let value = value.as_bytes();
            !value.is_empty()
                && lines.windows(value.len()).enumerate().any(|(at, window)| {
                    window == value
                        && (at == 0 || ends(&lines[at - 1]))
                        && lines.get(at + value.len()).is_none_or(ends)
                })
        };
        self.values.iter().find(says).cloned()
    }
}

/// Tells whether a statement makes a function in a language whose code the server does not read
/// before it is called: all but SQL.
fn only_stores_code(statement: &str, backslash: Backslash) -> bool {
    let mut cursor = Cursor::new(statement, backslash);
    if !cursor.words(&["create"]) {
        return false;
    }
    cursor.words(&["or", "replace"]);
    if cursor.any_word(&["function", "procedure"]).is_none() {
        return false;
    }
    while let Some(token) = cursor.token() {
        if cursor.is_word(&token, "language") {
            let language = cursor.name().or_else(|| cursor.string()).unwrap_or_default();
            return !language.eq_ignore_ascii_case("sql");
        }
        if token.kind == TokenKind::Word && cursor.is_word(&token, "atomic") {
            return false;
        }
    }
    false
}
