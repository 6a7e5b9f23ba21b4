//! As much of HTTP/1.1 as one request and its answer are: TLS from what connections have it from.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wire::handshake;

/// An address as URLs have it: `https://api.example/base`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    is_tls: bool,
    host: String,
    port: u16,
    path: String,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Seconds after which to come again.
    pub(super) retry_after: Option<u64>,
    pub(super) body: String,
}

/// Why nothing came back.
#[derive(Debug)]
pub(super) enum Lost {
    /// Nothing was sent.
    Before(io::Error),
    /// Something was.
    After(io::Error),
}

/// How long it may take until somebody listens.
const DIAL: Duration = Duration::from_secs(15);
/// The largest answer.
const LARGEST: u64 = 64 << 20;

impl Url {
    /// Reads an address. Without TLS only this machine is spoken to: there is a token in each
    /// request.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| "its port is none")?)),
            None => (authority, None),
        };
        let is_local = matches!(host, "127.0.0.1" | "localhost");
        let is_tls = match scheme {
            "https" => true,
            "http" if is_local => false,
            "http" => return Err("a token must not go over the network without TLS".to_owned()),
            _ => return Err("it is neither http nor https".to_owned()),
        };
        if host.is_empty() || host.contains('@') {
            return Err("it has no host".to_owned());
        }
        let port = port.unwrap_or(if is_tls { 443 } else { 80 });
        let path = path.trim_end_matches('/').to_owned();
        Ok(Self { is_tls, host: host.to_owned(), port, path })
    }

    /// The host and its port.
    pub(super) fn host(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Whether TLS is spoken there.
    pub(super) fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Posts JSON to a path below it.
    pub(super) async fn post(
        &self,
        path: &str,
        token: &str,
        json: &str,
        patience: Duration,
    ) -> Result<Response, Lost> {
        let dialling =
            tokio::time::timeout(DIAL, TcpStream::connect((self.host.as_str(), self.port)));
        let stream = late(dialling.await).map_err(Lost::Before)?;
        let head = format!(
            "POST {}{}{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nAccept: application/json\r\n\
             User-Agent: whimbrel/{}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            if self.path.is_empty() { "" } else { "/" },
            self.path,
            self.host,
            env!("CARGO_PKG_VERSION"),
            json.len(),
        );
        let talking = async {
            if self.is_tls {
                let stream =
                    handshake(&self.host, self.port, stream).await.map_err(Lost::Before)?;
                exchange(stream, &head, json).await.map_err(Lost::After)
            } else {
                exchange(stream, &head, json).await.map_err(Lost::After)
            }
        };
        tokio::time::timeout(patience, talking).await.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", patience.as_secs_f64());
            Err(Lost::After(io::Error::new(io::ErrorKind::TimedOut, text)))
        })
    }
}

fn late<T>(result: Result<io::Result<T>, tokio::time::error::Elapsed>) -> io::Result<T> {
    result.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "nobody answers")))
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    head: &str,
    body: &str,
) -> io::Result<Response> {
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.flush().await?;
    let mut bytes = Vec::new();
    let read = stream.take(LARGEST).read_to_end(&mut bytes).await;
    // Not every server says goodbye to TLS; whether something is missing, its length tells.
    if let Err(error) = read
        && error.kind() != io::ErrorKind::UnexpectedEof
    {
        return Err(error);
    }
    response(&bytes)
}

/// Takes an answer apart; one that is not whole is an error.
fn response(bytes: &[u8]) -> io::Result<Response> {
    let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut off");
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(cut)?;
    let head = str::from_utf8(&bytes[..end]).map_err(|_| bad())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or_else(bad)?;
    let headers: Vec<(String, &str)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, v)| *v);
    let rest = &bytes[end + 4..];
    let is_chunked = header("transfer-encoding").is_some_and(|value| value.contains("chunked"));
    let body = match (is_chunked, header("content-length")) {
        (true, _) => unchunked(rest).ok_or_else(cut)?,
        (false, Some(length)) => {
            let length: usize = length.parse().map_err(|_| bad())?;
            rest.get(..length).ok_or_else(cut)?.to_vec()
        }
        (false, None) => rest.to_vec(),
    };
    Ok(Response {
        status,
        retry_after: header("retry-after").and_then(|value| value.parse().ok()),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_without_tls_to_this_machine_only() {
        assert!(Url::parse("http://127.0.0.1:8080").is_ok());
        assert!(Url::parse("https://api.example/base/").is_ok());
        assert!(Url::parse("http://api.example").is_err());
        assert!(Url::parse("ftp://127.0.0.1").is_err());
        assert!(Url::parse("api.example").is_err());
    }

    #[test]
    fn an_answer_is_whole_or_an_error() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nRetry-After: 3\r\n\r\n[]";
        let read = response(whole).unwrap();
        assert_eq!((read.status, read.retry_after, read.body.as_str()), (201, Some(3), "[]"));
        assert!(response(&whole[..whole.len() - 1]).is_err());
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1;x\r\n]\r\n0\r\n\r\n";
        assert_eq!(response(chunked).unwrap().body, "[]");
        assert!(response(&chunked[..chunked.len() - 7]).is_err());
        assert!(response(b"").is_err());
        assert!(response(b"nonsense\r\n\r\n").is_err());
    }
}
