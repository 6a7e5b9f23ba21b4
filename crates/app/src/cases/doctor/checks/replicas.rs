//! Standbys that lag.

use std::time::Duration;

use whimbrel_engine::wire::Answer;

use super::{Check, Seen, number, text};
use crate::cases::doctor::finding::{About, Finding, Group, ago, size};

/// Standbys that lag.
pub(super) struct Replicas;

const ABOUT: About = About {
    id: "replicas",
    group: Group::Server,
    looks_at: "standbys and how far behind they are, where the role may see it",
    why: "a migration adds to the lag, and readers of the standby see the old schema for as long",
    cure: "wait until it has caught up",
};

/// From how many bytes, or seconds, behind on a standby lags.
const FAR: i64 = 1_000_000_000;
const LATE: i64 = 60;

impl Check for Replicas {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        Some(
            "select application_name, state, \
             coalesce(extract(epoch from replay_lag), 0)::bigint as late, \
             case when pg_catalog.pg_is_in_recovery() then 0 else coalesce(\
             pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn), 0)::bigint \
             end as behind from pg_catalog.pg_stat_replication order by application_name"
                .to_owned(),
        )
    }

    fn judge(&self, answer: &Answer, _seen: &Seen) -> Vec<Finding> {
        let lags =
            answer.rows().filter(|row| number(row, "behind") > FAR || number(row, "late") > LATE);
        lags.map(|row| {
            ABOUT
                .warning(format!("standby `{}` lags", text(&row, "application_name")))
                .shown_by(format!(
                    "{}: {} and {} behind",
                    text(&row, "state"),
                    size(number(&row, "behind")),
                    ago(number(&row, "late"))
                ))
                .cured_by("wait until it has caught up before a migration that writes much")
        })
        .collect()
    }
}
