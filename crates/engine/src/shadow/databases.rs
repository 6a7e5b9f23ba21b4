//! The databases of a development server: copies of each other, and what each is for.
//!
//! What a database is for stands in its comment, so that it is known for as long as the database is
//! there and goes with it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use whimbrel_sql::{Ident, Literal};

use super::address::Address;
use super::admin;
use super::error::{Cause, ShadowError};
use super::kept::KeptFolder;
use super::server::Server;
use crate::wire::{Answer, Session};

/// Begins the comment of a database of ours.
const MARK: &str = "whimbrel: ";

/// How long connections that were ended may take to go, however often they come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// SQLSTATE `object_in_use`: somebody is connected to what is to be copied.
const IN_USE: &str = "55006";

const DATABASES: &str = "\
select d.datname as name,
       case when $1 = 'sizes' then pg_catalog.pg_database_size(d.oid)::text end as bytes,
       (select count(*) from pg_catalog.pg_stat_activity as a where a.datid = d.oid)::text
           as connections,
       pg_catalog.shobj_description(d.oid, 'pg_database') as comment
from pg_catalog.pg_database as d
where not d.datistemplate
order by d.datname";

const CONNECTED: &str = "\
select pid::text as pid,
       coalesce(application_name, '') as application,
       coalesce(usename, '') as role,
       coalesce(pg_catalog.host(client_addr), 'local') as client
from pg_catalog.pg_stat_activity
where datname = $1 and pid <> pg_catalog.pg_backend_pid()
  and backend_type in ('client backend', 'walsender')
order by pid";

/// Statements that give one database what another has beside what is in it: `create database`
/// copies none of it. `$1` is the other, `$2` the one.
const TWIN: &str = "\
select format('alter database %I owner to %I', $2::text, pg_catalog.pg_get_userbyid(d.datdba)) as statement
from pg_catalog.pg_database as d
where d.datname = $1 and d.datdba <> 10
union all
select format(case s.setrole when 0 then 'alter database %1$I set %3$I to %4$s'
                             else 'alter role %2$I in database %1$I set %3$I to %4$s' end,
              $2::text, pg_catalog.pg_get_userbyid(s.setrole), c.name,
              case when c.name in ('search_path', 'temp_tablespaces', 'session_preload_libraries',
                                   'local_preload_libraries')
                   then replace(c.value, '\"\"', '''''') else quote_literal(c.value) end)
from pg_catalog.pg_db_role_setting as s
join pg_catalog.pg_database as d on d.oid = s.setdatabase
cross join lateral (
  select split_part(one, '=', 1) as name, substr(one, strpos(one, '=') + 1) as value
  from unnest(s.setconfig) as one
) as c
where d.datname = $1
union all
select format('revoke all on database %I from public', $2::text)
from pg_catalog.pg_database as d
where d.datname = $1 and d.datacl is not null
union all
select format('grant %s on database %I to %s%s', a.privilege_type, $2::text,
              case a.grantee when 0 then 'public' else a.grantee::regrole::text end,
              case when a.is_grantable then ' with grant option' else '' end)
from pg_catalog.pg_database as d
cross join lateral pg_catalog.aclexplode(d.datacl) as a
where d.datname = $1";

/// Statements of a killed client that the server still works at.
const ORPHANS: &str = "\
select pg_catalog.pg_terminate_backend(pid, 5000)
from pg_catalog.pg_stat_activity
where pid <> pg_catalog.pg_backend_pid()
  and application_name = 'whimbrel shadow'
  and state = 'active'
  and query ~ '^(create|drop|alter) database'";

/// Databases that the server has marked as half dropped.
const INVALID: &str = "select datname from pg_catalog.pg_database where datconnlimit = -2";

const PREPARED: &str = "select gid from pg_catalog.pg_prepared_xacts where database = $1";

const SUBSCRIPTIONS: &str = "\
select s.subname
from pg_catalog.pg_subscription as s
join pg_catalog.pg_database as d on d.oid = s.subdbid
where d.datname = $1";

const SLOTS: &str = "\
select slot_name, active_pid::text as active_pid
from pg_catalog.pg_replication_slots
where database = $1";

/// What a database is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// It belongs to a branch of the project.
    Branch {
        /// The branch.
        branch: String,
        /// The database that it was copied from.
        from: String,
    },
    /// Others are copied from it.
    Template {
        /// What made it.
        key: String,
        /// When it was used last, in seconds since 1970.
        used: u64,
        /// The comment of the database that it was copied from.
        comment: Option<String>,
    },
}

/// Whether others get in while databases are made or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They do.
    In,
    /// Nobody does who comes with a password.
    Out,
}

/// A database of a development server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Its name.
    pub name: String,
    /// Its size, where that was asked for; 0 else.
    pub bytes: u64,
    /// How many are connected to it.
    pub connections: u32,
    /// What it is for; nothing where that is not for Whimbrel to say.
    pub note: Option<Note>,
    comment: Option<String>,
}

/// Somebody who is connected to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The server's process.
    pub pid: String,
    /// What it calls itself.
    pub application: String,
    /// The role.
    pub role: String,
    /// The address; `local` behind the socket.
    pub client: String,
}

impl Connected {
    /// Whether it is one of Whimbrel's own, on a person's behalf.
    pub fn is_whimbrel(&self) -> bool {
        self.application.starts_with("whimbrel")
    }

    fn of(answer: &Answer) -> Vec<Self> {
        let rows = answer.rows().map(|row| {
            let text = |name| row.get(name).unwrap_or_default().to_owned();
            Self {
                pid: text("pid"),
                application: text("application"),
                role: text("role"),
                client: text("client"),
            }
        });
        rows.collect()
    }
}

impl Server {
    /// All databases but those that come with a server.
    pub async fn databases(&self) -> Result<Vec<DatabaseFacts>, ShadowError> {
        self.read_databases("").await
    }

    /// The same with their sizes, for which their files are looked at.
    pub async fn databases_with_sizes(&self) -> Result<Vec<DatabaseFacts>, ShadowError> {
        self.read_databases("sizes").await
    }

    async fn read_databases(&self, what: &str) -> Result<Vec<DatabaseFacts>, ShadowError> {
        let mut session = admin::connect(&self.master()).await?;
        let answer = ask(&mut session, DATABASES, &[Some(what)]).await?;
        session.close().await;
        let facts = answer.rows().map(|row| {
            let comment = row.get("comment").map(str::to_owned);
            let note = comment.as_deref().and_then(|text| text.strip_prefix(MARK));
            DatabaseFacts {
                name: row.get("name").unwrap_or_default().to_owned(),
                bytes: number(row.get("bytes")),
                connections: number(row.get("connections")),
                note: note.and_then(|text| serde_json::from_str(text).ok()),
                comment,
            }
        });
        Ok(facts.collect())
    }

    /// Who is connected to a database.
    pub async fn connected(&self, database: &str) -> Result<Vec<Connected>, ShadowError> {
        let mut session = admin::connect(&self.master()).await?;
        let answer = ask(&mut session, CONNECTED, &[Some(database)]).await?;
        session.close().await;
        Ok(Connected::of(&answer))
    }

    /// Notes what a database is for.
    pub async fn annotate(&self, database: &str, note: &Note) -> Result<(), ShadowError> {
        let text = serde_json::to_string(note).expect("a note holds nothing that JSON refuses");
        self.comment(database, &format!("{MARK}{text}")).await
    }

    async fn comment(&self, database: &str, text: &str) -> Result<(), ShadowError> {
        let sql = format!("comment on database {} is {}", Ident(database), Literal(text));
        admin::run(&self.master(), &[&sql]).await
    }

    /// Makes a database as another is, with its settings and rights; whoever is connected to that
    /// one is sent away, which is answered.
    pub async fn copy_database(&self, from: &str, to: &str) -> Result<Vec<Connected>, ShadowError> {
        let mut session = admin::connect(&self.master()).await?;
        // Copied as files, which costs less than to log each page wherever nothing is synced.
        let is_hurried = fsync(&mut session).await? == "off";
        let strategy = if is_hurried && self.major() >= 15 { " strategy file_copy" } else { "" };
        let create = format!("create database {} template {}{strategy}", Ident(to), Ident(from));
        let mut ended = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            ended.extend(end(&mut session, from).await?);
            match session.simple(&create).await {
                Ok(_) => break,
                // A pool that comes back at once is sent away again.
                Err(failure) if failure.code() == Some(IN_USE) && Instant::now() < deadline => {}
                Err(failure) => return Err(admin::refused(&create, &failure)),
            }
        }
        let twin = ask(&mut session, TWIN, &[Some(from), Some(to)]).await?;
        for statement in twin.rows().filter_map(|row| row.get("statement")) {
            run(&mut session, statement).await?;
        }
        session.close().await;
        Ok(ended)
    }

    /// Keeps a database as it is as a template, under a name; the oldest templates go.
    pub async fn keep_template(
        &self,
        database: &str,
        name: &str,
        note: &Note,
        most: usize,
    ) -> Result<Vec<Connected>, ShadowError> {
        let draft = format!("{name}_new");
        self.drop_database(&draft).await?;
        let ended = self.copy_database(database, &draft).await?;
        self.annotate(&draft, note).await?;
        self.drop_database(name).await?;
        let rename = format!("alter database {} rename to {}", Ident(&draft), Ident(name));
        admin::run(&self.master(), &[&rename]).await?;
        let mut templates: Vec<(u64, String)> = self
            .databases()
            .await?
            .into_iter()
            .filter_map(|facts| match facts.note {
                Some(Note::Template { used, .. }) if facts.name != name => Some((used, facts.name)),
                Some(Note::Template { .. } | Note::Branch { .. }) | None => None,
            })
            .collect();
        templates.sort();
        let spare = (templates.len() + 1).saturating_sub(most);
        for (_, name) in templates.into_iter().take(spare) {
            self.drop_database(&name).await?;
        }
        Ok(ended)
    }

    /// The comment of a database that is not ours.
    pub async fn comment_of(&self, database: &str) -> Result<Option<String>, ShadowError> {
        let all = self.databases().await?;
        let found = all.into_iter().find(|facts| facts.name == database);
        Ok(found.and_then(|facts| facts.comment))
    }

    /// Gives a database that was copied from a template the comment of the first one.
    pub async fn comment_as(&self, database: &str, comment: &str) -> Result<(), ShadowError> {
        self.comment(database, comment).await
    }

    /// Drops a database with all that would keep it: connections, prepared transactions,
    /// subscriptions, replication slots. Answers who was connected.
    pub async fn remove_database(&self, database: &str) -> Result<Vec<Connected>, ShadowError> {
        let mut session = admin::connect(&self.master()).await?;
        let ended = end(&mut session, database).await?;
        let prepared = ask(&mut session, PREPARED, &[Some(database)]).await?;
        let subscriptions = ask(&mut session, SUBSCRIPTIONS, &[Some(database)]).await?;
        if !prepared.is_empty() || !subscriptions.is_empty() {
            let mut inside = admin::connect(&self.target(database)).await?;
            for gid in prepared.rows().filter_map(|row| row.get("gid")) {
                run(&mut inside, &format!("rollback prepared {}", Literal(gid))).await?;
            }
            for name in subscriptions.rows().filter_map(|row| row.get("subname")) {
                let name = Ident(name);
                run(&mut inside, &format!("alter subscription {name} disable")).await?;
                run(&mut inside, &format!("alter subscription {name} set (slot_name = none)"))
                    .await?;
                run(&mut inside, &format!("drop subscription {name}")).await?;
            }
            inside.close().await;
        }
        let slots = ask(&mut session, SLOTS, &[Some(database)]).await?;
        for row in slots.rows() {
            if let Some(pid) = row.get("active_pid") {
                ask(&mut session, "select pg_terminate_backend($1::int, 5000)", &[Some(pid)])
                    .await?;
            }
            let name = row.get("slot_name");
            ask(&mut session, "select pg_drop_replication_slot($1)", &[name]).await?;
        }
        let drop = format!("drop database if exists {} with (force)", Ident(database));
        run(&mut session, &drop).await?;
        session.close().await;
        Ok(ended)
    }

    /// Begins to make or remove databases: until [`Server::settle`] nobody is let in who comes with
    /// a password, if that is wanted, and nothing is synced. A database of thousands of files is
    /// copied in a fraction of the time so. A crash meanwhile costs nothing, a power failure perhaps
    /// the whole server.
    pub async fn hurry(&self, others: Others) -> Result<(), ShadowError> {
        let mut session = admin::connect(&self.master()).await?;
        if others == Others::Out {
            run(&mut session, &Address::lock_out()).await?;
        }
        set_fsync(&mut session, "alter system set fsync = off", "off").await?;
        session.close().await;
        Ok(())
    }

    /// Ends what [`Server::hurry`] began: whoever has the password of the address gets in, and what
    /// was written reaches the disk in the background.
    pub async fn settle(&self, address: Option<&Address>) -> Result<(), ShadowError> {
        let mut session = admin::connect(&self.master()).await?;
        set_fsync(&mut session, "alter system reset fsync", "on").await?;
        run(&mut session, "checkpoint").await?;
        if let Some(address) = address {
            run(&mut session, &address.log_in()).await?;
        }
        session.close().await;
        match self.folder() {
            Some(folder) => KeptFolder::at(folder.to_owned())
                .want_flush()
                .map_err(|error| ShadowError::io("write", folder, &error)),
            None => Ok(()),
        }
    }

    /// Ends what somebody who was killed began, and what the server still does for him. The caller
    /// has the turn, so that nobody else is at it.
    pub(crate) async fn put_right(&self, address: &Address) -> Result<(), ShadowError> {
        admin::rows(&self.master(), ORPHANS).await?;
        self.drop_invalid().await?;
        self.settle(Some(address)).await
    }

    /// Drops what is left of databases whose dropping was cut off: nobody can connect to them.
    async fn drop_invalid(&self) -> Result<(), ShadowError> {
        let mut session = admin::connect(&self.master()).await?;
        let invalid = ask(&mut session, INVALID, &[]).await;
        let dropped = async {
            for row in invalid?.rows() {
                let name = row.at(0).unwrap_or_default();
                run(&mut session, &format!("drop database if exists {}", Ident(name))).await?;
            }
            Ok(())
        };
        let dropped = dropped.await;
        session.close().await;
        dropped
    }

    /// Drops a role that nothing depends on. False: something does.
    pub async fn drop_role(&self, role: &str) -> Result<bool, ShadowError> {
        let mut session = admin::connect(&self.master()).await?;
        let dropped = session.simple(&format!("drop role {}", Ident(role))).await;
        session.close().await;
        Ok(dropped.is_ok())
    }
}

/// Has a server sync what it writes, or not, and waits until it does as it is told.
async fn set_fsync(
    session: &mut Session,
    statement: &str,
    wanted: &str,
) -> Result<(), ShadowError> {
    run(session, statement).await?;
    run(session, "select pg_reload_conf()").await?;
    let deadline = Instant::now() + PATIENCE;
    while fsync(session).await? != wanted && Instant::now() < deadline {
        tokio::time::sleep(admin::POLL).await;
    }
    Ok(())
}

/// Ends all connections to a database, and answers whose they were.
async fn end(session: &mut Session, database: &str) -> Result<Vec<Connected>, ShadowError> {
    let mut ended: Vec<Connected> = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask(session, CONNECTED, &[Some(database)]).await?;
        let connected = Connected::of(&answer);
        if connected.is_empty() || Instant::now() > deadline {
            return Ok(ended);
        }
        for one in connected {
            // It answers when the process has gone, or after that many milliseconds.
            ask(session, "select pg_terminate_backend($1::int, 5000)", &[Some(&one.pid)]).await?;
            if !ended.iter().any(|known| known.pid == one.pid) {
                ended.push(one);
            }
        }
    }
}

/// Whether the server syncs what it writes: `on` or `off`.
async fn fsync(session: &mut Session) -> Result<String, ShadowError> {
    let answer = ask(session, "select current_setting('fsync')", &[]).await?;
    Ok(answer.value().unwrap_or_default().to_owned())
}

async fn ask(
    session: &mut Session,
    sql: &str,
    values: &[Option<&str>],
) -> Result<Answer, ShadowError> {
    session.query(sql, values).await.map_err(|failure| admin::refused(sql, &failure))
}

async fn run(session: &mut Session, statement: &str) -> Result<(), ShadowError> {
    session.simple(statement).await.map(drop).map_err(|failure| ShadowError::Sql {
        statement: statement.to_owned(),
        cause: Cause::of(&failure),
    })
}

fn number<T: std::str::FromStr + Default>(text: Option<&str>) -> T {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
