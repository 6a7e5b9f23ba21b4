//! What a person sees of histories and ledgers.

mod annotated;
mod compose;
mod discovery;
mod plain;
mod select;
mod state;
mod supabase;
mod support;
