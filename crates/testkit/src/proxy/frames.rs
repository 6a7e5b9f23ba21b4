//! The protocol's messages, as far as a proxy has to tell them apart.

use std::fmt;

use bytes::BytesMut;

/// Whence a message comes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Direction {
    /// From the client.
    Frontend,
    /// From the server.
    Backend,
}

/// A message's place in all that a client process and its server say to each other.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Point {
    /// Which of the client's connections, from 0, in the order in which they were made.
    pub connection: usize,
    /// Whence.
    pub direction: Direction,
    /// Which message of that connection and direction, from 0.
    pub message: usize,
}

/// `0>3` is the client's fourth message on its first connection, `1<0` the server's first on the
/// second.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.direction {
            Direction::Frontend => '>',
            Direction::Backend => '<',
        };
        write!(f, "{}{arrow}{}", self.connection, self.message)
    }
}

/// A message that went by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place.
    pub point: Point,
    /// Its type's name as the Postgres documentation has it: `Query`, `CommandComplete` …
    pub name: &'static str,
    /// What it says, where that is text: SQL, a command tag, an error. Never a password.
    pub text: String,
    /// The server process of the connection, once it has said which it is; a pooler makes one up.
    pub process_id: Option<u32>,
}

/// A message with its bytes as they are on the wire.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) bytes: BytesMut,
}

/// How much of a text is kept.
const TEXT: usize = 200;

/// Cuts the first message off what has arrived, if it is there as a whole.
pub(super) fn frame(direction: Direction, arrived: &mut BytesMut) -> Option<Frame> {
    let bytes = take(arrived, 1)?;
    let (&tag, rest) = bytes.split_first()?;
    let body = rest.get(4..)?;
    let (name, text) = match direction {
        Direction::Frontend => frontend(tag, body),
        Direction::Backend => backend(tag, body),
    };
    Some(Frame { name, text, bytes })
}

/// What a connection begins with has no type.
pub(super) fn opening(arrived: &mut BytesMut) -> Option<Frame> {
    let bytes = take(arrived, 0)?;
    let code = number(bytes.get(4..8)?)?;
    let (name, text) = match code {
        80_877_102 => ("CancelRequest", String::new()),
        80_877_103 => (SSL_REQUEST, String::new()),
        80_877_104 => (GSS_REQUEST, String::new()),
        _ => ("StartupMessage", text(&bytes[8..]).replace('\0', " ").trim().to_owned()),
    };
    Some(Frame { name, text, bytes })
}

pub(super) const SSL_REQUEST: &str = "SSLRequest";
pub(super) const GSS_REQUEST: &str = "GSSENCRequest";

/// The process id of a BackendKeyData message.
pub(super) fn process_id(frame: &Frame) -> Option<u32> {
    (frame.name == "BackendKeyData").then(|| number(frame.bytes.get(5..9)?)).flatten()
}

/// Takes a message whose length stands behind `skip` bytes and does not count them.
fn take(arrived: &mut BytesMut, skip: usize) -> Option<BytesMut> {
    let length = number(arrived.get(skip..skip + 4)?)?;
    let length = skip + usize::try_from(length).ok()?.max(4);
    (arrived.len() >= length).then(|| arrived.split_to(length))
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn frontend(tag: u8, body: &[u8]) -> (&'static str, String) {
    match tag {
        b'Q' => ("Query", text(body)),
        b'P' => ("Parse", text(after_nul(body))),
        b'B' => ("Bind", String::new()),
        b'D' => ("Describe", String::new()),
        b'E' => ("Execute", String::new()),
        b'C' => ("Close", String::new()),
        b'S' => ("Sync", String::new()),
        b'H' => ("Flush", String::new()),
        b'd' => ("CopyData", format!("{} bytes", body.len())),
        b'c' => ("CopyDone", String::new()),
        b'f' => ("CopyFail", text(body)),
        // A password, or a proof of one.
        b'p' => ("PasswordMessage", String::new()),
        b'X' => ("Terminate", String::new()),
        _ => ("Unknown", char::from(tag).to_string()),
    }
}

fn backend(tag: u8, body: &[u8]) -> (&'static str, String) {
    match tag {
        b'R' => ("Authentication", String::new()),
        b'K' => ("BackendKeyData", String::new()),
        b'S' => ("ParameterStatus", text(body).replace('\0', "=")),
        b'Z' => ("ReadyForQuery", text(body)),
        b'T' => ("RowDescription", String::new()),
        b'D' => ("DataRow", String::new()),
        b'C' => ("CommandComplete", text(body)),
        b'I' => ("EmptyQueryResponse", String::new()),
        b'E' => ("ErrorResponse", fields(body)),
        b'N' => ("NoticeResponse", fields(body)),
        b'1' => ("ParseComplete", String::new()),
        b'2' => ("BindComplete", String::new()),
        b'3' => ("CloseComplete", String::new()),
        b'n' => ("NoData", String::new()),
        b's' => ("PortalSuspended", String::new()),
        b't' => ("ParameterDescription", String::new()),
        b'G' => ("CopyInResponse", String::new()),
        b'H' => ("CopyOutResponse", String::new()),
        b'd' => ("CopyData", format!("{} bytes", body.len())),
        b'c' => ("CopyDone", String::new()),
        b'A' => ("NotificationResponse", String::new()),
        _ => ("Unknown", char::from(tag).to_string()),
    }
}

/// The code and the message of an error or notice.
fn fields(body: &[u8]) -> String {
    let field = |tag: u8| {
        let field = body.split(|byte| *byte == 0).find(|field| field.first() == Some(&tag));
        field.map(|field| text(&field[1..])).unwrap_or_default()
    };
    format!("{} {}", field(b'C'), field(b'M'))
}

fn after_nul(body: &[u8]) -> &[u8] {
    let nul = body.iter().position(|byte| *byte == 0);
    nul.map_or(&[], |nul| &body[nul + 1..])
}

/// The beginning of a text, to its last NUL.
fn text(body: &[u8]) -> String {
    let text = body.strip_suffix(&[0]).unwrap_or(body);
    String::from_utf8_lossy(&text[..text.len().min(TEXT)]).into_owned()
}
