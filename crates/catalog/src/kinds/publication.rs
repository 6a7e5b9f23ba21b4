//! Publications; what is published by name are facts of their own.

use whimbrel_sql::Literal;

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Publication;

impl Kind for Publication {
    fn name(&self) -> &'static str {
        "publication"
    }

    fn class(&self) -> u32 {
        6104
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["all_tables", "publish", "via_root", "generated_columns"]
    }

    fn query(&self, major: u32) -> Option<String> {
        let generated = if major < 18 { "null" } else { "nullif(p.pubgencols, 'n')" };
        Some(format!(
            "select p.oid, p.pubname as k1, pg_catalog.pg_get_userbyid(p.pubowner) as owner, \
                nullif(p.puballtables, false) as all_tables, \
                nullif(pg_catalog.concat_ws(', ', \
                    case when p.pubinsert then 'insert' end, \
                    case when p.pubupdate then 'update' end, \
                    case when p.pubdelete then 'delete' end, \
                    case when p.pubtruncate then 'truncate' end), \
                    'insert, update, delete, truncate') as publish, \
                nullif(p.pubviaroot, false) as via_root, \
                {generated} as generated_columns \
            from pg_catalog.pg_publication p where p.oid >= 16384"
        ))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("publication {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut words = vec![format!("create publication {}", fact.id.ident(0))];
        if fact.is("all_tables") {
            words.push("for all tables".to_owned());
        }
        let options: Vec<String> =
            OPTIONS.iter().filter(|name| fact.is(name)).map(|name| option(fact, name)).collect();
        if !options.is_empty() {
            words.push(format!("with ({})", options.join(", ")));
        }
        vec![Step::new(words.join(" "))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop publication {}", fact.id.ident(0)))]
    }

    /// No form of `alter publication` makes one of all tables, or of some.
    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if change.is_of("all_tables") {
            return Alter::Replace;
        }
        let options: Vec<String> = OPTIONS
            .iter()
            .filter(|name| change.is_of(name))
            .map(|name| option(change.new, name))
            .collect();
        let name = change.new.id.ident(0);
        Alter::steps(vec![Step::new(format!(
            "alter publication {name} set ({})",
            options.join(", ")
        ))])
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("publication {}", fact.id.ident(0))]
    }
}

const OPTIONS: &[&str] = &["publish", "via_root", "generated_columns"];

fn option(fact: &Fact, name: &str) -> String {
    match (name, fact.get(name)) {
        ("publish", publish) => {
            let all = "insert, update, delete, truncate";
            format!("publish = {}", Literal(publish.unwrap_or(all)))
        }
        ("via_root", via_root) => {
            format!("publish_via_partition_root = {}", via_root.is_some())
        }
        (_, generated) => {
            let which = if generated == Some("s") { "stored" } else { "none" };
            format!("publish_generated_columns = {which}")
        }
    }
}
