//! The engine against real servers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod baseline;
mod corpus;
mod rehearsal;
mod run;
mod shadow;
mod wire;
