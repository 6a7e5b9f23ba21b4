//! What a run is to do, over all histories of the project.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use whimbrel_engine::run::Direction;
use whimbrel_engine::state::State as Database;
use whimbrel_history::select::{
    self, Back, Candidate, Concern, DownFrom, SelectError, Undo, Why, Wish,
};
use whimbrel_history::state::{Row, State, matrix};
use whimbrel_history::{Checksum, Directives, Entry, History, Migration, Section};

use super::{Aim, Allowed, DownSide};
use crate::catalogue::Code;
use crate::error::Error;
use crate::histories::{self, Outline};
use crate::project::Project;

/// What is to run, and what speaks against it.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// In the order in which it runs.
    pub(crate) planned: Vec<Planned>,
    /// What a person should know before.
    pub(crate) concerns: Vec<Concern>,
}

/// A migration that is to run, as a value that outlives what it was chosen from.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// Its history, by its place among the project's.
    pub(crate) history: usize,
    /// It.
    pub(crate) migration: Migration,
    /// Which way.
    pub(crate) direction: Direction,
    /// Why: `pending`, `the newest` …
    pub(super) why: String,
    /// Whether the ledger has it as applied already.
    pub(crate) again: bool,
    /// Whether its down script comes from the ledger.
    pub(super) from_ledger: bool,
}

impl Planned {
    /// A migration to be applied.
    pub(crate) fn up(history: usize, migration: &Migration) -> Self {
        Self {
            history,
            migration: migration.clone(),
            direction: Direction::Up,
            why: String::new(),
            again: false,
            from_ledger: false,
        }
    }

    /// The file of the script that runs; `None` where that comes from the ledger.
    pub(super) fn file(&self) -> Option<Utf8PathBuf> {
        let section = match (self.direction, &self.migration.down) {
            (Direction::Up, _) => &self.migration.up,
            (Direction::Down, Some(down)) if !self.from_ledger => down,
            (Direction::Down, _) => return None,
        };
        Some(section.path.clone()).filter(|path| !path.as_str().is_empty())
    }

    /// What tells it from all others.
    pub(super) fn identity(&self) -> (usize, &str, Direction) {
        (self.history, &self.migration.key, self.direction)
    }
}

/// Chooses what a run does.
pub(crate) fn choose(project: &Project, state: &Database, aim: &Aim) -> Result<Choice, Error> {
    let rows = project.rows(state);
    match aim {
        Aim::Up(wish) => up(project, &rows, wish),
        Aim::Down { back, from } => {
            let planned = down(project, &rows, back, *from)?;
            Ok(Choice { planned, concerns: Vec::new() })
        }
        Aim::Redo { from } => redo(project, &rows, *from),
    }
}

impl Choice {
    /// What is refused because nobody allowed it.
    pub(crate) fn refused(&self, allowed: Allowed) -> Vec<Refusal> {
        self.concerns.iter().filter_map(|concern| refusal(concern, allowed)).collect()
    }

    /// Refuses what nobody allowed.
    pub(crate) fn check(&self, allowed: Allowed, changes: Vec<String>) -> Result<(), Error> {
        let refused = self.refused(allowed);
        let [first, rest @ ..] = refused.as_slice() else { return Ok(()) };
        let mut hints: Vec<String> = rest.iter().map(|refusal| refusal.message.clone()).collect();
        hints.extend(changes);
        let ways: BTreeSet<&str> = refused.iter().map(|refusal| refusal.way).collect();
        hints.extend(ways.into_iter().map(str::to_owned));
        Err(Error::Refused { code: first.code, message: first.message.clone(), hints })
    }
}

/// Something that is refused unless it is allowed.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: &'static Code,
    /// What.
    pub(crate) message: String,
    /// How to allow it, or do without.
    pub(crate) way: &'static str,
}

fn refusal(concern: &Concern, allowed: Allowed) -> Option<Refusal> {
    let (code, message, way) = match concern {
        Concern::OutOfOrder { id, before } if !allowed.out_of_order => (
            Code::OUT_OF_ORDER,
            format!("`{id}` comes before `{before}`, which is applied"),
            "`--allow out-of-order` runs it now; else give it a later number",
        ),
        Concern::Passes { id, over } if !allowed.out_of_order => (
            Code::OUT_OF_ORDER,
            format!("`{over}` comes before `{id}`, and is not applied"),
            "`--with-dependencies` runs what comes before it, too; `--allow out-of-order` runs it alone",
        ),
        Concern::Modified { id, change: _ } if !allowed.modified => (
            Code::MODIFIED,
            format!("`{id}` was changed after it was applied"),
            "put the file back and write the change as a new migration; `--allow modified` goes on as it is",
        ),
        Concern::SameContent { id, key } if !allowed.same_content => (
            Code::SAME_CONTENT,
            format!("the script of `{id}` is applied already, as `{key}`, which has no file"),
            "name the file as it was; `--allow same-content` runs it again",
        ),
        Concern::HalfUndone { id } => (
            Code::HALF_DONE,
            format!("`{id}` is half undone"),
            "`whimbrel down` goes on undoing it; what you finish by hand, `whimbrel repair pending` or `whimbrel repair applied` records",
        ),
        Concern::HalfApplied { id } => (
            Code::HALF_DONE,
            format!("`{id}` is half applied, and its file is gone"),
            "put its file back, or undo what it did by hand; then `whimbrel repair forget` takes it out",
        ),
        Concern::Elsewhere { ids, tool } if !allowed.elsewhere => (
            Code::APPLIED_ELSEWHERE,
            format!("{} applied already, by the ledger of {tool}", they_are(ids)),
            "`whimbrel adopt` takes over what it applied; `--allow applied-elsewhere` runs it all the same",
        ),
        Concern::Elsewhere { .. }
        | Concern::OutOfOrder { .. }
        | Concern::Passes { .. }
        | Concern::Modified { .. }
        | Concern::SameContent { .. }
        | Concern::MissingFile { .. } => return None,
    };
    Some(Refusal { code, message, way })
}

/// `001_a` is, or `001_a` and 6 others are.
pub(super) fn they_are(ids: &[String]) -> String {
    match ids {
        [] => "nothing is".to_owned(),
        [one] => format!("`{one}` is"),
        [one, other] => format!("`{one}` and `{other}` are"),
        [one, others @ ..] => format!("`{one}` and {} others are", others.len()),
    }
}

fn up(project: &Project, rows: &[Vec<Row<'_>>], wish: &Wish) -> Result<Choice, Error> {
    // The count is over all histories, so it is applied to what they make together.
    let each = Wish { count: None, ..wish.clone() };
    let named = wish.to.as_deref().or(wish.only.as_deref());
    let named = named.map(|id| find(project, rows, id)).transpose()?;
    let mut queues = Vec::new();
    let mut concerns = Vec::new();
    for (place, (history, rows)) in project.histories.iter().zip(rows).enumerate() {
        if named.is_some_and(|named| named != place) {
            queues.push(Vec::new());
            continue;
        }
        let selection = select::up(history, rows, &each)?;
        let planned = selection.run.into_iter().map(|chosen| Planned {
            history: place,
            migration: chosen.migration.clone(),
            direction: Direction::Up,
            again: matches!(chosen.why, Why::Again | Why::Changed),
            why: why(&chosen.why),
            from_ledger: false,
        });
        queues.push(planned.collect::<Vec<_>>());
        concerns.extend(selection.concerns);
    }
    let mut planned = merge(&project.outlines, queues);
    if let Some(count) = wish.count
        && count < planned.len()
    {
        planned.truncate(count);
        // Repeatable migrations presume the newest state.
        planned.retain(|planned| !planned.migration.repeatable);
    }
    Ok(Choice { planned, concerns })
}

/// Puts several histories into one order: a history after those that its `after` names, else by
/// time where the versions are times, else as they come. Each keeps its own order.
pub(super) fn merge(outlines: &[Outline], queues: Vec<Vec<Planned>>) -> Vec<Planned> {
    let mut queues: Vec<_> = queues.into_iter().map(|queue| queue.into_iter().peekable()).collect();
    let mut merged = Vec::new();
    loop {
        let open: Vec<bool> = queues.iter_mut().map(|queue| queue.peek().is_some()).collect();
        let is_free = |place: usize| {
            let after = &outlines[place].after;
            let waits = |(other, outline): (usize, &Outline)| {
                open[other] && after.contains(&outline.settings.name)
            };
            open[place] && !outlines.iter().enumerate().any(waits)
        };
        let free: Vec<usize> = (0..queues.len()).filter(|place| is_free(*place)).collect();
        let next = free.into_iter().min_by_key(|place| {
            let head = queues[*place].peek();
            let repeatable = head.is_some_and(|planned| planned.migration.repeatable);
            (repeatable, head.and_then(|planned| time(&planned.migration)), *place)
        });
        let Some(next) = next.and_then(|place| queues[place].next()) else { return merged };
        merged.push(next);
    }
}

/// A version that is a time, as its digits.
fn time(migration: &Migration) -> Option<String> {
    let version = migration.version.as_deref()?;
    let digits: String = version.chars().filter(char::is_ascii_digit).collect();
    let is_time = digits.len() >= 8 && (digits.starts_with("19") || digits.starts_with("20"));
    is_time.then_some(digits)
}

/// Everything that a run in an empty database applies, in its order.
pub(crate) fn whole(
    outlines: &[Outline],
    histories: &[History],
) -> Result<Vec<Migration>, SelectError> {
    let nothing = BTreeMap::new();
    let mut queues = Vec::new();
    for (place, history) in histories.iter().enumerate() {
        let rows = matrix(history, &[], &nothing);
        let selection = select::up(history, &rows, &Wish::default())?;
        let chosen = selection.run.into_iter();
        queues.push(chosen.map(|chosen| Planned::up(place, chosen.migration)).collect());
    }
    Ok(merge(outlines, queues).into_iter().map(|planned| planned.migration).collect())
}

fn why(why: &Why) -> String {
    match why {
        Why::Pending => "pending".to_owned(),
        Why::Failed => "failed the last time".to_owned(),
        Why::FailedAt { step, of } => format!("failed in step {step} of {of}"),
        Why::Interrupted => "was begun and not finished".to_owned(),
        Why::RolledBack => "was rolled back".to_owned(),
        Why::Changed => "changed since it was applied".to_owned(),
        Why::Again => "asked for once more".to_owned(),
        Why::NeededBy(id) => format!("needed by {id}"),
    }
}

/// The history that has the migration which a person named.
pub(crate) fn find(project: &Project, rows: &[Vec<Row<'_>>], id: &str) -> Result<usize, Error> {
    // A whole id is meant before the beginning of another history's.
    let is_it = |row: &Row<'_>| row.id() == id || row.key() == id;
    let whole = |(place, rows): (usize, &Vec<Row<'_>>)| rows.iter().any(is_it).then_some(place);
    let mut whole = rows.iter().enumerate().filter_map(whole);
    if let (Some(one), None) = (whole.next(), whole.next()) {
        return Ok(one);
    }
    let mut found = Vec::new();
    let mut unknown = None;
    for (place, rows) in rows.iter().enumerate() {
        match select::resolve(rows, id) {
            Ok(_) => found.push(place),
            Err(error @ SelectError::Unknown { .. }) => {
                unknown.get_or_insert(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    match (found.as_slice(), unknown) {
        ([one], _) => Ok(*one),
        ([], Some(error)) => Err(error.into()),
        ([], None) => Err(histories::none()),
        (several, _) => Err(Error::Usage {
            code: Code::SEVERAL_HISTORIES,
            message: format!("`{id}` is in {} histories", several.len()),
            hints: vec![format!(
                "say which: {}",
                histories::ways(several.iter().map(|place| &project.outlines[*place]))
            )],
        }),
    }
}

fn down(
    project: &Project,
    rows: &[Vec<Row<'_>>],
    back: &Back,
    side: Option<DownSide>,
) -> Result<Vec<Planned>, Error> {
    let place = match (rows, back) {
        ([_], _) => Some(0),
        (_, Back::To(id)) => Some(find(project, rows, id)?),
        (_, Back::Newest(_) | Back::All) => None,
    };
    if let Some(place) = place {
        let undo =
            select::down(&project.histories[place], &rows[place], back, &project.recorded[place])?;
        return undo.iter().map(|undo| planned(project, place, undo, side)).collect();
    }
    // Over several histories the newest is told by the time at which it was applied.
    let mut queues = Vec::new();
    for (place, rows) in rows.iter().enumerate() {
        let all = match back {
            Back::All => Back::All,
            Back::Newest(count) => Back::Newest(*count),
            Back::To(_) => continue,
        };
        let (history, recorded) = (&project.histories[place], &project.recorded[place]);
        let mut candidates = select::candidates(history, rows, &all, recorded)?;
        candidates.reverse();
        queues.push((place, candidates));
    }
    let (mut places, mut chosen) = (Vec::new(), Vec::new());
    let wanted = match back {
        Back::Newest(count) => *count,
        Back::All | Back::To(_) => usize::MAX,
    };
    while chosen.len() < wanted {
        let newest = queues
            .iter_mut()
            .filter(|(_, candidates)| !candidates.is_empty())
            .max_by_key(|(place, candidates)| (candidates.last().and_then(applied_at), *place));
        let Some((place, candidates)) = newest else { break };
        let Some(next) = candidates.pop() else { break };
        places.push(*place);
        chosen.push(next);
    }
    let undo = select::undo(chosen)?;
    let pairs = places.into_iter().zip(&undo);
    pairs.map(|(place, undo)| planned(project, place, undo, side)).collect()
}

fn applied_at(candidate: &Candidate<'_>) -> Option<String> {
    candidate.row.entry?.applied_at.clone()
}

fn redo(project: &Project, rows: &[Vec<Row<'_>>], side: Option<DownSide>) -> Result<Choice, Error> {
    let mut planned = down(project, rows, &Back::Newest(1), side)?;
    if let Some(back) = planned.first() {
        if back.from_ledger && back.migration.up.path.as_str().is_empty() {
            return Err(SelectError::NoFile { id: back.migration.id.clone() }.into());
        }
        let forth = Planned {
            direction: Direction::Up,
            why: "to be applied again".to_owned(),
            again: false,
            from_ledger: false,
            ..back.clone()
        };
        planned.push(forth);
    }
    Ok(Choice { planned, concerns: Vec::new() })
}

fn planned(
    project: &Project,
    place: usize,
    undo: &Undo<'_>,
    side: Option<DownSide>,
) -> Result<Planned, Error> {
    let from_ledger = match (undo.from, side) {
        (DownFrom::File, _) | (DownFrom::Differ, Some(DownSide::File)) => false,
        (DownFrom::Ledger, _) | (DownFrom::Differ, Some(DownSide::Ledger)) => true,
        (DownFrom::Differ, None) => {
            let id = undo.row.id();
            return Err(Error::Refused {
                code: Code::DOWN_DIFFERS,
                message: format!("the down script of `{id}` is not the one that was recorded when it was applied"),
                hints: vec![
                    "`--down-from file` takes the file's, `--down-from ledger` the recorded one; `--dry-run --full` shows either".to_owned(),
                ],
            });
        }
    };
    let migration = match (undo.row.migration, undo.row.entry) {
        (Some(migration), _) => migration.clone(),
        (None, Some(entry)) => of_entry(&project.histories[place].name, entry),
        (None, None) => return Err(SelectError::NoFile { id: undo.row.id().to_owned() }.into()),
    };
    Ok(Planned {
        history: place,
        migration,
        direction: Direction::Down,
        why: match undo.row.state {
            State::HalfUndone => "half undone",
            _ if undo.row.half.is_some() => "half applied",
            _ => "applied",
        }
        .to_owned(),
        again: false,
        from_ledger,
    })
}

/// A migration that only its ledger knows; its scripts are read from there.
pub(super) fn of_entry(history: &str, entry: &Entry) -> Migration {
    let nowhere = || Section { path: "".into(), span: 0..0, fingerprint: String::new() };
    Migration {
        history: history.to_owned(),
        id: entry.id.clone(),
        key: entry.key.clone(),
        version: None,
        name: entry.name.clone().unwrap_or_else(|| entry.id.clone()),
        description: None,
        kind: None,
        path: "".into(),
        depends_on: Vec::new(),
        repeatable: false,
        up: nowhere(),
        down: None,
        checksum: Checksum {
            text: entry.checksum.clone().unwrap_or_default(),
            bytes: entry.checksum.clone().unwrap_or_default(),
            header: String::new(),
            statements: None,
        },
        directives: Directives::default(),
    }
}
