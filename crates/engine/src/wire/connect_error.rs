//! Why no host of a target let us in.

use std::fmt;
use std::io;

use camino::Utf8PathBuf;

use super::ServerError;
use super::tls::TlsSetupError;
use crate::ways::Trouble;
use crate::{PassfileFault, SessionAttrs, SslMode};

/// No host of the target let us in.
#[derive(Debug)]
pub struct ConnectError {
    /// What happened at each host that was tried, in order; never empty.
    pub hosts: Vec<HostError>,
}

/// What happened at one host.
#[derive(Debug, thiserror::Error)]
#[error("connect to {place}")]
pub struct HostError {
    /// `db.example:5432`, with the address where the name has several, or the socket's path.
    pub place: String,
    /// Why it failed.
    #[source]
    pub cause: ConnectCause,
}

/// Why one host could not be used. None of these knows the password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectCause {
    /// The name has no address.
    #[error("look up the address")]
    Resolve(#[source] io::Error),
    /// Nobody answers there.
    #[error(transparent)]
    Reach(io::Error),
    /// Nobody answered in time.
    #[error("no answer within {seconds} s while it should {stage}")]
    Timeout {
        /// What was waited for.
        stage: Stage,
        /// How long.
        seconds: u64,
    },
    /// TLS is asked for and the server has none.
    #[error("the server does not offer TLS, which sslmode={mode} asks for")]
    TlsNotOffered {
        /// What was asked for.
        mode: SslMode,
    },
    /// TLS could not be prepared on our side.
    #[error(transparent)]
    TlsSetup(TlsSetupError),
    /// TLS failed: a certificate that is not trusted, no common version …
    #[error("agree on TLS")]
    Tls(#[source] io::Error),
    /// The server asks for a password, and the file that may have it is not used.
    #[error("the server asks for a password, and `{path}` is left alone: {fault}")]
    Passfile {
        /// The password file.
        path: Utf8PathBuf,
        /// Why it is not used.
        fault: PassfileFault,
    },
    /// The server asks who we are in a way that `require_auth` does not allow.
    #[error("the server asks for {method} authentication, which require_auth does not allow")]
    NotAllowed {
        /// How it asks.
        method: &'static str,
    },
    /// The server runs as somebody else than `requirepeer` says.
    #[error("the server runs as `{is}`, and requirepeer asks for `{wanted}`")]
    Peer {
        /// The user that it runs as.
        is: String,
        /// The one that is asked for.
        wanted: String,
    },
    /// The server let us in and is not what is asked for.
    #[error("{is}, and target_session_attrs={wanted} asks for another")]
    Unfit {
        /// What it is.
        is: &'static str,
        /// What is asked for.
        wanted: SessionAttrs,
    },
    /// The server asks for a password and none is given.
    #[error("the server asks for a password and there is none")]
    NoPassword,
    /// The server wants a proof of identity that we do not have.
    #[error("the server asks for {method} authentication, which is not supported")]
    Method {
        /// What it wants.
        method: &'static str,
    },
    /// Channel binding is asked for and the server does not do it.
    #[error("the server does not bind the login to the TLS connection, which is required")]
    NoChannelBinding,
    /// The server did not prove that it knows the password, so it is somebody else.
    #[error("the server does not prove that it knows the password")]
    Imposter(#[source] io::Error),
    /// The server said no: wrong password, no such database, starting up, too many connections …
    #[error(transparent)]
    Server(Box<ServerError>),
    /// The connection ended during the login.
    #[error("the connection was lost during the login")]
    Lost(#[source] io::Error),
    /// What answers there is not Postgres.
    #[error("what answers there does not speak Postgres' protocol")]
    Protocol(#[source] io::Error),
    /// A way that is no connection of our own led nowhere.
    #[error(transparent)]
    Way(Trouble),
    /// The server gave no key with which a statement could be cancelled.
    #[error("the server gave no key to cancel with")]
    NoKey,
}

/// A stretch of the way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The name is turned into an address.
    Resolve,
    /// The address is dialled.
    Reach,
    /// TLS is agreed on.
    Tls,
    /// Startup message and authentication.
    Login,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "look up the address",
            Self::Reach => "accept the connection",
            Self::Tls => "agree on TLS",
            Self::Login => "let us in",
        })
    }
}

impl ConnectCause {
    /// How far it got.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Resolve(_) => Stage::Resolve,
            Self::Reach(_) | Self::Peer { .. } => Stage::Reach,
            Self::Timeout { stage, .. } => *stage,
            Self::TlsNotOffered { .. } | Self::TlsSetup(_) | Self::Tls(_) => Stage::Tls,
            Self::NoPassword
            | Self::Passfile { .. }
            | Self::NotAllowed { .. }
            | Self::Unfit { .. }
            | Self::Method { .. }
            | Self::NoChannelBinding
            | Self::Imposter(_)
            | Self::Server(_)
            | Self::Lost(_)
            | Self::Protocol(_)
            | Self::Way(_)
            | Self::NoKey => Stage::Login,
        }
    }

    /// Whether the server let us in and is not what is asked for.
    pub(super) fn is_unfit(&self) -> bool {
        matches!(self, Self::Unfit { .. })
    }

    /// Whether another host is worth a try. As in libpq, a server that was reached and said no
    /// ends the search, unless it says that it takes nobody at the moment.
    pub(super) fn tries_next(&self) -> bool {
        match self {
            Self::Resolve(_)
            | Self::Reach(_)
            | Self::Timeout { .. }
            | Self::TlsNotOffered { .. }
            | Self::Tls(_)
            | Self::Lost(_)
            | Self::Unfit { .. }
            | Self::Protocol(_) => true,
            Self::Server(error) => error.code == "57P03",
            Self::TlsSetup(_)
            | Self::NoPassword
            | Self::Passfile { .. }
            | Self::NotAllowed { .. }
            | Self::Peer { .. }
            | Self::Method { .. }
            | Self::NoChannelBinding
            | Self::Imposter(_)
            | Self::Way(_)
            | Self::NoKey => false,
        }
    }
}

impl ConnectError {
    /// What ended the search: what the last host said.
    pub fn last(&self) -> &HostError {
        self.hosts.last().expect("a target has at least one host")
    }

    /// The server's own error, where one was reached.
    pub fn server(&self) -> Option<&ServerError> {
        match &self.last().cause {
            ConnectCause::Server(error) => Some(error),
            _ => None,
        }
    }
}

/// The hosts that failed first with their reasons, the last without: its reason is the source.
impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (last, earlier) = self.hosts.split_last().expect("a target has at least one host");
        f.write_str("connect to ")?;
        for HostError { place, cause } in earlier {
            write!(f, "{place} ({cause}")?;
            let mut source = std::error::Error::source(cause);
            while let Some(error) = source {
                write!(f, ": {error}")?;
                source = error.source();
            }
            f.write_str("), then to ")?;
        }
        f.write_str(&last.place)
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.last().cause)
    }
}
