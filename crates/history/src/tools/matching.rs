//! Which migration of a history an entry of another tool is about.

use std::collections::BTreeMap;

use super::{Applied, Records};
use crate::formats::number_of;
use crate::{History, Migration, Status};

/// Entries beside migrations.
#[derive(Clone, Debug, Default)]
pub struct Matched<'a> {
    /// Migrations that the tool has applied, with their entries, in the history's order.
    pub applied: Vec<(&'a Migration, Applied)>,
    /// Entries that failed or were never finished, or were undone.
    pub unfinished: Vec<Applied>,
    /// Entries of applied migrations that have no file.
    pub without_file: Vec<Applied>,
}

/// Finds the migration of each entry: by number, else by name.
pub fn matched(history: &History, records: Records, entries: Vec<Applied>) -> Matched<'_> {
    let mut known: BTreeMap<String, &Migration> = BTreeMap::new();
    for migration in &history.migrations {
        for name in names(migration) {
            known.entry(name).or_insert(migration);
        }
    }
    let find =
        |version: &str| known.get(version).or_else(|| known.get(&number_of(version)?)).copied();
    let mut matched = Matched::default();
    for entry in entries {
        let found = find(&entry.version);
        if records == Records::Newest
            && let Some(newest) = found
        {
            let before = history.migrations.iter().take_while(|one| one.key != newest.key);
            let earlier = Applied { status: Status::Completed, error: None, ..entry.clone() };
            matched.applied.extend(before.map(|one| (one, earlier.clone())));
        }
        match (entry.status, found) {
            (Status::Completed, Some(migration)) => matched.applied.push((migration, entry)),
            (Status::Completed, None) => matched.without_file.push(entry),
            (Status::Pending | Status::Running | Status::Failed | Status::RolledBack, _) => {
                matched.unfinished.push(entry);
            }
        }
    }
    let place = |key: &str| history.migrations.iter().position(|one| one.key == key);
    matched.applied.sort_by_key(|(migration, _)| place(&migration.key));
    matched.applied.dedup_by(|(later, _), (first, _)| later.key == first.key);
    matched
}

/// What a tool may call a migration.
fn names(migration: &Migration) -> Vec<String> {
    let number = migration.version.as_deref().and_then(number_of);
    let file = migration.file_name().to_owned();
    number.into_iter().chain([migration.id.clone(), file, migration.name.clone()]).collect()
}
