//! A proxy that makes a link long.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use whimbrel_engine::Target;

use super::socket::Socket;
use super::{Front, Link, Listen};

/// How many pieces may be under way in one direction.
const UNDER_WAY: usize = 4096;

/// A link on which everything arrives later, each way, and as much of it at a time as without.
///
/// A TCP client also waits for a round trip before its first word arrives, as with a real link,
/// where the connection itself takes one to be made.
#[derive(Debug)]
pub struct DelayProxy {
    front: Front,
}

impl DelayProxy {
    /// Puts `each_way` between the server that the target leads to and whoever comes.
    pub fn start(target: &Target, each_way: Duration, listen: Listen) -> Self {
        let handshake = match listen {
            Listen::Tcp => 2 * each_way,
            Listen::Socket => Duration::ZERO,
        };
        let front = Front::start(target, listen, move |link| async move {
            // Whoever hangs up ends the link.
            serve(link, each_way, handshake).await.ok();
        });
        Self { front }
    }

    /// The same server, seen from the other end of the link.
    pub fn target(&self) -> &Target {
        &self.front.target
    }
}

async fn serve(link: Link, each_way: Duration, handshake: Duration) -> io::Result<()> {
    let Link { client, server } = link;
    let server = Socket::dial(&server).await?;
    sleep(handshake).await;
    let (client_read, client_write) = tokio::io::split(client);
    let (server_read, server_write) = tokio::io::split(server);
    tokio::try_join!(
        carry(client_read, server_write, each_way),
        carry(server_read, client_write, each_way),
    )?;
    Ok(())
}

/// Carries bytes, each with its own time of arrival, so that many can be under way at once.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: Duration,
) -> io::Result<()> {
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let read = async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut buffer).await?;
            let arrival = Instant::now() + delay;
            // The end is a piece without bytes: it takes as long as any other.
            if send.send((arrival, buffer[..read].to_vec())).await.is_err() || read == 0 {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((arrival, bytes)) = receive.recv().await {
            sleep_until(arrival).await;
            if bytes.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(&bytes).await?;
        }
        Ok(())
    };
    tokio::try_join!(read, write)?;
    Ok(())
}
