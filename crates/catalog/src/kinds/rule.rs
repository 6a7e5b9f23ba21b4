//! Rewrite rules, but for those that are a view.

use super::{Alter, Change, Cx, Kind, enable};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Rule;

impl Kind for Rule {
    fn name(&self) -> &'static str {
        "rule"
    }

    fn class(&self) -> u32 {
        2618
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["definition", "enabled"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select r.oid, n.nspname as k1, c.relname as k2, r.rulename as k3, \
                '1259:' || c.oid as within, pg_catalog.pg_get_ruledef(r.oid) as definition, \
                nullif(r.ev_enabled, 'O') as enabled \
            from pg_catalog.pg_rewrite r \
            join pg_catalog.pg_class c on c.oid = r.ev_class \
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
            where r.rulename <> '_RETURN' and r.oid >= 16384 and c.relpersistence <> 't'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("rule {} on {}", id.ident(2), id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let definition = fact.text("definition").trim_end_matches(';');
        let mut steps = vec![Step::new(definition.replacen("CREATE RULE", "create rule", 1))];
        steps.extend(fact.is("enabled").then(|| enable(fact)));
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let mut steps = Vec::new();
        if change.is_of("definition") {
            let definition = change.new.text("definition").trim_end_matches(';');
            steps.push(Step::new(definition.replacen("CREATE RULE", "create or replace rule", 1)));
        }
        if change.is_of("enabled") {
            steps.push(enable(change.new));
        }
        Alter::steps(steps)
    }
}
