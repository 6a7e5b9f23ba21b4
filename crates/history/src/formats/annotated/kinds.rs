//! The types that a header may state, and what a script's statements say of them.

use crate::{Text, TextError};

/// The types that a header may state.
pub(super) const TYPES: &[&str] = &[
    "create_table",
    "alter_table",
    "drop_table",
    "create_index",
    "drop_index",
    "insert_data",
    "update_data",
    "delete_data",
    "custom_sql",
];

/// What a script's statements are, as types, one after another of the same once; `None` for one
/// whose effect only the server knows.
fn kinds(script: &Text) -> Result<Option<Vec<&'static str>>, TextError> {
    let Ok(cut) = script.script()? else { return Ok(None) };
    let mut kinds = Vec::new();
    for statement in cut.statements.iter() {
        let span = statement.span;
        let start = script.part(span.start..span.end.min(span.start + TOLD_BY))?;
        let Some(kind) = kind_of_statement(&start) else { return Ok(None) };
        if kinds.last() != Some(&kind) {
            kinds.push(kind);
        }
    }
    Ok(Some(kinds))
}

/// So many bytes tell what a statement is.
const TOLD_BY: usize = 200;

/// The type of one statement; `None` where only the server knows what it does.
fn kind_of_statement(statement: &str) -> Option<&'static str> {
    let lower = statement.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| {
            !matches!(
                *word,
                "" | "unique" | "temp" | "temporary" | "unlogged" | "global" | "local" | "foreign"
            )
        })
        .take(2)
        .collect();
    Some(match words.as_slice() {
        ["create", "table"] => "create_table",
        ["create", "index"] => "create_index",
        ["alter", "table"] => "alter_table",
        ["drop", "table"] => "drop_table",
        ["drop", "index"] => "drop_index",
        ["insert" | "copy", ..] => "insert_data",
        ["update", ..] => "update_data",
        ["delete" | "truncate", ..] => "delete_data",
        ["with" | "do" | "call" | "select" | "execute" | "merge" | "explain", ..] => return None,
        _ => "custom_sql",
    })
}

/// How a script contradicts its type, if it surely does.
pub(super) fn contradiction(kind: &str, script: &Text) -> Result<Option<&'static str>, TextError> {
    if kind == "custom_sql" {
        return Ok(None);
    }
    let Some(kinds) = kinds(script)? else { return Ok(None) };
    if kinds.is_empty() {
        return Ok(Some("holds no statement"));
    }
    if kinds.contains(&kind) {
        return Ok(None);
    }
    Ok(Some(match kind {
        "create_table" => "creates no table",
        "alter_table" => "alters no table",
        "drop_table" => "drops no table",
        "create_index" => "creates no index",
        "drop_index" => "drops no index",
        "insert_data" => "inserts nothing",
        "update_data" => "updates nothing",
        _ => "deletes nothing",
    }))
}

/// The type that describes a script, if one does.
pub(super) fn kind_of(script: &str) -> Option<&'static str> {
    let kinds = kinds(&script.into()).ok()??;
    let first = *kinds.first()?;
    let fits = first == "create_table" || kinds.iter().all(|kind| *kind == first);
    fits.then_some(first)
}
