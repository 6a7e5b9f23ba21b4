//! That a sequence belongs to a column, and ends with it. The column's default needs the sequence,
//! so this comes after both.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct OwnedBy;

impl Kind for OwnedBy {
    fn name(&self) -> &'static str {
        "sequence ownership"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["column"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select 0 as oid, n.nspname as k1, c.relname as k2, \
                d.refclassid || ':' || d.refobjid || ':' || d.refobjsubid as refs, \
                pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) \
                    || '.' || pg_catalog.quote_ident(a.attname) as column \
            from pg_catalog.pg_depend d \
            join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S' \
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
            join pg_catalog.pg_class t on t.oid = d.refobjid \
            join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace \
            join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid \
            where d.classid = 1259 and d.refclassid = 1259 and d.deptype = 'a' and d.refobjsubid > 0 \
                and c.oid >= 16384 and c.relpersistence <> 't'"
                .to_owned(),
        )
    }

    fn parent(&self, id: &Id) -> Option<Id> {
        Some(id.cousin("sequence", 2))
    }

    fn phrase(&self, id: &Id) -> String {
        id.to_string()
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        give(fact, fact.text("column"))
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        give(fact, "none")
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::steps(give(change.new, change.new.text("column")))
    }
}

fn give(fact: &Fact, column: &str) -> Vec<Step> {
    vec![Step::new(format!("alter sequence {} owned by {column}", fact.id.qualified()))]
}
