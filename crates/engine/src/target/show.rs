//! A target as a URL: as it may be shown, and as a program that connects needs it.

use std::fmt::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{
    ChannelBinding, Host, LoadBalance, SessionAttrs, Sni, SslMode, SslNegotiation, SslRoots,
    SslVersions, Target,
};
use crate::Secret;

/// What a URL's parts keep as it is; all else is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same for hosts with their ports.
const ESCAPED_IN_HOST: &AsciiSet = &ESCAPED.remove(b':').remove(b'[').remove(b']');
/// The same for paths, which are easier to read with their slashes.
const ESCAPED_IN_PATH: &AsciiSet = &ESCAPED.remove(b'/').remove(b',');

/// Parameters of others whose values say nothing secret. Any other value is hidden: behind an
/// unknown name may stand a token, or the rest of a password with an unescaped `?`.
const HARMLESS: &[&str] = &[
    "connection_limit",
    "pgbouncer",
    "pool_timeout",
    "prepared_statement_cache_size",
    "schema",
    "socket_timeout",
    "statement_cache_size",
];

impl Target {
    /// The whole URL, password and all, for a program that is to connect.
    ///
    /// What it leads to is what this target leads to, whatever libpq's variables say.
    pub fn url(&self) -> Secret {
        let mut url = String::new();
        self.write(&mut url, Shown::Everything).expect("a text takes any text");
        Secret::new(url)
    }

    fn write(&self, out: &mut dyn Write, shown: Shown) -> fmt::Result {
        write!(out, "postgresql://{}", utf8_percent_encode(&self.user, ESCAPED))?;
        match (&self.password, shown) {
            (Some(_), Shown::NothingSecret) => out.write_str(":•••")?,
            (_, Shown::NothingSecret) => {}
            (given, Shown::Everything) => {
                let password = given.as_ref().or_else(|| self.one_password());
                if let Some(password) = password {
                    write!(out, ":{}", utf8_percent_encode(password.reveal(), ESCAPED))?;
                }
            }
        }
        out.write_str("@")?;
        let sockets = self.hosts.iter().any(|host| matches!(host, Host::Socket { .. }));
        if !sockets {
            out.write_str(&list(self.hosts.iter().map(Host::in_url)))?;
        }
        write!(out, "/{}", utf8_percent_encode(&self.database, ESCAPED))?;
        let mut parameters = Parameters { out, separator: '?' };
        if sockets {
            parameters.write("host", &list(self.hosts.iter().map(Host::name)))?;
            if self.hosts.iter().any(|host| host.port() != Self::PORT) {
                let ports = list(self.hosts.iter().map(|host| host.port().to_string()));
                parameters.write("port", &ports)?;
            }
        }
        if self.hosts.iter().any(|host| host.address().is_some()) {
            let address = |host: &Host| host.address().map(|address| address.to_string());
            let addresses = self.hosts.iter().map(|host| address(host).unwrap_or_default());
            parameters.write("hostaddr", &list(addresses))?;
        }
        if self.session != SessionAttrs::default() {
            parameters.write("target_session_attrs", &self.session.to_string())?;
        }
        if self.ssl_mode != SslMode::default() || shown == Shown::Everything {
            parameters.write("sslmode", &self.ssl_mode.to_string())?;
        }
        if shown == Shown::Everything {
            self.write_settings(&mut parameters)?;
        }
        for (name, value) in &self.hints {
            if shown == Shown::Everything || HARMLESS.contains(&name.as_str()) {
                parameters.write(name, value)?;
            }
        }
        Ok(())
    }

    /// What a program needs beside hosts, role, database and password, by libpq's names.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let mut url = String::new();
        let mut parameters = Parameters { out: &mut url, separator: '?' };
        self.write_settings(&mut parameters).expect("a text takes any text");
        let mut settings = vec![
            ("sslmode".to_owned(), self.ssl_mode.to_string()),
            ("target_session_attrs".to_owned(), self.session.to_string()),
        ];
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = url.split(['?', '&']).filter_map(|pair| pair.split_once('='));
        settings.extend(
            pairs
                .filter(|(name, _)| *name != "application_name")
                .map(|(name, value)| (decoded(name), decoded(value))),
        );
        settings
    }

    /// The password of the password file, where it has the same for all hosts.
    fn one_password(&self) -> Option<&Secret> {
        let mut passwords = self.hosts.iter().map(|host| self.password_for(host));
        let first = passwords.next()??;
        passwords.all(|other| other == Some(first)).then_some(first)
    }

    /// What a program needs and a person does not.
    fn write_settings(&self, parameters: &mut Parameters<'_>) -> fmt::Result {
        match &self.ssl_roots {
            SslRoots::Unsaid => {}
            SslRoots::System => parameters.write("sslrootcert", "system")?,
            SslRoots::File(path) => parameters.write("sslrootcert", path.as_str())?,
        }
        if let Some(identity) = &self.ssl_identity {
            parameters.write("sslcert", identity.certificate.as_str())?;
            parameters.write("sslkey", identity.key.as_str())?;
        }
        match self.ssl_negotiation {
            SslNegotiation::Postgres => {}
            SslNegotiation::Direct => parameters.write("sslnegotiation", "direct")?,
        }
        match self.ssl_versions {
            SslVersions::Both => {}
            SslVersions::Only12 => parameters.write("ssl_max_protocol_version", "TLSv1.2")?,
            SslVersions::Only13 => parameters.write("ssl_min_protocol_version", "TLSv1.3")?,
        }
        if self.ssl_sni == Sni::Withheld {
            parameters.write("sslsni", "0")?;
        }
        if self.balance == LoadBalance::Random {
            parameters.write("load_balance_hosts", "random")?;
        }
        if let Some(required) = &self.require_auth {
            let mark = if required.negated { "!" } else { "" };
            let methods = required.methods.iter().map(|method| format!("{mark}{method}"));
            parameters.write("require_auth", &list(methods))?;
        }
        if let Some(peer) = &self.require_peer {
            parameters.write("requirepeer", peer)?;
        }
        match self.channel_binding {
            ChannelBinding::Prefer => {}
            ChannelBinding::Disable => parameters.write("channel_binding", "disable")?,
            ChannelBinding::Require => parameters.write("channel_binding", "require")?,
        }
        if let Some(seconds) = self.connect_timeout {
            parameters.write("connect_timeout", &seconds.to_string())?;
        }
        for (name, value) in
            [("options", &self.options), ("application_name", &self.application_name)]
        {
            if let Some(value) = value {
                parameters.write(name, value)?;
            }
        }
        Ok(())
    }
}

/// How much of a target is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    NothingSecret,
    Everything,
}

/// Writes parameters, the first after `?`, the others after `&`.
struct Parameters<'a> {
    out: &'a mut dyn Write,
    separator: char,
}

impl Parameters<'_> {
    fn write(&mut self, name: &str, value: &str) -> fmt::Result {
        let name = utf8_percent_encode(name, ESCAPED);
        let value = utf8_percent_encode(value, ESCAPED_IN_PATH);
        write!(self.out, "{}{name}={value}", self.separator)?;
        self.separator = '&';
        Ok(())
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Shown::NothingSecret)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

impl Host {
    /// The name, address or folder.
    fn name(&self) -> String {
        match self {
            Self::Tcp { host, .. } => host.clone(),
            Self::Socket { folder, .. } => folder.to_string(),
        }
    }

    /// The address that needs no look-up.
    fn address(&self) -> Option<std::net::IpAddr> {
        match self {
            Self::Tcp { address, .. } => *address,
            Self::Socket { .. } => None,
        }
    }

    fn in_url(&self) -> String {
        utf8_percent_encode(&self.to_string(), ESCAPED_IN_HOST).to_string()
    }
}

/// `db.example:5432`, `[::1]:5432`, or the path of the socket.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port, .. } => write!(f, "{host}:{port}"),
            Self::Socket { folder, port } => write!(f, "{folder}/.s.PGSQL.{port}"),
        }
    }
}

/// As `target_session_attrs=` has it.
impl fmt::Display for SessionAttrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::PreferStandby => "prefer-standby",
        })
    }
}

/// As `sslmode=` has it.
impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        })
    }
}
