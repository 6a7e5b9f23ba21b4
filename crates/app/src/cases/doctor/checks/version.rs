//! The server's version.

use whimbrel_engine::wire::Answer;

use super::{Check, Seen};
use crate::cases::doctor::finding::{About, Finding, Group};

/// The server's version.
pub(super) struct Version;

const ABOUT: About = About {
    id: "version",
    group: Group::Server,
    looks_at: "the server's major version",
    why: "Whimbrel is tested on Postgres 14 to 18; older ones get no security fixes any more",
    cure: "upgrade the server",
};

impl Check for Version {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, _answer: &Answer, seen: &Seen) -> Vec<Finding> {
        let version = seen.version.split(' ').next().unwrap_or_default();
        let named = format!("Postgres {version}");
        vec![match seen.version_number / 10_000 {
            ..14 => ABOUT
                .warning(format!("{named} gets no security fixes any more"))
                .cured_by("upgrade the server; Whimbrel is tested on 14 to 18"),
            14..=18 => ABOUT.ok(named),
            _ => ABOUT.note(format!("{named} is newer than what Whimbrel is tested on")),
        }]
    }
}
