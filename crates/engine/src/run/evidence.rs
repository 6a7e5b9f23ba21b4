//! What the catalog says of a statement that was begun outside any transaction and whose outcome
//! was never written.
//!
//! Most such statements leave a trace that tells whether they took: an index that is valid, or
//! invalid, or gone; a database that exists. Some can simply be run again (`vacuum`). Of a
//! procedure that commits on its way nothing is known, and nothing is assumed.

use whimbrel_sql::{Alone, Ident, Kind, Literal};

use crate::journal::{Intent, StepState};
use crate::wire::{Failure, Session};

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
    /// Nothing tells.
    Unknown {
        /// Why.
        why: String,
    },
}

/// The comment that a statement of a step carries, wherever it runs.
pub(crate) fn marker(run: i64, step: usize) -> String {
    format!("/* whimbrel run {run} step {} */", step + 1)
}

/// The server process that runs the statement with this marker now.
pub(crate) async fn alive(session: &mut Session, marker: &str) -> Result<Option<i32>, Failure> {
    let pattern = format!("{marker}%");
    let answer = session
        .simple(&format!(
            "select pid from pg_catalog.pg_stat_activity \
             where state = 'active' and pid <> pg_catalog.pg_backend_pid() and query like {}",
            Literal(&pattern)
        ))
        .await?;
    Ok(answer.first().and_then(|answer| answer.value()?.parse().ok()))
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

/// The table whose indexes are written down before the statement begins.
pub(crate) fn table_of(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Alone(Alone::CreateIndexConcurrently { table, .. }) => Some(joined(table)),
        _ => None,
    }
}

/// Looks what an earlier try left; without one, only whether something stands in the way that an
/// `if not exists` would hide.
pub(crate) async fn look(
    session: &mut Session,
    kind: &Kind,
    earlier: Option<&Intent>,
) -> Result<Evidence, Failure> {
    let alone = match kind {
        Kind::Alone(alone) => alone,
        _ if earlier.is_none() => return Ok(Evidence::Fresh),
        _ => return Ok(unknown(earlier, "a procedure may have committed a part of its work")),
    };
    match alone {
        Alone::CreateIndexConcurrently { index, table, if_not_exists } => {
            built_index(session, index.as_deref(), table, *if_not_exists, earlier).await
        }
        _ if earlier.is_none() => Ok(Evidence::Fresh),
        Alone::DropIndexConcurrently { index, .. } => {
            let exists = relation_exists(session, index).await?;
            Ok(if exists { redo() } else { Evidence::Done })
        }
        Alone::Reindex { concurrently: true, .. } => left_by_reindex(session).await,
        Alone::Reindex { .. }
        | Alone::Vacuum
        | Alone::Cluster
        | Alone::AlterSystem
        | Alone::AlterSubscription { .. }
        | Alone::DiscardAll => Ok(redo()),
        Alone::DetachConcurrently { table, partition } => detached(session, table, partition).await,
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
            dropped(session, "pg_database where datname", name).await
        }
        Alone::DropTablespace { name, .. } => {
            dropped(session, "pg_tablespace where spcname", name).await
        }
        Alone::DropSubscription { name, .. } => {
            dropped(session, "pg_subscription where subname", name).await
        }
        Alone::FinishPrepared { gid, .. } => {
            dropped(session, "pg_prepared_xacts where gid", gid).await
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
    let candidates = match index {
        Some(index) => Literal(index).to_string(),
        None => match earlier.and_then(|intent| intent.indexes_before.as_ref()) {
            // The server chose the name: the index that was not there before is the one.
            Some(before) => {
                let before: Vec<String> =
                    before.iter().map(|name| Literal(name).to_string()).collect();
                return new_index(session, table, &before).await;
            }
            None => return Ok(Evidence::Fresh),
        },
    };
    let rows = indexes(session, table, &format!("c.relname = {candidates}")).await?;
    let Some((name, is_valid)) = rows.first() else {
        return Ok(if earlier.is_some() { redo() } else { Evidence::Fresh });
    };
    match (earlier, is_valid) {
        (Some(_), true) => Ok(Evidence::Done),
        (Some(_), false) => Ok(rebuilt(name)),
        // `if not exists` would be content with an invalid index of that name.
        (None, false) if if_not_exists => Ok(rebuilt(name)),
        // Without it the server says 42P07, which is the truth.
        (None, _) => Ok(Evidence::Fresh),
    }
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

/// Half-built copies that a concurrent reindex left; a partition's or a toast table's too.
async fn left_by_reindex(session: &mut Session) -> Result<Evidence, Failure> {
    let answers = session
        .simple(
            "select pg_catalog.format('drop index concurrently if exists %I.%I', \
             n.nspname, c.relname) as cleanup from pg_catalog.pg_index i \
             join pg_catalog.pg_class c on c.oid = i.indexrelid \
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$' \
             and n.nspname <> 'pg_toast' order by 1",
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
        None => Evidence::Done,
        Some("t") => Evidence::Redo {
            cleanup: vec![format!(
                "alter table {} detach partition {} finalize",
                joined(table),
                joined(partition)
            )],
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
    let failed = earlier.is_some_and(|intent| intent.state == StepState::Failed);
    Ok(if exists && !failed { Evidence::Done } else { redo() })
}

async fn dropped(session: &mut Session, place: &str, name: &str) -> Result<Evidence, Failure> {
    Ok(if exists(session, place, name).await? { redo() } else { Evidence::Done })
}

async fn exists(session: &mut Session, place: &str, name: &str) -> Result<bool, Failure> {
    let sql = format!("select exists (select from pg_catalog.{place} = {})", Literal(name));
    let answers = session.simple(&sql).await?;
    Ok(answers.first().and_then(|answer| answer.value()) == Some("t"))
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
fn joined(parts: &[String]) -> String {
    parts.iter().map(|part| Ident(part).to_string()).collect::<Vec<_>>().join(".")
}
