//! Plain SQL files in a folder, numbered in any way.
//!
//! | file | is |
//! | --- | --- |
//! | `001_create_users.sql`, `1-create-users.sql`, `20240131120000_create_users.sql`, `2024-01-31_users.sql` | an up script, or both parted by `-- @up` and `-- @down` |
//! | `001_create_users.up.sql`, `001_create_users.down.sql` | the two scripts of one migration |
//! | `001_create_users.sql`, `001_create_users_down.sql` (also `_rollback`, `.undo` …) | the same |
//! | `V1__create_users.sql`, `V1.2__x.sql`, `U1__create_users.sql` | the same, Flyway's way |
//! | `R__views.sql`, and a version of nothing but nines | a repeatable migration |
//!
//! That is also how golang-migrate, sqlx and refinery have them; `-- no-transaction` in the first line,
//! as sqlx writes it, runs a file step by step. Versions are compared as numbers, then names as text.

use camino::Utf8Path;
use whimbrel_sql::Diagnostic;

use super::compose::{
    NewFile, NewMigration, body, described, is_in_pairs, next_prefix, no_header, numbered, pair_of,
};
use super::header::{self, readable};
use super::listing::is_sql;
use super::name::advise;
use super::numbered::{assemble, down_place, is_numbered, numbered_files};
use super::parted::{Parted, parted};
use super::sections::{OURS, part, part_if_any, sections, whole};
use super::{Format, Listing, Settings};
use crate::digest::Header;
use crate::ledgers::Ledger;
use crate::ledgers::own::Own;
use crate::migration::folder_of;
use crate::{
    Digest, Entry, Files, FilesError, History, Migration, Recorded, Text, Transaction, hash,
};

/// Plain SQL files in a folder.
pub(super) struct Plain;

/// What the folders are called that people keep migrations in.
const FOLDERS: &[&str] = &[
    "migrations",
    "db/migrations",
    "db/migrate",
    "database/migrations",
    "sql/migrations",
    "sql",
    "src/migrations",
];

/// How a file of sqlx begins that is to run without a transaction.
const NO_TRANSACTION: &str = "-- no-transaction";

impl Format for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn summary(&self) -> &'static str {
        "SQL files with a number: 001_name.sql, V1__name.sql, name.up.sql and name.down.sql"
    }

    fn ledger(&self) -> &'static dyn Ledger {
        &Own
    }

    fn folders(&self) -> &'static [&'static str] {
        FOLDERS
    }

    fn recognise(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<String>, FilesError> {
        if !FOLDERS.contains(&folder.as_str()) && !folder.as_str().contains("migrat") {
            return Ok(None);
        }
        let names = files.names(folder)?;
        let mut numbered = names.iter().filter(|path| is_sql(path) && is_numbered(path));
        Ok(numbered.next().map(|first| {
            let name = first.file_name().unwrap_or_default();
            match 1 + numbered.count() {
                1 => format!("`{name}`"),
                count => format!("{count} files like `{name}`"),
            }
        }))
    }

    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError> {
        numbered_files(files, settings)
    }

    fn digest(&self, path: &Utf8Path, text: &Text) -> Result<Digest, Vec<Diagnostic>> {
        let head = readable(path, text.head())?;
        let (comments, _) = header::leading(&head);
        let directives = header::directives(path, &comments);
        let sections = sections(path, text, OURS);
        let (mut directives, sections) = match (directives, sections) {
            (Ok(directives), Ok(sections)) => (directives, sections),
            (directives, sections) => {
                let mut errors = directives.err().unwrap_or_default();
                errors.extend(sections.err().unwrap_or_default());
                return Err(errors);
            }
        };
        let (up, down) = match sections {
            Some(sections) => {
                if sections.up_mark.is_some() {
                    header::only_comments(path, text, sections.head.clone(), OURS.up)?;
                }
                (sections.up, sections.down)
            }
            None => (readable(path, whole(text))?, None),
        };
        // sqlx's word, which must be the file's first.
        if head.starts_with(NO_TRANSACTION) {
            directives.transaction = Transaction::Never;
        }
        let asked: Vec<&str> = comments
            .iter()
            .map(|comment| comment.text)
            .filter(|text| text.starts_with("whimbrel:") || *text == "no-transaction")
            .collect();
        Ok(Digest {
            path: path.to_owned(),
            checksum: readable(path, hash::checksum(text, &asked.join("\n")))?,
            header: Header { directives, ..Header::default() },
            up: part(path, text, up)?,
            down: part_if_any(path, text, down)?,
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
        if let Some([up_path, down_path]) = pair_of(history, &entry.id) {
            let mut files = vec![NewFile { path: up_path, text: body(&up, "") }];
            files.extend(down.map(|down| NewFile { path: down_path, text: body(&down, "") }));
            return Ok(files);
        }
        let text = match down {
            Some(down) => format!("-- @up\n{}\n-- @down\n{}", body(&up, ""), body(&down, "")),
            None => body(&up, ""),
        };
        Ok(vec![NewFile { path: history.folder.join(format!("{}.sql", entry.id)), text }])
    }

    fn compose(&self, new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
        compose(new, history)
    }

    fn down_place(&self, migration: &Migration) -> String {
        down_place(migration)
    }
}

/// The files of a new plain migration.
fn compose(new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
    let Parted { new, head, .. } = parted(new, OURS)?;
    let new = &new;
    no_header(new, "plain")?;
    let slug = advise(&new.name)?;
    let last = numbered(history).last();
    let stem = format!("{}{slug}", next_prefix(history, new.now));
    let flyway = stem.starts_with(['V', 'v']);
    let in_pairs = is_in_pairs(history);
    let folder = last.map_or(history.folder.as_path(), |last| folder_of(&last.path));
    let above: String = head.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let described = described(new);
    let up = format!("{above}{described}");
    let down = new.down.as_deref();
    let file = |name: String, text: String| NewFile { path: folder.join(name), text };
    Ok(match (in_pairs, flyway, down) {
        (true, true, down) => {
            let mut files = vec![file(format!("{stem}.sql"), up)];
            files.extend(down.map(|down| file(format!("U{}.sql", &stem[1..]), body(down, ""))));
            files
        }
        (true, false, down) => vec![
            file(format!("{stem}.up.sql"), up),
            file(
                format!("{stem}.down.sql"),
                body(down.unwrap_or_default(), "-- Write the statements that undo it here."),
            ),
        ],
        (false, _, Some(down)) => {
            let down = body(down, "");
            let text = format!("{above}-- @up\n{described}\n-- @down\n{down}");
            vec![file(format!("{stem}.sql"), text)]
        }
        (false, _, None) => vec![file(format!("{stem}.sql"), up)],
    })
}
