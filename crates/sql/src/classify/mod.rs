//! Tells what a runner must know of a statement, from its words alone.

mod alone;
mod body;
mod settings;
mod transaction;

use std::collections::BTreeSet;

use crate::cursor::Cursor;
use crate::token::continues_word;
use crate::{Backslash, Kind};

/// What the statements read so far mean for those that follow.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    strings: settings::Strings,
    /// Procedures that this script makes and whose bodies end transactions, by their last name.
    committing: BTreeSet<String>,
}

impl Reading {
    /// How `'…'` is read behind the last statement.
    pub(crate) fn backslash(&self) -> Backslash {
        self.strings.now()
    }

    /// Tells what kind the next statement is and notes what it means for those after it.
    pub(crate) fn kind(&mut self, statement: &str, copies: bool) -> Kind {
        let kind = match lead(statement) {
            _ if copies => Kind::CopyIn,
            Some(word) => {
                let mut cursor = Cursor::new(statement, self.backslash());
                cursor.token();
                self.read(word, &mut cursor).unwrap_or(Kind::Plain)
            }
            None => Kind::Plain,
        };
        self.strings.pass(&kind);
        kind
    }

    /// Reads a statement from behind its first word.
    fn read(&mut self, word: &str, cursor: &mut Cursor<'_>) -> Option<Kind> {
        match word {
            "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "prepare" => {
                transaction::kind(word, cursor)
            }
            "set" | "reset" | "select" | "with" => settings::kind(word, cursor),
            "call" => Some(Kind::MayCommit { seen: self.commits(&cursor.qualified()) }),
            "do" => {
                let commits = |name: &[String]| self.commits(name);
                body::ends_transactions(cursor, &commits).then_some(Kind::MayCommit { seen: true })
            }
            "alter" if cursor.words(&["type"]) => added_value(cursor),
            "create" => {
                self.note_procedure(cursor.clone());
                alone::kind(word, cursor).map(Kind::Alone)
            }
            _ => alone::kind(word, cursor).map(Kind::Alone),
        }
    }

    /// Whether a procedure is known to end transactions.
    fn commits(&self, name: &[String]) -> bool {
        let last = name.last().map_or("", String::as_str);
        self.committing.contains(last) || body::COMMITTING_PROCEDURES.contains(&last)
    }

    /// Notes `create procedure` with a body that ends transactions.
    fn note_procedure(&mut self, mut cursor: Cursor<'_>) {
        cursor.words(&["or", "replace"]);
        if !cursor.words(&["procedure"]) {
            return;
        }
        let Some(name) = cursor.qualified().pop() else { return };
        let ends = body::ends_transactions(&mut cursor, &|name: &[String]| self.commits(name));
        if ends {
            self.committing.insert(name);
        } else {
            self.committing.remove(&name);
        }
    }
}

/// The first words of the statements that are more than plain.
const LEADS: &[&str] = &[
    "abort", "alter", "begin", "call", "cluster", "commit", "create", "discard", "do", "drop",
    "end", "prepare", "reindex", "reset", "rollback", "select", "set", "start", "vacuum", "with",
];

/// The first word of a statement if it is one of them; most statements are passed here.
fn lead(statement: &str) -> Option<&'static str> {
    let bytes = statement.as_bytes();
    let length = bytes.iter().position(|byte| !continues_word(*byte)).unwrap_or(bytes.len());
    let word = &bytes[..length];
    LEADS.iter().find(|lead| word.eq_ignore_ascii_case(lead.as_bytes())).copied()
}

/// Reads `alter type … add value …` from behind `type`.
fn added_value(cursor: &mut Cursor<'_>) -> Option<Kind> {
    let enum_type = cursor.qualified();
    if !cursor.words(&["add", "value"]) {
        return None;
    }
    let if_not_exists = cursor.words(&["if", "not", "exists"]);
    let value = cursor.string()?;
    Some(Kind::AddEnumValue { enum_type, value, if_not_exists })
}
