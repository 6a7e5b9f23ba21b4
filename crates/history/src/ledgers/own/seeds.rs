//! The seed files that ran, beside the migrations.

use whimbrel_sql::Literal;

use super::{Own, SCHEMA, SEEDS, tables};
use crate::ledgers::text::At;
use crate::ledgers::{Place, SeedLedger, Took, milliseconds};

/// The columns of `seed_files`.
pub(super) const COLUMNS: &[&str] = &["path", "hash", "ran_at", "execution_time_ms"];

fn seed_files(place: &Place) -> At<'_> {
    At::new(place, SEEDS, SCHEMA, COLUMNS)
}

impl SeedLedger for Own {
    fn read(&self, place: &Place) -> Option<String> {
        place.tables.get(SEEDS)?;
        let at = seed_files(place);
        let (table, ran_at) = (at.table(), at.utc("ran_at"));
        Some(format!("select path, hash, {ran_at}\nfrom {table}\norder by path collate \"C\""))
    }

    fn prepare(&self, place: &Place) -> Vec<String> {
        if place.tables.contains_key(SEEDS) {
            return Vec::new();
        }
        let schema = place.schema.as_deref().unwrap_or(SCHEMA);
        let table = seed_files(place).table();
        vec![
            tables::make_schema(schema),
            format!(
                "create table if not exists {table} (\n    path text primary key,\n    \
                 hash text not null,\n    ran_at timestamptz not null,\n    \
                 execution_time_ms bigint not null\n)"
            ),
        ]
    }

    fn stands_alone(&self) -> bool {
        true
    }

    fn record(&self, place: &Place, path: &str, hash: &str, took: Took) -> Vec<String> {
        vec![format!(
            "insert into {} (path, hash, ran_at, execution_time_ms)\n\
             values ({}, {}, pg_catalog.clock_timestamp(), {})\n\
             on conflict (path) do update set hash = excluded.hash, ran_at = excluded.ran_at, \
             execution_time_ms = excluded.execution_time_ms",
            seed_files(place).table(),
            Literal(path),
            Literal(hash),
            milliseconds(took),
        )]
    }
}
