//! What a database is asked: one file each, and two lines here.
//!
//! All questions go out in one message, in one read-only transaction, so each must be answerable
//! by any role, and must not read more of a catalog than it has to: databases have 20,000 tables.

mod connections;
mod constraints;
mod indexes;
mod locks;
mod ownership;
mod prepared;
mod read_only;
mod replicas;
mod rights;
mod row_security;
mod search_path;
mod slots;
mod timeouts;
mod transactions;
mod version;

use std::collections::BTreeMap;
use std::time::Duration;

use whimbrel_engine::wire::Answer;
use whimbrel_sql::Ident;

use super::finding::{About, Finding};

/// Every check of a database, in the order in which findings are shown.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub const ALL: &[&dyn Check] = &[
    &version::Version,
    &read_only::ReadOnly,
    &connections::Connections,
    &slots::Slots,
    &replicas::Replicas,
    &rights::Rights,
    &ownership::Ownership,
    &row_security::RowSecurity,
    &timeouts::Timeouts,
    &search_path::SearchPath,
    &locks::Locks,
    &transactions::Transactions,
    &prepared::Prepared,
    &indexes::Indexes,
    &constraints::Constraints,
];

/// Something that a database is asked.
pub trait Check: Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// The query; `None` where what is known anyway is enough.
    /// `longer_than` is from when on a transaction is long.
    fn question(&self, _longer_than: Duration) -> Option<String> {
        None
    }

    /// What the answer means.
    fn judge(&self, answer: &Answer, seen: &Seen) -> Vec<Finding>;
}

/// What is known before anything else is asked.
#[derive(Debug)]
pub struct Seen {
    /// `server_version_num`.
    pub version_number: i32,
    /// `server_version`.
    pub version: String,
    /// The database.
    pub database: String,
    /// Its owner.
    pub owner: String,
    /// The role in effect.
    pub role: String,
    /// The schema that new objects go to.
    pub schema: Option<String>,
    /// Whether the server is a standby.
    pub standby: bool,
    /// Whether Supabase made this database.
    pub supabase: bool,
    /// The process that serves us.
    pub backend: i32,
    /// Settings that matter, by name.
    pub settings: BTreeMap<String, Setting>,
}

/// A setting in effect.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its value, times in milliseconds.
    pub value: String,
    /// Who set it, as `pg_settings.source` says.
    pub source: String,
}

/// The number in a column; zero where there is none.
fn number(row: &whimbrel_engine::wire::Row<'_>, column: &str) -> i64 {
    row.get(column).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The text in a column; empty where there is none.
fn text<'a>(row: &whimbrel_engine::wire::Row<'a>, column: &str) -> &'a str {
    row.get(column).unwrap_or_default()
}

/// Who a backend is: `pid 12, app as alice`.
fn who(row: &whimbrel_engine::wire::Row<'_>) -> String {
    let application = match text(row, "application") {
        "" => String::new(),
        name => format!(" `{name}`"),
    };
    format!("pid {},{application} as `{}`", text(row, "pid"), text(row, "usename"))
}

/// Adds who set a setting and how it is taken back.
fn reset(finding: Finding, name: &str, setting: &Setting, seen: &Seen, harmless: &str) -> Finding {
    let (role, database) = (Ident(&seen.role), Ident(&seen.database));
    let (by, sql) = match setting.source.as_str() {
        "user" => ("the role", format!("alter role {role} reset {name};")),
        "database" => ("the database", format!("alter role {role} set {name} = {harmless};")),
        "database user" => (
            "the role in this database",
            format!("alter role {role} in database {database} reset {name};"),
        ),
        "client" | "environment variable" => {
            return finding
                .shown_by(format!("`{name}`, set by the connection itself"))
                .cured_by("leave it out of `options` in the connection URL, or of PGOPTIONS");
        }
        _ => ("the server", format!("alter role {role} set {name} = {harmless};")),
    };
    finding.shown_by(format!("`{name}`, set by {by}")).with_sql(sql)
}
