//! What a plan does to facts, and what of it waits for what.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::Step;
use crate::Id;

/// What is done to a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// It ends.
    Drop,
    /// It changes in place.
    Alter,
    /// It is made.
    Create,
    /// What was set aside for it ends.
    Finish,
}

/// Something done to a fact, by any number of steps.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) about: Id,
    pub(super) act: Act,
    pub(super) steps: Vec<Step>,
    /// Where it would stand if nothing waited.
    pub(super) key: Key,
}

/// Sorts what could stand side by side: the class of a step, then what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) class: Class,
    pub(super) rank: usize,
    pub(super) root: Id,
    pub(super) act: Act,
    pub(super) within: usize,
    pub(super) about: Id,
}

/// What comes early and what late, where nothing waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// What watches over all, ending.
    First,
    /// Definitions.
    Plain,
    /// What evaluates expressions over rows.
    Evaluates,
    /// What objects are born with, which is to hold for later ones only.
    Birthrights,
    /// What ends.
    Ends,
    /// What watches over all, made.
    Last,
}

/// Nodes, and which must come before which.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    places: BTreeMap<(Id, Act), usize>,
    /// What stands for a node that was joined with another.
    joined: BTreeMap<usize, usize>,
    /// Before, after.
    edges: BTreeSet<(usize, usize)>,
}

impl Graph {
    pub(super) fn add(&mut self, node: Node) -> usize {
        let place = self.nodes.len();
        self.places.insert((node.about.clone(), node.act), place);
        self.nodes.push(node);
        place
    }

    pub(super) fn find(&self, about: &Id, act: Act) -> Option<usize> {
        self.places.get(&(about.clone(), act)).map(|place| self.stands_for(*place))
    }

    fn stands_for(&self, mut place: usize) -> usize {
        while let Some(other) = self.joined.get(&place) {
            place = *other;
        }
        place
    }

    /// Lets one node happen with another, which takes it along.
    pub(super) fn join(&mut self, node: usize, with: usize) {
        let [node, with] = [node, with].map(|place| self.stands_for(place));
        if node != with {
            self.nodes[node].steps.clear();
            self.joined.insert(node, with);
        }
    }

    /// Says that one comes before the other, where both are there.
    pub(super) fn before(&mut self, first: Option<usize>, then: Option<usize>) {
        let (Some(first), Some(then)) = (first, then) else { return };
        self.edges.insert((first, then));
    }

    /// The edges between what stands for the nodes.
    pub(super) fn edges(&self) -> BTreeSet<(usize, usize)> {
        let ends =
            |(first, then): &(usize, usize)| (self.stands_for(*first), self.stands_for(*then));
        self.edges.iter().map(ends).filter(|(first, then)| first != then).collect()
    }

    /// The nodes in an order in which nothing comes before what it waits for; a ring is an error
    /// that names who is in it.
    pub(super) fn order(&self) -> Result<Vec<usize>, Vec<String>> {
        let edges = self.edges();
        let mut after: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut waits: BTreeMap<usize, usize> = BTreeMap::new();
        for (first, then) in &edges {
            after.entry(*first).or_default().push(*then);
            *waits.entry(*then).or_default() += 1;
        }
        let all: Vec<usize> =
            (0..self.nodes.len()).filter(|place| !self.joined.contains_key(place)).collect();
        let keys = self.keys(&all, &after, &waits);
        let hopes = self.wishes(&edges);
        let mut wished: BTreeMap<usize, usize> = BTreeMap::new();
        let mut wishing: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (first, then) in &hopes {
            *wished.entry(*then).or_default() += 1;
            wishing.entry(*first).or_default().push(*then);
        }
        let free = |waits: &BTreeMap<usize, usize>, place: &usize| {
            waits.get(place).copied().unwrap_or_default() == 0
        };
        let entry = |place: usize| Reverse((&keys[&place], &self.nodes[place].key, place));
        let mut ready: BinaryHeap<_> = all
            .iter()
            .filter(|place| free(&waits, place) && free(&wished, place))
            .map(|place| entry(*place))
            .collect();
        let mut held: BTreeSet<usize> = all
            .iter()
            .copied()
            .filter(|place| free(&waits, place) && !free(&wished, place))
            .collect();
        let mut order = Vec::new();
        loop {
            let next = ready.pop().map(|Reverse((_, _, place))| place).or_else(|| {
                let first = held.iter().copied().min_by_key(|place| (&keys[place], *place));
                first.inspect(|place| {
                    held.remove(place);
                })
            });
            let Some(next) = next else { break };
            order.push(next);
            for then in wishing.get(&next).into_iter().flatten() {
                let left = wished.entry(*then).or_default();
                *left = left.saturating_sub(1);
                if *left == 0 && held.remove(then) {
                    ready.push(entry(*then));
                }
            }
            for then in after.get(&next).into_iter().flatten() {
                let left = waits.entry(*then).or_default();
                *left -= 1;
                if *left == 0 {
                    if free(&wished, then) {
                        ready.push(entry(*then));
                    } else {
                        held.insert(*then);
                    }
                }
            }
        }
        if order.len() == all.len() { Ok(order) } else { Err(self.ring(&all, &order, &edges)) }
    }

    /// Where each stands for the sake of what waits for it: what is waited for early comes early.
    fn keys(
        &self,
        all: &[usize],
        after: &BTreeMap<usize, Vec<usize>>,
        waits: &BTreeMap<usize, usize>,
    ) -> BTreeMap<usize, &Key> {
        let mut waits = waits.clone();
        let mut stack: Vec<usize> =
            all.iter().copied().filter(|place| !waits.contains_key(place)).collect();
        let mut order = Vec::new();
        while let Some(place) = stack.pop() {
            order.push(place);
            for then in after.get(&place).into_iter().flatten() {
                let left = waits.entry(*then).or_default();
                *left -= 1;
                if *left == 0 {
                    stack.push(*then);
                }
            }
        }
        let mut keys: BTreeMap<usize, &Key> =
            all.iter().map(|place| (*place, &self.nodes[*place].key)).collect();
        for place in order.into_iter().rev() {
            for then in after.get(&place).into_iter().flatten() {
                let other = keys[then];
                if other < keys[&place] {
                    keys.insert(place, other);
                }
            }
        }
        keys
    }

    /// What would let a step stand within another if it came before that, and need not.
    fn wishes(&self, edges: &BTreeSet<(usize, usize)>) -> BTreeSet<(usize, usize)> {
        let hosts: BTreeMap<usize, usize> = (0..self.nodes.len())
            .filter_map(|place| {
                let inline = self.nodes[place].steps.first()?.inline.as_ref()?;
                Some((place, self.find(&inline.into, Act::Create)?))
            })
            .collect();
        let host = |mut place: usize| {
            while let Some(host) = hosts.get(&place) {
                place = *host;
            }
            place
        };
        let wish = |(first, then): &(usize, usize)| {
            hosts.contains_key(then).then(|| (host(*first), host(*then)))
        };
        let wishes = edges.iter().filter_map(wish);
        wishes.filter(|(first, then)| first != then && !edges.contains(&(*first, *then))).collect()
    }

    fn ring(
        &self,
        all: &[usize],
        order: &[usize],
        edges: &BTreeSet<(usize, usize)>,
    ) -> Vec<String> {
        let left: BTreeSet<usize> =
            all.iter().copied().filter(|place| !order.contains(place)).collect();
        let before = |place: usize| {
            edges.iter().find(|(first, then)| *then == place && left.contains(first))
        };
        let Some(mut place) = left.first().copied() else { return Vec::new() };
        let mut seen = Vec::new();
        while !seen.contains(&place) {
            seen.push(place);
            let Some((first, _)) = before(place) else { break };
            place = *first;
        }
        let start = seen.iter().position(|each| *each == place).unwrap_or_default();
        let say =
            |place: &usize| format!("{:?} {}", self.nodes[*place].act, self.nodes[*place].about);
        seen[start..].iter().rev().map(say).collect()
    }
}
