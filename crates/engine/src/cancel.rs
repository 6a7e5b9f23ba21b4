//! The wish of another terminal that a run stop.
//!
//! Whoever wishes it holds an advisory lock made for that run, in an open transaction, and waits;
//! the run looks for one among the server's locks while it looks at its own statements:
//!
//! ```sql
//! begin; select pg_try_advisory_xact_lock_shared(…)   -- the other terminal
//! select … from pg_locks join pg_stat_activity …      -- the run, now and then
//! ```
//!
//! No table is needed that an older journal lacks, nothing is left behind by a terminal that dies,
//! and it gets through a transaction pooler. Anybody may take an advisory lock, so the run listens
//! only to those who may end its connections, too: its own role, members of it, and members of
//! `pg_signal_backend`.

use sha2::{Digest as _, Sha256};

use crate::journal;
use crate::lock::{LockKey, halves};
use crate::wire::{Answer, Failure, Session};

/// The key that is held to ask a run to stop.
pub(crate) fn key(lock_key: i64, run: i64) -> i64 {
    let digest = Sha256::digest(format!("whimbrel:cancel:{lock_key}:{run}").as_bytes());
    i64::from_be_bytes(*digest.first_chunk().expect("a SHA-256 digest has 32 bytes"))
}

/// A query for the name of somebody who asks the run on this connection to stop. It takes no lock
/// on any table, and cannot fail: it is asked in the lock's own transaction.
pub(crate) fn wish(key: i64) -> String {
    let (high, low) = halves(key);
    format!(
        "select coalesce(nullif(a.application_name, ''), 'somebody') as wish \
         from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid \
         where l.locktype = 'advisory' and l.granted and l.objsubid = 1 \
         and l.classid = {high} and l.objid = {low} and l.database = (select oid \
         from pg_catalog.pg_database where datname = pg_catalog.current_database()) \
         and {} limit 1",
        may_signal(
            "a.usesysid",
            "me.oid",
            "(select oid, rolsuper from pg_catalog.pg_roles \
            where rolname = session_user)"
        )
    )
}

/// A condition that is true where a role may end the connections of another.
pub(crate) fn may_signal(who: &str, whose: &str, roles: &str) -> String {
    let alias = whose.split('.').next().unwrap_or(whose);
    format!(
        "exists (select from {roles} {alias} where \
         pg_catalog.pg_has_role({who}, {whose}, 'member') or not {alias}.rolsuper \
         and pg_catalog.pg_has_role({who}, 'pg_signal_backend', 'member'))"
    )
}

/// Whether somebody asks this run to stop, or had its connections ended; for a run that lost its
/// connection, and would begin again.
pub async fn was_cancelled(
    session: &mut Session,
    lock: &LockKey,
    run: i64,
) -> Result<bool, Failure> {
    let answers = session.simple(&wish(key(lock.own(), run))).await?;
    if answers.first().and_then(Answer::value).is_some() {
        return Ok(true);
    }
    let state = format!("select state from {}.runs where id = {run}", journal::SCHEMA);
    match session.simple(&state).await {
        Ok(answers) => Ok(answers.first().and_then(Answer::value) == Some("interrupted")),
        // There is no journal any more.
        Err(failure) if failure.server().is_some() && session.is_usable() => Ok(false),
        Err(failure) => Err(failure),
    }
}
