//! Postgres itself judges where statements begin and end, and what they are.

mod judge;
mod kinds;
mod mutations;
mod names;
mod runs;

use whimbrel_engine::wire::Session;
use whimbrel_sql::{Script, split};
use whimbrel_testkit::Database;

/// Connects to a test's database.
async fn session(database: &Database) -> Session {
    Session::connect(database.target(), "oracle").await.expect("the test's server lets us in")
}

/// What the server is to see of a script: a byte order mark, psql's commands and COPY data are
/// blanked, so that every byte keeps its place.
fn without_client_parts(text: &str, script: &Script) -> String {
    let mut bytes = text.as_bytes().to_owned();
    let mut blank = |start: usize, end: usize| {
        for byte in &mut bytes[start..end] {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    };
    if text.starts_with('\u{feff}') {
        blank(0, '\u{feff}'.len_utf8());
    }
    for gap in gaps(text, script) {
        let mut from = gap.start;
        while let Some(found) = text[from..gap.end].find('\\') {
            let start = from + found;
            let line = text[start..].find('\n').map_or(text.len(), |length| start + length);
            // A command ends with its line, or where SQL goes on behind `\\`.
            let end = text[start..line].find("\\\\").map_or(line, |length| start + length + 2);
            blank(start, end.min(gap.end));
            from = end.min(gap.end);
        }
    }
    for data in script.statements.iter().filter_map(|statement| statement.data) {
        blank(data.start, data.end);
    }
    String::from_utf8(bytes).expect("whole characters were blanked")
}

/// What lies between statements, their data being part of them.
fn gaps(text: &str, script: &Script) -> Vec<std::ops::Range<usize>> {
    let mut gaps = Vec::new();
    let mut start = 0;
    for statement in script.statements.iter() {
        gaps.push(start..statement.span.start);
        start = statement.span.end;
        if let Some(data) = &statement.data {
            gaps.push(start..data.start);
            start = data.end;
        }
    }
    gaps.push(start..text.len());
    gaps
}

fn must_split(text: &str) -> Script {
    split(text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}
