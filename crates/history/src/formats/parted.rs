//! A script that is handed in with a format's marks in it, as if it were one of its files.

use camino::Utf8Path;
use whimbrel_sql::{Diagnostic, Severity, position};

use super::compose::{NewMigration, refusal};
use super::header::only_comments;
use super::sections::{Marks, Sections, is_rule, sections};
use crate::Text;

/// What is to be written, taken apart.
pub(super) struct Parted {
    /// Its scripts without marks.
    pub(super) new: NewMigration,
    /// The comments that stood above the scripts.
    pub(super) head: Vec<String>,
    /// The line that marked the up script; a tool may read more in it.
    pub(super) up_mark: Option<String>,
}

/// Parts what is to be written by the marks in its up script; its byte order mark is no part of it.
pub(super) fn parted(new: &NewMigration, marks: Marks) -> Result<Parted, Diagnostic> {
    let script = new.up.trim_start_matches('\u{feff}');
    let whole = |up: &str| NewMigration { up: up.to_owned(), ..new.clone() };
    // Nothing is parted where somebody did so.
    let found = match new.down {
        Some(_) => None,
        None => find(script, marks).map_err(|wrong| without_file(script, wrong))?,
    };
    let Some(found) = found else {
        return Ok(Parted { new: whole(script), head: Vec::new(), up_mark: None });
    };
    let above = if found.up_mark.is_some() { &script[found.head] } else { "" };
    let lines = above.lines().filter(|line| !line.trim().is_empty() && !is_rule(line));
    let down = found.down.map(|down| script[down].to_owned());
    Ok(Parted {
        head: lines.map(str::to_owned).collect(),
        up_mark: found.up_mark.map(|mark| script[mark].trim().to_owned()),
        new: NewMigration {
            down: down.filter(|down| !down.is_empty()),
            ..whole(&script[found.up])
        },
    })
}

impl Parted {
    /// With what stood above the scripts at the beginning of the first.
    pub(super) fn headed(self) -> NewMigration {
        let Self { mut head, new, .. } = self;
        head.push(new.up);
        NewMigration { up: head.join("\n"), ..new }
    }
}

fn find(script: &str, marks: Marks) -> Result<Option<Sections>, Vec<Diagnostic>> {
    let (path, text) = (Utf8Path::new(""), Text::from(script));
    let found = sections(path, &text, marks)?;
    if let Some(Sections { head, up_mark: Some(_), .. }) = &found {
        only_comments(path, &text, head.clone(), marks.up)?;
    }
    Ok(found)
}

/// The first of some errors, about a script that is in no file.
fn without_file(script: &str, wrong: Vec<Diagnostic>) -> Diagnostic {
    let Some(Diagnostic { span, message, hints, .. }) = wrong.into_iter().next() else {
        return refusal("the script cannot be parted".into(), "leave its marks out".into());
    };
    let line = span.map(|span| position(script, span.start).line);
    let at = line.map(|line| format!("line {line} of the script: ")).unwrap_or_default();
    let message = format!("{at}{message}");
    Diagnostic { severity: Severity::Error, file: None, span: None, message, hints }
}
