//! Constraints of tables: keys, checks, references, exclusions.

use super::{Alter, Change, Cx, Kind};
use crate::plan::{Place, Step};
use crate::{Catalog, Fact, Id};

pub(super) struct Constraint;

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
        Some(include_str!("constraint.sql").to_owned())
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
        // Keys first, then checks, then references, behind all columns.
        let place = match fact.text("type") {
            "p" => 10_000,
            "u" | "x" => 10_001,
            "c" => 10_002,
            _ => 10_003,
        };
        let mut steps = vec![if fact.is("not_valid") {
            step
        } else {
            step.within(fact.id.cousin("table", 2), Place::Part(place), text)
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
        if change.is_only_of(&["deferrable", "deferred"]) && new.get("type") == Some("f") {
            let when = if new.is("deferrable") { deferral(new) } else { " not deferrable" };
            return Alter::steps(vec![Step::action(
                head(new),
                format!("alter constraint {name}{when}"),
            )]);
        }
        Alter::Replace
    }

    /// A reference stands in the way of what it refers to, and goes first.
    fn goes_with(&self, fact: &Fact, _: &Catalog) -> Option<Id> {
        fact.parent.clone().filter(|_| fact.get("type") != Some("f"))
    }

    fn names(&self, id: &Id) -> Vec<String> {
        vec![format!("constraint {}.{}", id.qualified(), id.ident(2))]
    }
}

fn head(fact: &Fact) -> String {
    format!("alter table {}", fact.id.qualified())
}

fn full(fact: &Fact) -> String {
    let not_valid = if fact.is("not_valid") { " not valid" } else { "" };
    format!("{}{}{not_valid}", fact.text("definition"), deferral(fact))
}

fn deferral(fact: &Fact) -> &'static str {
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
