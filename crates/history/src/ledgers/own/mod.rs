//! Whimbrel's own ledger: schema `whimbrel`, three relations, and one more where there are seeds.
//!
//! | relation | holds |
//! | --- | --- |
//! | `schema_migrations` | one row a migration: its definition, its status, its checksum |
//! | `migration_history` | one row an execution |
//! | `database_schema` | one row: version, last migration, all applied ones |
//! | `seed_files` | one row a seed file that whimbrel.toml names and that ran |
//!
//! A project that has tables of these names and columns elsewhere keeps them where they are, as
//! they are: columns that they lack are neither read nor written, and no type is named, so that any
//! enum (or none) serves. What they lack is made beside, in schema `whimbrel`: a person's own
//! `update schema_migrations set status = 'pending'` and `… 'completed'` are honoured in either.
//!
//! The fingerprints have columns where Whimbrel made the table; elsewhere they are computed from
//! `up_sql` and `down_sql` when a checksum differs, so that nobody's table is altered for them.

mod definitions;
mod scripts;
mod seeds;
mod tables;

use whimbrel_sql::Literal;

use definitions::upsert;

use super::text::{At, literal_or_null, literals, milliseconds, unknown};
use super::{Elsewhere, Ledger, LedgerError, Place, SeedLedger, Table, Took};
use crate::{Definition, Direction, Down, Entry, Fingerprints, Status, TextError};

/// Whimbrel's own ledger.
pub(crate) struct Own;

const SCHEMA: &str = "whimbrel";
const MIGRATIONS: &str = "schema_migrations";
const HISTORY: &str = "migration_history";
const STATE: &str = "database_schema";
const SEEDS: &str = "seed_files";

/// Stands for a duration in a row that has none.
const UNTIMED: &str = "none";

/// The column that says which script of a migration was begun step by step and is not finished.
const UNFINISHED: &str = "unfinished";

/// The schemas in which these tables are known for what they are without being configured.
const SCHEMAS: &[&str] = &[SCHEMA, "public"];

/// The table of migrations.
fn migrations(place: &Place) -> At<'_> {
    At::new(place, MIGRATIONS, SCHEMA, tables::MIGRATIONS_COLUMNS)
}

/// The table of executions.
fn history(place: &Place) -> At<'_> {
    At::new(place, HISTORY, SCHEMA, tables::HISTORY_COLUMNS)
}

impl Ledger for Own {
    fn name(&self) -> &'static str {
        "whimbrel"
    }

    fn is_movable(&self) -> bool {
        true
    }

    fn takes_other_seeds(&self) -> bool {
        true
    }

    fn tables(&self) -> &'static [Table] {
        &[
            Table { schemas: SCHEMAS, name: MIGRATIONS },
            Table { schemas: SCHEMAS, name: HISTORY },
            Table { schemas: SCHEMAS, name: STATE },
            Table { schemas: SCHEMAS, name: SEEDS },
        ]
    }

    fn marks(&self, table: &str) -> &'static [&'static str] {
        match table {
            MIGRATIONS => &["id", "name", "up_sql", "status", "applied_at"],
            HISTORY => &["migration_id", "status"],
            // The Supabase CLI has a table of that name, too.
            SEEDS => seeds::COLUMNS,
            _ => &["version", "last_migration", "applied_migrations"],
        }
    }

    fn read(&self, place: &Place) -> Option<String> {
        place.tables.get(MIGRATIONS)?;
        let at = migrations(place);
        Some(format!(
            "select id::text, name::text, status::text, {},\n    {}, {}, {}, {}, {}, {}, {}, {}\nfrom {}",
            at.utc("applied_at"),
            at.or_null("execution_time_ms", &timed()),
            at.or_null("checksum", "checksum::text"),
            at.or_null("fingerprint_header", "fingerprint_header"),
            at.or_null("fingerprint_up", "fingerprint_up"),
            at.or_null("fingerprint_down", "fingerprint_down"),
            at.or_null("down_sql", &format!("({})::text", scripts::is_kept("down_sql"))),
            at.or_null("error_message", "error_message::text"),
            at.or_null(UNFINISHED, UNFINISHED),
            at.table(),
        ))
    }

    fn entry(&self, row: &[Option<&str>]) -> Result<Entry, LedgerError> {
        let [
            Some(key),
            name,
            Some(status),
            applied_at,
            took,
            checksum,
            header,
            up,
            down,
            has_down,
            error,
            unfinished,
        ] = *row
        else {
            return Err(unknown(self, "a row", format!("{row:?}")));
        };
        let (history, id) = match key.split_once(':') {
            Some((history, id)) => (Some(history), id),
            None => (None, key),
        };
        let status = match status {
            "pending" => Status::Pending,
            "running" => Status::Running,
            "completed" => Status::Completed,
            "failed" => Status::Failed,
            "rolled_back" => Status::RolledBack,
            other => return Err(unknown(self, "status", other)),
        };
        let unfinished = unfinished
            .map(|text| Direction::read(text).ok_or_else(|| unknown(self, UNFINISHED, text)))
            .transpose()?;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Entry {
            key: key.to_owned(),
            id: id.to_owned(),
            history: owned(history),
            name: owned(name),
            status,
            applied_at: owned(applied_at),
            written: None,
            marked: status == Status::Completed && took == Some(UNTIMED),
            execution_time_ms: took
                .filter(|took| *took != UNTIMED)
                .map(|took| took.parse().map_err(|_| unknown(self, "execution_time_ms", took)))
                .transpose()?,
            checksum: owned(checksum),
            fingerprints: up.map(|up| Fingerprints {
                header: owned(header),
                up: up.to_owned(),
                down: owned(down),
            }),
            down: match has_down {
                Some("true") => Down::Recorded,
                Some(_) => Down::None,
                None => Down::Unknown,
            },
            error: owned(error),
            unfinished,
        })
    }

    fn details(&self, place: &Place, keys: &[&str]) -> Option<String> {
        place.tables.get(MIGRATIONS)?;
        if keys.is_empty() {
            return None;
        }
        let at = migrations(place);
        let side = |side: &str, column: &str| {
            format!(
                "select id::text as key, '{side}' as side, {column}::text as script\nfrom {}\nwhere id in ({}) and {}",
                at.table(),
                literals(keys),
                scripts::is_kept(column),
            )
        };
        let mut sides = vec![side("up", "up_sql")];
        if at.has("down_sql") {
            sides.push(side("down", "down_sql"));
        }
        Some(format!(
            "select key, side, script\nfrom (\n{}\n) d\norder by key, side",
            sides.join("\nunion all\n")
        ))
    }

    fn is_applied(&self, place: &Place, key: &str) -> String {
        let table = migrations(place).table();
        let key = Literal(key);
        format!("exists (select from {table} where id = {key} and status = 'completed')")
    }

    fn is_applied_as(
        &self,
        place: &Place,
        definition: &Definition,
    ) -> Result<Option<String>, TextError> {
        let at = migrations(place);
        let migration = &definition.migration;
        let (column, value) = match (at.has("fingerprint_up"), at.has("checksum")) {
            (true, _) => ("fingerprint_up", &migration.up.fingerprint),
            (false, true) => ("checksum", &migration.checksum.text),
            (false, false) => return Ok(None),
        };
        Ok(Some(format!(
            "exists (select from {} where id = {} and status = 'completed' and {column} = {})",
            at.table(),
            Literal(&migration.key),
            Literal(value),
        )))
    }

    fn prepare(&self, place: &Place) -> Vec<String> {
        tables::prepare(place)
    }

    fn register(&self, place: &Place, pending: &[&Definition]) -> Result<Vec<String>, TextError> {
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        let at = migrations(place);
        let mut upsert = upsert(&at, pending, &[("status", "'pending'".into())], &[])?;
        upsert.push_str("\nwhere m.status <> 'completed'");
        Ok(vec![upsert])
    }

    fn start(&self, place: &Place, definition: &Definition, direction: Direction) -> Vec<String> {
        let at = migrations(place);
        let key = &definition.migration.key;
        let begun = set(&at, UNFINISHED, &Literal(direction.name()).to_string());
        let status = match direction {
            Direction::Up => "'running'",
            Direction::Down => "status",
        };
        let update = format!(
            "update {} set status = {status}{begun}{} where id = {}",
            at.table(),
            set(&at, "error_message", "null"),
            Literal(key),
        );
        let key = Literal(key).to_string();
        vec![format!("with done as ({update} returning id)\nselect {} as id", done(&key))]
    }

    fn record(
        &self,
        place: &Place,
        definition: &Definition,
        took: Took,
    ) -> Result<Vec<String>, TextError> {
        let (key, took) = (&definition.migration.key, milliseconds(took));
        let update = completed(&migrations(place), &Literal(key).to_string(), &took);
        Ok(vec![executed(place, key, &update, "completed", &took, None)])
    }

    fn record_by(&self, place: &Place, key: &str, took: &str) -> Option<Vec<String>> {
        Some(vec![
            completed(&migrations(place), key, took),
            format!("if not found then perform pg_catalog.current_setting({}); end if", lost(key)),
            execution(&history(place), key, "completed", took, None),
        ])
    }

    fn record_again(
        &self,
        place: &Place,
        definition: &Definition,
        took: Took,
    ) -> Result<Vec<String>, TextError> {
        let key = &definition.migration.key;
        let took = milliseconds(took);
        let now = "pg_catalog.clock_timestamp()";
        let update = complete(&migrations(place), definition, &took, now)?;
        Ok(vec![executed(place, key, &update, "completed", &took, None)])
    }

    fn fail(&self, place: &Place, definition: &Definition, error: &str) -> Vec<String> {
        let at = migrations(place);
        let key = &definition.migration.key;
        // No text holds a NUL.
        let error = error.replace('\0', "");
        let update = format!(
            "update {} set status = case when status = 'completed' then status else 'failed' end{} where id = {}",
            at.table(),
            set(&at, "error_message", &Literal(&error).to_string()),
            Literal(key),
        );
        vec![executed(place, key, &update, "failed", "null", Some(&error))]
    }

    fn forget(&self, place: &Place, definition: &Definition) -> Vec<String> {
        let at = migrations(place);
        let key = &definition.migration.key;
        let update = format!(
            "update {} set status = 'rolled_back'{} where id = {}",
            at.table(),
            settle(&at),
            Literal(key),
        );
        vec![executed(
            place,
            key,
            &update,
            "rolled_back",
            &milliseconds(Took::ThisTransaction),
            None,
        )]
    }

    fn import(
        &self,
        place: &Place,
        definition: &Definition,
        applied: &Elsewhere,
    ) -> Result<Vec<String>, TextError> {
        let at = migrations(place);
        let took = applied.execution_time_ms.map_or("null".to_owned(), |took| took.to_string());
        let when = applied.applied_at.as_deref().map_or_else(
            || "pg_catalog.clock_timestamp()".to_owned(),
            |time| format!("{}::timestamptz", Literal(time)),
        );
        // Nothing runs, so the history of executions gets no row.
        Ok(vec![complete(&at, definition, &took, &when)?])
    }

    fn accept(&self, place: &Place, definition: &Definition) -> Result<Vec<String>, TextError> {
        let at = migrations(place);
        // The row is there, so that what an insert would need beside is never used.
        Ok(vec![upsert(&at, &[definition], &[("status", "'completed'".into())], &[])?])
    }

    fn withdraw(&self, place: &Place, key: &str) -> Vec<String> {
        let at = migrations(place);
        vec![format!(
            "update {} set status = 'pending'{}{} where id = {}",
            at.table(),
            set(&at, "applied_at", "null"),
            settle(&at),
            Literal(key),
        )]
    }

    fn remove(&self, place: &Place, key: &str) -> Vec<String> {
        let key = Literal(key);
        vec![
            format!("delete from {} where migration_id = {key}", history(place).table()),
            format!("delete from {} where id = {key}", migrations(place).table()),
        ]
    }

    fn seeds(&self) -> Option<&dyn SeedLedger> {
        Some(self)
    }

    fn finish(&self, place: &Place) -> Vec<String> {
        tables::refresh(place)
    }
}

/// `, column = value` where the table has the column.
fn set(at: &At<'_>, column: &str, value: &str) -> String {
    if at.has(column) { format!(", {column} = {value}") } else { String::new() }
}

/// Says that nothing of a migration is open.
fn settle(at: &At<'_>) -> String {
    set(at, "error_message", "null") + &set(at, UNFINISHED, "null")
}

/// What is said where a migration has no row, as an expression, by the one that gives its key.
fn lost(key: &str) -> String {
    format!("pg_catalog.concat('no entry of ', {key}, ' to write')")
}

/// The id that `done` gave back; the statement fails where it gave none.
///
/// What the server says then is `unrecognized configuration parameter "no entry of 003_c to
/// write"`: a function that may fail only when it is called, and costs little to plan.
fn done(key: &str) -> String {
    format!("coalesce((select id from done), pg_catalog.current_setting({}))", lost(key))
}

/// What says that a migration is applied, by the expression that gives its key.
fn completed(at: &At<'_>, key: &str, took: &str) -> String {
    format!(
        "update {} set status = 'completed', applied_at = pg_catalog.clock_timestamp(){}{} where id = {key}",
        at.table(),
        set(at, "execution_time_ms", took),
        settle(at),
    )
}

/// Says that a migration is applied, whether it has a row or not.
fn complete(
    at: &At<'_>,
    definition: &Definition,
    took: &str,
    when: &str,
) -> Result<String, TextError> {
    let mut values = vec![("status", "'completed'".to_owned()), ("applied_at", when.to_owned())];
    for (column, value) in
        [("execution_time_ms", took), ("error_message", "null"), (UNFINISHED, "null")]
    {
        if at.has(column) {
            values.push((column, value.to_owned()));
        }
    }
    let also: Vec<&str> = values.iter().map(|(column, _)| *column).collect();
    upsert(at, &[definition], &values, &also)
}

/// How long a migration took, as it is read; what was marked as applied took no time that is known.
fn timed() -> String {
    format!("coalesce(round(execution_time_ms)::bigint::text, '{UNTIMED}')")
}

/// Changes the row of a migration and adds one to the history, in one statement that fails where
/// the migration has no row: an applied migration without an entry must not commit.
fn executed(
    place: &Place,
    key: &str,
    change: &str,
    status: &str,
    took: &str,
    error: Option<&str>,
) -> String {
    let key = Literal(key).to_string();
    let add = execution(&history(place), &done(&key), status, took, error);
    format!("with done as ({change} returning id)\n{add}")
}

/// Adds a row to the history.
fn execution(at: &At<'_>, id: &str, status: &str, took: &str, error: Option<&str>) -> String {
    let mut values = vec![("migration_id", id.to_owned()), ("status", format!("'{status}'"))];
    if at.kind("id") == Some("uuid") {
        values.push(("id", "pg_catalog.gen_random_uuid()".into()));
    }
    for (column, value) in [
        ("executed_at", "pg_catalog.clock_timestamp()".to_owned()),
        ("execution_time_ms", took.to_owned()),
        ("error_message", literal_or_null(error)),
    ] {
        if at.has(column) && value != "null" {
            values.push((column, value));
        }
    }
    let (columns, values): (Vec<&str>, Vec<String>) = values.into_iter().unzip();
    format!("insert into {} ({}) values ({})", at.table(), columns.join(", "), values.join(", "))
}
