//! One runner at a time.
//!
//! The lock is an advisory lock of a transaction that a connection of its own keeps open:
//!
//! ```sql
//! begin; select set_config('idle_in_transaction_session_timeout', '0', true); select pg_try_advisory_xact_lock(…)
//! ```
//!
//! That pins a server connection behind a transaction pooler, ends with its connection however the
//! runner dies, and, sent by the simple protocol, keeps no snapshot, so that `create index
//! concurrently` runs beside it. Nobody waits for it inside the server: a waiting
//! `pg_advisory_lock` holds a snapshot that the holder's concurrent index build waits for (40P01).

use std::fmt::Display;
use std::time::Duration;

use crate::Target;
use crate::wire::{Answer, ConnectError, Failure, Session};
use sha2::{Digest as _, Sha256};

/// The right to run migrations against one database, until its connection ends.
#[derive(Debug)]
#[must_use = "the lock ends when this is dropped"]
pub struct Lock {
    pub(crate) session: Session,
    /// The server process that holds it: behind a pooler not the one the connection names.
    pub(crate) backend: i32,
    key: LockKey,
}

/// What a lock is for: one database's ledgers, wherever they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockKey {
    own: i64,
    others: Vec<i64>,
}

/// How long to wait for another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// This long.
    For(Duration),
    /// Until it ends.
    Forever,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its server process.
    pub pid: i32,
    /// The role it is logged in as.
    pub user: String,
    /// Its `application_name`.
    pub application: String,
    /// Its address; `None` on a unix socket.
    pub address: Option<String>,
    /// Seconds since it took the lock.
    pub seconds: i64,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pid, user, application, address, seconds } = self;
        write!(f, "pid {pid} ({application} as {user}")?;
        if let Some(address) = address {
            write!(f, " from {address}")?;
        }
        write!(f, ", since {seconds} s)")
    }
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("another run holds the lock{}", holder.as_ref().map(|holder| format!(": {holder}")).unwrap_or_default())]
    Held {
        /// Who, where the server lets us see it.
        holder: Option<Holder>,
    },
    /// No connection for it.
    #[error("connect for the lock")]
    Connect(#[source] ConnectError),
    /// The server refused.
    #[error("take the lock")]
    Failed(#[source] Failure),
}

impl LockKey {
    /// The key for a database's migrations, with the keys that other tools take for their ledgers.
    pub fn new(name: &str, others: &[i64]) -> Self {
        let digest = Sha256::digest(format!("whimbrel:{name}").as_bytes());
        let bytes = digest.first_chunk().expect("a SHA-256 digest has 32 bytes");
        let mut others = others.to_vec();
        others.sort_unstable();
        others.dedup();
        Self { own: i64::from_be_bytes(*bytes), others }
    }

    /// The key of one part of a script.
    pub(crate) fn part(history: &str, migration: &str) -> i64 {
        Self::new(&format!("part:{history}:{migration}"), &[]).own
    }

    /// Its keys, other tools' among them.
    pub(crate) fn all(&self) -> impl Iterator<Item = i64> {
        std::iter::once(self.own).chain(self.others.iter().copied())
    }

    /// The key that tells this lock from others.
    pub(crate) fn own(&self) -> i64 {
        self.own
    }

    /// The key of transactions that write in this run's name.
    pub(crate) fn writers(&self) -> i64 {
        self.own ^ 1
    }

    /// Statements that open a transaction which tries the lock; the last answers `locked`.
    pub(crate) fn attempt(&self) -> [String; 3] {
        let tries: Vec<String> = std::iter::once(self.own)
            .chain(self.others.iter().copied())
            .map(|key| format!("pg_catalog.pg_try_advisory_xact_lock({key})"))
            .collect();
        let tries = tries.join(" and ");
        [
            "begin".to_owned(),
            NO_TIMEOUTS.to_owned(),
            format!("select {tries} as locked, pg_catalog.pg_backend_pid() as backend"),
        ]
    }

    /// A condition that is true while the given server process holds the lock.
    pub(crate) fn held_by(&self, backend: impl Display) -> String {
        Self::held(self.own, backend)
    }

    /// The same for any key.
    pub(crate) fn held(key: i64, backend: impl Display) -> String {
        let (high, low) = halves(key);
        format!(
            "exists (select from pg_catalog.pg_locks l where l.locktype = 'advisory' and l.granted \
             and l.pid = {backend} and l.classid = {high} and l.objid = {low} and l.objsubid = 1)"
        )
    }
}

/// The idle transaction must outlive every timeout that a role or database may set.
pub(crate) const NO_TIMEOUTS: &str = "select pg_catalog.set_config(name, '0', true) \
    from pg_catalog.pg_settings where name in ('idle_in_transaction_session_timeout', \
    'transaction_timeout', 'statement_timeout', 'lock_timeout')";

impl Lock {
    /// Tries once; says who holds it where it is taken.
    pub async fn attempt(
        target: &Target,
        application: &str,
        key: &LockKey,
    ) -> Result<Self, LockError> {
        let mut session =
            Session::connect(target, application).await.map_err(LockError::Connect)?;
        let backend = Self::attempt_on(&mut session, key).await?;
        Ok(Self { session, backend, key: key.clone() })
    }

    /// Tries once, in a transaction that this opens on the session.
    pub(crate) async fn attempt_on(session: &mut Session, key: &LockKey) -> Result<i32, LockError> {
        let answers = session.simple(&key.attempt().join("; ")).await.map_err(LockError::Failed)?;
        let row = answers.last().and_then(Answer::first);
        if let Some(row) = row
            && row.get("locked") == Some("t")
        {
            return Ok(row.get("backend").and_then(|pid| pid.parse().ok()).unwrap_or(0));
        }
        let holder = holder(session, key).await.map_err(LockError::Failed)?;
        session.simple("rollback").await.map_err(LockError::Failed)?;
        Err(LockError::Held { holder })
    }

    /// The key it is for.
    pub fn key(&self) -> &LockKey {
        &self.key
    }

    /// Whether its connection still stands, as far as this side can see without asking.
    pub fn stands(&mut self) -> bool {
        self.session.stands()
    }

    /// Lets it go.
    pub async fn release(self) {
        self.session.close().await;
    }
}

/// Who holds the lock, as far as the server shows it. Of several keys we may have got some: we are
/// not who is in the way.
async fn holder(session: &mut Session, key: &LockKey) -> Result<Option<Holder>, Failure> {
    let conditions: Vec<String> = std::iter::once(key.own)
        .chain(key.others.iter().copied())
        .map(|key| {
            let (high, low) = halves(key);
            format!("(l.classid = {high} and l.objid = {low})")
        })
        .collect();
    let sql = format!(
        "select a.pid, coalesce(a.usename, '?') as usename, coalesce(a.application_name, '?') \
         as application, a.client_addr::text as address, \
         coalesce(extract(epoch from pg_catalog.now() - a.xact_start), 0)::bigint as seconds \
         from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a using (pid) \
         where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and ({}) \
         and l.pid <> pg_catalog.pg_backend_pid() \
         and l.database = (select oid from pg_catalog.pg_database \
         where datname = pg_catalog.current_database()) limit 1",
        conditions.join(" or ")
    );
    let answers = session.simple(&sql).await?;
    let Some(row) = answers.first().and_then(Answer::first) else {
        return Ok(None);
    };
    Ok(Some(Holder {
        pid: row.get("pid").and_then(|pid| pid.parse().ok()).unwrap_or(0),
        user: row.get("usename").unwrap_or("?").to_owned(),
        application: row.get("application").unwrap_or("?").to_owned(),
        address: row.get("address").map(str::to_owned),
        seconds: row.get("seconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(0),
    }))
}

/// A key as `pg_locks` shows it: two unsigned halves.
pub(crate) fn halves(key: i64) -> (u32, u32) {
    let bytes = key.to_be_bytes();
    let (high, low) = bytes.split_at(4);
    let half = |half: &[u8]| half.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    (half(high), half(low))
}
