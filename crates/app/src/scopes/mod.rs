//! What is in a database and is no business of a plan: one file each, and two lines here.

mod bookkeeping;
mod platform;

use whimbrel_catalog::{Catalog, Id};

/// Every scope.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub const ALL: &[&dyn Scope] = &[
    &bookkeeping::Bookkeeping,
    &platform::Platform,
];

/// Something that somebody else keeps.
pub trait Scope: Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Whether a fact is its own, in a database of which all is known.
    fn has(&self, id: &Id, catalog: &Catalog) -> bool;
}

/// Leaves out what belongs to any scope.
pub(crate) fn without(catalog: Catalog) -> Catalog {
    let theirs: Vec<Id> = catalog
        .facts()
        .map(|fact| &fact.id)
        .filter(|id| ALL.iter().any(|scope| scope.has(id, &catalog)))
        .cloned()
        .collect();
    catalog.without(&theirs.into_iter().collect())
}

/// The schema that a fact lies in, or that it is.
fn schema(id: &Id) -> &str {
    let parts = || id.parts();
    // The name of something that belongs to a fact begins with that fact's kind.
    match id.kind() {
        "owner" | "grant" | "comment" => parts().nth(1).unwrap_or_default(),
        "default privileges" | "extension" => "",
        _ => parts().next().unwrap_or_default(),
    }
}
