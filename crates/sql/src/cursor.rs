//! Walks over the tokens of one statement.

use crate::lexer::{Tokens, tokens};
use crate::token::{Backslash, Token, TokenKind};

/// A place between two tokens of a statement.
///
/// The text was cut already, so that reading it finds no lexical error; where a caller hands in
/// other text, such an error is the end.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    tokens: Tokens<'a>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str, backslash: Backslash) -> Self {
        Self { text, tokens: tokens(text, backslash) }
    }

    /// The next token, passed.
    pub(crate) fn token(&mut self) -> Option<Token> {
        self.tokens.next()?.ok()
    }

    /// The next token, not passed.
    pub(crate) fn peek(&self) -> Option<Token> {
        self.clone().token()
    }

    /// What a token looks like in the text.
    pub(crate) fn written(&self, token: &Token) -> &'a str {
        &self.text[token.span.clone()]
    }

    /// The statement from the next token on.
    pub(crate) fn rest(&self) -> &'a str {
        self.peek().map_or("", |token| &self.text[token.span.start..])
    }

    /// Whether this token is this unquoted word, given in lower case.
    pub(crate) fn is_word(&self, token: &Token, word: &str) -> bool {
        token.kind == TokenKind::Word && self.written(token).eq_ignore_ascii_case(word)
    }

    /// Passes the next token if it is one of these words.
    pub(crate) fn any_word(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let token = self.peek()?;
        let found = words.iter().find(|word| self.is_word(&token, word))?;
        self.token();
        Some(found)
    }

    /// Passes the next tokens if they are these words, all of them.
    pub(crate) fn words(&mut self, words: &[&str]) -> bool {
        let mut ahead = self.clone();
        for word in words {
            match ahead.token() {
                Some(token) if ahead.is_word(&token, word) => {}
                _ => return false,
            }
        }
        *self = ahead;
        true
    }

    /// Passes the next token if it is this symbol or operator.
    pub(crate) fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek().is_some_and(|token| {
            matches!(token.kind, TokenKind::Symbol | TokenKind::Operator)
                && self.written(&token) == symbol
        });
        if found {
            self.token();
        }
        found
    }

    /// Passes a word or quoted name and reads it.
    pub(crate) fn name(&mut self) -> Option<String> {
        let name = self.peek()?.name(self.text)?;
        self.token();
        Some(name)
    }

    /// Passes a name and its schema and reads them; empty if there is none.
    pub(crate) fn qualified(&mut self) -> Vec<String> {
        let mut parts = Vec::new();
        while let Some(part) = self.name() {
            parts.push(part);
            if !self.symbol(".") {
                break;
            }
        }
        parts
    }

    /// Passes a string constant and reads it.
    pub(crate) fn string(&mut self) -> Option<String> {
        let string = self.peek()?.string(self.text)?;
        self.token();
        Some(string)
    }

    /// Passes tokens up to and with the one that closes the parenthesis passed last.
    pub(crate) fn close(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 {
            let Some(token) = self.token() else { return };
            match self.written(&token) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
        }
    }

    /// Passes tokens up to and with the first of these words that is not in parentheses.
    pub(crate) fn seek(&mut self, words: &[&'static str]) -> Option<&'static str> {
        loop {
            if let Some(found) = self.any_word(words) {
                return Some(found);
            }
            let token = self.token()?;
            if self.written(&token) == "(" {
                self.close();
            }
        }
    }

    /// Reads a parenthesised option list: `(concurrently, verbose off)`.
    ///
    /// Passes it whole; empty if there is none.
    pub(crate) fn options(&mut self) -> Vec<(String, Option<String>)> {
        let mut options = Vec::new();
        if !self.symbol("(") {
            return options;
        }
        loop {
            let name = self.qualified().join(".");
            if name.is_empty() {
                break;
            }
            self.symbol("=");
            let value = match self.peek() {
                Some(token) if matches!(self.written(&token), "," | ")") => None,
                Some(token) => {
                    self.token();
                    let plain = || self.written(&token).to_ascii_lowercase();
                    Some(token.string(self.text).unwrap_or_else(plain))
                }
                None => None,
            };
            options.push((name, value));
            if !self.symbol(",") {
                break;
            }
        }
        self.close();
        options
    }
}

/// Reads an option's value as the server reads a boolean; without a value it is on.
pub(crate) fn is_on(value: Option<&str>) -> bool {
    !matches!(value.map(str::to_ascii_lowercase).as_deref(), Some("off" | "false" | "0"))
}
