//! Which files hold the scripts of one migration.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_sql::Diagnostic;

use super::name::{Name, Role};
use crate::Digest;
use crate::formats::header::file_error;
use crate::migration::folder_of;

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
    match down.file_name().and_then(|name| name.strip_prefix('U')) {
        Some(rest) => format!("V{rest}"),
        None => format!("{pair}.up.sql"),
    }
}

/// Joins up and down scripts.
pub(super) fn pair(digests: Vec<Digest>, errors: &mut Vec<Diagnostic>) -> Vec<Pair> {
    let mut ups: BTreeMap<(Utf8PathBuf, String), Pair> = BTreeMap::new();
    let mut downs: Vec<((Utf8PathBuf, String), Digest)> = Vec::new();
    let bases: BTreeSet<(Utf8PathBuf, String)> = digests
        .iter()
        .filter_map(|digest| {
            let stem = digest.path.file_stem()?;
            Some((folder_of(&digest.path).to_owned(), stem.trim_end_matches(".up").to_owned()))
        })
        .collect();
    for digest in digests {
        let folder = folder_of(&digest.path).to_owned();
        let Some(name) = Name::of(&digest.path) else { continue };
        let beside = DOWN_ENDINGS.iter().find_map(|ending| {
            let key = (folder.clone(), name.id.strip_suffix(ending)?.to_owned());
            bases.contains(&key).then_some(key)
        });
        if let Some(key) = beside {
            downs.push((key, digest));
        } else if name.role == Role::Down {
            downs.push(((folder, name.pair), digest));
        } else {
            let key = (folder, name.pair);
            if let Some(before) = ups.get(&key) {
                errors.push(file_error(
                    &digest.path,
                    format!("`{}` is an up script of the same version", before.up.path),
                    vec!["give one of the two another version".into()],
                ));
                continue;
            }
            ups.insert(key, Pair { up: digest, down: None });
        }
    }
    for (key, digest) in downs {
        let Some(pair) = ups.get_mut(&key) else {
            errors.push(file_error(
                &digest.path,
                "the down script has no up script",
                vec![format!("its up script would be `{}`", up_name(&digest.path, &key.1))],
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
    ups.into_values().collect()
}
