//! Writes definitions down.

use whimbrel_sql::{Literal, Qualified};

use super::scripts;
use crate::ledgers::text::{At, literal_or_null};
use crate::{Definition, TextError};

/// Inserts definitions; what is there already is replaced, columns in `also` included.
pub(super) fn upsert(
    at: &At<'_>,
    definitions: &[&Definition],
    more: &[(&'static str, String)],
    also: &[&str],
) -> Result<String, TextError> {
    let columns: Vec<&Column> = DEFINITION.iter().filter(|(column, _)| at.has(column)).collect();
    let named = columns.iter().map(|(column, _)| *column);
    let all: Vec<&str> = named.clone().chain(more.iter().map(|(column, _)| *column)).collect();
    // Scripts may be large, so each goes where it belongs at once.
    let mut sql = format!("insert into {} as m ({})\n", at.table(), all.join(", "));
    match definitions {
        [one] => values(at, &columns, one, more, &mut sql)?,
        many => arrays(at, &columns, many, more, &mut sql)?,
    }
    let set: Vec<String> = named
        .chain(also.iter().copied())
        .filter(|column| *column != "id")
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    sql.push_str("\non conflict (id) do update set ");
    sql.push_str(&set.join(", "));
    Ok(sql)
}

/// One definition, as a person would write it.
fn values(
    at: &At<'_>,
    columns: &[&Column],
    definition: &Definition,
    more: &[(&'static str, String)],
    sql: &mut String,
) -> Result<(), TextError> {
    let mut before = "values (";
    for (column, value) in columns {
        sql.push_str(before);
        sql.push_str(&shaped(at, column, &value(at, definition)?));
        before = ", ";
    }
    for (_, value) in more {
        sql.push_str(before);
        sql.push_str(value);
    }
    sql.push(')');
    Ok(())
}

/// Several, an array for each column: the server reads them in half the time that rows take.
fn arrays(
    at: &At<'_>,
    columns: &[&Column],
    definitions: &[&Definition],
    more: &[(&'static str, String)],
    sql: &mut String,
) -> Result<(), TextError> {
    let mut before = "select ";
    for (column, _) in columns {
        sql.push_str(before);
        sql.push_str(&shaped(at, column, &format!("d.{column}")));
        before = ", ";
    }
    for (_, value) in more {
        sql.push_str(before);
        sql.push_str(value);
    }
    let mut before = "\nfrom unnest(array[";
    for (_, value) in columns {
        for definition in definitions {
            sql.push_str(before);
            sql.push_str(&value(at, definition)?);
            before = ", ";
        }
        before = "]::text[],\narray[";
    }
    let names: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
    sql.push_str("]::text[]) d (");
    sql.push_str(&names.join(", "));
    sql.push(')');
    Ok(())
}

/// A text as what a column holds, where an assignment would not make it that.
fn shaped(at: &At<'_>, column: &str, text: &str) -> String {
    let texts = ["text", "character varying", "character("];
    match (at.kind(column), column) {
        (Some("json" | "jsonb"), _) => format!("to_json({text}::text[])"),
        (Some(kind), _) if kind.ends_with("[]") => format!("{text}::{kind}"),
        (Some(kind), _) if texts.iter().any(|text| kind.starts_with(text)) => text.to_owned(),
        (Some(kind), _) => format!("{text}::{kind}"),
        (None, "migration_type") => {
            let kind = Qualified { schema: at.schema(), name: "migration_type" };
            format!("{text}::{kind}")
        }
        (None, "depends_on") => format!("{text}::text[]"),
        (None, _) => text.to_owned(),
    }
}

/// Texts as the server reads an array.
fn array_text(texts: &[String]) -> String {
    let quote = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    format!("{{{}}}", texts.iter().map(quote).collect::<Vec<_>>().join(","))
}

/// A column and what a definition says for it.
type Column = (&'static str, fn(&At<'_>, &Definition) -> Result<String, TextError>);

/// The columns that a definition fills.
const DEFINITION: &[Column] = &[
    ("id", |_, definition| Ok(Literal(&definition.migration.key).to_string())),
    ("name", |_, definition| {
        let migration = &definition.migration;
        let name = if migration.name.is_empty() { &migration.id } else { &migration.name };
        Ok(Literal(name).to_string())
    }),
    ("description", |_, definition| {
        let description = definition.migration.description.as_deref();
        Ok(Literal(description.unwrap_or_default()).to_string())
    }),
    ("migration_type", |_, definition| {
        Ok(Literal(definition.migration.kind.as_deref().unwrap_or("custom_sql")).to_string())
    }),
    ("up_sql", |_, definition| scripts::kept(&definition.up, &definition.migration.up)),
    ("down_sql", |_, definition| match (&definition.down, &definition.migration.down) {
        (Some(down), Some(section)) => scripts::kept(down, section),
        _ => Ok("null".into()),
    }),
    ("depends_on", |at, definition| {
        let needs = &definition.migration.depends_on;
        let text = match at.kind("depends_on") {
            Some(kind) if !kind.starts_with("json") && !kind.ends_with("[]") => needs.join(","),
            Some(_) | None => array_text(needs),
        };
        Ok(Literal(&text).to_string())
    }),
    ("checksum", |_, definition| Ok(Literal(&definition.migration.checksum.text).to_string())),
    ("fingerprint_header", |_, definition| {
        Ok(Literal(&definition.migration.checksum.header).to_string())
    }),
    ("fingerprint_up", |_, definition| {
        Ok(Literal(&definition.migration.up.fingerprint).to_string())
    }),
    ("fingerprint_down", |_, definition| {
        let down = definition.migration.down.as_ref();
        Ok(literal_or_null(down.map(|down| down.fingerprint.as_str())))
    }),
];
