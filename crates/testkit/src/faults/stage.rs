//! A server with a database for each script, and PgBouncer in front of it.

use std::sync::Arc;

use whimbrel_engine::Target;
use whimbrel_engine::shadow::Template;
use whimbrel_engine::wire::{Answer, Session};

use super::judge::{APPLICATION, PREPARE};
use super::script::Script;
use crate::{PgBouncer, Pool, PoolMode, Server, Settings};

/// Where runs take place: one worker's own, where the server is restarted, or several workers'.
pub(super) struct Stage {
    pub(super) server: Server,
    pub(super) bouncer: PgBouncer,
}

impl Stage {
    /// Sets everything up for some scripts.
    pub(super) async fn set(scripts: &Arc<[Script]>, major: u16) -> Self {
        // What was reported as committed must survive an immediate stop; a shadow does not care.
        let settings = Settings::new().with("synchronous_commit", "on");
        let server = Server::private(major, &settings).await;
        let walk = server.create_database(APPLICATION, Template::Empty).await;
        let walk = walk.unwrap_or_else(|error| panic!("make a database: {error:?}"));
        // After a restart the pooler must not remember for seconds that nobody was there.
        let pool = Pool::new(PoolMode::Transaction, 5).with("server_login_retry", "0.05");
        let bouncer = PgBouncer::start(&walk, &pool).await;
        for (number, script) in scripts.iter().enumerate() {
            let name = template(number);
            let target = server
                .create_database(&name, Template::Empty)
                .await
                .unwrap_or_else(|error| panic!("make database {name}: {error:?}"));
            let sql = format!("{PREPARE}; {}", script.before);
            ask(&target, &sql).await.unwrap_or_else(|error| panic!("{}: {error}", script.name));
        }
        Self { server, bouncer }
    }

    /// The statement that makes a database in the state before a script's first run.
    pub(super) fn making(&self, name: &str, script: usize) -> String {
        // Before 15 there is only one strategy, and it has no name.
        let strategy = if self.server.major() >= 15 { "strategy file_copy" } else { "" };
        format!("create database {name} template {} {strategy}", template(script))
    }
}

fn template(script: usize) -> String {
    format!("script_{script}")
}

/// Asks for one value, on a connection of its own.
pub(super) async fn ask(target: &Target, sql: &str) -> Result<String, String> {
    let mut session = connect(target).await?;
    let value = value(&mut session, sql).await?;
    session.close().await;
    Ok(value)
}

pub(super) async fn connect(target: &Target) -> Result<Session, String> {
    Session::connect(target, APPLICATION).await.map_err(|error| format!("connect: {error:?}"))
}

pub(super) async fn value(session: &mut Session, sql: &str) -> Result<String, String> {
    let answers = session.simple(sql).await.map_err(|error| format!("{sql}: {error:?}"))?;
    Ok(answers.last().and_then(Answer::value).unwrap_or_default().to_owned())
}
