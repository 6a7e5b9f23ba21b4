//! What differs between two catalogs, fact by fact.

use crate::{Catalog, Fact, Id};

/// One difference between two catalogs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delta {
    /// The fact.
    pub id: Id,
    /// How it differs.
    pub change: Change,
    /// Whether what it is part of comes or goes as a whole.
    pub is_part: bool,
}

/// How a fact differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only the new one has it.
    Added,
    /// Only the old one has it.
    Removed,
    /// Both have it, and these attributes differ.
    Altered(Vec<&'static str>),
}

/// Every difference, by the facts' names.
pub fn deltas(old: &Catalog, new: &Catalog) -> Vec<Delta> {
    let mut deltas = Vec::new();
    for fact in old.facts() {
        let change = match new.get(&fact.id) {
            None => Change::Removed,
            Some(other) if other.body != fact.body => {
                Change::Altered(fact.body.differences(&other.body))
            }
            Some(_) => continue,
        };
        let is_part = change == Change::Removed && is_part(fact, old, new);
        deltas.push(Delta { id: fact.id.clone(), change, is_part });
    }
    let added = new.facts().filter(|fact| !old.has(&fact.id));
    deltas.extend(added.map(|fact| Delta {
        id: fact.id.clone(),
        change: Change::Added,
        is_part: is_part(fact, new, old),
    }));
    deltas.sort();
    deltas
}

/// Whether what a fact is part of is missing on the other side, too.
fn is_part(fact: &Fact, here: &Catalog, there: &Catalog) -> bool {
    fact.parent.as_ref().is_some_and(|parent| here.has(parent) && !there.has(parent))
}
