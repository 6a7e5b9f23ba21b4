//! The formats of tools whose files part up and down by marks of their own.

use camino::Utf8Path;
use whimbrel_sql::Diagnostic;

use super::compose::{
    NewFile, NewMigration, body, described, is_alone, next_prefix, no_header, numbered, stamp,
};
use super::header::{self, Comment, error, file_error, file_warning, readable};
use super::listing::is_sql;
use super::name::advise;
use super::numbered::{assemble, is_numbered, numbered_files};
use super::parted::parted;
use super::sections::{Marks, line_in, part, part_if_any, sections};
use super::{Format, Listing, Settings};
use crate::digest::Header;
use crate::files::beginning;
use crate::ledgers::Ledger;
use crate::ledgers::own::Own;
use crate::migration::folder_of;
use crate::{
    Digest, Entry, Files, FilesError, History, Migration, Recorded, Text, Transaction, hash,
};

/// A tool's way to write its files, which is all that its format is.
pub(super) struct Marked {
    /// The format's name.
    pub(super) name: &'static str,
    /// What its files look like, in one line.
    pub(super) summary: &'static str,
    /// The folders in which its projects keep their files.
    pub(super) folders: &'static [&'static str],
    /// The lines that part a file.
    pub(super) marks: Marks,
    /// How the mark of a down script is written.
    pub(super) down: &'static str,
    /// How the mark of an up script that runs without a transaction is written, with what must stand
    /// above it.
    pub(super) up_alone: &'static str,
    /// The same of a down script; `None` where what stands above the up script is of both.
    pub(super) down_alone: Option<&'static str>,
    /// Whether a comment asks to run without a transaction.
    pub(super) alone: fn(&str) -> bool,
    /// Whether a comment asks what nobody but the tool can do.
    pub(super) refused: fn(&str) -> Option<Instead>,
    /// Whether a numbered file is a migration that nobody but the tool can run.
    pub(super) foreign: fn(&Utf8Path) -> Option<Instead>,
}

/// What only the tool can do.
pub(super) struct Instead {
    /// What it is.
    pub(super) why: &'static str,
    /// What to do instead.
    pub(super) instead: &'static str,
}

/// How many files of a folder are looked into for a mark.
const LOOKED_INTO: usize = 3;

impl Format for Marked {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn ledger(&self) -> &'static dyn Ledger {
        &Own
    }

    fn folders(&self) -> &'static [&'static str] {
        self.folders
    }

    fn recognise(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<String>, FilesError> {
        let names = files.names(folder)?;
        let numbered = names.iter().filter(|path| is_sql(path) && is_numbered(path));
        for path in numbered.take(LOOKED_INTO) {
            let bytes = beginning(files, path)?;
            let text = String::from_utf8_lossy(&bytes);
            let (comments, _) = header::leading(&text);
            if comments.iter().any(|comment| (self.marks.side)(comment.text).is_some()) {
                let name = path.file_name().unwrap_or_default();
                return Ok(Some(format!("`{}` in `{name}`", self.marks.up)));
            }
        }
        Ok(None)
    }

    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError> {
        let mut listing = numbered_files(files, settings)?;
        for path in files.names(&settings.folder)?.iter().filter(|path| is_numbered(path)) {
            if let Some(Instead { why, instead }) = (self.foreign)(path) {
                listing.skipped.push(file_warning(path, why, vec![instead.into()]));
            }
        }
        Ok(listing)
    }

    fn digest(&self, path: &Utf8Path, text: &Text) -> Result<Digest, Vec<Diagnostic>> {
        let found = sections(path, text, self.marks)?;
        let Some(sections) = found.filter(|sections| sections.up_mark.is_some()) else {
            return Err(vec![file_error(
                path,
                format!("the file has no `{}` line", self.marks.up),
                vec!["put it above the script".into()],
            )]);
        };
        header::only_comments(path, text, sections.head.clone(), self.marks.up)?;
        let head = readable(path, text.head())?;
        let (comments, _) = header::leading(&head);
        let mut directives = header::directives(path, &comments)?;
        let end = sections.up_mark.as_ref().map_or(0, |mark| mark.end);
        let above = readable(path, text.part(0..end))?;
        let inside = text.slice(sections.up.clone());
        let inside = readable(path, inside.head())?;
        let asking = own_comments(&above, &inside, sections.up.start);
        if asking.iter().any(|comment| (self.alone)(comment.text)) {
            directives.transaction = Transaction::Never;
        }
        let refusals: Vec<Diagnostic> = asking
            .iter()
            .filter_map(|comment| {
                let Instead { why, instead } = (self.refused)(comment.text)?;
                Some(error(path, comment.span.clone(), why, vec![instead.into()]))
            })
            .collect();
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let says = |comment: &&Comment<'_>| {
            comment.text.starts_with("whimbrel:") || (self.alone)(comment.text)
        };
        let asked: Vec<&str> =
            comments.iter().chain(&asking).filter(says).map(|comment| comment.text).collect();
        Ok(Digest {
            path: path.to_owned(),
            checksum: readable(path, hash::checksum(text, &asked.join("\n")))?,
            header: Header { directives, ..Header::default() },
            up: part(path, text, sections.up)?,
            down: part_if_any(path, text, sections.down)?,
            remarks: Vec::new(),
        })
    }

    fn assemble(
        &'static self,
        settings: &Settings,
        digests: Vec<Digest>,
    ) -> Result<History, Vec<Diagnostic>> {
        assemble(self, settings, digests)
    }

    fn restore(
        &self,
        entry: &Entry,
        recorded: &Recorded,
        history: &History,
    ) -> Result<Vec<NewFile>, Diagnostic> {
        let (up, down) = (recorded.up_text(), recorded.down_text());
        // A script may say itself what a ledger does not keep of a mark.
        let (comments, _) = header::leading(&up);
        let says_so = comments.iter().any(|comment| (self.alone)(comment.text));
        let is_down_alone = down.as_deref().is_some_and(is_alone);
        let speaks_for_both = self.down_alone.is_none() && is_down_alone;
        let is_up_alone = !says_so && (is_alone(&up) || speaks_for_both);
        let up_mark = if is_up_alone { self.up_alone } else { self.marks.up };
        let down_mark = self.down_alone.filter(|_| is_down_alone).unwrap_or(self.down);
        let mut text = format!("{up_mark}\n{}", body(&up, ""));
        if let Some(down) = down {
            text.extend(["\n", down_mark, "\n", &body(&down, "")]);
        }
        Ok(vec![NewFile { path: history.folder.join(format!("{}.sql", entry.id)), text }])
    }

    fn compose(&self, new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
        let parted = parted(new, self.marks)?;
        let mark = parted.up_mark.clone().unwrap_or_else(|| self.marks.up.to_owned());
        let new = &parted.headed();
        no_header(new, self.name)?;
        let slug = advise(&new.name)?;
        let last = numbered(history).last();
        let prefix = match last {
            Some(_) => next_prefix(history, new.now),
            None => format!("{}_", stamp(new.now)),
        };
        let folder = last.map_or(history.folder.as_path(), |last| folder_of(&last.path));
        let down = body(
            new.down.as_deref().unwrap_or_default(),
            "-- Write the statements that undo it here.",
        );
        let text = format!("{mark}\n{}\n{}\n{down}", described(new), self.down);
        Ok(vec![NewFile { path: folder.join(format!("{prefix}{slug}.sql")), text }])
    }

    fn down_place(&self, migration: &Migration) -> String {
        line_in(self.down, migration)
    }
}

/// The comments that may ask something of the tool: those of the head, and the mark's own line.
/// `above` is the text down to its end, `inside` how the up script begins, at `start`.
fn own_comments<'a>(above: &'a str, inside: &'a str, start: usize) -> Vec<Comment<'a>> {
    let mut at = 0;
    let lines = above.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        header::comment(line, start)
    });
    // goose asks for what it does inside of a section, too.
    let (inside, _) = header::leading(inside);
    let inside = inside.into_iter().map(move |comment| Comment {
        text: comment.text,
        span: comment.span.start + start..comment.span.end + start,
    });
    lines.chain(inside).collect()
}
