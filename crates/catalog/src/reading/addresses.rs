//! What the server calls an object, and what we do.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::Id;

/// How `pg_depend` and its like name an object, or a column of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Address {
    /// The oid of the catalog in which it is.
    pub(super) class: u32,
    /// Its own oid.
    pub(super) object: u32,
    /// The number of a column, or 0.
    pub(super) sub: i32,
}

impl Address {
    /// Reads `class:object` or `class:object:sub`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let class = parts.next()?.parse().ok()?;
        let object = parts.next()?.parse().ok()?;
        let sub = parts.next().map_or(Some(0), |sub| sub.parse().ok())?;
        Some(Self { class, object, sub })
    }

    fn whole(self) -> Self {
        Self { sub: 0, ..self }
    }
}

/// Which fact is meant by an address.
#[derive(Default)]
pub(super) struct Addresses {
    /// What belongs to an extension, and to which.
    members: HashMap<Address, Address>,
    facts: HashMap<Address, Id>,
    /// What a kind says that a fact needs, whatever `pg_depend` says.
    refers: Vec<(Id, Address)>,
    seen: HashSet<(Id, Address)>,
    /// What a fact is part of, where its name does not say it.
    within: Vec<(Id, Address)>,
    /// Columns that are another's.
    inherited: HashMap<Address, Address>,
}

impl Addresses {
    pub(super) fn new(members: HashMap<Address, Address>) -> Self {
        Self { members, ..Self::default() }
    }

    /// Whether an object, or what it is a part of, came with an extension.
    pub(super) fn belongs_to_extension(&self, address: Address) -> bool {
        self.members.contains_key(&address.whole())
    }

    pub(super) fn add(&mut self, address: Address, id: &Id) {
        self.facts.insert(address, id.clone());
    }

    pub(super) fn refer(&mut self, id: &Id, needed: Address) {
        if self.seen.insert((id.clone(), needed)) {
            self.refers.push((id.clone(), needed));
        }
    }

    pub(super) fn refers(&self) -> &[(Id, Address)] {
        &self.refers
    }

    pub(super) fn inherit(&mut self, column: Address, from: Address) {
        self.inherited.insert(column, from);
    }

    pub(super) fn place(&mut self, id: &Id, within: Address) {
        self.within.push((id.clone(), within));
    }

    pub(super) fn within(&self) -> &[(Id, Address)] {
        &self.within
    }

    /// The fact of an address: of the column, else of what it is a column of, else the extension
    /// that brought it.
    pub(super) fn find(&self, mut address: Address) -> Option<&Id> {
        while let Some(from) = self.inherited.get(&address) {
            address = *from;
        }
        let own = self.facts.get(&address).or_else(|| self.facts.get(&address.whole()));
        own.or_else(|| self.facts.get(self.members.get(&address.whole())?))
    }

    /// The fact of a column or of what it is a column of, be it another's or not.
    pub(super) fn itself(&self, address: Address) -> Option<&Id> {
        self.facts.get(&address).or_else(|| self.facts.get(&address.whole()))
    }

    /// The facts that stand for the mere name of others: what they are is their column -1.
    pub(super) fn names(&self) -> BTreeMap<&Id, &Id> {
        let names = self.facts.iter().filter(|(address, _)| address.sub == -1);
        names
            .filter_map(|(address, name)| Some((self.facts.get(&address.whole())?, name)))
            .collect()
    }

    /// The fact of exactly that address.
    pub(super) fn exactly(&self, address: Address) -> Option<&Id> {
        self.facts.get(&address)
    }
}
