//! Indexes that are no constraint's.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind, table};
use crate::array::elements;
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Index;

impl Kind for Index {
    fn name(&self) -> &'static str {
        "index"
    }

    fn class(&self) -> u32 {
        1259
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[
            "table",
            "definition",
            "options",
            "tablespace",
            "statistics",
            "invalid",
            "replica_identity",
            "clustered",
        ]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("index.sql").to_owned())
    }

    fn phrase(&self, id: &Id) -> String {
        format!("index {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let options = elements(fact.text("options"));
        let with = match table::settings(&options).join(", ") {
            none if none.is_empty() => none,
            some => format!(" with ({some})"),
        };
        let space = match fact.get("tablespace") {
            Some(space) => format!(" tablespace {}", Ident(space)),
            None => String::new(),
        };
        let definition = fact.text("definition");
        let (before, predicate) = definition.split_once('\u{1}').unwrap_or((definition, ""));
        let mut steps = vec![Step::new(format!("{before}{with}{space}{predicate}")).evaluating()];
        steps.extend(statistics(fact, None));
        steps.extend(marks(fact, None, format!("alter table {}", fact.text("table")), name(fact)));
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop index {}", fact.id.qualified()))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        const OTHERS: &[&str] =
            &["options", "tablespace", "statistics", "replica_identity", "clustered"];
        let (old, new) = (change.old, change.new);
        if !change.is_only_of(OTHERS) {
            return Alter::Replace;
        }
        let head = format!("alter index {}", new.id.qualified());
        let mut steps: Vec<Step> = Vec::new();
        if change.is_of("options") {
            steps.extend(
                table::options(old, new).into_iter().map(|action| Step::action(&head, action)),
            );
        }
        if change.is_of("tablespace") {
            let space = Ident(new.get("tablespace").unwrap_or("pg_default"));
            steps.push(Step::action(&head, format!("set tablespace {space}")));
        }
        steps.extend(statistics(new, Some(old)));
        steps.extend(marks(
            new,
            Some(old),
            format!("alter table {}", new.text("table")),
            name(new),
        ));
        Alter::steps(steps)
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("relation {}", fact.id.qualified())]
    }
}

fn name(fact: &Fact) -> Ident<'_> {
    fact.id.ident(1)
}

/// How closely the server looks at the values of an index's expressions.
fn statistics(new: &Fact, old: Option<&Fact>) -> Vec<Step> {
    let targets = |fact: &Fact| -> Vec<(String, String)> {
        let pairs = fact.text("statistics").split_whitespace();
        pairs.filter_map(|pair| pair.split_once('=')).map(|(n, t)| (n.into(), t.into())).collect()
    };
    let before = old.map(targets).unwrap_or_default();
    let after = targets(new);
    let say = |number: &str, target: &str| {
        let head = format!("alter index {}", new.id.qualified());
        Step::action(head, format!("alter column {number} set statistics {target}"))
    };
    let gone = before.iter().filter(|(number, _)| !after.iter().any(|(other, _)| other == number));
    let mut steps: Vec<Step> = gone.map(|(number, _)| say(number, "-1")).collect();
    let come = after.iter().filter(|pair| !before.contains(pair));
    steps.extend(come.map(|(number, target)| say(number, target)));
    steps
}

/// What an index is to its table beside an index.
pub(super) fn marks(new: &Fact, old: Option<&Fact>, head: String, name: Ident<'_>) -> Vec<Step> {
    let was = |attribute: &str| old.is_some_and(|old| old.is(attribute));
    let mut steps = Vec::new();
    if new.is("replica_identity") && !was("replica_identity") {
        steps.push(Step::action(&head, format!("replica identity using index {name}")));
    }
    match (was("clustered"), new.is("clustered")) {
        (false, true) => steps.push(Step::action(head, format!("cluster on {name}"))),
        (true, false) => steps.push(Step::action(head, "set without cluster")),
        (true, true) | (false, false) => {}
    }
    steps
}
