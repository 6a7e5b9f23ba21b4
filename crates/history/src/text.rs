//! A text that may be too large to hold.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};
use whimbrel_sql::{Cutting, Fingerprint, Position, Script, Span, SplitError, fingerprint, split};

use crate::files::{Contents, FilesError, Source};

/// The text of a file, or a part of it: held, or left where it is and read piece by piece.
///
/// What is left in its file is hashed block by block when the text is made, and each block that is
/// read later is compared with its hash. So whatever is read at whatever time is what was read
/// first, or an error: a file that changes in between is noticed before a byte of it is used.
#[derive(Clone)]
pub struct Text {
    whole: Whole,
    /// Its bytes in the whole.
    span: Span,
}

#[derive(Clone)]
enum Whole {
    Held(Arc<String>),
    Filed(Arc<Filed>),
}

/// A file that is too large to hold.
struct Filed {
    path: Utf8PathBuf,
    source: Box<dyn Source>,
    size: usize,
    /// SHA-256 of each block.
    blocks: Vec<[u8; 32]>,
    /// The block that was read last, with its number.
    last: Mutex<Option<(usize, Arc<[u8]>)>>,
}

/// Bytes in a block.
const BLOCK: usize = 64 * 1024;

/// How much of a large text's ends is looked at for what stands at a text's ends.
const END: usize = 256 * 1024;

/// Why a text cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// Its file cannot be read.
    #[error(transparent)]
    Read(#[from] FilesError),
    /// Its file changed since it was read first.
    #[error("`{path}` changed while it was being read")]
    Changed {
        /// The file.
        path: Utf8PathBuf,
    },
    /// Its file is not UTF-8.
    #[error("`{path}` is not UTF-8 text: see line {}, column {}", at.line, at.column)]
    NotText {
        /// The file.
        path: Utf8PathBuf,
        /// The first byte that is not.
        at: Position,
    },
}

/// A script that was cut, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its statements, or why it has none.
    pub script: Result<Script, SplitError>,
    /// SHA-256, in hex, over its tokens.
    pub fingerprint: String,
}

/// Some bytes of a text.
#[derive(Debug)]
pub enum Bytes<'a> {
    /// Of one that is held.
    Held(&'a [u8]),
    /// Of one that is not: a block, and what of it.
    Block(Arc<[u8]>, Range<usize>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Held(bytes) => bytes,
            Self::Block(block, range) => &block[range.clone()],
        }
    }
}

impl Text {
    /// Reads a file as text, a byte order mark left out.
    pub fn read(path: &Utf8Path, contents: Contents) -> Result<Self, TextError> {
        let whole = match contents {
            Contents::Held(bytes) => {
                let text = String::from_utf8(bytes).map_err(|error| {
                    let valid = error.utf8_error().valid_up_to();
                    let at = Position::START.behind(without_mark(&error.as_bytes()[..valid]));
                    TextError::NotText { path: path.to_owned(), at }
                })?;
                Whole::Held(Arc::new(text))
            }
            Contents::Large(source) => Whole::Filed(Arc::new(Filed::read(path, source)?)),
        };
        let mut text = Self { span: 0..whole.len(), whole };
        if text.has(0, MARK)? {
            text.span.start = MARK.len();
        }
        Ok(text)
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.span.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.span.is_empty()
    }

    /// The text, if it is held.
    pub fn held(&self) -> Option<&str> {
        match &self.whole {
            Whole::Held(text) => Some(whole_characters(text, &self.span)),
            Whole::Filed(_) => None,
        }
    }

    /// The whole of its file, with a byte order mark.
    #[must_use]
    pub fn of_file(&self) -> Self {
        Self { span: 0..self.whole.len(), whole: self.whole.clone() }
    }

    /// A part of it; as much as there is of that.
    #[must_use]
    pub fn slice(&self, span: Span) -> Self {
        let end = self.span.end.min(self.span.start + span.end);
        let start = end.min(self.span.start + span.start);
        Self { whole: self.whole.clone(), span: start..end }
    }

    /// The bytes from a place on, as many as are at hand; none only at its end.
    pub fn bytes(&self, at: usize) -> Result<Bytes<'_>, TextError> {
        let at = self.span.end.min(self.span.start + at);
        match &self.whole {
            Whole::Held(text) => Ok(Bytes::Held(&text.as_bytes()[at..self.span.end])),
            Whole::Filed(filed) => {
                let number = at / BLOCK;
                let start = number * BLOCK;
                let block = filed.block(number)?;
                let end = block.len().min(self.span.end - start);
                Ok(Bytes::Block(block, (at - start).min(end)..end))
            }
        }
    }

    /// All its bytes, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = Result<Bytes<'_>, TextError>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            if at >= self.len() {
                return None;
            }
            let bytes = self.bytes(at);
            // After an error there is nothing more.
            at = bytes.as_ref().map_or(usize::MAX, |bytes| at + bytes.len());
            Some(bytes)
        })
    }

    /// Whether something stands at a place of it.
    pub fn has(&self, at: usize, what: &str) -> Result<bool, TextError> {
        let mut rest = what.as_bytes();
        for piece in self.slice(at..at + what.len()).pieces() {
            let Some(left) = rest.strip_prefix(&*piece?) else { return Ok(false) };
            rest = left;
        }
        Ok(rest.is_empty())
    }

    /// Puts a part of it behind a text.
    pub fn append(&self, span: Span, to: &mut String) -> Result<(), TextError> {
        let part = self.slice(span);
        if let Some(text) = part.held() {
            to.push_str(text);
            return Ok(());
        }
        to.reserve(part.len());
        // A character may begin in one block and end in the next.
        let mut begun = Vec::new();
        for piece in part.pieces() {
            let piece = piece?;
            let mut bytes: &[u8] = &piece;
            while let (false, Some((next, rest))) = (begun.is_empty(), bytes.split_first()) {
                begun.push(*next);
                bytes = rest;
                if let Ok(character) = str::from_utf8(&begun) {
                    to.push_str(character);
                    begun.clear();
                }
            }
            let valid = match str::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
            };
            to.push_str(valid);
            begun.extend_from_slice(&bytes[valid.len()..]);
        }
        Ok(())
    }

    /// A part of it, in memory; of a character that is only in part in it, nothing.
    pub fn part(&self, span: Span) -> Result<Cow<'_, str>, TextError> {
        if let Whole::Held(text) = &self.whole {
            return Ok(Cow::Borrowed(whole_characters(text, &self.slice(span).span)));
        }
        let mut part = String::new();
        self.append(span, &mut part)?;
        Ok(Cow::Owned(part))
    }

    /// All of it, in memory.
    pub fn all(&self) -> Result<Cow<'_, str>, TextError> {
        self.part(0..self.len())
    }

    /// Its beginning, which of one that is held is the whole.
    pub(crate) fn head(&self) -> Result<Cow<'_, str>, TextError> {
        match &self.whole {
            Whole::Held(_) => self.all(),
            Whole::Filed(_) => {
                let mut head = self.part(0..END.min(self.len()))?.into_owned();
                // A line is looked at whole or not at all.
                if let (true, Some(end)) = (head.len() < self.len(), head.rfind('\n')) {
                    head.truncate(end + 1);
                }
                Ok(Cow::Owned(head))
            }
        }
    }

    /// Its end, which of one that is held is the whole, and where that begins.
    pub(crate) fn tail(&self) -> Result<(usize, Cow<'_, str>), TextError> {
        match &self.whole {
            Whole::Held(_) => Ok((0, self.all()?)),
            Whole::Filed(_) => {
                let mut start = self.len().saturating_sub(END);
                while start < self.len() && is_inside(self.bytes(start)?[0]) {
                    start += 1;
                }
                Ok((start, self.part(start..self.len())?))
            }
        }
    }

    /// Visits its lines, each with the place where it begins; lines of a large text that are
    /// longer than anything one looks for are left out.
    pub(crate) fn each_line(
        &self,
        visit: &mut dyn FnMut(usize, &str) -> Result<(), TextError>,
    ) -> Result<(), TextError> {
        if let Some(text) = self.held() {
            let mut at = 0;
            return text.split_inclusive('\n').try_for_each(|line| {
                at += line.len();
                visit(at - line.len(), line)
            });
        }
        let mut line = Vec::new();
        let mut start = 0;
        let mut at = 0;
        for piece in self.pieces() {
            for part in piece?.split_inclusive(|byte| *byte == b'\n') {
                at += part.len();
                if line.len() + part.len() <= BLOCK {
                    line.extend_from_slice(part);
                }
                if part.ends_with(b"\n") || at == self.len() {
                    if line.len() == at - start {
                        visit(start, &String::from_utf8_lossy(&line))?;
                    }
                    line.clear();
                    start = at;
                }
            }
        }
        Ok(())
    }

    /// The line and column of a place of it.
    pub fn position(&self, at: usize) -> Result<Position, TextError> {
        let mut position = Position::START;
        for piece in self.slice(0..at).pieces() {
            position = position.behind(&piece?);
        }
        Ok(position)
    }

    /// How many lines end before a place of it.
    pub fn lines_before(&self, at: usize) -> Result<usize, TextError> {
        Ok(self.position(at)?.line - 1)
    }

    /// Cuts it into statements.
    pub fn script(&self) -> Result<Result<Script, SplitError>, TextError> {
        match self.held() {
            Some(text) => Ok(split(text)),
            None => Ok(self.cut()?.script),
        }
    }

    /// Hashes its tokens.
    pub fn fingerprint(&self) -> Result<String, TextError> {
        match self.held() {
            Some(text) => Ok(fingerprint(text)),
            None => Ok(self.cut()?.fingerprint),
        }
    }

    /// Cuts it and hashes its tokens.
    pub fn cut(&self) -> Result<Cut, TextError> {
        if let Some(text) = self.held() {
            return Ok(Cut { script: split(text), fingerprint: fingerprint(text) });
        }
        let mut cutting = Cutting::new();
        for piece in self.pieces() {
            if let Err(error) = cutting.feed(&piece?) {
                return self.uncut(error);
            }
        }
        match cutting.end() {
            Ok((script, fingerprint)) => Ok(Cut { script: Ok(script), fingerprint }),
            Err(error) => self.uncut(error),
        }
    }

    fn uncut(&self, error: SplitError) -> Result<Cut, TextError> {
        let mut fingerprint = Fingerprint::uncut();
        let mut marks = 0;
        while self.has(marks, MARK)? {
            marks += MARK.len();
        }
        for piece in self.slice(marks..self.len()).pieces() {
            fingerprint.data(&piece?);
        }
        Ok(Cut { script: Err(error), fingerprint: fingerprint.finish() })
    }
}

impl Whole {
    fn len(&self) -> usize {
        match self {
            Self::Held(text) => text.len(),
            Self::Filed(filed) => filed.size,
        }
    }
}

impl Filed {
    /// Reads a file once, block by block.
    fn read(path: &Utf8Path, source: Box<dyn Source>) -> Result<Self, TextError> {
        let mut filed = Self {
            path: path.to_owned(),
            source,
            size: 0,
            blocks: Vec::new(),
            last: Mutex::default(),
        };
        let mut buffer = vec![0; BLOCK];
        // The bytes of a character that the last block did not end.
        let mut begun: Vec<u8> = Vec::new();
        loop {
            let length = filed.fill(filed.size, &mut buffer)?;
            let block = &buffer[..length];
            begun.extend_from_slice(block);
            let wrong = match str::from_utf8(&begun) {
                Ok(_) => None,
                // At the file's end nothing more follows.
                Err(error) if error.error_len().is_none() && length == BLOCK => {
                    begun.drain(..error.valid_up_to());
                    None
                }
                Err(error) => Some(filed.size + length + error.valid_up_to() - begun.len()),
            };
            if let Some(wrong) = wrong {
                return Err(filed.not_text(wrong)?);
            }
            if begun.len() > 3 {
                begun.clear();
            }
            filed.size += length;
            if length > 0 {
                filed.blocks.push(Sha256::digest(block).into());
            }
            if length < BLOCK {
                return Ok(filed);
            }
        }
    }

    /// Where the file stops being text.
    fn not_text(&self, wrong: usize) -> Result<TextError, TextError> {
        let mut at = Position::START;
        let mut buffer = vec![0; BLOCK];
        for start in (0..wrong).step_by(BLOCK) {
            let length = self.fill(start, &mut buffer)?.min(wrong - start);
            let block = &buffer[..length];
            at = at.behind(if start == 0 { without_mark(block) } else { block });
        }
        Ok(TextError::NotText { path: self.path.clone(), at })
    }

    /// Reads from a place on until the buffer is full or the file ends.
    fn fill(&self, at: usize, buffer: &mut [u8]) -> Result<usize, FilesError> {
        let mut filled = 0;
        while filled < buffer.len() {
            let place = (at + filled) as u64;
            match self.source.read_at(place, &mut buffer[filled..]) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => return Err(FilesError { path: self.path.clone(), source }),
            }
        }
        Ok(filled)
    }

    /// A block as it was read first; behind the last one there is an empty one.
    fn block(&self, number: usize) -> Result<Arc<[u8]>, TextError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, block)) = last.as_ref().filter(|(kept, _)| *kept == number) {
            return Ok(block.clone());
        }
        let Some(hash) = self.blocks.get(number) else { return Ok(Arc::default()) };
        let mut block = vec![0; BLOCK.min(self.size - number * BLOCK)];
        let length = self.fill(number * BLOCK, &mut block)?;
        if length < block.len() || Sha256::digest(&block)[..] != hash[..] {
            return Err(TextError::Changed { path: self.path.clone() });
        }
        let block: Arc<[u8]> = block.into();
        *last = Some((number, block.clone()));
        Ok(block)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { span: 0..text.len(), whole: Whole::Held(Arc::new(text)) }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Default for Text {
    fn default() -> Self {
        String::new().into()
    }
}

/// Shows what is held, and of what is not only where it is.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.whole {
            Whole::Held(text) => whole_characters(text, &self.span).fmt(f),
            Whole::Filed(filed) => write!(f, "{} {:?}", filed.path, self.span),
        }
    }
}

/// A byte order mark.
const MARK: &str = "\u{feff}";

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(MARK.as_bytes()).unwrap_or(bytes)
}

/// A part of a text, without the characters that are only in part in it.
fn whole_characters<'a>(text: &'a str, span: &Span) -> &'a str {
    let start = text.ceil_char_boundary(span.start);
    let end = text.floor_char_boundary(span.end);
    &text[start..end.max(start)]
}

/// Whether a byte goes on with a character.
fn is_inside(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}
