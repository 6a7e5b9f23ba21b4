//! Where a database is and how to get in.

use camino::Utf8PathBuf;

use crate::Secret;

/// A database, as a connection URL names it. `Display` shows it without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Hosts in the order in which they are tried.
    pub hosts: Vec<Host>,
    /// The role to log in as.
    pub user: String,
    /// Its password.
    pub password: Option<Secret>,
    /// The database.
    pub database: String,
    /// How much TLS is asked for, with libpq's meaning.
    pub ssl_mode: SslMode,
    /// A file of root certificates; `None` takes the system's.
    pub ssl_root_certificate: Option<Utf8PathBuf>,
    /// Startup options (`-c search_path=…`).
    pub options: Option<String>,
    /// Seconds to wait for a connection.
    pub connect_timeout: Option<u64>,
    /// What the user gave that connects elsewhere or nowhere: `pgbouncer=true`, `schema=app` …
    pub hints: Vec<(String, String)>,
}

/// One host of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name or address and a port.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A folder with a unix socket in it.
    Socket {
        /// The folder.
        folder: Utf8PathBuf,
        /// The port, part of the socket's name.
        port: u16,
    },
}

/// How much TLS is asked for, with libpq's meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    /// None.
    Disable,
    /// None unless the server insists.
    Allow,
    /// If the server has it.
    #[default]
    Prefer,
    /// Always, whoever answers.
    Require,
    /// Always, with a certificate of a known authority.
    VerifyCa,
    /// Always, with a certificate of a known authority for this host.
    VerifyFull,
}

/// Why a connection URL could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It does not begin as one does.
    #[error("`{scheme}` is not a Postgres connection URL")]
    Scheme {
        /// What stands before `://`.
        scheme: String,
    },
}
