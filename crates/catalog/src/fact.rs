//! One addressable thing in a database.

use crate::Id;

/// One addressable thing in a database: a table, a column, a default, a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is called.
    pub id: Id,
    /// What it is part of, and goes with.
    pub parent: Option<Id>,
    /// What must be there before it, its parent left out; sorted.
    pub needs: Vec<Id>,
    /// What it is like.
    pub body: Body,
}

/// What a fact is like: its attributes, of which those that say nothing are left out.
///
/// Names are logical and texts are as the server deparses them with an empty `search_path`: no oid
/// and no number of a column stands in them, so that equal things have equal bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body(Vec<(&'static str, Box<str>)>);

impl Body {
    /// Adds an attribute.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.0.push((name, value.into()));
    }

    /// The attributes in the order of their kind.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, &**value))
    }

    /// An attribute, where it says anything.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(each, _)| *each == name).map(|(_, value)| &**value)
    }

    /// The names of the attributes in which two bodies differ, sorted.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> =
            self.0.iter().chain(&other.0).map(|each| each.0).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| self.get(name) != other.get(name));
        names
    }
}

impl Fact {
    /// An attribute, where it says anything.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.body.get(name)
    }

    /// An attribute, or nothing.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Whether an attribute that is a flag is set.
    pub fn is(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// An attribute that is an array, as its elements.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.get(name).map(crate::array::elements).unwrap_or_default()
    }
}
