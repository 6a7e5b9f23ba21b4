//! Comments: facts of whatever has one.

use super::Rows;
use super::addresses::{Address, Addresses};
use crate::{Body, Fact, Id};

/// Every comment that a person wrote, with the column's name where it is a column's.
pub(super) const QUERY: &str = "select d.classoid, d.objoid, d.objsubid, a.attname, d.description \
    from pg_catalog.pg_description d \
    left join pg_catalog.pg_attribute a \
        on d.classoid = 1259 and a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0 \
    where d.objoid >= 16384 \
        or (d.classoid = 2615 and d.objoid = 2200 and d.description <> 'standard public schema')";

pub(super) fn read(rows: &dyn Rows, addresses: &Addresses, facts: &mut Vec<Fact>) {
    for row in 0..rows.len() {
        let number = |column: usize| rows.value(row, column).and_then(|text| text.parse().ok());
        let (Some(class), Some(object)) = (number(0), number(1)) else { continue };
        let sub = rows.value(row, 2).and_then(|text| text.parse().ok()).unwrap_or_default();
        let address = Address { class, object, sub };
        if addresses.belongs_to_extension(address) {
            continue;
        }
        let Some(of) = addresses.itself(address) else { continue };
        let column = rows.value(row, 3).filter(|_| addresses.exactly(address).is_none());
        let parent = of.clone();
        let id = match column {
            Some(column) => Id::of("comment", of, &["", column]),
            None => Id::of("comment", of, &[]),
        };
        let mut body = Body::default();
        body.set("text", rows.value(row, 4).unwrap_or_default());
        facts.push(Fact { id, parent: Some(parent), needs: Vec::new(), body });
    }
}
