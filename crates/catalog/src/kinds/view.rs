//! Views.

use super::{Alter, Change, Cx, Kind, table};
use crate::array::elements;
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct View;

impl Kind for View {
    fn name(&self) -> &'static str {
        "view"
    }

    fn class(&self) -> u32 {
        1259
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["definition", "columns", "options", "defaults"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("view.sql").to_owned())
    }

    fn phrase(&self, id: &Id) -> String {
        format!("view {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut steps = vec![Step::new(say("create view", fact))];
        steps.extend(defaults(fact, None));
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop view {}", fact.id.qualified()))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let (old, new) = (change.old, change.new);
        let head = format!("alter view {}", new.id.qualified());
        let mut steps = Vec::new();
        if change.is_of("definition") || change.is_of("columns") {
            // More columns may come behind those that there are; anything else has no form.
            let [before, after] = [old, new].map(|fact| elements(fact.text("columns")));
            if !after.starts_with(&before) {
                return Alter::Replace;
            }
            steps.push(Step::new(say("create or replace view", new)));
        } else if change.is_of("options") {
            let actions = table::options(old, new);
            steps.extend(actions.into_iter().map(|action| Step::action(&head, action)));
        }
        steps.extend(defaults(new, Some(old)));
        Alter::steps(steps)
    }

    fn rights(&self, id: &Id) -> [String; 2] {
        [String::new(), format!("table {}", id.qualified())]
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("relation {}", fact.id.qualified()), format!("type {}", fact.id.qualified())]
    }
}

/// With all its options: whatever is not said with `or replace` is forgotten.
fn say(verb: &str, fact: &Fact) -> String {
    let options = elements(fact.text("options"));
    let with = match table::settings(&options).join(", ") {
        none if none.is_empty() => none,
        some => format!(" with ({some})"),
    };
    let query = fact.text("definition").trim_end_matches(';');
    format!("{verb} {}{with} as\n{query}", fact.id.qualified())
}

/// The defaults of a view's columns, for inserts into it.
fn defaults(new: &Fact, old: Option<&Fact>) -> Vec<Step> {
    let pairs = |fact: &Fact| -> Vec<(String, String)> {
        let all = fact.list("defaults").into_iter();
        all.filter_map(|each| each.split_once('\u{1}').map(|(a, b)| (a.into(), b.into()))).collect()
    };
    let before = old.map(pairs).unwrap_or_default();
    let after = pairs(new);
    let say = |column: &str, action: &str| {
        let head = format!("alter view {}", new.id.qualified());
        Step::new(format!("{head} alter column {} {action}", whimbrel_sql::Ident(column)))
    };
    let gone = before.iter().filter(|(column, _)| !after.iter().any(|(other, _)| other == column));
    let mut steps: Vec<Step> = gone.map(|(column, _)| say(column, "drop default")).collect();
    let come = after.iter().filter(|pair| !before.contains(pair));
    steps.extend(come.map(|(column, text)| say(column, &format!("set default {text}"))));
    steps
}
