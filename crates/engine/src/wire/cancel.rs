//! Asks the server to stop what a session is doing.

use std::fmt;
use std::sync::Arc;

use postgres_protocol::message::frontend;

use super::channel::Channel;
use super::connect_error::{ConnectCause, ConnectError, HostError, Stage};
use super::dial::{Address, Deadline, Dialled, Encryption, dial};
use super::login::CancelKey;
use crate::{Host, Target};

/// Cancels the statement that a session is running, from anywhere.
///
/// The server answers the session, not the canceller: with 57014, or not at all if the statement
/// was done by then. Whoever waits for the session's answer should go on waiting.
#[derive(Clone)]
pub struct Canceller(Arc<Route>);

/// The way to the very server process, which only the address that was used leads to.
struct Route {
    target: Target,
    host: Host,
    address: Address,
    encryption: Encryption,
    key: Option<CancelKey>,
}

impl Canceller {
    pub(super) fn new(
        target: Target,
        host: Host,
        address: Address,
        encryption: Encryption,
        key: Option<CancelKey>,
    ) -> Self {
        Self(Arc::new(Route { target, host, address, encryption, key }))
    }

    pub(super) fn process_id(&self) -> i32 {
        self.0.key.map_or(0, |key| key.process_id)
    }

    /// Asks the server to cancel, and waits until it has taken note.
    pub async fn cancel(&self) -> Result<(), ConnectError> {
        self.0.cancel().await.map_err(|cause| ConnectError {
            hosts: vec![HostError { place: self.0.host.to_string(), cause }],
        })
    }
}

impl Route {
    async fn cancel(&self) -> Result<(), ConnectCause> {
        let key = self.key.ok_or(ConnectCause::NoKey)?;
        let deadline = Deadline::of(&self.target);
        let Dialled { stream, .. } =
            dial(&self.target, &self.host, &self.address, self.encryption, deadline).await?;
        let mut channel = Channel::new(stream);
        frontend::cancel_request(key.process_id, key.secret, &mut channel.outbox);
        let request = async {
            channel.send().await.map_err(ConnectCause::Lost)?;
            // The server hangs up when it has passed the request on; however it does, there is
            // nothing more to learn.
            drop(channel.receive().await);
            Ok(())
        };
        deadline.hold(Stage::Login, request).await
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller")
            .field("host", &self.0.host)
            .field("process_id", &self.process_id())
            .finish_non_exhaustive()
    }
}
