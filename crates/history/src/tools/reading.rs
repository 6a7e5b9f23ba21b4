//! What the columns of a tool's ledger say, as SQL, and the rows that come of it.

use whimbrel_sql::Qualified;

use super::{Ledger, Table};
use crate::Status;

/// What the columns of a ledger say, each an expression over its table; `{table}` stands for the
/// table itself.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// What the tool calls the migration.
    pub version: &'static str,
    /// What a person calls it.
    pub name: &'static str,
    /// `completed`, `failed`, `running` or `rolled_back`.
    pub status: &'static str,
    /// When it was applied.
    pub applied_at: Time,
    /// How long it took, in milliseconds.
    pub milliseconds: &'static str,
    /// The tool's own checksum of its file.
    pub checksum: &'static str,
    /// The error of a failed one.
    pub error: &'static str,
    /// Which rows are migrations.
    pub only: &'static str,
    /// The order in which they were applied.
    pub order: &'static str,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            version: "null",
            name: "null",
            status: "'completed'",
            applied_at: Time::Unknown,
            milliseconds: "null",
            checksum: "null",
            error: "null",
            only: "true",
            order: "null::text",
        }
    }
}

/// When a migration was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// The tool does not say.
    Unknown,
    /// A column; one without a time zone is taken as UTC.
    Column(&'static str),
    /// A `timestamptz`.
    Zoned(&'static str),
}

impl Time {
    fn sql(self, table: &Table) -> String {
        let utc = match self {
            Self::Unknown => return "null".to_owned(),
            Self::Column(column) if table.kind(column) == Some("timestamp without time zone") => {
                column.to_owned()
            }
            Self::Column(zoned) | Self::Zoned(zoned) => format!("({zoned}) at time zone 'UTC'"),
        };
        format!(r#"pg_catalog.to_char({utc}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#)
    }
}

/// An entry of a tool's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What the tool calls the migration.
    pub version: String,
    /// What a person calls it.
    pub name: Option<String>,
    /// How it went.
    pub status: Status,
    /// When it was applied: `2026-01-31T12:00:00.000000Z`.
    pub applied_at: Option<String>,
    /// How long it took.
    pub execution_time_ms: Option<i64>,
    /// The tool's own checksum of its file.
    pub checksum: Option<String>,
    /// The error of a failed one.
    pub error: Option<String>,
}

/// A ledger in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many are applied.
    pub applied: u64,
    /// How many failed or were never finished.
    pub failed: u64,
    /// The newest that is applied.
    pub newest: Option<String>,
    /// When it was.
    pub applied_at: Option<String>,
    /// The first that failed.
    pub first_failed: Option<String>,
}

/// A row that is not what the query promises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger of {tool} holds {what} `{text}` that is not known")]
pub struct ReadingError {
    /// The tool.
    pub tool: &'static str,
    /// The column.
    pub what: &'static str,
    /// What stands there.
    pub text: String,
}

impl Ledger {
    /// Its table as SQL has it.
    fn qualified(&self) -> Qualified<'_> {
        Qualified { schema: &self.table.schema, name: &self.table.name }
    }

    /// A query for all entries, in the order in which they were applied: for [`Ledger::applied`].
    pub fn entries(&self) -> String {
        format!(
            "select version, name, status, applied_at, milliseconds, checksum, error\nfrom ({}) e\norder by n",
            self.rows()
        )
    }

    /// A query for one row that sums all up: for [`Ledger::summary`].
    pub fn summarise(&self) -> String {
        format!(
            "select count(*) filter (where status = 'completed')::text, \
             count(*) filter (where status in ('failed', 'running'))::text, \
             (array_agg(version order by n desc) filter (where status = 'completed'))[1], \
             (array_agg(applied_at order by n desc) filter (where status = 'completed'))[1], \
             (array_agg(version order by n) filter (where status in ('failed', 'running')))[1]\n\
             from ({}) e",
            self.rows()
        )
    }

    fn rows(&self) -> String {
        let reading = self.tool.reading(&self.table);
        let table = self.qualified().to_string();
        let text = |sql: &str| sql.replace("{table}", &table);
        format!(
            "select ({})::text as version, ({})::text as name, ({})::text as status, {} as applied_at, \
             round({})::bigint::text as milliseconds, ({})::text as checksum, ({})::text as error, \
             row_number() over (order by {}) as n\nfrom {table} t where {}",
            text(reading.version),
            text(reading.name),
            text(reading.status),
            reading.applied_at.sql(&self.table),
            text(reading.milliseconds),
            text(reading.checksum),
            text(reading.error),
            text(reading.order),
            text(reading.only),
        )
    }

    /// Turns one row of [`Ledger::entries`] into an entry.
    pub fn applied(&self, row: &[Option<&str>]) -> Result<Applied, ReadingError> {
        let [Some(version), name, Some(status), applied_at, milliseconds, checksum, error] = *row
        else {
            return Err(self.unknown("a row", format!("{row:?}")));
        };
        let owned = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Applied {
            version: version.to_owned(),
            name: owned(name),
            status: match status {
                "completed" => Status::Completed,
                "failed" => Status::Failed,
                "running" => Status::Running,
                "rolled_back" => Status::RolledBack,
                other => return Err(self.unknown("status", other)),
            },
            applied_at: owned(applied_at),
            execution_time_ms: milliseconds
                .map(|text| text.parse().map_err(|_| self.unknown("a duration", text)))
                .transpose()?,
            checksum: owned(checksum),
            error: owned(error),
        })
    }

    /// Turns the row of [`Ledger::summarise`] into a summary.
    pub fn summary(&self, row: &[Option<&str>]) -> Result<Summary, ReadingError> {
        let [Some(applied), Some(failed), newest, applied_at, first_failed] = *row else {
            return Err(self.unknown("a row", format!("{row:?}")));
        };
        let number = |text: &str| text.parse().map_err(|_| self.unknown("a count", text));
        Ok(Summary {
            applied: number(applied)?,
            failed: number(failed)?,
            newest: newest.map(str::to_owned),
            applied_at: applied_at.map(str::to_owned),
            first_failed: first_failed.map(str::to_owned),
        })
    }

    fn unknown(&self, what: &'static str, text: impl Into<String>) -> ReadingError {
        ReadingError { tool: self.tool.name(), what, text: text.into() }
    }
}
