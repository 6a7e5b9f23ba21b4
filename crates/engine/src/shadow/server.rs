//! A running shadow, as its users see it.

use std::ops::Range;

use camino::Utf8Path;
use whimbrel_sql::Ident;

use super::admin;
use super::borrowed::Borrowed;
use super::distribution::{self, Distribution};
use super::error::ShadowError;
use super::lineage::Lineage;
use super::order::StopMode;
use super::own::Own;
use crate::Target;
use crate::wire::Session;

/// A running shadow. Ends with this value, or with this process.
#[derive(Debug)]
pub struct Server {
    version: String,
    major: u16,
    described: String,
    inherited: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Own(Own),
    Borrowed(Box<Borrowed>),
}

/// What a new database begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template<'a> {
    /// Nothing.
    Empty,
    /// All that another database of the server has.
    Copy(&'a str),
}

impl Server {
    pub(crate) fn own(own: Own, programs: &Distribution, inherited: usize) -> Self {
        Self {
            version: programs.version.clone(),
            major: programs.major,
            described: programs.described.clone(),
            inherited,
            kind: Kind::Own(own),
        }
    }

    pub(crate) fn borrowed(borrowed: Borrowed) -> Self {
        let version = borrowed.version().to_owned();
        Self {
            major: distribution::major_of(&version).unwrap_or_default(),
            described: format!("server {version} of --shadow-url"),
            version,
            inherited: 0,
            kind: Kind::Borrowed(Box::new(borrowed)),
        }
    }

    /// The first number of the version.
    pub fn major(&self) -> u16 {
        self.major
    }

    /// The version: `17.10`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it came from, for people: `portable server 17.10`.
    pub fn described(&self) -> &str {
        &self.described
    }

    /// How to log in to one of its databases as its master.
    pub fn target(&self, database: &str) -> Target {
        match &self.kind {
            Kind::Own(own) => own.target(database),
            Kind::Borrowed(borrowed) => borrowed.target(database),
        }
    }

    /// How to log in as its master where no database is meant.
    pub fn master(&self) -> Target {
        match &self.kind {
            Kind::Own(own) => own.master(),
            Kind::Borrowed(borrowed) => borrowed.master(),
        }
    }

    /// Makes a database: an empty one, or a copy of another that nobody is connected to.
    ///
    /// On a server that was lent it really has another name, which [`Server::target`] knows.
    pub async fn create_database(
        &self,
        name: &str,
        template: Template<'_>,
    ) -> Result<Target, ShadowError> {
        let source = match template {
            Template::Empty => "template0".to_owned(),
            Template::Copy(database) => self.target(database).database,
        };
        let real = match &self.kind {
            Kind::Own(_) => name.to_owned(),
            Kind::Borrowed(borrowed) => borrowed.name(name),
        };
        // Its two checkpoints cost nothing without `fsync`, and a second with it. Before 15 there is
        // only this one strategy, and it has no name.
        let throw_away = matches!(&self.kind, Kind::Own(own) if own.is_throw_away());
        let strategy = if self.major >= 15 && throw_away { " strategy file_copy" } else { "" };
        let sql = format!("create database {} template {}{strategy}", Ident(&real), Ident(&source));
        admin::run(&self.master(), &[&sql]).await?;
        Ok(self.target(name))
    }

    /// Drops a database of ours, whoever is connected to it.
    pub async fn drop_database(&self, name: &str) -> Result<(), ShadowError> {
        let real = match &self.kind {
            Kind::Own(_) => Some(name.to_owned()),
            Kind::Borrowed(borrowed) => borrowed.known(name),
        };
        let Some(real) = real else { return Ok(()) };
        let sql = format!("drop database if exists {} with (force)", Ident(&real));
        admin::run(&self.master(), &[&sql]).await
    }

    /// How many steps of its lineage the server began with.
    pub fn inherited(&self) -> usize {
        self.inherited
    }

    /// Completes the database of a lineage that the server was started from: `build` does the
    /// steps of the range that it is given, and what it made is kept for later processes.
    ///
    /// Where `build` fails, nothing is kept and its error is returned; the database stays as
    /// `build` left it.
    pub async fn database_from<E: From<ShadowError>>(
        &self,
        lineage: &Lineage,
        build: impl AsyncFnOnce(&mut Session, Range<usize>) -> Result<(), E>,
    ) -> Result<Target, E> {
        let target = self.target(lineage.database());
        if self.inherited < lineage.len() {
            let mut session = admin::connect(&target).await?;
            build(&mut session, self.inherited..lineage.len()).await?;
            session.close().await;
            self.keep(lineage).await?;
        }
        Ok(target)
    }

    /// Keeps the server's cluster as the state after all steps of a lineage, for later processes.
    ///
    /// The server is restarted, so nobody may be connected. What else is in the cluster by now
    /// (databases, roles) is kept as well: call it right after the last step. A server that was
    /// lent keeps nothing.
    pub async fn keep(&self, lineage: &Lineage) -> Result<(), ShadowError> {
        match &self.kind {
            Kind::Own(own) => own.keep(lineage).await,
            Kind::Borrowed(_) => Ok(()),
        }
    }

    /// Stops the server in some way and starts it again.
    pub async fn restart(&self, mode: StopMode) -> Result<(), ShadowError> {
        self.ours()?.restart(mode).await
    }

    /// Stops the server and leaves it down.
    pub async fn halt(&self, mode: StopMode) -> Result<(), ShadowError> {
        self.ours()?.halt(mode).await
    }

    /// Starts a halted server again.
    pub async fn resume(&self) -> Result<(), ShadowError> {
        self.ours()?.resume().await
    }

    /// The postmaster's process id, while it runs and is ours.
    pub fn pid(&self) -> Option<u32> {
        self.ours().ok()?.pid()
    }

    /// The folder with the server's data, log and socket, if it is ours.
    pub fn folder(&self) -> Option<&Utf8Path> {
        self.ours().ok().map(Own::folder)
    }

    /// Ends the server and waits until its folder is gone, or its databases where it was lent.
    /// A kept server goes on for its other users. Dropping does the same without waiting.
    pub async fn stop(self) {
        match self.kind {
            Kind::Own(own) => own.stop().await,
            Kind::Borrowed(borrowed) => drop(borrowed),
        }
    }

    fn ours(&self) -> Result<&Own, ShadowError> {
        match &self.kind {
            Kind::Own(own) => Ok(own),
            Kind::Borrowed(_) => Err(ShadowError::Shared),
        }
    }
}
