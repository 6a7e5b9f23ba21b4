//! Which files hold the scripts of one migration.

use std::cell::LazyCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use whimbrel_sql::Diagnostic;

use super::name::{Name, Role};
use crate::Digest;
use crate::formats::header::file_error;
use crate::migration::{file_name, folder_of, stem};

/// Endings of a down script that stands beside its up script.
const DOWN_ENDINGS: &[&str] = &[
    "_down",
    "-down",
    "_rollback",
    "-rollback",
    ".rollback",
    "_undo",
    "-undo",
    ".undo",
    "_revert",
    "-revert",
    ".revert",
];

/// The files of one migration.
pub(super) struct Pair {
    /// The file with the up script.
    pub(super) up: Digest,
    /// The file with nothing but the down script.
    pub(super) down: Option<Digest>,
}

/// What the up script of a down script's file would be called.
fn up_name(down: &Utf8Path, pair: &str) -> String {
    match file_name(down).strip_prefix('U') {
        Some(rest) => format!("V{rest}"),
        None => format!("{pair}.up.sql"),
    }
}

/// What the down script's file of an up script's would be called; `None` where the name asks for no
/// other file.
pub(super) fn down_name(up: &str) -> Option<String> {
    if let Some(base) = up.strip_suffix(".up.sql") {
        return Some(format!("{base}.down.sql"));
    }
    let flyway = up.strip_prefix(['V', 'v']).filter(|rest| rest.contains("__"));
    Some(format!("U{}", flyway?))
}

/// What a file is to its migration.
enum Part {
    Up,
    Down,
}

/// Joins up and down scripts.
pub(super) fn pair(digests: Vec<Digest>, errors: &mut Vec<Diagnostic>) -> Vec<Pair> {
    let parts = parts(&digests);
    let mut ups: Vec<Pair> = Vec::with_capacity(digests.len());
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut downs: Vec<(String, Digest)> = Vec::new();
    for (digest, (part, key)) in digests.into_iter().zip(parts) {
        match part {
            Part::Down => downs.push((key, digest)),
            Part::Up => match places.entry(key) {
                Entry::Occupied(before) => errors.push(file_error(
                    &digest.path,
                    format!("`{}` is an up script of the same version", ups[*before.get()].up.path),
                    vec!["give one of the two another version".into()],
                )),
                Entry::Vacant(place) => {
                    place.insert(ups.len());
                    ups.push(Pair { up: digest, down: None });
                }
            },
        }
    }
    for (key, digest) in downs {
        let Some(pair) = places.get(&key).map(|place| &mut ups[*place]) else {
            let name = key.rsplit_once('/').map_or(key.as_str(), |(_, name)| name);
            errors.push(file_error(
                &digest.path,
                "the down script has no up script",
                vec![format!("its up script would be `{}`", up_name(&digest.path, name))],
            ));
            continue;
        };
        let inside = pair.up.down.is_some().then_some(&pair.up.path);
        if let Some(other) = pair.down.as_ref().map(|down| &down.path).or(inside) {
            errors.push(file_error(
                &digest.path,
                format!("the migration has a down script in `{other}` already"),
                vec!["keep one of the two".into()],
            ));
            continue;
        }
        pair.down = Some(digest);
    }
    ups
}

/// What each file is, and what it shares with the other file of its migration: the folder and a
/// name.
fn parts<'a>(digests: &'a [Digest]) -> Vec<(Part, String)> {
    // Few projects have files that make anybody ask.
    let bases = LazyCell::new(|| -> BTreeSet<(&str, &str)> {
        let base = |digest: &'a Digest| {
            (folder_of(&digest.path).as_str(), stem(&digest.path).trim_end_matches(".up"))
        };
        digests.iter().map(base).collect()
    });
    let part = |digest: &Digest| {
        let folder = folder_of(&digest.path).as_str();
        let name = Name::of(&digest.path);
        let beside = DOWN_ENDINGS
            .iter()
            .filter_map(|ending| name.id.strip_suffix(ending))
            .find(|base| bases.contains(&(folder, base)));
        let (part, shared) = match (beside, name.role) {
            (Some(base), _) => (Part::Down, base),
            (None, Role::Down) => (Part::Down, &*name.pair),
            (None, Role::Up) => (Part::Up, &*name.pair),
        };
        (part, [folder, "/", shared].concat())
    };
    digests.iter().map(part).collect()
}
