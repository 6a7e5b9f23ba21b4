//! Who owns something.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind, phrase};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Owner;

impl Kind for Owner {
    fn name(&self) -> &'static str {
        "owner"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["role"]
    }

    fn query(&self, _: u32) -> Option<String> {
        None
    }

    fn phrase(&self, id: &Id) -> String {
        id.to_string()
    }

    fn roles(&self, fact: &Fact) -> Vec<String> {
        vec![fact.text("role").to_owned()]
    }

    /// Whoever makes something owns it.
    fn create(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Step> {
        if fact.text("role") == cx.old.role { Vec::new() } else { give(fact) }
    }

    fn drop(&self, _: &Fact, _: Cx<'_>) -> Vec<Step> {
        Vec::new()
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::steps(give(change.new))
    }
}

fn give(fact: &Fact) -> Vec<Step> {
    let of = fact.parent.as_ref().map(phrase).unwrap_or_default();
    vec![Step::new(format!("alter {of} owner to {}", Ident(fact.text("role"))))]
}
