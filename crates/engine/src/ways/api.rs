//! Supabase's Management API as a way: `POST /v1/projects/{ref}/database/query`.
//!
//! What it answers is not trusted further than it goes. A success is a JSON array and nothing else;
//! an error is the server's where its SQLSTATE is in it; anything else – a cut connection, a time-out,
//! an HTML page, an empty body, a success with an error in it – tells nothing of what the database
//! did, and whoever sent it looks there.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use whimbrel_sql::{Backslash, Kind, Literal, split};

use super::http::{Lost, Response, Url};
use super::{Reply, Trouble, Way, server_error};
use crate::Secret;
use crate::paste::{Alone, Piece};
use crate::pause::Pause;

/// Where the API is, for which project, and by whose leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    url: Url,
    project: String,
    token: Secret,
    /// How long one request may take.
    patience: Duration,
}

impl Api {
    /// The API that everybody uses.
    pub const URL: &str = "https://api.supabase.com";

    /// How long a request may take where nothing else is said: the API itself ends statements
    /// after about a minute.
    pub const PATIENCE: Duration = Duration::from_secs(90);

    /// An API at a URL.
    pub fn new(
        url: &str,
        project: &str,
        token: Secret,
        patience: Duration,
    ) -> Result<Self, String> {
        let is_name = |text: &str| {
            !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        if !is_name(project) {
            return Err("the project ref is none: it has letters and digits only".to_owned());
        }
        if token.reveal().is_empty() || token.reveal().chars().any(|c| c.is_control() || c == ' ') {
            return Err("the access token is none".to_owned());
        }
        let url = Url::parse(url).map_err(|why| format!("the API's URL cannot be used: {why}"))?;
        Ok(Self { url, project: project.to_owned(), token, patience })
    }

    /// The host and its port.
    pub fn host(&self) -> (&str, u16) {
        self.url.host()
    }

    /// Whether TLS is spoken with it.
    pub fn is_encrypted(&self) -> bool {
        self.url.is_tls()
    }

    /// The project.
    pub fn project(&self) -> &str {
        &self.project
    }
}

/// Speaks to the API for one target.
pub(super) struct Client(Api);

/// How long a request that came too early is tried again.
const TOO_MANY: Duration = Duration::from_mins(2);
/// How long a query that only reads is tried again, and at least once: an answer may be late by more
/// than this.
const READING: Duration = Duration::from_secs(8);

impl Client {
    pub(super) fn new(api: &Api) -> Self {
        Self(api.clone())
    }

    /// Posts a query; a request that came too early did nothing, and is made again.
    async fn post(&self, query: &str) -> Result<Vec<Value>, Trouble> {
        let Api { url, project, token, patience } = &self.0;
        let path = format!("/v1/projects/{project}/database/query");
        let body = json!({ "query": query }).to_string();
        let begun = tokio::time::Instant::now();
        let mut pause = Duration::from_secs(1);
        loop {
            let response = url.post(&path, token.reveal(), &body, *patience).await;
            let response = response.map_err(|lost| lost_of(&lost, url))?;
            if response.status != 429 {
                return judged(&response);
            }
            let wait = response.retry_after.map_or(pause, Duration::from_secs);
            if begun.elapsed() + wait > TOO_MANY {
                return Err(Trouble::Unreached {
                    message: "the API takes no more requests at the moment (429)".to_owned(),
                    hint: Some("wait a minute, and run it again".to_owned()),
                });
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(Duration::from_secs(30));
        }
    }

    /// Posts a query that answers with one text.
    async fn text(&self, query: &str) -> Result<String, Trouble> {
        let rows = self.post(query).await?;
        let text = rows.first().and_then(|row| row.get("answer")).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| Trouble::Unknown {
            message: "the API answered with other rows than were asked for".to_owned(),
        })
    }
}

/// Nothing came back: either nothing was sent, or nobody knows.
fn lost_of(lost: &Lost, url: &Url) -> Trouble {
    let (host, port) = url.host();
    match lost {
        Lost::Before(error) => Trouble::Unreached {
            message: format!("connect to {host}:{port}: {error}"),
            hint: Some(
                "the Management API wants HTTPS to that host; a proxy is not supported".to_owned(),
            ),
        },
        Lost::After(error) => Trouble::Unknown { message: error.to_string() },
    }
}

/// What an answer says.
fn judged(response: &Response) -> Result<Vec<Value>, Trouble> {
    let Response { status, body, .. } = response;
    let unreached = |message: &str, hint: &str| {
        let message = format!("{message} (HTTP {status})");
        Err(Trouble::Unreached { message, hint: Some(hint.to_owned()) })
    };
    if let Some(error) = said(body) {
        return Err(Trouble::Server(Box::new(error)));
    }
    match status {
        200..=299 => serde_json::from_str(body).map_err(|_| Trouble::Unknown {
            message: format!("HTTP {status} with {}", described(body)),
        }),
        401 => unreached(
            "the Management API does not take the access token",
            "make a new one in the dashboard (Account, Access Tokens), or run `supabase login`",
        ),
        403 => unreached(
            "the access token may not query this project's database",
            "use the token of somebody who may, or check the project ref",
        ),
        404 => unreached(
            "the Management API knows no such project",
            "check the project ref: it stands in the dashboard's URL",
        ),
        _ => Err(Trouble::Unknown { message: format!("HTTP {status} with {}", described(body)) }),
    }
}

/// The database's own error in a body.
fn said(body: &str) -> Option<crate::wire::ServerError> {
    #[derive(Deserialize)]
    struct Said {
        message: Option<String>,
        error: Option<Value>,
        code: Option<String>,
    }
    let said: Said = serde_json::from_str(body).ok()?;
    let error = said.error.map(|error| match error {
        Value::String(text) => text,
        Value::Object(fields) => {
            let field = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
            format!("ERROR:  {}: {}", field("code"), field("message"))
        }
        other => other.to_string(),
    });
    let texts = || said.message.iter().chain(&error);
    if let Some(found) = texts().find_map(|text| server_error(text)) {
        return Some(found);
    }
    let code = said.code.filter(|code| code.len() == 5)?;
    server_error(&format!("ERROR:  {code}: {}", texts().next()?))
}

/// A body that tells nothing, in few words.
fn described(body: &str) -> String {
    let body = body.trim();
    if body.is_empty() {
        return "an empty body".to_owned();
    }
    let start: String = body.chars().take(80).collect::<String>().replace(char::is_control, " ");
    let more = if body.chars().count() > 80 { "…" } else { "" };
    format!("a body that is no answer: {start}{more}")
}

/// A piece as one statement, which is one transaction whatever stands between: its own `begin` and
/// `commit` fall out. `None` where only a text of several statements can be it.
fn one_statement(piece: &Piece) -> Option<String> {
    let script = split(&piece.sql).ok()?;
    if piece.run == Alone::Yes {
        let only = script.statements.get(0).filter(|_| script.statements.len() == 1)?;
        return Some(piece.sql[only.span].to_owned());
    }
    let mut body = String::new();
    for statement in script.statements.iter() {
        match statement.kind {
            Kind::Begin { modes: None } | Kind::Commit { chain: false } => continue,
            Kind::Begin { .. }
            | Kind::Commit { .. }
            | Kind::Rollback
            | Kind::PrepareTransaction
            | Kind::CopyIn
            | Kind::Strings { backslash: Backslash::Escapes, .. } => return None,
            Kind::Plain
            | Kind::Alone(_)
            | Kind::MayCommit { .. }
            | Kind::AddEnumValue { .. }
            | Kind::Setting
            | Kind::Strings { backslash: Backslash::Plain, .. } => {}
        }
        let text = &piece.sql[statement.span];
        let first = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        if matches!(first.as_str(), "savepoint" | "release" | "declare" | "fetch" | "move") {
            return None;
        }
        writeln!(body, "execute {};", Literal(text)).expect("a text takes any text");
    }
    let mut tag = "$part$".to_owned();
    while body.contains(&tag) {
        tag.insert(1, 'x');
    }
    Some(format!("do {tag}\nbegin\n{body}end\n{tag}"))
}

impl Way for Client {
    fn ask<'a>(&'a self, query: &'a str) -> Reply<'a, String> {
        Box::pin(async move {
            let begun = tokio::time::Instant::now();
            let mut pause = Pause::new(Duration::from_millis(250), Duration::from_secs(3));
            let mut tries = 0;
            loop {
                tries += 1;
                match self.text(query).await {
                    // Whatever became of it: it only reads.
                    Err(Trouble::Unknown { .. }) if tries == 1 || begun.elapsed() < READING => {
                        tokio::time::sleep(pause.next()).await;
                    }
                    answer => return answer,
                }
            }
        })
    }

    fn send<'a>(&'a self, piece: &'a Piece) -> Reply<'a, ()> {
        Box::pin(async move {
            let Some(text) = one_statement(piece) else {
                return self.post(&piece.sql).await.map(drop);
            };
            match self.post(&text).await {
                // Not every statement goes within another (`select … into`); nothing of it is done.
                Err(Trouble::Server(error)) if error.code == "0A000" => {
                    self.post(&piece.sql).await.map(drop)
                }
                answer => answer.map(drop),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(status: u16, body: &str) -> String {
        let response = Response { status, retry_after: None, body: body.to_owned() };
        match judged(&response) {
            Ok(rows) => format!("{} rows", rows.len()),
            Err(Trouble::Server(error)) => format!("{} {}", error.code, error.message),
            Err(Trouble::Unreached { .. }) => "unreached".to_owned(),
            Err(Trouble::Unknown { .. }) => "unknown".to_owned(),
        }
    }

    #[test]
    fn an_answer_is_trusted_no_further_than_it_goes() {
        assert_eq!(judge(201, r#"[{"answer": "x"}]"#), "1 rows");
        assert_eq!(judge(201, "[]"), "0 rows");
        let failed = r#"{"message": "Failed to run sql query: ERROR:  42P01: relation \"x\" does not exist\nLINE 1: select"}"#;
        for status in [200, 201, 400, 500] {
            assert_eq!(judge(status, failed), "42P01 relation \"x\" does not exist");
        }
        assert_eq!(judge(200, r#"{"error": {"code": "42601", "message": "no"}}"#), "42601 no");
        for (status, body) in
            [(200, ""), (201, "<html>"), (200, r#"{"message": "odd"}"#), (500, "x"), (544, "{}")]
        {
            assert_eq!(judge(status, body), "unknown", "{status} {body}");
        }
        for status in [401, 403, 404] {
            assert_eq!(judge(status, r#"{"message": "Unauthorized"}"#), "unreached");
        }
    }

    #[test]
    fn a_part_is_one_statement() {
        let piece =
            |sql: &str, run| Piece { what: String::new(), step: 0, run, sql: sql.to_owned() };
        let whole = piece("begin;\nselect 'a;$part$';\nreset all;\ncommit;\n", Alone::No);
        assert_eq!(
            one_statement(&whole).as_deref(),
            Some(
                "do $xpart$\nbegin\nexecute 'select ''a;$part$''';\nexecute 'reset all';\nend\n$xpart$"
            )
        );
        assert_eq!(one_statement(&piece("begin; savepoint a; commit;", Alone::No)), None);
        assert_eq!(one_statement(&piece("vacuum;\n", Alone::Yes)).as_deref(), Some("vacuum"));
    }
}
