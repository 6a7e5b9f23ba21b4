//! One connection to Postgres, message by message.
//!
//! Written on `postgres-protocol` (messages, SCRAM) rather than on a full client, because the
//! runner must know exactly what is on the wire: several transactions in one simple message, the
//! outcome of each statement in it, `copy … from stdin` in its middle, no prepared statement that
//! a pooler would leave behind, no snapshot held by a portal, and no background task.
//!
//! What must stay true:
//! - nothing is sent that was not asked for: no `set` at the start, no named statement, and
//!   `SSLRequest` only where the mode wants TLS;
//! - a [`Session`] whose future was dropped half way knows it, and refuses to go on;
//! - an error that the server sent before it hung up is reported as that error, not as the loss
//!   of the connection that followed it;
//! - reading goes on while writing, so that neither side waits for the other for ever.

mod answer;
mod cancel;
mod certificate;
mod channel;
mod connect;
mod connect_error;
mod connect_hint;
mod dial;
mod exchange;
mod failure;
mod fit;
mod known;
mod login;
mod message;
mod session;
mod stream;
mod tls;
mod way;

pub use answer::{Answer, Row};
pub use cancel::Canceller;
pub use connect_error::{ConnectCause, ConnectError, HostError, Stage};
pub use connect_hint::CertificateFault;
pub use failure::{Failure, ServerError};
pub use known::{KNOWN, Known, Refusal};
pub use message::{CopyData, Message, Observe};
pub use session::{Session, TransactionStatus};
pub use tls::TlsSetupError;
pub(crate) use tls::handshake;
pub use way::{Security, Verified, Way, addresses};
