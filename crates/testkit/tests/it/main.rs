//! The testkit's own tests.

#[cfg(test)]
mod pgbouncer;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod server;
