//! Prepared transactions.

use std::time::Duration;

use whimbrel_engine::wire::Answer;
use whimbrel_sql::Literal;

use super::{Check, Seen, number, text};
use crate::cases::doctor::finding::{About, Finding, Group, ago};

/// Prepared transactions.
pub(super) struct Prepared;

const ABOUT: About = About {
    id: "prepared-transactions",
    group: Group::Database,
    looks_at: "transactions that were prepared (`prepare transaction`) and neither committed nor \
               rolled back",
    why: "they keep their locks over restarts, for ever, and no connection is there to be ended",
    cure: "commit it or roll it back, whichever its coordinator had decided",
};

impl Check for Prepared {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn question(&self, _longer_than: Duration) -> Option<String> {
        Some(
            "select gid, owner, \
             extract(epoch from pg_catalog.clock_timestamp() - prepared)::bigint as seconds \
             from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database() \
             order by prepared, gid limit 20"
                .to_owned(),
        )
    }

    fn judge(&self, answer: &Answer, _seen: &Seen) -> Vec<Finding> {
        let rows = answer.rows().map(|row| {
            let gid = text(&row, "gid");
            ABOUT
                .warning(format!("transaction `{gid}` is prepared and keeps its locks"))
                .shown_by(format!(
                    "by `{}`, {} ago",
                    text(&row, "owner"),
                    ago(number(&row, "seconds"))
                ))
                .cured_by("commit it or roll it back, as its coordinator decided:")
                .with_sql(format!("rollback prepared {};", Literal(gid)))
        });
        rows.collect()
    }
}
