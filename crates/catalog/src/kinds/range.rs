//! Range types, with the multirange types that come with them.

use whimbrel_sql::{Ident, Qualified};

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Catalog, Fact, Id};

pub(super) struct Range;

impl Kind for Range {
    fn name(&self) -> &'static str {
        "range"
    }

    fn class(&self) -> u32 {
        1247
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["subtype", "opclass", "collation", "canonical", "diff", "multirange"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("range.sql").to_owned())
    }

    fn phrase(&self, id: &Id) -> String {
        format!("type {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let names = [
            ("subtype", "subtype"),
            ("opclass", "subtype_opclass"),
            ("collation", "collation"),
            ("canonical", "canonical"),
            ("diff", "subtype_diff"),
            ("multirange", "multirange_type_name"),
        ];
        let options: Vec<String> = names
            .into_iter()
            .filter_map(|(name, word)| Some(format!("{word} = {}", fact.get(name)?)))
            .collect();
        let name = fact.id.qualified();
        vec![Step::new(format!("create type {name} as range ({})", options.join(", ")))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop type {}", fact.id.qualified()))]
    }

    /// A range can be given another name, owner or schema, and nothing else: it is made anew
    /// beside the old one, and columns go over by what their values are written as.
    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        let (old, new) = (change.old, change.new);
        if old.is("canonical") || new.is("canonical") {
            return Alter::Replace;
        }
        let [schema, own] = [0, 1].map(|part| new.id.part(part));
        let say = |name: &str| Qualified { schema, name }.to_string();
        let left = format!("{own}__old");
        let multirange = match old.get("multirange") {
            Some(multirange) => multirange.to_owned(),
            None => say(&usual_multirange(own)),
        };
        let (range, subtype) = (say(own), old.text("subtype"));
        // What makes values of it has its name, and would stand in the way of what comes.
        let makers = [
            format!("{range}({subtype}, {subtype})"),
            format!("{range}({subtype}, {subtype}, text)"),
            format!("{multirange}()"),
        ];
        let to = Ident(&left);
        let mut before: Vec<Step> = makers
            .iter()
            .map(|maker| Step::new(format!("alter function {maker} rename to {to}")))
            .collect();
        before.push(Step::new(format!("alter type {range} rename to {to}")));
        let many = format!("{own}__olds");
        before.push(Step::new(format!("alter type {multirange} rename to {}", Ident(&many))));
        before.extend(self.create(new, cx));
        Alter::Swap { before, after: vec![Step::new(format!("drop type {}", say(&left)))] }
    }

    fn goes_with(&self, fact: &Fact, _: &Catalog) -> Option<Id> {
        fact.is("canonical").then(|| fact.id.cousin("shell type", 2))
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("type {}", fact.id.qualified())]
    }
}

/// What the server calls the multirange type where nobody names it.
fn usual_multirange(name: &str) -> String {
    if name.contains("range") {
        name.replacen("range", "multirange", 1)
    } else {
        format!("{name}_multirange")
    }
}
