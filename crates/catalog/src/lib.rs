//! What a database holds, as facts read from its catalog.
//!
//! Does no I/O: it says the queries, the engine runs them.
