//! Finds where statements and COPY data begin and end.
//!
//! Postgres' grammar lets a `;` stand inside a statement in two places only: between the
//! statements of a `begin atomic` body, and between the commands in the parentheses of a
//! `create rule`. Whatever else holds one is a single token.

use crate::Span;
use crate::lexer::{Lexed, Lexer, Window};
use crate::position::newlines;
use crate::split::{COPY_DATA, SplitError};
use crate::token::{Backslash, Token, TokenKind};

/// What comes next in a text; spans are in the window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A statement, and whether COPY data follow.
    Statement { span: Span, copies: bool },
    /// Bytes of COPY data, perhaps not all of them.
    Data(Span),
    /// The COPY data are complete.
    DataEnd,
    /// The window is read; go on with a longer one.
    More,
    /// The text ends.
    End,
}

/// Cuts a text, window after window.
#[derive(Debug)]
pub(crate) struct Cutter {
    lexer: Lexer,
    /// Where to go on, in the window.
    at: usize,
    /// Newlines before the window.
    lines: usize,
    phase: Phase,
    open: Option<Open>,
}

/// Data come out by whole lines, but for lines that are longer than this.
const LONG_LINE: usize = 64 * 1024;

/// What is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Start,
    Sql,
    /// The rest of the line of a `copy … from stdin`, which begins here in the text.
    CopyLine(usize),
    /// Its data.
    CopyData {
        copy: usize,
        line: Line,
    },
}

/// Where in a line of data the window goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Start,
    Middle,
}

/// A statement whose end was not found yet.
#[derive(Debug)]
struct Open {
    /// Its first byte, in the window.
    start: usize,
    /// The end of its last token, in the window.
    end: usize,
    lead: Lead,
    /// Parentheses open.
    depth: usize,
    /// `begin atomic` bodies open.
    bodies: usize,
    /// What opened the outermost of them, in the text.
    opener: Span,
}

/// How far the words of a statement have told what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    /// Nothing read yet, of a statement or of one in a `begin atomic` body.
    Start,
    Create,
    CreateOr,
    CreateOrReplace,
    Rule,
    /// `create function` or `create procedure`.
    Routine,
    /// Its word `begin`, and where in the text.
    RoutineBegin(usize),
    Copy,
    CopyFrom,
    CopyIn,
    /// Anything in which a `;` is the end.
    Other,
}

/// The commands of psql's that are accepted and left out.
const LEFT_OUT: [&str; 3] = [r"\restrict", r"\unrestrict", r"\echo"];

impl Cutter {
    pub(crate) fn new() -> Self {
        Self {
            lexer: Lexer::new(Backslash::Plain),
            at: 0,
            lines: 0,
            phase: Phase::Start,
            open: None,
        }
    }

    /// Sets how `'…'` is read from here on.
    pub(crate) fn set_backslash(&mut self, backslash: Backslash) {
        self.lexer.backslash = backslash;
    }

    /// The place in the window that was read up to.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// How many bytes of the window are not needed again.
    pub(crate) fn done(&self) -> usize {
        let needed = self.lexer.needed_from(self.at);
        self.open.as_ref().map_or(needed, |open| needed.min(open.start))
    }

    /// Forgets the first bytes of the window.
    pub(crate) fn forget(&mut self, bytes: &[u8]) {
        self.lines += newlines(bytes);
        self.lexer.forget(bytes.len());
        self.at -= bytes.len();
        if let Some(open) = &mut self.open {
            open.start -= bytes.len();
            open.end -= bytes.len();
        }
    }

    /// The line of a place in the window, from 1.
    pub(crate) fn line(&self, text: &[u8], at: usize) -> usize {
        self.lines + newlines(&text[..at]) + 1
    }

    /// Finds what comes next.
    pub(crate) fn next(&mut self, text: &[u8], window: Window) -> Result<Cut, SplitError> {
        loop {
            let cut = match self.phase {
                Phase::Start => self.mark(text, window),
                Phase::Sql => return self.sql(text, window),
                Phase::CopyLine(copy) => self.copy_line(text, copy, window)?,
                Phase::CopyData { copy, line } => self.copy_data(text, copy, line, window)?,
            };
            if let Some(cut) = cut {
                return Ok(cut);
            }
        }
    }

    /// Passes a byte order mark.
    fn mark(&mut self, text: &[u8], window: Window) -> Option<Cut> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        if window == Window::Partial && text.len() < MARK.len() && MARK.starts_with(text) {
            return Some(Cut::More);
        }
        if text.starts_with(MARK) {
            self.at = MARK.len();
        }
        self.phase = Phase::Sql;
        None
    }

    /// Reads on to the end of a statement.
    fn sql(&mut self, text: &[u8], window: Window) -> Result<Cut, SplitError> {
        loop {
            match self.lexer.next(text, self.at, window)? {
                Lexed::More(at) => {
                    self.at = at;
                    return Ok(Cut::More);
                }
                Lexed::End => {
                    self.at = text.len();
                    return self.end();
                }
                Lexed::Token(token) => {
                    let start = token.span.start;
                    if text[start] == b'\\' {
                        let end = self.meta_command(text, start, window)?;
                        self.at = end.unwrap_or(start);
                        if end.is_none() {
                            return Ok(Cut::More);
                        }
                        continue;
                    }
                    self.at = token.span.end;
                    if self.take(text, &token) == Taken::End
                        && let Some(open) = self.open.take()
                    {
                        return Ok(self.cut(&open));
                    }
                }
            }
        }
    }

    /// Notes what a token means for the statement's end.
    fn take(&mut self, text: &[u8], token: &Token) -> Taken {
        let is_end = text[token.span.start] == b';';
        match &mut self.open {
            // Nearly all tokens: nothing but a semicolon matters any more.
            Some(open) if open.lead == Lead::Other && open.bodies == 0 => {
                if is_end {
                    return Taken::End;
                }
                open.end = token.span.end;
                Taken::Inside
            }
            Some(open) => open.take(&text[token.span.clone()], token, self.lexer.origin),
            None if is_end => Taken::Inside,
            None => {
                let mut open = Open::new(token.span.start);
                open.take(&text[token.span.clone()], token, self.lexer.origin);
                self.open = Some(open);
                Taken::Inside
            }
        }
    }

    fn cut(&mut self, open: &Open) -> Cut {
        let copies = open.lead == Lead::CopyIn;
        if copies {
            self.phase = Phase::CopyLine(self.lexer.origin + open.start);
        }
        Cut::Statement { span: open.start..open.end, copies }
    }

    /// The text ends: so does a statement without a semicolon.
    fn end(&mut self) -> Result<Cut, SplitError> {
        let Some(open) = self.open.take() else { return Ok(Cut::End) };
        if open.bodies > 0 {
            let what = "`begin atomic` body".to_owned();
            return Err(SplitError::Unterminated { what, span: open.opener });
        }
        if open.lead == Lead::Rule && open.depth > 0 {
            let what = "parenthesis of `create rule`".to_owned();
            return Err(SplitError::Unterminated { what, span: open.opener });
        }
        Ok(self.cut(&open))
    }

    /// Passes a command of psql's to the end of its line, or to SQL behind a `\\`.
    ///
    /// Gives the place to go on, none if the line's end is not in the window.
    fn meta_command(
        &self,
        text: &[u8],
        start: usize,
        window: Window,
    ) -> Result<Option<usize>, SplitError> {
        let newline = text[start..].iter().position(|byte| *byte == b'\n');
        let end = match (newline, window) {
            (Some(length), _) => start + length,
            (None, Window::Last) => text.len(),
            (None, Window::Partial) => return Ok(None),
        };
        let ends_name = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\\';
        let name_end = text[start + 1..end]
            .iter()
            .position(ends_name)
            .map_or(end, |length| start + 1 + length);
        let name = String::from_utf8_lossy(&text[start..name_end]).into_owned();
        let span = self.lexer.origin + start..self.lexer.origin + name_end;
        let line = || self.line(text, start);
        if !LEFT_OUT.contains(&name.as_str()) {
            return Err(SplitError::MetaCommand { name, line: line(), span });
        }
        if self.open.is_some() {
            return Err(SplitError::MetaCommandInside { name, line: line(), span });
        }
        Ok(Some(arguments_end(text, name_end, end)))
    }

    /// Passes what may stand behind the semicolon of a `copy … from stdin`.
    fn copy_line(
        &mut self,
        text: &[u8],
        copy: usize,
        window: Window,
    ) -> Result<Option<Cut>, SplitError> {
        let rest = &text[self.at..];
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            return match window {
                Window::Partial => Ok(Some(Cut::More)),
                Window::Last => Err(unterminated_copy(copy)),
            };
        };
        let after = rest[..length].trim_ascii();
        // A comment may follow, if it lasts as long as the line.
        let comment = after.starts_with(b"--") && !after.contains(&b'\r');
        if !(after.is_empty() || comment) {
            let start =
                self.at + rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
            let line = self.line(text, start);
            let start = self.lexer.origin + start;
            return Err(SplitError::AfterCopy { line, span: start..start + after.len() });
        }
        self.at += length + 1;
        self.phase = Phase::CopyData { copy, line: Line::Start };
        Ok(None)
    }

    /// Passes data up to a line that holds only `\.`.
    fn copy_data(
        &mut self,
        text: &[u8],
        copy: usize,
        line: Line,
        window: Window,
    ) -> Result<Option<Cut>, SplitError> {
        let start = self.at;
        let mut at = start;
        let mut line = line;
        loop {
            if line == Line::Start {
                match end_of_data(&text[at..], window) {
                    EndOfData::Here(length) => {
                        if at > start {
                            self.at = at;
                            self.phase = Phase::CopyData { copy, line };
                            return Ok(Some(Cut::Data(start..at)));
                        }
                        self.at = at + length;
                        self.phase = Phase::Sql;
                        return Ok(Some(Cut::DataEnd));
                    }
                    EndOfData::Perhaps => break,
                    EndOfData::No => {}
                }
            }
            let Some(length) = text[at..].iter().position(|byte| *byte == b'\n') else {
                if text.len() - at > LONG_LINE {
                    at = text.len();
                    line = Line::Middle;
                }
                break;
            };
            at += length + 1;
            line = Line::Start;
        }
        if window == Window::Last {
            return Err(unterminated_copy(copy));
        }
        self.at = at;
        self.phase = Phase::CopyData { copy, line };
        Ok(Some(if at > start { Cut::Data(start..at) } else { Cut::More }))
    }
}

/// Whether the statement ended with the token.
#[derive(PartialEq, Eq)]
enum Taken {
    Inside,
    End,
}

impl Open {
    fn new(start: usize) -> Self {
        Self { start, end: start, lead: Lead::Start, depth: 0, bodies: 0, opener: 0..0 }
    }

    fn take(&mut self, written: &[u8], token: &Token, origin: usize) -> Taken {
        match token.kind {
            TokenKind::Symbol => match written {
                b";" if self.bodies > 0 && self.depth == 0 => self.lead = Lead::Start,
                b";" if self.bodies > 0 || (self.lead == Lead::Rule && self.depth > 0) => {}
                b";" => return Taken::End,
                b"(" => {
                    if self.depth == 0 && self.bodies == 0 {
                        self.opener = origin + token.span.start..origin + token.span.end;
                    }
                    self.depth += 1;
                    self.no_word();
                }
                b")" => {
                    self.depth = self.depth.saturating_sub(1);
                    self.no_word();
                }
                _ => self.no_word(),
            },
            TokenKind::Word => self.word(written, token, origin),
            TokenKind::Name
            | TokenKind::String(_)
            | TokenKind::Dollar
            | TokenKind::Number
            | TokenKind::Parameter
            | TokenKind::Operator
            | TokenKind::Stray => self.no_word(),
        }
        self.end = token.span.end;
        Taken::Inside
    }

    /// Takes anything but a word: it belongs to no lead.
    fn no_word(&mut self) {
        self.lead = match self.lead {
            Lead::Rule | Lead::Routine | Lead::Copy | Lead::CopyIn => self.lead,
            Lead::RoutineBegin(_) => Lead::Routine,
            Lead::Start
            | Lead::Create
            | Lead::CreateOr
            | Lead::CreateOrReplace
            | Lead::CopyFrom
            | Lead::Other => Lead::Other,
        };
    }

    fn word(&mut self, written: &[u8], token: &Token, origin: usize) {
        let is = |word: &str| written.eq_ignore_ascii_case(word.as_bytes());
        self.lead = match self.lead {
            Lead::Other | Lead::Rule | Lead::CopyIn => return,
            Lead::Start if self.bodies > 0 && self.depth == 0 && is("end") => {
                self.bodies -= 1;
                Lead::Other
            }
            Lead::Start if is("create") => Lead::Create,
            Lead::Start if is("copy") && self.bodies == 0 => Lead::Copy,
            Lead::Create if is("or") => Lead::CreateOr,
            Lead::CreateOr if is("replace") => Lead::CreateOrReplace,
            Lead::Create | Lead::CreateOrReplace if is("rule") => Lead::Rule,
            Lead::Create | Lead::CreateOrReplace if is("function") || is("procedure") => {
                Lead::Routine
            }
            Lead::Routine | Lead::RoutineBegin(_) if self.depth == 0 && is("begin") => {
                Lead::RoutineBegin(origin + token.span.start)
            }
            Lead::RoutineBegin(begin) if is("atomic") => {
                if self.bodies == 0 {
                    self.opener = begin..origin + token.span.end;
                }
                self.bodies += 1;
                Lead::Start
            }
            Lead::Routine | Lead::RoutineBegin(_) => Lead::Routine,
            Lead::Copy if self.depth == 0 && is("from") => Lead::CopyFrom,
            Lead::Copy => Lead::Copy,
            Lead::CopyFrom if is("stdin") || is("stdout") => Lead::CopyIn,
            Lead::Start
            | Lead::Create
            | Lead::CreateOr
            | Lead::CreateOrReplace
            | Lead::CopyFrom => Lead::Other,
        };
    }
}

/// Passes the arguments of a meta-command; an unquoted backslash begins another one.
fn arguments_end(text: &[u8], from: usize, line_end: usize) -> usize {
    let mut quote = None;
    let mut at = from;
    while at < line_end {
        match (text[at], quote) {
            (b'\\', Some(b'\'')) => at += 1,
            (b'\\', None) if text.get(at + 1) == Some(&b'\\') => return at + 2,
            (b'\\', None) => return at,
            (byte @ (b'\'' | b'"' | b'`'), None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            _ => {}
        }
        at += 1;
    }
    line_end
}

fn unterminated_copy(copy: usize) -> SplitError {
    SplitError::Unterminated { what: COPY_DATA.to_owned(), span: copy..copy + "copy".len() }
}

/// Whether a line of data is the one that ends them.
enum EndOfData {
    Here(usize),
    Perhaps,
    No,
}

fn end_of_data(line: &[u8], window: Window) -> EndOfData {
    for end in [b"\\.\n".as_slice(), b"\\.\r\n"] {
        if line.starts_with(end) {
            return EndOfData::Here(end.len());
        }
        let cut_off = end.starts_with(line);
        match window {
            Window::Partial if cut_off => return EndOfData::Perhaps,
            Window::Last if cut_off && line.len() >= b"\\.".len() => {
                return EndOfData::Here(line.len());
            }
            Window::Partial | Window::Last => {}
        }
    }
    EndOfData::No
}
