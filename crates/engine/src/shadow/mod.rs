//! The throw-away Postgres.
//!
//! [`Shadow::start`] finds a server of the wanted major (`providers`), takes or makes a cluster
//! (`cache`, `cluster`, `initdb`), and runs it in a folder that ends with us (`place`, `guard`).
//! docs/shadow.md tells the whole of it.

mod address;
mod admin;
mod baselines;
mod borrowed;
mod cache;
mod cluster;
mod copy;
mod databases;
mod development;
mod distribution;
mod error;
mod guard;
mod identity;
mod inbox;
mod initdb;
mod keeping;
mod kept;
mod leftover;
mod lineage;
mod link;
mod moved;
mod options;
mod order;
mod overlay;
mod own;
mod place;
mod port_holder;
mod portable;
mod postmaster;
mod prepare;
mod providers;
mod role;
mod server;
mod socket;
mod starter;
mod starting;
mod waiting;

pub use address::{Address, Ports};
pub use baselines::{Baseline, fit_to_stand_ins, stand_ins};
pub use databases::{Connected, DatabaseFacts, Note, Others};
pub use development::{Development, Running, Standing, Stopped, Turn};
pub use error::{Cause, PackageWanted, ShadowError};
pub use keeping::{Clean, Keep, KeepKind, cache_folder, clean, list};
pub use lineage::Lineage;
pub use moved::Gone;
pub use options::{Environment, Fetch, Installed, ShadowOptions};
pub use order::StopMode;
pub use role::enter_if_asked;
pub use server::{Server, Template};
pub use starting::{Served, Shadow};
