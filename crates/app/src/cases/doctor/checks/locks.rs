//! Locks that others hold or wait for.

use std::time::Duration;

use whimbrel_engine::wire::Answer;

use super::{Check, Seen, number, text, who};
use crate::cases::doctor::finding::{About, Finding, Group, ago};

/// Locks that others hold or wait for.
pub(super) struct Locks;

const ABOUT: About = About {
    id: "locks",
    group: Group::Database,
    looks_at: "locks on tables that keep writers or readers out, held by others, and whoever waits \
               for a lock",
    why: "a migration of that table waits behind them, and everybody else behind the migration",
    cure: "wait for that transaction, or end it",
};

impl Check for Locks {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        Some(
            "select l.pid, a.usename, a.application_name as application, l.mode, l.granted, \
             n.nspname || '.' || c.relname as relation, \
             extract(epoch from pg_catalog.clock_timestamp() - a.xact_start)::bigint as seconds, \
             case when l.granted then null else pg_catalog.array_to_string(\
             pg_catalog.pg_blocking_pids(l.pid), ', ') end as behind \
             from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation \
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             join pg_catalog.pg_stat_activity a on a.pid = l.pid \
             where l.locktype = 'relation' and l.pid <> pg_catalog.pg_backend_pid() \
             and l.database = (select oid from pg_catalog.pg_database \
             where datname = pg_catalog.current_database()) \
             and n.nspname !~ '^pg_' and a.backend_type = 'client backend' \
             and (not l.granted or l.mode in ('ShareLock', 'ShareRowExclusiveLock', \
             'ExclusiveLock', 'AccessExclusiveLock')) \
             order by l.granted, seconds desc, l.pid, relation limit 20"
                .to_owned(),
        )
    }

    fn judge(&self, answer: &Answer, _seen: &Seen) -> Vec<Finding> {
        let findings: Vec<Finding> = answer
            .rows()
            .map(|row| {
                let (relation, mode) = (text(&row, "relation"), text(&row, "mode"));
                let since = ago(number(&row, "seconds"));
                let (what, end) = if text(&row, "granted") == "t" {
                    (format!("somebody holds {mode} on `{relation}`"), text(&row, "pid"))
                } else {
                    (format!("somebody waits for {mode} on `{relation}`"), text(&row, "behind"))
                };
                let finding = ABOUT
                    .warning(what)
                    .shown_by(format!("{}, in a transaction of {since}", who(&row)))
                    .cured_by("wait for it, or end the transaction that holds the lock:");
                let pids = end.split(", ").filter(|pid| !pid.is_empty());
                pids.fold(finding, |finding, pid| {
                    finding.with_sql(format!("select pg_terminate_backend({pid});"))
                })
            })
            .collect();
        if findings.is_empty() { vec![ABOUT.ok("no locks in the way")] } else { findings }
    }
}
