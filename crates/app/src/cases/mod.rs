//! The use cases: one file each, and two lines here.

pub mod adopt;
pub mod dev;
pub mod diff;
pub mod doctor;
pub mod down;
pub mod explain;
pub mod init;
pub mod new;
pub mod preview;
pub mod redo;
pub mod repair;
pub mod runs;
pub mod script;
pub mod shadow;
pub mod status;
pub mod up;

/// Every use case.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub const ALL: &[&Case] = &[
    &init::CASE,
    &new::CASE,
    &status::CASE,
    &preview::CASE,
    &script::CASE,
    &up::CASE,
    &down::CASE,
    &redo::CASE,
    &adopt::CASE,
    &repair::CASE,
    &runs::CASE,
    &diff::CASE,
    &dev::CASE,
    &shadow::CASE,
    &doctor::CASE,
    &explain::CASE,
];

/// What front ends, tests and pages must know of a use case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name, which is also the command's.
    pub name: &'static str,
    /// What it does to a database.
    pub database: Database,
}

/// What a use case does to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// It needs none.
    Untouched,
    /// It reads it and never writes.
    Read,
    /// It writes.
    Written,
}
