//! Casts.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Cast;

impl Kind for Cast {
    fn name(&self) -> &'static str {
        "cast"
    }

    fn class(&self) -> u32 {
        2605
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["way", "context"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select c.oid, pg_catalog.format_type(c.castsource, null) as k1, \
                pg_catalog.format_type(c.casttarget, null) as k2, \
                case c.castmethod when 'f' then 'with function ' || c.castfunc::pg_catalog.regprocedure \
                    when 'i' then 'with inout' else 'without function' end as way, \
                case c.castcontext when 'i' then 'implicit' when 'a' then 'assignment' end as context \
            from pg_catalog.pg_cast c where c.oid >= 16384 \
                and not exists (select from pg_catalog.pg_depend d \
                    where d.classid = 2605 and d.objid = c.oid and d.deptype = 'i')"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("cast ({} as {})", id.part(0), id.part(1))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let context = match fact.get("context") {
            Some(context) => format!(" as {context}"),
            None => String::new(),
        };
        vec![Step::new(format!("create {} {}{context}", self.phrase(&fact.id), fact.text("way")))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, _: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::Replace
    }
}
