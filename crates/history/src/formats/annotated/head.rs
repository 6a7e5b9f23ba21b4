//! Reads the header, strictly: whatever nearly is one of its lines must be one.

use camino::Utf8Path;
use whimbrel_sql::{Diagnostic, Span};

use super::id;
use super::kinds::TYPES;
use crate::digest::{Named, Remark};
use crate::formats::header::{self, Comment, error, list};
use crate::nearest::distance;
use crate::{Directives, nearest};

/// The keys that a header may hold.
const KEYS: &[&str] = &[
    "Migration",
    "Description",
    "Type",
    "Depends on",
    "Transaction",
    "Timeout",
    "Lock timeout",
    "Rerunnable",
];

/// What people write for a key, and the key.
const MISTAKEN: &[(&str, &str)] = &[
    ("depends", "Depends on"),
    ("dependencies", "Depends on"),
    ("dependson", "Depends on"),
    ("depends_on", "Depends on"),
    ("depends-on", "Depends on"),
    ("requires", "Depends on"),
    ("lock_timeout", "Lock timeout"),
    ("statement timeout", "Timeout"),
];

/// A header as it is read.
#[derive(Default)]
pub(super) struct Head {
    pub(super) description: Option<String>,
    pub(super) kind: Option<(String, Span)>,
    pub(super) depends_on: Vec<Named>,
    pub(super) directives: Directives,
    pub(super) remarks: Vec<Remark>,
}

impl Head {
    /// Reads the comments above `-- @up`.
    pub(super) fn read(path: &Utf8Path, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let (comments, _) = header::leading(text);
        let mut head = Self::default();
        let mut errors = Vec::new();
        match header::directives(path, &comments) {
            Ok(directives) => head.directives = directives,
            Err(wrong) => errors.extend(wrong),
        }
        let mut seen: Vec<&str> = Vec::new();
        for comment in &comments {
            let Some((key, value)) = key_of(comment) else {
                errors.extend(mistaken(path, comment));
                continue;
            };
            if seen.contains(&key) {
                errors.push(error(
                    path,
                    comment.span.clone(),
                    format!("`{key}` a second time"),
                    vec![],
                ));
                continue;
            }
            seen.push(key);
            if let Err(wrong) = head.take(path, key, &value) {
                errors.extend(wrong);
            }
        }
        for needed in ["Migration", "Type"] {
            if !seen.contains(&needed) {
                let example = if needed == "Type" { "create_table" } else { id(path) };
                errors.push(error(
                    path,
                    0..text.lines().next().unwrap_or_default().len(),
                    format!("the header has no `{needed}`"),
                    vec![format!("add the line `-- {needed}: {example}`")],
                ));
            }
        }
        if head.description.is_none() {
            head.remarks.push(Remark {
                span: None,
                message: "the header has no `Description`".into(),
                hints: vec![
                    "add the line `-- Description: …`: it is shown beside the migration".into(),
                ],
            });
        }
        if errors.is_empty() { Ok(head) } else { Err(errors) }
    }

    /// Takes one line.
    fn take(
        &mut self,
        path: &Utf8Path,
        key: &str,
        value: &Comment<'_>,
    ) -> Result<(), Vec<Diagnostic>> {
        let wrong = |message: String, hints: Vec<String>| {
            Err(vec![error(path, value.span.clone(), message, hints)])
        };
        match key {
            "Migration" if value.text == id(path) => Ok(()),
            "Migration" => wrong(
                format!("the header says `{}`, the file is called `{}`", value.text, id(path)),
                vec!["make both the same: the name is the migration's id".into()],
            ),
            "Description" => {
                self.description = Some(value.text.to_owned()).filter(|text| !text.is_empty());
                Ok(())
            }
            "Type" => {
                let given = value.text.to_ascii_lowercase();
                if TYPES.contains(&given.as_str()) {
                    self.kind = Some((given, value.span.clone()));
                    return Ok(());
                }
                let hint = match nearest(&given, TYPES.iter().copied()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("the types are {}", list(TYPES)),
                };
                wrong(format!("type `{}` is not known", value.text), vec![hint])
            }
            "Depends on" => {
                self.depends_on = depends_on(path, value)?;
                Ok(())
            }
            key => {
                let key = match key {
                    "Lock timeout" => "lock_timeout",
                    "Timeout" => "timeout",
                    "Transaction" => "transaction",
                    _ => "rerunnable",
                };
                header::direct(&mut self.directives, key, Some(value.text))
                    .or_else(|(message, hints)| wrong(message, hints))
            }
        }
    }
}

/// The key of a header line, as [`KEYS`] has it, and its value.
pub(super) fn key_of<'a>(comment: &Comment<'a>) -> Option<(&'static str, Comment<'a>)> {
    let (key, rest) = comment.text.split_once(':')?;
    let key = KEYS.iter().find(|known| known.eq_ignore_ascii_case(key.trim()))?;
    let value = rest.trim();
    let start = comment.span.end - rest.len() + (rest.len() - rest.trim_start().len());
    Some((key, Comment { text: value, span: start..start + value.len() }))
}

/// An error for a line whose key is nearly one of the header's.
fn mistaken(path: &Utf8Path, comment: &Comment<'_>) -> Option<Diagnostic> {
    let (key, _) = comment.text.split_once(':')?;
    let key = key.trim();
    let lower = key.to_ascii_lowercase();
    let known = MISTAKEN
        .iter()
        .find(|(mistaken, _)| *mistaken == lower)
        .map(|(_, known)| *known)
        .or_else(|| {
        let limit = if key.len() < 6 { 1 } else { 2 };
        KEYS.iter().copied().find(|known| distance(&lower, &known.to_ascii_lowercase()) <= limit)
    })?;
    Some(error(
        path,
        comment.span.start..comment.span.start + key.len(),
        format!("`{key}` is not a line of the header"),
        vec![format!("did you mean `{known}`?")],
    ))
}

/// Reads `[001_a, 002_b]`.
pub(super) fn depends_on(
    path: &Utf8Path,
    value: &Comment<'_>,
) -> Result<Vec<Named>, Vec<Diagnostic>> {
    let Some(inner) = value.text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return Err(vec![error(
            path,
            value.span.clone(),
            "the dependencies are not a list",
            vec![
                "write them as in `[001_create_users, 002_create_orders]`, or `[]` for none".into(),
            ],
        )]);
    };
    let mut names: Vec<Named> = Vec::new();
    let mut errors = Vec::new();
    let mut at = value.span.start + 1;
    for item in inner.split(',') {
        let start = at + (item.len() - item.trim_start().len());
        at += item.len() + 1;
        let name = item.trim();
        let span = start..start + name.len();
        let name = name.trim_matches(['"', '\'', '`']);
        if name.is_empty() {
            if !inner.trim().is_empty() {
                errors.push(error(
                    path,
                    span,
                    "the list holds an empty place",
                    vec!["leave the comma out".into()],
                ));
            }
        } else if name.contains(char::is_whitespace) {
            errors.push(error(
                path,
                span,
                format!("`{name}` is not an id"),
                vec!["part ids by commas".into()],
            ));
        } else if names.iter().any(|before| before.name == name) {
            errors.push(error(path, span, format!("`{name}` stands twice in the list"), vec![]));
        } else {
            names.push(Named { name: name.to_owned(), span });
        }
    }
    if errors.is_empty() { Ok(names) } else { Err(errors) }
}
