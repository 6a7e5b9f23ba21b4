//! The engine against real servers.

#[cfg(test)]
mod wire;
