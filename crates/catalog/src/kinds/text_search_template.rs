//! Templates of text search dictionaries.

use super::{Alter, Change, Cx, Kind, create_of_functions};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct TextSearchTemplate;

impl Kind for TextSearchTemplate {
    fn name(&self) -> &'static str {
        "text search template"
    }

    fn class(&self) -> u32 {
        3764
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["init", "lexize"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select p.oid, n.nspname as k1, p.tmplname as k2, \
                nullif(p.tmplinit, 0)::pg_catalog.regproc as init, \
                nullif(p.tmpllexize, 0)::pg_catalog.regproc as lexize \
            from pg_catalog.pg_ts_template p \
            join pg_catalog.pg_namespace n on n.oid = p.tmplnamespace \
            where p.oid >= 16384 and n.nspname !~ '^pg_temp_'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("text search template {}", id.qualified())
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
