//! Names of types that are to come. The functions of a base type, and what makes a range
//! canonical, speak of the type before it is there: they need but its name.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct ShellType;

impl Kind for ShellType {
    fn name(&self) -> &'static str {
        "shell type"
    }

    fn class(&self) -> u32 {
        1247
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["lasting"]
    }

    /// A name that a type has come to is its column -1, since the type has its address. What can
    /// never be altered of the type is the name's, for with it all that speaks of it is replaced.
    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select t.oid, case when t.typisdefined then -1 else 0 end as sub, \
                n.nspname as k1, t.typname as k2, \
                case t.typtype when 'b' then pg_catalog.concat_ws(' ', \
                    t.typinput::pg_catalog.regproc, t.typoutput::pg_catalog.regproc, t.typlen, \
                    t.typbyval, t.typalign, t.typcategory, t.typispreferred, t.typdelim, \
                    nullif(t.typelem, 0)::pg_catalog.regtype, t.typcollation <> 0, t.typdefault) \
                when 'r' then pg_catalog.concat_ws(' ', r.rngsubtype::pg_catalog.regtype, \
                    r.rngcanonical::pg_catalog.regproc, r.rngsubdiff::pg_catalog.regproc, \
                    r.rngmultitypid::pg_catalog.regtype) end as lasting \
            from pg_catalog.pg_type t \
            join pg_catalog.pg_namespace n on n.oid = t.typnamespace \
            left join pg_catalog.pg_range r on r.rngtypid = t.oid \
            where t.oid >= 16384 and n.nspname !~ '^pg_temp_' \
                and (not t.typisdefined or r.rngcanonical <> 0 \
                    or t.typtype = 'b' and not exists (select from pg_catalog.pg_type e \
                        where e.typarray = t.oid))"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("type {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("create type {}", fact.id.qualified()))]
    }

    /// The type needs its functions, and they need it: nothing but this ends either.
    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop type {} cascade", fact.id.qualified()))]
    }

    fn alter(&self, _: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::Replace
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("type {}", fact.id.qualified())]
    }
}

/// The name that goes with what speaks of it.
pub(super) fn of(fact: &Fact) -> Option<Id> {
    fact.needs.iter().find(|need| need.kind() == "shell type").cloned()
}
