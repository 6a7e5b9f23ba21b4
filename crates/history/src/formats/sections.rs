//! The marks that part a file into an up and a down script.

use camino::Utf8Path;
use whimbrel_sql::{Diagnostic, Span, SplitError};

use super::header::{comment, error, readable};
use crate::digest::Part;
use crate::nearest::distance;
use crate::{Migration, Text, TextError, hash};

/// The parts of a file that has marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sections {
    /// What stands before the first mark.
    pub(super) head: Span,
    /// The `@up` line; `None` where the up script is what stands before `@down`.
    pub(super) up_mark: Option<Span>,
    /// The up script.
    pub(super) up: Span,
    /// The down script.
    pub(super) down: Option<Span>,
}

/// Which script begins at a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Up,
    Down,
}

/// The marks of one format.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// What a comment's text marks.
    pub(super) side: fn(&str) -> Option<Side>,
    /// How the mark of an up script is written.
    pub(super) up: &'static str,
    /// What stands in a comment that is one.
    pub(super) words: &'static [&'static str],
}

/// `-- @up` and `-- @down`, or `-- whimbrel: up` and `-- whimbrel: down`.
pub(super) const OURS: Marks = Marks {
    side: |text| match text.to_ascii_lowercase().as_str() {
        "@up" | "whimbrel: up" | "whimbrel:up" => Some(Side::Up),
        "@down" | "whimbrel: down" | "whimbrel:down" => Some(Side::Down),
        _ => None,
    },
    up: "-- @up",
    words: &["@up", "@down", "whimbrel: up", "whimbrel: down"],
};

impl Marks {
    /// The mark that a comment nearly is: its script would run as part of the other.
    fn nearly(&self, text: &str) -> Option<&'static str> {
        let limit = |word: &str| if word.len() < 8 { 1 } else { 2 };
        // Most comments are too long to be one.
        let mut words = self.words.iter().copied();
        words.find(|word| {
            text.len().abs_diff(word.len()) <= limit(word)
                && distance(&text.to_lowercase(), &word.to_lowercase()) <= limit(word)
        })
    }
}

/// How the mark of a down script is written among ours.
pub(super) const OURS_DOWN: &str = "-- @down";

/// Where a down script begins that stands in the file of its up script.
pub(super) fn line_in(mark: &str, migration: &Migration) -> String {
    format!("below a line `{mark}` in `{}`", migration.path)
}

struct Mark {
    /// The mark that it nearly is, where it is none.
    meant: Option<&'static str>,
    side: Side,
    line: Span,
    word: Span,
}

/// Finds the marks; `None` in a file without any. A line inside a quote or comment is no mark.
pub(super) fn sections(
    path: &Utf8Path,
    text: &Text,
    known: Marks,
) -> Result<Option<Sections>, Vec<Diagnostic>> {
    let all = readable(path, marks(text, known))?;
    let (wrong, marks): (Vec<Mark>, Vec<Mark>) =
        all.into_iter().partition(|mark| mark.meant.is_some());
    let up: Vec<&Mark> = marks.iter().filter(|mark| mark.side == Side::Up).collect();
    let down: Vec<&Mark> = marks.iter().filter(|mark| mark.side == Side::Down).collect();
    let mut errors = Vec::new();
    for Mark { meant, word, .. } in &wrong {
        let written = readable(path, text.part(word.clone()))?;
        let hint = format!("did you mean `-- {}`?", meant.unwrap_or_default());
        errors.push(error(path, word.clone(), format!("`{written}` is not a mark"), vec![hint]));
    }
    for again in up.iter().skip(1).chain(down.iter().skip(1)) {
        let first =
            marks.iter().find(|mark| mark.side == again.side).expect("it has an equal before it");
        let before = readable(path, text.lines_before(first.word.start))?;
        errors.push(error(
            path,
            again.word.clone(),
            format!(
                "`{}` a second time; the first is in line {}",
                readable(path, text.part(again.word.clone()))?,
                before + 1
            ),
            vec!["a file has one up and one down section".into()],
        ));
    }
    if let (Some(up), Some(down)) = (up.first(), down.first())
        && down.line.start < up.line.start
    {
        errors.push(error(
            path,
            down.word.clone(),
            "the down section stands before the up section",
            vec![format!("put `{}` and its script first", known.up)],
        ));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let (up, down) = (up.first(), down.first());
    let Some(first) = up.or(down) else {
        return Ok(None);
    };
    let end = down.map_or(text.len(), |down| down.line.start);
    let trim = |span| readable(path, trim(text, span));
    Ok(Some(Sections {
        head: 0..first.line.start,
        up_mark: up.map(|up| up.line.clone()),
        up: trim(up.map_or(0, |up| up.line.end)..end)?,
        down: down.map(|down| trim(down.line.end..text.len())).transpose()?,
    }))
}

/// The lines that are marks.
fn marks(text: &Text, known: Marks) -> Result<Vec<Mark>, TextError> {
    let mut marks: Vec<Mark> = Vec::new();
    text.each_line(&mut |at, line| {
        let Some(comment) = comment(line, at) else {
            return Ok(());
        };
        let (side, meant) = match ((known.side)(comment.text), known.nearly(comment.text)) {
            (Some(side), _) => (side, None),
            (None, Some(meant)) => (Side::Up, Some(meant)),
            (None, None) => return Ok(()),
        };
        let from = marks.last().map_or(0, |last| last.line.end);
        if !matches!(text.slice(from..at).script()?, Err(SplitError::Unterminated { .. })) {
            marks.push(Mark { meant, side, line: at..at + line.len(), word: comment.span });
        }
        Ok(())
    })?;
    Ok(marks)
}

/// A text without the blank lines around it.
pub(super) fn whole(text: &Text) -> Result<Span, TextError> {
    let head = text.head()?;
    let mut start = 0;
    while let Some(line) = head[start..].split_inclusive('\n').next()
        && line.trim().is_empty()
    {
        start += line.len();
    }
    let (at, tail) = text.tail()?;
    Ok(start..(at + tail.trim_end().len()).max(start))
}

/// A section without the blank lines around it and without the rules (`-- =====`) that lead over to
/// the next.
fn trim(text: &Text, span: Span) -> Result<Span, TextError> {
    let inner = whole(&text.slice(span.clone()))?;
    let start = span.start + inner.start;
    let inner = text.slice(start..span.start + inner.end);
    let (at, tail) = inner.tail()?;
    let mut end = tail.len();
    loop {
        let part = tail[..end].trim_end();
        end = part.len();
        let line = part.rfind('\n').map_or(part, |newline| &part[newline + 1..]);
        if !is_rule(line) {
            return Ok(start..start + at + end);
        }
        end -= line.len();
    }
}

/// `-- ===== DOWN MIGRATION =====`, `-- -----`
pub(super) fn is_rule(line: &str) -> bool {
    line.trim().strip_prefix("--").is_some_and(|rest| {
        let rest = rest.trim();
        rest.starts_with("===") || rest.starts_with("---") || rest.starts_with("***")
    })
}

/// A span with its fingerprint.
pub(super) fn part(path: &Utf8Path, text: &Text, span: Span) -> Result<Part, Vec<Diagnostic>> {
    let fingerprint = readable(path, text.slice(span.clone()).fingerprint())?;
    Ok(Part { span, fingerprint })
}

/// The same, if there is one that holds a statement: a place left empty undoes nothing.
pub(super) fn part_if_any(
    path: &Utf8Path,
    text: &Text,
    span: Option<Span>,
) -> Result<Option<Part>, Vec<Diagnostic>> {
    let part = span.map(|span| part(path, text, span)).transpose()?;
    Ok(part.filter(|part| !is_empty(part)))
}

/// Whether a part holds no statement.
pub(super) fn is_empty(part: &Part) -> bool {
    part.fingerprint == hash::of_nothing()
}

#[cfg(test)]
mod tests {
    use whimbrel_sql::position;

    use super::*;

    fn read(text: &str) -> Result<Option<Sections>, Vec<Diagnostic>> {
        sections(Utf8Path::new("001_a.sql"), &text.into(), OURS)
    }

    #[test]
    fn marks_part_a_file_and_rules_belong_to_neither_script() {
        let text = "-- head\n-- ===== UP MIGRATION =====\n-- @up\n\ncreate table a (); -- kept\n\n-- ===== DOWN MIGRATION =====\n-- @down\ndrop table a;\n";
        let sections = read(text).unwrap().unwrap();
        assert_eq!(&text[sections.up], "create table a (); -- kept");
        assert_eq!(&text[sections.down.unwrap()], "drop table a;");
        assert_eq!(&text[sections.head], "-- head\n-- ===== UP MIGRATION =====\n");
    }

    #[test]
    fn a_mark_inside_a_body_is_text() {
        let text = "-- @up\ncreate function f() returns text language sql as $$\n-- @down\nselect 'x' $$;\n-- @down\ndrop function f;\n";
        let sections = read(text).unwrap().unwrap();
        assert_eq!(&text[sections.down.unwrap()], "drop function f;");
    }

    #[test]
    fn a_second_mark_is_an_error_that_names_the_first() {
        let text = "-- @up\nselect 1;\n-- @up\nselect 2;\n";
        let errors = read(text).unwrap_err();
        assert_eq!(errors[0].message, "`@up` a second time; the first is in line 1");
        assert_eq!(position(text, errors[0].span.clone().unwrap().start).line, 3);
    }

    #[test]
    fn a_down_section_comes_after_the_up_section() {
        let errors = read("-- @down\nselect 1;\n-- @up\nselect 2;\n").unwrap_err();
        assert_eq!(errors[0].message, "the down section stands before the up section");
    }

    #[test]
    fn crlf_and_a_missing_last_newline_change_nothing() {
        let text = "-- @up\r\nselect 1;\r\n-- @down\r\nselect 2;";
        let sections = read(text).unwrap().unwrap();
        assert_eq!(&text[sections.up], "select 1;");
        assert_eq!(&text[sections.down.unwrap()], "select 2;");
    }
}
