//! From an address to a stream of bytes, encrypted as the target asks.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::time::Instant;

use super::connect_error::{ConnectCause, Stage};
use super::stream::Stream;
use super::tls::Tls;
use crate::{Host, SslMode, SslNegotiation, Target};

/// Seconds to wait for one address where the target does not say.
const TIMEOUT: u64 = 10;

/// Where exactly a host is.
#[derive(Clone, Debug)]
pub(super) enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Until when one address may take to let us in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    at: Option<Instant>,
    seconds: u64,
}

impl Deadline {
    /// Begins now.
    pub(super) fn of(target: &Target) -> Self {
        let seconds = target.connect_timeout.unwrap_or(TIMEOUT);
        let limit = (seconds > 0).then(|| Duration::from_secs(seconds));
        Self { at: limit.and_then(|limit| Instant::now().checked_add(limit)), seconds }
    }

    /// Waits for one stage of the way in.
    pub(super) async fn hold<T, E: From<ConnectCause>>(
        self,
        stage: Stage,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let Some(at) = self.at else { return work.await };
        let seconds = self.seconds;
        tokio::time::timeout_at(at, work)
            .await
            .unwrap_or_else(|_| Err(ConnectCause::Timeout { stage, seconds }.into()))
    }
}

/// Whether a stream is to be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Plain,
    IfOffered,
    Always,
}

impl Encryption {
    /// What is tried, and what after that where the first is turned down.
    pub(super) fn attempts(target: &Target, address: &Address) -> &'static [Self] {
        if matches!(address, Address::Unix(_)) {
            return &[Self::Plain];
        }
        match target.ssl_mode {
            SslMode::Disable => &[Self::Plain],
            SslMode::Allow => &[Self::Plain, Self::Always],
            SslMode::Prefer => &[Self::IfOffered, Self::Plain],
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[Self::Always],
        }
    }
}

/// Finds all addresses of a host.
pub(super) async fn resolve(host: &Host) -> Result<Vec<Address>, ConnectCause> {
    match host {
        Host::Tcp { address: Some(address), port, .. } => {
            Ok(vec![Address::Tcp(SocketAddr::new(*address, *port))])
        }
        Host::Tcp { host, address: None, port } => {
            let found = tokio::net::lookup_host((host.as_str(), *port)).await;
            let addresses: Vec<_> =
                found.map_err(ConnectCause::Resolve)?.map(Address::Tcp).collect();
            if addresses.is_empty() {
                return Err(ConnectCause::Resolve(io::ErrorKind::NotFound.into()));
            }
            Ok(addresses)
        }
        Host::Socket { folder, port } => {
            let path = folder.join(format!(".s.PGSQL.{port}"));
            // A name outside the file system begins with NUL for the kernel, with `@` for people.
            let path = match path.as_str().strip_prefix('@') {
                Some(name) => PathBuf::from(format!("\0{name}")),
                None => path.into(),
            };
            Ok(vec![Address::Unix(path)])
        }
    }
}

/// A stream, and the TLS on it if there is any.
pub(super) struct Dialled {
    pub(super) stream: Stream,
    pub(super) tls: Option<Tls>,
}

/// Dials an address of a host and encrypts the stream.
pub(super) async fn dial(
    target: &Target,
    host: &Host,
    address: &Address,
    encryption: Encryption,
    deadline: Deadline,
) -> Result<Dialled, ConnectCause> {
    let stream = deadline.hold(Stage::Reach, reach(address)).await?;
    match (stream, host) {
        (Stream::Tcp(stream), Host::Tcp { .. }) if encryption != Encryption::Plain => {
            deadline.hold(Stage::Tls, encrypt(target, host, stream, encryption)).await
        }
        (stream, _) => {
            check_peer(target, &stream)?;
            Ok(Dialled { stream, tls: None })
        }
    }
}

async fn reach(address: &Address) -> Result<Stream, ConnectCause> {
    match address {
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address).await.map_err(ConnectCause::Reach)?;
            stream.set_nodelay(true).map_err(ConnectCause::Reach)?;
            keep_alive(&stream).map_err(ConnectCause::Reach)?;
            Ok(Stream::Tcp(stream))
        }
        #[cfg(unix)]
        Address::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(ConnectCause::Reach)?;
            Ok(Stream::Unix(stream))
        }
        #[cfg(not(unix))]
        Address::Unix(_) => Err(ConnectCause::Reach(io::ErrorKind::Unsupported.into())),
    }
}

/// Keeps a connection alive on which nothing is said for long, as while an index is built:
/// address translators and load balancers forget silent ones after a few minutes.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    #[cfg(unix)]
    rustix::net::sockopt::set_socket_keepalive(stream, true)?;
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
    {
        rustix::net::sockopt::set_tcp_keepidle(stream, Duration::from_mins(1))?;
        rustix::net::sockopt::set_tcp_keepintvl(stream, Duration::from_secs(15))?;
        rustix::net::sockopt::set_tcp_keepcnt(stream, 4)?;
    }
    let _ = stream;
    Ok(())
}

/// Holds the user that the server runs as against `requirepeer`.
#[cfg(unix)]
fn check_peer(target: &Target, stream: &Stream) -> Result<(), ConnectCause> {
    let (Stream::Unix(stream), Some(wanted)) = (stream, &target.require_peer) else {
        return Ok(());
    };
    let uid = stream.peer_cred().map_err(ConnectCause::Reach)?.uid();
    let is = crate::target::user_name(uid).unwrap_or_else(|| uid.to_string());
    if is == *wanted { Ok(()) } else { Err(ConnectCause::Peer { is, wanted: wanted.clone() }) }
}

#[cfg(not(unix))]
fn check_peer(_target: &Target, _stream: &Stream) -> Result<(), ConnectCause> {
    Ok(())
}

async fn encrypt(
    target: &Target,
    host: &Host,
    mut stream: TcpStream,
    encryption: Encryption,
) -> Result<Dialled, ConnectCause> {
    if target.ssl_negotiation == SslNegotiation::Postgres {
        let mut request = BytesMut::new();
        frontend::ssl_request(&mut request);
        stream.write_all(&request).await.map_err(ConnectCause::Lost)?;
        // One byte and no more is read here: whatever follows it must be TLS, so that nobody in
        // between can put words into the server's mouth before encryption begins.
        match stream.read_u8().await.map_err(ConnectCause::Lost)? {
            b'S' => {}
            b'N' if encryption == Encryption::IfOffered => {
                return Ok(Dialled { stream: Stream::Tcp(stream), tls: None });
            }
            b'N' => return Err(ConnectCause::TlsNotOffered { mode: target.ssl_mode }),
            _ => {
                let text = "the request for TLS was answered with something else";
                return Err(ConnectCause::Protocol(io::Error::other(text)));
            }
        }
    }
    let tls = Tls::new(target, host).map_err(ConnectCause::TlsSetup)?;
    let stream = tls.handshake(stream).await.map_err(ConnectCause::Tls)?;
    Ok(Dialled { stream: Stream::Tls(Box::new(stream)), tls: Some(tls) })
}
