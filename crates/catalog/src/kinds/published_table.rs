//! Tables that a publication names, with their columns and the rows that it shows of them.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct PublishedTable;

impl Kind for PublishedTable {
    fn name(&self) -> &'static str {
        "published table"
    }

    fn class(&self) -> u32 {
        6106
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["columns", "filter"]
    }

    fn query(&self, major: u32) -> Option<String> {
        let [columns, filter] = if major < 15 {
            ["null", "null"]
        } else {
            [
                "(select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' \
                    order by a.attnum) from pg_catalog.pg_attribute a \
                    where a.attrelid = r.prrelid and a.attnum = any (r.prattrs))",
                "pg_catalog.pg_get_expr(r.prqual, r.prrelid)",
            ]
        };
        Some(format!(
            "select r.oid, p.pubname as k1, n.nspname as k2, c.relname as k3, \
                {columns} as columns, {filter} as filter \
            from pg_catalog.pg_publication_rel r \
            join pg_catalog.pg_publication p on p.oid = r.prpubid \
            join pg_catalog.pg_class c on c.oid = r.prrelid \
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
            where r.oid >= 16384"
        ))
    }

    fn parent(&self, id: &Id) -> Option<Id> {
        Some(id.cousin("publication", 1))
    }

    fn phrase(&self, id: &Id) -> String {
        id.to_string()
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut words = vec![format!("only {}", table(fact))];
        if let Some(columns) = fact.get("columns") {
            words.push(format!("({columns})"));
        }
        if let Some(filter) = fact.get("filter") {
            words.push(format!("where ({filter})"));
        }
        vec![Step::action(head(fact, "add"), words.join(" "))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::action(head(fact, "drop"), format!("only {}", table(fact)))]
    }

    /// `set table` says all tables anew; to take one out and put it back says less.
    fn alter(&self, _: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::Replace
    }

    /// A publication of schemas has no table with a list of columns.
    fn after_ends(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Id> {
        let publication = fact.id.cousin("publication", 1);
        let schemas = cx.old.children_of(&publication, "published schema");
        schemas.map(|schema| schema.id.clone()).collect()
    }
}

fn head(fact: &Fact, verb: &str) -> String {
    format!("alter publication {} {verb} table", fact.id.ident(0))
}

fn table(fact: &Fact) -> String {
    format!("{}.{}", fact.id.ident(1), fact.id.ident(2))
}
