//! What objects that a role makes are born with. The rights are facts of their own, and in force
//! for what the plan makes as they were before it.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct DefaultPrivileges;

impl Kind for DefaultPrivileges {
    fn name(&self) -> &'static str {
        "default privileges"
    }

    fn class(&self) -> u32 {
        826
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select d.oid, pg_catalog.pg_get_userbyid(d.defaclrole) as k1, \
                coalesce(n.nspname, '') as k2, d.defaclobjtype as k3, d.defaclacl as acl, \
                case when d.defaclnamespace = 0 then pg_catalog.acldefault( \
                    case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole) \
                    else '{}' end as born, \
                case when d.defaclnamespace <> 0 then '2615:' || d.defaclnamespace end as refs \
            from pg_catalog.pg_default_acl d \
            left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace"
                .to_owned(),
        )
    }

    fn is_birthright(&self) -> bool {
        true
    }

    fn roles(&self, fact: &Fact) -> Vec<String> {
        vec![fact.id.part(0).to_owned()]
    }

    fn phrase(&self, id: &Id) -> String {
        id.to_string()
    }

    fn create(&self, _: &Fact, _: Cx<'_>) -> Vec<Step> {
        Vec::new()
    }

    fn drop(&self, _: &Fact, _: Cx<'_>) -> Vec<Step> {
        Vec::new()
    }

    fn alter(&self, _: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::steps(Vec::new())
    }

    fn rights(&self, id: &Id) -> [String; 2] {
        let place = match id.part(1) {
            "" => String::new(),
            schema => format!(" in schema {}", Ident(schema)),
        };
        let of = match id.part(2) {
            "r" => "tables",
            "S" => "sequences",
            "f" => "functions",
            "T" => "types",
            "L" => "large objects",
            _ => "schemas",
        };
        [format!("alter default privileges for role {}{place} ", id.ident(0)), of.to_owned()]
    }
}
