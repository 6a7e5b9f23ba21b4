//! Where a database is and how to get in.

mod complete;
mod environment;
mod error;
mod keywords;
mod parse;
mod passfile;
mod provider;
mod service;
mod settings;
mod show;
mod string;

use std::net::IpAddr;

use camino::Utf8PathBuf;

use crate::Secret;
use crate::ways::{Api, By, Psql};

pub use environment::process_variable;
#[cfg(unix)]
pub(crate) use environment::user_name;
pub use error::{Part, TargetError};
pub use passfile::{Passfile, PassfileFault};
pub use provider::HostKind;
pub use settings::{Origin, Origins};

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
    /// Its password, where one is given; [`Target::password_for`] looks into the password file too.
    pub password: Option<Secret>,
    /// The password file, read.
    pub passfile: Passfile,
    /// The database.
    pub database: String,
    /// What the server must be, else the next host is tried.
    pub session: SessionAttrs,
    /// In which order hosts are tried.
    pub balance: LoadBalance,
    /// How much TLS is asked for, with libpq's meaning.
    pub ssl_mode: SslMode,
    /// Which roots a server certificate is held against.
    pub ssl_roots: SslRoots,
    /// A certificate of our own and its key, both PEM files.
    pub ssl_identity: Option<SslIdentity>,
    /// How TLS begins.
    pub ssl_negotiation: SslNegotiation,
    /// Which versions of TLS are spoken.
    pub ssl_versions: SslVersions,
    /// Whether the host's name is told at the beginning of TLS, for proxies that go by it.
    pub ssl_sni: Sni,
    /// Whether SCRAM must be bound to the TLS connection.
    pub channel_binding: ChannelBinding,
    /// The ways in which the server may ask who we are, if not any.
    pub require_auth: Option<RequireAuth>,
    /// The user that a server behind a unix socket must run as.
    pub require_peer: Option<String>,
    /// Startup options (`-c search_path=…`).
    pub options: Option<String>,
    /// Settings that libpq sends from variables: `PGTZ`, `PGDATESTYLE`, `PGGEQO`.
    pub startup: Vec<(&'static str, String)>,
    /// The name that the user wants to be seen under, in place of ours.
    pub application_name: Option<String>,
    /// Seconds to wait for one host; zero waits without limit, `None` takes the default.
    pub connect_timeout: Option<u64>,
    /// Parameters that other tools understand and Postgres does not: `pgbouncer=true`,
    /// `schema=app` …
    pub hints: Vec<(String, String)>,
    /// By which way it is reached.
    pub by: By,
}

/// One host of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name or address and a port.
    Tcp {
        /// Name or address: what is looked up, what certificates and the password file know.
        host: String,
        /// The address, where it is given and need not be looked up (`hostaddr`).
        address: Option<IpAddr>,
        /// Port.
        port: u16,
    },
    /// A folder with a unix socket in it.
    Socket {
        /// The folder; one that begins with `@` is a name of Linux's, outside the file system.
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
    /// Nothing was said: Supabase's own for its hosts, the system's for others, where the mode
    /// verifies at all.
    #[default]
    Unsaid,
    /// The system's (`sslrootcert=system`).
    System,
    /// A PEM file.
    File(Utf8PathBuf),
}

/// What a server must be (`target_session_attrs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionAttrs {
    /// Whatever it is.
    #[default]
    Any,
    /// Its sessions can write.
    ReadWrite,
    /// Its sessions cannot write.
    ReadOnly,
    /// It is no standby.
    Primary,
    /// It is a standby.
    Standby,
    /// A standby if there is one, else any.
    PreferStandby,
}

/// In which order hosts are tried (`load_balance_hosts`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadBalance {
    /// As they are given.
    #[default]
    Disable,
    /// In any order, and the addresses of each as well.
    Random,
}

/// Which versions of TLS are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslVersions {
    /// 1.2 and 1.3; older ones are not safe.
    #[default]
    Both,
    /// 1.2.
    Only12,
    /// 1.3.
    Only13,
}

/// Whether the host's name is told at the beginning of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sni {
    /// It is.
    #[default]
    Sent,
    /// It is not.
    Withheld,
}

/// The ways in which a server may ask who we are (`require_auth`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequireAuth {
    /// Whether the methods are those that may not be used.
    pub negated: bool,
    /// `password`, `md5`, `scram-sha-256`, `none` …
    pub methods: Vec<String>,
}

impl RequireAuth {
    /// Whether a method may be used.
    pub fn allows(&self, method: &str) -> bool {
        self.methods.iter().any(|listed| listed == method) != self.negated
    }
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

impl Target {
    /// The port that Postgres listens on where nothing else is said.
    pub const PORT: u16 = 5432;

    /// Reads a connection URL as people have it, or a connection string (`host=db dbname=shop`).
    ///
    /// What it leaves out comes from where libpq takes it: a service of `pg_service.conf`
    /// (`PGSERVICE`), libpq's variables (`PGHOST`, `PGPASSWORD` …), the password file (`.pgpass`),
    /// the files in `~/.postgresql`, and, for the user, `USER`. `variable` looks a variable up, so
    /// that only the caller knows where they come from (see [`process_variable`]); without `HOME`
    /// no file is read that was not named.
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
        Self::explain(text, variable).map(|(target, _)| target)
    }

    /// The same, with where each setting came from, by libpq's name for it.
    pub fn explain(
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Origins), TargetError> {
        let text = text.trim();
        let mut settings =
            if string::is_string(text) { string::parse(text)? } else { parse::parse(text)? };
        service::fill(&mut settings, variable)?;
        settings.fill_from_variables(variable);
        complete::complete(settings, variable)
    }

    /// The same for `psql`, which honours what no connection of our own could.
    pub fn explain_for_psql(
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
        program: Option<Utf8PathBuf>,
    ) -> Result<(Self, Origins), TargetError> {
        let text = text.trim();
        let mut settings =
            if string::is_string(text) { string::parse(text)? } else { parse::parse(text)? };
        service::fill(&mut settings, variable)?;
        settings.fill_from_variables(variable);
        let more = settings.take_refused();
        let (target, origins) = complete::complete(settings, variable)?;
        Ok((Self { by: By::Psql(Psql { program, more }), ..target }, origins))
    }

    /// A project behind Supabase's Management API.
    pub fn by_api(api: Api) -> Self {
        let (host, port) = api.host();
        let hosts = vec![Host::tcp(host, port)];
        Self { by: By::Api(api), ..Self::bare(hosts, "postgres", "postgres") }
    }

    /// A database behind a unix socket where nobody asks for a password, as the shadow has it.
    pub fn socket(folder: impl Into<Utf8PathBuf>, port: u16, user: &str, database: &str) -> Self {
        let hosts = vec![Host::Socket { folder: folder.into(), port }];
        Self { ssl_mode: SslMode::Disable, ..Self::bare(hosts, user, database) }
    }

    /// Hosts, a role and a database, and nothing said beyond that.
    fn bare(hosts: Vec<Host>, user: &str, database: &str) -> Self {
        Self {
            hosts,
            user: user.to_owned(),
            password: None,
            passfile: Passfile::default(),
            database: database.to_owned(),
            session: SessionAttrs::default(),
            balance: LoadBalance::default(),
            ssl_mode: SslMode::default(),
            ssl_roots: SslRoots::default(),
            ssl_identity: None,
            ssl_negotiation: SslNegotiation::default(),
            ssl_versions: SslVersions::default(),
            ssl_sni: Sni::default(),
            channel_binding: ChannelBinding::default(),
            require_auth: None,
            require_peer: None,
            options: None,
            startup: Vec::new(),
            application_name: None,
            connect_timeout: None,
            hints: Vec::new(),
            by: By::default(),
        }
    }

    /// The password for a host: the one that is given, else the password file's.
    pub fn password_for(&self, host: &Host) -> Option<&Secret> {
        let found = || self.passfile.find(host, &self.database, &self.user);
        self.password.as_ref().or_else(found)
    }

    /// Names another database of the same server.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self { database: database.into(), ..self.clone() }
    }

    /// Tells whether this is probably a transaction pooler: by Supabase's port, or because the
    /// URL says so to Prisma (`pgbouncer=true`).
    pub fn is_transaction_pooler_guess(&self) -> bool {
        let by_port = |host: &Host| host.port() == HostKind::TRANSACTION_PORT;
        self.hosts.iter().any(by_port) || self.hint("pgbouncer") == Some("true")
    }

    /// A parameter that the URL has for others.
    pub fn hint(&self, name: &str) -> Option<&str> {
        self.hints.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Host {
    /// A name or address to look up, and a port.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp { host: host.into(), address: None, port }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        match self {
            Self::Tcp { port, .. } | Self::Socket { port, .. } => *port,
        }
    }
}
