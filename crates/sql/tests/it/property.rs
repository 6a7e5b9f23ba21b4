//! What holds of every text. The fuzz target uses this file too.

use std::ops::Range;

use whimbrel_sql::{Kind, Outline, Piece, SplitError, Splitter, fingerprint, split};

/// A statement's span and kind, and its data.
type Part = (Range<usize>, Kind, Option<Vec<u8>>);

/// Panics if a text is cut in a way that cannot be right; `helping` bytes are streamed at a time.
pub(crate) fn holds(text: &str, helping: usize) {
    let whole = split(text);
    let parts = match &whole {
        Ok(script) => {
            let parts: Vec<Part> = script
                .statements
                .iter()
                .map(|statement| {
                    let data = statement.data.clone().map(|data| text.as_bytes()[data].to_owned());
                    (statement.span.clone(), statement.kind.clone(), data)
                })
                .collect();
            spans_are_exact(text, &parts);
            let outline = Outline { mode: script.mode.clone(), sending: script.sending };
            Ok((parts, outline))
        }
        Err(error) => {
            assert!(text.get(error.span()).is_some_and(|bytes| !bytes.is_empty()), "{error:?}");
            Err(error.clone())
        }
    };
    assert_eq!(fingerprint(text).len(), 64);
    // The whole is searched for NUL first; a stream comes upon other errors before it.
    if !text.contains('\0') {
        assert_eq!(streamed(text, helping.max(1)), parts, "{helping} bytes at a time");
    }
}

/// Spans lie between characters, do not overlap, and hold neither too little nor too much.
fn spans_are_exact(text: &str, parts: &[Part]) {
    let mut end = 0;
    for (span, _, data) in parts {
        assert!(end <= span.start && span.start < span.end, "{span:?} of {text:?}");
        let statement = text.get(span.clone()).expect("a span lies between characters");
        assert_eq!(statement, statement.trim_ascii(), "white space is left out");
        assert!(!statement.starts_with(';'));
        end = span.end + data.as_ref().map_or(0, Vec::len);
    }
}

fn streamed(text: &str, helping: usize) -> Result<(Vec<Part>, Outline), SplitError> {
    let mut splitter = Splitter::new();
    let mut parts = Vec::new();
    for bytes in text.as_bytes().chunks(helping) {
        splitter.feed(bytes)?;
        drain(&mut splitter, &mut parts)?;
    }
    splitter.end();
    drain(&mut splitter, &mut parts)?;
    Ok((parts, splitter.finish()))
}

fn drain(splitter: &mut Splitter, parts: &mut Vec<Part>) -> Result<(), SplitError> {
    while let Some(piece) = splitter.piece()? {
        match piece {
            Piece::Statement { span, kind, .. } => {
                let data = (kind == Kind::CopyIn).then(Vec::new);
                parts.push((span, kind, data));
            }
            Piece::Data(bytes) => {
                let (_, _, data) = parts.last_mut().expect("data follow a statement");
                data.as_mut().expect("of a copy").extend_from_slice(bytes);
            }
            Piece::DataEnd => {}
        }
    }
    Ok(())
}
