//! The ways in which migrations are written down.
