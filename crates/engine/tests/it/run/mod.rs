//! Running migrations.

mod blocks;
mod contention;
mod intents;
pub(crate) mod kit;
mod lock;
mod orphans;
mod patience;
mod poolers;
mod progress;
mod scribe;
mod seal;
mod seeds;
mod steps;
