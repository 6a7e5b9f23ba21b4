//! What the catalog says of a statement that ran outside a transaction, as a condition.
//!
//! A person reports nothing, and `psql` goes on after an error, so only the catalog can tell whether
//! the statement before took. What leaves no trace in it cannot be part of a script.

use whimbrel_sql::{Alone, Backslash, Kind, Literal, tokens};

use crate::run::evidence::joined;

/// How it is told whether a statement took.
pub(super) struct Proof {
    /// The condition that it did.
    pub(super) took: String,
    /// What to do where it did not.
    pub(super) hint: String,
    /// An expression for the indexes that its table has before it.
    pub(super) indexes_before: Option<String>,
}

/// The condition that a statement took; `step` finds its intent `i`.
pub(super) fn proof(kind: &Kind, step: &str) -> Option<Proof> {
    let Kind::Alone(alone) = kind else { return None };
    let exists = |place: &str, name: &str| {
        format!("exists (select from pg_catalog.{place} = {})", Literal(name))
    };
    let again = |took: String| {
        let hint = "run the piece before this one again, alone, and look at what it says";
        Some(Proof { took, hint: hint.to_owned(), indexes_before: None })
    };
    match alone {
        Alone::CreateIndexConcurrently { index: Some(index), table, if_not_exists } => {
            Some(index_proof(index, table, *if_not_exists, step))
        }
        Alone::DropIndexConcurrently { index, .. } => {
            again(format!("pg_catalog.to_regclass({}) is null", Literal(&joined(index))))
        }
        Alone::DetachConcurrently { table, partition } => again(format!(
            "not exists (select from pg_catalog.pg_inherits \
             where inhparent = pg_catalog.to_regclass({}) and inhrelid = pg_catalog.to_regclass({}))",
            Literal(&joined(table)),
            Literal(&joined(partition)),
        )),
        Alone::CreateDatabase { name } => again(exists("pg_database where datname", name)),
        Alone::CreateTablespace { name } => again(exists("pg_tablespace where spcname", name)),
        Alone::CreateSubscription { name } => again(exists("pg_subscription where subname", name)),
        Alone::DropDatabase { name, .. } => {
            again(format!("not {}", exists("pg_database where datname", name)))
        }
        Alone::DropTablespace { name, .. } => {
            again(format!("not {}", exists("pg_tablespace where spcname", name)))
        }
        Alone::DropSubscription { name, .. } => {
            again(format!("not {}", exists("pg_subscription where subname", name)))
        }
        Alone::CreateIndexConcurrently { index: None, .. }
        | Alone::Reindex { .. }
        | Alone::Vacuum
        | Alone::Cluster
        | Alone::MoveDatabase { .. }
        | Alone::AlterSystem
        | Alone::AlterSubscription { .. }
        | Alone::FinishPrepared { .. }
        | Alone::DiscardAll
        | Alone::Other(_) => None,
    }
}

/// The index is valid, and was not there before the step began, unless the script is content with
/// that.
fn index_proof(index: &str, table: &[String], if_not_exists: bool, step: &str) -> Proof {
    let (index_name, table_name) = (Literal(index), Literal(&joined(table)).to_string());
    let on_table = format!(
        "pg_catalog.pg_index x join pg_catalog.pg_class c on c.oid = x.indexrelid \
         where x.indrelid = pg_catalog.to_regclass({table_name})"
    );
    let is_new = if if_not_exists {
        String::new()
    } else {
        format!(
            " and not exists (select from whimbrel_journal.intents i \
             where {step} and {index_name} = any (i.indexes_before))"
        )
    };
    let took = format!(
        "exists (select from {on_table} and c.relname = {index_name} and x.indisvalid and x.indisready){is_new}"
    );
    let schema = table.split_last().map_or(&[][..], |(_, schema)| schema);
    let qualified: Vec<String> = schema.iter().cloned().chain([index.to_owned()]).collect();
    Proof {
        took,
        hint: format!(
            "if it is not still being built, run `drop index concurrently if exists {}` alone, \
             then the piece before this one again",
            joined(&qualified)
        ),
        indexes_before: Some(format!("array(select c.relname::text from {on_table} order by 1)")),
    }
}

/// The statement such that running it again does no harm: `if not exists` and `if exists` are put
/// into it where it has none.
pub(super) fn again(kind: &Kind, text: &str) -> String {
    let clause = match kind {
        Kind::Alone(Alone::CreateIndexConcurrently { if_not_exists: false, .. }) => {
            " if not exists"
        }
        Kind::Alone(Alone::DropIndexConcurrently { if_exists: false, .. }) => " if exists",
        _ => return text.to_owned(),
    };
    let mut words = tokens(text, Backslash::Plain).filter_map(Result::ok);
    let after = words.find(|token| text[token.span.clone()].eq_ignore_ascii_case("concurrently"));
    match after {
        Some(word) => {
            let (before, rest) = text.split_at(word.span.end);
            format!("{before}{clause}{rest}")
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use whimbrel_sql::split;

    use super::*;

    fn rewritten(text: &str) -> String {
        let script = split(text).unwrap();
        again(script.statements.at(0).kind, text)
    }

    #[test]
    fn what_runs_again_does_no_harm() {
        assert_eq!(
            rewritten("create index concurrently i on t (a)"),
            "create index concurrently if not exists i on t (a)"
        );
        assert_eq!(
            rewritten("DROP INDEX /* concurrently */ CONCURRENTLY s.i"),
            "DROP INDEX /* concurrently */ CONCURRENTLY if exists s.i"
        );
        let there = "create index concurrently if not exists i on t (a)";
        assert_eq!(rewritten(there), there);
    }
}
