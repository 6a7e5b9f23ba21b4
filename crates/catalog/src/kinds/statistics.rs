//! Statistics objects: what the planner is to know of columns together.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Statistics;

impl Kind for Statistics {
    fn name(&self) -> &'static str {
        "statistics"
    }

    fn class(&self) -> u32 {
        3381
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["definition", "target"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select s.oid, n.nspname as k1, s.stxname as k2, '1259:' || s.stxrelid as within, \
                pg_catalog.pg_get_userbyid(s.stxowner) as owner, \
                pg_catalog.pg_get_statisticsobjdef(s.oid) as definition, \
                case when s.stxstattarget >= 0 then s.stxstattarget end as target \
            from pg_catalog.pg_statistic_ext s \
            join pg_catalog.pg_namespace n on n.oid = s.stxnamespace \
            where s.oid >= 16384"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("statistics {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let definition = fact.text("definition");
        let mut steps =
            vec![Step::new(definition.replacen("CREATE STATISTICS", "create statistics", 1))];
        if fact.is("target") {
            steps.push(target(fact));
        }
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop statistics {}", fact.id.qualified()))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if change.is_of("definition") {
            return Alter::Replace;
        }
        Alter::steps(vec![target(change.new)])
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("statistics {}.{}", fact.id.ident(0), Ident(fact.id.last()))]
    }
}

fn target(fact: &Fact) -> Step {
    let target = fact.get("target").unwrap_or("-1");
    Step::new(format!("alter statistics {} set statistics {target}", fact.id.qualified()))
}
