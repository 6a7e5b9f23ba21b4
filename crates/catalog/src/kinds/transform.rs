//! Transforms of values between SQL and a language.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Transform;

impl Kind for Transform {
    fn name(&self) -> &'static str {
        "transform"
    }

    fn class(&self) -> u32 {
        3576
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["from_sql", "to_sql"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select p.oid, pg_catalog.format_type(p.trftype, null) as k1, l.lanname as k2, \
                nullif(p.trffromsql, 0)::pg_catalog.regprocedure as from_sql, \
                nullif(p.trftosql, 0)::pg_catalog.regprocedure as to_sql \
            from pg_catalog.pg_transform p \
            join pg_catalog.pg_language l on l.oid = p.trflang \
            where p.oid >= 16384"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("transform for {} language {}", id.part(0), id.ident(1))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let ways: Vec<String> = [("from_sql", "from"), ("to_sql", "to")]
            .into_iter()
            .filter_map(|(name, way)| Some(format!("{way} sql with function {}", fact.get(name)?)))
            .collect();
        vec![Step::new(format!("create {} ({})", self.phrase(&fact.id), ways.join(", ")))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        let create = self.create(change.new, cx).into_iter();
        let anew = create
            .map(|step| Step::new(step.to_string().replacen("create", "create or replace", 1)));
        Alter::steps(anew.collect())
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}
