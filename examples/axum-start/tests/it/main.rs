//! The server against a real database: alone, and as twenty replicas.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use whimbrel_engine::wire::Session;
use whimbrel_testkit::{Database, Server};

/// A running replica; ends with this value.
struct Replica(Child);

impl Replica {
    /// Starts one, which the database knows as `name`.
    fn start(database: &Database, name: &str) -> Self {
        let url = format!("{}&application_name={name}", url(database));
        let mut command = Command::new(env!("CARGO_BIN_EXE_whimbrel-example-axum-start"));
        command.env("DATABASE_URL", url).env("PORT", "0").stderr(Stdio::piped());
        // No file of the project is to be found there.
        command.current_dir("/");
        Self(command.spawn().unwrap())
    }

    /// Waits until it serves; its address, or what it said instead.
    fn address(&mut self) -> Result<String, String> {
        let mut said = String::new();
        for line in BufReader::new(self.0.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(address) = line.strip_prefix("listening on ") {
                return Ok(address.to_owned());
            }
            said.push_str(&line);
            said.push('\n');
        }
        Err(said)
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn url(database: &Database) -> String {
    let url = database.target().to_string();
    if url.contains('?') { url } else { format!("{url}?connect_timeout=10") }
}

/// What a replica answers to a readiness probe.
fn probe(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /ready HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

async fn value(session: &mut Session, sql: &str) -> Option<String> {
    let answers = session.simple(sql).await.unwrap();
    answers.iter().find_map(|answer| answer.value().map(str::to_owned))
}

#[tokio::test]
async fn it_migrates_and_then_says_that_it_is_ready() {
    let database = Server::shared(17).await.database().await;
    let mut replica = Replica::start(&database, "only");
    let address = replica.address().unwrap();
    assert!(probe(&address).contains(r#""schema":"ready""#));
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    assert_eq!(value(&mut session, "select body from notes").await.as_deref(), Some("welcome"));
}

#[tokio::test]
async fn it_is_not_ready_once_its_schema_was_taken_back() {
    let database = Server::shared(17).await.database().await;
    let mut replica = Replica::start(&database, "only");
    let address = replica.address().unwrap();
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    let forget = "update whimbrel.schema_migrations set status = 'rolled_back' \
        where id = '002_welcome'";
    session.simple(forget).await.unwrap();
    let answer = probe(&address);
    assert!(answer.starts_with("HTTP/1.0 503") && answer.contains("002_welcome"), "{answer}");
}

#[tokio::test]
async fn it_serves_a_database_that_is_ahead_and_says_so() {
    let database = Server::shared(17).await.database().await;
    drop(Replica::start(&database, "first").address().unwrap());
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    let newer = "insert into whimbrel.schema_migrations (id, name, up_sql, status, applied_at) \
        values ('003_newer', 'newer', 'select 1', 'completed', now())";
    session.simple(newer).await.unwrap();
    let mut replica = Replica::start(&database, "second");
    let answer = probe(&replica.address().unwrap());
    assert!(answer.contains("200") && answer.contains("003_newer"), "{answer}");
}

#[tokio::test]
async fn of_twenty_replicas_one_migrates_though_another_is_killed_while_it_has_the_lock() {
    let database = Server::shared(17).await.database().await;
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    // Whoever has the lock now waits for this table's name, so that it can be found and killed.
    session.simple("begin; create table notes (mine int)").await.unwrap();
    let mut replicas: Vec<Replica> =
        (0..20).map(|number| Replica::start(&database, &format!("replica-{number}"))).collect();
    let holder = holder(&database).await;
    replicas[holder].0.kill().unwrap();
    session.simple("rollback").await.unwrap();
    let mut serving = 0;
    for (number, replica) in replicas.iter_mut().enumerate() {
        match replica.address() {
            Ok(_) => serving += 1,
            Err(said) => assert_eq!(number, holder, "replica {number} said: {said}"),
        }
    }
    assert_eq!(serving, 19);
    assert_eq!(value(&mut session, "select count(*) from notes").await.as_deref(), Some("1"));
    let runs = "select count(*) from whimbrel.migration_history where status = 'completed'";
    assert_eq!(value(&mut session, runs).await.as_deref(), Some("2"));
}

/// The number of the replica that has the lock, once its migration is under way.
async fn holder(database: &Database) -> usize {
    let mut session = Session::connect(database.target(), "test").await.unwrap();
    let sql = "select a.application_name from pg_locks l join pg_stat_activity a using (pid) \
        where l.locktype = 'advisory' and l.granted and a.application_name like 'replica-%' \
        and l.database = (select oid from pg_database where datname = current_database()) \
        and exists (select from pg_stat_activity w \
            where w.datname = current_database() and w.wait_event_type = 'Lock')";
    for _ in 0..600 {
        if let Some(name) = value(&mut session, sql).await {
            return name.trim_start_matches("replica-").parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody took the lock");
}
