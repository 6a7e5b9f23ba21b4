//! The password file: `.pgpass`.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use super::Host;
use super::complete::SOCKET_FOLDERS;
use super::settings::{Lookup, Settings};
use crate::Secret;

/// A password file, as it was when the target was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passfile {
    /// Where it is, if there is one or one was named.
    pub path: Option<Utf8PathBuf>,
    /// Why it is not used, where it is there and is not.
    pub fault: Option<PassfileFault>,
    lines: Vec<Line>,
}

/// Why a password file is not used, as libpq does not use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassfileFault {
    /// Others than its owner may read or write it.
    Permissions {
        /// Its mode: `0o644`.
        mode: u32,
    },
    /// It is no plain file.
    NotAFile,
    /// It cannot be read.
    Unreadable {
        /// Why.
        why: String,
    },
}

impl fmt::Display for PassfileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permissions { mode } => {
                write!(f, "others than its owner may read it (mode {mode:04o})")
            }
            Self::NotAFile => f.write_str("it is no plain file"),
            Self::Unreadable { why } => write!(f, "it cannot be read: {why}"),
        }
    }
}

impl PassfileFault {
    /// What to do about it.
    pub fn cure(&self, path: &Utf8Path) -> String {
        match self {
            Self::Permissions { .. } => format!("chmod 0600 {path}"),
            Self::NotAFile | Self::Unreadable { .. } => {
                format!("make {path} a plain file that only you can read")
            }
        }
    }
}

/// A line: `host:port:database:user:password`, each of the first four may be `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    matched: [String; 4],
    password: Secret,
}

impl Passfile {
    /// Reads the file that was named, else `~/.pgpass`. That there is none is nothing to speak of.
    pub(super) fn read(settings: &Settings, variable: Lookup<'_>) -> Self {
        let home = || {
            let (folder, name) = if cfg!(windows) {
                ("APPDATA", "postgresql/pgpass.conf")
            } else {
                ("HOME", ".pgpass")
            };
            Some(Utf8Path::new(&variable(folder)?).join(name))
        };
        let said = settings.text("passfile").map(Utf8PathBuf::from);
        let is_said = said.is_some();
        let Some(path) = said.or_else(home) else { return Self::default() };
        let Ok(metadata) = std::fs::metadata(&path) else {
            return Self { path: is_said.then_some(path), ..Self::default() };
        };
        let (lines, fault) = match contents(&path, &metadata) {
            Ok(text) => (text.lines().filter_map(Line::parse).collect(), None),
            Err(fault) => (Vec::new(), Some(fault)),
        };
        Self { path: Some(path), fault, lines }
    }

    /// The password of the first line that fits.
    pub(super) fn find(&self, host: &Host, database: &str, user: &str) -> Option<&Secret> {
        let port = host.port().to_string();
        let name = match host {
            Host::Tcp { host, .. } => host.as_str(),
            Host::Socket { folder, .. } if SOCKET_FOLDERS.contains(&folder.as_str()) => "localhost",
            Host::Socket { folder, .. } => folder.as_str(),
        };
        let wanted = [name, &port, database, user];
        let fits = |line: &&Line| {
            line.matched.iter().zip(wanted).all(|(has, wanted)| has == "*" || has == wanted)
        };
        self.lines.iter().find(fits).map(|line| &line.password)
    }
}

fn contents(path: &Utf8Path, metadata: &std::fs::Metadata) -> Result<String, PassfileFault> {
    if !metadata.is_file() {
        return Err(PassfileFault::NotAFile);
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
        if mode & 0o077 != 0 {
            return Err(PassfileFault::Permissions { mode });
        }
    }
    std::fs::read_to_string(path)
        .map_err(|error| PassfileFault::Unreadable { why: error.to_string() })
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        if line.starts_with('#') {
            return None;
        }
        let mut fields = vec![String::new()];
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            let last = fields.len() == 5;
            match character {
                '\\' => fields.last_mut()?.extend(characters.next()),
                ':' if !last => fields.push(String::new()),
                other => fields.last_mut()?.push(other),
            }
        }
        let [host, port, database, user, password] = fields.try_into().ok()?;
        Some(Self { matched: [host, port, database, user], password: Secret::new(password) })
    }
}
