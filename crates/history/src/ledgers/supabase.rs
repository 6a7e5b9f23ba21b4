//! The Supabase CLI's table `supabase_migrations.schema_migrations`.
//!
//! Its other writers (CLI, Studio, the Management API, branching) name `version`, `name` and
//! `statements`, so the table is made with exactly these three, by the CLI's own statements, and a
//! table that is there is never altered: a column that is missing is left unread and unwritten, and
//! `applied_at` and `rollback` are filled where somebody made them. There is no status: a row says
//! that a version is applied, and failures and what has begun are the journal's to remember.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use whimbrel_sql::Literal;

use super::text::{At, array, literals, unknown};
use super::{Ledger, LedgerError, Place, SeedLedger, Table, Took};
use crate::statements::each_piece;
use crate::{Definition, Direction, Down, Entry, Status, Text, TextError, hash};

/// The Supabase CLI's ledger.
pub(crate) struct Supabase;

const SCHEMA: &str = "supabase_migrations";
const MIGRATIONS: &str = "schema_migrations";
const SEEDS: &str = "seed_files";

/// What [`hash_of`] is in the server's words; a place holder without a statement has none.
const HASH: &str = r"case when cardinality(statements) > 0 then encode(sha256(convert_to(array_to_string(statements, E'\n;\n'), 'UTF8')), 'hex') end";

/// The hash of a script's list of statements, by which ten thousand entries are compared without
/// reading their scripts; none of one that cannot be cut.
pub(crate) fn hash_of(text: &Text) -> Result<Option<String>, TextError> {
    let Ok(script) = text.script()? else { return Ok(None) };
    let mut hash = Sha256::new();
    let mut between = "";
    each_piece(text, &script, &mut |piece| {
        hash.update(between);
        hash.update(piece);
        between = "\n;\n";
    })?;
    Ok(Some(hash::hex(&hash.finalize())))
}

/// A script's list of statements as the CLI keeps it, as an expression. However large it is, it is
/// kept whole: without it, the CLI and the dashboard would show another history.
fn list(text: &Text) -> Result<String, TextError> {
    let Ok(script) = text.script()? else { return Ok(array(&[text.all()?])) };
    let mut list = String::with_capacity(text.len() + text.len() / 16);
    each_piece(text, &script, &mut |piece| {
        list.push_str(if list.is_empty() { "array[" } else { ", " });
        write!(list, "{}", Literal(piece)).expect("writing to a string cannot fail");
    })?;
    if list.is_empty() {
        return Ok(array(&[""; 0]));
    }
    list.push_str("]::text[]");
    Ok(list)
}

/// The table of migrations, with the CLI's columns where it is yet to be made.
fn migrations(place: &Place) -> At<'_> {
    At::new(place, MIGRATIONS, SCHEMA, &["version", "statements", "name"])
}

/// The table of seed files.
fn seed_files(place: &Place) -> At<'_> {
    At::new(place, SEEDS, SCHEMA, &["path", "hash"])
}

impl Ledger for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }

    fn tables(&self) -> &'static [Table] {
        &[Table { schemas: &[SCHEMA], name: MIGRATIONS }, Table { schemas: &[SCHEMA], name: SEEDS }]
    }

    fn marks(&self, table: &str) -> &'static [&'static str] {
        if table == SEEDS { &["path"] } else { &["version"] }
    }

    fn read(&self, place: &Place) -> Option<String> {
        let table = place.tables.get(MIGRATIONS)?;
        let at = migrations(place);
        let written = if table.view { "null" } else { "xmin::text" };
        let hash = if is_array(&at, "statements") { HASH } else { "null" };
        let down =
            if is_array(&at, "rollback") { "(cardinality(rollback) > 0)::text" } else { "null" };
        Some(format!(
            "select version::text, {}, {}, {hash}, {down}, {written}\nfrom {}",
            at.or_null("name", "name::text"),
            at.utc("applied_at"),
            at.table(),
        ))
    }

    fn entry(&self, row: &[Option<&str>]) -> Result<Entry, LedgerError> {
        let [Some(version), name, applied_at, hash, down, written] = *row else {
            return Err(unknown(self, "a row", format!("{row:?}")));
        };
        Ok(Entry {
            key: version.to_owned(),
            id: version.to_owned(),
            history: None,
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            status: Status::Completed,
            applied_at: applied_at.map(str::to_owned),
            written: written.map(str::to_owned),
            execution_time_ms: None,
            marked: false,
            checksum: hash.map(str::to_owned),
            fingerprints: None,
            down: match down {
                Some("true") => Down::Recorded,
                Some(_) => Down::None,
                None => Down::Unknown,
            },
            error: None,
            unfinished: None,
        })
    }

    fn details(&self, place: &Place, keys: &[&str]) -> Option<String> {
        place.tables.get(MIGRATIONS)?;
        let at = migrations(place);
        let sides: Vec<String> = [("up", "statements"), ("down", "rollback")]
            .into_iter()
            .filter(|(_, column)| is_array(&at, column))
            .map(|(side, column)| {
                format!(
                    "select m.version::text as key, '{side}' as side, s.statement::text, s.n\nfrom {} m, unnest(m.{column}) with ordinality s (statement, n)\nwhere m.version::text in ({})",
                    at.table(),
                    literals(keys),
                )
            })
            .collect();
        if sides.is_empty() || keys.is_empty() {
            return None;
        }
        Some(format!(
            "select key, side, statement\nfrom (\n{}\n) d\norder by key, side, n",
            sides.join("\nunion all\n")
        ))
    }

    fn is_applied(&self, place: &Place, key: &str) -> String {
        let table = migrations(place).table();
        format!("exists (select from {table} where version = {})", Literal(key))
    }

    fn is_applied_as(
        &self,
        place: &Place,
        definition: &Definition,
    ) -> Result<Option<String>, TextError> {
        let at = migrations(place);
        if !is_array(&at, "statements") {
            return Ok(None);
        }
        Ok(Some(format!(
            "exists (select from {} where version = {} and statements = {})",
            at.table(),
            Literal(&definition.migration.key),
            list(&definition.up)?,
        )))
    }

    fn prepare(&self, place: &Place) -> Vec<String> {
        if place.tables.contains_key(MIGRATIONS) {
            return Vec::new();
        }
        let table = migrations(place).table();
        vec![
            format!("create schema if not exists {}", whimbrel_sql::Ident(table.schema)),
            format!("create table if not exists {table} (version text not null primary key)"),
            format!("alter table {table} add column if not exists statements text[]"),
            format!("alter table {table} add column if not exists name text"),
        ]
    }

    fn register(&self, _: &Place, _: &[&Definition]) -> Result<Vec<String>, TextError> {
        Ok(Vec::new())
    }

    fn start(&self, _: &Place, _: &Definition, _: Direction) -> Vec<String> {
        Vec::new()
    }

    fn record(
        &self,
        place: &Place,
        definition: &Definition,
        _: Took,
    ) -> Result<Vec<String>, TextError> {
        let (insert, _) = insert(&migrations(place), definition)?;
        Ok(vec![insert])
    }

    fn record_again(
        &self,
        place: &Place,
        definition: &Definition,
        _: Took,
    ) -> Result<Vec<String>, TextError> {
        let (insert, columns) = insert(&migrations(place), definition)?;
        let set: Vec<String> = columns
            .iter()
            .filter(|column| **column != "version")
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        let then = if set.is_empty() {
            "nothing".into()
        } else {
            format!("update set {}", set.join(", "))
        };
        Ok(vec![format!("{insert}\non conflict (version) do {then}")])
    }

    fn fail(&self, _: &Place, _: &Definition, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn forget(&self, place: &Place, definition: &Definition) -> Vec<String> {
        self.remove(place, &definition.migration.key)
    }

    fn accept(&self, place: &Place, definition: &Definition) -> Result<Vec<String>, TextError> {
        let at = migrations(place);
        let migration = &definition.migration;
        let mut set = Vec::new();
        if at.has("name") {
            set.push(format!("name = {}", Literal(&migration.name)));
        }
        if is_array(&at, "statements") {
            set.push(format!("statements = {}", list(&definition.up)?));
        }
        if set.is_empty() {
            return Ok(Vec::new());
        }
        let (table, key) = (at.table(), Literal(&migration.key));
        Ok(vec![format!("update {table} set {} where version = {key}", set.join(", "))])
    }

    fn withdraw(&self, place: &Place, key: &str) -> Vec<String> {
        self.remove(place, key)
    }

    fn remove(&self, place: &Place, key: &str) -> Vec<String> {
        let table = migrations(place).table();
        vec![format!("delete from {table} where version = {}", Literal(key))]
    }

    fn finish(&self, _: &Place) -> Vec<String> {
        Vec::new()
    }

    fn seeds(&self) -> Option<&dyn SeedLedger> {
        Some(self)
    }
}

impl SeedLedger for Supabase {
    fn read(&self, place: &Place) -> Option<String> {
        place.tables.get(SEEDS)?;
        let table = seed_files(place).table();
        Some(format!("select path, hash\nfrom {table}\norder by path collate \"C\""))
    }

    fn prepare(&self, place: &Place) -> Vec<String> {
        if place.tables.contains_key(SEEDS) {
            return Vec::new();
        }
        let table = seed_files(place).table();
        vec![
            format!("create schema if not exists {}", whimbrel_sql::Ident(table.schema)),
            format!(
                "create table if not exists {table} (path text not null primary key, hash text not null)"
            ),
        ]
    }

    fn record(&self, place: &Place, path: &str, hash: &str, _: Took) -> Vec<String> {
        vec![format!(
            "insert into {} (path, hash) values ({}, {})\non conflict (path) do update set hash = excluded.hash",
            seed_files(place).table(),
            Literal(path),
            Literal(hash),
        )]
    }
}

/// Whether a column is there and an array.
fn is_array(at: &At<'_>, column: &str) -> bool {
    at.has(column) && at.kind(column).is_none_or(|kind| kind.ends_with("[]"))
}

/// The row of a migration, in the columns that the table has.
fn insert(at: &At<'_>, definition: &Definition) -> Result<(String, Vec<&'static str>), TextError> {
    let migration = &definition.migration;
    let mut values: Vec<(&'static str, String)> =
        vec![("version", Literal(&migration.key).to_string())];
    if at.has("name") {
        values.push(("name", Literal(&migration.name).to_string()));
    }
    if is_array(at, "statements") {
        values.push(("statements", list(&definition.up)?));
    }
    if at.has("applied_at") {
        values.push(("applied_at", "pg_catalog.clock_timestamp()".into()));
    }
    if is_array(at, "rollback")
        && let Some(down) = &definition.down
    {
        values.push(("rollback", list(down)?));
    }
    let (columns, values): (Vec<&'static str>, Vec<String>) = values.into_iter().unzip();
    let insert = format!(
        "insert into {} ({}) values ({})",
        at.table(),
        columns.join(", "),
        values.join(", ")
    );
    Ok((insert, columns))
}
