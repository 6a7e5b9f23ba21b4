//! A target as it may be shown.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Host, SslMode, Target};

/// What a URL's parts keep as it is; all else is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const ESCAPED_IN_PATH: &AsciiSet = &ESCAPED.remove(b'/');

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
    "target_session_attrs",
];

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgresql://{}", utf8_percent_encode(&self.user, ESCAPED))?;
        if self.password.is_some() {
            f.write_str(":•••")?;
        }
        f.write_str("@")?;
        let sockets = self.hosts.iter().any(|host| matches!(host, Host::Socket { .. }));
        let mut parameters = Parameters { f, separator: '?' };
        if !sockets {
            list(parameters.f, &self.hosts)?;
        }
        write!(parameters.f, "/{}", utf8_percent_encode(&self.database, ESCAPED))?;
        if sockets {
            parameters.key("host")?;
            for (index, host) in self.hosts.iter().enumerate() {
                let name = match host {
                    Host::Tcp { host, .. } => host.as_str(),
                    Host::Socket { folder, .. } => folder.as_str(),
                };
                let comma = if index == 0 { "" } else { "," };
                write!(parameters.f, "{comma}{}", utf8_percent_encode(name, ESCAPED_IN_PATH))?;
            }
            if self.hosts.iter().any(|host| host.port() != Target::PORT) {
                parameters.key("port")?;
                for (index, host) in self.hosts.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(parameters.f, "{comma}{}", host.port())?;
                }
            }
        }
        if self.ssl_mode != SslMode::default() {
            parameters.key("sslmode")?;
            write!(parameters.f, "{}", self.ssl_mode)?;
        }
        for (name, value) in &self.hints {
            if HARMLESS.contains(&name.as_str()) {
                parameters.key(name)?;
                write!(parameters.f, "{}", utf8_percent_encode(value, ESCAPED))?;
            }
        }
        Ok(())
    }
}

/// Writes parameters, the first after `?`, the others after `&`.
struct Parameters<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    separator: char,
}

impl Parameters<'_, '_> {
    fn key(&mut self, name: &str) -> fmt::Result {
        write!(self.f, "{}{name}=", self.separator)?;
        self.separator = '&';
        Ok(())
    }
}

fn list(f: &mut fmt::Formatter<'_>, hosts: &[Host]) -> fmt::Result {
    for (index, host) in hosts.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        write!(f, "{host}")?;
    }
    Ok(())
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// `db.example:5432`, `[::1]:5432`, or the path of the socket.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Socket { folder, port } => write!(f, "{folder}/.s.PGSQL.{port}"),
        }
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
