//! Statements that the server refuses inside a transaction block.
//!
//! These are the callers of `PreventInTransactionBlock` in PostgreSQL 14 to 18. Where only the
//! catalog can tell (a subscription without a slot), the statement counts as refused: run alone it
//! always works. A partitioned table given to `cluster` or `reindex` is refused too and cannot be
//! told by its name.

use crate::cursor::{Cursor, is_on};
use crate::{Alone, Publications, ReindexTarget};

/// Reads a statement from behind its first word.
pub(super) fn kind(word: &str, cursor: &mut Cursor<'_>) -> Option<Alone> {
    match word {
        "create" => created(cursor),
        "drop" => dropped(cursor),
        "alter" => altered(cursor),
        "reindex" => reindexed(cursor),
        "cluster" => {
            cursor.options();
            cursor.words(&["verbose"]);
            cursor.peek().is_none().then_some(Alone::Cluster)
        }
        "vacuum" => Some(Alone::Vacuum),
        "discard" => cursor.words(&["all"]).then_some(Alone::DiscardAll),
        _ => None,
    }
}

fn created(cursor: &mut Cursor<'_>) -> Option<Alone> {
    if cursor.words(&["materialized", "view"]) {
        return continuous_aggregate(cursor);
    }
    match cursor.any_word(&["unique", "index", "database", "tablespace", "subscription"])? {
        "unique" if cursor.words(&["index"]) => created_index(cursor),
        "index" => created_index(cursor),
        "database" => Some(Alone::CreateDatabase { name: cursor.name()? }),
        "tablespace" => Some(Alone::CreateTablespace { name: cursor.name()? }),
        "subscription" => {
            let name = cursor.name()?;
            (!without_slot(cursor)).then_some(Alone::CreateSubscription { name })
        }
        _ => None,
    }
}

/// Reads `create index` from behind `index`.
fn created_index(cursor: &mut Cursor<'_>) -> Option<Alone> {
    if !cursor.words(&["concurrently"]) {
        return None;
    }
    let if_not_exists = cursor.words(&["if", "not", "exists"]);
    let index = if cursor.words(&["on"]) {
        None
    } else {
        let name = cursor.name();
        cursor.words(&["on"]);
        name
    };
    cursor.words(&["only"]);
    let table = cursor.qualified();
    Some(Alone::CreateIndexConcurrently { index, table, if_not_exists })
}

/// Tells whether `create subscription` makes no slot on the publisher.
fn without_slot(cursor: &mut Cursor<'_>) -> bool {
    cursor.seek(&["with"]).is_some()
        && cursor.options().iter().any(|(name, value)| {
            matches!(name.as_str(), "connect" | "create_slot") && !is_on(value.as_deref())
        })
}

/// TimescaleDB's `create materialized view … with (timescaledb.continuous)` fills itself outside
/// a transaction unless `with no data` is given.
fn continuous_aggregate(cursor: &mut Cursor<'_>) -> Option<Alone> {
    let mut options = cursor.clone();
    options.seek(&["with", "as"]).filter(|found| *found == "with")?;
    let continuous = options
        .options()
        .iter()
        .any(|(name, value)| name == "timescaledb.continuous" && is_on(value.as_deref()));
    if !continuous {
        return None;
    }
    while cursor.seek(&["with"]).is_some() {
        if cursor.words(&["no", "data"]) {
            return None;
        }
    }
    Some(Alone::Other("create materialized view … with (timescaledb.continuous)".to_owned()))
}

fn dropped(cursor: &mut Cursor<'_>) -> Option<Alone> {
    let what = cursor.any_word(&["index", "database", "tablespace", "subscription"])?;
    if what == "index" && !cursor.words(&["concurrently"]) {
        return None;
    }
    let if_exists = cursor.words(&["if", "exists"]);
    Some(match what {
        "index" => Alone::DropIndexConcurrently { index: cursor.qualified(), if_exists },
        "database" => Alone::DropDatabase { name: cursor.name()?, if_exists },
        "tablespace" => Alone::DropTablespace { name: cursor.name()?, if_exists },
        _ => Alone::DropSubscription { name: cursor.name()?, if_exists },
    })
}

fn altered(cursor: &mut Cursor<'_>) -> Option<Alone> {
    match cursor.any_word(&["system", "database", "table", "subscription"])? {
        "system" => Some(Alone::AlterSystem),
        "database" => {
            let name = cursor.name()?;
            let moves = cursor.words(&["set", "tablespace"]);
            moves
                .then(|| cursor.name())
                .flatten()
                .map(|tablespace| Alone::MoveDatabase { name, tablespace })
        }
        "table" => detached(cursor),
        _ => {
            let name = cursor.name()?;
            let publications = publications(&mut cursor.clone());
            changes_slot(cursor).then_some(Alone::AlterSubscription { name, publications })
        }
    }
}

/// Reads `alter table … detach partition … concurrently` from behind `table`.
fn detached(cursor: &mut Cursor<'_>) -> Option<Alone> {
    cursor.words(&["if", "exists"]);
    cursor.words(&["only"]);
    let table = cursor.qualified();
    cursor.symbol("*");
    if !cursor.words(&["detach", "partition"]) {
        return None;
    }
    let partition = cursor.qualified();
    let concurrently = cursor.words(&["concurrently"]);
    concurrently.then_some(Alone::DetachConcurrently { table, partition })
}

/// Reads `add publication A, B` or `drop publication A, B`.
fn publications(cursor: &mut Cursor<'_>) -> Option<Publications> {
    let action = cursor.any_word(&["add", "drop"])?;
    if !cursor.words(&["publication"]) {
        return None;
    }
    let mut names = vec![cursor.name()?];
    while cursor.symbol(",") {
        names.push(cursor.name()?);
    }
    Some(Publications { added: action == "add", names })
}

/// Tells whether `alter subscription NAME …` refreshes it or changes its slot on the publisher.
fn changes_slot(cursor: &mut Cursor<'_>) -> bool {
    if cursor.words(&["refresh"]) {
        return true;
    }
    let Some(action) = cursor.any_word(&["set", "add", "drop"]) else { return false };
    if cursor.words(&["publication"]) {
        let refreshes =
            |(name, value): &(String, Option<String>)| name != "refresh" || is_on(value.as_deref());
        return cursor.seek(&["with"]).is_none() || cursor.options().iter().all(refreshes);
    }
    // Changed on the publisher too: `failover` since 17, and `two_phase` since 18 if it ends.
    let on_publisher = |(name, value): &(String, Option<String>)| match name.as_str() {
        "failover" => true,
        "two_phase" => !is_on(value.as_deref()),
        _ => false,
    };
    action == "set" && cursor.options().iter().any(on_publisher)
}

fn reindexed(cursor: &mut Cursor<'_>) -> Option<Alone> {
    let listed = cursor
        .options()
        .iter()
        .any(|(name, value)| name == "concurrently" && is_on(value.as_deref()));
    let target = match cursor.any_word(&["index", "table", "schema", "database", "system"])? {
        "index" => ReindexTarget::Index,
        "table" => ReindexTarget::Table,
        "schema" => ReindexTarget::Schema,
        "database" => ReindexTarget::Database,
        _ => ReindexTarget::System,
    };
    let concurrently = cursor.words(&["concurrently"]) || listed;
    let transactional = matches!(target, ReindexTarget::Index | ReindexTarget::Table);
    if transactional && !concurrently {
        return None;
    }
    Some(Alone::Reindex { target, name: cursor.qualified(), concurrently })
}
