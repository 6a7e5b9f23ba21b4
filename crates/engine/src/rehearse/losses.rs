//! What a rehearsed script loses of what was there before, and how many rows that is in earnest.

use whimbrel_catalog::{HOLDINGS, Holding, HoldingKind, Holdings, Loss, Named};
use whimbrel_sql::Literal;

use crate::read::pinned;
use crate::wire::{Answer, Failure, Session};

/// Something that a script loses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What, by the name that it has when the script runs, and how.
    pub loss: Loss,
    /// Its table, by the name that it has before anything runs.
    pub table: Named,
}

/// Follows a rehearsal: what held data before it, and what went with which script.
///
/// What a rehearsed script made itself is nothing that anybody has, and is not followed; so a
/// database in which nothing is applied costs one look.
#[derive(Debug)]
pub(super) struct Losses {
    first: Holdings,
    now: Holdings,
}

impl Losses {
    /// Looks at what there is before anything runs.
    pub(super) async fn follow(session: &mut Session) -> Result<Self, Failure> {
        let first = holdings(session).await?;
        Ok(Self { now: first.clone(), first })
    }

    /// What the script lost that ran just now.
    pub(super) async fn after_script(
        &mut self,
        session: &mut Session,
    ) -> Result<Vec<Lost>, Failure> {
        if self.first.is_empty() {
            return Ok(Vec::new());
        }
        let before = std::mem::replace(&mut self.now, holdings(session).await?);
        let lost = before.lost(&self.now).into_iter().filter_map(|loss| {
            let table = self.first.get(&loss.id)?.whole.clone();
            Some(Lost { loss, table })
        });
        Ok(lost.collect())
    }
}

async fn holdings(session: &mut Session) -> Result<Holdings, Failure> {
    let mut holdings = Holdings::default();
    let answers = pinned(session, HOLDINGS).await?;
    let rows = answers.iter().filter(|answer| answer.columns().len() == 7);
    for row in rows.flat_map(Answer::rows) {
        let text = |column| row.get(column).map(str::to_owned);
        let kind = row.get("kind").unwrap_or_default();
        let holding = Holding {
            kind: HoldingKind::read(kind).expect("the query names only kinds of the list"),
            whole: Named {
                schema: text("schema").unwrap_or_default(),
                name: text("name").unwrap_or_default(),
            },
            part: text("part"),
            within: text("within"),
            file: text("file"),
        };
        holdings.insert(row.get("id").unwrap_or_default(), holding);
    }
    Ok(holdings)
}

/// How many rows a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Counted just now.
    Counted(u64),
    /// As the server estimated when it last analysed the table.
    Estimated(u64),
}

/// A table of up to this many pages, as far as the server knows, is counted; a larger one, and
/// one that cannot be counted in [`COUNT`]'s time, estimated.
const COUNTED: u64 = 2048;

/// What a count may wait and take.
const COUNT: &str = "begin read only; set local lock_timeout = '100ms'; \
    set local statement_timeout = '2s'";

/// How many rows a table of the target has; `None` where there is no such table, where the server
/// never estimated it, or where this role may not read it.
///
/// Waits for nobody: a table that somebody else has locked is estimated, too.
pub async fn rows(session: &mut Session, table: &Named) -> Result<Option<Rows>, Failure> {
    let name = table.to_string();
    let ask = format!(
        "select pg_catalog.sum(c.relpages::bigint) as pages, \
            pg_catalog.sum(greatest(c.reltuples, 0))::bigint as estimate, \
            pg_catalog.bool_or(c.reltuples > 0) as is_known \
         from (select pg_catalog.to_regclass({0}) as oid) t \
         join pg_catalog.pg_class c on c.oid = t.oid \
            or c.oid in (select relid from pg_catalog.pg_partition_tree(t.oid))",
        Literal(&name)
    );
    let answers = session.simple(&ask).await?;
    let Some(row) = answers.first().and_then(Answer::first) else { return Ok(None) };
    let number = |column| row.get(column).and_then(|text| text.parse::<u64>().ok());
    let Some(pages) = number("pages") else { return Ok(None) };
    let is_known = row.get("is_known") == Some("t");
    let estimate = number("estimate").filter(|_| is_known).map(Rows::Estimated);
    if pages > COUNTED {
        return Ok(estimate);
    }
    let count = format!("{COUNT}; select pg_catalog.count(*) as counted from {name}; commit");
    match session.simple(&count).await {
        Ok(answers) => {
            let counted = answers.iter().find_map(Answer::value);
            Ok(counted.and_then(|text| text.parse().ok()).map(Rows::Counted))
        }
        Err(failure) if failure.is_lost() => Err(failure),
        Err(_) => {
            session.simple("rollback").await?;
            Ok(estimate)
        }
    }
}
