//! How the rows of a server's catalog become facts.
//!
//! Every kind says one query; they are asked in one message, in one snapshot. What they answer
//! names objects by oid, and so does what the server knows of dependencies. Both become names here,
//! once, and no oid is left in a catalog.

mod addresses;
mod comments;
mod needs;
mod respelling;
mod rights;

use crate::kinds::{KINDS, Kind};
use crate::{Body, Catalog, Fact, Id};
use addresses::{Address, Addresses};
use respelling::respelt;

/// Rows that a server answered, whoever brought them.
pub trait Rows {
    /// The names of the columns.
    fn columns(&self) -> Vec<&str>;
    /// How many rows there are.
    fn len(&self) -> usize;
    /// One value; `None` is null.
    fn value(&self, row: usize, column: usize) -> Option<&str>;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A read that cannot be made facts of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Another number of answers than of questions.
    #[error("{found} answers came to {asked} queries of the catalog")]
    Answers {
        /// How many were asked.
        asked: usize,
        /// How many came.
        found: usize,
    },
    /// A column that a kind says it reads is not there.
    #[error("the query of `{kind}` answers no column `{column}`")]
    Column {
        /// The kind.
        kind: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// The queries of a whole read, in their order.
pub fn queries(major: u32) -> Vec<String> {
    let mut queries = vec![needs::QUERY.to_owned(), needs::INHERITED.to_owned()];
    queries.extend(KINDS.iter().filter_map(|kind| kind.query(major)));
    queries.extend([comments::QUERY, rights::COLUMNS, CASTS, UNMODELLED].map(str::to_owned));
    queries
}

/// Which types are cast to which, and whether an assignment does it without a word.
const CASTS: &str = "select pg_catalog.format_type(castsource, null), \
    pg_catalog.format_type(casttarget, null), castcontext from pg_catalog.pg_cast";

/// What has a place in the catalog and no kind here: its description, as the server says it.
const UNMODELLED: &str = include_str!("unmodelled.sql");

/// Makes a catalog of the answers to [`queries`].
pub fn read(major: u32, role: &str, answers: &[&dyn Rows]) -> Result<Catalog, ReadError> {
    let asked = queries(major).len();
    let wrong = ReadError::Answers { asked, found: answers.len() };
    let ([depend, inherited, kinds @ ..], true) = (answers, answers.len() == asked) else {
        return Err(wrong);
    };
    let [kinds @ .., descriptions, column_rights, casts, unmodelled] = kinds else {
        return Err(wrong);
    };
    let mut addresses = Addresses::new(needs::members(*depend));
    needs::inherit(*inherited, &mut addresses);
    let mut facts = Vec::new();
    let read_by_query = KINDS.iter().filter(|kind| kind.query(major).is_some());
    for (kind, rows) in read_by_query.zip(kinds) {
        read_kind(*kind, *rows, &mut addresses, &mut facts)?;
    }
    needs::resolve(*depend, &addresses, &mut facts);
    comments::read(*descriptions, &addresses, &mut facts);
    rights::read_columns(*column_rights, &addresses, &mut facts);
    let mut catalog = Catalog::new(major, role, facts);
    catalog.casts = (0..casts.len())
        .filter_map(|row| {
            let [from, to, how] = [0, 1, 2].map(|column| casts.value(row, column));
            Some(((from?.to_owned(), to?.to_owned()), how?.to_owned()))
        })
        .collect();
    catalog.unmodelled = unmodelled_of(*unmodelled, &addresses);
    Ok(catalog)
}

/// What no kind has read, and no extension brought.
fn unmodelled_of(rows: &dyn Rows, addresses: &Addresses) -> Vec<String> {
    let mut unmodelled: Vec<String> = (0..rows.len())
        .filter(|row| {
            let number =
                |column: usize| rows.value(*row, column).and_then(|text| text.parse().ok());
            let (Some(class), Some(object)) = (number(0), number(1)) else { return false };
            let address = Address { class, object, sub: 0 };
            addresses.itself(address).is_none() && !addresses.belongs_to_extension(address)
        })
        .filter_map(|row| rows.value(row, 2).map(str::to_owned))
        .collect();
    unmodelled.sort_unstable();
    unmodelled
}

/// Where a kind's columns are in its rows.
struct Columns {
    oid: usize,
    sub: Option<usize>,
    also: Option<usize>,
    refs: Option<usize>,
    within: Option<usize>,
    keys: Vec<usize>,
    owner: Option<usize>,
    acl: Option<usize>,
    born: Option<usize>,
    attributes: Vec<(&'static str, usize)>,
}

impl Columns {
    fn find(kind: &dyn Kind, rows: &dyn Rows) -> Result<Self, ReadError> {
        let columns = rows.columns();
        let place = |name: &str| columns.iter().position(|column| *column == name);
        let must = |column: &'static str| {
            place(column).ok_or(ReadError::Column { kind: kind.name(), column })
        };
        let attributes = kind.attributes().iter().map(|name| Ok((*name, must(name)?)));
        Ok(Self {
            oid: must("oid")?,
            sub: place("sub"),
            also: place("also"),
            refs: place("refs"),
            within: place("within"),
            keys: ["k1", "k2", "k3", "k4"].into_iter().filter_map(place).collect(),
            owner: place("owner"),
            acl: place("acl"),
            born: place("born"),
            attributes: attributes.collect::<Result<_, _>>()?,
        })
    }
}

fn read_kind(
    kind: &dyn Kind,
    rows: &dyn Rows,
    addresses: &mut Addresses,
    facts: &mut Vec<Fact>,
) -> Result<(), ReadError> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = Columns::find(kind, rows)?;
    for row in 0..rows.len() {
        let value = |column: usize| rows.value(row, column);
        let maybe = |column: Option<usize>| column.and_then(value);
        let address = Address {
            class: kind.class(),
            object: value(columns.oid).and_then(|text| text.parse().ok()).unwrap_or_default(),
            sub: maybe(columns.sub).and_then(|text| text.parse().ok()).unwrap_or_default(),
        };
        let parts: Vec<&str> =
            columns.keys.iter().map(|column| value(*column).unwrap_or_default()).collect();
        let id = Id::new(kind.name(), &parts);
        let parent = kind.parent(&id);
        if addresses.belongs_to_extension(address) {
            continue;
        }
        addresses.add(address, &id);
        for also in maybe(columns.also).unwrap_or_default().split_whitespace() {
            if let Some(also) = Address::parse(also) {
                addresses.add(also, &id);
            }
        }
        for needed in maybe(columns.refs).unwrap_or_default().split_whitespace() {
            if let Some(needed) = Address::parse(needed) {
                addresses.refer(&id, needed);
            }
        }
        if let Some(within) = maybe(columns.within).and_then(Address::parse) {
            addresses.place(&id, within);
        }
        let mut body = Body::default();
        for (name, column) in &columns.attributes {
            if let Some(text) = value(*column) {
                let text = if kind.is_deparsed() { respelt(text) } else { text.into() };
                body.set(name, &text);
            }
        }
        let owner = maybe(columns.owner);
        if let Some(owner) = owner {
            facts.push(rights::owner(&id, owner));
        }
        if let Some(acl) = maybe(columns.acl) {
            let born = maybe(columns.born).unwrap_or_default();
            rights::grants(&id, acl, born, facts);
        }
        facts.push(Fact { id, parent, needs: Vec::new(), body });
    }
    Ok(())
}
