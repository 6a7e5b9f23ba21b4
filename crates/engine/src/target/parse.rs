//! Reads connection URLs as people have them.
//!
//! The reading is libpq's: what libpq takes is taken with the same meaning. Where libpq would
//! guess at a password with an unescaped `@` or `/` and then fail to find a strange host, the
//! place is named instead, because other tools that share the URL read it in yet other ways.

use percent_encoding::percent_decode_str;

use super::{
    ChannelBinding, Host, Part, SslIdentity, SslMode, SslNegotiation, SslRoots, Target, TargetError,
};
use crate::Secret;

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where Debian's and upstream's servers put their socket.
const SOCKET_FOLDERS: &[&str] = &["/var/run/postgresql", "/tmp"];

/// Parameters of libpq's that would change where we connect, or whom we trust. Leaving them out
/// silently would be wrong, so they are refused.
const REFUSED: &[&str] = &[
    "hostaddr",
    "replication",
    "require_auth",
    "requirepeer",
    "service",
    "sslcrl",
    "sslcrldir",
    "sslpassword",
];

pub(super) fn parse(text: &str, variable: Lookup<'_>) -> Result<Target, TargetError> {
    let url = Url::split(text.trim())?;
    let given = Given::read(&url)?;
    complete(given, variable)
}

/// A URL cut into its parts, nothing decoded yet.
struct Url<'a> {
    user: &'a str,
    password: Option<&'a str>,
    hosts: &'a str,
    database: &'a str,
    parameters: &'a str,
}

impl<'a> Url<'a> {
    fn split(text: &'a str) -> Result<Self, TargetError> {
        let (scheme, rest) = text.split_once("://").ok_or(TargetError::NotUrl)?;
        check_scheme(scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        check_unescaped(authority, tail)?;

        let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (credentials, None),
        };
        let (path, parameters) = tail.split_once('?').unwrap_or((tail, ""));
        let database = path.strip_prefix('/').unwrap_or(path);
        for (part, text) in [(Part::Database, database), (Part::Parameter, parameters)] {
            if text.contains('#') {
                return Err(TargetError::Unescaped { part, character: '#' });
            }
        }
        Ok(Self { user, password, hosts, database, parameters })
    }
}

fn check_scheme(scheme: &str) -> Result<(), TargetError> {
    let lower = scheme.to_ascii_lowercase();
    let (base, driver) = lower.split_once('+').unwrap_or((&lower, ""));
    let named = |scheme: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "+-.:_".contains(c);
        scheme.len() <= 40 && scheme.chars().all(plain)
    };
    match base {
        "prisma" => Err(TargetError::PrismaProxy { scheme: lower }),
        "postgres" | "postgresql" if driver != "prisma" => Ok(()),
        _ if lower.starts_with("jdbc:") => Err(TargetError::Jdbc),
        _ if named(&lower) => Err(TargetError::Scheme { scheme: lower }),
        _ => Err(TargetError::NotUrl),
    }
}

/// Finds the characters that end a part too early.
///
/// `authority` runs to the first `/`, `?` or `#`, and `tail` is the rest. In
/// `postgres://app:pa/ss@db/shop` the authority is `app:pa`, which has no `@`, while the tail has
/// one; in `postgres://app:p@ss@db/shop` the authority has two.
fn check_unescaped(authority: &str, tail: &str) -> Result<(), TargetError> {
    let unescaped = |part, character| Err(TargetError::Unescaped { part, character });
    let (path, _) = tail.split_once('?').unwrap_or((tail, ""));
    let ending = tail.chars().next().unwrap_or('/');
    match authority.matches('@').count() {
        0 if tail.contains('@') => {
            let before = tail.split('@').next().unwrap_or_default();
            let looks_like_port = |text: &str| text.chars().all(|c| c.is_ascii_digit());
            match authority.split_once(':') {
                // The password goes on behind the `/`: what stands before it is no port, or the
                // `@` stands where no database name and no parameter's value would have it.
                Some((_, port)) if !looks_like_port(port) => unescaped(Part::Password, ending),
                Some(_) if path.contains('@') || !before.contains('=') => {
                    unescaped(Part::Password, ending)
                }
                None if before.contains(':') && !before.contains('=') => {
                    unescaped(Part::User, ending)
                }
                None if path.contains('@') => unescaped(Part::Database, '@'),
                Some(_) | None => Ok(()),
            }
        }
        1 if path.contains('@') => {
            let behind = path.rsplit('@').next().unwrap_or_default();
            if behind.contains(['/', ':']) {
                unescaped(Part::Password, '@')
            } else {
                unescaped(Part::Database, '@')
            }
        }
        0 | 1 => Ok(()),
        _ => {
            let user = authority.split('@').next().unwrap_or_default();
            let part = if user.contains(':') { Part::Password } else { Part::User };
            unescaped(part, '@')
        }
    }
}

/// What the URL itself says, decoded.
#[derive(Default)]
struct Given {
    names: Vec<String>,
    ports: Vec<Option<u16>>,
    user: Option<String>,
    password: Option<Secret>,
    database: Option<String>,
    settings: Vec<(&'static str, String)>,
    hints: Vec<(String, String)>,
}

/// The parameters that are ours, with libpq's variable for each.
const SETTINGS: &[(&str, &str)] = &[
    ("application_name", "PGAPPNAME"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("options", "PGOPTIONS"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslmode", "PGSSLMODE"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslrootcert", "PGSSLROOTCERT"),
];

impl Given {
    fn read(url: &Url<'_>) -> Result<Self, TargetError> {
        let mut given = Self::default();
        let filled = |text: String| (!text.is_empty()).then_some(text);
        given.user = filled(decode(url.user, Part::User)?);
        if let Some(password) = url.password {
            given.set_password(decode(password, Part::Password)?)?;
        }
        for host in split_hosts(url.hosts) {
            let (name, port) = host_and_port(host)?;
            given.names.push(name);
            given.ports.push(port);
        }
        given.database = filled(decode(url.database, Part::Database)?);
        for parameter in url.parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or(TargetError::Parameter)?;
            let name = decode(name, Part::Parameter)?;
            let value = decode(value, Part::Parameter)?;
            given.take(name, value)?;
        }
        Ok(given)
    }

    /// Takes one parameter to its place, as libpq does: `?host=` and the like replace what the
    /// URL says further left.
    fn take(&mut self, name: String, value: String) -> Result<(), TargetError> {
        match name.as_str() {
            "host" => {
                self.names = value.split(',').map(str::to_owned).collect();
                if self.ports.len() > 1 && self.ports.len() != self.names.len() {
                    self.ports.clear();
                }
            }
            "port" => self.ports = ports(&value)?,
            "user" => self.user = Some(value),
            "password" => self.set_password(value)?,
            "dbname" => self.database = Some(value),
            "ssl" => self.settings.push(("sslmode", ssl_of_other_drivers(&value)?.to_owned())),
            _ if REFUSED.contains(&name.as_str()) => {
                return Err(TargetError::Unsupported { name });
            }
            _ => match SETTINGS.iter().find(|(setting, _)| *setting == name) {
                Some((setting, _)) => self.settings.push((setting, value)),
                None => self.hints.push((name, value)),
            },
        }
        Ok(())
    }

    fn set_password(&mut self, password: String) -> Result<(), TargetError> {
        let bracketed = (password.starts_with('[') && password.ends_with(']'))
            || (password.starts_with('<') && password.ends_with('>'));
        if bracketed && password.to_ascii_lowercase().contains("password") {
            return Err(TargetError::Placeholder);
        }
        self.password = (!password.is_empty()).then(|| Secret::new(password));
        Ok(())
    }

    /// The last value given for a setting, else its variable's.
    fn setting(&self, name: &str, variable: Lookup<'_>) -> Option<String> {
        let given = self.settings.iter().rev().find(|(setting, _)| *setting == name);
        given
            .map(|(_, value)| value.clone())
            .or_else(|| {
                let (_, variable_name) = SETTINGS.iter().find(|(setting, _)| *setting == name)?;
                variable(variable_name)
            })
            .filter(|value| !value.is_empty())
    }
}

fn complete(given: Given, variable: Lookup<'_>) -> Result<Target, TargetError> {
    let setting = |name| given.setting(name, variable);
    let ssl_roots = match setting("sslrootcert").as_deref() {
        None => SslRoots::Unsaid,
        Some("system") => SslRoots::System,
        Some(path) => SslRoots::File(path.into()),
    };
    let ssl_mode = match setting("sslmode") {
        Some(mode) => ssl_mode(&mode)?,
        // As libpq has it: roots that anybody can get a certificate from mean nothing unless the
        // host is checked too.
        None if ssl_roots == SslRoots::System => SslMode::VerifyFull,
        None => SslMode::default(),
    };
    let ssl_identity = match (setting("sslcert"), setting("sslkey")) {
        (Some(certificate), Some(key)) => {
            Some(SslIdentity { certificate: certificate.into(), key: key.into() })
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(TargetError::Identity),
    };
    let ssl_negotiation = match setting("sslnegotiation").as_deref() {
        None | Some("postgres") => SslNegotiation::Postgres,
        Some("direct") => SslNegotiation::Direct,
        Some(_) => {
            return Err(TargetError::Value {
                name: "sslnegotiation",
                expected: "postgres, direct",
            });
        }
    };
    let channel_binding = match setting("channel_binding").as_deref() {
        None | Some("prefer") => ChannelBinding::Prefer,
        Some("disable") => ChannelBinding::Disable,
        Some("require") => ChannelBinding::Require,
        Some(_) => {
            return Err(TargetError::Value {
                name: "channel_binding",
                expected: "disable, prefer, require",
            });
        }
    };
    let connect_timeout = setting("connect_timeout").as_deref().map(seconds).transpose()?;
    let options = setting("options");
    let application_name = setting("application_name");
    let user = given
        .user
        .clone()
        .or_else(|| variable("PGUSER"))
        .or_else(|| variable("USER"))
        .ok_or(TargetError::NoUser)?;
    let database =
        given.database.clone().or_else(|| variable("PGDATABASE")).unwrap_or_else(|| user.clone());
    let password = given.password.clone().or_else(|| variable("PGPASSWORD").map(Secret::new));
    Ok(Target {
        hosts: hosts(given.names, given.ports, variable)?,
        user,
        password,
        database,
        ssl_mode,
        ssl_roots,
        ssl_identity,
        ssl_negotiation,
        channel_binding,
        options,
        application_name,
        connect_timeout,
        hints: given.hints,
    })
}

/// Pairs hosts with ports; without any host it is the local socket.
fn hosts(
    mut names: Vec<String>,
    mut given: Vec<Option<u16>>,
    variable: Lookup<'_>,
) -> Result<Vec<Host>, TargetError> {
    if names.iter().all(String::is_empty)
        && let Some(host) = variable("PGHOST")
    {
        names = host.split(',').map(str::to_owned).collect();
    }
    if given.iter().all(Option::is_none)
        && let Some(port) = variable("PGPORT")
    {
        given = ports(&port)?;
    }
    if names.is_empty() {
        names.push(String::new());
    }
    let port_of = |index: usize| match given.as_slice() {
        [] => None,
        [one] => *one,
        several => several[index],
    };
    if given.len() > 1 && given.len() != names.len() {
        return Err(TargetError::Ports { hosts: names.len(), ports: given.len() });
    }
    let mut hosts = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let port = port_of(index).unwrap_or(Target::PORT);
        if name.starts_with('/') {
            hosts.push(Host::Socket { folder: name.into(), port });
        } else if !name.is_empty() {
            hosts.push(Host::Tcp { host: name, port });
        } else if cfg!(unix) {
            let sockets = SOCKET_FOLDERS.iter();
            hosts.extend(sockets.map(|folder| Host::Socket { folder: (*folder).into(), port }));
        } else {
            hosts.push(Host::Tcp { host: "localhost".to_owned(), port });
        }
    }
    Ok(hosts)
}

/// Splits at commas; an empty text is no host at all.
fn split_hosts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(move |_| !text.is_empty())
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), TargetError> {
    let (name, port) = match text.strip_prefix('[') {
        Some(address) => {
            let (address, rest) = address.split_once(']').ok_or(TargetError::Brackets)?;
            match rest.strip_prefix(':') {
                Some(port) => (address, Some(port)),
                None if rest.is_empty() => (address, None),
                None => return Err(TargetError::Brackets),
            }
        }
        None if text.matches(':').count() > 1 => return Err(TargetError::Brackets),
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        },
    };
    let name = decode(name, Part::Host)?;
    let port = match port {
        None | Some("") => None,
        Some(port) => {
            Some(port_number(port).ok_or_else(|| TargetError::Port { host: name.clone() })?)
        }
    };
    Ok((name, port))
}

fn ports(text: &str) -> Result<Vec<Option<u16>>, TargetError> {
    let one = |text: &str| match text {
        "" => Ok(None),
        text => port_number(text)
            .map(Some)
            .ok_or(TargetError::Value { name: "port", expected: "1 to 65535" }),
    };
    text.split(',').map(one).collect()
}

fn port_number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

fn ssl_mode(text: &str) -> Result<SslMode, TargetError> {
    match text {
        "disable" => Ok(SslMode::Disable),
        "allow" => Ok(SslMode::Allow),
        "prefer" => Ok(SslMode::Prefer),
        // node-postgres' word for what libpq calls require
        "require" | "no-verify" => Ok(SslMode::Require),
        "verify-ca" => Ok(SslMode::VerifyCa),
        "verify-full" => Ok(SslMode::VerifyFull),
        _ => Err(TargetError::Value {
            name: "sslmode",
            expected: "disable, allow, prefer, require, verify-ca, verify-full",
        }),
    }
}

/// `ssl=true` of JDBC and node-postgres, `ssl=require` of asyncpg.
fn ssl_of_other_drivers(value: &str) -> Result<&str, TargetError> {
    match value {
        "true" | "1" | "on" => Ok("require"),
        "false" | "0" | "off" => Ok("disable"),
        mode => ssl_mode(mode).map(|_| mode).map_err(|_| TargetError::Value {
            name: "ssl",
            expected: "true, false, disable, allow, prefer, require, verify-ca, verify-full",
        }),
    }
}

/// Seconds as libpq reads them: none or fewer means without limit.
fn seconds(text: &str) -> Result<u64, TargetError> {
    let seconds: i32 = text
        .trim()
        .parse()
        .map_err(|_| TargetError::Value { name: "connect_timeout", expected: "whole seconds" })?;
    Ok(u64::try_from(seconds).unwrap_or(0))
}

fn decode(text: &str, part: Part) -> Result<String, TargetError> {
    let bytes = text.as_bytes();
    let escapes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    for (at, _) in escapes {
        let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() != 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(TargetError::Unescaped { part, character: '%' });
        }
    }
    let decoded =
        percent_decode_str(text).decode_utf8().map_err(|_| TargetError::Encoding { part })?;
    if decoded.contains('\0') {
        return Err(TargetError::Encoding { part });
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests;
