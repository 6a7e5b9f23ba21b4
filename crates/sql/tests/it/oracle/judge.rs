//! Asks the server what a text is without letting it do anything.
//!
//! In a transaction that has failed the server still reads every text: one that is no SQL is a
//! syntax error with its place, more than one statement cannot be prepared, and one statement is
//! ignored (25P02). Nothing is executed but what ends the transaction.

use std::collections::BTreeMap;

use whimbrel_engine::wire::{ServerError, Session, TransactionStatus};
use whimbrel_sql::{Backslash, offset};
use whimbrel_testkit::Database;

use super::session;

/// What the server takes a text for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No statement.
    Empty,
    /// One statement.
    One,
    /// More than one.
    Many,
    /// Not SQL.
    Error {
        /// What the server says.
        message: String,
        /// The byte it points at.
        at: Option<usize>,
    },
}

/// A server that reads and does nothing.
pub(super) struct Judge {
    conforming: Session,
    escaping: Session,
    known: BTreeMap<(bool, String), Verdict>,
}

impl Judge {
    pub(super) async fn new(database: &Database) -> Self {
        let conforming = session(database).await;
        let mut escaping = session(database).await;
        escaping.simple("set standard_conforming_strings = off").await.expect("it can be off");
        Self { conforming, escaping, known: BTreeMap::new() }
    }

    pub(super) async fn verdict(&mut self, text: &str, backslash: Backslash) -> Verdict {
        let key = (backslash == Backslash::Escapes, text.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let session = match backslash {
            Backslash::Plain => &mut self.conforming,
            Backslash::Escapes => &mut self.escaping,
        };
        let verdict = ask(session, text).await;
        self.known.insert(key, verdict.clone());
        verdict
    }
}

async fn ask(session: &mut Session, text: &str) -> Verdict {
    fail(session).await;
    let prepared = session.query(text, &[]).await;
    if let Err(failure) = prepared {
        let error = failure.server().expect("the server answers").clone();
        match error.code.as_str() {
            // Ignored; or executed, since it would end the failure: there is no such savepoint.
            "25P02" | "3B001" => {}
            "42601" if error.message.starts_with("cannot insert multiple commands") => {
                return Verdict::Many;
            }
            _ => return refusal(text, error),
        }
    }
    // An empty text cannot be told from an ignored statement but by the simple protocol.
    fail(session).await;
    match session.simple(text).await {
        Ok(answers) if answers.is_empty() => Verdict::Empty,
        // What ends a transaction is done.
        Ok(_) => Verdict::One,
        Err(failure) => match failure.code() {
            Some("42601") => refusal(text, failure.server().expect("it has a code").clone()),
            _ => Verdict::One,
        },
    }
}

fn refusal(text: &str, error: ServerError) -> Verdict {
    let at = error.position.map(|position| offset(text, position));
    Verdict::Error { message: error.message, at }
}

/// Brings a session into a failed transaction.
async fn fail(session: &mut Session) {
    if session.transaction() == TransactionStatus::Idle {
        session.simple("begin").await.expect("a transaction begins");
    }
    if session.transaction() == TransactionStatus::Open {
        session.simple("select 1/0").await.expect_err("nothing divides by zero");
    }
}
