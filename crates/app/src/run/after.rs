//! Which migrations of a run must not run without which: one that fails takes what needs it along.

use std::collections::{BTreeMap, BTreeSet};

use whimbrel_engine::run::Direction;
use whimbrel_history::{History, Migration, Order};

use super::choose::Planned;

/// For each of a run, the ids of the same history, as far as they come before it in the run, without
/// which it must not run.
pub(super) fn after(histories: &[History], planned: &[Planned]) -> Vec<Vec<String>> {
    let mut before: Vec<Before<'_>> = histories.iter().map(Before::of).collect();
    planned.iter().map(|planned| before[planned.history].next(planned)).collect()
}

/// What of one history has come so far.
struct Before<'a> {
    order: Order,
    last: Option<&'a str>,
    ids: BTreeSet<&'a str>,
    /// For each id, those that have come and depend on it, in their order.
    dependents: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Before<'a> {
    fn of(history: &History) -> Self {
        let order = history.order;
        Self { order, last: None, ids: BTreeSet::new(), dependents: BTreeMap::new() }
    }

    fn next(&mut self, planned: &'a Planned) -> Vec<String> {
        let Migration { id, depends_on, .. } = &planned.migration;
        let mut needs: Vec<&str> = match (self.order, planned.direction) {
            // Each version presumes all before it; the last of them stands for all.
            (Order::Versions, _) => self.last.into_iter().collect(),
            (Order::Dependencies, Direction::Up) => {
                let come = |need: &&str| self.ids.contains(need);
                depends_on.iter().map(String::as_str).filter(come).collect()
            }
            (Order::Dependencies, Direction::Down) => {
                self.dependents.get(id.as_str()).cloned().unwrap_or_default()
            }
        };
        // Of a redo, both scripts.
        if self.ids.contains(id.as_str()) {
            needs.push(id);
        }
        self.last = Some(id);
        self.ids.insert(id);
        for need in depends_on {
            self.dependents.entry(need).or_default().push(id);
        }
        needs.into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use whimbrel_history::{Checksum, Directives, Section, formats};

    use super::*;

    fn history(order: Order) -> History {
        History {
            name: "main".to_owned(),
            folder: "m".into(),
            format: formats::ALL[0],
            order,
            migrations: Vec::new(),
            warnings: Vec::new(),
            named: false,
        }
    }

    fn planned(id: &str, depends_on: &[&str], direction: Direction) -> Planned {
        let checksum = || String::new();
        let migration = Migration {
            history: "main".to_owned(),
            id: id.to_owned(),
            key: id.to_owned(),
            version: None,
            name: id.to_owned(),
            description: None,
            kind: None,
            path: "m".into(),
            depends_on: depends_on.iter().map(|id| (*id).to_owned()).collect(),
            repeatable: false,
            up: Section { path: "m".into(), span: 0..0, fingerprint: String::new() },
            down: None,
            checksum: Checksum {
                text: checksum(),
                bytes: checksum(),
                header: checksum(),
                statements: None,
            },
            directives: Directives::default(),
        };
        Planned { direction, ..Planned::up(0, &migration) }
    }

    fn check(order: Order, direction: Direction, run: &[(&str, &[&str], &[&str])]) {
        let all: Vec<Planned> =
            run.iter().map(|(id, depends_on, _)| planned(id, depends_on, direction)).collect();
        let expected: Vec<&[&str]> = run.iter().map(|(.., after)| *after).collect();
        assert_eq!(after(&[history(order)], &all), expected);
    }

    #[test]
    fn a_version_comes_after_the_one_before_it() {
        let run: [(&str, &[&str], &[&str]); 3] =
            [("1", &[], &[]), ("2", &[], &["1"]), ("3", &[], &["2"])];
        check(Order::Versions, Direction::Up, &run);
    }

    #[test]
    fn what_depends_comes_after_what_it_needs_as_far_as_that_is_run() {
        let run: [(&str, &[&str], &[&str]); 3] =
            [("a", &["applied"], &[]), ("b", &[], &[]), ("c", &["b", "a"], &["b", "a"])];
        check(Order::Dependencies, Direction::Up, &run);
    }

    #[test]
    fn what_is_needed_is_undone_after_what_depends_on_it() {
        let run: [(&str, &[&str], &[&str]); 3] =
            [("c", &["a"], &[]), ("b", &["a"], &[]), ("a", &[], &["c", "b"])];
        check(Order::Dependencies, Direction::Down, &run);
    }

    #[test]
    fn the_second_half_of_a_redo_comes_after_the_first() {
        let both = [planned("a", &[], Direction::Down), planned("a", &[], Direction::Up)];
        let needs = after(&[history(Order::Dependencies)], &both);
        assert_eq!(needs, [vec![], vec!["a".to_owned()]]);
    }
}
