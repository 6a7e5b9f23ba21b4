//! Finds the tables that may be a tool's ledger.

use whimbrel_sql::Literal;

use super::shape::SPEAKS;
use super::{ALL, Shape, Table};
use crate::platform;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Tables of the usual names, in any schema; in a database that is not very large also those
    /// that have the shape under another name.
    Quick,
    /// Every table.
    Thorough,
}

/// The largest `pg_attribute` that a quick search reads: 100,000 columns, some 10 ms.
const SMALL: u32 = 16_000_000;

/// A query for tables that may be a tool's ledger, a row a column: for [`tables`].
pub fn probe(search: Search) -> String {
    let names = literals(names());
    let telling = literals(shapes().filter_map(|shape| shape.telling));
    let may_have_ledgers = platform::may_have_ledgers();
    let small = match search {
        Search::Quick => {
            format!("(select pg_catalog.pg_relation_size('pg_catalog.pg_attribute') < {SMALL})")
        }
        Search::Thorough => "true".to_owned(),
    };
    format!(
        "select n.nspname as schema, c.relname as relation, \
         pg_catalog.has_schema_privilege(n.oid, 'usage') \
         and pg_catalog.has_table_privilege(c.oid, 'select') as readable, \
         a.attname as attribute, pg_catalog.format_type(a.atttypid, a.atttypmod) as type \
         from pg_catalog.pg_class c \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 \
         and not a.attisdropped \
         where c.relkind in ('r', 'p') and {may_have_ledgers} and c.oid in (\
         select oid from pg_catalog.pg_class where relname in ({names}) \
         union all select attrelid from pg_catalog.pg_attribute \
         where {small} and attnum > 0 and attname in ({telling}) \
         union all select oid from pg_catalog.pg_class \
         where {small} and relkind in ('r', 'p') and relname ~* '{SPEAKS}') \
         order by n.nspname, c.relname, a.attnum"
    )
}

/// The usual names of the tables that tools keep.
pub fn names() -> impl Iterator<Item = &'static str> {
    shapes().flat_map(|shape| [Some(shape.name), shape.beside]).flatten()
}

fn shapes() -> impl Iterator<Item = &'static Shape> {
    ALL.iter().flat_map(|tool| tool.shapes())
}

/// The tables that a probe found: schema, table, whether it can be read, column, type.
pub fn tables<'a>(rows: impl IntoIterator<Item = [&'a str; 5]>) -> Vec<Table> {
    let mut found: Vec<Table> = Vec::new();
    for [schema, name, readable, column, kind] in rows {
        if found.last().is_none_or(|last| last.name != name || last.schema != schema) {
            found.push(Table {
                schema: schema.to_owned(),
                name: name.to_owned(),
                readable: readable == "t",
                columns: Vec::new(),
            });
        }
        let table = found.last_mut().expect("one was pushed for this row at the latest");
        table.columns.push((column.to_owned(), kind.to_owned()));
    }
    found
}

fn literals(names: impl Iterator<Item = &'static str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names.iter().map(|name| Literal(name).to_string()).collect::<Vec<_>>().join(", ")
}
