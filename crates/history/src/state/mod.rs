//! What is applied, what is not, and what does not fit: files beside ledger entries.

mod half;

use std::collections::{BTreeMap, BTreeSet};

pub use half::{Half, Steps, halves, unfinished};

use crate::formats::natural;
use crate::{Entry, Fingerprints, History, Migration, Order, Status, hash};

/// One line of the matrix: a migration, an entry, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The migration; `None` where its file is gone.
    pub migration: Option<&'a Migration>,
    /// The entry; `None` where the ledger knows nothing of it.
    pub entry: Option<&'a Entry>,
    /// What all together mean.
    pub state: State,
    /// How far it came, where it was begun step by step and is not finished.
    pub half: Option<Half>,
}

/// What a migration and its entry together mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Not applied, and its turn comes.
    Pending,
    /// Not applied, but one that comes after it is.
    OutOfOrder {
        /// The id of the newest that comes after it.
        before: String,
    },
    /// Not applied under this version, but its script is applied under another whose file is gone.
    SameContent {
        /// The key of that entry.
        key: String,
    },
    /// Applied as it is.
    Applied,
    /// Applied, and its file changed since, but not what its up script does.
    Reformatted(Change),
    /// Applied, and its up script changed since.
    Modified(Change),
    /// A repeatable one, applied, and its script changed since: it runs again.
    Changed,
    /// Tried without success.
    Failed,
    /// Begun step by step, and not finished: under way, or interrupted.
    Running,
    /// The same, and there is no file of it.
    HalfApplied,
    /// Applied, and its down script was begun step by step and not finished.
    HalfUndone,
    /// Applied and undone.
    RolledBack,
    /// Applied, and there is no file of it.
    MissingFile {
        /// The id of a pending migration with the same script.
        same_as: Option<String>,
    },
    /// Registered or undone, not applied, and there is no file of it.
    Leftover,
}

/// Which parts of an applied migration changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Its header or directives.
    pub header: bool,
    /// Its up script.
    pub up: bool,
    /// Its down script.
    pub down: bool,
}

impl State {
    /// Whether the migration's effects are in the database.
    pub fn is_applied(&self) -> bool {
        match self {
            Self::Applied
            | Self::Reformatted(_)
            | Self::Modified(_)
            | Self::Changed
            | Self::HalfUndone
            | Self::MissingFile { .. } => true,
            Self::Pending
            | Self::OutOfOrder { .. }
            | Self::SameContent { .. }
            | Self::Failed
            | Self::Running
            | Self::HalfApplied
            | Self::RolledBack
            | Self::Leftover => false,
        }
    }

    /// Whether `up` is to run it.
    pub fn is_due(&self) -> bool {
        match self {
            Self::Pending
            | Self::OutOfOrder { .. }
            | Self::SameContent { .. }
            | Self::Changed
            | Self::Failed
            | Self::Running
            | Self::RolledBack => true,
            Self::Applied
            | Self::Reformatted(_)
            | Self::Modified(_)
            | Self::HalfApplied
            | Self::HalfUndone
            | Self::MissingFile { .. }
            | Self::Leftover => false,
        }
    }

    /// What `status` calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::OutOfOrder { .. } => "out of order",
            Self::SameContent { .. } => "same content",
            Self::Applied => "applied",
            Self::Reformatted(Change { down: true, .. }) => "down changed",
            Self::Reformatted(_) => "reformatted",
            Self::Modified(_) => "modified",
            Self::Changed => "changed",
            Self::Failed => "failed",
            Self::Running => "running",
            Self::HalfApplied => "half applied",
            Self::HalfUndone => "half undone",
            Self::RolledBack => "rolled back",
            Self::MissingFile { .. } => "missing file",
            Self::Leftover => "leftover",
        }
    }
}

impl Row<'_> {
    /// The id: of the migration, or else as the ledger or the journal has it.
    pub fn id(&self) -> &str {
        match (self.migration, self.entry) {
            (Some(migration), _) => &migration.id,
            (None, Some(entry)) => &entry.id,
            (None, None) => self.half.as_ref().map_or("", |half| &half.id),
        }
    }

    /// What its ledger calls it.
    pub fn key(&self) -> &str {
        match (self.migration, self.entry) {
            (Some(migration), _) => &migration.key,
            (None, Some(entry)) => &entry.key,
            (None, None) => self.id(),
        }
    }

    /// Whether there is something of it in the database that `down` can undo.
    pub fn is_undoable(&self) -> bool {
        self.state.is_applied() || self.half.is_some()
    }

    /// Whether it runs last, and again when it changes.
    pub fn is_repeatable(&self) -> bool {
        self.migration.is_some_and(|migration| migration.repeatable)
    }
}

/// The entries of a ledger that belong to a history: those that name it, and those that name none
/// where the history's own keys do not.
pub fn belonging<'a>(history: &History, entries: &'a [Entry]) -> Vec<&'a Entry> {
    entries
        .iter()
        .filter(|entry| match &entry.history {
            Some(name) => *name == history.name,
            None => !history.named,
        })
        .collect()
}

/// The name under which a ledger knows the migrations of a history that has another name now.
///
/// `names` are those of all histories of the project that share the ledger. A renamed history looks
/// as if nothing of it were applied, and would be applied a second time.
pub fn renamed<'a>(history: &History, names: &[&str], entries: &'a [Entry]) -> Option<&'a str> {
    let known: BTreeSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let strange: BTreeSet<&str> = history
        .migrations
        .iter()
        .filter(|migration| !known.contains(migration.key.as_str()))
        .map(|migration| migration.id.as_str())
        .collect();
    if strange.is_empty() {
        return None;
    }
    entries
        .iter()
        .filter(|entry| entry.status == Status::Completed && strange.contains(entry.id.as_str()))
        .filter_map(|entry| entry.history.as_deref())
        .find(|name| !names.contains(name))
}

/// The keys of entries whose scripts must be read to compare them: their checksum differs and no
/// fingerprint is recorded.
///
/// Whoever calls asks the ledger for their details and hands the fingerprints of those to
/// [`matrix`].
pub fn undecided<'a>(history: &History, entries: &[&'a Entry]) -> Vec<&'a str> {
    let is_open = |entry: &Entry| {
        entry.status == Status::Completed
            && entry.fingerprints.is_none()
            && entry.checksum.is_some()
    };
    let open: Vec<&'a Entry> = entries.iter().copied().filter(|entry| is_open(entry)).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let files: BTreeMap<&str, &Migration> =
        history.migrations.iter().map(|migration| (migration.key.as_str(), migration)).collect();
    let known: BTreeSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let some_new = history.migrations.iter().any(|one| !known.contains(one.key.as_str()));
    open.into_iter()
        .filter(|entry| match files.get(entry.key.as_str()) {
            Some(migration) => !same_checksum(migration, entry),
            None => some_new,
        })
        .map(|entry| entry.key.as_str())
        .collect()
}

/// Puts files and entries side by side, in the history's order, repeatable ones last.
///
/// `entries` are those of this history; `recorded` are the fingerprints of [`undecided`] ones, by
/// key.
pub fn matrix<'a>(
    history: &'a History,
    entries: &[&'a Entry],
    recorded: &BTreeMap<String, Fingerprints>,
) -> Vec<Row<'a>> {
    let mut by_key: BTreeMap<&str, &'a Entry> =
        entries.iter().map(|entry| (entry.key.as_str(), *entry)).collect();
    let mut rows: Vec<Row<'a>> = history
        .migrations
        .iter()
        .map(|migration| {
            let entry = by_key.remove(migration.key.as_str());
            let state = entry
                .map_or(State::Pending, |entry| state(migration, entry, recorded.get(&entry.key)));
            Row { migration: Some(migration), entry, state, half: None }
        })
        .collect();
    out_of_order(history, &mut rows);
    let mut left: Vec<&'a Entry> = by_key.into_values().collect();
    left.sort_unstable_by(|one, two| one.key.cmp(&two.key));
    let mut orphans: Vec<Row<'a>> = left.into_iter().map(orphan).collect();
    same_content(&mut rows, &mut orphans, recorded);
    insert_orphans(history.order, &mut rows, orphans);
    rows
}

/// What a file and its entry mean.
fn state(migration: &Migration, entry: &Entry, recorded: Option<&Fingerprints>) -> State {
    match entry.status {
        Status::Pending => return State::Pending,
        Status::Running => return State::Running,
        Status::Failed => return State::Failed,
        Status::RolledBack => return State::RolledBack,
        Status::Completed => {}
    }
    let change = compare(migration, entry, recorded);
    if change == Change::default() {
        State::Applied
    } else if !change.up {
        State::Reformatted(change)
    } else if migration.repeatable {
        State::Changed
    } else {
        State::Modified(change)
    }
}

/// What changed since a migration was applied; nothing where the ledger holds nothing to compare.
///
/// A file whose checksum differs, though its header and scripts do not, was reformatted: that is
/// said of the header, for white space and comments are nowhere else.
fn compare(migration: &Migration, entry: &Entry, recorded: Option<&Fingerprints>) -> Change {
    let same = same_checksum(migration, entry);
    let Some(then) = entry.fingerprints.as_ref().or(recorded) else {
        let known = same || entry.checksum.is_none();
        return Change { up: !known, ..Change::default() };
    };
    let down = then.down.as_deref()
        != migration.down.as_ref().map(|down| down.fingerprint.as_str())
        && entry.down != crate::Down::Unknown;
    if same || says_nothing(then) {
        // The checksum is that of the file with the up script; the down script may be in another.
        let elsewhere = migration.down.as_ref().is_none_or(|down| down.path != migration.path);
        return Change { down: down && elsewhere && !says_nothing(then), ..Change::default() };
    }
    let up = then.up != migration.up.fingerprint;
    let header = match &then.header {
        Some(header) => *header != migration.checksum.header || !(up || down),
        None => !(up || down),
    };
    Change { header, up, down }
}

/// Whether an entry's checksum is one of the file's.
fn same_checksum(migration: &Migration, entry: &Entry) -> bool {
    let checksum = &migration.checksum;
    entry.checksum.as_deref().is_some_and(|recorded| {
        recorded.eq_ignore_ascii_case(&checksum.text)
            || recorded.eq_ignore_ascii_case(&checksum.bytes)
            || checksum.statements.as_deref() == Some(recorded)
    })
}

/// Whether what is recorded is comments only: a place holder that another tool wrote.
fn says_nothing(fingerprints: &Fingerprints) -> bool {
    fingerprints.up == hash::of_nothing()
}

/// Marks what is not applied though something after it is.
///
/// A migration that the ledger holds as pending was set so by a person, or was registered when its
/// turn came: it is no surprise, and runs.
fn out_of_order(history: &History, rows: &mut [Row<'_>]) {
    let due = |row: &Row<'_>| {
        !row.is_repeatable()
            && match row.state {
                State::Pending => row.entry.is_none(),
                State::RolledBack => true,
                _ => false,
            }
    };
    match history.order {
        Order::Versions => {
            let newest =
                rows.iter().rposition(|row| row.state.is_applied() && !row.is_repeatable());
            let Some(newest) = newest else { return };
            let before = rows[newest].id().to_owned();
            for row in &mut rows[..newest] {
                if due(row) {
                    row.state = State::OutOfOrder { before: before.clone() };
                }
            }
        }
        Order::Dependencies => {
            let mut needed_by: BTreeMap<&str, String> = BTreeMap::new();
            for row in rows.iter().rev() {
                let Some(migration) = row.migration else { continue };
                let by = if row.state.is_applied() {
                    Some(migration.id.clone())
                } else {
                    needed_by.get(migration.id.as_str()).cloned()
                };
                let Some(by) = by else { continue };
                for need in &migration.depends_on {
                    needed_by.entry(need).or_insert_with(|| by.clone());
                }
            }
            for row in rows.iter_mut() {
                let before = row.migration.and_then(|one| needed_by.get(one.id.as_str()));
                if let Some(before) = before
                    && due(row)
                {
                    row.state = State::OutOfOrder { before: before.clone() };
                }
            }
        }
    }
}

/// An entry without a file.
fn orphan(entry: &Entry) -> Row<'_> {
    let state = match entry.status {
        Status::Completed | Status::Running => State::MissingFile { same_as: None },
        Status::Pending | Status::Failed | Status::RolledBack => State::Leftover,
    };
    Row { migration: None, entry: Some(entry), state, half: None }
}

/// Finds pending files whose script is applied under a version without a file.
fn same_content(
    rows: &mut [Row<'_>],
    orphans: &mut [Row<'_>],
    recorded: &BTreeMap<String, Fingerprints>,
) {
    for orphan in orphans.iter_mut() {
        let Some(entry) = orphan.entry.filter(|entry| entry.status == Status::Completed) else {
            continue;
        };
        let then = entry.fingerprints.as_ref().or_else(|| recorded.get(&entry.key));
        if then.is_some_and(says_nothing) {
            continue;
        }
        let same = rows.iter_mut().find(|row| {
            row.migration.is_some_and(|migration| {
                row.entry.is_none_or(|entry| entry.status == Status::Pending)
                    && !migration.repeatable
                    && migration.up.fingerprint != hash::of_nothing()
                    && (same_checksum(migration, entry)
                        || then.is_some_and(|then| then.up == migration.up.fingerprint))
            })
        });
        if let Some(row) = same {
            orphan.state = State::MissingFile { same_as: Some(row.id().to_owned()) };
            row.state = State::SameContent { key: entry.key.clone() };
        }
    }
}

/// Puts orphans where their version belongs, or before the repeatable ones.
fn insert_orphans<'a>(order: Order, rows: &mut Vec<Row<'a>>, orphans: Vec<Row<'a>>) {
    for orphan in orphans {
        let place = rows
            .iter()
            .position(|row| {
                row.is_repeatable()
                    || (order == Order::Versions && natural(row.id(), orphan.id()).is_gt())
            })
            .unwrap_or(rows.len());
        rows.insert(place, orphan);
    }
}
