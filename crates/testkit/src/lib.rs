//! Servers, poolers and proxies for tests.

mod helper;
mod server;

pub use server::{Database, MAJORS, Server, Settings, options};
