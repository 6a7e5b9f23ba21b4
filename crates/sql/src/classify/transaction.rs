//! Statements that begin and end transactions.

use crate::cursor::Cursor;
use crate::{Alone, Kind};

/// Reads a statement of transaction control from behind its first word.
pub(super) fn kind(word: &str, cursor: &mut Cursor<'_>) -> Option<Kind> {
    match word {
        "begin" => {
            cursor.any_word(&["work", "transaction"]);
            Some(begin(cursor))
        }
        "start" => cursor.words(&["transaction"]).then(|| begin(cursor)),
        "prepare" => {
            let named = cursor.words(&["transaction"]) && cursor.string().is_some();
            named.then_some(Kind::PrepareTransaction)
        }
        "commit" | "end" => Some(prepared(word, cursor).unwrap_or_else(|| {
            cursor.any_word(&["work", "transaction"]);
            Kind::Commit { chain: cursor.words(&["and", "chain"]) }
        })),
        _ => {
            if let Some(finished) = prepared(word, cursor) {
                return Some(finished);
            }
            cursor.any_word(&["work", "transaction"]);
            // `rollback to` goes back to a savepoint and ends nothing.
            (!cursor.words(&["to"])).then_some(Kind::Rollback)
        }
    }
}

fn begin(cursor: &Cursor<'_>) -> Kind {
    let modes = cursor.rest();
    Kind::Begin { modes: (!modes.is_empty()).then(|| modes.to_owned()) }
}

fn prepared(word: &str, cursor: &mut Cursor<'_>) -> Option<Kind> {
    if !cursor.words(&["prepared"]) {
        return None;
    }
    Some(Kind::Alone(Alone::FinishPrepared { gid: cursor.string()?, commits: word == "commit" }))
}
