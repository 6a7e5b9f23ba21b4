//! What people wrote about something.

use whimbrel_sql::{Ident, Literal};

use super::{Alter, Change, Cx, Kind, phrase};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Comment;

impl Kind for Comment {
    fn name(&self) -> &'static str {
        "comment"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["text"]
    }

    fn query(&self, _: u32) -> Option<String> {
        None
    }

    fn phrase(&self, id: &Id) -> String {
        id.to_string()
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        say(fact, &Literal(fact.text("text")).to_string())
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        say(fact, "null")
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        Alter::steps(self.create(change.new, cx))
    }
}

fn say(fact: &Fact, text: &str) -> Vec<Step> {
    let Some(of) = &fact.parent else { return Vec::new() };
    // A column that is no fact of its own, as a view's.
    let parts: Vec<&str> = fact.id.parts().collect();
    let of = match parts.get(1 + of.parts().count()..) {
        Some(["", column]) => format!("column {}.{}", of.qualified(), Ident(column)),
        _ => phrase(of),
    };
    vec![Step::new(format!("comment on {of} is {text}"))]
}
