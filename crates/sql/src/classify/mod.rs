//! Tells what a runner must know of a statement, from its words alone.

mod alone;
mod body;
mod strings;
mod transaction;

use std::collections::BTreeSet;

use crate::cursor::Cursor;
use crate::{Backslash, Kind};

/// What the statements read so far mean for those that follow.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    strings: strings::Setting,
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
        let mut cursor = Cursor::new(statement, self.backslash());
        let kind = self.read(&mut cursor, copies);
        self.strings.pass(&kind);
        kind
    }

    fn read(&mut self, cursor: &mut Cursor<'_>, copies: bool) -> Kind {
        if copies {
            return Kind::CopyIn;
        }
        let Some(word) = cursor.any_word(LEADS) else { return Kind::Plain };
        let kind = match word {
            "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "prepare" => {
                transaction::kind(word, cursor)
            }
            "set" | "reset" | "select" | "with" => self.strings.kind(word, cursor),
            "discard" if cursor.words(&["all"]) => Some(self.strings.discarded()),
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
        };
        kind.unwrap_or(Kind::Plain)
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
