//! What the crate promises, seen from outside.

mod errors;
mod fingerprint;
mod fixtures;
mod kinds;
mod modes;
mod mutation;
mod oracle;
mod properties;
mod property;
mod statements;
mod stream;

use whimbrel_sql::{Script, split};

/// Cuts a text that can be cut.
fn script(text: &str) -> Script {
    split(text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

/// The statements of a text.
fn cut(text: &str) -> Vec<&str> {
    script(text).statements.iter().map(|statement| &text[statement.span.clone()]).collect()
}
