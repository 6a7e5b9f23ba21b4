//! What `up` runs.

use std::collections::BTreeSet;

use super::{SelectError, resolve};
use crate::state::{Change, Row, State};
use crate::{History, Migration, Order, graph};

/// What a person asks of `up`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Up to this one.
    pub to: Option<String>,
    /// This one alone.
    pub only: Option<String>,
    /// With [`Wish::only`]: what it needs, too.
    pub with_dependencies: bool,
    /// With [`Wish::only`]: even if it is applied.
    pub again: bool,
    /// At most so many.
    pub count: Option<usize>,
}

/// What `up` is to run, and what speaks against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection<'a> {
    /// In the order in which they run.
    pub run: Vec<Chosen<'a>>,
    /// What a person should know before.
    pub concerns: Vec<Concern>,
}

/// A migration that is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// It.
    pub migration: &'a Migration,
    /// Why it is to run.
    pub why: Why,
}

/// Why a migration is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is not applied.
    Pending,
    /// It failed the last time.
    Failed,
    /// It failed the last time, in one of its steps.
    FailedAt {
        /// Which, from 1.
        step: usize,
        /// How many there are.
        of: usize,
    },
    /// It was begun and not finished.
    Interrupted,
    /// It was undone.
    RolledBack,
    /// It is repeatable, and changed since it was applied.
    Changed,
    /// It is applied, and the person wants it once more.
    Again,
    /// The one asked for needs it.
    NeededBy(String),
}

/// Something that speaks against running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// A migration comes before one that is applied.
    OutOfOrder {
        /// Its id.
        id: String,
        /// The applied one.
        before: String,
    },
    /// An applied migration's up script changed.
    Modified {
        /// Its id.
        id: String,
        /// What changed.
        change: Change,
    },
    /// A migration's script is applied under another version.
    SameContent {
        /// Its id.
        id: String,
        /// The key of the entry.
        key: String,
    },
    /// An applied migration has no file.
    MissingFile {
        /// Its id.
        id: String,
    },
    /// A migration would run before others that come first.
    Passes {
        /// Its id.
        id: String,
        /// The first of them.
        over: String,
    },
    /// A migration is half applied, and its file is gone.
    HalfApplied {
        /// Its id.
        id: String,
    },
    /// A migration is half undone.
    HalfUndone {
        /// Its id.
        id: String,
    },
    /// Migrations are applied by the ledger of another tool.
    Elsewhere {
        /// Their ids.
        ids: Vec<String>,
        /// The tool.
        tool: String,
    },
}

impl Concern {
    /// Whether `up` stops for it unless the person allows it.
    pub fn refuses(&self) -> bool {
        match self {
            Self::OutOfOrder { .. }
            | Self::Passes { .. }
            | Self::Modified { .. }
            | Self::SameContent { .. }
            | Self::HalfApplied { .. }
            | Self::HalfUndone { .. }
            | Self::Elsewhere { .. } => true,
            Self::MissingFile { .. } => false,
        }
    }
}

/// Chooses what `up` runs.
///
/// Repeatable migrations run only if everything else that is due runs as well: they presume the
/// newest state.
pub fn up<'a>(
    history: &'a History,
    rows: &[Row<'a>],
    wish: &Wish,
) -> Result<Selection<'a>, SelectError> {
    let mut run = match &wish.only {
        Some(only) => only_one(history, rows, only, wish)?,
        None => all_due(rows, wish)?,
    };
    if let Some(count) = wish.count {
        run.truncate(count);
    }
    let chosen: BTreeSet<&str> = run.iter().map(|one| one.migration.id.as_str()).collect();
    if wish.only.is_none() {
        let all = rows
            .iter()
            .filter(|row| row.state.is_due() && !row.is_repeatable())
            .all(|row| chosen.contains(row.id()));
        if !all {
            run.retain(|one| !one.migration.repeatable);
        }
    }
    let mut concerns = concerns(rows, &run);
    concerns.extend(wish.only.is_some().then(|| passes(history, rows, &run)).flatten());
    Ok(Selection { run, concerns })
}

/// Everything that is due, up to where the person wants to be.
fn all_due<'a>(rows: &[Row<'a>], wish: &Wish) -> Result<Vec<Chosen<'a>>, SelectError> {
    let end = match &wish.to {
        None => rows.len(),
        Some(to) => {
            let id = resolve(rows, to)?.id();
            rows.iter().position(|row| row.id() == id).map_or(rows.len(), |place| place + 1)
        }
    };
    Ok(rows[..end]
        .iter()
        .filter(|row| row.state.is_due())
        .filter_map(|row| Some(Chosen { migration: row.migration?, why: why(row) }))
        .collect())
}

/// One migration, and what it needs if that is wanted.
fn only_one<'a>(
    history: &'a History,
    rows: &[Row<'a>],
    only: &str,
    wish: &Wish,
) -> Result<Vec<Chosen<'a>>, SelectError> {
    let row = resolve(rows, only)?;
    let id = row.id().to_owned();
    let Some(migration) = row.migration else {
        return Err(SelectError::NoFile { id });
    };
    let why = if row.state.is_due() {
        why(row)
    } else if wish.again {
        Why::Again
    } else {
        return Err(SelectError::AlreadyApplied { id });
    };
    let needs: BTreeSet<&str> = match history.order {
        Order::Dependencies => {
            graph::dependencies(history, &id).into_iter().map(|one| one.id.as_str()).collect()
        }
        Order::Versions if wish.with_dependencies => history
            .migrations
            .iter()
            .take_while(|before| before.id != id)
            .filter(|before| !before.repeatable)
            .map(|before| before.id.as_str())
            .collect(),
        Order::Versions => BTreeSet::new(),
    };
    let mut run: Vec<Chosen<'a>> = rows
        .iter()
        .filter(|row| row.state.is_due() && needs.contains(row.id()) && !row.is_repeatable())
        .filter_map(|row| {
            Some(Chosen { migration: row.migration?, why: Why::NeededBy(id.clone()) })
        })
        .collect();
    if !run.is_empty() && !wish.with_dependencies {
        let missing = run.iter().map(|one| one.migration.id.clone()).collect();
        return Err(SelectError::NeedsFirst { id, missing });
    }
    run.push(Chosen { migration, why });
    Ok(run)
}

/// Why a row that is due runs.
fn why(row: &Row<'_>) -> Why {
    match row.state {
        State::Failed => match row.half.as_ref().and_then(|half| half.steps.as_ref()) {
            Some(steps) => Why::FailedAt { step: steps.done + 1, of: steps.of },
            None => Why::Failed,
        },
        State::Running => Why::Interrupted,
        State::RolledBack => Why::RolledBack,
        State::Changed => Why::Changed,
        State::Pending
        | State::OutOfOrder { .. }
        | State::SameContent { .. }
        | State::Applied
        | State::Reformatted(_)
        | State::Modified(_)
        | State::HalfApplied
        | State::HalfUndone
        | State::MissingFile { .. }
        | State::Leftover => Why::Pending,
    }
}

/// That the one asked for would run before what comes first, where versions are an order.
fn passes(history: &History, rows: &[Row<'_>], run: &[Chosen<'_>]) -> Option<Concern> {
    let one = run.last().filter(|one| one.why != Why::Again && !one.migration.repeatable)?;
    if history.order != Order::Versions {
        return None;
    }
    let id = &one.migration.id;
    let before = rows.iter().take_while(|row| row.id() != id);
    let over = before
        .filter(|row| row.state.is_due() && !row.is_repeatable())
        .find(|row| !run.iter().any(|one| one.migration.id == row.id()))?;
    Some(Concern::Passes { id: id.clone(), over: over.id().to_owned() })
}

/// What speaks against a run: something about what is to run, or about what is applied.
fn concerns(rows: &[Row<'_>], run: &[Chosen<'_>]) -> Vec<Concern> {
    let chosen: BTreeSet<&str> = run.iter().map(|one| one.migration.id.as_str()).collect();
    rows.iter()
        .filter_map(|row| {
            let id = row.id().to_owned();
            let chosen = chosen.contains(row.id());
            match &row.state {
                State::OutOfOrder { before } if chosen => {
                    Some(Concern::OutOfOrder { id, before: before.clone() })
                }
                State::SameContent { key } if chosen => {
                    Some(Concern::SameContent { id, key: key.clone() })
                }
                State::Modified(change) if !chosen => {
                    Some(Concern::Modified { id, change: *change })
                }
                State::MissingFile { .. } => Some(Concern::MissingFile { id }),
                State::HalfApplied => Some(Concern::HalfApplied { id }),
                State::HalfUndone => Some(Concern::HalfUndone { id }),
                State::OutOfOrder { .. }
                | State::SameContent { .. }
                | State::Modified(_)
                | State::Pending
                | State::Applied
                | State::Reformatted(_)
                | State::Changed
                | State::Failed
                | State::Running
                | State::RolledBack
                | State::Leftover => None,
            }
        })
        .collect()
}
