//! The data of a `copy … from stdin`, read as they are sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use whimbrel_history::Text;

/// A part of a script's text on its way to the server.
///
/// What is not held is read from its file block by block, right when there is room for it. Such a
/// reading blocks, for as long as a disk takes for a few kilobytes.
#[derive(Debug)]
pub(crate) struct Data {
    text: Text,
    at: usize,
}

impl Data {
    /// All of a text.
    pub(crate) fn of(text: Text) -> Self {
        Self { text, at: 0 }
    }
}

impl AsyncRead for Data {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = self.text.bytes(self.at).map_err(io::Error::other)?;
        let length = bytes.len().min(into.remaining());
        into.put_slice(&bytes[..length]);
        drop(bytes);
        self.at += length;
        Poll::Ready(Ok(()))
    }
}
