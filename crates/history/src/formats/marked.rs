//! What tools have in common whose files part up and down by marks of their own.

use camino::Utf8Path;
use whimbrel_sql::Diagnostic;

use super::compose::{
    NewFile, NewMigration, body, described, next_prefix, no_header, numbered, stamp,
};
use super::header::{self, Comment, error, file_error};
use super::listing::is_sql;
use super::name::advise;
use super::plain::is_numbered;
use super::sections::{Marks, part, part_if_any, sections};
use crate::digest::Header;
use crate::migration::folder_of;
use crate::{Digest, Entry, Files, FilesError, History, Recorded, Transaction, hash};

/// How a tool writes its files.
pub(super) struct Dialect {
    /// The format's name.
    pub(super) name: &'static str,
    /// The lines that part a file.
    pub(super) marks: Marks,
    /// How the mark of a down script is written.
    pub(super) down: &'static str,
    /// Whether a comment asks to run without a transaction.
    pub(super) alone: fn(&str) -> bool,
    /// Why a comment asks what nobody but the tool can do, and what to do instead.
    pub(super) refused: fn(&str) -> Option<(&'static str, &'static str)>,
}

/// How many files of a folder are looked into for a mark.
const LOOKED_INTO: usize = 3;

/// What tells that a folder's files are written so.
pub(super) fn recognise(
    files: &dyn Files,
    folder: &Utf8Path,
    dialect: &Dialect,
) -> Result<Option<String>, FilesError> {
    let names = files.names(folder)?;
    let numbered = names.iter().filter(|path| is_sql(path) && is_numbered(path));
    for path in numbered.take(LOOKED_INTO) {
        let bytes = files.read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let (comments, _) = header::leading(&text);
        if comments.iter().any(|comment| (dialect.marks.side)(comment.text).is_some()) {
            let name = path.file_name().unwrap_or_default();
            return Ok(Some(format!("`{}` in `{name}`", dialect.marks.up)));
        }
    }
    Ok(None)
}

/// Reads one file.
pub(super) fn digest(
    path: &Utf8Path,
    bytes: &[u8],
    dialect: &Dialect,
) -> Result<Digest, Vec<Diagnostic>> {
    let text = header::text(path, bytes)?;
    let found = sections(path, text, dialect.marks)?;
    let Some(sections) = found.filter(|sections| sections.up_mark.is_some()) else {
        return Err(vec![file_error(
            path,
            format!("the file has no `{}` line", dialect.marks.up),
            vec!["put it above the script".into()],
        )]);
    };
    header::only_comments(path, text, sections.head.clone(), dialect.marks.up)?;
    let (comments, _) = header::leading(text);
    let mut directives = header::directives(path, &comments)?;
    let asking: Vec<Comment<'_>> = own_comments(text, &sections);
    if asking.iter().any(|comment| (dialect.alone)(comment.text)) {
        directives.transaction = Transaction::Never;
    }
    let refusals: Vec<Diagnostic> = asking
        .iter()
        .filter_map(|comment| {
            let (why, instead) = (dialect.refused)(comment.text)?;
            Some(error(path, comment.span.clone(), why, vec![instead.into()]))
        })
        .collect();
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let says = |comment: &&Comment<'_>| {
        comment.text.starts_with("whimbrel:") || (dialect.alone)(comment.text)
    };
    let asked: Vec<&str> =
        comments.iter().chain(&asking).filter(says).map(|comment| comment.text).collect();
    Ok(Digest {
        path: path.to_owned(),
        checksum: hash::checksum(bytes, &asked.join("\n")),
        header: Header { directives, ..Header::default() },
        up: part(text, sections.up),
        down: sections.down.and_then(|down| part_if_any(text, down)),
        remarks: Vec::new(),
    })
}

/// The comments that may ask something of the tool: those of the head, and the mark's own line.
fn own_comments<'a>(text: &'a str, sections: &super::sections::Sections) -> Vec<Comment<'a>> {
    let mark = sections.up_mark.clone().unwrap_or_default();
    let end = mark.end;
    let mut at = 0;
    let lines = text[..end].split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        header::comment(line, start)
    });
    // goose asks for what it does inside of a section, too.
    let (inside, _) = header::leading(&text[sections.up.clone()]);
    let start = sections.up.start;
    let inside = inside.into_iter().map(move |comment| Comment {
        text: comment.text,
        span: comment.span.start + start..comment.span.end + start,
    });
    lines.chain(inside).collect()
}

/// The file of a new migration.
pub(super) fn compose(
    new: &NewMigration,
    history: &History,
    dialect: &Dialect,
) -> Result<Vec<NewFile>, Diagnostic> {
    no_header(new, dialect.name)?;
    let slug = advise(&new.name)?;
    let last = numbered(history).last();
    let prefix = match last {
        Some(_) => next_prefix(history, new.now),
        None => format!("{}_", stamp(new.now)),
    };
    let folder = last.map_or(history.folder.as_path(), |last| folder_of(&last.path));
    let down =
        body(new.down.as_deref().unwrap_or_default(), "-- Write the statements that undo it here.");
    let text = format!("{}\n{}\n{}\n{down}", dialect.marks.up, described(new), dialect.down);
    Ok(vec![NewFile { path: folder.join(format!("{prefix}{slug}.sql")), text }])
}

/// The file of a migration that only its ledger has.
pub(super) fn restore(
    entry: &Entry,
    recorded: &Recorded,
    history: &History,
    dialect: &Dialect,
) -> Vec<NewFile> {
    let down = recorded.down_text().map(|down| format!("\n{}\n{}", dialect.down, body(&down, "")));
    let text = format!(
        "{}\n{}{}",
        dialect.marks.up,
        body(&recorded.up_text(), ""),
        down.unwrap_or_default()
    );
    vec![NewFile { path: history.folder.join(format!("{}.sql", entry.id)), text }]
}
