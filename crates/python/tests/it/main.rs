//! The package as Python programs meet it, with the machine's Python and a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod install;
mod kit;
mod runner;
mod server;
mod stopping;
