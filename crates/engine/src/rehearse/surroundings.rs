//! What of a target a script may rely on without making it itself.

use std::fmt::Write as _;

use whimbrel_sql::{Ident, Literal};

use crate::wire::{Answer, Failure, Session};

/// What of a target a script may rely on without making it itself: roles, and settings that say
/// how names are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The database's name, which scripts may mention.
    pub database: String,
    /// Its roles but for the server's own, sorted.
    pub roles: Vec<String>,
    /// `search_path` as a new session of ours has it.
    pub search_path: String,
}

const READ: &str = "select pg_catalog.current_database() as database, \
    pg_catalog.current_setting('search_path') as search_path; \
    select rolname as role from pg_catalog.pg_roles where rolname !~ '^pg_' order by 1";

impl Surroundings {
    /// Reads them from the target.
    pub async fn read(session: &mut Session) -> Result<Self, Failure> {
        let answers = session.simple(READ).await?;
        let first = answers.first().and_then(Answer::first);
        let text = |column| first.and_then(|row| row.get(column)).unwrap_or_default().to_owned();
        let roles = answers.get(1).map(|answer| {
            answer.rows().filter_map(|row| row.get("role").map(str::to_owned)).collect()
        });
        Ok(Self {
            database: text("database"),
            search_path: text("search_path"),
            roles: roles.unwrap_or_default(),
        })
    }

    /// What tells these surroundings from others.
    pub(super) fn identity(&self) -> String {
        format!("{}\n{}\n{}", self.database, self.search_path, self.roles.join("\n"))
    }

    /// Makes what every script may rely on.
    ///
    /// Roles are not among it: the script that made a role on the target makes it here as well,
    /// and would fail if it were there.
    pub(super) async fn set_up(&self, session: &mut Session) -> Result<(), Failure> {
        let sql = format!(
            "select pg_catalog.set_config('search_path', {0}, false); \
             alter database {1} set search_path from current",
            Literal(&self.search_path),
            Ident(&self.database)
        );
        session.simple(&sql).await.map(drop)
    }

    /// Makes one role that a script missed.
    pub(super) async fn make_role(&self, session: &mut Session, role: &str) -> Result<(), Failure> {
        session.simple(&format!("create role {}", Ident(role))).await.map(drop)
    }

    /// Makes every role that is still missing.
    pub(super) async fn all_roles(&self, session: &mut Session) -> Result<(), Failure> {
        let answers = session.simple("select rolname from pg_catalog.pg_roles").await?;
        let there: Vec<&str> =
            answers.iter().flat_map(Answer::rows).filter_map(|row| row.at(0)).collect();
        let mut sql = String::new();
        for role in self.roles.iter().filter(|role| !there.contains(&role.as_str())) {
            writeln!(sql, "create role {};", Ident(role)).expect("a string takes everything");
        }
        if sql.is_empty() {
            return Ok(());
        }
        session.simple(&sql).await.map(drop)
    }
}
