//! The shadow, by a process of its own that can be killed.

mod borrowed;
mod brought;
mod deaths;
mod developed;
mod found;
mod majors;
mod places;
mod sandbox;
mod states;
mod users;
