//! Subscriptions. Where they connect to is never read: they are made without a connection, and
//! work when a person gave them one.

use whimbrel_sql::{Ident, Literal};

use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::{HazardKind, Step};
use crate::{Fact, Id};

pub(super) struct Subscription;

impl Kind for Subscription {
    fn name(&self) -> &'static str {
        "subscription"
    }

    fn class(&self) -> u32 {
        6100
    }

    fn attributes(&self) -> &'static [&'static str] {
        ATTRIBUTES
    }

    fn query(&self, major: u32) -> Option<String> {
        let since = |first: u32, sql: &'static str| if major < first { "null" } else { sql };
        // What nobody says has been `off`, and is `parallel` since 18: there it is always said.
        let streaming = match major {
            ..16 => "case when s.substream then 'on' end",
            16..18 => "case s.substream when 't' then 'on' when 'p' then 'parallel' end",
            18.. => "case s.substream when 't' then 'on' when 'p' then 'parallel' else 'off' end",
        };
        Some(format!(
            "select s.oid, s.subname as k1, pg_catalog.pg_get_userbyid(s.subowner) as owner, \
                s.subpublications as publications, \
                case when s.subbinary then 'true' end as binary, \
                {streaming} as streaming, \
                nullif(s.subsynccommit, 'off') as synchronous_commit, \
                {} as two_phase, {} as disable_on_error, {} as origin, \
                {} as password_required, {} as run_as_owner, {} as failover \
            from pg_catalog.pg_subscription s \
            where s.subdbid = (select oid from pg_catalog.pg_database \
                where datname = pg_catalog.current_database())",
            since(15, "case when s.subtwophasestate <> 'd' then 'true' end"),
            since(15, "case when s.subdisableonerr then 'true' end"),
            since(16, "nullif(s.suborigin, 'any')"),
            since(16, "case when not s.subpasswordrequired then 'false' end"),
            since(16, "case when s.subrunasowner then 'true' end"),
            since(17, "case when s.subfailover then 'true' end"),
        ))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("subscription {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut options = vec!["connect = false".to_owned(), "slot_name = none".to_owned()];
        options
            .extend(OPTIONS.iter().filter(|(name, _)| fact.is(name)).map(|each| said(fact, each)));
        let text = format!(
            "create subscription {} connection '' publication {} with ({})",
            fact.id.ident(0),
            publications(fact),
            options.join(", ")
        );
        let word =
            "its connection is never read: it must be given one, a slot and be enabled by hand";
        vec![Step::new(text).with_hazard(HazardKind::Gap, word)]
    }

    /// Its slot is the publisher's, and is left to whoever looks after that.
    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let name = fact.id.ident(0);
        let word = "its slot stays at the publisher, and is to be dropped there";
        vec![
            Step::new(format!("alter subscription {name} disable")),
            Step::new(format!("alter subscription {name} set (slot_name = none)")),
            Step::new(format!("drop subscription {name}")).with_hazard(HazardKind::Gap, word),
        ]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        if change.is_of("two_phase") {
            return Alter::Replace;
        }
        let new = change.new;
        let head = format!("alter subscription {}", new.id.ident(0));
        let mut steps = Vec::new();
        if change.is_of("publications") {
            let all = publications(new);
            steps.push(Step::new(format!("{head} set publication {all} with (refresh = false)")));
        }
        let options: Vec<String> = OPTIONS
            .iter()
            .filter(|(name, _)| change.is_of(name))
            .map(|each| said(new, each))
            .collect();
        if !options.is_empty() {
            steps.push(Step::new(format!("{head} set ({})", options.join(", "))));
        }
        Alter::steps(steps)
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}

const ATTRIBUTES: &[&str] = &[
    "publications",
    "binary",
    "streaming",
    "synchronous_commit",
    "two_phase",
    "disable_on_error",
    "origin",
    "password_required",
    "run_as_owner",
    "failover",
];

/// The options, and what each is where nobody says anything.
const OPTIONS: &[(&str, &str)] = &[
    ("binary", "false"),
    ("streaming", "off"),
    ("synchronous_commit", "off"),
    ("two_phase", "false"),
    ("disable_on_error", "false"),
    ("origin", "any"),
    ("password_required", "true"),
    ("run_as_owner", "false"),
    ("failover", "false"),
];

fn said(fact: &Fact, (name, usual): &(&str, &str)) -> String {
    format!("{name} = {}", Literal(fact.get(name).unwrap_or(usual)))
}

fn publications(fact: &Fact) -> String {
    let all: Vec<String> =
        elements(fact.text("publications")).iter().map(|name| Ident(name).to_string()).collect();
    all.join(", ")
}
