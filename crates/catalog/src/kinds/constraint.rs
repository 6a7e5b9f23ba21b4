//! Constraints of tables: keys, checks, exclusions. References are a kind of their own.

use super::{Alter, Change, Cx, Kind};
use crate::plan::{Place, Step};
use crate::{Fact, Id};

pub(super) struct Constraint;

/// Reads the constraints of some types.
pub(super) const QUERY: &str = include_str!("constraint.sql");

impl Kind for Constraint {
    fn name(&self) -> &'static str {
        "constraint"
    }

    fn class(&self) -> u32 {
        2606
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[
            "type",
            "definition",
            "not_valid",
            "deferrable",
            "deferred",
            "replica_identity",
            "clustered",
        ]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(QUERY.replace("$types", "'p', 'u', 'x', 'c'"))
    }

    fn parent(&self, id: &Id) -> Option<Id> {
        Some(id.cousin("table", 2))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("constraint {} on {}", id.ident(2), id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let text = format!("constraint {} {}", fact.id.ident(2), full(fact));
        let step = Step::action(head(fact), format!("add {text}"));
        // Keys first, then checks, behind all columns.
        let place = match fact.text("type") {
            "p" => 10_000,
            "u" | "x" => 10_001,
            _ => 10_002,
        };
        let mut steps = vec![if fact.is("not_valid") {
            step
        } else {
            step.within(
                fact.parent.clone().unwrap_or_else(|| fact.id.cousin("table", 2)),
                Place::Part(place),
                text,
            )
        }];
        steps.extend(marks(fact, None));
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::action(head(fact), format!("drop constraint {}", fact.id.ident(2)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let (old, new) = (change.old, change.new);
        let name = new.id.ident(2);
        if change.is_only_of(&["replica_identity", "clustered"]) {
            return Alter::steps(marks(new, Some(old)));
        }
        if change.is_only_of(&["not_valid"]) && !new.is("not_valid") {
            return Alter::steps(vec![Step::action(
                head(new),
                format!("validate constraint {name}"),
            )]);
        }
        Alter::Replace
    }

    /// A key's index is called as it is, beside the table.
    fn names(&self, fact: &Fact) -> Vec<String> {
        let (table, name) = (fact.id.qualified(), fact.id.ident(2));
        let mut names = vec![format!("constraint {table}.{name}")];
        if is_key(fact) {
            names.push(format!("relation {}.{name}", fact.id.ident(0)));
        }
        names
    }
}

fn is_key(fact: &Fact) -> bool {
    matches!(fact.text("type"), "p" | "u" | "x")
}

fn head(fact: &Fact) -> String {
    format!("alter table {}", fact.id.qualified())
}

/// All that says what it is.
pub(super) fn full(fact: &Fact) -> String {
    let not_valid = if fact.is("not_valid") { " not valid" } else { "" };
    format!("{}{}{not_valid}", fact.text("definition"), deferral(fact))
}

/// When it is looked at.
pub(super) fn deferral(fact: &Fact) -> &'static str {
    match (fact.is("deferrable"), fact.is("deferred")) {
        (false, _) => "",
        (true, false) => " deferrable initially immediate",
        (true, true) => " deferrable initially deferred",
    }
}

/// What the index of a key is marked as.
fn marks(new: &Fact, old: Option<&Fact>) -> Vec<Step> {
    super::index::marks(new, old, head(new), new.id.ident(2))
}
