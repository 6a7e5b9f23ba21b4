//! From differences to what is done: what ends, what changes, what is made, and what of it waits
//! for what.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Act, Class, Graph, Key, Node};
use super::{HazardKind, Mode, Step, rights};
use crate::diff::{Change, Delta};
use crate::kinds::{self, Alter, Cx, kind, rank};
use crate::{Catalog, Fact, Id};

/// What is done to which facts.
struct Actions<'a> {
    old: &'a Catalog,
    new: &'a Catalog,
    /// What ends, whether or not it is made anew.
    ends: BTreeSet<Id>,
    /// What is made.
    made: BTreeSet<Id>,
    altered: BTreeMap<Id, Vec<Step>>,
    /// What is made beside its old self, and what ends that.
    swapped: BTreeMap<Id, Vec<Step>>,
}

/// What is done, as a graph.
pub(super) fn graph(old: &Catalog, new: &Catalog, deltas: &[Delta]) -> Graph {
    let nothing = BTreeSet::new();
    let mut actions = Actions {
        old,
        new,
        ends: BTreeSet::new(),
        made: BTreeSet::new(),
        altered: BTreeMap::new(),
        swapped: BTreeMap::new(),
    };
    let moved = moved_along(old, new, deltas);
    let mut ending = Vec::new();
    let mut in_the_way: Vec<(Id, &'static [&'static str])> = Vec::new();
    for Delta { id, change, .. } in deltas.iter().filter(|delta| !moved.contains(&delta.id)) {
        match change {
            Change::Added => {
                actions.made.insert(id.clone());
            }
            Change::Removed => ending.push(id.clone()),
            Change::Altered(what) => {
                let (Some(before), Some(after)) = (old.get(id), new.get(id)) else { continue };
                let change = kinds::Change { old: before, new: after, what };
                match kind(id).alter(change, Cx { old, new, made: &nothing }) {
                    Alter::InPlace { steps, rebuild } => {
                        actions.altered.insert(id.clone(), steps);
                        in_the_way.push((id.clone(), rebuild));
                    }
                    Alter::Replace => ending.push(id.clone()),
                    Alter::Swap { before, after } => {
                        actions.altered.insert(id.clone(), before);
                        actions.swapped.insert(id.clone(), after);
                    }
                }
            }
        }
    }
    let swapped: Vec<Id> = actions.swapped.keys().cloned().collect();
    for id in swapped {
        actions.retype_users(&id, &mut in_the_way, &mut ending);
    }
    for (id, kinds) in in_the_way {
        let users = old.users(&id).iter().filter(|user| kinds.contains(&user.kind()));
        ending.extend(users.cloned());
    }
    for id in ending {
        actions.end(id);
    }
    rights::renew(old, new, &actions.ends, &actions.altered, &mut actions.made);
    actions.nodes()
}

/// What comes or goes with a change of what it is part of.
fn moved_along(old: &Catalog, new: &Catalog, deltas: &[Delta]) -> BTreeSet<Id> {
    let nothing = BTreeSet::new();
    let cx = Cx { old, new, made: &nothing };
    let mut moved = BTreeSet::new();
    for Delta { id, change, .. } in deltas {
        let (Change::Altered(what), Some(before), Some(after)) = (change, old.get(id), new.get(id))
        else {
            continue;
        };
        let change = kinds::Change { old: before, new: after, what };
        for (catalog, other) in [(old, new), (new, old)] {
            let mut children: Vec<&Id> = catalog.children(id).iter().collect();
            while let Some(child) = children.pop() {
                let Some(fact) = catalog.get(child).filter(|_| !other.has(child)) else { continue };
                if kind(id).moves_along(change, fact, cx) {
                    moved.insert(child.clone());
                    children.extend(catalog.children(child));
                }
            }
        }
    }
    moved
}

impl Actions<'_> {
    /// Ends a fact, with all that is part of it or cannot be without it; what the new state has of
    /// it is made anew.
    fn end(&mut self, id: Id) {
        let mut ending = vec![id];
        while let Some(id) = ending.pop() {
            if !self.ends.insert(id.clone()) {
                continue;
            }
            self.altered.remove(&id);
            self.swapped.remove(&id);
            if self.new.has(&id) {
                self.made.insert(id.clone());
            }
            ending.extend(self.old.children(&id).iter().cloned());
            let users = self.old.users(&id).iter();
            ending.extend(users.filter(|user| !self.frees_itself(user, &id)).cloned());
        }
    }

    /// Whether a change in place makes a user need something no more.
    fn frees_itself(&self, user: &Id, of: &Id) -> bool {
        let needs = self.new.get(user).map(|fact| &fact.needs);
        self.altered.contains_key(user) && needs.is_some_and(|needs| !needs.contains(of))
    }

    /// What has columns of a type that is made anew beside its old self gets the new one; what
    /// else uses the type is made anew itself.
    fn retype_users(
        &mut self,
        of: &Id,
        in_the_way: &mut Vec<(Id, &'static [&'static str])>,
        ending: &mut Vec<Id>,
    ) {
        for user in self.old.users(of) {
            if self.frees_itself(user, of) {
                continue;
            }
            let column = (user.kind() == "column").then(|| self.new.get(user)).flatten();
            let Some(column) = column else {
                ending.push(user.clone());
                continue;
            };
            let name = user.ident(2);
            let of_type = column.text("type");
            let through = if of_type.ends_with("[]") { "text[]" } else { "text" };
            let action =
                format!("alter column {name} type {of_type} using {name}::{through}::{of_type}");
            let step = Step::action(format!("alter table {}", user.qualified()), action);
            self.altered.entry(user.clone()).or_default().insert(0, step);
            in_the_way.push((user.clone(), kinds::IN_THE_WAY_OF_A_TYPE));
            ending.extend(self.old.children_of(user, "default").map(|default| default.id.clone()));
        }
    }

    fn nodes(self) -> Graph {
        let mut graph = Graph::default();
        let cx = Cx { old: self.old, new: self.new, made: &self.made };
        for id in &self.ends {
            let Some(fact) = self.old.get(id) else { continue };
            let by = kind(id).ended_by(fact, cx).filter(|by| self.altered.contains_key(by));
            let steps = if by.is_some() { Vec::new() } else { kind(id).drop(fact, cx) };
            graph.add(node(self.old, fact, Act::Drop, steps, &self.made));
        }
        for id in &self.made {
            let Some(fact) = self.new.get(id) else { continue };
            let by = kind(id).made_by(fact, cx).filter(|by| self.altered.contains_key(by));
            let steps = if by.is_some() { Vec::new() } else { kind(id).create(fact, cx) };
            graph.add(node(self.new, fact, Act::Create, steps, &self.made));
        }
        for (id, steps) in self.altered.iter().filter(|(_, steps)| !steps.is_empty()) {
            let Some(fact) = self.new.get(id) else { continue };
            graph.add(node(self.new, fact, Act::Alter, steps.clone(), &self.made));
        }
        for (id, steps) in &self.swapped {
            let Some(fact) = self.new.get(id) else { continue };
            graph.add(node(self.new, fact, Act::Finish, steps.clone(), &self.made));
        }
        for fact in rights::surplus(cx) {
            let place = graph.add(node(
                self.new,
                &fact,
                Act::Create,
                kind(&fact.id).create(&fact, cx),
                &self.made,
            ));
            let of = fact.parent.as_ref().and_then(|parent| graph.find(parent, Act::Create));
            graph.before(of, Some(place));
        }
        rights::order(&mut graph);
        self.take_along(&mut graph);
        self.edges(&mut graph);
        graph
    }

    /// What ends by itself with something else needs no word of its own.
    fn take_along(&self, graph: &mut Graph) {
        for id in &self.ends {
            let Some(fact) = self.old.get(id) else { continue };
            let taker =
                kind(id).goes_with(fact, self.old).filter(|taker| self.ends.contains(taker));
            let taker = taker.and_then(|taker| graph.find(&taker, Act::Drop));
            if let (Some(place), Some(taker)) = (graph.find(id, Act::Drop), taker) {
                graph.join(place, taker);
            }
        }
    }

    fn edges(&self, graph: &mut Graph) {
        let cx = Cx { old: self.old, new: self.new, made: &self.made };
        let mut ended_names: BTreeMap<String, Id> = BTreeMap::new();
        for id in &self.ends {
            let Some(fact) = self.old.get(id) else { continue };
            for name in kind(id).names(fact) {
                ended_names.insert(name, id.clone());
            }
            let drop = graph.find(id, Act::Drop);
            graph.before(drop, graph.find(id, Act::Create));
            for need in fact.needs.iter().chain(&fact.parent) {
                graph.before(drop, graph.find(need, Act::Drop));
                graph.before(drop, graph.find(need, Act::Alter));
                graph.before(drop, graph.find(need, Act::Finish));
            }
        }
        for id in &self.made {
            let Some(fact) = self.new.get(id) else { continue };
            let create = graph.find(id, Act::Create);
            for name in kind(id).names(fact) {
                if let Some(ended) = ended_names.get(&name) {
                    graph.before(graph.find(ended, Act::Drop), create);
                }
            }
            let by = kind(id).made_by(fact, cx).and_then(|by| graph.find(&by, Act::Alter));
            graph.before(by, create);
            for ended in kind(id).after_ends(fact, cx) {
                graph.before(graph.find(&ended, Act::Drop), create);
            }
            for need in fact.needs.iter().chain(&fact.parent) {
                graph.before(graph.find(need, Act::Create), create);
                graph.before(graph.find(need, Act::Alter), create);
            }
        }
        for id in self.altered.keys() {
            let alter = graph.find(id, Act::Alter);
            graph.before(alter, graph.find(id, Act::Finish));
            let [was, is] = [self.old, self.new].map(|catalog| catalog.get(id));
            for need in was.into_iter().flat_map(|fact| fact.needs.iter().chain(&fact.parent)) {
                graph.before(alter, graph.find(need, Act::Drop));
                graph.before(alter, graph.find(need, Act::Finish));
            }
            for need in is.into_iter().flat_map(|fact| fact.needs.iter().chain(&fact.parent)) {
                graph.before(graph.find(need, Act::Create), alter);
                graph.before(graph.find(need, Act::Alter), alter);
            }
        }
    }
}

fn node(catalog: &Catalog, fact: &Fact, act: Act, steps: Vec<Step>, made: &BTreeSet<Id>) -> Node {
    // What is part of something new has no rows to evaluate anything over.
    let is_new = fact.parent.as_ref().is_some_and(|parent| made.contains(parent));
    let evaluates = steps.iter().any(|step| step.evaluates);
    let root = catalog.root(fact).id.clone();
    let loses =
        steps.iter().flat_map(|step| &step.hazards).any(|each| each.kind == HazardKind::DataLoss);
    let is_outermost = kind(&root).is_outermost();
    let class = match act {
        Act::Drop if is_outermost => Class::First,
        _ if is_outermost => Class::Last,
        _ if kind(&root).is_birthright() => Class::Birthrights,
        Act::Drop | Act::Finish => Class::Ends,
        _ if loses => Class::Ends,
        _ if evaluates && !is_new => Class::Evaluates,
        Act::Alter | Act::Create => Class::Plain,
    };
    // A value is added before everything, so that it is committed when it is used.
    let is_early = steps.iter().any(|step| step.mode == Mode::CommitAfter);
    let key = Key {
        class,
        rank: if is_early { 0 } else { rank(&root) + 1 },
        root,
        act,
        within: rank(&fact.id),
        about: fact.id.clone(),
    };
    Node { about: fact.id.clone(), act, steps, key }
}
