//! Event triggers. They fire on what a plan does, too: made last, ended first.

use whimbrel_sql::Literal;

use super::{Alter, Change, Cx, Kind, enabling};
use crate::array::elements;
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct EventTrigger;

impl Kind for EventTrigger {
    fn name(&self) -> &'static str {
        "event trigger"
    }

    fn class(&self) -> u32 {
        3466
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["event", "function", "tags", "enabled"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select e.oid, e.evtname as k1, pg_catalog.pg_get_userbyid(e.evtowner) as owner, \
                e.evtevent as event, e.evtfoid::pg_catalog.regproc as function, \
                (select pg_catalog.array_agg(t order by t) from pg_catalog.unnest(e.evttags) t) as tags, \
                nullif(e.evtenabled, 'O') as enabled \
            from pg_catalog.pg_event_trigger e where e.oid >= 16384"
                .to_owned(),
        )
    }

    fn phrase(&self, id: &Id) -> String {
        format!("event trigger {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let tags: Vec<String> =
            elements(fact.text("tags")).iter().map(|tag| Literal(tag).to_string()).collect();
        let when = match tags.join(", ") {
            none if none.is_empty() => none,
            some => format!("\n    when tag in ({some})"),
        };
        let (name, event) = (fact.id.ident(0), fact.text("event"));
        let function = fact.text("function");
        let text = format!(
            "create event trigger {name} on {event}{when}\n    execute function {function}()"
        );
        let mut steps = vec![Step::new(text)];
        if fact.is("enabled") {
            steps.push(enable(fact));
        }
        steps
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop event trigger {}", fact.id.ident(0)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if change.is_only_of(&["enabled"]) {
            return Alter::steps(vec![enable(change.new)]);
        }
        Alter::Replace
    }

    fn is_outermost(&self) -> bool {
        true
    }
}

fn enable(fact: &Fact) -> Step {
    Step::new(format!("alter event trigger {} {}", fact.id.ident(0), enabling(fact)))
}
