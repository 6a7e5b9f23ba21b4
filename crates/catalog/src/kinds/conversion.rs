//! Conversions between encodings.

use whimbrel_sql::Literal;

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Conversion;

impl Kind for Conversion {
    fn name(&self) -> &'static str {
        "conversion"
    }

    fn class(&self) -> u32 {
        2607
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["default", "from", "to", "function"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select c.oid, n.nspname as k1, c.conname as k2, \
                pg_catalog.pg_get_userbyid(c.conowner) as owner, \
                nullif(c.condefault, false) as default, \
                pg_catalog.pg_encoding_to_char(c.conforencoding) as from, \
                pg_catalog.pg_encoding_to_char(c.contoencoding) as to, \
                c.conproc::pg_catalog.regproc as function \
            from pg_catalog.pg_conversion c \
            join pg_catalog.pg_namespace n on n.oid = c.connamespace \
            where c.oid >= 16384 and n.nspname !~ '^pg_temp_'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("conversion {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let default = if fact.is("default") { "default " } else { "" };
        let [from, to] = ["from", "to"].map(|name| Literal(fact.text(name)).to_string());
        vec![Step::new(format!(
            "create {default}{} for {from} to {to} from {}",
            self.phrase(&fact.id),
            fact.text("function")
        ))]
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

    /// There is but one default for two encodings.
    fn after_ends(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Id> {
        let others = cx.old.facts_of("conversion").filter(|other| {
            other.is("default")
                && ["from", "to"].iter().all(|name| other.get(name) == fact.get(name))
        });
        others.map(|other| other.id.clone()).collect()
    }
}
