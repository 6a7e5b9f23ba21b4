//! What reports are made of: the shapes that leave this program as JSON.
//!
//! Each report says its version. A field may be added within a version; one that is renamed,
//! removed or means something else makes a new one.

use std::borrow::Cow;
use std::error::Error as StdError;

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use whimbrel_sql::{Diagnostic, Position, Severity};

use crate::catalogue::Code;
use crate::error::{Error, Located};
use crate::mask;

/// The version of every report.
pub const VERSION: u32 = 1;

/// An error in place of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Failed {
    /// Of this shape.
    pub version: u32,
    /// What happened.
    pub error: ErrorShown,
}

/// An error, secrets covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorShown {
    /// Its id in the catalogue: `whimbrel explain` says what it means.
    pub code: &'static str,
    /// The exit code.
    pub exit_code: u8,
    /// The word for it.
    pub exit: &'static str,
    /// The whole chain in one line.
    pub message: String,
    /// The error and what caused it, the outermost first.
    pub chain: Vec<String>,
    /// What to do, a sentence each.
    pub hints: Vec<String>,
    /// The places it is about.
    pub places: Vec<PlaceShown>,
}

/// A remark about a place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceShown {
    /// `error`, `warning` or `note`.
    pub severity: Cow<'static, str>,
    /// What is said.
    pub message: String,
    /// The file, relative to the project.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
    /// What to do, a sentence each.
    pub hints: Vec<String>,
}

impl ErrorShown {
    /// Takes an error of a use case apart.
    pub fn of(error: &Error) -> Self {
        Self::new(error, error.code(), &error.hints(), &error.places())
    }

    /// Takes an error apart.
    pub fn new(
        error: &dyn StdError,
        code: &Code,
        hints: &[String],
        places: &[Located<'_>],
    ) -> Self {
        let chain: Vec<String> = chain(error).iter().map(|text| mask(text)).collect();
        Self {
            code: code.id,
            exit_code: code.exit.code(),
            exit: code.exit.name(),
            message: chain.join(": "),
            chain,
            hints: hints.iter().map(|hint| mask(hint)).collect(),
            places: places.iter().map(PlaceShown::new).collect(),
        }
    }
}

impl PlaceShown {
    /// Counts lines and columns where the text is at hand.
    pub fn new(located: &Located<'_>) -> Self {
        let place = located.diagnostic.span.as_ref().and_then(|span| located.position(span.start));
        Self::at(located.diagnostic, place)
    }

    /// A remark whose line and column are known, or not.
    pub fn at(diagnostic: &Diagnostic, place: Option<Position>) -> Self {
        Self {
            severity: match diagnostic.severity {
                Severity::Error => "error".into(),
                Severity::Warning => "warning".into(),
                Severity::Note => "note".into(),
            },
            message: mask(&diagnostic.message),
            file: diagnostic.file.clone(),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            hints: diagnostic.hints.iter().map(|hint| mask(hint)).collect(),
        }
    }
}

/// The texts of an error and of what caused it; one that the text before it ends in is left out.
pub fn chain(error: &dyn StdError) -> Vec<String> {
    let mut chain = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if chain.last().is_none_or(|last| !last.ends_with(&text)) {
            chain.push(text);
        }
        cause = error.source();
    }
    chain
}

/// A database as a person recognises it; never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseShown {
    /// The host and port, or the socket.
    pub host: String,
    /// The database.
    pub database: String,
    /// The role in effect.
    pub role: String,
    /// The server's version.
    pub server_version: String,
    /// The environment of whimbrel.toml that it was named by.
    pub environment: Option<String>,
    /// Where its URL was found.
    pub found_in: String,
    /// Whether a transaction pooler stands between.
    pub pooled: bool,
}

/// What a person is asked to consent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Confirmation {
    /// Where it would run.
    pub database: DatabaseShown,
    /// The command: `up`, `down` …
    pub command: &'static str,
    /// What a yes allows: to `run` them.
    pub allows: &'static str,
    /// What becomes of them: `will be applied`.
    pub becomes: &'static str,
    /// What they are: `migration`, `seed file`.
    pub what: &'static str,
    /// What would run, in its order.
    pub migrations: Vec<MigrationShown>,
    /// What should be known of them before.
    pub remarks: Vec<String>,
    /// The word to type, where a bare yes is not enough.
    pub word: Option<String>,
}

/// A migration by its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MigrationShown {
    /// Its history.
    pub history: String,
    /// Its id.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// What it does, where its file says so.
    pub description: Option<String>,
    /// The file, relative to the project; `None` where only the ledger knows it.
    #[schemars(with = "Option<String>")]
    pub file: Option<Utf8PathBuf>,
    /// What it loses of what was there before; `None` where that is not known.
    pub losses: Option<Vec<LossShown>>,
}

/// Something that a migration loses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LossShown {
    /// What is done to it.
    pub how: LossHow,
    /// `table`, `column`, `materialized view` or `enum label`.
    pub kind: &'static str,
    /// Its name when the migration runs, qualified.
    pub name: String,
    /// How many rows the table in question has now; `None` where that is not known.
    pub rows: Option<u64>,
    /// Whether the rows were counted, and not estimated.
    pub counted: bool,
}

/// What is done to something that is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LossHow {
    /// It is dropped.
    Dropped,
    /// It is dropped, and something new gets its name.
    Replaced,
    /// It is emptied by `truncate`, or rewritten whole: the catalog does not tell which.
    EmptiedOrRewritten,
}
