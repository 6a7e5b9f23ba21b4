//! One turn: what the client has to say, and all that the server answers.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::{backend, frontend};
use tokio::io::{AsyncRead, ReadBuf};

use super::answer::Table;
use super::failure::UNREADABLE;
use super::message::{CopyData, Rows};
use super::session::{Condition, Session, TransactionStatus};
use super::{Answer, Failure, Message, Observe, ServerError};

/// How much is put into the outbox at once; a message that fits leaves in one write.
const CHUNK: usize = 64 * 1024;
/// The length of a message's type and length.
const HEADER: usize = 5;
/// The server's limit to a message's length.
const LARGEST: usize = 0x3fff_fff0;

/// What the client still has to say in this turn.
pub(super) struct Feed<'a> {
    /// What goes out first.
    head: BytesMut,
    /// The rest of a long text, with the NUL that ends it still to come.
    text: Option<&'a [u8]>,
    copies: std::vec::IntoIter<CopyData<'a>>,
    /// The data that the server is taking.
    copying: Option<CopyData<'a>>,
    /// What becomes of the rows that are answered.
    rows: Rows,
}

impl<'a> Feed<'a> {
    /// A message of the simple protocol. Its text is not copied as a whole.
    pub(super) fn simple(message: Message<'a>) -> io::Result<Self> {
        let text = message.sql.as_bytes();
        if text.contains(&0) {
            return Err(invalid("it contains a NUL byte"));
        }
        let length = i32::try_from(text.len() + 5).ok().filter(|_| text.len() < LARGEST);
        let mut head = BytesMut::new();
        head.put_u8(b'Q');
        head.put_i32(length.ok_or_else(|| invalid("it is longer than 1 GB"))?);
        let Message { copies, rows, .. } = message;
        Ok(Self { head, text: Some(text), copies: copies.into_iter(), copying: None, rows })
    }

    /// Messages of the extended protocol, with their Sync.
    pub(super) fn extended(
        write: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut head = BytesMut::new();
        write(&mut head)?;
        let copies = Vec::new().into_iter();
        Ok(Self { head, text: None, copies, copying: None, rows: Rows::Keep })
    }

    /// The server takes data now.
    fn begin_copy(&mut self) {
        self.copying = self.copies.next();
        if self.copying.is_none() {
            self.refuse_copy("there is no data for it");
        }
    }

    /// The server takes no more data: it has said why.
    fn stop_copy(&mut self) {
        self.copying = None;
    }

    fn refuse_copy(&mut self, why: &str) {
        self.copying = None;
        frontend::copy_fail(&why.replace('\0', ""), &mut self.head)
            .expect("a text without NUL can be sent");
    }

    /// Puts the next piece into the outbox; ready with whether there was one.
    fn poll_next(&mut self, cx: &mut Context<'_>, outbox: &mut BytesMut) -> Poll<bool> {
        if !self.head.is_empty() {
            outbox.unsplit(self.head.split());
        }
        if let Some(text) = self.text {
            let (piece, rest) = text.split_at(text.len().min(CHUNK));
            outbox.extend_from_slice(piece);
            self.text = if rest.is_empty() {
                outbox.put_u8(0);
                None
            } else {
                Some(rest)
            };
        }
        if !outbox.is_empty() {
            return Poll::Ready(true);
        }
        self.poll_copy(cx, outbox)
    }

    fn poll_copy(&mut self, cx: &mut Context<'_>, outbox: &mut BytesMut) -> Poll<bool> {
        let Some(data) = &mut self.copying else { return Poll::Ready(false) };
        // What the header says is known when the data is there.
        outbox.resize(HEADER + CHUNK, 0);
        let mut piece = ReadBuf::new(&mut outbox[HEADER..]);
        let read = Pin::new(data).poll_read(cx, &mut piece);
        let length = piece.filled().len();
        match read {
            Poll::Pending => {
                outbox.clear();
                return Poll::Pending;
            }
            Poll::Ready(Err(error)) => {
                self.refuse_copy(&format!("{UNREADABLE}: {error}"));
                *outbox = self.head.split();
            }
            Poll::Ready(Ok(())) if length == 0 => {
                outbox.clear();
                self.copying = None;
                frontend::copy_done(outbox);
            }
            Poll::Ready(Ok(())) => {
                outbox.truncate(HEADER + length);
                outbox[0] = b'd';
                let length = i32::try_from(length + 4).expect("a chunk is small");
                outbox[1..HEADER].copy_from_slice(&length.to_be_bytes());
            }
        }
        Poll::Ready(true)
    }
}

/// One turn under way.
pub(super) struct Exchange<'a, 'b> {
    session: &'a mut Session,
    feed: Feed<'b>,
    observe: &'a mut dyn Observe,
    /// Set once writing has failed; the server may still have said why.
    unwritable: Option<io::Error>,
    table: Option<Box<Table>>,
    answers: Vec<Answer>,
    error: Option<Box<ServerError>>,
    completed: usize,
}

impl<'a, 'b> Exchange<'a, 'b> {
    pub(super) fn new(
        session: &'a mut Session,
        feed: Feed<'b>,
        observe: &'a mut dyn Observe,
    ) -> Result<Self, Failure> {
        if session.condition != Condition::Ready {
            return Err(match session.farewell.take() {
                Some(error) => {
                    Failure::Server { error, completed: 0, answers: Vec::new(), lost: true }
                }
                None => Failure::GivenUp,
            });
        }
        session.condition = Condition::Engaged;
        Ok(Self {
            session,
            feed,
            observe,
            unwritable: None,
            table: None,
            answers: Vec::new(),
            error: None,
            completed: 0,
        })
    }

    /// Speaks and listens until the server is ready for the next turn.
    pub(super) async fn run(mut self) -> Result<Vec<Answer>, Failure> {
        loop {
            let message = match poll_fn(|cx| self.poll_turn(cx)).await {
                Ok(message) => message,
                Err(source) => return Err(self.lost(source)),
            };
            match self.take(&message) {
                Ok(Turn::Goes) => {}
                Ok(Turn::Over) => break,
                Ok(Turn::HungUp) => return Err(self.hung_up()),
                Err(source) => return Err(Failure::Protocol { source }),
            }
        }
        self.session.condition = Condition::Ready;
        match self.error {
            None => Ok(self.answers),
            Some(error) => {
                let (completed, answers) = (self.completed, self.answers);
                Err(Failure::Server { error, completed, answers, lost: false })
            }
        }
    }

    /// Sends what there is to send while waiting for the next message.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<backend::Message>> {
        loop {
            let wrote = self.poll_write(cx);
            if let Poll::Ready(received) = self.session.channel.poll_receive(cx) {
                return Poll::Ready(received);
            }
            if wrote.is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Writes the next piece; pending when there is none, or no room for it, at the moment.
    ///
    /// That nothing can be written is no failure yet: a server that hung up has usually said why,
    /// and what it said is still to be read.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.unwritable.is_some() {
            return Poll::Pending;
        }
        let channel = &mut self.session.channel;
        let has_more = !channel.outbox.is_empty()
            || self.feed.poll_next(cx, &mut channel.outbox) == Poll::Ready(true);
        match channel.poll_send(cx) {
            Poll::Ready(Ok(())) if has_more => Poll::Ready(()),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => {
                self.unwritable = Some(error);
                Poll::Pending
            }
        }
    }

    fn take(&mut self, message: &backend::Message) -> io::Result<Turn> {
        use backend::Message;
        match message {
            Message::RowDescription(body) => self.table = Some(Box::new(Table::new(body))),
            Message::DataRow(_) if self.feed.rows == Rows::Discard => {}
            Message::DataRow(body) => match &mut self.table {
                Some(table) => table.push(body)?,
                None => return Err(misplaced("a row without columns")),
            },
            Message::CommandComplete(body) => {
                let tag = body.tag()?;
                self.observe.completed(self.completed, tag);
                self.answers.push(Answer::new(tag, self.table.take()));
                self.completed += 1;
            }
            Message::ErrorResponse(body) => {
                let error = ServerError::read(body.fields())?;
                let fatal = error.is_fatal();
                self.feed.stop_copy();
                self.table = None;
                // The first error is the cause of those that follow.
                self.error.get_or_insert_with(|| Box::new(error));
                if fatal {
                    return Ok(Turn::HungUp);
                }
            }
            Message::NoticeResponse(body) => {
                self.observe.notice(&ServerError::read(body.fields())?);
            }
            Message::ParameterStatus(body) => self.session.learn(body),
            Message::CopyInResponse(_) => self.feed.begin_copy(),
            Message::ReadyForQuery(body) => {
                self.session.transaction = TransactionStatus::read(body.status())?;
                return Ok(Turn::Over);
            }
            Message::EmptyQueryResponse
            | Message::ParseComplete
            | Message::BindComplete
            | Message::CloseComplete
            | Message::NoData
            | Message::PortalSuspended
            | Message::CopyOutResponse(_)
            | Message::CopyData(_)
            | Message::CopyDone
            | Message::NotificationResponse(_) => {}
            _ => return Err(misplaced("a message that has no place here")),
        }
        Ok(Turn::Goes)
    }

    /// The connection is gone. What the server said before it went is what counts.
    fn lost(mut self, source: io::Error) -> Failure {
        if self.error.is_some() {
            return self.hung_up();
        }
        if matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) {
            return Failure::Protocol { source };
        }
        let source = self.unwritable.take().unwrap_or(source);
        Failure::Lost { completed: self.completed, source }
    }

    fn hung_up(self) -> Failure {
        let error = self.error.unwrap_or_default();
        let (completed, answers) = (self.completed, self.answers);
        Failure::Server { error, completed, answers, lost: true }
    }
}

/// What a message means for the turn.
enum Turn {
    /// It goes on.
    Goes,
    /// The server is ready for the next.
    Over,
    /// The server said that it hangs up.
    HungUp,
}

fn misplaced(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
