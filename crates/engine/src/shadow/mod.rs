//! The throw-away Postgres.
