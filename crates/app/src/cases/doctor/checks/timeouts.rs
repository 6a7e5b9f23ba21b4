//! Timeouts that the role, the database or the server sets.

use whimbrel_engine::wire::Answer;

use super::{Check, Seen, reset};
use crate::cases::doctor::finding::{About, Finding, Group, Severity};
use crate::period::Period;

/// Timeouts that the role, the database or the server sets.
pub(super) struct Timeouts;

const ABOUT: About = About {
    id: "timeouts",
    group: Group::Role,
    looks_at: "`statement_timeout`, `transaction_timeout`, `lock_timeout` and \
               `idle_in_transaction_session_timeout` in effect, and who set them",
    why: "a statement that takes longer is cancelled in the middle of a migration; under a minute \
          that is a warning",
    cure: "reset it for the role that migrates (not for the application's)",
};

/// Under this many milliseconds a timeout hits ordinary migrations.
const SHORT: u64 = 60_000;

impl Check for Timeouts {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, _answer: &Answer, seen: &Seen) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, ends, can_hurt) in [
            ("statement_timeout", "a statement", true),
            ("transaction_timeout", "a transaction", true),
            ("lock_timeout", "waiting for a lock", false),
            ("idle_in_transaction_session_timeout", "a transaction that waits for us", false),
        ] {
            let Some(setting) = seen.settings.get(name) else { continue };
            let milliseconds: u64 = setting.value.parse().unwrap_or(0);
            if milliseconds == 0 {
                continue;
            }
            let period = Period(std::time::Duration::from_millis(milliseconds));
            let hurts = can_hurt && milliseconds < SHORT;
            let severity = if hurts { Severity::Warning } else { Severity::Note };
            let finding = ABOUT.finding(severity, format!("{ends} is cancelled after {period}"));
            findings.push(reset(finding, name, setting, seen, "0"));
        }
        if findings.is_empty() {
            findings.push(ABOUT.ok("no timeouts"));
        }
        findings
    }
}
