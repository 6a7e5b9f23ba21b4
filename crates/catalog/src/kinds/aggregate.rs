//! Aggregates.

use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Aggregate;

impl Kind for Aggregate {
    fn name(&self) -> &'static str {
        "aggregate"
    }

    fn class(&self) -> u32 {
        1255
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["arguments", "options", "result"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("aggregate.sql").to_owned())
    }

    fn phrase(&self, id: &Id) -> String {
        let arguments = match id.part(2) {
            "" => "*",
            arguments => arguments,
        };
        format!("aggregate {}({arguments})", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![say("create aggregate", fact)]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if change.is_of("arguments") || change.is_of("result") {
            return Alter::Replace;
        }
        Alter::steps(vec![say("create or replace aggregate", change.new)])
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("routine {}({})", fact.id.qualified(), fact.id.part(2))]
    }
}

fn say(verb: &str, fact: &Fact) -> Step {
    let arguments = match fact.text("arguments") {
        "" => "*",
        arguments => arguments,
    };
    let options = elements(fact.text("options")).join(",\n    ");
    Step::new(format!("{verb} {}({arguments}) (\n    {options}\n)", fact.id.qualified()))
}
