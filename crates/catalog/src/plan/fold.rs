//! Joins steps as a careful person would write them: columns and constraints within the `create
//! table`, several actions within one `alter table`.

use std::collections::BTreeMap;

use super::graph::{Act, Graph};
use super::step::{Place, Sql, Step};
use super::{Mode, Planned};

/// The steps of ordered nodes, joined where nothing stands between.
pub(super) fn fold(graph: &Graph, order: &[usize]) -> Vec<Planned> {
    join_actions(stand_within(graph, order))
}

/// Lets steps stand within the step that makes what they belong to, where all they wait for comes
/// before that.
fn stand_within(graph: &Graph, order: &[usize]) -> Vec<Planned> {
    let at: BTreeMap<usize, usize> =
        order.iter().enumerate().map(|(index, place)| (*place, index)).collect();
    let mut before: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (first, then) in graph.edges() {
        before.entry(then).or_default().push(first);
    }
    // The node in which each stands: itself, or another.
    let mut host: BTreeMap<usize, usize> = order.iter().map(|place| (*place, *place)).collect();
    let mut guests: BTreeMap<usize, Vec<(Place, usize)>> = BTreeMap::new();
    for place in order {
        let Some(inline) = graph.nodes[*place].steps.first().and_then(|step| step.inline.as_ref())
        else {
            continue;
        };
        let Some(into) = graph.find(&inline.into, Act::Create) else { continue };
        let top = host[&into];
        let is_early = |first: &usize| host[first] == top || at[&host[first]] < at[&top];
        if before.get(place).into_iter().flatten().all(is_early) {
            host.insert(*place, top);
            guests.entry(into).or_default().push((inline.place, *place));
        }
    }
    let mut steps = Vec::new();
    for place in order.iter().filter(|place| host[place] == **place) {
        let node = &graph.nodes[*place];
        let mut own = node.steps.clone();
        let mut later = Vec::new();
        if let Some(first) = own.first_mut() {
            take_in(first, *place, graph, &guests, &mut later);
        }
        let about = |step| Planned { about: node.about.clone(), root: node.key.root.clone(), step };
        steps.extend(own.into_iter().chain(later).map(about));
    }
    steps
}

/// Writes into a step what stands within it; what else those would do comes later.
fn take_in(
    step: &mut Step,
    place: usize,
    graph: &Graph,
    guests: &BTreeMap<usize, Vec<(Place, usize)>>,
    later: &mut Vec<Step>,
) {
    let mut here = guests.get(&place).cloned().unwrap_or_default();
    here.sort();
    for (_, guest) in here {
        let mut steps = graph.nodes[guest].steps.iter().cloned();
        let Some(mut first) = steps.next() else { continue };
        take_in(&mut first, guest, graph, guests, later);
        later.extend(steps);
        let Some(inline) = first.inline else { continue };
        step.hazards.extend(first.hazards);
        if let (Some(own), Place::End) = (&mut step.inline, inline.place) {
            own.text.extend([" ", &inline.text]);
        }
        match (&mut step.sql, inline.place) {
            (Sql::Create { parts, .. }, Place::Part(_)) => parts.push(inline.text),
            (Sql::Create { tail, .. }, Place::End) => tail.extend([" ", &inline.text]),
            (Sql::Whole(text) | Sql::Action { action: text, .. }, Place::End) => {
                text.extend([" ", &inline.text]);
            }
            // A partition, or a table of a type: what it has beside its parent's comes later.
            (Sql::Whole(_) | Sql::Action { .. }, Place::Part(_)) => {
                later.push(Step {
                    inline: None,
                    hazards: Vec::new(),
                    ..graph.nodes[guest].steps[0].clone()
                });
            }
        }
    }
}

/// Makes one statement of actions on one thing that stand side by side.
fn join_actions(steps: Vec<Planned>) -> Vec<Planned> {
    let mut joined: Vec<Planned> = Vec::new();
    for planned in steps {
        let last = joined.last_mut().filter(|last| last.step.mode == Mode::Any);
        if let (
            Sql::Action { head, action },
            Some(Step { sql: Sql::Action { head: above, action: actions }, hazards, .. }),
        ) = (&planned.step.sql, last.map(|last| &mut last.step))
            && head == above
            && is_joined(action)
            && is_joined(actions)
        {
            actions.extend([",\n    ", action]);
            hazards.extend(planned.step.hazards);
            continue;
        }
        joined.push(planned);
    }
    joined
}

/// Whether an action stands with others: a validation would hold their stronger lock, and a
/// column that a parent leaves behind is the table's own only after that.
fn is_joined(action: &str) -> bool {
    !["validate ", "inherit ", "no inherit "].iter().any(|verb| action.starts_with(verb))
}
