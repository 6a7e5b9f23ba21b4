//! A web server that migrates its database when it starts.
//!
//! ```sh
//! DATABASE_URL=postgres://… cargo run -p whimbrel-example-axum-start
//! curl localhost:3000/ready
//! ```
//!
//! The migrations are in the binary. Twenty replicas may start at once: one of them migrates, the
//! others wait for it, and none serves before the schema is there.

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use whimbrel_app::{Ahead, Event, Migrator, Readiness, wire};

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {}", wire::chain(error.as_ref()).join(": ")));
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // The database is DATABASE_URL, found as the command `whimbrel` finds it.
    let migrator =
        Migrator::embedded(whimbrel_app::embedded!()).when_ahead(Ahead::Serve).on_event(|event| {
            if let Event::Done { migration, milliseconds, .. } = event {
                say(&format!("applied {migration} in {milliseconds} ms"));
            }
        });
    // A worker beside the servers leaves it to them: MIGRATE=no.
    if env::var("MIGRATE").as_deref() != Ok("no") {
        migrator.up().await?;
    }
    let listener = TcpListener::bind(("127.0.0.1", port())).await?;
    say(&format!("listening on {}", listener.local_addr()?));
    let routes = Router::new().route("/ready", get(ready)).with_state(migrator);
    Ok(axum::serve(listener, routes).await?)
}

/// Whether this replica can serve: the schema may have been taken back meanwhile.
async fn ready(State(migrator): State<Migrator>) -> (StatusCode, Json<Value>) {
    match migrator.readiness().await {
        Ok(Readiness::Ready) => (StatusCode::OK, Json(json!({ "schema": "ready" }))),
        Ok(Readiness::Ahead(ids)) => {
            (StatusCode::OK, Json(json!({ "schema": "ahead", "unknown": ids })))
        }
        Ok(Readiness::Pending(ids)) => {
            let body = json!({ "schema": "pending", "pending": ids });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body))
        }
        Err(error) => {
            let body = json!({ "schema": "unknown", "error": error.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body))
        }
    }
}

fn port() -> u16 {
    env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000)
}

fn say(line: &str) {
    // Whoever closed stderr does not want to hear it.
    let _ = writeln!(io::stderr(), "{line}");
}
