//! The server's lexical rules (PostgreSQL's scan.l), as far as they decide where a token ends.
//!
//! The lexer is fed with a window of the text and may be asked again with a longer one, so a text
//! need not be held whole. Only a token that can be long (a constant, a comment) is gone on with
//! where the last window ended; the others are read again from their start.

use crate::split::SplitError;
use crate::token::{
    Backslash, CLASSES, Class, Quoting, Token, TokenKind, continues_word, is_newline,
};

/// Whether more text can follow the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// The text goes on after it.
    Partial,
    /// It holds the text's end.
    Last,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lexed {
    /// A token; go on at its end.
    Token(Token),
    /// The window ends within a token or before it; go on here once there is more.
    More(usize),
    /// The text ends.
    End,
}

/// Finds token after token; see the module's text.
#[derive(Clone, Debug)]
pub(crate) struct Lexer {
    /// How `'…'` is read at this point of the text.
    pub(crate) backslash: Backslash,
    /// Where the window begins in the text.
    pub(crate) origin: usize,
    unfinished: Option<Unfinished>,
}

/// A long token that the last window did not end.
#[derive(Clone, Debug)]
struct Unfinished {
    /// Where it opens, in the text.
    opened: usize,
    /// The length of what opens it.
    opening: usize,
    /// Where to go on, in the window.
    at: usize,
    body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    LineComment,
    BlockComment { depth: usize },
    Name,
    String(Quoting),
    Dollar,
}

/// Where a long token ends, or where to go on looking once there is more text.
type Ends = Result<usize, usize>;

impl Lexer {
    pub(crate) fn new(backslash: Backslash) -> Self {
        Self { backslash, origin: 0, unfinished: None }
    }

    /// Forgets the first bytes of the window.
    pub(crate) fn forget(&mut self, bytes: usize) {
        self.origin += bytes;
        if let Some(unfinished) = &mut self.unfinished {
            unfinished.at -= bytes;
        }
    }

    /// The first byte of the window that is still needed, given where the next token is looked for.
    pub(crate) fn needed_from(&self, at: usize) -> usize {
        match &self.unfinished {
            Some(Unfinished {
                at, body: Body::LineComment | Body::BlockComment { .. }, ..
            }) => *at,
            Some(unfinished) => unfinished.opened - self.origin,
            None => at,
        }
    }

    /// Finds the next token from `at` on.
    pub(crate) fn next(
        &mut self,
        text: &[u8],
        at: usize,
        window: Window,
    ) -> Result<Lexed, SplitError> {
        let mut at = at;
        if let Some(unfinished) = self.unfinished.take() {
            match self.finish(text, unfinished, window)? {
                Finished::Token(token) => return Ok(Lexed::Token(token)),
                Finished::Comment(end) => at = end,
                Finished::More(at) => return Ok(Lexed::More(at)),
            }
        }
        loop {
            let Some(byte) = text.get(at) else {
                return Ok(match window {
                    Window::Partial => Lexed::More(at),
                    Window::Last => Lexed::End,
                });
            };
            let class = CLASSES[usize::from(*byte)];
            if class == Class::Space {
                at += 1;
                continue;
            }
            let (opening, body) = match begin(text, at, class, self.backslash, window) {
                Begun::Short(kind, end) => {
                    return Ok(Lexed::Token(Token { kind, span: at..end }));
                }
                Begun::Long(opening, body) => (opening, body),
                Begun::Cut => return Ok(Lexed::More(at)),
            };
            let long = Unfinished { opened: self.origin + at, opening, at: at + opening, body };
            match self.finish(text, long, window)? {
                Finished::Token(token) => return Ok(Lexed::Token(token)),
                Finished::Comment(end) => at = end,
                Finished::More(at) => return Ok(Lexed::More(at)),
            }
        }
    }

    /// Goes on with a long token.
    fn finish(
        &mut self,
        text: &[u8],
        mut long: Unfinished,
        window: Window,
    ) -> Result<Finished, SplitError> {
        let ends = match &mut long.body {
            Body::LineComment => line_comment(text, long.at, window),
            Body::BlockComment { depth } => block_comment(text, long.at, depth),
            Body::Name => quoted(text, long.at, b'"', Backslash::Plain, window),
            Body::String(Quoting::Escape) => {
                quoted(text, long.at, b'\'', Backslash::Escapes, window)
            }
            Body::String(_) => quoted(text, long.at, b'\'', Backslash::Plain, window),
            Body::Dollar => {
                let start = long.opened - self.origin;
                dollar(text, &text[start..start + long.opening], long.at)
            }
        };
        match (ends, window) {
            (Ok(end), _) => Ok(match long.body {
                Body::LineComment | Body::BlockComment { .. } => Finished::Comment(end),
                Body::Name => self.finished(TokenKind::Name, &long, end),
                Body::String(quoting) => self.finished(TokenKind::String(quoting), &long, end),
                Body::Dollar => self.finished(TokenKind::Dollar, &long, end),
            }),
            (Err(at), Window::Partial) => {
                long.at = at;
                self.unfinished = Some(long);
                Ok(Finished::More(at))
            }
            (Err(_), Window::Last) => Err(self.unterminated(text, &long)),
        }
    }

    fn finished(&self, kind: TokenKind, long: &Unfinished, end: usize) -> Finished {
        Finished::Token(Token { kind, span: long.opened - self.origin..end })
    }

    fn unterminated(&self, text: &[u8], long: &Unfinished) -> SplitError {
        let what = match long.body {
            Body::LineComment | Body::BlockComment { .. } => "comment".to_owned(),
            Body::Name => "quoted identifier".to_owned(),
            Body::String(_) => "quoted string".to_owned(),
            Body::Dollar => {
                let start = long.opened - self.origin;
                let tag = &text[start..start + long.opening];
                format!("dollar-quoted string `{}`", String::from_utf8_lossy(tag))
            }
        };
        SplitError::Unterminated { what, span: long.opened..long.opened + long.opening }
    }
}

enum Finished {
    Token(Token),
    Comment(usize),
    More(usize),
}

fn is_space(byte: u8) -> bool {
    CLASSES[usize::from(byte)] == Class::Space
}

/// What begins at a place.
enum Begun {
    /// A short token, and where it ends.
    Short(TokenKind, usize),
    /// A long one, and how many bytes open it.
    Long(usize, Body),
    /// Something that the window may cut.
    Cut,
}

/// Tells what begins here; `class` is the first byte's.
fn begin(text: &[u8], at: usize, class: Class, backslash: Backslash, window: Window) -> Begun {
    let (kind, end) = match class {
        Class::Word => {
            let end = word(text, at);
            if end == at + 1
                && let Some((opening, body)) = prefixed(&text[at..], backslash)
            {
                return Begun::Long(opening, body);
            }
            (TokenKind::Word, end)
        }
        Class::Punctuation => return Begun::Short(TokenKind::Symbol, at + 1),
        Class::Quote => return Begun::Long(1, Body::String(plain(backslash))),
        Class::DoubleQuote => return Begun::Long(1, Body::Name),
        Class::Digit => (TokenKind::Number, number(text, at)),
        Class::Dot => match text.get(at + 1) {
            Some(b'0'..=b'9') => (TokenKind::Number, number(text, at)),
            Some(b'.') => (TokenKind::Symbol, at + 2),
            _ => (TokenKind::Symbol, at + 1),
        },
        Class::Colon => match text.get(at + 1) {
            Some(b':' | b'=') => (TokenKind::Symbol, at + 2),
            _ => (TokenKind::Symbol, at + 1),
        },
        Class::Operator => match (text[at], text.get(at + 1)) {
            (b'-', Some(b'-')) => return Begun::Long(2, Body::LineComment),
            (b'/', Some(b'*')) => return Begun::Long(2, Body::BlockComment { depth: 1 }),
            _ => (TokenKind::Operator, operator(text, at)),
        },
        Class::Dollar => return dollar_sign(text, at, window),
        Class::Space | Class::Stray => (TokenKind::Stray, at + 1),
    };
    // No rule looks further than three bytes past a token's end (`1e+5`, `U&'`).
    if window == Window::Partial && end + 3 > text.len() {
        return Begun::Cut;
    }
    Begun::Short(kind, end)
}

fn plain(backslash: Backslash) -> Quoting {
    match backslash {
        Backslash::Plain => Quoting::Plain,
        Backslash::Escapes => Quoting::Escape,
    }
}

/// Tells what a single letter opens together with the quote behind it.
fn prefixed(text: &[u8], backslash: Backslash) -> Option<(usize, Body)> {
    let quoting = match text {
        [b'e' | b'E', b'\'', ..] => Quoting::Escape,
        [b'n' | b'N', b'\'', ..] => plain(backslash),
        [b'b' | b'B' | b'x' | b'X', b'\'', ..] => Quoting::Bits,
        [b'u' | b'U', b'&', b'\'', ..] => return Some((3, Body::String(Quoting::Unicode))),
        [b'u' | b'U', b'&', b'"', ..] => return Some((3, Body::Name)),
        _ => return None,
    };
    Some((2, Body::String(quoting)))
}

/// Tells what a `$` outside of names begins: `$1`, `$tag$`, or nothing.
fn dollar_sign(text: &[u8], at: usize, window: Window) -> Begun {
    let rest = &text[at + 1..];
    let digits = leading(rest, u8::is_ascii_digit);
    let tag = match rest.first() {
        Some(first) if CLASSES[usize::from(*first)] == Class::Word => {
            leading(rest, |byte| continues_word(*byte) && *byte != b'$')
        }
        _ => 0,
    };
    if window == Window::Partial && digits.max(tag) == rest.len() {
        Begun::Cut
    } else if digits > 0 {
        Begun::Short(TokenKind::Parameter, at + 1 + digits)
    } else if rest.get(tag) == Some(&b'$') {
        Begun::Long(tag + 2, Body::Dollar)
    } else {
        Begun::Short(TokenKind::Stray, at + 1)
    }
}

/// How many bytes at the start of a text are of a sort.
fn leading(text: &[u8], is_one: impl Fn(&u8) -> bool) -> usize {
    text.iter().position(|byte| !is_one(byte)).unwrap_or(text.len())
}

fn word(text: &[u8], at: usize) -> usize {
    at + leading(&text[at..], |byte| continues_word(*byte))
}

/// Digits with single underscores between them (PostgreSQL 16).
fn grouped(text: &[u8], at: usize, is_digit: fn(&u8) -> bool) -> usize {
    let mut end = at;
    loop {
        match text.get(end) {
            Some(byte) if is_digit(byte) => end += 1,
            Some(b'_') if end > at && text.get(end + 1).is_some_and(is_digit) => end += 2,
            _ => return end,
        }
    }
}

fn number(text: &[u8], at: usize) -> usize {
    if let Some(end) = prefixed_number(text, at) {
        return end;
    }
    let mut end = grouped(text, at, u8::is_ascii_digit);
    // `1..2` is the range of a PL/pgSQL loop, not `1.` and `.2`.
    if text.get(end) == Some(&b'.') && text.get(end + 1) != Some(&b'.') {
        end = grouped(text, end + 1, u8::is_ascii_digit);
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        if text.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = grouped(text, end + 1 + sign, u8::is_ascii_digit);
        }
    }
    end
}

/// `0x1F`, `0o17`, `0b11` (PostgreSQL 16).
fn prefixed_number(text: &[u8], at: usize) -> Option<usize> {
    if text[at] != b'0' {
        return None;
    }
    let is_digit: fn(&u8) -> bool = match text.get(at + 1)? {
        b'x' | b'X' => u8::is_ascii_hexdigit,
        b'o' | b'O' => |byte| matches!(byte, b'0'..=b'7'),
        b'b' | b'B' => |byte| matches!(byte, b'0' | b'1'),
        _ => return None,
    };
    let first = at + 2 + usize::from(text.get(at + 2) == Some(&b'_'));
    let end = grouped(text, first, is_digit);
    (end > first).then_some(end)
}

/// An operator ends before a comment, and before a `+` or `-` at its end unless it holds a
/// character that no operator of the SQL standard has.
fn operator(text: &[u8], at: usize) -> usize {
    let mut end = at;
    while end < text.len() && CLASSES[usize::from(text[end])] == Class::Operator {
        let opens_comment = matches!(text.get(end..end + 2), Some(b"--" | b"/*"));
        if opens_comment {
            break;
        }
        end += 1;
    }
    let signed = |end: usize| end > at + 1 && matches!(text[end - 1], b'+' | b'-');
    if signed(end) {
        let own = |byte: &u8| b"~!@#^&|`?%".contains(byte);
        if !text[at..end - 1].iter().any(own) {
            while signed(end) {
                end -= 1;
            }
        }
    }
    end
}

fn line_comment(text: &[u8], at: usize, window: Window) -> Ends {
    match text[at..].iter().position(|byte| is_newline(*byte)) {
        Some(length) => Ok(at + length),
        None if window == Window::Last => Ok(text.len()),
        None => Err(text.len()),
    }
}

fn block_comment(text: &[u8], mut at: usize, depth: &mut usize) -> Ends {
    loop {
        let Some(found) = text[at..].iter().position(|byte| matches!(byte, b'*' | b'/')) else {
            return Err(text.len());
        };
        at += found;
        match (text[at], text.get(at + 1)) {
            (_, None) => return Err(at),
            (b'*', Some(b'/')) => {
                at += 2;
                *depth -= 1;
                if *depth == 0 {
                    return Ok(at);
                }
            }
            (b'/', Some(b'*')) => {
                at += 2;
                *depth += 1;
            }
            _ => at += 1,
        }
    }
}

fn quoted(text: &[u8], mut at: usize, quote: u8, backslash: Backslash, window: Window) -> Ends {
    let stops = |byte: &u8| *byte == quote || (*byte == b'\\' && backslash == Backslash::Escapes);
    loop {
        let Some(found) = text[at..].iter().position(stops) else {
            return Err(text.len());
        };
        at += found;
        if text[at] == b'\\' {
            if at + 1 == text.len() {
                return Err(at);
            }
            at += 2;
            continue;
        }
        match text.get(at + 1) {
            Some(byte) if *byte == quote => {
                at += 2;
                continue;
            }
            None if window == Window::Partial => return Err(at),
            _ => {}
        }
        if quote == b'"' {
            return Ok(at + 1);
        }
        match continuation(text, at + 1, window) {
            Continuation::At(next) => at = next,
            Continuation::None => return Ok(at + 1),
            Continuation::Unknown => return Err(at),
        }
    }
}

/// Whether a string constant goes on after its closing quote.
enum Continuation {
    At(usize),
    None,
    Unknown,
}

/// Looks for another quote after white space that holds a newline; `--` comments count as such.
fn continuation(text: &[u8], mut at: usize, window: Window) -> Continuation {
    let mut newline = false;
    loop {
        match text.get(at) {
            None if window == Window::Partial => return Continuation::Unknown,
            Some(b'\'') if newline => return Continuation::At(at + 1),
            Some(byte) if is_space(*byte) => {
                newline |= is_newline(*byte);
                at += 1;
            }
            Some(b'-') => match text.get(at + 1) {
                None if window == Window::Partial => return Continuation::Unknown,
                Some(b'-') => match text[at..].iter().position(|byte| is_newline(*byte)) {
                    Some(length) => at += length,
                    None if window == Window::Partial => return Continuation::Unknown,
                    None => return Continuation::None,
                },
                _ => return Continuation::None,
            },
            _ => return Continuation::None,
        }
    }
}

/// Finds the next `$tag$`, the opening one.
fn dollar(text: &[u8], tag: &[u8], mut at: usize) -> Ends {
    loop {
        let Some(found) = text[at..].iter().position(|byte| *byte == b'$') else {
            return Err(text.len());
        };
        at += found;
        let rest = &text[at..];
        if rest.starts_with(tag) {
            return Ok(at + tag.len());
        }
        if rest.len() < tag.len() {
            return Err(at);
        }
        at += 1;
    }
}

/// The parts of a string constant between its quotes: one, and one more for each continuation.
pub(crate) fn segments(token: &str, quoting: Quoting) -> Vec<crate::Span> {
    let text = token.as_bytes();
    let backslash = match quoting {
        Quoting::Escape => Backslash::Escapes,
        Quoting::Plain | Quoting::Unicode | Quoting::Bits => Backslash::Plain,
    };
    let mut parts = Vec::new();
    let mut at = token.find('\'').map_or(text.len(), |quote| quote + 1);
    while let Some(end) = segment_end(text, at, backslash) {
        parts.push(at..end);
        match continuation(text, end + 1, Window::Last) {
            Continuation::At(next) => at = next,
            Continuation::None | Continuation::Unknown => break,
        }
    }
    parts
}

/// Finds the quote that ends a segment.
fn segment_end(text: &[u8], mut at: usize, backslash: Backslash) -> Option<usize> {
    loop {
        match text.get(at)? {
            b'\\' if backslash == Backslash::Escapes => at += 2,
            b'\'' if text.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return Some(at),
            _ => at += 1,
        }
    }
}

/// The tokens of a text that is held whole.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    lexer: Lexer,
    at: usize,
}

/// Finds the tokens of a text that is held whole, `'…'` being read as `backslash` says.
///
/// ```
/// # use whimbrel_sql::{Backslash, tokens};
/// let text = "select 'it''s' -- why";
/// let found: Vec<_> = tokens(text, Backslash::Plain).map(|token| &text[token.unwrap().span]).collect();
/// assert_eq!(found, ["select", "'it''s'"]);
/// ```
pub fn tokens(text: &str, backslash: Backslash) -> Tokens<'_> {
    Tokens { text, lexer: Lexer::new(backslash), at: 0 }
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, SplitError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.lexer.next(self.text.as_bytes(), self.at, Window::Last) {
            Ok(Lexed::Token(token)) => {
                self.at = token.span.end;
                Some(Ok(token))
            }
            Ok(Lexed::More(_) | Lexed::End) => None,
            Err(error) => {
                self.at = self.text.len();
                Some(Err(error))
            }
        }
    }
}
