//! `psql` as a way: a process for each text, which comes in on its standard input.

use std::process::Stdio;

use camino::Utf8PathBuf;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::service::Service;
use super::{Reply, Trouble, Way, server_error};
use crate::paste::Piece;
use crate::{Secret, Target};

/// How `psql` is had, and what only it understands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Psql {
    /// The program; `None` is the one on the PATH.
    pub program: Option<Utf8PathBuf>,
    /// Settings of libpq's that no connection of our own could honour.
    pub more: Vec<(&'static str, Secret)>,
}

/// A `psql` that leads to one database.
pub(super) struct Program {
    program: String,
    service: Service,
}

/// The program where nobody named another.
const PSQL: &str = "psql";

impl Program {
    pub(super) fn new(psql: &Psql, target: &Target) -> Self {
        let program = psql.program.as_ref().map_or(PSQL, |path| path.as_str()).to_owned();
        Self { program, service: Service::new(target, &psql.more) }
    }

    async fn run(&self, text: &str) -> Result<String, Trouble> {
        let unreached = |message: String, hint: Option<&str>| Trouble::Unreached {
            message,
            hint: hint.map(str::to_owned),
        };
        let mut command = Command::new(&self.program);
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"]);
        let _file = self
            .service
            .equip(&mut command)
            .map_err(|error| unreached(format!("write a service file for psql: {error}"), None))?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Ctrl-C is for us: it ends a run between two parts.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| {
            let hint = match self.program.as_str() {
                PSQL => "install Postgres' client programs, so that `psql` is on the PATH",
                _ => "that program is named by WHIMBREL_PSQL",
            };
            unreached(format!("start {}: {error}", self.program), Some(hint))
        })?;
        let mut input = child.stdin.take().expect("its standard input is a pipe");
        let text = text.to_owned();
        // It may stop reading at the first error, which it tells by itself.
        let writing = tokio::spawn(async move {
            let _ = input.write_all(text.as_bytes()).await;
        });
        let output = child.wait_with_output().await;
        drop(writing.await);
        let output = output.map_err(|error| Trouble::Unknown { message: error.to_string() })?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        if let Some(error) = server_error(&said) {
            return Err(Trouble::Server(Box::new(error)));
        }
        let message = said.trim().replace('\n', "; ");
        if said.trim_start().starts_with("psql: error:") {
            return Err(unreached(message, None));
        }
        Err(Trouble::Unknown { message: format!("psql ended with {}: {message}", output.status) })
    }
}

impl Way for Program {
    fn ask<'a>(&'a self, query: &'a str) -> Reply<'a, String> {
        Box::pin(async move { self.run(&format!("{query};\n")).await })
    }

    fn send<'a>(&'a self, piece: &'a Piece) -> Reply<'a, ()> {
        Box::pin(async move { self.run(&piece.sql).await.map(drop) })
    }
}
