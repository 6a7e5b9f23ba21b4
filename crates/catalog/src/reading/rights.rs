//! Owners, and who was granted what: facts of whatever has them.
//!
//! A grant is a fact only where it differs from what an object of that kind is born with, so that
//! a function on which nobody touched the rights has none, and one from which `public` was kept
//! away has one that says so.

use std::collections::BTreeMap;

use super::Rows;
use super::addresses::{Address, Addresses};
use crate::array::elements;
use crate::privileges::{self, Privileges};
use crate::{Body, Fact, Id};

/// The rights on single columns.
pub(super) const COLUMNS: &str = "select a.attrelid, a.attnum, a.attname, a.attacl \
    from pg_catalog.pg_attribute a \
    where a.attacl is not null and a.attrelid >= 16384 and not a.attisdropped";

/// Who owns it.
pub(super) fn owner(of: &Id, role: &str) -> Fact {
    let mut body = Body::default();
    body.set("role", role);
    Fact { id: Id::of("owner", of, &[]), parent: Some(of.clone()), needs: Vec::new(), body }
}

/// What was granted on it, and what of its birthright was taken away.
pub(super) fn grants(of: &Id, acl: &str, born: &str, facts: &mut Vec<Fact>) {
    let (acl, born) = (entries(acl), entries(born));
    let mut grantees: Vec<&String> = acl.keys().chain(born.keys()).collect();
    grantees.sort_unstable();
    grantees.dedup();
    for grantee in grantees {
        let [has, had] = [&acl, &born].map(|entries| entries.get(grantee).map_or("", |each| each));
        if has != had {
            facts.push(fact(Id::of("grant", of, &[grantee]), of, has, had));
        }
    }
}

fn fact(id: Id, of: &Id, has: &str, born: &str) -> Fact {
    let mut body = Body::default();
    body.set("privileges", has);
    body.set("born", born);
    Fact { id, parent: Some(of.clone()), needs: Vec::new(), body }
}

pub(super) fn read_columns(rows: &dyn Rows, addresses: &Addresses, facts: &mut Vec<Fact>) {
    for row in 0..rows.len() {
        let value = |column: usize| rows.value(row, column).unwrap_or_default();
        let (Ok(object), Ok(sub)) = (value(0).parse(), value(1).parse()) else { continue };
        let address = Address { class: 1259, object, sub };
        if addresses.belongs_to_extension(address) {
            continue;
        }
        let Some(of) = addresses.itself(address) else { continue };
        for (grantee, privileges) in entries(value(3)) {
            let id = match addresses.exactly(address) {
                Some(column) => Id::of("grant", column, &[&grantee]),
                None => Id::of("grant", of, &["", value(2), &grantee]),
            };
            facts.push(fact(id, of, &privileges, ""));
        }
    }
}

/// An access control list: who has which privileges, from whomever. The privileges are sorted
/// letters, a star after one that may be handed on. `public` is the empty name.
fn entries(acl: &str) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, Privileges> = BTreeMap::new();
    for entry in elements(acl) {
        let Some((grantee, letters)) = split(&entry) else { continue };
        privileges::add(all.entry(grantee).or_default(), &letters);
    }
    all.into_iter().map(|(grantee, of)| (grantee, privileges::write(&of))).collect()
}

/// Grantee and privileges of `grantee=privileges/grantor`, the names in double quotes where they
/// need it.
fn split(entry: &str) -> Option<(String, String)> {
    let mut grantee = String::new();
    let mut quoted = false;
    let mut letters = entry.chars().peekable();
    loop {
        match letters.next()? {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => grantee.push('"'),
            '"' => quoted = !quoted,
            '=' if !quoted => break,
            letter => grantee.push(letter),
        }
    }
    Some((grantee, letters.take_while(|letter| *letter != '/').collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_control_list_is_read_as_postgres_writes_it() {
        let read = entries(r#"{me=arwd/me,=r/me,"\"a=b\"=r*w/me"}"#);
        let expected = [("", "r"), ("a=b", "r*w"), ("me", "adrw")];
        let expected = expected.map(|(who, what)| (who.to_owned(), what.to_owned()));
        assert_eq!(read, BTreeMap::from(expected));
    }

    #[test]
    fn only_what_differs_from_the_birthright_is_a_fact() {
        let table = Id::new("table", &["public", "t"]);
        let mut facts = Vec::new();
        grants(&table, "{me=arw/me,you=r/me}", "{me=arw/me,=r/me}", &mut facts);
        let said: Vec<_> =
            facts.iter().map(|fact| (fact.id.last(), fact.text("privileges"))).collect();
        assert_eq!(said, [("", ""), ("you", "r")]);
    }
}
