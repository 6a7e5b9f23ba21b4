//! What formats have in common whose files are numbered: which files they are, how two make a pair,
//! and their order.

mod name;
mod pair;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use camino::Utf8Path;
use whimbrel_sql::Diagnostic;

use super::header::{file_error, file_warning};
use super::listing::{below, sql_files};
use super::name::Version;
use super::sections::{OURS_DOWN, is_empty, line_in};
use super::{Format, Listing, Settings};
use crate::migration::folder_of;
use crate::{Digest, Directives, Files, FilesError, History, Migration, Order, Section};

use self::name::Name;
use self::pair::{Pair, down_name, pair};

/// The files whose names have a number; the others are said to be none.
pub(super) fn numbered_files(
    files: &dyn Files,
    settings: &Settings,
) -> Result<Listing, FilesError> {
    let mut listing = Listing::default();
    for file in sql_files(files, &settings.folder, settings.nested)? {
        if is_numbered(&file.path) || settings.is_repeatable(&file.path) {
            listing.files.push(file);
        } else {
            listing.skipped.push(file_warning(
                &file.path,
                "the file is not a migration: its name has no number",
                vec!["name it as in `001_create_users.sql`, or as `R__views.sql` if it is to run again whenever it changes".into()],
            ));
        }
    }
    listing.skipped.extend(below(files, settings)?);
    Ok(listing)
}

/// Whether a file's name has a number.
pub(super) fn is_numbered(path: &Utf8Path) -> bool {
    Name::read(path).is_some()
}

/// The file beside that of an up script which has such another, else a line in its own.
pub(super) fn down_place(migration: &Migration) -> String {
    match down_name(migration.file_name()) {
        Some(name) => format!("`{}`", folder_of(&migration.path).join(name)),
        None => line_in(OURS_DOWN, migration),
    }
}

/// Puts a history of numbered files together: pairs of up and down, in the order of their numbers.
pub(super) fn assemble(
    format: &'static dyn Format,
    settings: &Settings,
    digests: Vec<Digest>,
) -> Result<History, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut warnings: Vec<Diagnostic> = digests.iter().flat_map(Digest::warnings).collect();
    let migrations: Vec<Migration> = pair(digests, &mut errors)
        .into_iter()
        .map(|pair| migration(settings, pair, &mut errors, &mut warnings))
        .collect();
    let mut found: Vec<Found<'_>> = migrations
        .iter()
        .enumerate()
        .map(|(place, migration)| Found { place, name: Name::of(&migration.path), migration })
        .collect();
    found.sort_by(Found::by_turn);
    same_ids(&found, &mut errors);
    numbering(&found, &mut warnings);
    let turns: Vec<usize> = found.iter().map(|found| found.place).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(History {
        name: settings.name.clone(),
        format,
        folder: settings.folder.clone(),
        migrations: in_turn(migrations, &turns),
        order: Order::Versions,
        named: true,
        warnings,
    })
}

/// A migration and what its file's name says.
struct Found<'a> {
    /// Its place as it was found.
    place: usize,
    name: Name<'a>,
    migration: &'a Migration,
}

impl Found<'_> {
    /// Compares by which runs first.
    fn by_turn(&self, other: &Self) -> Ordering {
        let by_number = match (&self.name.version, &other.name.version) {
            (Some(one), Some(two)) => one.by_number(two),
            (one, two) => one.is_some().cmp(&two.is_some()),
        };
        let (one, two) = (self.migration, other.migration);
        one.repeatable
            .cmp(&two.repeatable)
            .then(by_number)
            .then_with(|| self.name.name.cmp(other.name.name))
            .then_with(|| one.path.as_str().cmp(two.path.as_str()))
    }
}

/// Puts migrations into the order in which they run.
fn in_turn(migrations: Vec<Migration>, turns: &[usize]) -> Vec<Migration> {
    let mut migrations: Vec<Option<Migration>> = migrations.into_iter().map(Some).collect();
    let turns = turns.iter().map(|place| migrations[*place].take());
    turns.map(|migration| migration.expect("each has one turn")).collect()
}

/// Makes a migration of its files.
fn migration(
    settings: &Settings,
    pair: Pair,
    errors: &mut Vec<Diagnostic>,
    warnings: &mut Vec<Diagnostic>,
) -> Migration {
    let Pair { up, down } = pair;
    let name = Name::of(&up.path);
    if name.id.contains(':') {
        errors.push(file_error(
            &up.path,
            "the file's name holds a `:`",
            vec!["leave it out: `:` parts a history's name from an id".into()],
        ));
    }
    if let Some(down) = &down {
        if down.header.directives != Directives::default() {
            warnings.push(file_warning(
                &down.path,
                "the directives of this down script are not read",
                vec![format!("write them into `{}`: they hold for both", up.path)],
            ));
        }
        if down.down.is_some() {
            errors.push(file_error(
                &down.path,
                "the down script has a down section of its own",
                vec!["leave its `-- @down` out".into()],
            ));
        }
    }
    let section = |path: &Utf8Path, part: crate::digest::Part| Section {
        path: path.to_owned(),
        span: part.span,
        fingerprint: part.fingerprint,
    };
    Migration {
        history: settings.name.clone(),
        key: [settings.name.as_str(), ":", name.id].concat(),
        id: name.id.to_owned(),
        version: name.version.as_ref().map(|version| version.text.to_owned()),
        name: name.name.to_owned(),
        description: None,
        kind: None,
        depends_on: Vec::new(),
        repeatable: name.version.as_ref().is_none_or(Version::all_nines)
            || settings.is_repeatable(&up.path),
        down: match down {
            Some(down) => {
                Some(down.up).filter(|part| !is_empty(part)).map(|part| section(&down.path, part))
            }
            None => up.down.map(|part| section(&up.path, part)),
        },
        up: section(&up.path, up.up),
        checksum: up.checksum,
        directives: up.header.directives,
        path: up.path,
    }
}

/// Refuses two files of one id, which only nested folders can hold.
fn same_ids(found: &[Found<'_>], errors: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, &Migration> = BTreeMap::new();
    for Found { migration, .. } in found {
        if let Some(before) = seen.insert(&migration.id, migration) {
            errors.push(file_error(
                &migration.path,
                format!("`{}` has the same name", before.path),
                vec!["rename one of the two: a migration is recorded by its file's name".into()],
            ));
        }
    }
}

/// Names numbers that two files share, and numbers that are left out.
fn numbering(found: &[Found<'_>], warnings: &mut Vec<Diagnostic>) {
    let numbered: Vec<(&Version<'_>, &Migration)> = found
        .iter()
        .filter(|found| !found.migration.repeatable)
        .filter_map(|found| Some((found.name.version.as_ref()?, found.migration)))
        .collect();
    for (one, two) in numbered.iter().zip(numbered.iter().skip(1)) {
        if one.0.by_number(two.0).is_eq() {
            warnings.push(file_warning(
                &two.1.path,
                format!("`{}` has the same number {}", one.1.file_name(), one.0.text),
                vec!["they run in the order of their names".into()],
            ));
        } else if let (Some(first), Some(second)) = (count(one.0), count(two.0))
            && second - first > 1
        {
            let (from, to) = (first + 1, second - 1);
            let missing = if from == to {
                format!("number {from} is")
            } else {
                format!("numbers {from} to {to} are")
            };
            warnings.push(file_warning(
                &two.1.path,
                format!(
                    "{missing} missing between `{}` and `{}`",
                    one.1.file_name(),
                    two.1.file_name()
                ),
                vec![],
            ));
        }
    }
}

/// The value of a version that is one small number, as people count (not a date).
fn count(version: &Version<'_>) -> Option<u64> {
    match version.numbers.as_slice() {
        [] => Some(0),
        [number] if number.len() <= 6 => number.parse().ok(),
        _ => None,
    }
}
