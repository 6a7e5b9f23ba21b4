//! What Whimbrel writes down for itself: ledgers and the journal.

use whimbrel_catalog::{Catalog, Id};
use whimbrel_engine::journal;

use super::{Scope, schema};
use crate::ledgers;

pub(super) struct Bookkeeping;

impl Scope for Bookkeeping {
    fn name(&self) -> &'static str {
        "bookkeeping"
    }

    fn has(&self, id: &Id, _: &Catalog) -> bool {
        let schema = schema(id);
        let homes = || ledgers::ALL.iter().flat_map(|ledger| ledger.tables());
        let mut homes = homes().filter_map(|table| table.schemas.first());
        schema == journal::SCHEMA || homes.any(|home| *home == schema)
    }
}
