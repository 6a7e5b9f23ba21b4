//! `psql` and `pg_dump`, as people have them.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::program::{Packaged, Program};

const PSQL: Packaged = Packaged {
    name: "psql",
    package: "postgresql-client",
    within: Some("postgresql-client-"),
    how: "install Postgres' client programs (`apt-get install postgresql-client`, `dnf install \
          postgresql`, `brew install libpq`), so that `psql` is on the PATH",
};

const PG_DUMP: Packaged = Packaged {
    name: "pg_dump",
    how: "install Postgres' client programs (`apt-get install postgresql-client`, `dnf install \
          postgresql`, `brew install libpq`), so that `pg_dump` is on the PATH",
    ..PSQL
};

/// The program `psql`.
#[derive(Clone, Copy, Debug)]
pub struct Psql(&'static Program);

impl Psql {
    /// Finds or fetches it.
    ///
    /// # Panics
    /// Where it cannot be had; the message says how it can.
    pub fn get() -> Self {
        static FOUND: OnceLock<Program> = OnceLock::new();
        Self(FOUND.get_or_init(|| Program::get(&PSQL)))
    }

    /// A command that starts it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.0.path());
        self.0.equip(&mut command);
        command
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The program `pg_dump`, from the package that has `psql`.
#[derive(Clone, Copy, Debug)]
pub struct PgDump(&'static Program);

impl PgDump {
    /// The major of servers that it is sure to understand: Debian's own.
    pub const MAJOR: u16 = 15;

    /// Finds or fetches it.
    ///
    /// # Panics
    /// Where it cannot be had; the message says how it can.
    pub fn get() -> Self {
        static FOUND: OnceLock<Program> = OnceLock::new();
        Self(FOUND.get_or_init(|| Program::get(&PG_DUMP)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
