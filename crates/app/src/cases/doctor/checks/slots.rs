//! Replication slots that nobody reads, or that lag.

use std::time::Duration;

use whimbrel_engine::wire::Answer;
use whimbrel_sql::Literal;

use super::{Check, Seen, number, text};
use crate::cases::doctor::finding::{About, Finding, Group, size};

/// Replication slots that nobody reads, or that lag.
pub(super) struct Slots;

const ABOUT: About = About {
    id: "replication-slots",
    group: Group::Server,
    looks_at: "replication slots: active or not, how much log they keep back, lost ones",
    why: "a slot keeps all log since it was last read: a migration that rewrites a table fills the \
          disk with it",
    cure: "let its reader catch up before a large migration, or drop the slot",
};

/// From how many bytes behind on a slot lags.
const FAR: i64 = 1_000_000_000;

impl Check for Slots {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        Some(
            "select slot_name, slot_type, active, wal_status, pg_catalog.pg_wal_lsn_diff(\
             case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() \
             else pg_catalog.pg_current_wal_lsn() end, restart_lsn)::bigint as behind \
             from pg_catalog.pg_replication_slots where not temporary order by slot_name"
                .to_owned(),
        )
    }

    fn judge(&self, answer: &Answer, _seen: &Seen) -> Vec<Finding> {
        let mut findings = Vec::new();
        for row in answer.rows() {
            let (name, behind) = (text(&row, "slot_name"), number(&row, "behind"));
            let shown = format!("{} slot, {} behind", text(&row, "slot_type"), size(behind));
            let drop = format!("select pg_drop_replication_slot({});", Literal(name));
            if text(&row, "wal_status") == "lost" {
                findings.push(
                    ABOUT
                        .warning(format!("replication slot `{name}` is lost: its log is gone"))
                        .shown_by(shown)
                        .with_sql(drop),
                );
            } else if text(&row, "active") != "t" {
                findings.push(
                    ABOUT
                        .warning(format!(
                            "nobody reads replication slot `{name}`, which keeps all log"
                        ))
                        .shown_by(shown)
                        .cured_by("start its reader again, or, if there is none any more:")
                        .with_sql(drop),
                );
            } else if behind > FAR {
                findings.push(
                    ABOUT
                        .warning(format!("the reader of replication slot `{name}` lags"))
                        .shown_by(shown)
                        .cured_by("let it catch up before a migration that rewrites much"),
                );
            }
        }
        findings
    }
}
