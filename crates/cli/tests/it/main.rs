//! The binary as a person and as a pipeline meet it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod adopt;
mod adopt_database;
mod answers;
mod auto;
mod bad_day;
mod catalogue;
mod commands;
mod dev;
mod diff;
mod doctor;
mod errors;
mod examples;
mod execution;
mod faults;
mod halves;
mod help;
mod hooks;
mod house;
mod interrupt;
mod judge;
mod kit;
mod large;
mod losses;
mod narrow;
mod redo;
mod reference;
mod registries;
mod repair;
mod runs;
mod script;
mod secrets;
mod seeds;
mod shapes;
mod supabase;
mod terminal;
mod together;
mod told;
mod typing;
mod warnings;
mod ways;
