//! What needs what, by the server's own book.

use std::collections::{BTreeMap, HashMap};

use super::Rows;
use super::addresses::{Address, Addresses};
use crate::{Fact, Id};

/// `pg_depend` as it is, but for what is the server's own.
pub(super) const QUERY: &str = "select classid, objid, objsubid, refclassid, refobjid, \
    refobjsubid, deptype from pg_catalog.pg_depend where objid >= 16384";

/// Columns that are no facts of their own, and those of the parents that they are from.
pub(super) const INHERITED: &str = "select a.attrelid, a.attnum, p.attrelid, p.attnum \
    from pg_catalog.pg_attribute a \
    join pg_catalog.pg_class c on c.oid = a.attrelid \
    join pg_catalog.pg_inherits i on i.inhrelid = c.oid and i.inhseqno = 1 \
    join pg_catalog.pg_attribute p on p.attrelid = i.inhparent and p.attname = a.attname \
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f') and c.oid >= 16384 \
        and (c.relispartition or (a.attinhcount > 0 and not a.attislocal))";

/// Lets what needs such a column need the parent's.
pub(super) fn inherit(rows: &dyn Rows, addresses: &mut Addresses) {
    for row in 0..rows.len() {
        let number = |column: usize| rows.value(row, column).and_then(|text| text.parse().ok());
        let sub = |column: usize| rows.value(row, column).and_then(|text| text.parse().ok());
        let (Some(child), Some(parent)) = (number(0), number(2)) else { continue };
        let (Some(own), Some(from)) = (sub(1), sub(3)) else { continue };
        addresses.inherit(
            Address { class: 1259, object: child, sub: own },
            Address { class: 1259, object: parent, sub: from },
        );
    }
}

/// The class of extensions.
const EXTENSION: u32 = 3079;

fn rows(depend: &dyn Rows) -> impl Iterator<Item = (Address, Address, &str)> {
    (0..depend.len()).filter_map(|row| {
        let number = |column: usize| depend.value(row, column)?.parse::<u32>().ok();
        let sub = |column: usize| depend.value(row, column)?.parse::<i32>().ok();
        let from = Address { class: number(0)?, object: number(1)?, sub: sub(2)? };
        let to = Address { class: number(3)?, object: number(4)?, sub: sub(5)? };
        Some((from, to, depend.value(row, 6)?))
    })
}

/// What belongs to an extension: what `pg_depend` says, and what hangs on that internally or by
/// itself.
pub(super) fn members(depend: &dyn Rows) -> HashMap<Address, Address> {
    let mut members: HashMap<Address, Address> = rows(depend)
        .filter(|(_, to, kind)| *kind == "e" && to.class == EXTENSION)
        .map(|(from, to, _)| (from, to))
        .collect();
    if members.is_empty() {
        return members;
    }
    let hanging: Vec<(Address, Address)> = rows(depend)
        .filter(|(from, to, kind)| *kind == "i" && from.sub == 0 && to.object >= 16384)
        .map(|(from, to, _)| (from, Address { sub: 0, ..to }))
        .collect();
    loop {
        let more: Vec<(Address, Address)> = hanging
            .iter()
            .filter(|(from, _)| !members.contains_key(from))
            .filter_map(|(from, to)| Some((*from, *members.get(to)?)))
            .collect();
        if more.is_empty() {
            return members;
        }
        members.extend(more);
    }
}

/// Writes into every fact what it needs.
pub(super) fn resolve(depend: &dyn Rows, addresses: &Addresses, facts: &mut [Fact]) {
    let places: HashMap<Id, usize> =
        facts.iter().enumerate().map(|(place, fact)| (fact.id.clone(), place)).collect();
    for (id, within) in addresses.within() {
        if let Some(place) = places.get(id) {
            facts[*place].parent = addresses.find(*within).cloned();
        }
    }
    let mut needs: BTreeMap<usize, Vec<Id>> = BTreeMap::new();
    let mut add = |id: &Id, needed: &Id| {
        if let Some(place) = places.get(id)
            && id != needed
        {
            needs.entry(*place).or_default().push(needed.clone());
        }
    };
    for (from, to, kind) in rows(depend) {
        if matches!(kind, "e" | "x") {
            continue;
        }
        if let (Some(user), Some(needed)) = (addresses.itself(from), addresses.find(to)) {
            add(user, needed);
        }
    }
    for (id, to) in addresses.refers() {
        if let Some(needed) = addresses.find(*to) {
            add(id, needed);
        }
    }
    let mutual = need_each_other(&needs, &places, facts, addresses);
    for (place, mut needs) in needs {
        for need in &mut needs {
            if let Some(name) = mutual.get(&(place, need.clone())) {
                need.clone_from(name);
            }
        }
        let fact = &mut facts[place];
        needs.retain(|need| Some(need) != fact.parent.as_ref());
        needs.sort_unstable();
        needs.dedup();
        fact.needs = needs;
    }
}

/// Where two facts need each other, of which one has a name that is a fact of its own, the other
/// needs no more than that: a type needs the functions that read it, and they its name.
fn need_each_other(
    needs: &BTreeMap<usize, Vec<Id>>,
    places: &HashMap<Id, usize>,
    facts: &[Fact],
    addresses: &Addresses,
) -> BTreeMap<(usize, Id), Id> {
    let names = addresses.names();
    let mut mutual = BTreeMap::new();
    for (of, name) in names {
        let Some(needed) = places.get(of).and_then(|place| needs.get(place)) else { continue };
        for user in needed.iter().filter_map(|id| places.get(id)) {
            if facts[*user].id != *name && needs.get(user).is_some_and(|all| all.contains(of)) {
                mutual.insert((*user, of.clone()), name.clone());
            }
        }
    }
    mutual
}
