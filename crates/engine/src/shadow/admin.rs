//! Statements for the shadow's own housekeeping.

use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{ErrorResponseBody, Message};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::error::{Cause, ShadowError};
use crate::{Host, Target};

/// Runs statements one by one, each in a transaction of its own; returns the first column of the
/// rows of the last.
pub(crate) async fn run(target: &Target, statements: &[&str]) -> Result<Vec<String>, ShadowError> {
    let mut connection =
        Connection::open(target).await.map_err(|cause| ShadowError::Connect { cause })?;
    let mut rows = Vec::new();
    for statement in statements {
        rows = connection
            .query(statement)
            .await
            .map_err(|cause| ShadowError::Sql { statement: (*statement).to_owned(), cause })?;
    }
    Ok(rows)
}

/// Whether the server answers; the error says whether to try again.
pub(crate) async fn answers(target: &Target) -> bool {
    Connection::open(target).await.is_ok()
}

/// How long to wait between two tries to connect.
pub(crate) const POLL: Duration = Duration::from_millis(1);

struct Connection {
    stream: UnixStream,
    buffer: BytesMut,
}

impl Connection {
    async fn open(target: &Target) -> Result<Self, Cause> {
        let Some(Host::Socket { folder, port }) = target.hosts.first() else {
            return Err(Cause::new("no socket"));
        };
        let stream = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))
            .await
            .map_err(|error| Cause::of(&error))?;
        let mut connection = Self { stream, buffer: BytesMut::new() };
        let mut out = BytesMut::new();
        let parameters = [("user", &*target.user), ("database", &*target.database)];
        frontend::startup_message(parameters, &mut out).map_err(|error| Cause::of(&error))?;
        connection.send(&out).await?;
        connection.until_ready().await?;
        Ok(connection)
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<String>, Cause> {
        let mut out = BytesMut::new();
        frontend::query(sql, &mut out).map_err(|error| Cause::of(&error))?;
        self.send(&out).await?;
        self.until_ready().await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        self.stream.write_all(bytes).await.map_err(|error| Cause::of(&error))
    }

    async fn until_ready(&mut self) -> Result<Vec<String>, Cause> {
        let mut rows = Vec::new();
        let mut failure = None;
        loop {
            match Message::parse(&mut self.buffer).map_err(|error| Cause::of(&error))? {
                Some(Message::ReadyForQuery(_)) => return failure.map_or(Ok(rows), Err),
                Some(Message::ErrorResponse(body)) => failure = Some(text(&body)),
                Some(Message::DataRow(row)) => {
                    let first = row.ranges().next().map_err(|error| Cause::of(&error))?.flatten();
                    let bytes = first.map(|range| row.buffer()[range].to_vec()).unwrap_or_default();
                    rows.push(String::from_utf8_lossy(&bytes).into_owned());
                }
                Some(_) => {}
                None => {
                    let count = self
                        .stream
                        .read_buf(&mut self.buffer)
                        .await
                        .map_err(|error| Cause::of(&error))?;
                    if count == 0 {
                        return Err(failure.unwrap_or_else(|| Cause::new("connection closed")));
                    }
                }
            }
        }
    }
}

fn text(body: &ErrorResponseBody) -> Cause {
    let message = body
        .fields()
        .find(|field| Ok(field.type_() == b'M'))
        .ok()
        .flatten()
        .map(|field| String::from_utf8_lossy(field.value_bytes()).into_owned());
    Cause::new(message.unwrap_or_default())
}
