//! What in a database holds data, and what of it one state had that a later one has not.
//!
//! Things are followed by what the server knows them by (the oid of a table, the number of a
//! column), so that a rename is no loss, and a table that is dropped and made again is one.

use std::collections::BTreeMap;
use std::fmt;

use whimbrel_sql::{Ident, Qualified};

/// Reads everything that holds data: kind, id, within, schema, name, part, file.
///
/// `file` is another one after a table was emptied by `truncate` or rewritten whole.
pub const HOLDINGS: &str = include_str!("holdings.sql");

/// What kind of thing holds data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HoldingKind {
    /// A table, partitioned ones and partitions too.
    Table,
    /// A materialised view.
    MaterializedView,
    /// A column that is its table's own.
    Column,
    /// A column that a table has from its parent.
    InheritedColumn,
    /// One value of an enum.
    EnumLabel,
}

impl HoldingKind {
    const ALL: [Self; 5] =
        [Self::Table, Self::MaterializedView, Self::Column, Self::InheritedColumn, Self::EnumLabel];

    /// As [`HOLDINGS`] and people have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::MaterializedView => "materialized view",
            Self::Column => "column",
            Self::InheritedColumn => "inherited column",
            Self::EnumLabel => "enum label",
        }
    }

    /// Reads what [`HOLDINGS`] says.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A table or a type, by its names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its schema.
    pub schema: String,
    /// Its own name.
    pub name: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Qualified { schema: &self.schema, name: &self.name }.fmt(f)
    }
}

/// One thing that holds data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// What it is.
    pub kind: HoldingKind,
    /// The table, or the enum.
    pub whole: Named,
    /// The column, or the label.
    pub part: Option<String>,
    /// The id of what it goes with: a column's table, a partition's topmost table.
    pub within: Option<String>,
    /// What the server keeps a table's rows in.
    pub file: Option<String>,
}

impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.part, self.kind) {
            (None, _) => write!(f, "{}", self.whole),
            (Some(label), HoldingKind::EnumLabel) => write!(f, "{} '{label}'", self.whole),
            (Some(column), _) => write!(f, "{}.{}", self.whole, Ident(column)),
        }
    }
}

/// How something is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossKind {
    /// It is gone.
    Dropped,
    /// It is gone, and something else has its name.
    Replaced,
    /// It is there, and its rows are in another file: it was emptied by `truncate`, or rewritten
    /// whole. The catalog does not tell which.
    NewFile,
}

/// Something that one state had and the next has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Its id.
    pub id: String,
    /// What it was.
    pub holding: Holding,
    /// How it is lost.
    pub kind: LossKind,
}

/// What in one state holds data, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings(BTreeMap<String, Holding>);

impl Holdings {
    /// Adds a row of [`HOLDINGS`].
    pub fn insert(&mut self, id: &str, holding: Holding) {
        self.0.insert(id.to_owned(), holding);
    }

    /// Whether nothing holds data.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Holding> {
        self.0.get(id)
    }

    /// What of this state a later one has not, by name.
    ///
    /// A column goes with its table and a partition with the table that it is of, and neither is
    /// named beside it. A materialised view that is made again lost nothing, nor did an enum's
    /// label that the enum of that name has still or that went with the whole enum: what had it
    /// is a column, and is named if it went, too.
    pub fn lost(&self, after: &Self) -> Vec<Loss> {
        let mut lost: Vec<Loss> =
            self.0.iter().filter_map(|(id, holding)| self.loss(id, holding, after)).collect();
        lost.sort_by_cached_key(|loss| (loss.holding.kind, loss.holding.to_string()));
        lost
    }

    fn loss(&self, id: &str, holding: &Holding, after: &Self) -> Option<Loss> {
        let loss = |kind| Some(Loss { id: id.to_owned(), holding: holding.clone(), kind });
        if let Some(now) = after.0.get(id) {
            let is_moved = holding.file.is_some() && now.file != holding.file;
            return if is_moved { loss(LossKind::NewFile) } else { None };
        }
        let goes_along =
            |whole: &String| self.0.contains_key(whole) && !after.0.contains_key(whole);
        if holding.within.as_ref().is_some_and(goes_along) {
            return None;
        }
        let has_its_name = after.0.values().any(|now| {
            now.kind == holding.kind && now.whole == holding.whole && now.part == holding.part
        });
        match (holding.kind, has_its_name) {
            (HoldingKind::InheritedColumn, _)
            | (HoldingKind::MaterializedView | HoldingKind::EnumLabel, true) => None,
            (HoldingKind::EnumLabel, false) => {
                let is_there = |now: &Holding| {
                    now.kind == HoldingKind::EnumLabel && now.whole == holding.whole
                };
                if after.0.values().any(is_there) { loss(LossKind::Dropped) } else { None }
            }
            (HoldingKind::Table | HoldingKind::Column, true) => loss(LossKind::Replaced),
            (HoldingKind::Table | HoldingKind::Column | HoldingKind::MaterializedView, false) => {
                loss(LossKind::Dropped)
            }
        }
    }
}
