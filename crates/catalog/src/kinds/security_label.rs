//! Labels that a security provider reads.

use whimbrel_sql::Literal;

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct SecurityLabel;

impl Kind for SecurityLabel {
    fn name(&self) -> &'static str {
        "security label"
    }

    fn class(&self) -> u32 {
        3596
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["label"]
    }

    /// What the whole server shares has its labels elsewhere.
    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select l.objoid as oid, l.objsubid as sub, l.provider as k1, l.objtype as k2, \
                l.objname as k3, \
                pg_catalog.concat_ws(':', l.classoid, l.objoid, l.objsubid) as within, l.label \
            from pg_catalog.pg_seclabels l \
            where l.objoid >= 16384 and l.objtype not in ('database', 'role', 'tablespace')"
                .to_owned(),
        )
    }

    /// The server says what has the label as SQL reads it.
    fn phrase(&self, id: &Id) -> String {
        format!("security label for {} on {} {}", id.ident(0), id.part(1), id.part(2))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![say(self, fact, &Literal(fact.text("label")).to_string())]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![say(self, fact, "null")]
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        Alter::steps(self.create(change.new, cx))
    }
}

fn say(kind: &SecurityLabel, fact: &Fact, label: &str) -> Step {
    Step::new(format!("{} is {label}", kind.phrase(&fact.id)))
}
