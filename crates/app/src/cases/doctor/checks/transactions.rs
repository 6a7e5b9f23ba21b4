//! Transactions that have been open for long.

use std::time::Duration;

use whimbrel_engine::wire::Answer;

use super::{Check, Seen, number, text, who};
use crate::cases::doctor::finding::{About, Finding, Group, ago};

/// Transactions that have been open for long.
pub(super) struct Transactions;

const ABOUT: About = About {
    id: "long-transactions",
    group: Group::Database,
    looks_at: "transactions of others that are older than a minute (`--longer-than`)",
    why: "it keeps the lock of every table that it touched, so `alter table` waits for it, and \
          `create index concurrently` waits for it whatever it touched",
    cure: "wait for it, or end it; let clients end their transactions",
};

impl Check for Transactions {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, longer_than: Duration) -> Option<String> {
        Some(format!(
            "select a.pid, a.usename, a.application_name as application, a.state, \
             extract(epoch from pg_catalog.clock_timestamp() - a.xact_start)::bigint as seconds, \
             pg_catalog.left(a.query, 100) as query from pg_catalog.pg_stat_activity a \
             where a.datname = pg_catalog.current_database() \
             and a.backend_type = 'client backend' and a.pid <> pg_catalog.pg_backend_pid() \
             and a.xact_start < pg_catalog.clock_timestamp() - interval '{} milliseconds' \
             order by a.xact_start, a.pid limit 20",
            longer_than.as_millis()
        ))
    }

    fn judge(&self, answer: &Answer, _seen: &Seen) -> Vec<Finding> {
        let findings: Vec<Finding> = answer
            .rows()
            .map(|row| {
                let query: Vec<&str> = text(&row, "query").split_whitespace().collect();
                ABOUT
                    .warning(format!("a transaction is open for {}", ago(number(&row, "seconds"))))
                    .shown_by(format!("{}, {}", who(&row), text(&row, "state")))
                    .shown_by(format!("last: {}", query.join(" ")))
                    .cured_by("wait for it, or end it:")
                    .with_sql(format!("select pg_terminate_backend({});", text(&row, "pid")))
            })
            .collect();
        if findings.is_empty() { vec![ABOUT.ok("no long transactions")] } else { findings }
    }
}
