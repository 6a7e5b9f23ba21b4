//! A query that tells whether a state is still what it was, without reading it again.
//!
//! Ten thousand entries are many bytes to make, send and take apart, and nearly always what they
//! were. The server hashes them where they lie, and whoever kept what they led to asks for that
//! hash alone, in one message.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use whimbrel_sql::Literal;

use crate::wire::Answer;

/// What tells whether a state is still what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The moment at which it was made, as [`MOMENT`] has it.
    moment: String,
    /// A query for one text.
    query: String,
    /// What it answered.
    answer: String,
}

/// An expression for a moment in the life of a server: which transactions had ended, and when the
/// server was started. As long as it stays the same nothing at all was written, in any database.
///
/// A server that is set back to an older state, transaction numbers and all, has to be started for
/// it.
pub(super) const MOMENT: &str = "pg_catalog.concat_ws(' ', pg_catalog.pg_current_snapshot(), \
    extract(epoch from pg_catalog.pg_postmaster_start_time()))";

impl Seal {
    /// Whether it was made at this moment.
    pub(super) fn is_of(&self, moment: &str) -> bool {
        self.moment == moment
    }

    /// Asks for it again.
    pub(super) fn question(&self) -> String {
        format!("{AT_ONE_MOMENT};\n{}", self.query)
    }

    /// Whether the first answers are those to its question, and what they were.
    pub(super) fn is_answered(&self, answers: &mut impl Iterator<Item = Answer>) -> bool {
        let answer = answers.nth(1);
        let text = answer.as_ref().and_then(|answer| answer.first()?.at(1));
        text.is_some_and(|text| text == self.answer)
    }
}

/// A query, and what its answer is made of.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// The query.
    pub(super) text: String,
    /// The tables it reads; empty where it is not known, and the answer itself must tell.
    pub(super) tables: Vec<Rows>,
}

/// The rows of a table, by their versions.
#[derive(Clone, Debug)]
pub(super) struct Rows(String);

impl Question {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), tables: Vec::new() }
    }
}

impl Rows {
    /// Those of a table, with the time that each has, if there is one.
    ///
    /// The server gives every version of a row a place and the transaction that wrote it: neither
    /// stays when the row is written again. Only a server that was set back to an older state may
    /// give both to another row, and the time tells that.
    pub(super) fn of(table: impl Display, time: Option<&str>) -> Self {
        let time = time.unwrap_or("null");
        Self(format!("select tableoid, ctid, xmin, {time}::timestamptz from {table}"))
    }
}

/// A seal in the making: asked for in the same transaction as what it is to tell of.
pub(super) struct Sealing {
    query: String,
    /// What [`tables`] said when the tables were looked for.
    tables: String,
}

impl Sealing {
    /// For questions to tables that were found when `catalog` had the value `tables`.
    pub(super) fn new(catalog: &str, tables: String, questions: &[Question]) -> Self {
        let rows: Vec<&str> =
            questions.iter().flat_map(|one| &one.tables).map(|rows| rows.0.as_str()).collect();
        let rows = (!rows.is_empty()).then(|| rows.join(" union all "));
        let answers = questions.iter().filter(|one| one.tables.is_empty());
        let hashed = answers.map(|one| hash(&one.text)).chain(rows.map(hash));
        let parts: Vec<String> = std::iter::once(catalog.to_owned()).chain(hashed).collect();
        let query = format!("select {MOMENT}, pg_catalog.concat_ws(' ', {})", parts.join(", "));
        Self { query, tables }
    }

    /// The statements that come before the questions.
    pub(super) fn before(&self) -> [&str; 2] {
        [AT_ONE_MOMENT, &self.query]
    }

    /// Takes the seal from the answers; none where the tables are no longer those that were found.
    pub(super) fn seal(self, answers: &mut impl Iterator<Item = Answer>) -> Option<Seal> {
        let answers = answers.nth(1)?;
        let [moment, answer] = [0, 1].map(|column| answers.first()?.at(column).map(str::to_owned));
        let (moment, query, answer) = (moment?, self.query, answer?);
        answer.starts_with(&self.tables).then_some(Seal { moment, query, answer })
    }
}

/// The first major version that hashes records.
pub(super) const SINCE: u16 = 14;

/// All statements of a message see the same, and write nothing.
const AT_ONE_MOMENT: &str = "set transaction isolation level repeatable read, read only";

/// An expression for a hash of the records of a query, in any order.
///
/// The hash of a record is a sum over its columns, so it is hashed once more: otherwise two rows
/// that swap a value would leave the sum as it is.
fn hash(records: impl Display) -> String {
    format!(
        "(select coalesce(pg_catalog.sum(pg_catalog.hashint8extended(\
         pg_catalog.hash_record_extended(record, 0), 0)), 0) from ({records}) record)"
    )
}

/// An expression that changes with the tables of these names: which there are, and whatever is done
/// to one that writes its row in the catalog anew, such as a new column or a grant.
pub(super) fn tables(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<String> = names.map(|name| Literal(name).to_string()).collect();
    hash(format!(
        "select oid, xmin, relnamespace, relname from pg_catalog.pg_class where relname in ({})",
        names.join(", ")
    ))
}

/// An expression that changes when there is a new table of any name.
pub(super) const NEWEST_TABLE: &str = "(select oid from pg_catalog.pg_class \
    where relkind in ('r', 'p', 'v') and relpersistence <> 't' order by oid desc limit 1)";

/// The one value of an answer.
pub(super) fn text(answer: &Answer) -> Option<String> {
    answer.first()?.at(0).map(str::to_owned)
}
