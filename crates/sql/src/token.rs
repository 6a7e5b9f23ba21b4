//! What a text is made of, and what each byte can begin.

use crate::Span;

/// A token of a text, comments and white space left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes.
    pub span: Span,
}

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An unquoted name or a keyword.
    Word,
    /// `"name"` or `U&"name"`.
    Name,
    /// A constant in single quotes, with its prefix and all its continuations.
    String(Quoting),
    /// `$tag$ … $tag$`.
    Dollar,
    /// A numeric constant.
    Number,
    /// `$1`.
    Parameter,
    /// An operator of the server's or of the user's.
    Operator,
    /// One of `, ( ) [ ] . ; :` or `::`, `:=`, `..`.
    Symbol,
    /// A byte that begins no token of SQL, such as a backslash.
    Stray,
}

/// How a constant in single quotes is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// `'…'` or `N'…'`, a backslash being a backslash.
    Plain,
    /// `E'…'`, or `'…'` while `standard_conforming_strings` is off.
    Escape,
    /// `U&'…'`.
    Unicode,
    /// `B'…'` or `X'…'`.
    Bits,
}

/// What a backslash is in `'…'` without a prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backslash {
    /// A backslash: `standard_conforming_strings` is on, as it is by default.
    #[default]
    Plain,
    /// The start of an escape: `standard_conforming_strings` is off.
    Escapes,
}

/// What a byte begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Space,
    Word,
    Digit,
    Quote,
    DoubleQuote,
    Dollar,
    Dot,
    Colon,
    Punctuation,
    Operator,
    Stray,
}

/// What each byte begins outside of any token; a name may begin with any byte from 0x80, and a
/// vertical tab is white space since PostgreSQL 17.
pub(crate) static CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Stray; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Class::Space,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Class::Word,
            b'0'..=b'9' => Class::Digit,
            b'\'' => Class::Quote,
            b'"' => Class::DoubleQuote,
            b'$' => Class::Dollar,
            b'.' => Class::Dot,
            b':' => Class::Colon,
            b',' | b'(' | b')' | b'[' | b']' | b';' => Class::Punctuation,
            b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'+' | b'-' | b'*'
            | b'/' | b'%' | b'<' | b'>' | b'=' => Class::Operator,
            _ => Class::Stray,
        };
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

/// Tells whether a name can go on with this byte.
pub(crate) fn continues_word(byte: u8) -> bool {
    matches!(CLASSES[usize::from(byte)], Class::Word | Class::Digit | Class::Dollar)
}

/// Tells whether this byte ends a `--` comment; a lone carriage return does.
pub(crate) fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
