//! Parsers of text search.

use super::{Alter, Change, Cx, Kind, create_of_functions};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct TextSearchParser;

impl Kind for TextSearchParser {
    fn name(&self) -> &'static str {
        "text search parser"
    }

    fn class(&self) -> u32 {
        3601
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["start", "gettoken", "end", "headline", "lextypes"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select p.oid, n.nspname as k1, p.prsname as k2, \
                nullif(p.prsstart, 0)::pg_catalog.regproc as start, \
                nullif(p.prstoken, 0)::pg_catalog.regproc as gettoken, \
                nullif(p.prsend, 0)::pg_catalog.regproc as end, \
                nullif(p.prsheadline, 0)::pg_catalog.regproc as headline, \
                nullif(p.prslextype, 0)::pg_catalog.regproc as lextypes \
            from pg_catalog.pg_ts_parser p \
            join pg_catalog.pg_namespace n on n.oid = p.prsnamespace \
            where p.oid >= 16384 and n.nspname !~ '^pg_temp_'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("text search parser {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        create_of_functions(fact)
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
