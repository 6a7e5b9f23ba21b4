//! References from one table to another.

use super::{Alter, Change, Cx, Kind, constraint};
use crate::plan::{Place, Step};
use crate::{Catalog, Fact, Id};

pub(super) struct ForeignKey;

impl Kind for ForeignKey {
    fn name(&self) -> &'static str {
        "foreign key"
    }

    fn class(&self) -> u32 {
        2606
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["definition", "not_valid", "deferrable", "deferred"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(constraint::QUERY.replace("$types", "'f'"))
    }

    fn parent(&self, id: &Id) -> Option<Id> {
        Some(id.cousin("table", 2))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("constraint {} on {}", id.ident(2), id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let text = format!("constraint {} {}", fact.id.ident(2), constraint::full(fact));
        let step = Step::action(head(fact), format!("add {text}"));
        vec![if fact.is("not_valid") {
            step
        } else {
            // Behind all columns, keys and checks.
            step.within(fact.id.cousin("table", 2), Place::Part(10_003), text)
        }]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::action(head(fact), format!("drop constraint {}", fact.id.ident(2)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let new = change.new;
        let name = new.id.ident(2);
        if change.is_only_of(&["not_valid"]) && !new.is("not_valid") {
            return Alter::steps(vec![Step::action(
                head(new),
                format!("validate constraint {name}"),
            )]);
        }
        if change.is_only_of(&["deferrable", "deferred"]) {
            let when = match constraint::deferral(new) {
                "" => " not deferrable",
                when => when,
            };
            return Alter::steps(vec![Step::action(
                head(new),
                format!("alter constraint {name}{when}"),
            )]);
        }
        Alter::Replace
    }

    /// It stands in the way of what it refers to, and goes before that.
    fn goes_with(&self, _: &Fact, _: &Catalog) -> Option<Id> {
        None
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("constraint {}.{}", fact.id.qualified(), fact.id.ident(2))]
    }

    /// It takes the first key that fits, be it one that is about to end.
    fn after_ends(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Id> {
        let tables = fact.needs.iter().filter(|need| need.kind() == "table");
        let keys = tables.flat_map(|table| cx.old.children(table));
        keys.filter(|key| matches!(key.kind(), "constraint" | "index")).cloned().collect()
    }
}

fn head(fact: &Fact) -> String {
    format!("alter table {}", fact.id.qualified())
}
