//! How one catalog becomes another: ordered steps.

mod actions;
mod fold;
mod graph;
mod rights;
mod script;
mod step;

use crate::diff::{Delta, deltas};
use crate::{Catalog, Id};

pub(crate) use rights::born;
pub use step::{Hazard, HazardKind, Inline, Mode, Place, Sql, Step};

/// How one catalog becomes another.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What differs.
    pub deltas: Vec<Delta>,
    /// The steps in their order.
    pub steps: Vec<Planned>,
}

/// A step in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What it is about.
    pub about: Id,
    /// What that belongs to in the end.
    pub root: Id,
    /// The step.
    pub step: Step,
}

/// Two catalogs between which no plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Texts are comparable only within one major version.
    #[error("one side is of Postgres {old}, the other of {new}")]
    Majors {
        /// The old side's.
        old: u32,
        /// The new side's.
        new: u32,
    },
    /// Steps that wait for each other in a ring.
    #[error("these wait for each other: {}", .0.join(", "))]
    Cycle(Vec<String>),
}

/// Makes a plan that turns the old catalog into the new one.
pub fn plan(old: &Catalog, new: &Catalog) -> Result<Plan, PlanError> {
    if old.major != new.major {
        return Err(PlanError::Majors { old: old.major, new: new.major });
    }
    let deltas = deltas(old, new);
    let graph = actions::graph(old, new, &deltas);
    let order = graph.order().map_err(PlanError::Cycle)?;
    let steps = fold::fold(&graph, &order);
    Ok(Plan { deltas, steps })
}
