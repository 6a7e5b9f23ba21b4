//! Schemas of which a publication has all tables.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct PublishedSchema;

impl Kind for PublishedSchema {
    fn name(&self) -> &'static str {
        "published schema"
    }

    fn class(&self) -> u32 {
        6237
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn query(&self, major: u32) -> Option<String> {
        (major >= 15).then(|| {
            "select r.oid, p.pubname as k1, n.nspname as k2 \
            from pg_catalog.pg_publication_namespace r \
            join pg_catalog.pg_publication p on p.oid = r.pnpubid \
            join pg_catalog.pg_namespace n on n.oid = r.pnnspid \
            where r.oid >= 16384"
                .to_owned()
        })
    }

    fn parent(&self, id: &Id) -> Option<Id> {
        Some(id.cousin("publication", 1))
    }

    fn phrase(&self, id: &Id) -> String {
        id.to_string()
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![say(fact, "add")]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![say(fact, "drop")]
    }

    fn alter(&self, _: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::steps(Vec::new())
    }

    /// A publication of schemas has no table with a list of columns.
    fn after_ends(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Id> {
        let publication = fact.id.cousin("publication", 1);
        let tables = cx.old.children_of(&publication, "published table");
        tables.map(|table| table.id.clone()).collect()
    }
}

fn say(fact: &Fact, verb: &str) -> Step {
    let head = format!("alter publication {} {verb} tables in schema", fact.id.ident(0));
    Step::action(head, fact.id.ident(1).to_string())
}
