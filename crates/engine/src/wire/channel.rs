//! Whole messages over a stream, in and out.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use postgres_protocol::message::backend::{Header, Message};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::stream::Stream;

/// What a server may say in one message before it let us in. Postgres needs far less; what comes
/// with a greater length does not speak its protocol.
const GREETING: usize = 64 * 1024;
/// The server's own limit.
const LARGEST: usize = 0x4000_0000;
/// How much is read at once.
const READ: usize = 16 * 1024;

/// A stream with the bytes that were read and not yet understood, and those not yet written.
pub(super) struct Channel {
    stream: Stream,
    inbox: BytesMut,
    /// What to send next.
    pub(super) outbox: BytesMut,
    largest: usize,
    unflushed: bool,
}

impl Channel {
    pub(super) fn new(stream: Stream) -> Self {
        let (inbox, outbox) = (BytesMut::new(), BytesMut::new());
        Self { stream, inbox, outbox, largest: GREETING, unflushed: false }
    }

    /// Takes messages of any size from now on.
    pub(super) fn trust_lengths(&mut self) {
        self.largest = LARGEST;
    }

    /// Sends what is in the outbox.
    pub(super) async fn send(&mut self) -> io::Result<()> {
        self.stream.write_all_buf(&mut self.outbox).await?;
        self.stream.flush().await
    }

    /// Waits for the next message.
    pub(super) async fn receive(&mut self) -> io::Result<Message> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// Says goodbye, whether or not anybody listens.
    pub(super) async fn close(mut self) {
        postgres_protocol::message::frontend::terminate(&mut self.outbox);
        let goodbye = async {
            self.send().await?;
            self.stream.shutdown().await
        };
        // The server ends the session at the end of the stream as well.
        drop(goodbye.await);
    }

    /// Reads the next message, which may be there already.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Message>> {
        loop {
            if let Some(message) = self.parse()? {
                return Poll::Ready(Ok(message));
            }
            self.inbox.reserve(READ);
            match pin!(self.stream.read_buf(&mut self.inbox)).poll(cx)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The next message, if it has arrived as a whole.
    pub(super) fn arrived(&mut self) -> io::Result<Option<Message>> {
        let mut bytes = [0; 4096];
        loop {
            if let Some(message) = self.parse()? {
                return Ok(Some(message));
            }
            match self.stream.read_now(&mut bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.inbox.extend_from_slice(&bytes[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    fn parse(&mut self) -> io::Result<Option<Message>> {
        if let Some(header) = Header::parse(&self.inbox)?
            && usize::try_from(header.len()).is_ok_and(|length| length > self.largest)
        {
            let text = "a message of an impossible length";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Message::parse(&mut self.inbox)
    }

    /// Writes as much of the outbox as goes; ready when all of it has gone.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outbox.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.outbox)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => {
                    self.outbox.advance(written);
                    self.unflushed = true;
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx)? {
                Poll::Ready(()) => self.unflushed = false,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}
