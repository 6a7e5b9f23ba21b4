//! Running migrations.

mod blocks;
mod contention;
mod kit;
mod steps;
