//! Functions, procedures and aggregates.

use super::{Alter, Change, Cx, Kind, shell_type};
use crate::plan::Step;
use crate::{Catalog, Fact, Id};

/// A sort of routine.
pub(super) struct Routine {
    name: &'static str,
    kinds: &'static str,
}

pub(super) const FUNCTION: Routine = Routine { name: "function", kinds: "'f', 'w'" };
pub(super) const PROCEDURE: Routine = Routine { name: "procedure", kinds: "'p'" };

impl Kind for Routine {
    fn name(&self) -> &'static str {
        self.name
    }

    fn class(&self) -> u32 {
        1255
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["definition", "result", "parameters", "defaults"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("function.sql").replace("$kinds", self.kinds))
    }

    fn is_deparsed(&self) -> bool {
        false
    }

    fn phrase(&self, id: &Id) -> String {
        format!("{} {}({})", self.name, id.qualified(), id.part(2))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let definition = fact.text("definition").trim_end();
        let words = "CREATE OR REPLACE ";
        let rest = definition.strip_prefix(words).unwrap_or(definition);
        let sort = self.name.to_uppercase();
        let rest = rest.strip_prefix(&sort).unwrap_or(rest);
        vec![Step::new(format!("create {}{rest}", self.name))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        let number = |fact: &Fact| fact.text("defaults").parse::<u32>().unwrap_or_default();
        let loses_default = number(change.new) < number(change.old);
        if change.is_of("result") || change.is_of("parameters") || loses_default {
            return Alter::Replace;
        }
        let mut steps = self.create(change.new, cx);
        for step in &mut steps {
            *step = Step::new(step.to_string().replacen("create ", "create or replace ", 1));
        }
        Alter::steps(steps)
    }

    /// A function of a base type ends with it.
    fn goes_with(&self, fact: &Fact, _: &Catalog) -> Option<Id> {
        shell_type::of(fact)
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("routine {}({})", fact.id.qualified(), fact.id.part(2))]
    }
}
