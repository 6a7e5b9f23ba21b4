//! The comments at the head of a file, and what they ask of the runner.

use camino::Utf8Path;
use whimbrel_sql::{Diagnostic, Severity, Span};

use crate::nearest;
use crate::{Directives, Text, TextError, Transaction};

/// The word before a general directive: `-- whimbrel: transaction=none lock_timeout=5s`.
const MARK: &str = "whimbrel:";

/// The keys of a general directive, as the documentation lists them.
const KEYS: [&str; 4] = ["transaction", "lock_timeout", "timeout", "rerunnable"];

/// A comment line: what stands after its dashes, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment<'a> {
    /// Trimmed.
    pub(super) text: &'a str,
    /// The bytes of `text`.
    pub(super) span: Span,
}

/// Reads the comment lines before the first statement; the number is where they end.
pub(super) fn leading(text: &str) -> (Vec<Comment<'_>>, usize) {
    let mut comments = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let line = rest.find('\n').map_or(rest, |end| &rest[..=end]);
        let trimmed = line.trim();
        if trimmed.starts_with("/*") {
            let Some(end) = rest.find("*/") else { break };
            at += end + 2;
            continue;
        }
        if !trimmed.is_empty() && !trimmed.starts_with("--") {
            break;
        }
        comments.extend(comment(line, at));
        at += line.len();
    }
    (comments, at)
}

/// A line as a comment, if it is one.
pub(super) fn comment(line: &str, at: usize) -> Option<Comment<'_>> {
    let body = line.trim_start().strip_prefix("--")?;
    let text = body.trim();
    let start = at + (line.len() - body.len()) + (body.len() - body.trim_start().len());
    Some(Comment { text, span: start..start + text.len() })
}

/// Reads the general directives among the comments at a file's head.
pub(super) fn directives(
    path: &Utf8Path,
    comments: &[Comment<'_>],
) -> Result<Directives, Vec<Diagnostic>> {
    let mut directives = Directives::default();
    let mut errors = Vec::new();
    for comment in comments {
        let Some(words) = comment.text.strip_prefix(MARK) else {
            continue;
        };
        if matches!(words.trim(), "up" | "down") {
            continue;
        }
        let start = comment.span.end - words.len();
        for (word, span) in words_of(words, start) {
            let (key, value) = match word.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (word, None),
            };
            if let Err((message, hints)) = direct(&mut directives, key, value) {
                errors.push(error(path, span, message, hints));
            }
        }
    }
    if errors.is_empty() { Ok(directives) } else { Err(errors) }
}

/// Why a directive is not understood, and what to do.
type Refusal = (String, Vec<String>);

/// Takes one directive.
pub(super) fn direct(
    directives: &mut Directives,
    key: &str,
    value: Option<&str>,
) -> Result<(), Refusal> {
    match (key, value) {
        ("transaction", Some("none" | "false" | "off")) => {
            directives.transaction = Transaction::Never;
        }
        ("transaction", value) => {
            return Err((
                format!("transaction `{}` is not known", value.unwrap_or_default()),
                vec![
                    "write `transaction=none` to run step by step, or leave it out: one transaction is the rule".into(),
                ],
            ));
        }
        ("lock_timeout", value) => directives.lock_timeout = Some(duration(key, value)?),
        ("timeout", value) => directives.timeout = Some(duration(key, value)?),
        ("rerunnable", None | Some("true" | "yes" | "on")) => directives.rerunnable = true,
        ("rerunnable", Some("false" | "no" | "off")) => directives.rerunnable = false,
        ("rerunnable", Some(value)) => {
            return Err((
                format!("rerunnable `{value}` is neither yes nor no"),
                vec!["write `rerunnable` alone".into()],
            ));
        }
        (key, _) => {
            let hint = match nearest(key, KEYS) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("the directives are {}", list(&KEYS)),
            };
            return Err((format!("directive `{key}` is not known"), vec![hint]));
        }
    }
    Ok(())
}

/// Checks a duration as Postgres reads one: digits and a unit.
fn duration(key: &str, value: Option<&str>) -> Result<String, Refusal> {
    let value = value.unwrap_or_default();
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let unit = value[digits..].trim_start();
    if digits == 0 || digits > 9 || !matches!(unit, "" | "us" | "ms" | "s" | "min" | "h" | "d") {
        return Err((
            format!("{key} `{value}` is not a duration"),
            vec![
                "write a number and one of us, ms, s, min, h, d, as Postgres does: `5s`, `10min`"
                    .into(),
            ],
        ));
    }
    Ok(value.to_owned())
}

/// The words of a line, parted by white space or commas, each with its place.
fn words_of(line: &str, start: usize) -> impl Iterator<Item = (&str, Span)> {
    line.split(|letter: char| letter.is_whitespace() || letter == ',')
        .filter(|word| !word.is_empty())
        .map(move |word| {
            let at = start + (word.as_ptr() as usize - line.as_ptr() as usize);
            (word, at..at + word.len())
        })
}

/// Words as a person lists them.
pub(super) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Refuses statements where only comments may stand.
pub(super) fn only_comments(
    path: &Utf8Path,
    text: &Text,
    head: Span,
    mark: &str,
) -> Result<(), Vec<Diagnostic>> {
    let part = readable(path, text.part(head.clone()))?;
    let (_, end) = leading(&part);
    let at = head.start + end;
    if at >= head.end {
        return Ok(());
    }
    let line = part[end..].lines().next().unwrap_or_default();
    Err(vec![error(
        path,
        at..at + line.len(),
        format!("a statement stands before `{mark}`"),
        vec!["move it below the mark: only comments may stand above".into()],
    )])
}

/// An error about a place in a file.
pub(super) fn error(
    path: &Utf8Path,
    span: Span,
    message: impl Into<String>,
    hints: Vec<String>,
) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        file: Some(path.to_string()),
        span: Some(span),
        message: message.into(),
        hints,
    }
}

/// An error about a whole file.
pub(super) fn file_error(
    path: &Utf8Path,
    message: impl Into<String>,
    hints: Vec<String>,
) -> Diagnostic {
    Diagnostic { span: None, ..error(path, 0..0, message, hints) }
}

/// A warning about a whole file.
pub(super) fn file_warning(
    path: &Utf8Path,
    message: impl Into<String>,
    hints: Vec<String>,
) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..file_error(path, message, hints) }
}

/// What was read of a file's text, or the error that says why it could not be.
pub(super) fn readable<T>(
    path: &Utf8Path,
    read: Result<T, TextError>,
) -> Result<T, Vec<Diagnostic>> {
    read.map_err(|error| {
        vec![match error {
            TextError::NotText { at, .. } => file_error(
                path,
                format!("not UTF-8 text in line {}, column {}", at.line, at.column),
                vec!["save the file as UTF-8".into()],
            ),
            TextError::Changed { .. } => {
                file_error(path, "it changed while it was being read", vec!["try again".into()])
            }
            TextError::Read(error) => {
                file_error(path, format!("{error}: {}", error.source), Vec::new())
            }
        }]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Directives, Vec<Diagnostic>> {
        let (comments, _) = leading(text);
        directives(Utf8Path::new("001_a.sql"), &comments)
    }

    #[test]
    fn directives_are_read_from_the_leading_comments_only() {
        let directives = read(
            "-- Adds an index\n\n/* licence */ -- x\n-- whimbrel: transaction=none, lock_timeout=5s\n--whimbrel: timeout=10min rerunnable\nselect 1;\n-- whimbrel: nonsense\n",
        )
        .unwrap();
        assert_eq!(directives.transaction, Transaction::Never);
        assert_eq!(directives.lock_timeout.as_deref(), Some("5s"));
        assert_eq!(directives.timeout.as_deref(), Some("10min"));
        assert!(directives.rerunnable);
    }

    #[test]
    fn an_unknown_directive_is_an_error_at_its_word() {
        let text = "-- héad\n-- whimbrel: timeout=1s lock_timout=5s\n";
        let errors = read(text).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].message, "directive `lock_timout` is not known");
        assert_eq!(errors[0].hints, ["did you mean `lock_timeout`?"]);
        assert_eq!(&text[errors[0].span.clone().unwrap()], "lock_timout=5s");
    }

    #[test]
    fn a_duration_needs_a_unit_that_postgres_knows() {
        for wrong in ["timeout=5minutes", "timeout", "timeout=", "timeout=s", "timeout=-1"] {
            assert!(read(&format!("-- whimbrel: {wrong}\n")).is_err(), "{wrong}");
        }
        for right in ["timeout=0", "timeout=5000", "timeout=5s", "timeout=2h"] {
            assert!(read(&format!("-- whimbrel: {right}\n")).is_ok(), "{right}");
        }
    }
}
