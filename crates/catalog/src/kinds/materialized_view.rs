//! Materialised views.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind, table};
use crate::array::elements;
use crate::plan::{HazardKind, Step};
use crate::{Fact, Id};

pub(super) struct MaterializedView;

impl Kind for MaterializedView {
    fn name(&self) -> &'static str {
        "materialized view"
    }

    fn class(&self) -> u32 {
        1259
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["definition", "columns", "options", "access_method", "tablespace", "unfilled"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(include_str!("materialized_view.sql").to_owned())
    }

    fn phrase(&self, id: &Id) -> String {
        format!("materialized view {}", id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut words = vec![format!("create materialized view {}", fact.id.qualified())];
        if let Some(method) = fact.get("access_method") {
            words.push(format!("using {}", Ident(method)));
        }
        let options = elements(fact.text("options"));
        if !options.is_empty() {
            words.push(format!("with ({})", table::settings(&options).join(", ")));
        }
        if let Some(space) = fact.get("tablespace") {
            words.push(format!("tablespace {}", Ident(space)));
        }
        let query = fact.text("definition").trim_end_matches(';');
        let filled = if fact.is("unfilled") { "\nwith no data" } else { "" };
        vec![Step::new(format!("{} as\n{query}{filled}", words.join(" "))).evaluating()]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let name = fact.id.qualified();
        let gap = format!("{name} is not there until it is filled again");
        vec![Step::new(format!("drop materialized view {name}")).with_hazard(HazardKind::Gap, gap)]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let new = change.new;
        if change.is_of("definition") || change.is_of("columns") {
            return Alter::Replace;
        }
        let head = format!("alter materialized view {}", new.id.qualified());
        let mut steps = Vec::new();
        if change.is_of("options") {
            let actions = table::options(change.old, new);
            steps.extend(actions.into_iter().map(|action| Step::action(&head, action)));
        }
        if change.is_of("access_method") {
            let method = Ident(new.get("access_method").unwrap_or("heap"));
            steps.push(Step::action(&head, format!("set access method {method}")));
        }
        if change.is_of("tablespace") {
            let space = Ident(new.get("tablespace").unwrap_or("pg_default"));
            steps.push(Step::action(&head, format!("set tablespace {space}")));
        }
        if change.is_of("unfilled") {
            let data = if new.is("unfilled") { " with no data" } else { "" };
            let name = new.id.qualified();
            steps.push(Step::new(format!("refresh materialized view {name}{data}")).evaluating());
        }
        Alter::steps(steps)
    }

    fn rights(&self, id: &Id) -> [String; 2] {
        [String::new(), format!("table {}", id.qualified())]
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![format!("relation {}", fact.id.qualified()), format!("type {}", fact.id.qualified())]
    }
}
