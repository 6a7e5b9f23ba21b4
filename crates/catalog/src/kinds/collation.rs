//! Collations.

use whimbrel_sql::Literal;

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Collation;

impl Kind for Collation {
    fn name(&self) -> &'static str {
        "collation"
    }

    fn class(&self) -> u32 {
        3456
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["provider", "locale", "lc_collate", "lc_ctype", "rules", "nondeterministic"]
    }

    /// The columns of the table have had three names.
    fn query(&self, major: u32) -> Option<String> {
        let locale = match major {
            ..15 => "case c.collprovider when 'i' then c.collcollate end",
            15..17 => "c.colliculocale",
            17.. => "c.colllocale",
        };
        let rules = if major < 16 { "null" } else { "c.collicurules" };
        let libc = |column: &str| format!("case when c.collprovider = 'c' then c.{column} end");
        Some(format!(
            "select c.oid, n.nspname as k1, c.collname as k2, \
                pg_catalog.pg_get_userbyid(c.collowner) as owner, \
                case c.collprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end as provider, \
                {locale} as locale, {} as lc_collate, {} as lc_ctype, {rules} as rules, \
                case when not c.collisdeterministic then 't' end as nondeterministic \
            from pg_catalog.pg_collation c \
            join pg_catalog.pg_namespace n on n.oid = c.collnamespace \
            where c.oid >= 16384",
            libc("collcollate"),
            libc("collctype"),
        ))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("collation {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut options = vec![format!("provider = {}", fact.text("provider"))];
        match [fact.get("lc_collate"), fact.get("lc_ctype")] {
            [Some(both), Some(ctype)] if both == ctype => {
                options.push(format!("locale = {}", Literal(both)));
            }
            [collate, ctype] => {
                for (name, value) in [("lc_collate", collate), ("lc_ctype", ctype)] {
                    options.extend(value.map(|value| format!("{name} = {}", Literal(value))));
                }
            }
        }
        for name in ["locale", "rules"] {
            options.extend(fact.get(name).map(|value| format!("{name} = {}", Literal(value))));
        }
        if fact.is("nondeterministic") {
            options.push("deterministic = false".to_owned());
        }
        let name = fact.id.qualified();
        vec![Step::new(format!("create collation {name} ({})", options.join(", ")))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop collation {}", fact.id.qualified()))]
    }

    fn alter(&self, _: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::Replace
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("collation {}", fact.id.qualified())]
    }
}
