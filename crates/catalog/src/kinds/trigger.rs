//! Triggers of tables and views.

use super::{Alter, Change, Cx, Kind, enable};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Trigger;

impl Kind for Trigger {
    fn name(&self) -> &'static str {
        "trigger"
    }

    fn class(&self) -> u32 {
        2620
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["definition", "constraint", "enabled"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select g.oid, n.nspname as k1, c.relname as k2, g.tgname as k3, \
                '1259:' || c.oid as within, pg_catalog.pg_get_triggerdef(g.oid) as definition, \
                case when g.tgconstraint <> 0 then 't' end as constraint, \
                case when g.tgconstraint <> 0 then '2606:' || g.tgconstraint end as also, \
                nullif(g.tgenabled, 'O') as enabled \
            from pg_catalog.pg_trigger g \
            join pg_catalog.pg_class c on c.oid = g.tgrelid \
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
            where not g.tgisinternal and g.tgparentid = 0 and g.oid >= 16384 \
                and c.relpersistence <> 't'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("trigger {} on {}", id.ident(2), id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut steps = vec![Step::new(lower(fact.text("definition"), "create"))];
        steps.extend(fact.is("enabled").then(|| enable(fact)));
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    /// A trigger that is replaced is enabled again, whatever it was.
    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let (old, new) = (change.old, change.new);
        if !change.is_of("definition") {
            return Alter::steps(vec![enable(new)]);
        }
        if old.is("constraint") || new.is("constraint") {
            return Alter::Replace;
        }
        let mut steps = vec![Step::new(lower(new.text("definition"), "create or replace"))];
        steps.extend(new.is("enabled").then(|| enable(new)));
        Alter::steps(steps)
    }
}

fn lower(definition: &str, verb: &str) -> String {
    for (upper, lower) in
        [("CREATE CONSTRAINT TRIGGER ", "constraint trigger "), ("CREATE TRIGGER ", "trigger ")]
    {
        if let Some(rest) = definition.strip_prefix(upper) {
            return format!("{verb} {lower}{rest}");
        }
    }
    definition.to_owned()
}
