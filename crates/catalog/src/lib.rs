//! What a database holds, as facts read from its catalog.
//!
//! Does no I/O: it says the queries, the engine runs them. It knows of every object whether it is
//! the same as another ([`OBJECTS`]), and what holds data and may be lost ([`HOLDINGS`]).

mod array;
mod catalog;
mod diff;
mod fact;
mod holdings;
mod id;
mod kinds;
mod objects;
mod plan;
mod privileges;
mod reading;

pub use catalog::Catalog;
pub use diff::{Change, Delta, deltas};
pub use fact::{Body, Fact};
pub use holdings::{HOLDINGS, Holding, HoldingKind, Holdings, Loss, LossKind, Named};
pub use id::Id;
pub use objects::{Difference, OBJECTS, Objects, Side, shapes};
pub use plan::{
    Hazard, HazardKind, Inline, Mode, Place, Plan, PlanError, Planned, Sql, Step, plan,
};
pub use reading::{ReadError, Rows, queries, read};
