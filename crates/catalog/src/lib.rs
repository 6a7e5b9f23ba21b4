//! What a database holds, as facts read from its catalog.
//!
//! Does no I/O: it says the queries, the engine runs them. For now it knows one thing of every
//! object: whether it is the same as another ([`OBJECTS`]).

mod objects;

pub use objects::{Difference, OBJECTS, Objects, Side};
