//! "Already exists": which object it is, who made it, and whether it is what the file would have made.

use std::collections::{BTreeMap, BTreeSet};

use whimbrel_catalog::{Difference, Objects, Side};
use whimbrel_engine::rehearse::{self, Added, Rehearse, Surroundings};
use whimbrel_engine::run::{self, Cause, Direction, Failed, Work};
use whimbrel_engine::shadow::ShadowOptions;
use whimbrel_engine::wire::Session;

use super::named::named;
use super::{Plan, rehearse as rehearsal, trace};
use crate::events::Events;
use crate::project::APPLICATION;

/// Duplicate table (and every other relation), column, object, schema, function.
const CODES: &[&str] = &["42P07", "42701", "42710", "42P06", "42723"];

/// What is to be said of works that failed because something was there, by their numbers.
///
/// The migration is run in a throw-away database, on top of what was applied, and what it adds there
/// is compared with what is there in earnest. Whatever cannot be had for that leaves it unsaid.
pub(super) async fn hints(
    plan: &Plan<'_>,
    ran: &run::Report,
    events: &mut dyn Events,
) -> BTreeMap<usize, String> {
    let mut hints = BTreeMap::new();
    for (number, failed) in &ran.failed {
        let Some(taken) = Taken::of(failed) else { continue };
        let work = &plan.works[*number];
        if work.direction == Direction::Down {
            continue;
        }
        let done = ran.done.iter().map(|(done, _)| plan.works[*done].clone());
        if let Some((added, real)) = both(plan, done.collect(), work, events).await
            && let Some(hint) = taken.explain(work, &added, &real)
        {
            hints.insert(*number, hint);
        }
    }
    hints
}

/// What is to be said of a work that failed in the rehearsal because something was there: the works
/// before it made that.
pub(super) async fn in_rehearsal(
    what: &Rehearse<'_>,
    number: usize,
    failed: &Failed,
    options: &ShadowOptions,
    events: &mut dyn Events,
) -> Option<String> {
    let taken = Taken::of(failed)?;
    let before: Vec<Work> = what.applied.iter().chain(&what.pending[..number]).cloned().collect();
    let what = Rehearse { applied: &before, pending: &[], ..*what };
    let added = rehearse::added(&what, options, events).await.ok()??;
    taken.made_before(&added.before)
}

/// What the work adds in the shadow, and what the database has.
async fn both(
    plan: &Plan<'_>,
    done: Vec<Work>,
    work: &Work,
    events: &mut dyn Events,
) -> Option<(Added, Objects)> {
    let mut session = Session::connect(&plan.project.database.target, APPLICATION).await.ok()?;
    let real = rehearse::shapes(&mut session).await.ok()?;
    let mut applied = rehearsal::applied(plan, &mut session).await.ok()?;
    applied.extend(done);
    let mut surroundings = Surroundings::read(&mut session).await.ok()?;
    let options =
        rehearsal::shadow_options(&plan.project, rehearsal::ways(plan), &mut session).await.ok()?;
    session.close().await;
    surroundings.database = rehearsal::database_name(&surroundings.database);
    let what = Rehearse {
        major: plan.state.facts.major(),
        surroundings: &surroundings,
        applied: &applied,
        pending: std::slice::from_ref(work),
    };
    let added = rehearse::added(&what, &options, events).await.ok()??;
    Some((added, real))
}

/// A name that is taken, as the server says it.
struct Taken<'f> {
    /// `users` of `relation "users" already exists`.
    name: &'f str,
    /// `users` of `column "email" of relation "users" already exists`.
    within: Option<&'f str>,
}

impl<'f> Taken<'f> {
    fn of(failed: &'f Failed) -> Option<Self> {
        let Cause::Server(error) = &failed.cause else { return None };
        if !CODES.contains(&error.code.as_str()) {
            return None;
        }
        let mut quoted = error.message.split('"').skip(1).step_by(2);
        Some(Self { name: quoted.next()?, within: quoted.next() })
    }

    /// Whether an object's full name is this one, in whatever schema.
    fn is(&self, full: &str) -> bool {
        let path = path(full);
        let [before @ .., last] = path.as_slice() else { return false };
        last == self.name
            && self.within.is_none_or(|within| before.last().is_some_and(|b| b == within))
    }

    /// The object in a state, with its kind.
    fn find<'o>(&self, objects: &'o Objects) -> Option<(&'o str, &'o str)> {
        let mut all = objects.iter().filter(|(kind, full, _)| *kind != "comment" && self.is(full));
        all.next().map(|(kind, full, _)| (kind, full))
    }

    /// That what was applied before has the object already.
    fn made_before(&self, before: &Objects) -> Option<String> {
        let (kind, full) = self.find(before)?;
        Some(format!(
            "the {kind} `{full}` is made by what comes before, and this file would make it a second time"
        ))
    }

    /// What there is to say of it.
    fn explain(&self, work: &Work, added: &Added, real: &Objects) -> Option<String> {
        let id = work.id();
        let Some(after) = &added.after else { return self.made_before(&added.before) };
        let is_new = |kind: &str, name: &str| added.before.get(kind, name).is_none();
        let mut own = after.iter().filter(|(kind, name, _)| is_new(kind, name));
        let (kind, full, _) =
            own.find(|(kind, full, _)| self.is(full) && real.get(kind, full).is_some())?;
        let within = format!("{full}.");
        let is_of_it = |name: &str| name == full || name.starts_with(&within);
        let (mut of_it, mut beside) = (Vec::new(), Vec::new());
        for difference in after.differences(real) {
            let Difference { kind, name, side } = difference;
            // What only the database has belongs to this file only where it is a part of the object.
            match (side, is_of_it(&name)) {
                (_, true) => of_it.push(name),
                (Side::First | Side::Both, false) if is_new(&kind, &name) => beside.push(name),
                (Side::First | Side::Second | Side::Both, false) => {}
            }
        }
        let there = format!("the {kind} `{full}` that is there");
        Some(match (of_it.as_slice(), beside.as_slice()) {
            ([], []) if trace::may_touch_rows(work).unwrap_or(true) => format!(
                "{there} is what this file would make, and so is all else that it makes; nobody compared the rows that it puts in or changes: look at them, and only where they are as they should be `whimbrel repair applied {id}` records it as applied"
            ),
            ([], []) => format!(
                "{there} is what this file would make, and so is all else that it makes: `whimbrel repair applied {id}` records it as applied"
            ),
            ([], beside) => format!(
                "{there} is what this file would make, but what else it makes is not all there as it would be: {}",
                each(beside)
            ),
            (of_it, _) => {
                let parts: Vec<String> =
                    of_it.iter().filter(|part| *part != full).cloned().collect();
                let not = format!("{there} is not what this file would make");
                if parts.is_empty() {
                    not
                } else {
                    format!("{not}; it differs in {}", each(&parts))
                }
            }
        })
    }
}

/// Some names, each once.
fn each(names: &[String]) -> String {
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    named(names.into_iter())
}

/// The parts of an object's full name, without quotes, and without the arguments of a function.
fn path(full: &str) -> Vec<String> {
    let mut path = vec![String::new()];
    let mut letters = full.chars().peekable();
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        let part = path.last_mut().expect("there is always one");
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => part.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => path.push(String::new()),
            '(' if !is_quoted => break,
            letter => part.push(letter),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(path("public.users"), ["public", "users"]);
        assert_eq!(path(r#"public."a.b"."c ""d""#), ["public", "a.b", r#"c "d"#]);
        assert_eq!(path("public.f(public.t, integer)"), ["public", "f"]);
    }

    #[test]
    fn a_taken_name_is_found_by_what_it_is_within() {
        let column = Taken { name: "email", within: Some("users") };
        assert!(column.is("public.users.email") && !column.is("public.members.email"));
        let function = Taken { name: "f", within: None };
        assert!(function.is("public.f(integer)") && !function.is("f.g()"));
    }
}
