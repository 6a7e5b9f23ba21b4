//! Whether anything can be written at all.

use whimbrel_engine::wire::Answer;

use super::{Check, Seen, reset};
use crate::cases::doctor::finding::{About, Finding, Group};

/// Whether anything can be written at all.
pub(super) struct ReadOnly;

const ABOUT: About = About {
    id: "read-only",
    group: Group::Server,
    looks_at: "whether the server is a standby, and `default_transaction_read_only`",
    why: "no migration can run",
    cure: "connect to the primary (`target_session_attrs=primary` finds it among several hosts); \
           reset the setting",
};

impl Check for ReadOnly {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, _answer: &Answer, seen: &Seen) -> Vec<Finding> {
        if seen.standby {
            return vec![
                ABOUT
                    .trouble("this server is a standby: it can only be read")
                    .shown_by("pg_is_in_recovery() is true")
                    .cured_by(
                        "connect to the primary; with all hosts in the connection URL, \
                         `target_session_attrs=primary` finds it",
                    ),
            ];
        }
        let name = "default_transaction_read_only";
        match seen.settings.get(name).filter(|setting| setting.value == "on") {
            None => vec![ABOUT.ok("can be written")],
            Some(setting) => {
                let finding = ABOUT.trouble("every transaction begins read-only");
                vec![reset(finding, name, setting, seen, "off")]
            }
        }
    }
}
