//! Base types: made of functions in C.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Catalog, Fact, Id};

pub(super) struct BaseType;

/// What `alter type … set` can change.
const CHANGED: &[&str] =
    &["receive", "send", "typmod_in", "typmod_out", "analyze", "subscript", "storage"];

impl Kind for BaseType {
    fn name(&self) -> &'static str {
        "base type"
    }

    fn class(&self) -> u32 {
        1247
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[
            "input",
            "output",
            "receive",
            "send",
            "typmod_in",
            "typmod_out",
            "analyze",
            "subscript",
            "internallength",
            "passedbyvalue",
            "alignment",
            "storage",
            "category",
            "preferred",
            "default",
            "element",
            "delimiter",
            "collatable",
        ]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("base_type.sql").to_owned())
    }

    fn phrase(&self, id: &Id) -> String {
        format!("type {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let options: Vec<String> =
            fact.body.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let name = fact.id.qualified();
        vec![Step::new(format!("create type {name} (\n    {}\n)", options.join(",\n    ")))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop type {} cascade", fact.id.qualified()))]
    }

    /// Toasting can come to a type and cannot go.
    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        if !change.is_only_of(CHANGED)
            || change.new.get("storage") == Some("plain") && change.is_of("storage")
        {
            return Alter::Replace;
        }
        let value = |name: &str| format!("{name} = {}", change.new.get(name).unwrap_or("none"));
        let options: Vec<String> = change.what.iter().map(|name| value(name)).collect();
        let name = change.new.id.qualified();
        let text = format!("alter type {name} set ({})", options.join(", "));
        let mut steps = vec![Step::new(text)];
        if let (Some(storage), true) = (change.new.get("storage"), change.is_of("storage")) {
            steps.extend(follow(&change.new.id, storage, cx));
        }
        Alter::steps(steps)
    }

    fn goes_with(&self, fact: &Fact, _: &Catalog) -> Option<Id> {
        Some(fact.id.cousin("shell type", 2))
    }
}

/// A column is stored as its type was when it was made.
fn follow(of: &Id, storage: &str, cx: Cx<'_>) -> Vec<Step> {
    let follows = |id: &&Id| {
        let [old, new] = [cx.old, cx.new].map(|catalog| catalog.get(id));
        let is_usual = |fact: Option<&Fact>| fact.is_some_and(|fact| !fact.is("storage"));
        id.kind() == "column" && is_usual(old) && is_usual(new)
    };
    let set = |id: &Id| {
        let action = format!("alter column {} set storage {storage}", id.ident(2));
        Step::action(format!("alter table {}", id.qualified()), action)
    };
    cx.old.users(of).iter().filter(follows).map(set).collect()
}
