//! Flyway's files: `V1__name.sql`, `U1__name.sql` to undo it, `R__name.sql` that run again when they
//! change.
//!
//! A `V1__name.sql.conf` beside a file may say `executeInTransaction=false`. Placeholders are not
//! filled in: what stands for one is refused, since the script would depend on where it runs.
//! Baselines (`B1__name.sql`) stand for the versions before them, and are left out.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_sql::{Diagnostic, Span};

use super::compose::{NewFile, NewMigration, body, described, next_prefix, no_header, numbered};
use super::header::{self, error, file_error, file_warning, readable};
use super::listing::is_sql;
use super::name::advise;
use super::numbered::{assemble, down_place, is_numbered, numbered_files};
use super::parted::parted;
use super::sections::{OURS, part, whole};
use super::{Format, Listing, Settings};
use crate::digest::Header;
use crate::ledgers::Ledger;
use crate::ledgers::own::Own;
use crate::migration::folder_of;
use crate::{
    Digest, Directives, Entry, Files, FilesError, History, Migration, Recorded, Text, TextError,
    Transaction, hash,
};

/// Flyway's files.
pub(super) struct Flyway;

/// Where a project of Flyway's configures it.
const CONFIGURATIONS: &[&str] =
    &["flyway.toml", "flyway.conf", "flyway.user.toml", "conf/flyway.conf"];

/// The end of a file that configures one script.
const CONFIGURES: &str = ".sql.conf";

impl Format for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }

    fn summary(&self) -> &'static str {
        "Flyway's SQL files: V1__name.sql, U1__name.sql, R__name.sql, .sql.conf beside them"
    }

    fn ledger(&self) -> &'static dyn Ledger {
        &Own
    }

    fn folders(&self) -> &'static [&'static str] {
        &["db/migration", "src/main/resources/db/migration", "migrations", "sql"]
    }

    fn recognise(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<String>, FilesError> {
        let inside = files.names(folder)?;
        let named = |path: &Utf8Path| path.file_name().unwrap_or_default().to_owned();
        let Some(first) = inside.iter().find(|path| is_version(path)) else { return Ok(None) };
        let first = named(first);
        if let Some(path) = inside.iter().find(|path| path.as_str().ends_with(CONFIGURES)) {
            return Ok(Some(format!("`{}`", named(path))));
        }
        if folder.ends_with("db/migration") {
            return Ok(Some(format!("`{first}` in `{folder}`")));
        }
        let root = files.names(Utf8Path::new(""))?;
        let conf = files.names(Utf8Path::new("conf"))?;
        let configuration =
            root.iter().chain(&*conf).find(|path| CONFIGURATIONS.contains(&path.as_str()));
        Ok(configuration.map(|path| format!("`{path}` and `{first}`")))
    }

    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError> {
        let mut listing = numbered_files(files, settings)?;
        let is_baseline = |path: &Utf8Path| {
            path.file_name().is_some_and(|name| name.starts_with('B') && name.contains("__"))
        };
        listing.skipped.retain(|skipped| {
            skipped.file.as_deref().is_none_or(|path| !is_baseline(Utf8Path::new(path)))
        });
        for file in files.list(&settings.folder)?.iter() {
            if file.path.as_str().ends_with(CONFIGURES) {
                listing.files.push(file.clone());
            } else if is_sql(&file.path) && is_baseline(&file.path) {
                listing.skipped.push(file_warning(
                    &file.path,
                    "the baseline is not run: the versions before it are",
                    vec![],
                ));
            }
        }
        Ok(listing)
    }

    fn digest(&self, path: &Utf8Path, text: &Text) -> Result<Digest, Vec<Diagnostic>> {
        if path.as_str().ends_with(CONFIGURES) {
            return configuration(path, text);
        }
        if let Some(placeholder) = readable(path, placeholder(text))? {
            let named = readable(path, text.part(placeholder.clone()))?;
            return Err(vec![error(
                path,
                placeholder,
                format!("the placeholder `{named}` is not filled in"),
                vec!["write its value into the file: what a migration does must not depend on where it runs".into()],
            )]);
        }
        let head = readable(path, text.head())?;
        let (comments, _) = header::leading(&head);
        let directives = header::directives(path, &comments)?;
        let asked: Vec<&str> = comments
            .iter()
            .map(|comment| comment.text)
            .filter(|text| text.starts_with("whimbrel:"))
            .collect();
        Ok(Digest {
            path: path.to_owned(),
            checksum: readable(path, hash::checksum(text, &asked.join("\n")))?,
            header: Header { directives, ..Header::default() },
            up: part(path, text, readable(path, whole(text))?)?,
            down: None,
            remarks: Vec::new(),
        })
    }

    fn assemble(
        &'static self,
        settings: &Settings,
        digests: Vec<Digest>,
    ) -> Result<History, Vec<Diagnostic>> {
        let (configurations, mut scripts): (Vec<Digest>, Vec<Digest>) =
            digests.into_iter().partition(|digest| digest.path.as_str().ends_with(CONFIGURES));
        let mut asked: BTreeMap<Utf8PathBuf, Directives> = configurations
            .into_iter()
            .map(|digest| (digest.path.with_extension(""), digest.header.directives))
            .collect();
        for script in &mut scripts {
            if let Some(directives) = asked.remove(&script.path) {
                script.header.directives.transaction = directives.transaction;
            }
        }
        if !asked.is_empty() {
            let alone = asked.into_keys().map(|script| {
                let path = format!("{script}.conf");
                let missing = format!("there is no `{script}`");
                file_error(Utf8Path::new(&path), missing, vec!["remove it".into()])
            });
            return Err(alone.collect());
        }
        assemble(self, settings, scripts)
    }

    fn restore(
        &self,
        entry: &Entry,
        recorded: &Recorded,
        history: &History,
    ) -> Result<Vec<NewFile>, Diagnostic> {
        let path = |name: &str| history.folder.join(format!("{name}.sql"));
        let mut files =
            vec![NewFile { path: path(&entry.id), text: body(&recorded.up_text(), "") }];
        if let (Some(down), Some(undone)) = (recorded.down_text(), entry.id.strip_prefix('V')) {
            files.push(NewFile { path: path(&format!("U{undone}")), text: body(&down, "") });
        }
        Ok(files)
    }

    fn compose(&self, new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
        let new = &parted(new, OURS)?.headed();
        no_header(new, "flyway")?;
        let slug = advise(&new.name)?;
        let last = numbered(history).last();
        let prefix = match last {
            Some(_) => next_prefix(history, new.now),
            None => "V1__".into(),
        };
        let folder = last.map_or(history.folder.as_path(), |last| folder_of(&last.path));
        let file = |name: String, text: String| NewFile { path: folder.join(name), text };
        let mut files = vec![file(format!("{prefix}{slug}.sql"), described(new))];
        if let Some(down) = &new.down {
            files.push(file(format!("U{}{slug}.sql", &prefix[1..]), body(down, "")));
        }
        Ok(files)
    }

    fn down_place(&self, migration: &Migration) -> String {
        down_place(migration)
    }
}

/// `V1__create_users.sql`
fn is_version(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    is_sql(path) && name.starts_with('V') && name.contains("__") && is_numbered(path)
}

/// Where a placeholder (`${name}`) stands that nobody fills in.
fn placeholder(text: &Text) -> Result<Option<Span>, TextError> {
    /// The longest name that is shown.
    const LONGEST: usize = 256;
    let mut at = 0;
    let mut dollar = false;
    for piece in text.pieces() {
        let piece = piece?;
        let start = match piece.first() {
            Some(b'{') if dollar => Some(at - 1),
            _ => piece.windows(2).position(|pair| pair == b"${").map(|start| at + start),
        };
        if let Some(start) = start {
            let rest = text.part(start..start + LONGEST)?;
            return Ok(Some(start..start + rest.find('}').map_or(2, |end| end + 1)));
        }
        dollar = piece.last() == Some(&b'$');
        at += piece.len();
    }
    Ok(None)
}

/// Reads what a file beside a script says of it.
fn configuration(path: &Utf8Path, text: &Text) -> Result<Digest, Vec<Diagnostic>> {
    let lines = readable(path, text.all())?;
    let mut directives = Directives::default();
    let mut at = 0;
    for line in lines.split_inclusive('\n') {
        let span = at..at + line.trim_end().len();
        at += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("executeInTransaction", "false")) => directives.transaction = Transaction::Never,
            // Postgres is asked about each statement anyway, and reads text as UTF-8.
            Some(("executeInTransaction" | "placeholderReplacement" | "encoding", _)) => {}
            _ => {
                return Err(vec![error(
                    path,
                    span,
                    format!("`{line}` is not known"),
                    vec!["`executeInTransaction` is what is read here".into()],
                )]);
            }
        }
    }
    Ok(Digest {
        path: path.to_owned(),
        checksum: readable(path, hash::checksum(text, ""))?,
        header: Header { directives, ..Header::default() },
        up: part(path, text, 0..0)?,
        down: None,
        remarks: Vec::new(),
    })
}
