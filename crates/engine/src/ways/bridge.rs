//! A session over a way: whatever reads a database can read it so.
//!
//! The session speaks to this as to a server, and this asks the way, statement by statement. Only
//! queries pass: there is no transaction in which anything else could be undone, and no lock.

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use whimbrel_sql::split;

use super::{Trouble, Way, Wrapped, values, wrapped};

/// How much may wait to be read.
const BUFFER: usize = 1 << 16;

/// Begins to serve a way; the session's side of it. It ends when that is dropped.
pub(crate) fn bridge(way: Box<dyn Way>) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(BUFFER);
    tokio::spawn(async move {
        let mut stream = theirs;
        // Whoever hung up wants to hear no more.
        let _ = serve(&mut stream, way.as_ref()).await;
    });
    ours
}

async fn serve(stream: &mut DuplexStream, way: &dyn Way) -> std::io::Result<()> {
    loop {
        let kind = stream.read_u8().await?;
        let length = usize::try_from(stream.read_i32().await?).unwrap_or(4).saturating_sub(4);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let mut answer = BytesMut::new();
        match kind {
            b'Q' => {
                let text = String::from_utf8_lossy(&body);
                let lost = text_answered(text.trim_end_matches('\0'), way, &mut answer).await;
                if lost {
                    return stream.write_all(&answer).await;
                }
            }
            b'X' => return Ok(()),
            _ => refusal(&mut answer, "only simple queries go this way"),
        }
        message(&mut answer, b'Z', |body| body.put_u8(b'I'));
        stream.write_all(&answer).await?;
    }
}

/// Answers the statements of a text up to the first that fails; whether the way is lost by then.
async fn text_answered(text: &str, way: &dyn Way, answer: &mut BytesMut) -> bool {
    let Ok(script) = split(text) else {
        refusal(answer, "this is no SQL that could go this way");
        return false;
    };
    if script.statements.is_empty() {
        message(answer, b'I', |_| {});
    }
    for statement in script.statements.iter() {
        let statement = &text[statement.span];
        match passes(statement) {
            Passing::Query => match asked(statement, way).await {
                Ok(rows) => rows.write(answer),
                Err(Trouble::Server(server)) => {
                    error(answer, "ERROR", &server.code, &server.message, None);
                    return false;
                }
                Err(trouble) => {
                    error(answer, "FATAL", "08006", &trouble.to_string(), trouble.hint());
                    return true;
                }
            },
            // Nothing is written in it anyway, and each query sees what is committed.
            Passing::Frame(tag) => complete(answer, tag),
            Passing::Refused => {
                refusal(answer, "only queries go this way: it keeps no transaction and no lock");
                return false;
            }
        }
    }
    false
}

/// What becomes of a statement.
enum Passing {
    Query,
    Frame(&'static str),
    Refused,
}

fn passes(statement: &str) -> Passing {
    let words: Vec<String> =
        statement.split_whitespace().take(8).map(str::to_ascii_lowercase).collect();
    let first = words.first().map_or("", |word| word.trim_start_matches('('));
    let is_read_only = words.ends_with(&["read".to_owned(), "only".to_owned()]);
    match first {
        "select" | "with" | "table" | "values" => Passing::Query,
        "begin" if is_read_only => Passing::Frame("BEGIN"),
        "commit" => Passing::Frame("COMMIT"),
        "rollback" => Passing::Frame("ROLLBACK"),
        _ => Passing::Refused,
    }
}

/// The rows of one query.
struct Rows {
    names: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
}

async fn asked(query: &str, way: &dyn Way) -> Result<Rows, Trouble> {
    let unknown = |message: &str| Trouble::Unknown { message: message.to_owned() };
    let text = way.ask(&wrapped(query)).await?;
    let answer: Wrapped = serde_json::from_str(&text)
        .map_err(|error| unknown(&format!("an answer that cannot be read: {error}")))?;
    let rows = answer.rows.unwrap_or_default();
    let rows = rows.iter().map(|row| values(row)).collect::<Option<Vec<_>>>();
    let rows = rows.ok_or_else(|| unknown("a row that cannot be read"))?;
    Ok(Rows { names: answer.names.map(|names| names.0).unwrap_or_default(), rows })
}

impl Rows {
    fn write(&self, answer: &mut BytesMut) {
        message(answer, b'T', |body| {
            body.put_i16(i16::try_from(self.names.len()).unwrap_or(0));
            for name in &self.names {
                body.put_slice(name.as_bytes());
                // No table, no column of it; text of any length, as a text.
                body.put_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0xff, 0xff]);
                body.put_slice(&[0xff, 0xff, 0xff, 0xff, 0, 0]);
            }
        });
        for row in &self.rows {
            message(answer, b'D', |body| {
                body.put_i16(i16::try_from(row.len()).unwrap_or(0));
                for value in row {
                    match value {
                        Some(value) => {
                            body.put_i32(i32::try_from(value.len()).unwrap_or(0));
                            body.put_slice(value.as_bytes());
                        }
                        None => body.put_i32(-1),
                    }
                }
            });
        }
        complete(answer, &format!("SELECT {}", self.rows.len()));
    }
}

/// Adds a message: its kind, its length, and what `write` puts into it.
fn message(answer: &mut BytesMut, kind: u8, write: impl FnOnce(&mut BytesMut)) {
    let mut body = BytesMut::new();
    write(&mut body);
    answer.put_u8(kind);
    answer.put_i32(i32::try_from(body.len() + 4).unwrap_or(i32::MAX));
    answer.put_slice(&body);
}

fn complete(answer: &mut BytesMut, tag: &str) {
    message(answer, b'C', |body| {
        body.put_slice(tag.as_bytes());
        body.put_u8(0);
    });
}

fn refusal(answer: &mut BytesMut, text: &str) {
    error(answer, "ERROR", "0A000", text, None);
}

fn error(answer: &mut BytesMut, severity: &str, code: &str, text: &str, hint: Option<&str>) {
    let fields = [(b'S', severity), (b'V', severity), (b'C', code), (b'M', text)];
    message(answer, b'E', |body| {
        for (field, value) in fields.into_iter().chain(hint.map(|hint| (b'H', hint))) {
            body.put_u8(field);
            body.put_slice(value.replace('\0', " ").as_bytes());
            body.put_u8(0);
        }
        body.put_u8(0);
    });
}
