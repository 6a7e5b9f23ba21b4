//! Supabase's Management API as far as it runs queries: a local server with a real Postgres behind it,
//! which answers as documented, and as it should not.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use whimbrel_engine::Target;
use whimbrel_engine::wire::{Answer, Failure, Session};

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As documented.
    Documented,
    /// 429, with the seconds after which to come again, or without; nothing runs.
    TooMany(Option<u64>),
    /// It runs, and the connection is cut before the answer.
    CutAfter,
    /// The connection is cut before it runs.
    CutBefore,
    /// 201 with an error in the body; nothing runs.
    ErrorInSuccess,
    /// A page for people, with this status; it runs.
    Page(u16),
    /// 201 and nothing else; it runs.
    Empty,
    /// 201 and an empty list, as after a success; nothing runs.
    Lie,
}

/// A running API. It ends with the process.
#[derive(Debug)]
pub struct ManagementApi {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: Target,
    /// How the next requests that write are answered; then as documented.
    manners: Mutex<VecDeque<Manner>>,
    /// How the next requests that read are.
    reading_manners: Mutex<VecDeque<Manner>>,
    /// The texts that came.
    texts: Mutex<Vec<String>>,
    settings: Settings,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    one_statement: bool,
    limit: Duration,
}

/// The only project there is.
const PROJECT: &str = "abcdefghijklmnopqrst";
/// The only token that is taken.
const TOKEN: &str = "sbp_0123456789abcdef0123456789abcdef01234567";

impl ManagementApi {
    /// The project's ref.
    pub const PROJECT: &str = PROJECT;
    /// The token.
    pub const TOKEN: &str = TOKEN;

    /// An API that takes any text.
    pub fn new(target: &Target) -> Self {
        Self::with(target, Settings { one_statement: false, limit: Duration::from_mins(1) })
    }

    /// One that takes a single statement a request.
    pub fn of_one_statement(target: &Target) -> Self {
        Self::with(target, Settings { one_statement: true, limit: Duration::from_mins(1) })
    }

    /// One that gives up after a while, and leaves the database at it.
    pub fn limited(target: &Target, limit: Duration) -> Self {
        Self::with(target, Settings { one_statement: false, limit })
    }

    fn with(target: &Target, settings: Settings) -> Self {
        let shared = Arc::new(Shared {
            target: target.clone(),
            manners: Mutex::default(),
            reading_manners: Mutex::default(),
            texts: Mutex::default(),
            settings,
        });
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("listen");
        listener.set_nonblocking(true).expect("listen without blocking");
        let port = listener.local_addr().expect("have an address").port();
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("have a runtime").block_on(serve(listener, served));
        });
        Self { url: format!("http://127.0.0.1:{port}"), shared }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How the next requests that write are answered.
    pub fn answer(&self, manners: &[Manner]) {
        lock(&self.shared.manners).extend(manners);
    }

    /// How the next requests that read are answered.
    pub fn answer_reads(&self, manners: &[Manner]) {
        lock(&self.shared.reading_manners).extend(manners);
    }

    /// Forgets how the next requests that read were to be answered.
    pub fn answer_reads_as_documented(&self) {
        lock(&self.shared.reading_manners).clear();
    }

    /// The texts that came, in their order.
    pub fn texts(&self) -> Vec<String> {
        lock(&self.shared.texts).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("take the listener over");
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { drop(answer(stream, &shared).await) });
        }
    }
}

async fn answer(mut stream: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    let (head, body) = request(&mut stream).await?;
    let path = format!("POST /v1/projects/{PROJECT}/database/query ");
    if !head.contains(&format!("Bearer {TOKEN}\r\n")) {
        return respond(&mut stream, 401, "", r#"{"message":"Unauthorized"}"#).await;
    }
    if !head.starts_with(&path) {
        return respond(&mut stream, 404, "", r#"{"message":"Project not found"}"#).await;
    }
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let Some(query) = body.get("query").and_then(|query| query.as_str()) else {
        return respond(&mut stream, 400, "", r#"{"message":"query: Required"}"#).await;
    };
    lock(&shared.texts).push(query.to_owned());
    let reads = query.trim_start().starts_with("select");
    let manners = if reads { &shared.reading_manners } else { &shared.manners };
    let manner = lock(manners).pop_front().unwrap_or(Manner::Documented);
    match manner {
        Manner::TooMany(after) => {
            let after = after.map(|seconds| format!("Retry-After: {seconds}\r\n"));
            let body = r#"{"message":"ThrottlerException: Too Many Requests"}"#;
            return respond(&mut stream, 429, &after.unwrap_or_default(), body).await;
        }
        Manner::CutBefore => return Ok(()),
        Manner::ErrorInSuccess => {
            let body =
                r#"{"message":"Failed to run sql query: ERROR:  53300: too many connections"}"#;
            return respond(&mut stream, 201, "", body).await;
        }
        Manner::Lie => return respond(&mut stream, 201, "", "[]").await,
        Manner::Documented | Manner::CutAfter | Manner::Page(_) | Manner::Empty => {}
    }
    let running = tokio::spawn(run(Arc::clone(shared), query.to_owned()));
    let Ok(ran) = tokio::time::timeout(shared.settings.limit, running).await else {
        let body = r#"{"message":"Connection terminated due to connection timeout"}"#;
        return respond(&mut stream, 544, "", body).await;
    };
    let (status, body) = ran.map_err(io::Error::other)?;
    match manner {
        Manner::CutAfter => Ok(()),
        Manner::Page(status) => {
            respond(&mut stream, status, "", "<html><body>Bad gateway</body></html>").await
        }
        Manner::Empty => respond(&mut stream, 201, "", "").await,
        _ => respond(&mut stream, status, "", &body).await,
    }
}

/// Runs a text in a session of its own; status and body.
async fn run(shared: Arc<Shared>, query: String) -> (u16, String) {
    let session = Session::connect(&shared.target, "management api").await;
    let mut session = session.expect("the database is there");
    let result = if shared.settings.one_statement {
        session.query(&query, &[]).await.map(|answer| vec![answer])
    } else {
        session.simple(&query).await
    };
    match result {
        Ok(answers) => (201, rows(answers.last()).to_string()),
        Err(Failure::Server { error, .. }) => {
            let hint = error.hint.as_ref().map(|hint| format!("\nHINT:  {hint}"));
            let text = format!(
                "Failed to run sql query: ERROR:  {}: {}{}\n",
                error.code,
                error.message,
                hint.unwrap_or_default()
            );
            (400, serde_json::json!({ "message": text }).to_string())
        }
        Err(failure) => (500, serde_json::json!({ "message": failure.to_string() }).to_string()),
    }
}

fn rows(answer: Option<&Answer>) -> serde_json::Value {
    let Some(answer) = answer else { return serde_json::json!([]) };
    let row = |row: whimbrel_engine::wire::Row<'_>| {
        let columns = answer.columns().iter().enumerate();
        let fields = columns.map(|(at, name)| (name.clone(), serde_json::json!(row.at(at))));
        serde_json::Value::Object(fields.collect())
    };
    answer.rows().map(row).collect()
}

async fn request(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end + 2]).into_owned();
        let length =
            head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
        let length: usize = length.unwrap_or(0);
        while bytes.len() < end + 4 + length {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        return Ok((head, bytes.split_off(end + 4)));
    }
}

async fn respond(stream: &mut TcpStream, status: u16, more: &str, body: &str) -> io::Result<()> {
    let text = format!(
        "HTTP/1.1 {status} As it is\r\nContent-Type: application/json; charset=utf-8\r\n{more}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}
