//! What an object that a plan makes is born with, by the default privileges that were in force
//! before it.

use std::collections::{BTreeMap, BTreeSet};

use super::Step;
use super::graph::Graph;
use crate::kinds::Cx;
use crate::{Body, Catalog, Fact, Id, privileges};

/// The letter by which default privileges call a kind of thing.
fn letter(kind: &str) -> Option<&'static str> {
    match kind {
        "table" | "view" | "materialized view" | "foreign table" => Some("r"),
        "sequence" => Some("S"),
        "function" | "procedure" | "aggregate" => Some("f"),
        "enum" | "domain" | "composite type" | "range" => Some("T"),
        "schema" => Some("n"),
        _ => None,
    }
}

/// The default privileges that hold for a new object.
fn in_force(of: &Id, old: &Catalog) -> Vec<Id> {
    let Some(letter) = letter(of.kind()) else { return Vec::new() };
    let schema = if letter == "n" { "" } else { of.part(0) };
    let mut places = vec![""];
    places.extend((!schema.is_empty()).then_some(schema));
    let name = |place: &str| Id::new("default privileges", &[&old.role, place, letter]);
    places.into_iter().map(name).filter(|id| old.has(id)).collect()
}

/// What a grantee has on a new object before anything is granted, where it would have `usual`.
pub(crate) fn born(of: &Id, grantee: &str, usual: &str, cx: Cx<'_>) -> String {
    let mut has = usual.to_owned();
    for defaults in in_force(of, cx.old) {
        let grant = Id::of("grant", &defaults, &[grantee]);
        let Some(grant) = cx.old.get(&grant) else { continue };
        if defaults.part(1).is_empty() {
            grant.text("privileges").clone_into(&mut has);
        } else {
            let mut both = privileges::read(&has);
            privileges::add(&mut both, grant.text("privileges"));
            has = privileges::write(&both);
        }
    }
    has
}

/// What was granted on columns and is taken away with what is revoked on their table: it is
/// granted again.
pub(super) fn renew(
    old: &Catalog,
    new: &Catalog,
    ends: &BTreeSet<Id>,
    altered: &BTreeMap<Id, Vec<Step>>,
    made: &mut BTreeSet<Id>,
) {
    let changed = ends.iter().chain(altered.keys()).filter(|id| id.kind() == "grant");
    let grants: Vec<&Fact> = changed.filter_map(|id| old.get(id)).collect();
    for grant in grants {
        let Some(of) = grant.parent.as_ref().filter(|of| of.kind() != "column") else { continue };
        let columns = new.children(of).iter().filter(|child| child.kind() == "column");
        let on_columns = columns.flat_map(|column| new.children_of(column, "grant"));
        let on_columns =
            on_columns.chain(new.children_of(of, "grant").filter(|each| is_of_column(each)));
        for on_column in on_columns.filter(|each| each.id.last() == grant.id.last()) {
            if !altered.contains_key(&on_column.id) && on_column.id != grant.id {
                made.insert(on_column.id.clone());
            }
        }
    }
}

/// Whether a grant is on one column of something whose columns are no facts.
fn is_of_column(grant: &Fact) -> bool {
    let Some(of) = &grant.parent else { return false };
    of.kind() == "column"
        || grant.id.parts().nth(1 + of.parts().count()) == Some("")
            && grant.id.parts().count() > 3 + of.parts().count()
}

/// Rights on a whole table come before those on its columns, which they would take away.
pub(super) fn order(graph: &mut Graph) {
    let mut on_tables: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut on_columns: Vec<(String, usize)> = Vec::new();
    for (place, node) in graph.nodes.iter().enumerate() {
        if node.about.kind() != "grant" || node.steps.is_empty() {
            continue;
        }
        let parts: Vec<&str> = node.about.parts().collect();
        let relation = parts.get(1..3).unwrap_or_default().join("\0");
        let key = format!("{relation}\0{}", node.about.last());
        if parts.len() > 4 {
            on_columns.push((key, place));
        } else {
            on_tables.entry(key).or_default().push(place);
        }
    }
    for (key, column) in on_columns {
        for table in on_tables.get(&key).into_iter().flatten() {
            graph.before(Some(*table), Some(column));
        }
    }
}

/// What new objects are born with and nobody wants them to have, as grants that take it away.
pub(super) fn surplus(cx: Cx<'_>) -> Vec<Fact> {
    let mut surplus = Vec::new();
    for of in cx.made {
        let defaults = in_force(of, cx.old);
        let grants = defaults.iter().flat_map(|id| cx.old.children_of(id, "grant"));
        let grantees: BTreeSet<&str> = grants.map(|grant| grant.id.last()).collect();
        for grantee in grantees {
            let id = Id::of("grant", of, &[grantee]);
            let usual = usual(of, grantee, cx);
            if cx.new.has(&id) || born(of, grantee, &usual, cx) == usual {
                continue;
            }
            let mut body = Body::default();
            body.set("privileges", &usual);
            body.set("born", &usual);
            surplus.push(Fact { id, parent: Some(of.clone()), needs: Vec::new(), body });
        }
    }
    surplus
}

/// What a grantee has on an object of that kind where nobody says anything.
fn usual(of: &Id, grantee: &str, cx: Cx<'_>) -> String {
    let is_owner =
        cx.new.get(&Id::of("owner", of, &[])).is_some_and(|owner| owner.text("role") == grantee);
    let all = match letter(of.kind()) {
        Some("r") if cx.new.major >= 17 => "Dadmrtwx",
        Some("r") => "Dadrtwx",
        Some("S") => "Urw",
        Some("f") => "X",
        Some("T") => "U",
        Some("n") => "CU",
        _ => "",
    };
    match (grantee, letter(of.kind())) {
        ("", Some("f")) => "X".to_owned(),
        ("", Some("T")) => "U".to_owned(),
        _ if is_owner => all.to_owned(),
        _ => String::new(),
    }
}
