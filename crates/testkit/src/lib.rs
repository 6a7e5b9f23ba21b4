//! Servers, poolers and proxies for tests.

mod certificates;
pub mod faults;
mod helper;
mod management;
mod pgbouncer;
mod program;
mod proxy;
mod psql;
mod server;
mod supabase;
mod wheel;

pub use certificates::{Authority, Certificate};
pub use management::{ManagementApi, Manner};
pub use pgbouncer::{PgBouncer, Pool, PoolMode};
pub use proxy::{At, Cut, DelayProxy, Direction, Fault, FaultProxy, Listen, Point, Record, When};
pub use psql::{PgDump, Psql};
pub use server::{Database, MAJORS, Server, Settings, bring, guard, options};
pub use supabase::SupabaseCli;
