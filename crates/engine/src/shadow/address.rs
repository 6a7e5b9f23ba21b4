//! Where other programs reach a started development server.

use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;

use camino::Utf8Path;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use whimbrel_sql::Literal;

use super::cache::Cache;
use super::error::ShadowError;
use super::kept::KeptFolder;
use super::port_holder;
use crate::Secret;

/// The one address that a development server listens on: this machine's own.
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The role that logs in.
const ROLE: &str = "postgres";

/// Ports are taken from here. Below those that systems give to outgoing connections, so that a
/// server that was stopped finds its own free when it comes back.
const PORTS: std::ops::Range<u16> = 15_400..25_400;

/// How many ports are tried.
const TRIES: u16 = 200;

/// Letters of a password: none that a URL, a shell or a `.env` file would change.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Where other programs reach a development server, and with which password. It stays the same
/// for as long as its folder is there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    port: u16,
    password: String,
}

impl Address {
    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host, as a URL has it.
    pub fn host(&self) -> String {
        HOST.to_string()
    }

    /// The role that logs in.
    pub fn role(&self) -> &'static str {
        ROLE
    }

    /// The password of that role, made up for this server and good for nothing else.
    pub fn password(&self) -> Secret {
        Secret::new(self.password.as_str())
    }

    /// The connection URL of a database, password and all.
    pub fn url(&self, database: &str) -> Secret {
        let Self { port, password } = self;
        let database = utf8_percent_encode(database, URL_NAME);
        Secret::new(format!("postgresql://{ROLE}:{password}@{HOST}:{port}/{database}"))
    }

    /// The statement that lets its role in with its password.
    pub(crate) fn log_in(&self) -> String {
        let password = Literal(&self.password);
        format!("alter role {ROLE} login password {password} valid until 'infinity'")
    }

    /// A query with a row where somebody who made databases was killed, or is still at it: its role
    /// is kept out, or the server does without syncing.
    pub(crate) fn is_unfinished() -> String {
        format!(
            "select from pg_catalog.pg_authid where rolname = {} \
             and (rolvaliduntil = '-infinity' or current_setting('fsync') = 'off')",
            Literal(ROLE)
        )
    }

    /// The statement that lets nobody new in with a password, until the other one.
    pub(crate) fn lock_out() -> String {
        format!("alter role {ROLE} valid until '-infinity'")
    }

    /// The same without the password, for people.
    pub fn shown(&self, database: &str) -> String {
        let database = utf8_percent_encode(database, URL_NAME);
        format!("postgresql://{ROLE}:•••@{HOST}:{}/{database}", self.port)
    }
}

/// What a database's name keeps as it is in a URL.
const URL_NAME: &percent_encoding::AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({HOST}:{})", self.port)
    }
}

/// What a person or a project says about the port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// This one and no other.
    pub asked: Option<u16>,
    /// This one if it is free; counts where no port was chosen before.
    pub preferred: Option<u16>,
}

/// An address for a server that is about to start, and what had been preferred and was taken.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) address: Address,
    pub(crate) passed_over: Option<u16>,
    /// Whether its password is not yet that of the role.
    pub(crate) is_new: bool,
}

/// The address of a folder's server: the one that it has, else a new one that is free.
pub(crate) fn choose(
    folder: &KeptFolder,
    cache: &Cache,
    ports: Ports,
) -> Result<Chosen, ShadowError> {
    let known = folder.address();
    let password = match &known {
        Some(address) => address.password.clone(),
        None => new_password().map_err(|error| ShadowError::io("read", "/dev/urandom", &error))?,
    };
    let with = |port| Address { port, password: password.clone() };
    if let Some(port) = ports.asked.or(known.map(|address| address.port)) {
        check_free(port)?;
        return Ok(Chosen { address: with(port), passed_over: None, is_new: true });
    }
    // A server of another project that just sleeps is to find its port free.
    let of_others = ports_of_others(folder, cache);
    let is_free = |port: &u16| !of_others.contains(port) && check_free(*port).is_ok();
    if let Some(port) = ports.preferred.filter(is_free) {
        return Ok(Chosen { address: with(port), passed_over: None, is_new: true });
    }
    let hash = Sha256::digest(folder.path().as_str());
    let from = u16::from_be_bytes([hash[0], hash[1]]) % (PORTS.end - PORTS.start);
    let candidate = |step: u16| PORTS.start + (from + step) % (PORTS.end - PORTS.start);
    match (0..TRIES).map(candidate).find(is_free) {
        Some(port) => {
            Ok(Chosen { address: with(port), passed_over: ports.preferred, is_new: true })
        }
        None => Err(ShadowError::PortTaken { port: PORTS.start + from, by: None }),
    }
}

/// The address of a server that runs at a port.
pub(crate) fn of_running(
    folder: &KeptFolder,
    ports: Ports,
    port: u16,
) -> Result<Chosen, ShadowError> {
    if ports.asked.is_some_and(|asked| asked != port) {
        return Err(ShadowError::OtherPort { port });
    }
    if let Some(address) = folder.address().filter(|address| address.port == port) {
        return Ok(Chosen { address, passed_over: None, is_new: false });
    }
    // Somebody removed the file: the server gets another password.
    let failed = |error: io::Error| ShadowError::io("read", "/dev/urandom", &error);
    let address = Address { port, password: new_password().map_err(failed)? };
    folder.set_address(&address)?;
    Ok(Chosen { address, passed_over: None, is_new: true })
}

/// Fails where somebody listens on a port already.
pub(crate) fn check_free(port: u16) -> Result<(), ShadowError> {
    match TcpListener::bind((HOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(ShadowError::PortTaken { port, by: port_holder::of(port) })
        }
        Err(error) => Err(ShadowError::io("listen on", format!("{HOST}:{port}"), &error)),
    }
}

fn ports_of_others(folder: &KeptFolder, cache: &Cache) -> Vec<u16> {
    let Ok(entries) = cache.kept().read_dir_utf8() else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.path() != folder.path())
        .filter_map(|entry| KeptFolder::at(entry.into_path()).address())
        .map(|address| address.port)
        .collect()
}

fn new_password() -> io::Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let letter = LETTERS[usize::from(byte % 64)];
        text.write_char(char::from(letter)).expect("a string takes all");
        text
    }))
}

/// Reads an address; what cannot be read is none.
pub(crate) fn read(path: &Utf8Path) -> Option<Address> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Writes an address for its owner's eyes, at once for every reader.
pub(crate) fn write(path: &Utf8Path, address: &Address) -> io::Result<()> {
    let draft = path.with_extension("draft");
    fs::remove_file(&draft).ok();
    let mut file: File = File::options().create_new(true).write(true).mode(0o600).open(&draft)?;
    file.write_all(&serde_json::to_vec(address)?)?;
    fs::rename(draft, path)
}

#[cfg(test)]
mod tests {
    use super::{Address, new_password};

    #[test]
    fn a_url_needs_no_escape_but_in_the_name_of_the_database() {
        let address = Address { port: 15_432, password: "pA-_9".into() };
        assert_eq!(
            address.url("app/ü").reveal(),
            "postgresql://postgres:pA-_9@127.0.0.1:15432/app%2F%C3%BC"
        );
        assert!(!address.shown("app").contains("pA"));
        assert!(!format!("{address:?}").contains("pA"));
    }

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, two) = (new_password().unwrap(), new_password().unwrap());
        assert_eq!(one.len(), 24);
        assert_ne!(one, two);
    }
}
