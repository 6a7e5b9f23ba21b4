//! "Already exists": which object it is, and whether it is what the file would have made.

use std::collections::BTreeMap;

use whimbrel_catalog::Objects;
use whimbrel_engine::rehearse::{self, Surroundings};
use whimbrel_engine::run::{self, Cause, Direction, Failed, Work};
use whimbrel_engine::wire::Session;

use super::{Plan, rehearse as rehearsal};
use crate::events::Events;
use crate::project::APPLICATION;

/// Duplicate table (and every other relation), column, object, schema, function.
const CODES: &[&str] = &["42P07", "42701", "42710", "42P06", "42723"];

/// What is to be said of works that failed because something was there, by their numbers.
///
/// The migration is run in a throw-away database, on top of what was applied, and what it makes there
/// is compared with what is there in earnest. Whatever cannot be had for that leaves it unsaid.
pub(super) async fn hints(
    plan: &Plan<'_>,
    ran: &run::Report,
    events: &mut dyn Events,
) -> BTreeMap<usize, String> {
    let mut hints = BTreeMap::new();
    for (number, failed) in &ran.failed {
        let Some(name) = name(failed) else { continue };
        if plan.works[*number].direction == Direction::Down {
            continue;
        }
        let done = ran.done.iter().map(|(done, _)| plan.works[*done].clone());
        let works: Vec<Work> = done.chain([plan.works[*number].clone()]).collect();
        if let Some((made, real)) = both(plan, &works, events).await
            && let Some((comparison, hint)) = compare(name, &made, &real)
        {
            let id = plan.works[*number].id();
            let hint = match comparison {
                Comparison::Other => hint,
                Comparison::Same => format!(
                    "{hint}: where all that it makes is there, `whimbrel repair applied {id}` records it as applied"
                ),
            };
            hints.insert(*number, hint);
        }
    }
    hints
}

/// The name that the server says is taken: `relation "users" already exists`.
fn name(failed: &Failed) -> Option<&str> {
    let Cause::Server(error) = &failed.cause else { return None };
    if !CODES.contains(&error.code.as_str()) {
        return None;
    }
    error.message.split('"').nth(1)
}

/// What the works make in the shadow, and what the database has.
async fn both(
    plan: &Plan<'_>,
    works: &[Work],
    events: &mut dyn Events,
) -> Option<(Objects, Objects)> {
    let mut session = Session::connect(&plan.project.database.target, APPLICATION).await.ok()?;
    let real = rehearse::objects(&mut session).await.ok()?;
    let applied = rehearsal::applied(plan, &mut session).await.ok()?;
    let mut surroundings = Surroundings::read(&mut session).await.ok()?;
    let options =
        rehearsal::shadow_options(&plan.project, rehearsal::ways(plan), &mut session).await.ok()?;
    session.close().await;
    surroundings.database = rehearsal::database_name(&surroundings.database);
    let what = rehearse::Rehearse {
        major: plan.state.facts.major(),
        surroundings: &surroundings,
        applied: &applied,
        pending: works,
    };
    let made = rehearse::made(&what, &options, events).await.ok()??;
    Some((made, real))
}

/// Whether what is there is what a file would make.
enum Comparison {
    Same,
    Other,
}

/// Says of an object that is on both sides whether it is the same.
fn compare(name: &str, made: &Objects, real: &Objects) -> Option<(Comparison, String)> {
    let last = |full: &str| {
        let plain = full.rsplit('.').next().unwrap_or(full);
        plain == name || plain.trim_matches('"') == name
    };
    let (kind, full, checksum) =
        made.iter().find(|(kind, full, _)| last(full) && real.get(kind, full).is_some())?;
    if real.get(kind, full) == Some(checksum) && parts(full, made) == parts(full, real) {
        let hint = format!("the {kind} `{full}` that is there is what this file would make");
        return Some((Comparison::Same, hint));
    }
    let (would, is) = (parts(full, made), parts(full, real));
    if !would.is_empty() && would == is {
        // Owner and privileges belong to the object itself, and the shadow has other roles.
        let hint =
            format!("the {kind} `{full}` that is there has the parts that this file would make");
        return Some((Comparison::Same, hint));
    }
    let missing = would.iter().filter(|part| !is.contains(part)).map(|(name, _)| *name);
    let more = is.iter().filter(|part| !would.contains(part)).map(|(name, _)| *name);
    let mut differing: Vec<&str> = missing.chain(more).collect();
    differing.sort_unstable();
    differing.dedup();
    let hint = format!("the {kind} `{full}` that is there is not what this file would make");
    let hint = match differing.as_slice() {
        [] => hint,
        parts => format!("{hint}; it differs in `{}`", parts.join("`, `")),
    };
    Some((Comparison::Other, hint))
}

/// What belongs to an object: its columns, constraints, triggers, policies.
fn parts<'o>(full: &str, objects: &'o Objects) -> Vec<(&'o str, &'o str)> {
    let below = format!("{full}.");
    let parts = objects.iter().filter(|(_, name, _)| name.starts_with(&below));
    parts.map(|(_, name, checksum)| (name, checksum)).collect()
}
