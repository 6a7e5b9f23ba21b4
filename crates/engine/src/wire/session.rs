//! A connection that was let in.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use postgres_protocol::IsNull;
use postgres_protocol::message::backend;
use postgres_protocol::message::frontend::{self, BindError};

use super::cancel::Canceller;
use super::channel::Channel;
use super::exchange::{Exchange, Feed};
use super::login::Welcome;
use super::way::Way;
use super::{Answer, ConnectError, Failure, Message, Observe, ServerError};
use crate::Target;

/// One connection to Postgres.
///
/// All its methods take turns: a message is sent and all its answers are read. A future of one of
/// them that is dropped before its end leaves the session [given up](Failure::GivenUp).
pub struct Session {
    pub(super) channel: Channel,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) transaction: TransactionStatus,
    pub(super) condition: Condition,
    /// What the server said when it hung up between two turns.
    pub(super) farewell: Option<Box<ServerError>>,
    canceller: Canceller,
    /// Boxed, as it is looked at once, if ever.
    way: Box<Way>,
}

/// Whether a session can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// It is the client's turn.
    Ready,
    /// An exchange is under way, or was when its future was dropped, or lost the connection.
    Engaged,
}

/// Whether the session is in a transaction block, as the server said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// In none.
    Idle,
    /// In one.
    Open,
    /// In one that failed; it can only be rolled back.
    Failed,
}

impl TransactionStatus {
    pub(super) fn read(byte: u8) -> io::Result<Self> {
        match byte {
            b'I' => Ok(Self::Idle),
            b'T' => Ok(Self::Open),
            b'E' => Ok(Self::Failed),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "an unknown transaction status")),
        }
    }
}

impl Session {
    /// Connects to the first host of the target that lets us in.
    ///
    /// `application` is the name to be seen under in `pg_stat_activity`, unless the target has
    /// one of its own.
    pub async fn connect(target: &Target, application: &str) -> Result<Self, ConnectError> {
        // Boxed, because TLS makes it large, and it would lie in every future that connects.
        Box::pin(super::connect::connect(target, application)).await
    }

    pub(super) fn new(channel: Channel, welcome: Welcome, canceller: Canceller, way: Way) -> Self {
        let Welcome { parameters, status, .. } = welcome;
        let condition = Condition::Ready;
        let farewell = None;
        let (transaction, way) = (status, Box::new(way));
        Self { channel, parameters, transaction, condition, farewell, canceller, way }
    }

    /// The way that it took.
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// The server process, as `pg_stat_activity.pid` has it; a pooler makes one up, and zero
    /// stands for none.
    pub fn process_id(&self) -> i32 {
        self.canceller.process_id()
    }

    /// A parameter that the server reports without being asked: `server_version`,
    /// `standard_conforming_strings`, `in_hot_standby` (from 14) …
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Whether a transaction is open.
    pub fn transaction(&self) -> TransactionStatus {
        self.transaction
    }

    /// Whether the session can still be used.
    pub fn is_usable(&self) -> bool {
        self.condition == Condition::Ready
    }

    /// Whether the connection stands, as far as can be seen without asking the server.
    ///
    /// A server that was shut down or ended the session has said so, which the next turn's
    /// failure tells, or hung up; one that vanished with its machine has not.
    pub fn stands(&mut self) -> bool {
        while self.is_usable() {
            match self.channel.arrived() {
                Ok(None) => return true,
                Ok(Some(message)) => self.overhear(&message),
                Err(_) => self.condition = Condition::Engaged,
            }
        }
        false
    }

    /// Takes in what the server says between two turns.
    fn overhear(&mut self, message: &backend::Message) {
        match message {
            backend::Message::NoticeResponse(_) | backend::Message::NotificationResponse(_) => {}
            backend::Message::ParameterStatus(body) => self.learn(body),
            backend::Message::ErrorResponse(body) => {
                self.condition = Condition::Engaged;
                self.farewell = ServerError::read(body.fields()).ok().map(Box::new);
            }
            _ => self.condition = Condition::Engaged,
        }
    }

    /// Takes in a parameter. One that is no text is nothing that we know: a script may have set
    /// another `client_encoding`.
    pub(super) fn learn(&mut self, parameter: &backend::ParameterStatusBody) {
        if let (Ok(name), Ok(value)) = (parameter.name(), parameter.value()) {
            self.parameters.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Something that cancels what this session is doing.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Runs the statements of a text, in one message of the simple protocol.
    pub async fn simple(&mut self, sql: &str) -> Result<Vec<Answer>, Failure> {
        self.message(Message::new(sql), &mut ()).await
    }

    /// Runs the statements of a text, in one message of the simple protocol, with the data of
    /// each `copy … from stdin` in it; `observe` sees what is done as it is done.
    ///
    /// What a `copy … to stdout` sends is thrown away.
    pub async fn message(
        &mut self,
        message: Message<'_>,
        observe: &mut dyn Observe,
    ) -> Result<Vec<Answer>, Failure> {
        let feed = Feed::simple(message).map_err(unsendable)?;
        Exchange::new(self, feed, observe)?.run().await
    }

    /// Runs one statement with its values bound to `$1` …, as text whose types the server infers.
    ///
    /// Nothing of it stays behind in the server: the statement has no name and its portal is
    /// closed, so that it keeps no snapshot in an open transaction. Not for `copy … from stdin`,
    /// which loses the connection here: its data goes with a [message](Self::message).
    pub async fn query(&mut self, sql: &str, values: &[Option<&str>]) -> Result<Answer, Failure> {
        let feed = Feed::extended(|buffer| {
            frontend::parse("", sql, [], buffer)?;
            let text = |value: Option<&str>, buffer: &mut bytes::BytesMut| {
                Ok(value.map_or(IsNull::Yes, |value| {
                    buffer.extend_from_slice(value.as_bytes());
                    IsNull::No
                }))
            };
            let bound = frontend::bind("", "", [], values.iter().copied(), text, [], buffer);
            bound.map_err(|error| match error {
                BindError::Conversion(error) => io::Error::other(error),
                BindError::Serialization(error) => error,
            })?;
            frontend::describe(b'P', "", buffer)?;
            frontend::execute("", 0, buffer)?;
            frontend::close(b'P', "", buffer)?;
            frontend::sync(buffer);
            Ok(())
        })
        .map_err(unsendable)?;
        let mut answers = Exchange::new(self, feed, &mut ())?.run().await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Says goodbye. A session that is merely dropped ends as well, a little less politely.
    pub async fn close(self) {
        if self.is_usable() {
            self.channel.close().await;
        }
    }
}

/// Shows nothing of what was read or is to be sent.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("transaction", &self.transaction)
            .field("condition", &self.condition)
            .field("canceller", &self.canceller)
            .finish_non_exhaustive()
    }
}

fn unsendable(source: io::Error) -> Failure {
    Failure::Unsendable { source }
}
