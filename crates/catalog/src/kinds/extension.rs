//! Extensions: what they bring is theirs, and no fact of its own.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Extension;

impl Kind for Extension {
    fn name(&self) -> &'static str {
        "extension"
    }

    fn class(&self) -> u32 {
        3079
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["schema", "relocatable"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select e.oid, e.extname as k1, n.nspname as schema, \
                nullif(e.extrelocatable, false) as relocatable \
            from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace \
            where e.oid >= 16384"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("extension {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let (name, schema) = (fact.id.ident(0), fact.text("schema"));
        let place = match schema {
            "pg_catalog" => String::new(),
            schema => format!(" with schema {}", Ident(schema)),
        };
        vec![Step::new(format!("create extension {name}{place}"))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop extension {}", fact.id.ident(0)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if !change.is_of("schema") || !change.old.is("relocatable") {
            return Alter::Replace;
        }
        let (name, schema) = (change.new.id.ident(0), Ident(change.new.text("schema")));
        Alter::steps(vec![Step::new(format!("alter extension {name} set schema {schema}"))])
    }
}
