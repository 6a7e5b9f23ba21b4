//! Reads connection URLs as people have them.
//!
//! The reading is libpq's: what libpq takes is taken with the same meaning. Where libpq would
//! guess at a password with an unescaped `@` or `/` and then fail to find a strange host, the
//! place is named instead, because other tools that share the URL read it in yet other ways.

use percent_encoding::percent_decode_str;
use whimbrel_history::misspelt;

use super::keywords::KEYWORDS;
use super::settings::Settings;
use super::{Origin, Part, SslMode, TargetError};

pub(super) fn parse(text: &str) -> Result<Settings, TargetError> {
    let url = Url::split(text)?;
    Given::read(&url).map(Given::settings)
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
        // What stands in the host's place is no host, so the `@` before it is the password's.
        1 if tail.contains('@') && !is_host_list(authority) => unescaped(Part::Password, '@'),
        0 | 1 => Ok(()),
        _ => {
            let user = authority.split('@').next().unwrap_or_default();
            let part = if user.contains(':') { Part::Password } else { Part::User };
            unescaped(part, '@')
        }
    }
}

/// Whether what follows the `@` is hosts with ports.
fn is_host_list(authority: &str) -> bool {
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    split_hosts(hosts).all(|host| host_and_port(host).is_ok())
}

/// What the URL itself says, decoded.
#[derive(Default)]
struct Given {
    names: Vec<String>,
    /// A text for each host, empty where it names no port.
    ports: Vec<String>,
    settings: Settings,
}

impl Given {
    fn read(url: &Url<'_>) -> Result<Self, TargetError> {
        let mut given = Self::default();
        for (name, text, part) in [
            ("user", url.user, Part::User),
            ("password", url.password.unwrap_or_default(), Part::Password),
            ("dbname", url.database, Part::Database),
        ] {
            let value = decode(text, part)?;
            if !value.is_empty() {
                given.settings.give(name, value)?;
            }
        }
        for host in split_hosts(url.hosts) {
            let (name, port) = host_and_port(host)?;
            given.names.push(name);
            given.ports.push(port.map(|port| port.to_string()).unwrap_or_default());
        }
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
            "port" => self.ports = value.split(',').map(str::to_owned).collect(),
            "ssl" => {
                self.settings.give("sslmode", ssl_of_other_drivers(&value)?.to_owned())?;
            }
            _ => {
                if !self.settings.give(&name, value.clone())? {
                    refuse_misspelt(&name)?;
                    self.settings.hints.push((name, value));
                }
            }
        }
        Ok(())
    }

    /// Hosts and ports as lists, as `host` and `port` of a connection string have them.
    fn settings(mut self) -> Settings {
        for (name, list) in [("host", self.names), ("port", self.ports)] {
            if list.iter().any(|item| !item.is_empty()) {
                self.settings.set(name, list.join(","), Origin::Given);
            }
        }
        self.settings
    }
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

pub(super) fn port_number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

/// Refuses a name that is one of libpq's but for a slip: `sslmod=verify-full` would connect without
/// TLS. Others are for other drivers.
fn refuse_misspelt(name: &str) -> Result<(), TargetError> {
    let known = KEYWORDS.iter().map(|keyword| keyword.name);
    if known.clone().any(|known| known == name) {
        return Ok(());
    }
    match misspelt(name, known) {
        Some(meant) => Err(TargetError::Misspelt { name: name.to_owned(), meant }),
        None => Ok(()),
    }
}

/// `ssl=true` of JDBC and node-postgres, `ssl=require` of asyncpg.
fn ssl_of_other_drivers(value: &str) -> Result<&str, TargetError> {
    match value {
        "true" | "1" | "on" => Ok("require"),
        "false" | "0" | "off" => Ok("disable"),
        mode if SslMode::named(mode).is_some() => Ok(mode),
        _ => Err(TargetError::Value {
            name: "ssl",
            origin: Origin::Given,
            expected: "true, false, disable, allow, prefer, require, verify-ca, verify-full",
        }),
    }
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
