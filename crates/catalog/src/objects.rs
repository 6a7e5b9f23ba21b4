//! A checksum of every object of a database, over the columns of its catalog that make it what it
//! is.
//!
//! Enough to say whether two states are equal and which objects differ, without knowing how any of
//! them is altered. Nothing in it depends on oids or on the order in which things were made, but
//! for the order of columns, which is a property of a table.

use std::collections::BTreeMap;

/// Reads every object that is the database's own: kind, name, checksum.
///
/// Left out are what initdb made, what belongs to an extension (the extension itself stands for
/// it) and temporary objects. `search_path` must be empty, so that every name is qualified.
pub const OBJECTS: &str = include_str!("objects.sql");

/// What of [`OBJECTS`] depends on the roles of a server, or on its version.
const OF_THE_SERVER: &[&str] = &[
    "n.nspowner::regrole",
    "n.nspacl",
    "e.extversion",
    "c.relowner::regrole",
    "c.relacl",
    "a.attacl",
    "p.proowner::regrole",
    "p.proacl",
    "t.typowner::regrole",
    "t.typacl",
    "e.evtowner::regrole",
    "p.pubowner::regrole",
    "c.collowner::regrole",
    "p.oprowner::regrole",
    "f.opfowner::regrole",
    "c.cfgowner::regrole",
    "d.dictowner::regrole",
    "s.stxowner::regrole",
    "f.fdwowner::regrole",
    "f.fdwacl",
    "f.srvowner::regrole",
    "f.srvacl",
    "l.lanowner::regrole",
    "l.lanacl",
];

/// [`OBJECTS`] without owners, privileges and the versions of extensions.
pub fn shapes() -> String {
    let place = OBJECTS.find("object (kind").unwrap_or(0);
    let (head, body) = OBJECTS.split_at(place);
    let body = OF_THE_SERVER.iter().fold(body.to_owned(), |text, part| text.replace(part, "null"));
    head.to_owned() + &body
}

/// The objects of one state: kind and name to checksum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects(BTreeMap<(String, String), String>);

/// On which side of a comparison an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Only in the first.
    First,
    /// Only in the second.
    Second,
    /// In both, and not the same.
    Both,
}

/// An object by which two states differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// `table`, `column`, `function` …
    pub kind: String,
    /// Its name, qualified.
    pub name: String,
    /// Where it is.
    pub side: Side,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl Objects {
    /// Adds a row of [`OBJECTS`].
    pub fn insert(&mut self, kind: &str, name: &str, checksum: &str) {
        self.0.insert((kind.to_owned(), name.to_owned()), checksum.to_owned());
    }

    /// The checksum of one object.
    pub fn get(&self, kind: &str, name: &str) -> Option<&str> {
        self.0.get(&(kind.to_owned(), name.to_owned())).map(String::as_str)
    }

    /// Kind, name and checksum of every object, by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.iter().map(|((kind, name), checksum)| (&**kind, &**name, &**checksum))
    }

    /// Leaves out what lies in a schema, and the schema.
    pub fn without_schema(&mut self, schema: &str) {
        let qualified = format!("{schema}.");
        self.0.retain(|(_, name), _| name != schema && !name.starts_with(&qualified));
    }

    /// Every object by which this state and another differ.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let difference = |key: &(String, String), side| Difference {
            kind: key.0.clone(),
            name: key.1.clone(),
            side,
        };
        let mut differences = Vec::new();
        for (key, checksum) in &self.0 {
            match other.0.get(key) {
                None => differences.push(difference(key, Side::First)),
                Some(other) if other != checksum => {
                    differences.push(difference(key, Side::Both));
                }
                Some(_) => {}
            }
        }
        for key in other.0.keys().filter(|key| !self.0.contains_key(*key)) {
            differences.push(difference(key, Side::Second));
        }
        differences.sort();
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(rows: &[(&str, &str)]) -> Objects {
        let mut objects = Objects::default();
        for (name, checksum) in rows {
            objects.insert("table", name, checksum);
        }
        objects
    }

    #[test]
    fn nothing_of_the_server_is_left_in_shapes() {
        for part in OF_THE_SERVER {
            assert!(OBJECTS.contains(part), "{part}");
        }
        let shapes = shapes();
        let (_, body) = shapes.split_once("object (kind").unwrap();
        assert!(!body.contains("owner::regrole"), "{body}");
        let words = body.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let left: Vec<&str> = words.filter(|word| word.ends_with("acl")).collect();
        assert_eq!(left, ["defaclacl", "pg_default_acl"], "default privileges are objects");
    }

    #[test]
    fn differences_name_the_object_and_its_side() {
        let first = objects(&[("a.gone", "1"), ("a.same", "1"), ("a.other", "1")]);
        let second = objects(&[("a.same", "1"), ("a.other", "2"), ("a.new", "1")]);
        let sides: Vec<_> = first
            .differences(&second)
            .into_iter()
            .map(|difference| (difference.name, difference.side))
            .collect();
        assert_eq!(
            sides,
            [
                ("a.gone".to_owned(), Side::First),
                ("a.new".to_owned(), Side::Second),
                ("a.other".to_owned(), Side::Both),
            ]
        );
    }

    #[test]
    fn a_schema_can_be_left_out_whole() {
        let mut objects = objects(&[("a.one", "1"), ("ab.two", "1")]);
        objects.without_schema("a");
        assert_eq!(objects.get("table", "a.one"), None);
        assert_eq!(objects.get("table", "ab.two"), Some("1"));
    }
}
