//! By which way a session came about.

use std::net::IpAddr;
use std::time::Duration;

use super::connect_error::{ConnectCause, Stage};
use super::dial::{self, Address, Deadline};
use crate::{Host, Target};

/// The way that a session took.
#[derive(Clone, Debug)]
pub struct Way {
    /// The host that let us in.
    pub host: Host,
    /// Its address; `None` of a socket.
    pub address: Option<IpAddr>,
    /// What TLS was agreed on, if any.
    pub security: Option<Security>,
    /// How long the login took: one to four round trips, and what the server needs to make a
    /// process for us.
    pub login: Duration,
}

impl Way {
    /// Whether a further question costs next to nothing.
    pub(crate) fn is_short(&self) -> bool {
        self.login < Duration::from_millis(15)
    }
}

/// What TLS was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// `TLS 1.3`.
    pub version: &'static str,
    /// How far the server's certificate was verified.
    pub verified: Verified,
    /// The authorities that it was held against, in words; `None` where it was not.
    pub roots: Option<String>,
    /// When the certificate ends, as `2031-04-26T10:56:53Z`, where that can be read.
    pub expires: Option<String>,
}

/// How far a certificate was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Not at all: whoever answers is believed.
    Not,
    /// A known authority signed it.
    Authority,
    /// A known authority signed it, for this host.
    Host,
}

/// Looks up the addresses of a target's host, within the time that the target allows for one.
pub async fn addresses(target: &Target, host: &Host) -> Result<Vec<IpAddr>, ConnectCause> {
    let found = Deadline::of(target).hold(Stage::Resolve, dial::resolve(host)).await?;
    let address = |address| match address {
        Address::Tcp(address) => Some(address.ip()),
        Address::Unix(_) => None,
    };
    Ok(found.into_iter().filter_map(address).collect())
}
