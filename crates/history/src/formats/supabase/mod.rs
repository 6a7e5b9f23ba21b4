//! Supabase's own folder: `supabase/migrations/<version>_name.sql`.
//!
//! Versions are any digits and compared as text, as the Supabase CLI does. What undoes a migration
//! lies in `supabase/migrations/down/<version>_name.sql`, where the CLI does not look. A first line
//! `-- pg-delta: transaction=false` runs a file statement by statement, as the CLI has it.

mod config;
mod seeds;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_sql::Diagnostic;

use super::compose::{NewFile, NewMigration, body, described, no_header, numbered, stamp};
use super::header::{self, file_error, file_warning, readable};
use super::listing::{is_sql, sql_files};
use super::name::{Version, advise};
use super::parted::parted;
use super::sections::{OURS, is_empty, part, sections, whole};
use super::{Baseline, Format, Listing, ProjectError, Seeds, Settings};
use crate::digest::{Header, Part, Remark};
use crate::ledgers::Ledger;
use crate::ledgers::supabase::{Supabase as SupabaseLedger, hash_of};
use crate::migration::{file_name, folder_of};
use crate::{
    Digest, Entry, Files, FilesError, History, Migration, Order, Recorded, Section, Text,
    Transaction, hash,
};

/// Supabase's own folder.
pub(super) struct Supabase;

/// The first line with which the CLI runs a file outside a transaction.
const NO_TRANSACTION: &str = "-- pg-delta: transaction=false";

/// The port of the CLI's own local database where `config.toml` says nothing.
const PORT: u16 = 54322;

/// Before this version a first file `<version>_init.sql` is not applied: older CLIs wrote one that
/// held what a project is born with.
const OLD_INIT: &str = "20211209000000";

impl Format for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }

    fn summary(&self) -> &'static str {
        "the Supabase CLI's files: supabase/migrations/<version>_name.sql"
    }

    fn ledger(&self) -> &'static dyn Ledger {
        &SupabaseLedger
    }

    fn baseline(
        &self,
        files: &dyn Files,
        settings: &Settings,
    ) -> Result<Option<Baseline>, ProjectError> {
        let (_, config) = config::read(files, settings)?;
        Ok(Some(Baseline {
            name: "supabase-platform",
            variant: config.auto_expose().then_some("auto-expose"),
            major: config.major(),
            port: Some(config.port().unwrap_or(PORT)),
        }))
    }

    fn folders(&self) -> &'static [&'static str] {
        &["supabase/migrations"]
    }

    fn recognise(
        &self,
        files: &dyn Files,
        folder: &Utf8Path,
    ) -> Result<Option<String>, FilesError> {
        if folder.as_str() != "supabase/migrations"
            && !folder.as_str().ends_with("/supabase/migrations")
        {
            return Ok(None);
        }
        let config = folder_of(folder).join("config.toml");
        if files.names(folder_of(folder))?.contains(&config) {
            return Ok(Some(format!("`{config}`")));
        }
        let names = files.names(folder)?;
        let first = names.iter().find(|path| parse(path).is_some());
        Ok(first.map(|path| format!("`{path}`")))
    }

    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError> {
        let mut listing = Listing::default();
        for (place, file) in files.list(&settings.folder)?.iter().enumerate() {
            if place == 0 && is_old_init(&file.path) {
                listing.skipped.push(file_warning(
                    &file.path,
                    "the file is left out, as the Supabase CLI does: it is an old CLI's picture of an empty project",
                    vec!["give it a name other than `init` to apply it".into()],
                ));
            } else if parse(&file.path).is_some() {
                listing.files.push(file.clone());
            } else if is_sql(&file.path) {
                listing.skipped.push(file_warning(
                    &file.path,
                    "the file is not a migration: its name is not `<version>_name.sql`",
                    vec!["the Supabase CLI leaves it out, too".into()],
                ));
            }
        }
        for file in sql_files(files, &down_folder(settings), false)? {
            if parse(&file.path).is_some() {
                listing.files.push(file);
            } else {
                listing.skipped.push(file_warning(
                    &file.path,
                    "the file is not a down script: its name is not `<version>_name.sql`",
                    vec![],
                ));
            }
        }
        Ok(listing)
    }

    fn digest(&self, path: &Utf8Path, text: &Text) -> Result<Digest, Vec<Diagnostic>> {
        let head = readable(path, text.head())?;
        let (comments, _) = header::leading(&head);
        let mut directives = header::directives(path, &comments)?;
        let first_line = head.lines().next().unwrap_or_default();
        if first_line.trim_end() == NO_TRANSACTION {
            directives.transaction = Transaction::Never;
        }
        let asked: Vec<&str> = comments
            .iter()
            .map(|comment| comment.text)
            .filter(|text| text.starts_with("whimbrel:") || text.starts_with("pg-delta:"))
            .collect();
        let mut checksum = readable(path, hash::checksum(text, &asked.join("\n")))?;
        let up = readable(path, whole(text))?;
        checksum.statements = readable(path, hash_of(&text.slice(up.clone())))?;
        Ok(Digest {
            path: path.to_owned(),
            checksum,
            header: Header { directives, ..Header::default() },
            up: part(path, text, up)?,
            down: None,
            remarks: down_section(path, text).into_iter().collect(),
        })
    }

    fn assemble(
        &'static self,
        settings: &Settings,
        digests: Vec<Digest>,
    ) -> Result<History, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut warnings: Vec<Diagnostic> = digests.iter().flat_map(Digest::warnings).collect();
        let down_folder = down_folder(settings);
        let (downs, ups): (Vec<Digest>, Vec<Digest>) =
            digests.into_iter().partition(|digest| folder_of(&digest.path) == down_folder);
        let mut migrations: BTreeMap<String, Migration> = BTreeMap::new();
        for digest in ups {
            let Some((version, name)) =
                parse(&digest.path).map(|(version, name)| (version.to_owned(), name.to_owned()))
            else {
                continue;
            };
            if let Some(before) = migrations.get(&version) {
                errors.push(file_error(
                    &digest.path,
                    format!("`{}` has the same version {version}", before.file_name()),
                    vec![
                        "give one of the two another version: the ledger holds each version once"
                            .into(),
                    ],
                ));
                continue;
            }
            migrations.insert(version.clone(), migration(settings, version, name, digest));
        }
        for digest in downs {
            let Some((version, _)) = parse(&digest.path) else {
                continue;
            };
            match migrations.get_mut(version) {
                Some(_) if is_empty(&digest.up) => {}
                Some(migration) if migration.down.is_none() => {
                    migration.down = Some(section(&digest.path, digest.up));
                }
                Some(_) => errors.push(file_error(
                    &digest.path,
                    format!("version {version} has another down script already"),
                    vec!["keep one of the two".into()],
                )),
                None => warnings.push(file_warning(
                    &digest.path,
                    format!("there is no migration of version {version} for this down script"),
                    vec![],
                )),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut migrations: Vec<Migration> = migrations.into_values().collect();
        migrations.sort_by_key(|migration| migration.repeatable);
        Ok(History {
            name: settings.name.clone(),
            format: self,
            folder: settings.folder.clone(),
            migrations,
            order: Order::Versions,
            named: false,
            warnings,
        })
    }

    fn restore(
        &self,
        entry: &Entry,
        recorded: &Recorded,
        history: &History,
    ) -> Result<Vec<NewFile>, Diagnostic> {
        let name = entry.name.as_deref().unwrap_or("restored");
        let stem = format!("{}_{name}.sql", entry.id);
        let file = |path: Utf8PathBuf, text: &str| NewFile { path, text: body(text, "") };
        let mut files = vec![file(history.folder.join(&stem), &recorded.up_text())];
        if let Some(down) = recorded.down_text() {
            files.push(file(history.folder.join("down").join(&stem), &down));
        }
        Ok(files)
    }

    fn compose(&self, new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
        compose(new, history)
    }

    fn down_place(&self, migration: &Migration) -> String {
        let folder = folder_of(&migration.path).join("down");
        format!("`{}`", folder.join(migration.file_name()))
    }

    fn seeds(&self, files: &dyn Files, settings: &Settings) -> Result<Option<Seeds>, ProjectError> {
        seeds::seeds(files, settings)
    }
}

/// Warns of a section that would be run as part of the up script.
fn down_section(path: &Utf8Path, text: &Text) -> Option<Remark> {
    let down = sections(path, text, OURS).ok()??.down?;
    let folder = folder_of(path).join("down");
    Some(Remark {
        span: Some(down),
        message: "the down section is part of the script, as the Supabase CLI has it".into(),
        hints: vec![format!("move it to `{}`", folder.join(path.file_name().unwrap_or_default()))],
    })
}

/// Version and name of `<version>_name.sql`.
fn parse(path: &Utf8Path) -> Option<(&str, &str)> {
    let stem = file_name(path).strip_suffix(".sql")?;
    let (version, name) = stem.split_once('_')?;
    let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some((version, name))
}

/// Whether a file is what old CLIs wrote for an empty project.
fn is_old_init(path: &Utf8Path) -> bool {
    parse(path)
        .is_some_and(|(version, name)| name == "init" && version.len() == 14 && version < OLD_INIT)
}

fn down_folder(settings: &Settings) -> Utf8PathBuf {
    settings.folder.join("down")
}

fn section(path: &Utf8Path, part: Part) -> Section {
    Section { path: path.to_owned(), span: part.span, fingerprint: part.fingerprint }
}

/// Makes a migration of its file.
fn migration(settings: &Settings, version: String, name: String, digest: Digest) -> Migration {
    Migration {
        history: settings.name.clone(),
        id: version.clone(),
        key: version.clone(),
        repeatable: Version::of(&version).all_nines() || settings.is_repeatable(&digest.path),
        version: Some(version),
        name,
        description: None,
        kind: None,
        depends_on: Vec::new(),
        up: section(&digest.path, digest.up),
        down: None,
        checksum: digest.checksum,
        directives: digest.header.directives,
        path: digest.path,
    }
}

/// The files of a new Supabase migration.
fn compose(new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
    let new = &parted(new, OURS)?.headed();
    no_header(new, "supabase")?;
    let slug = advise(&new.name)?;
    let newest: Option<u64> =
        numbered(history).filter_map(|last| last.version.as_deref()?.parse().ok()).max();
    let mut version: u64 = stamp(new.now).parse().expect("a stamp is digits");
    if let Some(newest) = newest
        && newest >= version
    {
        version = newest + 1;
    }
    let mut files = vec![NewFile {
        path: history.folder.join(format!("{version}_{slug}.sql")),
        text: described(new),
    }];
    if let Some(down) = &new.down {
        files.push(NewFile {
            path: history.folder.join(format!("down/{version}_{slug}.sql")),
            text: body(down, ""),
        });
    }
    Ok(files)
}
