//! What a person sees of histories and ledgers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by its panic")]

mod annotated;
mod brought;
mod compose;
mod database;
mod discovery;
mod house;
mod large;
mod mutations;
mod own_ledger;
mod plain;
mod select;
mod state;
mod supabase;
mod supabase_ledger;
mod supabase_oracle;
mod support;
mod tools;
