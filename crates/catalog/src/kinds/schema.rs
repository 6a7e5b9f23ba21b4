//! Schemas.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Schema;

impl Kind for Schema {
    fn name(&self) -> &'static str {
        "schema"
    }

    fn class(&self) -> u32 {
        2615
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    /// `public` is there from the beginning, and born with what initdb gave it.
    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select n.oid, n.nspname as k1, pg_catalog.pg_get_userbyid(n.nspowner) as owner, \
                case when n.nspname <> 'public' or n.nspacl is distinct from i.initprivs \
                    then n.nspacl end as acl, \
                coalesce(case when n.nspname = 'public' then i.initprivs end, \
                    pg_catalog.acldefault('n', n.nspowner)) as born \
            from pg_catalog.pg_namespace n \
            left join pg_catalog.pg_init_privs i \
                on i.classoid = 2615 and i.objoid = n.oid and i.objsubid = 0 \
            where n.oid >= 16384 and n.nspname !~ '^pg_(toast_)?temp_' or n.nspname = 'public'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("schema {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("create schema {}", fact.id.ident(0)))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop schema {}", fact.id.ident(0)))]
    }

    fn alter(&self, _: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::steps(Vec::new())
    }
}
