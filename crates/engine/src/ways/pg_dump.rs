//! `pg_dump`, which writes down what a database has.
//!
//! It connects as `psql` does, by a service file of its own.

use std::io;
use std::process::Stdio;

use camino::Utf8PathBuf;
use tokio::process::Command;

use super::service::Service;
use crate::Target;

/// The program `pg_dump`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PgDump {
    /// Where it is; `None` is the one on the PATH.
    pub program: Option<Utf8PathBuf>,
}

/// Which `pg_dump` it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpVersion {
    /// The first number of its version.
    pub major: u16,
    /// The version as it says it: `17.6`.
    pub text: String,
}

/// What is not to be written down, by names as SQL has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Schemas, with all that is in them.
    pub schemas: Vec<String>,
    /// Tables and sequences, qualified.
    pub tables: Vec<String>,
}

/// Why there is nothing written down.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// It does not start.
    #[error("start pg_dump")]
    Start(#[source] io::Error),
    /// It does not say which version it is.
    #[error("`pg_dump --version` says `{said}`")]
    Version {
        /// What it said instead.
        said: String,
    },
    /// It did not come to its end.
    #[error("pg_dump ended with {status}: {message}")]
    Failed {
        /// How.
        status: std::process::ExitStatus,
        /// What it said.
        message: String,
    },
}

/// The schema alone, and of it what another server can take: who owns what and where it is stored
/// are the server's, and a subscription has a password in it.
const ARGUMENTS: &[&str] = &[
    "--schema-only",
    "--no-owner",
    "--no-tablespaces",
    "--no-subscriptions",
    "--no-password",
    "--encoding=UTF8",
    // In milliseconds: nobody waits for ever behind a table that somebody else has locked.
    "--lock-wait-timeout=60000",
];

impl PgDump {
    /// Asks it for its version.
    pub async fn version(&self) -> Result<DumpVersion, DumpError> {
        let mut command = self.command();
        command.arg("--version").env("LC_ALL", "C");
        let said = run(command).await?;
        DumpVersion::read(&said)
            .ok_or_else(|| DumpError::Version { said: said.trim().replace('\n', "; ") })
    }

    /// Writes down what a database has, but for what is left out.
    pub async fn schema(&self, target: &Target, without: &LeftOut) -> Result<String, DumpError> {
        let mut command = self.command();
        command.args(ARGUMENTS);
        command.args(without.schemas.iter().map(|name| format!("--exclude-schema={name}")));
        command.args(without.tables.iter().map(|name| format!("--exclude-table={name}")));
        let _file = Service::new(target, &[]).equip(&mut command).map_err(DumpError::Start)?;
        run(command).await
    }

    fn command(&self) -> Command {
        Command::new(self.program.as_ref().map_or("pg_dump", |path| path.as_str()))
    }
}

/// Runs it to its end; what it wrote counts only then.
async fn run(mut command: Command) -> Result<String, DumpError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // Ctrl-C is for us, who end it by letting go.
    #[cfg(unix)]
    command.process_group(0);
    let output = command.output().await.map_err(DumpError::Start)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let message = said.trim().replace('\n', "; ");
        return Err(DumpError::Failed { status: output.status, message });
    }
    String::from_utf8(output.stdout).map_err(|error| {
        DumpError::Start(io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
    })
}

impl DumpVersion {
    /// Reads `pg_dump (PostgreSQL) 17.6 (Debian 17.6-1.pgdg12+1)`.
    fn read(said: &str) -> Option<Self> {
        let (_, after) = said.split_once("(PostgreSQL) ")?;
        let text = after.split_whitespace().next()?;
        // `18beta1` is of major 18.
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        Some(Self { major: text[..digits].parse().ok()?, text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_every_vendor_says_it() {
        let read = |said| DumpVersion::read(said).map(|version| (version.major, version.text));
        let debian = "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(read(debian), Some((15, "15.18".to_owned())));
        assert_eq!(read("pg_dump (PostgreSQL) 18beta1"), Some((18, "18beta1".to_owned())));
        assert_eq!(read("pg_dump (PostgreSQL) 9.6.24"), Some((9, "9.6.24".to_owned())));
        assert_eq!(read("mysqldump 8.0"), None);
    }
}
