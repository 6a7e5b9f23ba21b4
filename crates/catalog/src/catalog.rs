//! All facts of one state of a database.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Fact, Id};

/// All facts of one state of a database, with what each needs.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The server's major version: texts are comparable only within one.
    pub major: u32,
    /// The role that read it, and so that makes what a plan makes.
    pub role: String,
    facts: BTreeMap<Id, Fact>,
    children: BTreeMap<Id, Vec<Id>>,
    users: BTreeMap<Id, Vec<Id>>,
    /// The casts that there are, by the types' names: `i` and `a` need no word in an assignment.
    pub(crate) casts: BTreeMap<(String, String), String>,
    /// What is there and no kind models, as people say it.
    pub unmodelled: Vec<String>,
}

impl Catalog {
    /// Nothing, on a server of a major version.
    pub fn empty(major: u32, role: &str) -> Self {
        Self { major, role: role.to_owned(), ..Self::default() }
    }

    /// Puts facts together. Whatever has no parent there, or needs something that is not there, is
    /// as good as one that has or needs nothing.
    pub fn new(major: u32, role: &str, facts: Vec<Fact>) -> Self {
        let mut catalog = Self::empty(major, role);
        for fact in facts {
            catalog.facts.insert(fact.id.clone(), fact);
        }
        let Self { facts, children, users, .. } = &mut catalog;
        for fact in facts.values() {
            if let Some(parent) = &fact.parent {
                children.entry(parent.clone()).or_default().push(fact.id.clone());
            }
            for need in &fact.needs {
                users.entry(need.clone()).or_default().push(fact.id.clone());
            }
        }
        catalog
    }

    /// The same without some facts.
    #[must_use]
    pub fn without(self, left_out: &BTreeSet<Id>) -> Self {
        if left_out.is_empty() {
            return self;
        }
        let facts = self.facts.into_values().filter(|fact| !left_out.contains(&fact.id));
        let (casts, unmodelled) = (self.casts, self.unmodelled);
        Self { casts, unmodelled, ..Self::new(self.major, &self.role, facts.collect()) }
    }

    /// The fact of that name.
    pub fn get(&self, id: &Id) -> Option<&Fact> {
        self.facts.get(id)
    }

    /// Whether there is a fact of that name.
    pub fn has(&self, id: &Id) -> bool {
        self.facts.contains_key(id)
    }

    /// Every fact, by its name.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.values()
    }

    /// Every fact of a kind, by its name.
    pub fn facts_of<'a>(&'a self, kind: &'static str) -> impl Iterator<Item = &'a Fact> {
        let facts = self.facts.range(Id::new(kind, &[])..).map(|(_, fact)| fact);
        facts.take_while(move |fact| fact.id.kind() == kind)
    }

    /// Every role that a fact names.
    pub fn roles(&self) -> BTreeSet<String> {
        self.facts().flat_map(crate::kinds::roles).collect()
    }

    /// What is directly part of a fact.
    pub fn children(&self, id: &Id) -> &[Id] {
        self.children.get(id).map_or(&[], Vec::as_slice)
    }

    /// What needs a fact, its children left out.
    pub fn users(&self, id: &Id) -> &[Id] {
        self.users.get(id).map_or(&[], Vec::as_slice)
    }

    /// The children of a kind.
    pub fn children_of<'a>(&'a self, id: &Id, kind: &'a str) -> impl Iterator<Item = &'a Fact> {
        let children = self.children(id).iter().filter(move |child| child.kind() == kind);
        children.filter_map(|child| self.get(child))
    }

    /// What a fact belongs to in the end: the table of its comment's column.
    pub fn root<'a>(&'a self, fact: &'a Fact) -> &'a Fact {
        let mut fact = fact;
        while let Some(parent) = fact.parent.as_ref().and_then(|parent| self.get(parent)) {
            fact = parent;
        }
        fact
    }
}
