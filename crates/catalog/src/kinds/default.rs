//! Defaults of columns.

use super::{Alter, Change, Cx, Kind};
use crate::plan::{Place, Step};
use crate::{Fact, Id};

pub(super) struct Default;

impl Kind for Default {
    fn name(&self) -> &'static str {
        "default"
    }

    fn class(&self) -> u32 {
        2604
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["expression"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select d.oid, n.nspname as k1, c.relname as k2, a.attname as k3, \
                pg_catalog.pg_get_expr(d.adbin, d.adrelid) as expression \
            from pg_catalog.pg_attrdef d \
            join pg_catalog.pg_class c on c.oid = d.adrelid \
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
            join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum \
            where a.attgenerated = '' and c.relkind in ('r', 'p', 'f') and c.oid >= 16384 \
                and c.relpersistence <> 't' and not c.relispartition \
                and (a.attislocal or a.attinhcount = 0)"
                .to_owned(),
        )
    }

    fn parent(&self, id: &Id) -> Option<Id> {
        Some(id.cousin("column", 3))
    }

    fn phrase(&self, id: &Id) -> String {
        id.to_string()
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let text = format!("default {}", fact.text("expression"));
        let column = fact.id.cousin("column", 3);
        vec![alter(fact, &format!("set {text}")).within(column, Place::End, text)]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![alter(fact, "drop default")]
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        let column = change.new.id.cousin("column", 3);
        let [before, after] = [cx.old, cx.new]
            .map(|catalog| catalog.get(&column).map(|column| column.text("type").to_owned()));
        if before != after {
            // The old one may be none of the new type.
            return Alter::Replace;
        }
        let text = format!("set default {}", change.new.text("expression"));
        Alter::steps(vec![alter(change.new, &text)])
    }
}

fn alter(fact: &Fact, action: &str) -> Step {
    let head = format!("alter table {}", fact.id.qualified());
    Step::action(head, format!("alter column {} {action}", fact.id.ident(2)))
}
