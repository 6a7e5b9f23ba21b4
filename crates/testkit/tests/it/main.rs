//! The testkit's own tests.

mod server;
