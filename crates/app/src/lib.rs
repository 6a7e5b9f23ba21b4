//! One function per use case.
//!
//! Knows neither a terminal nor a command line: what a person typed comes in as options, what
//! happens goes out as [events](Events), what became of it as a report that serialises.

mod answers;
pub mod cases;
pub mod catalogue;
pub mod config;
pub mod database;
mod development;
pub mod environment;
mod error;
mod events;
mod exit;
mod folder;
mod git;
pub mod histories;
mod kept;
mod mask;
mod migrator;
mod period;
mod presumed;
mod project;
pub mod run;
pub mod scopes;
mod seeds;
mod shares;
pub mod sources;
mod surroundings;
pub mod wire;
mod workspace;

pub use development::Which;
pub use error::{Error, HistoryError, HookCause, HookError, Located, MigrationError, ScriptError};
pub use events::{Answer, Events, Question};
pub use exit::Exit;
pub use folder::{Embedded, Folder};
pub use mask::mask;
pub use migrator::{Ahead, Migrator, Readiness};
pub use period::{Period, PeriodError};
pub use project::Where;
pub use surroundings::{Clock, Surroundings, SystemClock};
pub use whimbrel_engine::run::{Blocker, Direction};
pub use whimbrel_engine::shadow::enter_if_asked;
pub use whimbrel_engine::{Event, Events as Watch, Interrupt, Secret};
pub use whimbrel_history::{formats, ledgers};
pub use whimbrel_sql::{Diagnostic, Position, Severity, Span, position};
pub use workspace::{Workspace, WorkspaceError};
