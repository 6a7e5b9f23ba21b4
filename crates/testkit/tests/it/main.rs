//! The testkit's own tests.

#[cfg(test)]
mod proxy;
#[cfg(test)]
mod server;
