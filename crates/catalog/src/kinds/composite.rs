//! Composite types.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Composite;

impl Kind for Composite {
    fn name(&self) -> &'static str {
        "composite type"
    }

    fn class(&self) -> u32 {
        1259
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["attributes"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("composite.sql").to_owned())
    }

    fn phrase(&self, id: &Id) -> String {
        format!("type {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let lines: Vec<String> = attributes(fact).iter().map(|(name, of)| line(name, of)).collect();
        let name = fact.id.qualified();
        vec![Step::new(if lines.is_empty() {
            format!("create type {name} as ()")
        } else {
            format!("create type {name} as (\n    {}\n)", lines.join(",\n    "))
        })]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop type {}", fact.id.qualified()))]
    }

    /// The order is nothing that could be changed, and is reported only.
    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let [before, after] = [change.old, change.new].map(attributes);
        let head = format!("alter type {}", change.new.id.qualified());
        let mut steps = Vec::new();
        for (name, _) in &before {
            if !after.iter().any(|(other, _)| other == name) {
                steps.push(Step::action(&head, format!("drop attribute {}", Ident(name))));
            }
        }
        for (name, of) in &after {
            match before.iter().find(|(other, _)| other == name) {
                None => {
                    steps.push(Step::action(&head, format!("add attribute {}", line(name, of))));
                }
                Some((_, was)) if was != of => {
                    let action = format!("alter attribute {} type {}", Ident(name), typed(of));
                    steps.push(Step::action(&head, action));
                }
                Some(_) => {}
            }
        }
        Alter::InPlace { steps, rebuild: &["view", "materialized view", "rule", "policy"] }
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("type {}", fact.id.qualified()), format!("relation {}", fact.id.qualified())]
    }
}

/// Name, and type with collation, of every attribute.
fn attributes(fact: &Fact) -> Vec<(String, String)> {
    let all = elements(fact.text("attributes")).into_iter();
    all.filter_map(|each| each.split_once('\u{1}').map(|(name, of)| (name.into(), of.into())))
        .collect()
}

fn line(name: &str, of: &str) -> String {
    format!("{} {}", Ident(name), typed(of))
}

fn typed(of: &str) -> String {
    of.replace('\u{1}', " collate ")
}
