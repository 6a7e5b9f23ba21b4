//! Supabase's own folder: `supabase/migrations/<version>_name.sql`.
//!
//! Versions are any digits and compared as text, as the Supabase CLI does. What undoes a migration
//! lies in `supabase/migrations/down/<version>_name.sql`, where the CLI does not look. A first line
//! `-- pg-delta: transaction=false` runs a file statement by statement, as the CLI has it.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_sql::{Diagnostic, split};

use super::compose::{self, NewFile, NewMigration};
use super::header::{self, file_error, file_warning};
use super::listing::{is_sql, sql_files};
use super::name::Version;
use super::plain::is_repeatable;
use super::sections::{is_empty, part, sections, trim};
use super::{Format, Listing, Seed, Seeds, SeedsError, Settings};
use crate::digest::{Header, Part};
use crate::glob::glob;
use crate::ledgers::{Ledger, SUPABASE};
use crate::migration::folder_of;
use crate::statements::statements;
use crate::{Digest, Files, FilesError, History, Migration, Order, Section, Transaction, hash};

/// Supabase's own folder.
pub(super) struct Supabase;

/// The first line with which the CLI runs a file outside a transaction.
const NO_TRANSACTION: &str = "-- pg-delta: transaction=false";

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
        SUPABASE
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
        if files.list(folder_of(folder))?.iter().any(|file| file.path == config) {
            return Ok(Some(format!("`{config}`")));
        }
        let listed = files.list(folder)?;
        Ok(listed
            .iter()
            .find(|file| parse(&file.path).is_some())
            .map(|file| format!("`{}`", file.path)))
    }

    fn list(&self, files: &dyn Files, settings: &Settings) -> Result<Listing, FilesError> {
        let mut listing = Listing::default();
        for (place, file) in files.list(&settings.folder)?.into_iter().enumerate() {
            if place == 0 && is_old_init(&file.path) {
                listing.skipped.push(file_warning(
                    &file.path,
                    "the file is left out, as the Supabase CLI does: it is an old CLI's picture of an empty project",
                    vec!["give it a name other than `init` to apply it".into()],
                ));
            } else if parse(&file.path).is_some() {
                listing.files.push(file);
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

    fn digest(&self, path: &Utf8Path, bytes: &[u8]) -> Result<Digest, Vec<Diagnostic>> {
        let text = header::text(path, bytes)?;
        let (comments, _) = header::leading(text);
        let mut directives = header::directives(path, &comments)?;
        let first_line = text.lines().next().unwrap_or_default();
        if first_line.trim_end() == NO_TRANSACTION {
            directives.transaction = Transaction::Never;
        }
        if let Some(found) = sections(path, text)?
            && let Some(mark) = found.down
        {
            return Err(vec![header::error(
                path,
                mark,
                "a down section in a file that the Supabase CLI would run whole",
                vec![format!(
                    "move it to `{}`",
                    folder_of(path).join("down").join(path.file_name().unwrap_or_default())
                )],
            )]);
        }
        let asked: Vec<&str> = comments
            .iter()
            .map(|comment| comment.text)
            .filter(|text| text.starts_with("whimbrel:") || text.starts_with("pg-delta:"))
            .collect();
        let mut checksum = hash::checksum(bytes, &asked.join("\n"));
        let up = trim(text, 0..text.len());
        checksum.statements = split(&text[up.clone()])
            .ok()
            .map(|script| hash::statements(&statements(&text[up.clone()], &script)));
        Ok(Digest {
            path: path.to_owned(),
            checksum,
            header: Header { directives, ..Header::default() },
            up: part(text, up),
            down: None,
            remarks: Vec::new(),
        })
    }

    fn assemble(
        &self,
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
            format: &Supabase,
            folder: settings.folder.clone(),
            migrations,
            order: Order::Versions,
            warnings,
        })
    }

    fn compose(&self, new: &NewMigration, history: &History) -> Result<Vec<NewFile>, Diagnostic> {
        compose::supabase(new, history)
    }

    fn seeds(&self, files: &dyn Files, settings: &Settings) -> Result<Option<Seeds>, SeedsError> {
        let home = folder_of(&settings.folder).to_owned();
        let config = home.join("config.toml");
        let patterns = if files.list(&home)?.iter().any(|file| file.path == config) {
            let bytes = files.read(&config)?;
            let text = String::from_utf8_lossy(&bytes);
            seed_patterns(&text)
                .map_err(|message| SeedsError::Config { path: config.clone(), message })?
        } else {
            Some(vec!["./seed.sql".to_owned()])
        };
        let Some(patterns) = patterns else {
            return Ok(None);
        };
        let mut seeds = Seeds::default();
        for pattern in &patterns {
            let pattern = normal(&home, pattern);
            let mut found = Vec::new();
            matching(files, &fixed(&pattern), &pattern, &mut found)?;
            found.sort();
            if found.is_empty() && patterns != ["./seed.sql"] {
                seeds.warnings.push(file_warning(
                    &config,
                    format!("no seed file fits `{pattern}`"),
                    vec!["see `sql_paths` of `[db.seed]`".into()],
                ));
            }
            for path in found {
                if seeds.files.iter().all(|seed| seed.path != path) {
                    let hash = hash::sha256(&files.read(&path)?);
                    seeds.files.push(Seed { path, hash });
                }
            }
        }
        Ok(Some(seeds))
    }
}

/// Version and name of `<version>_name.sql`.
fn parse(path: &Utf8Path) -> Option<(&str, &str)> {
    let stem = path.file_name()?.strip_suffix(".sql")?;
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
        repeatable: Version::of(&version).all_nines() || is_repeatable(settings, &digest.path),
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

/// The `sql_paths` of `[db.seed]`; `None` where it is not enabled.
fn seed_patterns(config: &str) -> Result<Option<Vec<String>>, String> {
    let config: toml::Table =
        config.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let seed = config.get("db").and_then(|db| db.get("seed"));
    let Some(seed) = seed else {
        return Ok(Some(vec!["./seed.sql".to_owned()]));
    };
    if seed.get("enabled").and_then(toml::Value::as_bool) == Some(false) {
        return Ok(None);
    }
    let Some(paths) = seed.get("sql_paths") else {
        return Ok(Some(vec!["./seed.sql".to_owned()]));
    };
    let paths = paths.as_array().ok_or("`sql_paths` of `[db.seed]` is not a list")?;
    let paths: Option<Vec<String>> =
        paths.iter().map(|path| Some(path.as_str()?.to_owned())).collect();
    paths
        .map(Some)
        .ok_or_else(|| "`sql_paths` of `[db.seed]` holds something that is no text".into())
}

/// A pattern of the configuration, relative to the project's folder.
fn normal(home: &Utf8Path, pattern: &str) -> String {
    let mut parts: Vec<&str> = home.as_str().split('/').filter(|part| !part.is_empty()).collect();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The folders of a pattern before its first wildcard.
fn fixed(pattern: &str) -> Utf8PathBuf {
    let end = pattern.find(['*', '?']).unwrap_or(pattern.len());
    let end = pattern[..end].rfind('/').unwrap_or(0);
    Utf8PathBuf::from(&pattern[..end])
}

/// Collects the files that fit a pattern, from a folder downwards.
fn matching(
    files: &dyn Files,
    folder: &Utf8Path,
    pattern: &str,
    found: &mut Vec<Utf8PathBuf>,
) -> Result<(), FilesError> {
    let listed = files.list(folder)?;
    found.extend(
        listed.into_iter().map(|file| file.path).filter(|path| glob(pattern, path.as_str())),
    );
    let rest = pattern.strip_prefix(folder.as_str()).unwrap_or(pattern).trim_start_matches('/');
    if rest.contains('/') {
        for inner in files.folders(folder)? {
            matching(files, &inner, pattern, found)?;
        }
    }
    Ok(())
}
