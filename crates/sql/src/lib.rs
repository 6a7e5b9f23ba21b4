//! SQL as text: names, quoting, a script split into statements, positions.
//!
//! Knows nothing of databases and does no I/O. Postgres is the only one who understands SQL; this
//! crate knows just enough of its lexical rules to cut a script where the server would cut it, to
//! point at a place in a file, and to tell what can run inside a transaction from what cannot.

mod diagnostic;
mod ident;
mod literal;
mod position;
mod script;
mod split;

pub use diagnostic::{Diagnostic, Severity};
pub use ident::{Ident, Qualified};
pub use literal::Literal;
pub use position::{Position, Span, position};
pub use script::{Alone, Kind, Mode, Script, Statement, Step};
pub use split::{SplitError, split};
