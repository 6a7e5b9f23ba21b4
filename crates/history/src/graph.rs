//! Who depends on whom, and the order that follows.

use std::collections::{BTreeMap, BTreeSet};

use crate::formats::natural;
use crate::{History, Migration};

/// Why dependencies give no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A dependency that is not in the history.
    #[error("`{id}` depends on `{missing}`, which does not exist")]
    Missing {
        /// The migration.
        id: String,
        /// What it names.
        missing: String,
        /// The id that was perhaps meant.
        nearest: Option<String>,
    },
    /// Migrations that wait for each other.
    #[error("these migrations depend on each other: {}", path.join(" → "))]
    Cycle {
        /// Each depends on the next; the last is the first again.
        path: Vec<String>,
    },
}

/// Sorts ids so that each comes after what it depends on; ties by number, then text.
///
/// Gives positions in `nodes`. Every missing dependency is an error of its own; of cycles one is
/// shown for each knot of migrations.
pub fn order(nodes: &[(&str, Vec<&str>)]) -> Result<Vec<usize>, Vec<GraphError>> {
    let known: BTreeMap<&str, usize> =
        nodes.iter().enumerate().map(|(index, (id, _))| (*id, index)).collect();
    let mut errors = Vec::new();
    let mut waits_for = vec![0_usize; nodes.len()];
    let mut needed_by = vec![Vec::new(); nodes.len()];
    for (index, (id, needs)) in nodes.iter().enumerate() {
        for (place, need) in needs.iter().enumerate() {
            if needs[..place].contains(need) {
                continue;
            }
            if let Some(&needed) = known.get(*need) {
                waits_for[index] += 1;
                needed_by[needed].push(index);
            } else {
                let others = nodes.iter().map(|(other, _)| *other).filter(|other| other != id);
                errors.push(GraphError::Missing {
                    id: (*id).to_owned(),
                    missing: (*need).to_owned(),
                    nearest: crate::nearest(need, others).map(str::to_owned),
                });
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let rank = ranks(nodes);
    let mut ready: BTreeSet<(usize, usize)> = (0..nodes.len())
        .filter(|&index| waits_for[index] == 0)
        .map(|index| (rank[index], index))
        .collect();
    let mut ordered = Vec::with_capacity(nodes.len());
    while let Some((_, index)) = ready.pop_first() {
        ordered.push(index);
        for &next in &needed_by[index] {
            waits_for[next] -= 1;
            if waits_for[next] == 0 {
                ready.insert((rank[next], next));
            }
        }
    }
    if ordered.len() == nodes.len() {
        return Ok(ordered);
    }
    let stuck: BTreeSet<usize> = (0..nodes.len()).filter(|&index| waits_for[index] > 0).collect();
    Err(cycles(nodes, &known, &rank, stuck))
}

/// The place of each node among all, by natural order of their ids.
fn ranks(nodes: &[(&str, Vec<&str>)]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..nodes.len()).collect();
    sorted.sort_by(|&a, &b| natural(nodes[a].0, nodes[b].0));
    let mut rank = vec![0; nodes.len()];
    for (place, index) in sorted.into_iter().enumerate() {
        rank[index] = place;
    }
    rank
}

/// Walks along dependencies among stuck nodes until one comes again.
fn cycles(
    nodes: &[(&str, Vec<&str>)],
    known: &BTreeMap<&str, usize>,
    rank: &[usize],
    mut stuck: BTreeSet<usize>,
) -> Vec<GraphError> {
    let mut errors = Vec::new();
    while let Some(&first) = stuck.iter().min_by_key(|&&index| rank[index]) {
        let mut walked = vec![first];
        let cycle = loop {
            let here = *walked.last().expect("it begins with one");
            let next = nodes[here]
                .1
                .iter()
                .filter_map(|need| known.get(need).copied())
                .filter(|need| stuck.contains(need))
                .min_by_key(|&need| rank[need]);
            let Some(next) = next else { break None };
            if let Some(start) = walked.iter().position(|&node| node == next) {
                break Some(walked[start..].to_vec());
            }
            walked.push(next);
        };
        match cycle {
            Some(cycle) => {
                let smallest =
                    (0..cycle.len()).min_by_key(|&at| rank[cycle[at]]).expect("a cycle has a node");
                let turned = cycle[smallest..].iter().chain(&cycle[..=smallest]);
                errors.push(GraphError::Cycle {
                    path: turned.map(|&node| nodes[node].0.to_owned()).collect(),
                });
                for node in walked {
                    stuck.remove(&node);
                }
            }
            None => {
                for node in walked {
                    stuck.remove(&node);
                }
            }
        }
    }
    errors
}

/// The migrations that depend on one, directly or through others, in the history's order.
pub fn dependents<'a>(history: &'a History, id: &str) -> Vec<&'a Migration> {
    let mut touched: BTreeSet<&str> = BTreeSet::from([id]);
    let mut found = Vec::new();
    for migration in &history.migrations {
        if migration.depends_on.iter().any(|need| touched.contains(need.as_str())) {
            touched.insert(&migration.id);
            found.push(migration);
        }
    }
    found
}

/// The migrations that one depends on, directly or through others, in the history's order.
pub fn dependencies<'a>(history: &'a History, id: &str) -> Vec<&'a Migration> {
    let mut needed: BTreeSet<&str> =
        history.get(id).into_iter().flat_map(|one| &one.depends_on).map(String::as_str).collect();
    let mut found = Vec::new();
    for migration in history.migrations.iter().rev() {
        if needed.contains(migration.id.as_str()) {
            needed.extend(migration.depends_on.iter().map(String::as_str));
            found.push(migration);
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids<'a>(nodes: &[(&'a str, Vec<&'a str>)]) -> Vec<&'a str> {
        order(nodes).unwrap().into_iter().map(|index| nodes[index].0).collect()
    }

    #[test]
    fn ties_are_broken_by_number_then_text() {
        assert_eq!(
            ids(&[("10_b", vec![]), ("9_a", vec![]), ("002_z", vec!["10_b"]), ("10_a", vec![])]),
            ["9_a", "10_a", "10_b", "002_z"]
        );
    }

    #[test]
    fn a_cycle_is_shown_as_a_path() {
        let errors = order(&[
            ("1", vec![]),
            ("2", vec!["1", "4"]),
            ("3", vec!["2"]),
            ("4", vec!["3"]),
            ("5", vec!["4"]),
        ])
        .unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].to_string(), "these migrations depend on each other: 2 → 4 → 3 → 2");
    }

    #[test]
    fn a_migration_may_not_wait_for_itself() {
        let errors = order(&[("1", vec!["1"])]).unwrap_err();
        assert_eq!(errors[0].to_string(), "these migrations depend on each other: 1 → 1");
    }

    #[test]
    fn a_missing_dependency_comes_with_the_nearest() {
        let errors =
            order(&[("001_create_users", vec![]), ("002_x", vec!["001_create_user"])]).unwrap_err();
        assert_eq!(
            errors,
            [GraphError::Missing {
                id: "002_x".into(),
                missing: "001_create_user".into(),
                nearest: Some("001_create_users".into()),
            }]
        );
    }

    proptest! {
        #[test]
        fn an_acyclic_graph_is_ordered_the_same_from_any_listing(
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..30),
            turn in 0_usize..12,
        ) {
            let names: Vec<String> = (0..12).map(|n| format!("{:03}_m", (n * 7) % 12)).collect();
            let nodes: Vec<(&str, Vec<&str>)> = (0..12)
                .map(|n| {
                    let needs = edges.iter().filter(|(a, b)| *a == n && b < a);
                    (names[n].as_str(), needs.map(|(_, b)| names[*b].as_str()).collect())
                })
                .collect();
            let sorted = ids(&nodes);
            for (id, needs) in &nodes {
                let place = |id: &str| sorted.iter().position(|other| *other == id).unwrap();
                for need in needs {
                    prop_assert!(place(need) < place(id));
                }
            }
            let mut turned = nodes.clone();
            turned.rotate_left(turn);
            prop_assert_eq!(ids(&turned), sorted);
        }

        #[test]
        fn any_graph_gives_an_order_or_a_true_cycle(
            edges in proptest::collection::vec((0_usize..8, 0_usize..8), 0..24),
        ) {
            let names: Vec<String> = (0..8).map(|n| n.to_string()).collect();
            let nodes: Vec<(&str, Vec<&str>)> = (0..8)
                .map(|n| {
                    let needs = edges.iter().filter(|(a, _)| *a == n);
                    (names[n].as_str(), needs.map(|(_, b)| names[*b].as_str()).collect())
                })
                .collect();
            match order(&nodes) {
                Ok(sorted) => prop_assert_eq!(sorted.len(), 8),
                Err(errors) => for error in errors {
                    let GraphError::Cycle { path } = error else { panic!("nothing is missing") };
                    prop_assert_eq!(path.first(), path.last());
                    for pair in path.windows(2) {
                        let (_, needs) = nodes.iter().find(|(id, _)| *id == pair[0]).unwrap();
                        prop_assert!(needs.contains(&pair[1].as_str()));
                    }
                },
            }
        }
    }
}
