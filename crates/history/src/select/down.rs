//! What `down` undoes.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::resolve::version;
use super::{SelectError, resolve};
use crate::state::Row;
use crate::{Down, Fingerprints, History, Order};

/// How far back a person wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// The newest so many.
    Newest(usize),
    /// All that were applied after this one.
    To(String),
    /// All.
    All,
}

/// A migration that is to be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo<'a> {
    /// It.
    pub row: Row<'a>,
    /// Which down script there is.
    pub from: DownFrom,
}

/// Which down script there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownFrom {
    /// The file's: it is the recorded one, or the only one.
    File,
    /// The ledger's: the file has none, or is gone.
    Ledger,
    /// They differ: the person says.
    Differ,
}

/// What may come to be undone, before it is said whether it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// It.
    pub row: Row<'a>,
    /// Which down script there is, if any.
    from: Option<DownFrom>,
    /// Where one would stand.
    place: Option<String>,
}

/// Chooses what `down` undoes, in the order in which it does: the newest applied first, and nothing
/// before what depends on it.
///
/// Repeatable migrations stay, but for [`Back::All`], where those that have a down script come
/// first. `recorded` are fingerprints of what the ledger holds, by key, where entries have none.
pub fn down<'a>(
    history: &History,
    rows: &[Row<'a>],
    back: &Back,
    recorded: &BTreeMap<String, Fingerprints>,
) -> Result<Vec<Undo<'a>>, SelectError> {
    undo(candidates(history, rows, back, recorded)?)
}

/// The same, for whoever chooses among several histories' before it matters whether each has a
/// down script.
pub fn candidates<'a>(
    history: &History,
    rows: &[Row<'a>],
    back: &Back,
    recorded: &BTreeMap<String, Fingerprints>,
) -> Result<Vec<Candidate<'a>>, SelectError> {
    let mut chosen = newest_first(history, rows);
    match back {
        Back::Newest(count) => chosen.truncate(*count),
        Back::To(to) => {
            let target = resolve(rows, to)?;
            let place = chosen.iter().position(|row| row.key() == target.key());
            let Some(place) = place else {
                return Err(SelectError::NotApplied { id: target.id().to_owned() });
            };
            chosen.truncate(place);
        }
        Back::All => {
            let repeatable = rows.iter().rev().filter(|row| {
                row.is_repeatable() && row.is_undoable() && from(row, recorded).is_some()
            });
            chosen.splice(0..0, repeatable);
        }
    }
    let candidate = |row: &Row<'a>| Candidate {
        row: row.clone(),
        from: from(row, recorded),
        place: row.migration.map(|one| history.format.down_place(one)),
    };
    Ok(chosen.into_iter().map(candidate).collect())
}

/// Undoes what was chosen, if all of it can be undone.
pub fn undo(chosen: Vec<Candidate<'_>>) -> Result<Vec<Undo<'_>>, SelectError> {
    let mut undo = Vec::with_capacity(chosen.len());
    let mut ids = Vec::new();
    let mut places = Vec::new();
    for Candidate { row, from, place } in chosen {
        if let Some(from) = from {
            undo.push(Undo { row, from });
        } else {
            ids.push(row.id().to_owned());
            places.extend(place);
        }
    }
    if ids.is_empty() { Ok(undo) } else { Err(SelectError::NoDown { ids, places }) }
}

/// The keys of applied migrations whose file and whose ledger both hold a down script that nobody
/// compared yet.
///
/// Whoever calls asks the ledger for their details, and hands their fingerprints to [`down`] with
/// those that are known.
pub fn uncompared<'r>(
    rows: &'r [Row<'_>],
    recorded: &BTreeMap<String, Fingerprints>,
) -> Vec<&'r str> {
    rows.iter()
        .filter(|row| row.is_undoable())
        .filter(|row| row.migration.is_some_and(|migration| migration.down.is_some()))
        .filter_map(|row| row.entry)
        .filter(|entry| entry.down == Down::Recorded && entry.fingerprints.is_none())
        .filter(|entry| !recorded.contains_key(&entry.key))
        .map(|entry| entry.key.as_str())
        .collect()
}

/// All that is applied, in the order in which it can be undone: what is half done comes first.
fn newest_first<'r, 'a>(history: &History, rows: &'r [Row<'a>]) -> Vec<&'r Row<'a>> {
    // Where versions are an order, one that has none was repeatable before its file went.
    let was_repeatable = |row: &Row<'_>| {
        history.order == Order::Versions && row.migration.is_none() && version(row).is_none()
    };
    let is_in_order = |row: &&Row<'a>| !row.is_repeatable() && !was_repeatable(row);
    let applied: Vec<&Row<'a>> =
        rows.iter().filter(|row| row.is_undoable()).filter(is_in_order).collect();
    let timed = applied.iter().all(|row| row.half.is_some() || time(row).is_some());
    let by_id: BTreeMap<&str, usize> =
        applied.iter().enumerate().map(|(place, row)| (row.id(), place)).collect();
    let needs = |row: &Row<'a>| -> BTreeSet<usize> {
        let ids = row.migration.into_iter().flat_map(|migration| &migration.depends_on);
        ids.filter_map(|id| by_id.get(id.as_str()).copied()).collect()
    };
    let mut dependents = vec![0_usize; applied.len()];
    for row in &applied {
        for need in needs(row) {
            dependents[need] += 1;
        }
    }
    let age = |place: usize| {
        let row = applied[place];
        (row.half.is_some(), if timed { time(row) } else { None }, place)
    };
    let mut free: BinaryHeap<(bool, Option<&str>, usize)> =
        (0..applied.len()).filter(|&place| dependents[place] == 0).map(age).collect();
    let mut ordered = Vec::with_capacity(applied.len());
    while let Some((_, _, place)) = free.pop() {
        ordered.push(applied[place]);
        for need in needs(applied[place]) {
            dependents[need] -= 1;
            if dependents[need] == 0 {
                free.push(age(need));
            }
        }
    }
    ordered
}

fn time<'a>(row: &Row<'a>) -> Option<&'a str> {
    row.entry?.applied_at.as_deref()
}

/// Where a row's down script is; `None` where there is none.
fn from(row: &Row<'_>, recorded: &BTreeMap<String, Fingerprints>) -> Option<DownFrom> {
    let file = row.migration.and_then(|migration| migration.down.as_ref());
    let entry = row.entry;
    let in_ledger = entry.is_some_and(|entry| entry.down == Down::Recorded);
    let then = entry
        .and_then(|entry| entry.fingerprints.as_ref().or_else(|| recorded.get(&entry.key)))
        .and_then(|then| then.down.as_deref());
    match (file, then) {
        (Some(file), Some(then)) if in_ledger && file.fingerprint != then => Some(DownFrom::Differ),
        (Some(_), _) => Some(DownFrom::File),
        (None, _) => in_ledger.then_some(DownFrom::Ledger),
    }
}
