//! Events as Python gets them.

use serde_json::{Value, json};
use whimbrel_app::{Blocker, Event};

/// An event as an object with its `kind`; nothing for one that this package does not know.
pub(crate) fn shown(event: &Event) -> Option<Value> {
    let blockers = |all: &[Blocker]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    Some(match event {
        Event::Waiting { what } => json!({ "kind": "waiting", "message": what }),
        Event::Working { what, percent } => {
            json!({ "kind": "working", "message": what, "percent": percent })
        }
        Event::Started { migration, direction } => {
            json!({ "kind": "started", "migration": migration, "direction": direction.name() })
        }
        Event::UnderWay { migration, number, of } => {
            json!({ "kind": "under-way", "migration": migration, "number": number, "of": of })
        }
        Event::Running { migration } => json!({ "kind": "running", "migration": migration }),
        Event::Done { migration, direction, milliseconds } => json!({
            "kind": "done", "migration": migration, "direction": direction.name(),
            "milliseconds": milliseconds,
        }),
        Event::Statement { migration, number, of } => {
            json!({ "kind": "statement", "migration": migration, "number": number, "of": of })
        }
        Event::Step { migration, number, of } => {
            json!({ "kind": "step", "migration": migration, "number": number, "of": of })
        }
        Event::Blocked { by } => json!({ "kind": "blocked", "blockers": blockers(by) }),
        Event::Progress { progress } => {
            json!({ "kind": "progress", "message": progress.to_string() })
        }
        Event::Retry { migration, because, blockers: by } => json!({
            "kind": "retry", "migration": migration, "message": because, "blockers": blockers(by),
        }),
        Event::CleaningUp { statement } => json!({ "kind": "cleaning-up", "message": statement }),
        Event::Notice { severity, message } => {
            json!({ "kind": "notice", "severity": severity, "message": message })
        }
        Event::NoJournal { role } => json!({ "kind": "no-journal", "message": role }),
        Event::OtherWay { way, because } => {
            json!({ "kind": "other-way", "way": way, "message": because })
        }
        Event::AskedToStop { by } => json!({ "kind": "asked-to-stop", "message": by }),
        Event::Cancelling => json!({ "kind": "cancelling" }),
        Event::Reconnecting { because } => json!({ "kind": "reconnecting", "message": because }),
        _ => return None,
    })
}
