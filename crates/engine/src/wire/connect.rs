//! Finds a host of a target that lets us in.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Session;
use super::cancel::Canceller;
use super::channel::Channel;
use super::connect_error::{ConnectCause, ConnectError, HostError, Stage};
use super::dial::{Address, Deadline, Dialled, Encryption, dial, resolve};
use super::fit;
use super::login::{Credentials, LoginError, Welcome, login};
use super::session::TransactionStatus;
use super::stream::Stream;
use super::way::Way;
use crate::ways::{Trouble, bridge, way_of};
use crate::{Host, LoadBalance, SessionAttrs, Target};

/// Tries the target's hosts in their order, each with all its addresses.
pub(super) async fn connect(target: &Target, application: &str) -> Result<Session, ConnectError> {
    if let Some(way) = way_of(target) {
        return by_way(target, way).await;
    }
    if target.session != SessionAttrs::PreferStandby {
        return search(target, application, target.session).await;
    }
    match search(target, application, SessionAttrs::Standby).await {
        Err(error) if error.hosts.iter().any(|host| host.cause.is_unfit()) => {
            search(target, application, SessionAttrs::Any).await
        }
        result => result,
    }
}

/// A session over another way, once that answers.
async fn by_way(target: &Target, way: Box<dyn crate::ways::Way>) -> Result<Session, ConnectError> {
    let host = target.hosts[0].clone();
    if let Err(trouble) = way.ask("select 'here' as answer").await {
        let place = format!("{host} by {}", target.by.name());
        let cause = match trouble {
            Trouble::Server(error) => ConnectCause::Server(error),
            trouble => ConnectCause::Way(trouble),
        };
        return Err(ConnectError { hosts: vec![HostError { place, cause }] });
    }
    let mut channel = Channel::new(Stream::Bridge(bridge(way)));
    channel.trust_lengths();
    let address = Address::Unix(std::path::PathBuf::new());
    let canceller = Canceller::new(target.clone(), host.clone(), address, Encryption::Plain, None);
    let welcome =
        Welcome { parameters: BTreeMap::new(), key: None, status: TransactionStatus::Idle };
    let way = Way { host, address: None, security: None, login: Duration::MAX };
    Ok(Session::new(channel, welcome, canceller, way))
}

/// Finds the first host that lets us in and is what is wanted.
async fn search(
    target: &Target,
    application: &str,
    wanted: SessionAttrs,
) -> Result<Session, ConnectError> {
    let mut failed = Vec::new();
    let mut hosts: Vec<&Host> = target.hosts.iter().collect();
    balance(target, &mut hosts);
    for host in hosts {
        let mut addresses = match Deadline::of(target).hold(Stage::Resolve, resolve(host)).await {
            Ok(addresses) => addresses,
            Err(cause) => {
                failed.push(HostError { place: host.to_string(), cause });
                continue;
            }
        };
        balance(target, &mut addresses);
        let several = addresses.len() > 1;
        for address in addresses {
            let place = match &address {
                Address::Tcp(address) if several => format!("{host} ({})", address.ip()),
                Address::Tcp(_) | Address::Unix(_) => host.to_string(),
            };
            let attempt = Attempt { target, host, address, application, wanted };
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

/// Puts hosts or addresses into any order, where load is to be balanced.
fn balance<T>(target: &Target, items: &mut [T]) {
    match target.balance {
        LoadBalance::Disable => {}
        LoadBalance::Random => {
            for last in (1..items.len()).rev() {
                let number = getrandom::u32().map_or(last, |number| number as usize);
                items.swap(last, number % (last + 1));
            }
        }
    }
}

/// One address of one host.
struct Attempt<'a> {
    target: &'a Target,
    host: &'a Host,
    address: Address,
    application: &'a str,
    wanted: SessionAttrs,
}

impl Attempt<'_> {
    async fn run(&self) -> Result<Session, ConnectCause> {
        let deadline = Deadline::of(self.target);
        let mut attempts = Encryption::attempts(self.target, &self.address).iter().peekable();
        loop {
            let encryption = *attempts.next().expect("the last attempt returns");
            match self.with(encryption, deadline).await {
                Ok(mut session) => {
                    let fits = fit::check(&mut session, self.wanted);
                    deadline.hold(Stage::Login, fits).await?;
                    return Ok(session);
                }
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
        let (binding, security) = match (&stream, &tls) {
            (Stream::Tls(stream), Some(tls)) => (tls.binding(stream), Some(tls.security(stream))),
            _ => (None, None),
        };
        let application = self.application;
        let credentials = Credentials { target, host, application, binding };
        let mut channel = Channel::new(stream);
        let began = Instant::now();
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
        let address = match &self.address {
            Address::Tcp(address) => Some(address.ip()),
            Address::Unix(_) => None,
        };
        let way = Way { host: host.clone(), address, security, login: began.elapsed() };
        Ok(Session::new(channel, welcome, canceller, way))
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
