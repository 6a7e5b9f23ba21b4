//! What a token says: names and string constants without their quotes and escapes.

use crate::lexer::segments;
use crate::token::{Quoting, Token, TokenKind};

impl Token {
    /// The name that a word or a quoted name stands for; none for other tokens.
    ///
    /// An escape character that `uescape` states is not looked for.
    pub fn name(&self, text: &str) -> Option<String> {
        name(text, self)
    }

    /// The text that a string constant stands for; none for other tokens.
    ///
    /// An escape character that `uescape` states is not looked for.
    pub fn string(&self, text: &str) -> Option<String> {
        string(text, self)
    }
}

fn name(text: &str, token: &Token) -> Option<String> {
    let written = &text[token.span.clone()];
    match token.kind {
        TokenKind::Word => Some(written.to_ascii_lowercase()),
        TokenKind::Name => {
            let open = written.find('"')?;
            let inner = written[open + 1..written.len() - 1].replace("\"\"", "\"");
            Some(if open == 0 { inner } else { unicode(&inner, '\\') })
        }
        TokenKind::String(_)
        | TokenKind::Dollar
        | TokenKind::Number
        | TokenKind::Parameter
        | TokenKind::Operator
        | TokenKind::Symbol
        | TokenKind::Stray => None,
    }
}

fn string(text: &str, token: &Token) -> Option<String> {
    let written = &text[token.span.clone()];
    match token.kind {
        TokenKind::String(quoting) => {
            let joined: String =
                segments(written, quoting).into_iter().map(|part| &written[part]).collect();
            Some(match quoting {
                Quoting::Plain | Quoting::Bits => joined.replace("''", "'"),
                Quoting::Unicode => unicode(&joined.replace("''", "'"), '\\'),
                Quoting::Escape => escaped(&joined),
            })
        }
        TokenKind::Dollar => Some(dollar_body(written).to_owned()),
        TokenKind::Word
        | TokenKind::Name
        | TokenKind::Number
        | TokenKind::Parameter
        | TokenKind::Operator
        | TokenKind::Symbol
        | TokenKind::Stray => None,
    }
}

/// What stands between the two tags.
fn dollar_body(written: &str) -> &str {
    let tag = written[1..].find('$').map_or(written.len(), |end| end + 2);
    written.get(tag..written.len().saturating_sub(tag)).unwrap_or_default()
}

/// Reads `\XXXX` and `\+XXXXXX`; what is no escape stays as it is, since the server refuses it.
fn unicode(inner: &str, escape: char) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut units = Vec::new();
    let mut rest = inner;
    while let Some(next) = rest.chars().next() {
        let code = (next == escape).then(|| hexadecimal(&rest[escape.len_utf8()..])).flatten();
        if let Some((unit, length)) = code {
            units.push(unit);
            rest = &rest[escape.len_utf8() + length..];
        } else {
            push_units(&mut out, &mut units);
            out.push(next);
            let doubled = next == escape && rest[next.len_utf8()..].starts_with(escape);
            rest = &rest[next.len_utf8() * (1 + usize::from(doubled))..];
        }
    }
    push_units(&mut out, &mut units);
    out
}

/// Reads what follows the escape character: four digits, or a plus sign and six.
fn hexadecimal(rest: &str) -> Option<(u32, usize)> {
    let (digits, length) = match rest.strip_prefix('+') {
        Some(six) => (six.get(..6)?, 7),
        None => (rest.get(..4)?, 4),
    };
    let digits_only = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits_only.then(|| u32::from_str_radix(digits, 16).ok().map(|code| (code, length))).flatten()
}

/// Writes code points, two halves of a surrogate pair as one.
fn push_units(out: &mut String, units: &mut Vec<u32>) {
    let mut waiting = units.drain(..).peekable();
    while let Some(unit) = waiting.next() {
        let low = waiting.peek().copied().filter(|low| (0xDC00..0xE000).contains(low));
        let code = match low {
            Some(low) if (0xD800..0xDC00).contains(&unit) => {
                waiting.next();
                0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
            }
            _ => unit,
        };
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

/// Reads the escapes of `E'…'`.
fn escaped(inner: &str) -> String {
    let bytes = inner.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => {
                out.push(b'\'');
                at += 2;
            }
            (b'\\', Some(escape)) => {
                at += 2;
                let (base, most) = match escape {
                    b'x' => (16, 2),
                    b'u' => (16, 4),
                    b'U' => (16, 8),
                    b'0'..=b'7' => (8, 3),
                    _ => {
                        out.push(control(*escape));
                        continue;
                    }
                };
                let start = if base == 8 { at - 1 } else { at };
                let (code, end) = digits(bytes, start, base, most);
                if end == start {
                    out.push(*escape);
                } else if let (b'u' | b'U', Some(written)) = (escape, char::from_u32(code)) {
                    out.extend_from_slice(written.encode_utf8(&mut [0; 4]).as_bytes());
                } else {
                    out.push(u8::try_from(code & 0xFF).unwrap_or_default());
                }
                at = end;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn control(escape: u8) -> u8 {
    match escape {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        other => other,
    }
}

fn digits(bytes: &[u8], start: usize, base: u32, most: usize) -> (u32, usize) {
    let mut code = 0_u32;
    let mut end = start;
    while end < start + most {
        let Some(digit) = bytes.get(end).and_then(|byte| char::from(*byte).to_digit(base)) else {
            break;
        };
        code = code.wrapping_mul(base).wrapping_add(digit);
        end += 1;
    }
    (code, end)
}
