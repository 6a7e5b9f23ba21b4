//! Operator classes: how an access method deals with a type.

use super::operator_family::{members, whole};
use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct OperatorClass;

impl Kind for OperatorClass {
    fn name(&self) -> &'static str {
        "operator class"
    }

    fn class(&self) -> u32 {
        2616
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["default", "type", "family", "storage", "members"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(format!(
            "select c.oid, n.nspname as k1, c.opcname as k2, m.amname as k3, \
                pg_catalog.pg_get_userbyid(c.opcowner) as owner, \
                nullif(c.opcdefault, false) as default, \
                pg_catalog.format_type(c.opcintype, null) as type, \
                pg_catalog.quote_ident(fn.nspname) || '.' || pg_catalog.quote_ident(f.opfname) as family, \
                pg_catalog.format_type(nullif(c.opckeytype, 0), null) as storage, {} \
            from pg_catalog.pg_opclass c \
            join pg_catalog.pg_namespace n on n.oid = c.opcnamespace \
            join pg_catalog.pg_am m on m.oid = c.opcmethod \
            join pg_catalog.pg_opfamily f on f.oid = c.opcfamily \
            join pg_catalog.pg_namespace fn on fn.oid = f.opfnamespace \
            where c.oid >= 16384 and n.nspname !~ '^pg_temp_'",
            members(2616, "c.oid")
        ))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("operator class {} using {}", id.qualified(), id.ident(2))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let default = if fact.is("default") { "default " } else { "" };
        let head = format!(
            "create operator class {} {default}for type {} using {} family {} as",
            fact.id.qualified(),
            fact.text("type"),
            fact.id.ident(2),
            fact.text("family")
        );
        let mut parts: Vec<String> =
            elements(fact.text("members")).iter().map(|member| whole(member)).collect();
        let storage = fact.get("storage").map(|storage| format!("storage {storage}"));
        parts.extend(storage);
        if parts.is_empty() {
            // Something must be said, and this says nothing.
            parts.push(format!("storage {}", fact.text("type")));
        }
        vec![Step::new(format!("{head}\n    {}", parts.join(",\n    ")))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    /// A class can be given another name, owner or schema, and nothing else.
    fn alter(&self, _: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::Replace
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }

    /// There is but one default for a type.
    fn after_ends(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Id> {
        let others = cx.old.facts_of("operator class").filter(|other| {
            other.is("default")
                && other.id.part(2) == fact.id.part(2)
                && other.text("type") == fact.text("type")
        });
        others.map(|other| other.id.clone()).collect()
    }
}
