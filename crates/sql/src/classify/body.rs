//! Bodies of `do` and `create procedure` that end transactions.

use crate::Backslash;
use crate::cursor::Cursor;
use crate::token::TokenKind;

/// Procedures of well-known extensions that commit on their own (TimescaleDB, pg_partman).
pub(super) const COMMITTING_PROCEDURES: &[&str] = &[
    "check_data_proc",
    "partition_data_proc",
    "reapply_constraints_proc",
    "recompress_chunk",
    "refresh_continuous_aggregate",
    "run_analyze",
    "run_maintenance_proc",
    "undo_partition_proc",
];

/// Tells whether a statement's quoted body ends transactions, by its language's own words.
///
/// Reads from behind `do` or the procedure's name; `commits` knows the procedures that do.
pub(super) fn ends_transactions(
    cursor: &mut Cursor<'_>,
    commits: &dyn Fn(&[String]) -> bool,
) -> bool {
    let mut language = "plpgsql".to_owned();
    let mut body = None;
    while let Some(token) = cursor.peek() {
        if cursor.written(&token) == "(" {
            cursor.token();
            cursor.close();
        } else if cursor.words(&["language"]) {
            language = cursor.name().or_else(|| cursor.string()).unwrap_or_default();
        } else if let Some(string) = cursor.string() {
            // The last one: a procedure's `set … to '…'` can stand before it.
            body = Some(string);
        } else {
            cursor.token();
        }
    }
    let Some(body) = body else { return false };
    let mut cursor = Cursor::new(&body, Backslash::Plain);
    if language.eq_ignore_ascii_case("plpgsql") {
        plpgsql_ends_transactions(&mut cursor, commits)
    } else {
        other_ends_transactions(&mut cursor)
    }
}

/// Looks for `commit`, `rollback` and `call` where a PL/pgSQL statement begins.
fn plpgsql_ends_transactions(cursor: &mut Cursor<'_>, commits: &dyn Fn(&[String]) -> bool) -> bool {
    let mut at_start = true;
    loop {
        if at_start {
            if cursor.any_word(&["commit", "rollback"]).is_some() {
                // Not a variable that happens to have the name: `commit := 1`.
                if cursor.symbol(";") || cursor.words(&["and"]) {
                    return true;
                }
            } else if cursor.words(&["call"]) && commits(&cursor.qualified()) {
                return true;
            }
        }
        let Some(token) = cursor.token() else { return false };
        at_start = match token.kind {
            TokenKind::Symbol | TokenKind::Operator => {
                matches!(cursor.written(&token), ";" | ">>")
            }
            TokenKind::Word => {
                let starts = ["begin", "then", "else", "loop"];
                starts.iter().any(|word| cursor.is_word(&token, word))
            }
            TokenKind::Name
            | TokenKind::String(_)
            | TokenKind::Dollar
            | TokenKind::Number
            | TokenKind::Parameter
            | TokenKind::Stray => false,
        };
    }
}

/// Looks for the calls of other languages: `plpy.commit()`, `spi_commit()`.
fn other_ends_transactions(cursor: &mut Cursor<'_>) -> bool {
    let calls = ["commit", "rollback", "spi_commit", "spi_rollback"];
    loop {
        let Some(token) = cursor.token() else { return false };
        if calls.iter().any(|call| cursor.is_word(&token, call)) {
            return true;
        }
    }
}
