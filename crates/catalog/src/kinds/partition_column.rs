//! Where a partition's column, or one that a table inherits, is not as its parent has it.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct PartitionColumn;

impl Kind for PartitionColumn {
    fn name(&self) -> &'static str {
        "inherited column"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["default", "inherited_default", "not_null", "inherited_not_null"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("partition_column.sql").to_owned())
    }

    fn phrase(&self, id: &Id) -> String {
        format!("column {}.{}", id.qualified(), id.ident(2))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        between(
            fact,
            [fact.text("inherited_default"), fact.text("default")],
            [fact.is("inherited_not_null"), fact.is("not_null")],
        )
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        between(
            fact,
            [fact.text("default"), fact.text("inherited_default")],
            [fact.is("not_null"), fact.is("inherited_not_null")],
        )
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let (old, new) = (change.old, change.new);
        Alter::steps(between(
            new,
            [old.text("default"), new.text("default")],
            [old.is("not_null"), new.is("not_null")],
        ))
    }
}

/// From one default, and one answer to whether a value must be there, to the others.
fn between(fact: &Fact, default: [&str; 2], not_null: [bool; 2]) -> Vec<Step> {
    let alter = |action: &str| {
        let head = format!("alter table {}", fact.id.qualified());
        Step::action(head, format!("alter column {} {action}", fact.id.ident(2)))
    };
    let mut steps = Vec::new();
    match default {
        [was, is] if was == is => {}
        [_, ""] => steps.push(alter("drop default")),
        [_, is] => steps.push(alter(&format!("set default {is}"))),
    }
    match not_null {
        [false, true] => steps.push(alter("set not null")),
        [true, false] => steps.push(alter("drop not null")),
        [true, true] | [false, false] => {}
    }
    steps
}
