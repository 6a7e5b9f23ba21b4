//! One connection to Postgres, message by message.
//!
//! Written on `postgres-protocol` (messages, SCRAM) rather than on a full client, because the
//! runner must know exactly what is on the wire: several transactions in one simple message, the
//! outcome of each statement in it, `copy … from stdin` in its middle, no prepared statement that
//! a pooler would leave behind, no snapshot held by a portal, and no background task.
