//! SQL as text: names, quoting, a script split into statements, positions.
//!
//! Knows nothing of databases and does no I/O. Postgres is the only one who understands SQL; this
//! crate knows just enough of its lexical rules to cut a script where the server would cut it, to
//! point at a place in a file, and to tell what can run inside a transaction from what cannot.
//!
//! The way of a text: [`tokens`] finds tokens, the cutter finds statements, each statement is told
//! what [`Kind`] it is from its words, and all kinds together decide the [`Mode`].

mod classify;
mod cursor;
mod cut;
mod cutting;
mod diagnostic;
mod fingerprint;
mod ident;
mod keyword;
mod lexer;
mod literal;
mod mode;
mod places;
mod position;
mod script;
mod split;
mod statements;
mod stream;
mod token;
mod uses;
mod value;

pub use cutting::Cutting;
pub use diagnostic::{Diagnostic, Severity};
pub use fingerprint::{Fingerprint, fingerprint, statement_fingerprints};
pub use ident::{Ident, Qualified};
pub use lexer::{Tokens, tokens};
pub use literal::Literal;
pub use position::{Position, Span, offset, position};
pub use script::{Alone, Kind, Mode, Publications, ReindexTarget, Scope, Script, Sending, Step};
pub use split::{SplitError, split};
pub use statements::{Statement, Statements};
pub use stream::{Outline, Piece, Splitter};
pub use token::{Backslash, Quoting, Token, TokenKind};
