//! How many connections are taken.

use std::time::Duration;

use whimbrel_engine::wire::Answer;

use super::{Check, Seen, number};
use crate::cases::doctor::finding::{About, Finding, Group};

/// How many connections are taken.
pub(super) struct Connections;

const ABOUT: About = About {
    id: "connections",
    group: Group::Server,
    looks_at: "connections of clients beside `max_connections`",
    why: "a run needs two or three; with none left nobody gets in (53300)",
    cure: "close idle clients, pool them, or raise `max_connections`",
};

impl Check for Connections {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        Some(
            "select (select count(*) from pg_catalog.pg_stat_activity \
             where backend_type = 'client backend') as taken, \
             pg_catalog.current_setting('max_connections')::int \
             - pg_catalog.current_setting('superuser_reserved_connections')::int as all"
                .to_owned(),
        )
    }

    fn judge(&self, answer: &Answer, _seen: &Seen) -> Vec<Finding> {
        let Some(row) = answer.first() else { return Vec::new() };
        let (taken, all) = (number(&row, "taken"), number(&row, "all"));
        let what = format!("{taken} of {all} connections taken");
        if taken * 10 < all * 9 {
            return vec![ABOUT.ok(what)];
        }
        vec![
            ABOUT
                .warning(what)
                .cured_by("close idle clients, pool them, or raise `max_connections`"),
        ]
    }
}
