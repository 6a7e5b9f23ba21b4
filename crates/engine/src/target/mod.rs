//! Where a database is and how to get in.

mod environment;
mod parse;
mod show;

use camino::Utf8PathBuf;

use crate::Secret;

pub use environment::process_variable;

/// A database, as a connection URL names it.
///
/// `Display` and `Debug` show it without its password and without what stands in parameters that
/// are not known to be harmless.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Hosts in the order in which they are tried; never empty.
    pub hosts: Vec<Host>,
    /// The role to log in as.
    pub user: String,
    /// Its password.
    pub password: Option<Secret>,
    /// The database.
    pub database: String,
    /// How much TLS is asked for, with libpq's meaning.
    pub ssl_mode: SslMode,
    /// Which roots a server certificate is held against.
    pub ssl_roots: SslRoots,
    /// A certificate of our own and its key, both PEM files.
    pub ssl_identity: Option<SslIdentity>,
    /// How TLS begins.
    pub ssl_negotiation: SslNegotiation,
    /// Whether SCRAM must be bound to the TLS connection.
    pub channel_binding: ChannelBinding,
    /// Startup options (`-c search_path=…`).
    pub options: Option<String>,
    /// The name that the user wants to be seen under, in place of ours.
    pub application_name: Option<String>,
    /// Seconds to wait for one host; zero waits without limit, `None` takes the default.
    pub connect_timeout: Option<u64>,
    /// Parameters that other tools understand and Postgres does not: `pgbouncer=true`,
    /// `schema=app` …
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
    /// Always, whoever answers (but a root certificate that is given is used).
    Require,
    /// Always, with a certificate of a known authority.
    VerifyCa,
    /// Always, with a certificate of a known authority for this host.
    VerifyFull,
}

/// The authorities that may have signed a server certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SslRoots {
    /// Nothing was said: the system's, where the mode verifies at all.
    #[default]
    Unsaid,
    /// The system's (`sslrootcert=system`).
    System,
    /// A PEM file.
    File(Utf8PathBuf),
}

/// A client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SslIdentity {
    /// The PEM file with the certificate and what signed it.
    pub certificate: Utf8PathBuf,
    /// The PEM file with its key.
    pub key: Utf8PathBuf,
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslNegotiation {
    /// The server is asked first whether it has TLS.
    #[default]
    Postgres,
    /// At once, as HTTPS does (Postgres 17 and some proxies).
    Direct,
}

/// Whether SCRAM is bound to the TLS connection, so that nobody can sit in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// Where both sides can.
    #[default]
    Prefer,
    /// Always; a server that cannot is refused.
    Require,
}

/// Why a connection URL could not be read. None of these shows any of the URL's secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It does not begin as one does.
    #[error("`{scheme}://` is not a Postgres connection URL")]
    Scheme {
        /// What stands before `://`.
        scheme: String,
    },
    /// It has no `://`.
    #[error("this is not a connection URL")]
    NotUrl,
    /// It is a URL of Java's.
    #[error("a JDBC URL keeps its user and password elsewhere and cannot be used")]
    Jdbc,
    /// It is the URL of Prisma's own service, which does not speak Postgres' protocol.
    #[error("`{scheme}://` leads to Prisma's proxy, not to Postgres")]
    PrismaProxy {
        /// What stands before `://`.
        scheme: String,
    },
    /// A character that means something in a URL stands in a part where it must be escaped.
    #[error("the {part} of the connection URL contains an unescaped `{character}`")]
    Unescaped {
        /// The part.
        part: Part,
        /// The character.
        character: char,
    },
    /// A part does not decode to text.
    #[error("the {part} of the connection URL does not decode to text")]
    Encoding {
        /// The part.
        part: Part,
    },
    /// The password is what the provider's page shows in its place.
    #[error("the password of the connection URL is still a placeholder")]
    Placeholder,
    /// An IPv6 address without its brackets.
    #[error("an IPv6 address in a connection URL stands in brackets")]
    Brackets,
    /// A port that is none. What stands there is not shown: it may be a password whose host was
    /// forgotten.
    #[error("what follows `{host}:` in the connection URL is not a port")]
    Port {
        /// The host before it.
        host: String,
    },
    /// Not one port, and not one for each host either.
    #[error("the connection URL has {hosts} hosts but {ports} ports")]
    Ports {
        /// How many hosts.
        hosts: usize,
        /// How many ports.
        ports: usize,
    },
    /// A parameter without its value.
    #[error("a parameter of the connection URL has no `=`")]
    Parameter,
    /// A value that the parameter does not have.
    #[error("`{name}` in the connection URL is not one of {expected}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// Its values.
        expected: &'static str,
    },
    /// A parameter of libpq's that would change where or how to connect and is not honoured.
    #[error("`{name}` in the connection URL is not supported")]
    Unsupported {
        /// The parameter.
        name: String,
    },
    /// A client certificate without its key, or the other way round.
    #[error("`sslcert` and `sslkey` in the connection URL need each other")]
    Identity,
    /// Nobody to log in as.
    #[error("the connection URL names no user")]
    NoUser,
}

/// A part of a connection URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The user name.
    User,
    /// The password.
    Password,
    /// The host.
    Host,
    /// The database name.
    Database,
    /// A parameter.
    Parameter,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "user name",
            Self::Password => "password",
            Self::Host => "host",
            Self::Database => "database name",
            Self::Parameter => "parameters",
        })
    }
}

impl TargetError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Scheme { .. } | Self::NotUrl => {
                "it looks like `postgresql://user:password@host:5432/database`".to_owned()
            }
            Self::Jdbc => "write it as `postgresql://user:password@host:5432/database`".to_owned(),
            Self::PrismaProxy { .. } => {
                "give the URL of the database itself, often in DIRECT_URL".to_owned()
            }
            Self::Unescaped { character, .. } => {
                format!("write `%{:02X}` in place of `{character}`", u32::from(*character))
            }
            Self::Encoding { .. } => "percent escapes stand for the bytes of UTF-8".to_owned(),
            Self::Placeholder => {
                "put the database's password in its place, special characters escaped".to_owned()
            }
            Self::Brackets => "write `[2001:db8::1]:5432`".to_owned(),
            Self::Port { .. } => {
                "it looks like `postgresql://user:password@host:5432/database`; special characters \
                 in the password are escaped (`@` as `%40`, `/` as `%2F`)"
                    .to_owned()
            }
            Self::Parameter => "parameters look like `?sslmode=require&schema=app`".to_owned(),
            Self::NoUser => {
                "write it before the host: `postgresql://user@host/database`".to_owned()
            }
            Self::Ports { .. } | Self::Value { .. } | Self::Unsupported { .. } | Self::Identity => {
                return None;
            }
        };
        Some(hint)
    }
}

impl Target {
    /// The port that Postgres listens on where nothing else is said.
    pub const PORT: u16 = 5432;

    /// Reads a connection URL as people have it.
    ///
    /// What the URL leaves out comes from libpq's variables (`PGHOST`, `PGPASSWORD` …) and, for
    /// the user, from `USER`; `variable` looks one up, so that only the caller knows where they
    /// come from (see [`process_variable`]).
    ///
    /// ```
    /// # use whimbrel_engine::Target;
    /// let url = "postgresql+asyncpg://app:se%2Fcret@db.example:6543/shop?pgbouncer=true";
    /// let target = Target::parse(url, &|_| None)?;
    /// assert_eq!(target.to_string(), "postgresql://app:•••@db.example:6543/shop?pgbouncer=true");
    /// assert!(target.is_transaction_pooler_guess());
    /// # Ok::<(), whimbrel_engine::TargetError>(())
    /// ```
    pub fn parse(
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, TargetError> {
        parse::parse(text, variable)
    }

    /// A database behind a unix socket where nobody asks for a password, as the shadow has it.
    pub fn socket(folder: impl Into<Utf8PathBuf>, port: u16, user: &str, database: &str) -> Self {
        Self {
            hosts: vec![Host::Socket { folder: folder.into(), port }],
            user: user.to_owned(),
            password: None,
            database: database.to_owned(),
            ssl_mode: SslMode::Disable,
            ssl_roots: SslRoots::default(),
            ssl_identity: None,
            ssl_negotiation: SslNegotiation::default(),
            channel_binding: ChannelBinding::default(),
            options: None,
            application_name: None,
            connect_timeout: None,
            hints: Vec::new(),
        }
    }

    /// Names another database of the same server.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self { database: database.into(), ..self.clone() }
    }

    /// Tells whether this is probably a transaction pooler: by Supabase's port, or because the
    /// URL says so to Prisma (`pgbouncer=true`).
    pub fn is_transaction_pooler_guess(&self) -> bool {
        self.hosts.iter().any(|host| host.port() == 6543) || self.hint("pgbouncer") == Some("true")
    }

    /// A parameter that the URL has for others.
    pub fn hint(&self, name: &str) -> Option<&str> {
        self.hints.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Host {
    /// Its port.
    pub fn port(&self) -> u16 {
        match self {
            Self::Tcp { port, .. } | Self::Socket { port, .. } => *port,
        }
    }
}
