//! What the catalog says of a statement that was begun outside any transaction and whose outcome
//! was never written.
//!
//! Most such statements leave a trace that tells whether they took: an index that is valid, or
//! invalid, or gone; a database that exists. Some can simply be run again (`vacuum`). Of a
//! procedure that commits on its way nothing is known, and nothing is assumed.

use whimbrel_sql::{Alone, Ident, Kind, Literal, Publications};

use crate::journal::{self, Intent, StepState};
use crate::wire::{Answer, Failure, Session};

/// What is known of a statement before it runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It never ran.
    Fresh,
    /// It took.
    Done,
    /// It did not take, or may run again; some things are to be put away first.
    Redo {
        /// Statements that put them away, each to run alone.
        cleanup: Vec<String>,
    },
    /// It took half, and another statement does the rest.
    Finish {
        /// That statement, to run alone.
        statement: String,
    },
    /// Nothing tells.
    Unknown {
        /// Why.
        why: String,
    },
}

/// The comment that a statement of a step carries, wherever it runs.
pub(crate) fn marker(run: i64, step: usize) -> String {
    format!("{}{} */", markers(run), step + 1)
}

/// How it begins for every step of a run.
pub(crate) fn markers(run: i64) -> String {
    format!("/* whimbrel run {run} step ")
}

/// A server process that an earlier run left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub(crate) pid: i32,
    /// Whether it waits to be told what to do.
    pub(crate) is_idle: bool,
}

/// The server process that runs the statement with this marker now, or else the one that the step
/// was begun on.
pub(crate) async fn orphan(
    session: &mut Session,
    marker: &str,
    id: Option<&journal::Id<'_>>,
    step: usize,
) -> Result<Option<Orphan>, Failure> {
    let pattern = format!("{marker}%");
    let mut message = format!(
        "select pid, true as active from pg_catalog.pg_stat_activity \
         where state = 'active' and pid <> pg_catalog.pg_backend_pid() and query like {}",
        Literal(&pattern)
    );
    if let Some(id) = id {
        message.push_str("; ");
        message.push_str(&journal::backend_of_step(id, step));
    }
    let answers = session.simple(&message).await?;
    let row = answers.iter().find_map(Answer::first);
    Ok(row.and_then(|row| {
        let pid = row.get("pid")?.parse().ok()?;
        Some(Orphan { pid, is_idle: row.get("active") == Some("f") })
    }))
}

/// Ends a server process.
pub(crate) async fn end(session: &mut Session, pid: i32) -> Result<(), Failure> {
    session.simple(&format!("select pg_catalog.pg_terminate_backend({pid})")).await.map(drop)
}

/// Whether a statement is a concurrent build, which timeouts leave half done and which needs a
/// connection beside the lock's.
pub(crate) fn is_concurrent(kind: &Kind) -> bool {
    match kind {
        Kind::Alone(alone) => match alone {
            Alone::CreateIndexConcurrently { .. }
            | Alone::DropIndexConcurrently { .. }
            | Alone::DetachConcurrently { .. } => true,
            Alone::Reindex { concurrently, .. } => *concurrently,
            Alone::Vacuum
            | Alone::Cluster
            | Alone::CreateDatabase { .. }
            | Alone::DropDatabase { .. }
            | Alone::MoveDatabase { .. }
            | Alone::CreateTablespace { .. }
            | Alone::DropTablespace { .. }
            | Alone::AlterSystem
            | Alone::CreateSubscription { .. }
            | Alone::AlterSubscription { .. }
            | Alone::DropSubscription { .. }
            | Alone::FinishPrepared { .. }
            | Alone::DiscardAll
            | Alone::Other(_) => false,
        },
        Kind::Plain
        | Kind::Begin { .. }
        | Kind::Commit { .. }
        | Kind::Rollback
        | Kind::PrepareTransaction
        | Kind::MayCommit { .. }
        | Kind::AddEnumValue { .. }
        | Kind::CopyIn
        | Kind::Setting
        | Kind::Strings { .. } => false,
    }
}

/// The indexes that are there before a statement makes one.
pub(crate) async fn indexes_before(
    session: &mut Session,
    kind: &Kind,
) -> Result<Option<Vec<String>>, Failure> {
    let Kind::Alone(Alone::CreateIndexConcurrently { table, .. }) = kind else { return Ok(None) };
    let answers = session
        .simple(&format!(
            "select c.relname from pg_catalog.pg_index i \
             join pg_catalog.pg_class c on c.oid = i.indexrelid \
             where i.indrelid = pg_catalog.to_regclass({}) order by 1",
            Literal(&joined(table))
        ))
        .await?;
    let rows = answers.first().into_iter().flat_map(Answer::rows);
    Ok(Some(rows.filter_map(|row| row.get("relname").map(str::to_owned)).collect()))
}

/// Looks what an earlier try left; without one, only whether something stands in the way that an
/// `if not exists` would hide.
pub(crate) async fn look(
    session: &mut Session,
    kind: &Kind,
    text: &str,
    earlier: Option<&Intent>,
) -> Result<Evidence, Failure> {
    let alone = match kind {
        Kind::Alone(alone) => alone,
        _ if earlier.is_none() => return Ok(Evidence::Fresh),
        Kind::MayCommit { .. } => {
            return Ok(unknown(earlier, "a procedure may have committed a part of its work"));
        }
        _ if is_repeatable(text) => return Ok(redo()),
        _ => return Ok(unknown(earlier, "it may have committed a part of its work")),
    };
    match alone {
        Alone::CreateIndexConcurrently { index, table, if_not_exists } => {
            built_index(session, index.as_deref(), table, *if_not_exists, earlier).await
        }
        _ if earlier.is_none() => Ok(Evidence::Fresh),
        Alone::DropIndexConcurrently { index, .. } => {
            let exists = relation_exists(session, index).await?;
            Ok(gone(exists, earlier))
        }
        Alone::Reindex { concurrently: true, .. } => left_by_reindex(session).await,
        Alone::AlterSubscription { name, publications: Some(publications) } => {
            subscribed(session, name, publications, earlier).await
        }
        Alone::Reindex { .. }
        | Alone::Vacuum
        | Alone::Cluster
        | Alone::AlterSystem
        | Alone::AlterSubscription { publications: None, .. }
        | Alone::DiscardAll => Ok(redo()),
        Alone::DetachConcurrently { table, partition } => {
            detached(session, table, partition, earlier).await
        }
        Alone::CreateDatabase { name } => {
            made(session, "pg_database where datname", name, earlier).await
        }
        Alone::CreateTablespace { name } => {
            made(session, "pg_tablespace where spcname", name, earlier).await
        }
        Alone::CreateSubscription { name } => {
            made(session, "pg_subscription where subname", name, earlier).await
        }
        Alone::DropDatabase { name, .. } => {
            dropped(session, "pg_database where datname", name, earlier).await
        }
        Alone::DropTablespace { name, .. } => {
            dropped(session, "pg_tablespace where spcname", name, earlier).await
        }
        Alone::DropSubscription { name, .. } => {
            dropped(session, "pg_subscription where subname", name, earlier).await
        }
        Alone::FinishPrepared { gid, .. } => {
            dropped(session, "pg_prepared_xacts where gid", gid, earlier).await
        }
        Alone::MoveDatabase { name, tablespace } => moved(session, name, tablespace).await,
        Alone::Other(words) => {
            Ok(unknown(earlier, &format!("`{words}` leaves no trace that is known")))
        }
    }
}

fn redo() -> Evidence {
    Evidence::Redo { cleanup: Vec::new() }
}

/// Whether a statement that turned out to stand alone is as good twice as once: of `reindex` and
/// `cluster` the server refuses in a transaction those of a partitioned table, which no name tells.
fn is_repeatable(text: &str) -> bool {
    let first = text.split(|letter: char| !letter.is_ascii_alphabetic()).next();
    first.is_some_and(|first| {
        ["reindex", "cluster"].iter().any(|word| first.eq_ignore_ascii_case(word))
    })
}

/// A statement that the server itself reported as failed left what it left, and may run again
/// only by the person's word; one that was cut off likewise.
fn unknown(earlier: Option<&Intent>, why: &str) -> Evidence {
    match earlier {
        None => Evidence::Fresh,
        Some(_) => Evidence::Unknown { why: why.to_owned() },
    }
}

/// An index by its state: absent, invalid (a build that was cut off or failed), or valid.
async fn built_index(
    session: &mut Session,
    index: Option<&str>,
    table: &[String],
    if_not_exists: bool,
    earlier: Option<&Intent>,
) -> Result<Evidence, Failure> {
    let before = earlier.and_then(|intent| intent.indexes_before.as_deref());
    let Some(index) = index else {
        // The server chose the name: the index that was not there before is the one.
        let Some(before) = before else { return Ok(Evidence::Fresh) };
        let before: Vec<String> = before.iter().map(|name| Literal(name).to_string()).collect();
        return new_index(session, table, &before).await;
    };
    // An index that was there before the step began is somebody else's.
    let earlier = earlier.filter(|_| !before.unwrap_or_default().iter().any(|name| name == index));
    let rows = indexes(session, table, &format!("c.relname = {}", Literal(index))).await?;
    let Some((name, is_valid)) = rows.first() else {
        return Ok(if earlier.is_some() { redo() } else { Evidence::Fresh });
    };
    Ok(match (earlier, is_valid) {
        // A build that the server says has failed made no valid index.
        (Some(_), true) if has_failed(earlier) => Evidence::Fresh,
        (Some(_), true) => Evidence::Done,
        (Some(_), false) => rebuilt(name),
        // `if not exists` would be content with an invalid index of that name.
        (None, false) if if_not_exists => rebuilt(name),
        // Without it the server says 42P07, which is the truth.
        (None, _) => Evidence::Fresh,
    })
}

async fn new_index(
    session: &mut Session,
    table: &[String],
    before: &[String],
) -> Result<Evidence, Failure> {
    let condition = match before {
        [] => "true".to_owned(),
        _ => format!("c.relname not in ({})", before.join(", ")),
    };
    let rows = indexes(session, table, &condition).await?;
    Ok(match rows.as_slice() {
        [] => redo(),
        [(_, true)] => Evidence::Done,
        [(name, false)] => rebuilt(name),
        _ => Evidence::Unknown {
            why: "several indexes were made on its table since, and it names none".to_owned(),
        },
    })
}

fn rebuilt(qualified: &str) -> Evidence {
    Evidence::Redo { cleanup: vec![format!("drop index concurrently if exists {qualified}")] }
}

/// Indexes of a table: their qualified names, quoted by the server, and whether they are valid.
async fn indexes(
    session: &mut Session,
    table: &[String],
    condition: &str,
) -> Result<Vec<(String, bool)>, Failure> {
    let answers = session
        .simple(&format!(
            "select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, \
             i.indisvalid and i.indisready as valid from pg_catalog.pg_index i \
             join pg_catalog.pg_class c on c.oid = i.indexrelid \
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where i.indrelid = pg_catalog.to_regclass({}) and {condition}",
            Literal(&joined(table))
        ))
        .await?;
    let rows = answers.first().map(|answer| {
        answer
            .rows()
            .filter_map(|row| Some((row.get("name")?.to_owned(), row.get("valid") == Some("t"))))
            .collect()
    });
    Ok(rows.unwrap_or_default())
}

async fn relation_exists(session: &mut Session, name: &[String]) -> Result<bool, Failure> {
    let answers = session
        .simple(&format!("select pg_catalog.to_regclass({}) is not null", Literal(&joined(name))))
        .await?;
    Ok(answers.first().and_then(|answer| answer.value()) == Some("t"))
}

/// Half-built copies that a concurrent reindex left, a partition's too, and those of what is stored
/// out of line, which only some roles may drop. A table that somebody is at work on (any concurrent
/// build, vacuum) is left alone: such an index may not be a leftover yet.
async fn left_by_reindex(session: &mut Session) -> Result<Evidence, Failure> {
    let answers = session
        .simple(
            "select pg_catalog.format('drop index concurrently if exists %I.%I', \
             n.nspname, c.relname) as cleanup from pg_catalog.pg_index i \
             join pg_catalog.pg_class c on c.oid = i.indexrelid \
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$' \
             and (n.nspname <> 'pg_toast' \
             or pg_catalog.has_schema_privilege(n.oid, 'usage')) and not exists (select from pg_catalog.pg_locks l \
             where l.locktype = 'relation' and l.relation = i.indrelid \
             and l.mode = 'ShareUpdateExclusiveLock' and l.granted) order by 1",
        )
        .await?;
    let cleanup = answers.first().map(|answer| {
        answer.rows().filter_map(|row| row.get("cleanup").map(str::to_owned)).collect()
    });
    Ok(Evidence::Redo { cleanup: cleanup.unwrap_or_default() })
}

async fn detached(
    session: &mut Session,
    table: &[String],
    partition: &[String],
    earlier: Option<&Intent>,
) -> Result<Evidence, Failure> {
    let answers = session
        .simple(&format!(
            "select inhdetachpending from pg_catalog.pg_inherits \
             where inhparent = pg_catalog.to_regclass({}) \
             and inhrelid = pg_catalog.to_regclass({})",
            Literal(&joined(table)),
            Literal(&joined(partition))
        ))
        .await?;
    Ok(match answers.first().and_then(|answer| answer.value()) {
        None => gone(false, earlier),
        Some("t") => Evidence::Finish {
            statement: format!(
                "alter table {} detach partition {} finalize",
                joined(table),
                joined(partition)
            ),
        },
        Some(_) => redo(),
    })
}

/// Something that is made whole or not at all: if it is there, the statement that began took.
async fn made(
    session: &mut Session,
    place: &str,
    name: &str,
    earlier: Option<&Intent>,
) -> Result<Evidence, Failure> {
    let exists = exists(session, place, name).await?;
    Ok(if exists && !has_failed(earlier) { Evidence::Done } else { redo() })
}

async fn dropped(
    session: &mut Session,
    place: &str,
    name: &str,
    earlier: Option<&Intent>,
) -> Result<Evidence, Failure> {
    Ok(gone(exists(session, place, name).await?, earlier))
}

/// What is to be gone is gone – unless the server itself said that the statement failed: then it
/// was not there to begin with.
fn gone(exists: bool, earlier: Option<&Intent>) -> Evidence {
    if exists || has_failed(earlier) { redo() } else { Evidence::Done }
}

fn has_failed(earlier: Option<&Intent>) -> bool {
    earlier.is_some_and(|intent| intent.state == StepState::Failed)
}

async fn exists(session: &mut Session, place: &str, name: &str) -> Result<bool, Failure> {
    let sql = format!("select exists (select from pg_catalog.{place} = {})", Literal(name));
    let answers = session.simple(&sql).await?;
    Ok(answers.first().and_then(|answer| answer.value()) == Some("t"))
}

/// Whether a subscription has publications that were to be added to it, or has none of those that
/// were to be dropped: a second time the server refuses either.
async fn subscribed(
    session: &mut Session,
    name: &str,
    publications: &Publications,
    earlier: Option<&Intent>,
) -> Result<Evidence, Failure> {
    let names: Vec<String> =
        publications.names.iter().map(|name| Literal(name).to_string()).collect();
    let names = format!("array[{}]::text[]", names.join(", "));
    let is_so = if publications.added {
        format!("subpublications @> {names}")
    } else {
        format!("not subpublications && {names}")
    };
    let sql = format!(
        "select {is_so} from pg_catalog.pg_subscription where subname = {} \
         and subdbid = (select oid from pg_catalog.pg_database \
         where datname = pg_catalog.current_database())",
        Literal(name)
    );
    let answers = session.simple(&sql).await?;
    let is_so = answers.first().and_then(|answer| answer.value()) == Some("t");
    Ok(if is_so && !has_failed(earlier) { Evidence::Done } else { redo() })
}

async fn moved(session: &mut Session, name: &str, tablespace: &str) -> Result<Evidence, Failure> {
    let sql = format!(
        "select exists (select from pg_catalog.pg_database d join pg_catalog.pg_tablespace t \
         on t.oid = d.dattablespace where d.datname = {} and t.spcname = {})",
        Literal(name),
        Literal(tablespace)
    );
    let answers = session.simple(&sql).await?;
    let is_there = answers.first().and_then(|answer| answer.value()) == Some("t");
    Ok(if is_there { Evidence::Done } else { redo() })
}

/// A name's parts, each quoted.
pub(crate) fn joined(parts: &[String]) -> String {
    parts.iter().map(|part| Ident(part).to_string()).collect::<Vec<_>>().join(".")
}
