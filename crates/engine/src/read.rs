//! Reads a database's catalog.

use whimbrel_catalog::{Catalog, ReadError, Rows, queries, read};

use crate::wire::{Answer, Failure, Session};

/// A catalog that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The server refused, or was lost.
    #[error("read the catalog")]
    Server(#[from] Failure),
    /// The answers are not what was asked.
    #[error("understand the catalog")]
    Answers(#[from] ReadError),
    /// A server whose version nobody knows.
    #[error("the server says no version that could be understood: `{0}`")]
    Version(String),
}

/// Reads everything in one snapshot, in one message, with everything pinned on which the texts
/// depend.
pub async fn catalog(session: &mut Session) -> Result<Catalog, CatalogError> {
    let major = major(session)?;
    let queries = queries(major);
    let asked = format!("select current_user; {}", queries.join("; "));
    let answers = pinned(session, &asked).await?;
    let own = PINNED.split(';').count();
    let role = answers.get(own).and_then(Answer::value).unwrap_or_default().to_owned();
    let tables: Vec<Table<'_>> =
        answers.iter().skip(own + 1).take(queries.len()).map(Table::new).collect();
    let tables: Vec<&dyn Rows> = tables.iter().map(|table| table as &dyn Rows).collect();
    Ok(read(major, &role, &tables)?)
}

/// Asks the catalog in one snapshot, with everything pinned on which the texts depend; the answers
/// of what pins it come first.
pub(crate) async fn pinned(session: &mut Session, queries: &str) -> Result<Vec<Answer>, Failure> {
    match session.simple(&format!("{PINNED}; {queries}; commit")).await {
        Ok(answers) => Ok(answers),
        Err(failure) => {
            if !failure.is_lost() {
                session.simple("rollback").await?;
            }
            Err(failure)
        }
    }
}

fn major(session: &Session) -> Result<u32, CatalogError> {
    let version = session.parameter("server_version").unwrap_or_default();
    let digits = version.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().map_err(|_| CatalogError::Version(version.to_owned()))
}

/// What the server's rendering of definitions and values depends on.
const PINNED: &str = "begin isolation level repeatable read read only; \
    set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; \
    set local intervalstyle = 'postgres'; set local extra_float_digits = 1; \
    set local bytea_output = 'hex'; set local quote_all_identifiers = off; \
    set local standard_conforming_strings = on; set local xmloption = content; \
    set local lc_monetary = 'C'; set local jit = off";

/// An answer as rows.
struct Table<'a> {
    answer: &'a Answer,
    rows: Vec<crate::wire::Row<'a>>,
}

impl<'a> Table<'a> {
    fn new(answer: &'a Answer) -> Self {
        Self { answer, rows: answer.rows().collect() }
    }
}

impl Rows for Table<'_> {
    fn columns(&self) -> Vec<&str> {
        self.answer.columns().iter().map(String::as_str).collect()
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn value(&self, row: usize, column: usize) -> Option<&str> {
        self.rows.get(row)?.at(column)
    }
}
