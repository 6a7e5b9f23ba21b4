//! Table `output`: what a run said, a line each, bounded in number and size.
//!
//! It is written by the run in a transaction of its own, when something failed and at the end, and
//! only where there is something to write. Nothing reads it but a person.

use whimbrel_sql::Literal;

/// Makes it. Journals made by an older Whimbrel get it with the first line that is kept.
pub(crate) const TABLE: &str = "create table if not exists whimbrel_journal.output (
    run bigint not null,
    line integer not null,
    at timestamptz not null default clock_timestamp(),
    kind text not null,
    migration text,
    text text not null,
    primary key (run, line)
)";

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its number within the run.
    pub(crate) number: usize,
    /// How long ago it was said, by this side's clock.
    pub(crate) milliseconds_ago: u64,
    /// `error`, `warning`, `notice`, `wait`, `retry`, `step`, `stop`.
    pub(crate) kind: &'static str,
    /// The migration under way.
    pub(crate) migration: Option<String>,
    /// What was said.
    pub(crate) text: String,
}

/// How many runs keep their output.
const RUNS: i64 = 500;

/// Writes lines of a run, and forgets those of runs long ago.
pub(crate) fn write(run: i64, lines: &[Line]) -> [String; 2] {
    let rows: Vec<String> = lines
        .iter()
        .map(|line| {
            let migration = line.migration.as_deref();
            format!(
                "({run}, {}, pg_catalog.clock_timestamp() - {} * interval '1 ms', {}, {}, {})",
                line.number,
                line.milliseconds_ago,
                Literal(line.kind),
                migration.map_or_else(|| "null".to_owned(), |id| Literal(id).to_string()),
                Literal(&line.text.replace('\0', "\u{fffd}")),
            )
        })
        .collect();
    [
        format!(
            "insert into whimbrel_journal.output (run, line, at, kind, migration, text) \
             values {} on conflict do nothing",
            rows.join(", ")
        ),
        format!("delete from whimbrel_journal.output where run <= {}", run.saturating_sub(RUNS)),
    ]
}
