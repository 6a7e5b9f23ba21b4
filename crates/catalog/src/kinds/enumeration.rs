//! Enums.

use whimbrel_sql::{Ident, Literal};

use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::{HazardKind, Mode, Step};
use crate::{Fact, Id};

pub(super) struct Enum;

impl Kind for Enum {
    fn name(&self) -> &'static str {
        "enum"
    }

    fn class(&self) -> u32 {
        1247
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["values"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select t.oid, n.nspname as k1, t.typname as k2, '1247:' || t.typarray as also, \
                pg_catalog.pg_get_userbyid(t.typowner) as owner, t.typacl as acl, \
                case when t.typacl is not null then pg_catalog.acldefault('T', t.typowner) end as born, \
                (select pg_catalog.array_agg(e.enumlabel order by e.enumsortorder) \
                    from pg_catalog.pg_enum e where e.enumtypid = t.oid) as values \
            from pg_catalog.pg_type t \
            join pg_catalog.pg_namespace n on n.oid = t.typnamespace \
            where t.typtype = 'e' and t.oid >= 16384 and n.nspname !~ '^pg_temp_'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("type {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let values: Vec<String> =
            fact.list("values").iter().map(|value| Literal(value).to_string()).collect();
        let name = fact.id.qualified();
        vec![Step::new(format!("create type {name} as enum ({})", values.join(", ")))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop type {}", fact.id.qualified()))]
    }

    /// Values that come are added where they belong. Where any goes or moves, the type is made
    /// anew beside the old one.
    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        let [before, after] = [change.old, change.new].map(|fact| elements(fact.text("values")));
        let mut kept = after.iter().filter(|value| before.contains(value));
        let goes_on = before.iter().all(|value| kept.next() == Some(value));
        if goes_on { Alter::steps(add(change.new, &before, &after)) } else { self.anew(change, cx) }
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("type {}", fact.id.qualified())]
    }
}

fn add(fact: &Fact, before: &[String], after: &[String]) -> Vec<Step> {
    let mut present: Vec<&String> = before.iter().collect();
    let mut steps = Vec::new();
    for (place, value) in after.iter().enumerate() {
        if before.contains(value) {
            continue;
        }
        let previous = place.checked_sub(1).and_then(|place| after.get(place));
        let next = after[place + 1..].iter().find(|next| present.contains(next));
        let place = match (previous, next) {
            (_, None) => String::new(),
            (Some(previous), Some(_)) => format!(" after {}", Literal(previous)),
            (None, Some(next)) => format!(" before {}", Literal(next)),
        };
        let name = fact.id.qualified();
        let step = Step::new(format!("alter type {name} add value {}{place}", Literal(value)));
        steps.push(step.in_mode(Mode::CommitAfter));
        present.push(value);
    }
    steps
}

impl Enum {
    fn anew(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        let (old, new) = (change.old, change.new);
        let name = new.id.qualified();
        let aside = aside(new.id.part(1));
        let gone: Vec<String> = elements(old.text("values"))
            .into_iter()
            .filter(|value| !elements(new.text("values")).contains(value))
            .map(|value| Literal(&value).to_string())
            .collect();
        let rename = Step::new(format!("alter type {name} rename to {}", Ident(&aside)));
        let rename = if gone.is_empty() {
            rename
        } else {
            let text = format!("a row that has {} stands against it", gone.join(" or "));
            rename.with_hazard(HazardKind::MayFail, text)
        };
        let mut before = vec![rename];
        before.extend(self.create(new, cx));
        let left = whimbrel_sql::Qualified { schema: new.id.part(0), name: &aside };
        Alter::Swap { before, after: vec![Step::new(format!("drop type {left}"))] }
    }
}

/// What the old type is called meanwhile: 63 bytes are the most that a name may have.
fn aside(name: &str) -> String {
    let mut end = name.len().min(57);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}__old", &name[..end])
}
