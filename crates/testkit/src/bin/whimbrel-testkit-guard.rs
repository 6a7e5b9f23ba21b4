//! Plays the shadow's guard for test binaries, which have a `main` of their own; and a client of
//! the shadow, for tests that kill one.
//!
//! `shadow MAJOR`, `shadow MAJOR develop PROJECT` and `shadow MAJOR from DATABASE STEP…` start a
//! server as the environment says. Each event and then `ready` or `failed` is a line of JSON on
//! standard output; the server runs until standard input is closed.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use camino::Utf8Path;
use serde_json::{Value, json};
use whimbrel_engine::shadow::{
    Environment, Lineage, Server, Shadow, ShadowError, ShadowOptions, enter_if_asked,
};
use whimbrel_engine::{Event, Events};

fn main() -> ExitCode {
    if let Some(code) = enter_if_asked() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ["shadow", major, how @ ..] = &arguments[..] else { return ExitCode::FAILURE };
    let Ok(major) = major.parse() else { return ExitCode::FAILURE };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime needs nothing that a process lacks");
    runtime.block_on(client(major, how))
}

async fn client(major: u16, how: &[&str]) -> ExitCode {
    match start(major, how).await {
        Ok(server) => {
            say(&json!({
                "ready": {
                    "folder": server.folder(),
                    "socket": format!("{:?}", server.master().hosts),
                    "pid": server.pid(),
                    "described": server.described(),
                    "inherited": server.inherited(),
                }
            }));
            io::stdin().read_to_end(&mut Vec::new()).ok();
            server.stop().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&json!({ "failed": error, "message": error.to_string(), "hints": error.hints() }));
            ExitCode::FAILURE
        }
    }
}

async fn start(major: u16, how: &[&str]) -> Result<Server, ShadowError> {
    let mut options = ShadowOptions::from_environment(Environment::of_process());
    options.project =
        std::env::current_dir().ok().and_then(|folder| camino::Utf8PathBuf::try_from(folder).ok());
    // `name=value`, split at blanks.
    for pair in std::env::var("TEST_SETTINGS").unwrap_or_default().split_whitespace() {
        if let Some((name, value)) = pair.split_once('=') {
            options.settings.push((name.to_owned(), value.to_owned()));
        }
    }
    match how {
        ["develop", project] => {
            Shadow::develop(&options, major, Utf8Path::new(project), &mut Lines).await
        }
        ["from", database, steps @ ..] => {
            let mut lineage = Lineage::of(database);
            for step in steps {
                lineage.add(step.as_bytes());
            }
            Shadow::start_from(&options, major, &lineage, &mut Lines).await
        }
        _ => Shadow::start(&options, major, &mut Lines).await,
    }
}

struct Lines;

impl Events for Lines {
    fn on(&mut self, event: Event) {
        match event {
            Event::Working { what, percent } => {
                say(&json!({ "working": what, "percent": percent }));
            }
            Event::Waiting { what } => say(&json!({ "waiting": what })),
            _ => {}
        }
    }
}

fn say(line: &Value) {
    writeln!(io::stdout(), "{line}").ok();
}
