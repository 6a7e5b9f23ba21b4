//! A server that the person lends: only databases are made on it, and dropped again.

use std::collections::BTreeMap;
use std::sync::Mutex;

use whimbrel_sql::Ident;

use super::admin;
use super::distribution;
use super::error::{Cause, ShadowError};
use crate::Target;
use crate::wire::Session;

/// What all our databases on somebody's server are called.
const PREFIX: &str = "whimbrel_shadow_";

/// The databases whose owner is gone. A name holds the owner's process and when that began, and
/// its session lasts as long as it does: where it is not listed, nobody needs the database.
const ORPHANS: &str = "\
select d.datname
from pg_database as d
where d.datname like 'whimbrel\\_shadow\\_%'
  and not exists (
    select
    from pg_stat_activity as a
    where d.datname like format('whimbrel\\_shadow\\_%s\\_%s\\_%%',
                                a.pid, (extract(epoch from a.backend_start) * 1000)::bigint)
  )";

/// This session, as it stands in the names of its databases.
const OURSELVES: &str = "\
select format('%s_%s', pid, (extract(epoch from backend_start) * 1000)::bigint)
from pg_stat_activity
where pid = pg_backend_pid()";

/// A lent server.
#[derive(Debug)]
pub(crate) struct Borrowed {
    target: Target,
    /// `whimbrel_shadow_<pid>_<milliseconds>_`, of the session that shows that we are there.
    prefix: String,
    version: String,
    /// Keeps our databases from being taken for orphans. Held, never used.
    _presence: Session,
    /// What each database is really called.
    names: Mutex<BTreeMap<String, String>>,
}

impl Borrowed {
    /// Connects, sees that it is of the wanted major, and drops what killed processes left.
    pub(crate) async fn open(target: Target, major: u16) -> Result<Self, ShadowError> {
        let mut session = admin::connect(&target).await?;
        let version = session.parameter("server_version").unwrap_or_default().to_owned();
        let version = version.split_whitespace().next().unwrap_or_default().to_owned();
        let found = distribution::major_of(&version).unwrap_or_default();
        if found != major {
            return Err(ShadowError::WrongMajor { wanted: major, found });
        }
        let answer = session
            .query(ORPHANS, &[])
            .await
            .map_err(|failure| admin::refused(ORPHANS, &failure))?;
        let orphans = answer.rows().filter_map(|row| row.get("datname").map(ToOwned::to_owned));
        for orphan in orphans.collect::<Vec<String>>() {
            // Somebody else may drop it at the same time.
            session.simple(&drop_statement(&orphan)).await.ok();
        }
        let answer = session
            .query(OURSELVES, &[])
            .await
            .map_err(|failure| admin::refused(OURSELVES, &failure))?;
        let Some(ourselves) = answer.value() else {
            let cause = Cause::new("it does not show this session in pg_stat_activity");
            return Err(ShadowError::Connect { cause });
        };
        Ok(Self {
            prefix: format!("{PREFIX}{ourselves}_"),
            target,
            version,
            _presence: session,
            names: Mutex::default(),
        })
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The database in which our own statements run: the one that was lent.
    pub(crate) fn master(&self) -> Target {
        self.target.clone()
    }

    pub(crate) fn target(&self, database: &str) -> Target {
        let names = self.names.lock().expect("no thread panics while it holds this");
        self.target.with_database(names.get(database).map_or(database, String::as_str))
    }

    /// The name that a database of ours gets, or has.
    pub(crate) fn name(&self, database: &str) -> String {
        let mut names = self.names.lock().expect("no thread panics while it holds this");
        let next = names.len() + 1;
        names.entry(database.to_owned()).or_insert_with(|| format!("{}{next}", self.prefix)).clone()
    }

    /// The real name of a database, if it is one of ours.
    pub(crate) fn known(&self, database: &str) -> Option<String> {
        self.names.lock().expect("no thread panics while it holds this").get(database).cloned()
    }
}

fn drop_statement(database: &str) -> String {
    format!("drop database if exists {} with (force)", Ident(database))
}

impl Drop for Borrowed {
    /// Drops our databases, and waits for it: afterwards nobody would.
    fn drop(&mut self) {
        let names =
            std::mem::take(self.names.get_mut().expect("no thread panicked while it held this"));
        let target = self.target.clone();
        let drop_all = move || {
            let statements: Vec<String> = names.values().map(|name| drop_statement(name)).collect();
            let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(admin::run(&target, &statements)).ok();
            }
        };
        // A runtime cannot be entered from within another one, hence the thread.
        std::thread::spawn(drop_all).join().ok();
    }
}
