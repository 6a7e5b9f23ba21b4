//! Ways to a database that are no connection of our own: `psql`, an API.
//!
//! Each is poor in the same way. It takes a text, answers with what it said, and keeps nothing from
//! one text to the next: no lock, no transaction, no setting. So what reads goes through a
//! bridge, a session that takes single queries and nothing else, and what writes goes as
//! the parts of a [script](crate::paste), which defend themselves.

mod api;
mod bridge;
mod http;
mod pg_dump;
mod psql;
mod service;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::Deserialize;

use crate::Target;
use crate::paste::Piece;
use crate::wire::ServerError;

pub use api::Api;
pub(crate) use bridge::bridge;
pub use pg_dump::{DumpError, DumpVersion, LeftOut, PgDump};
pub use psql::Psql;

/// By which way a target is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// A connection of our own.
    #[default]
    Connection,
    /// The program `psql`.
    Psql(Psql),
    /// Supabase's Management API.
    Api(Api),
}

impl By {
    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connection => "native",
            Self::Psql(_) => "psql",
            Self::Api(_) => "api",
        }
    }
}

/// What a way answers, in its time.
pub(crate) type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send + 'a>>;

/// A way to a database.
pub(crate) trait Way: Send + Sync {
    /// Runs one query that answers with one text.
    fn ask<'a>(&'a self, query: &'a str) -> Reply<'a, String>;

    /// Sends a piece of a script.
    fn send<'a>(&'a self, piece: &'a Piece) -> Reply<'a, ()>;
}

/// Why a way did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The database said no.
    #[error("{0}")]
    Server(Box<ServerError>),
    /// It never came to the database.
    #[error("{message}")]
    Unreached {
        /// What happened.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Nobody knows what the database did.
    #[error("no answer that tells what became of it: {message}")]
    Unknown {
        /// What happened.
        message: String,
    },
}

impl Trouble {
    /// What to do about it, where that can be told.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Server(error) => error.hint.as_deref(),
            Self::Unreached { hint, .. } => hint.as_deref(),
            Self::Unknown { .. } => Some(
                "run it again in a while: what is applied is recorded, and nothing runs twice; \
                 `whimbrel status` shows it",
            ),
        }
    }
}

/// The way of a target, where it is another than a connection.
pub(crate) fn way_of(target: &Target) -> Option<Box<dyn Way>> {
    match &target.by {
        By::Connection => None,
        By::Psql(psql) => Some(Box::new(psql::Program::new(psql, target))),
        By::Api(api) => Some(Box::new(api::Client::new(api))),
    }
}

/// Sends a piece of a script to a target by its way.
///
/// # Panics
/// If a connection is its way.
pub async fn send(target: &Target, piece: &Piece) -> Result<(), Trouble> {
    let way = way_of(target).expect("a script goes by a way that is no connection");
    way.send(piece).await
}

/// What a wrapped query answers.
#[derive(Debug, Default, Deserialize)]
struct Wrapped {
    /// The names of its columns, in their order; none where there is no row.
    names: Option<Names>,
    /// Each row as the server writes a row.
    rows: Option<Vec<String>>,
}

/// A query that answers with one text, which holds all rows of another: each as the server writes a
/// row, since that is what each value is as a text.
fn wrapped(query: &str) -> String {
    format!(
        "select pg_catalog.json_build_object('names', (pg_catalog.array_agg(pg_catalog.row_to_json(q)))[1], \
         'rows', pg_catalog.json_agg(q::text))::text as answer from (\n{query}\n) q"
    )
}

/// The keys of a JSON object in their order, as often as they stand there.
#[derive(Debug)]
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> serde::de::Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<Names, M::Error> {
        let mut names = Vec::new();
        while let Some((name, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
            names.push(name);
        }
        Ok(Names(names))
    }
}

/// The values of a row as the server writes one: `(1,,"a ""b"", c")`; nothing is null.
fn values(row: &str) -> Option<Vec<Option<String>>> {
    let inner = row.strip_prefix('(')?.strip_suffix(')')?;
    let mut values = Vec::new();
    let mut value: Option<String> = None;
    let mut is_quoted = false;
    let mut letters = inner.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                value.get_or_insert_default().push('"');
            }
            '"' => {
                is_quoted = !is_quoted;
                value.get_or_insert_default();
            }
            '\\' => value.get_or_insert_default().push(letters.next()?),
            ',' if !is_quoted => values.push(value.take()),
            letter => value.get_or_insert_default().push(letter),
        }
    }
    values.push(value);
    Some(values)
}

/// The server's error in a text that a program made of it: `ERROR:  42P01: relation …`. It is the last
/// thing that the server said: notices, which look alike, come before it.
fn server_error(text: &str) -> Option<ServerError> {
    let lines: Vec<&str> = text.lines().collect();
    let said = |line: &str| {
        let (_, rest) = line.split_once(":  ")?;
        let (code, message) = rest.split_once(": ")?;
        let is_letter = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
        (code.len() == 5 && code.chars().all(is_letter))
            .then(|| (code.to_owned(), message.to_owned()))
    };
    let last = lines.iter().enumerate().rev().find_map(|(at, line)| Some((at, said(line)?)));
    let (at, (code, message)) = last?;
    let severity = "ERROR".to_owned();
    let mut error = ServerError { severity, code, message, ..ServerError::default() };
    let mut detail = Vec::new();
    for line in &lines[at + 1..] {
        if let Some(hint) = line.strip_prefix("HINT:  ") {
            error.hint = Some(hint.to_owned());
        } else if let Some(text) = line.strip_prefix("DETAIL:  ") {
            detail.push(text);
        }
    }
    error.detail = (!detail.is_empty()).then(|| detail.join("; "));
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(row: &str) -> Vec<Option<String>> {
        values(row).unwrap()
    }

    #[test]
    fn a_row_is_read_as_the_server_writes_it() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            texts(r#"(1,,"a ""b"", c","","x\\y",t)"#),
            [some("1"), None, some("a \"b\", c"), some(""), some("x\\y"), some("t"),]
        );
        assert_eq!(texts("()"), [None]);
        assert_eq!(values("nothing"), None);
    }

    #[test]
    fn the_servers_words_are_found_in_a_programs() {
        let text =
            "psql:<stdin>:4: ERROR:  WB001: `a` is applied already\nHINT:  go on\nCONTEXT:  x\n";
        let error = server_error(text).unwrap();
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("WB001", "`a` is applied already")
        );
        assert_eq!(error.hint.as_deref(), Some("go on"));
        let noticed = format!("psql:<stdin>:2: NOTICE:  42P07: relation exists, skipping\n{text}");
        assert_eq!(server_error(&noticed), Some(error));
        assert!(server_error("psql: error: connection to server failed").is_none());
    }
}
