//! What a database has before the first migration.

mod behaviour;
mod kit;
mod rows;
mod stand_ins;
