//! Finds a host of a target that lets us in.

use super::Session;
use super::cancel::Canceller;
use super::channel::Channel;
use super::connect_error::{ConnectCause, ConnectError, HostError, Stage};
use super::dial::{Address, Deadline, Dialled, Encryption, dial, resolve};
use super::login::{Credentials, LoginError, login};
use super::stream::Stream;
use crate::{Host, Target};

/// Tries the target's hosts in their order, each with all its addresses.
pub(super) async fn connect(target: &Target, application: &str) -> Result<Session, ConnectError> {
    let mut failed = Vec::new();
    for host in &target.hosts {
        let addresses = match Deadline::of(target).hold(Stage::Resolve, resolve(host)).await {
            Ok(addresses) => addresses,
            Err(cause) => {
                failed.push(HostError { place: host.to_string(), cause });
                continue;
            }
        };
        let several = addresses.len() > 1;
        for address in addresses {
            let place = match &address {
                Address::Tcp(address) if several => format!("{host} ({})", address.ip()),
                Address::Tcp(_) | Address::Unix(_) => host.to_string(),
            };
            let attempt = Attempt { target, host, address, application };
            match attempt.run().await {
                Ok(session) => return Ok(session),
                Err(cause) => {
                    let last = !cause.tries_next();
                    failed.push(HostError { place, cause });
                    if last {
                        return Err(ConnectError { hosts: failed });
                    }
                }
            }
        }
    }
    Err(ConnectError { hosts: failed })
}

/// One address of one host.
struct Attempt<'a> {
    target: &'a Target,
    host: &'a Host,
    address: Address,
    application: &'a str,
}

impl Attempt<'_> {
    async fn run(&self) -> Result<Session, ConnectCause> {
        let deadline = Deadline::of(self.target);
        let mut attempts = Encryption::attempts(self.target, &self.address).iter().peekable();
        loop {
            let encryption = *attempts.next().expect("the last attempt returns");
            match self.with(encryption, deadline).await {
                Ok(session) => return Ok(session),
                Err(Turned { away: Away::ForThisEncryption, .. }) if attempts.peek().is_some() => {}
                Err(Turned { cause, .. }) => return Err(cause),
            }
        }
    }

    async fn with(&self, encryption: Encryption, deadline: Deadline) -> Result<Session, Turned> {
        let (target, host, address) = (self.target, self.host, &self.address);
        let dialled = dial(target, host, address, encryption, deadline).await;
        let Dialled { stream, tls } = dialled.map_err(Turned::while_dialling)?;
        let encrypted = tls.is_some();
        let binding = match (&stream, &tls) {
            (Stream::Tls(stream), Some(tls)) => tls.binding(stream),
            _ => None,
        };
        let credentials = Credentials { target, application: self.application, binding };
        let mut channel = Channel::new(stream);
        let login = login(&mut channel, &credentials);
        let welcome = deadline.hold(Stage::Login, login).await.map_err(|error: LoginError| {
            Turned::while_logging_in(error, encrypted == (encryption != Encryption::Plain))
        })?;
        let canceller = Canceller::new(
            target.clone(),
            host.clone(),
            self.address.clone(),
            if encrypted { Encryption::Always } else { Encryption::Plain },
            welcome.key,
        );
        Ok(Session::new(channel, welcome, canceller))
    }
}

/// Why an attempt failed, and whether it may fare better with the other encryption.
struct Turned {
    cause: ConnectCause,
    away: Away,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Away {
    ForThisEncryption,
    Altogether,
}

impl Turned {
    fn while_dialling(cause: ConnectCause) -> Self {
        let away = match cause {
            ConnectCause::Tls(_) => Away::ForThisEncryption,
            _ => Away::Altogether,
        };
        Self { cause, away }
    }

    /// What was refused before anybody was asked for anything may have been refused for the
    /// encryption alone (`hostssl` and `hostnossl` in pg_hba.conf), if that was as intended.
    fn while_logging_in(error: LoginError, as_intended: bool) -> Self {
        let early = !error.asked && matches!(error.cause, ConnectCause::Server(_));
        let away = if early && as_intended { Away::ForThisEncryption } else { Away::Altogether };
        Self { cause: error.cause, away }
    }
}
