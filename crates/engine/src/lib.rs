//! Everything that talks to Postgres: connect, lock, run, recover, and the shadow.
//!
//! The only crate below `app` with tokio and sockets. It never prints: what happens goes out as
//! [`Event`]s, what went wrong as errors.

mod cancel;
mod event;
mod interrupt;
pub mod journal;
pub mod lock;
mod machine;
pub mod paste;
mod pause;
pub mod prove;
pub mod read;
pub mod rehearse;
pub mod run;
pub mod runs;
mod secret;
pub mod shadow;
pub mod state;
mod target;
pub mod tools;
pub mod ways;
pub mod wire;

pub use cancel::was_cancelled;
pub use event::{Event, Events};
pub use interrupt::Interrupt;
pub use machine::machine_name;
pub use secret::Secret;
pub use target::{
    ChannelBinding, Host, HostKind, LoadBalance, Origin, Origins, Part, Passfile, PassfileFault,
    RequireAuth, SessionAttrs, Sni, SslIdentity, SslMode, SslNegotiation, SslRoots, SslVersions,
    Target, TargetError, process_variable,
};
