//! Running migrations.

mod blocks;
mod contention;
pub(crate) mod kit;
mod orphans;
mod poolers;
mod scribe;
mod seeds;
mod steps;
