//! Domains; their constraints are facts of their own.

use super::{Alter, Change, Cx, Kind};
use crate::plan::{HazardKind, Step};
use crate::{Fact, Id};

pub(super) struct Domain;

impl Kind for Domain {
    fn name(&self) -> &'static str {
        "domain"
    }

    fn class(&self) -> u32 {
        1247
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["type", "collation", "not_null", "default"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select t.oid, n.nspname as k1, t.typname as k2, '1247:' || t.typarray as also, \
                pg_catalog.pg_get_userbyid(t.typowner) as owner, t.typacl as acl, \
                case when t.typacl is not null then pg_catalog.acldefault('T', t.typowner) end as born, \
                pg_catalog.format_type(t.typbasetype, t.typtypmod) as type, \
                case when t.typcollation <> b.typcollation then \
                    pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(c.collname) \
                end as collation, \
                nullif(t.typnotnull, false) as not_null, \
                coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault) as default \
            from pg_catalog.pg_type t \
            join pg_catalog.pg_namespace n on n.oid = t.typnamespace \
            join pg_catalog.pg_type b on b.oid = t.typbasetype \
            left join pg_catalog.pg_collation c on c.oid = t.typcollation \
            left join pg_catalog.pg_namespace cn on cn.oid = c.collnamespace \
            where t.typtype = 'd' and t.oid >= 16384 and n.nspname !~ '^pg_temp_'"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("domain {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut words =
            vec![format!("create domain {} as {}", fact.id.qualified(), fact.text("type"))];
        if let Some(collation) = fact.get("collation") {
            words.push(format!("collate {collation}"));
        }
        if let Some(default) = fact.get("default") {
            words.push(format!("default {default}"));
        }
        if fact.is("not_null") {
            words.push("not null".to_owned());
        }
        vec![Step::new(words.join(" "))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop domain {}", fact.id.qualified()))]
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        let new = change.new;
        let head = format!("alter domain {}", new.id.qualified());
        if change.is_of("type") || change.is_of("collation") {
            let aside = format!("{}__old", new.id.part(1));
            let left = whimbrel_sql::Qualified { schema: new.id.part(0), name: &aside }.to_string();
            let mut before =
                vec![Step::new(format!("{head} rename to {}", whimbrel_sql::Ident(&aside)))];
            before.extend(self.create(new, cx));
            return Alter::Swap { before, after: vec![Step::new(format!("drop domain {left}"))] };
        }
        let mut steps = Vec::new();
        if change.is_of("default") {
            let action = match new.get("default") {
                Some(default) => format!("set default {default}"),
                None => "drop default".to_owned(),
            };
            steps.push(Step::new(format!("{head} {action}")));
        }
        if change.is_of("not_null") {
            steps.push(if new.is("not_null") {
                let step = Step::new(format!("{head} set not null"));
                step.with_hazard(HazardKind::MayFail, "a row without a value stands against it")
            } else {
                Step::new(format!("{head} drop not null"))
            });
        }
        Alter::steps(steps)
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("type {}", fact.id.qualified())]
    }
}
