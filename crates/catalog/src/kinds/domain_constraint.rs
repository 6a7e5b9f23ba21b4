//! Checks of domains.

use super::{Alter, Change, Cx, Kind};
use crate::plan::{Place, Step};
use crate::{Fact, Id};

pub(super) struct DomainConstraint;

impl Kind for DomainConstraint {
    fn name(&self) -> &'static str {
        "domain constraint"
    }

    fn class(&self) -> u32 {
        2606
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["definition", "not_valid"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select k.oid, n.nspname as k1, t.typname as k2, k.conname as k3, \
                pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', '') \
                    as definition, \
                case when not k.convalidated then 't' end as not_valid \
            from pg_catalog.pg_constraint k \
            join pg_catalog.pg_type t on t.oid = k.contypid \
            join pg_catalog.pg_namespace n on n.oid = t.typnamespace \
            where k.contype = 'c' and t.oid >= 16384"
                .to_owned(),
        )
    }

    fn parent(&self, id: &Id) -> Option<Id> {
        Some(id.cousin("domain", 2))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("constraint {} on domain {}", id.ident(2), id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let text = format!("constraint {} {}", fact.id.ident(2), fact.text("definition"));
        let add = format!("{} add {text}", head(fact));
        vec![if fact.is("not_valid") {
            Step::new(format!("{add} not valid"))
        } else {
            Step::new(add).within(fact.id.cousin("domain", 2), Place::End, text)
        }]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("{} drop constraint {}", head(fact), fact.id.ident(2)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if change.is_only_of(&["not_valid"]) && !change.new.is("not_valid") {
            let name = change.new.id.ident(2);
            let step = Step::new(format!("{} validate constraint {name}", head(change.new)));
            return Alter::steps(vec![step]);
        }
        Alter::Replace
    }
}

fn head(fact: &Fact) -> String {
    format!("alter domain {}", fact.id.qualified())
}
