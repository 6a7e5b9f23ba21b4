//! The FastAPI example under uvicorn, asked over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::kit::{Project, here};

/// A running server; ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(project: &Project) -> (Running, String) {
    let example = here().ancestors().nth(2).unwrap().join("examples/fastapi-start");
    let mut command = project.python();
    command.args(["-m", "uvicorn", "main:app", "--port", "0", "--app-dir"]).arg(example);
    let mut running = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut said = String::new();
    for line in BufReader::new(running.0.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((_, rest)) = line.split_once("running on http://") {
            return (running, rest.split(' ').next().unwrap().to_owned());
        }
        said.extend([&line, "\n"]);
    }
    panic!("it does not serve: {said}");
}

fn probe(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn workers_that_start_at_once_migrate_once_and_tell_whether_the_schema_is_there() {
    let project = Project::new(&[]).await;
    let servers = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| start(&project))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect::<Vec<_>>()
    });
    for (_, address) in &servers {
        let answer = probe(address);
        assert!(answer.contains(" 200 ") && answer.contains("\"ready\""), "{answer}");
    }
    assert_eq!(project.sql("select count(*) from notes").await.as_deref(), Some("1"));
    let forget = "update whimbrel.schema_migrations set status = 'rolled_back' \
        where id = '002_welcome'";
    project.sql(forget).await;
    let answer = probe(&servers[0].1);
    assert!(answer.contains(" 503 ") && answer.contains("002_welcome"), "{answer}");
}
