//! Pieces of SQL that ledgers share.

use std::collections::BTreeMap;

use whimbrel_sql::{Literal, Qualified};

use super::{Ledger, LedgerError, Place, STARTED, TOOK, Took};

/// A ledger's table where it is, or where it is going to be made.
pub(super) struct At<'a> {
    /// Its schema.
    schema: &'a str,
    /// Its name.
    name: &'a str,
    /// Its columns; `None` of a table yet to be made.
    columns: Option<&'a BTreeMap<String, String>>,
    /// The columns with which its ledger makes it.
    made_with: &'static [&'static str],
}

impl<'a> At<'a> {
    /// Finds a table, or says where it will be.
    pub(super) fn new(
        place: &'a Place,
        name: &'a str,
        made_in: &'a str,
        made_with: &'static [&'static str],
    ) -> Self {
        match place.tables.get(name) {
            Some(found) => {
                Self { schema: &found.schema, name, columns: Some(&found.columns), made_with }
            }
            None => Self {
                schema: place.schema.as_deref().unwrap_or(made_in),
                name,
                columns: None,
                made_with,
            },
        }
    }

    /// Its schema.
    pub(super) fn schema(&self) -> &'a str {
        self.schema
    }

    /// Its name as SQL has it.
    pub(super) fn table(&self) -> Qualified<'a> {
        Qualified { schema: self.schema, name: self.name }
    }

    /// Whether it has a column.
    pub(super) fn has(&self, column: &str) -> bool {
        match self.columns {
            Some(columns) => columns.contains_key(column),
            None => self.made_with.contains(&column),
        }
    }

    /// The type of a column of a table that was there before.
    pub(super) fn kind(&self, column: &str) -> Option<&'a str> {
        self.columns?.get(column).map(String::as_str)
    }

    /// An expression if it has the column, else `null`.
    pub(super) fn or_null(&self, column: &str, expression: &str) -> String {
        if self.has(column) { expression } else { "null" }.to_owned()
    }

    /// A time as UTC, whatever the session's time zone and date style are.
    pub(super) fn utc(&self, column: &str) -> String {
        let local = if self.kind(column) == Some("timestamp without time zone") {
            column.to_owned()
        } else {
            format!("({column}::timestamptz at time zone 'UTC')")
        };
        self.or_null(column, &format!(r#"to_char({local}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#))
    }
}

/// A list of texts as an array of texts.
pub(super) fn array(texts: &[impl AsRef<str>]) -> String {
    if texts.is_empty() {
        return "'{}'::text[]".into();
    }
    format!("array[{}]::text[]", literals(texts))
}

/// A list of texts, parted by commas.
pub(super) fn literals(texts: &[impl AsRef<str>]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| Literal(text.as_ref()).to_string()).collect();
    texts.join(", ")
}

/// A text, or `null`.
pub(super) fn literal_or_null(text: Option<&str>) -> String {
    text.map_or_else(|| "null".into(), |text| Literal(text).to_string())
}

/// An expression for the milliseconds that something took, such that an `integer` can hold them.
pub fn milliseconds(took: Took) -> String {
    match took {
        Took::ThisTransaction => format!(
            "least(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000 \
             - coalesce(nullif(pg_catalog.current_setting('{STARTED}', true), '')::double precision, \
             pg_catalog.date_part('epoch', pg_catalog.transaction_timestamp()) * 1000), 2147483647)::integer"
        ),
        Took::Noted => format!("pg_catalog.current_setting('{TOOK}')::integer"),
        Took::Milliseconds(milliseconds) => milliseconds.clamp(0, i64::from(i32::MAX)).to_string(),
    }
}

/// The error for a row that a ledger does not know.
pub(super) fn unknown(
    ledger: &dyn Ledger,
    what: &'static str,
    text: impl Into<String>,
) -> LedgerError {
    LedgerError { ledger: ledger.name(), what, text: text.into() }
}
