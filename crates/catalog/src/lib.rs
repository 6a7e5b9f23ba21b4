//! What a database holds, as facts read from its catalog.
//!
//! Does no I/O: it says the queries, the engine runs them. It knows of every object whether it is
//! the same as another ([`OBJECTS`]), and what holds data and may be lost ([`HOLDINGS`]).

mod holdings;
mod objects;

pub use holdings::{HOLDINGS, Holding, HoldingKind, Holdings, Loss, LossKind, Named};
pub use objects::{Difference, OBJECTS, Objects, Side, shapes};
