//! Access methods of tables and indexes.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct AccessMethod;

impl Kind for AccessMethod {
    fn name(&self) -> &'static str {
        "access method"
    }

    fn class(&self) -> u32 {
        2601
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["of", "handler"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select a.oid, a.amname as k1, \
                case a.amtype when 't' then 'table' else 'index' end as of, \
                a.amhandler::pg_catalog.regproc as handler \
            from pg_catalog.pg_am a where a.oid >= 16384"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("access method {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let [of, handler] = ["of", "handler"].map(|name| fact.text(name));
        let phrase = self.phrase(&fact.id);
        vec![Step::new(format!("create {phrase} type {of} handler {handler}"))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, _: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::Replace
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}
