//! Who was granted what on something, where that differs from what it is born with.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind, kind};
use crate::plan::Step;
use crate::privileges::read;
use crate::{Catalog, Fact, Id};

pub(super) struct Grant;

impl Kind for Grant {
    fn name(&self) -> &'static str {
        "grant"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["privileges", "born"]
    }

    fn query(&self, _: u32) -> Option<String> {
        None
    }

    fn phrase(&self, id: &Id) -> String {
        id.to_string()
    }

    fn roles(&self, fact: &Fact) -> Vec<String> {
        vec![fact.id.last().to_owned()]
    }

    /// Default privileges are nothing that could end, but for the rights that they give.
    fn goes_with(&self, fact: &Fact, _: &Catalog) -> Option<Id> {
        fact.parent.clone().filter(|of| of.kind() != "default privileges")
    }

    fn create(&self, fact: &Fact, cx: Cx<'_>) -> Vec<Step> {
        let born = fact.text("born");
        let has = match fact.parent.as_ref().filter(|parent| cx.made.contains(parent)) {
            Some(of) => crate::plan::born(of, fact.id.last(), born, cx),
            None => born.to_owned(),
        };
        change(fact, &has, fact.text("privileges"))
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        change(fact, fact.text("privileges"), fact.text("born"))
    }

    fn alter(&self, both: Change<'_>, _: Cx<'_>) -> Alter {
        Alter::steps(change(both.new, both.old.text("privileges"), both.new.text("privileges")))
    }
}

/// What makes one set of privileges the other.
fn change(fact: &Fact, has: &str, wants: &str) -> Vec<Step> {
    let (has, wants) = (read(has), read(wants));
    let gone = |(letter, _): &(&char, &bool)| !wants.contains_key(letter);
    let revoked: Vec<char> = has.iter().filter(gone).map(|(letter, _)| *letter).collect();
    let is_tied = |(letter, option): &(&char, &bool)| **option && wants.get(letter) == Some(&false);
    let tied: Vec<char> = has.iter().filter(is_tied).map(|(letter, _)| *letter).collect();
    let come = |with: bool| -> Vec<char> {
        let new = |(letter, option): &(&char, &bool)| {
            let had = has.get(letter);
            **option == with && (had.is_none() || had == Some(&false) && with)
        };
        wants.iter().filter(new).map(|(letter, _)| *letter).collect()
    };
    let mut steps = Vec::new();
    for (letters, verb, direction, end) in [
        (revoked, "revoke ", "from", ""),
        (tied, "revoke grant option for ", "from", ""),
        (come(false), "grant ", "to", ""),
        (come(true), "grant ", "to", " with grant option"),
    ] {
        if !letters.is_empty() {
            steps.push(say(fact, &letters, verb, direction, end));
        }
    }
    steps
}

fn say(fact: &Fact, letters: &[char], verb: &str, direction: &str, end: &str) -> Step {
    let grantee = match fact.id.last() {
        "" => "public".to_owned(),
        role => Ident(role).to_string(),
    };
    let words = |column: &str| {
        let words: Vec<String> =
            letters.iter().map(|letter| format!("{}{column}", word(*letter))).collect();
        words.join(", ")
    };
    let Some(of) = &fact.parent else { return Step::new("") };
    let parts: Vec<&str> = fact.id.parts().collect();
    let column = match parts.get(1 + of.parts().count()..) {
        Some(["", column, _]) => Some(*column),
        _ if of.kind() == "column" => Some(of.last()),
        _ => None,
    };
    if let Some(column) = column {
        let privileges = words(&format!(" ({})", Ident(column)));
        return Step::new(format!(
            "{verb}{privileges} on table {} {direction} {grantee}{end}",
            of.qualified()
        ));
    }
    let [before, on] = kind(of).rights(of);
    let privileges = if is_all(of.kind(), letters) { "all".to_owned() } else { words("") };
    Step::new(format!("{before}{verb}{privileges} on {on} {direction} {grantee}{end}"))
}

/// Whether these are all that there are on such a thing.
fn is_all(kind: &str, letters: &[char]) -> bool {
    let has = |all: &str| all.chars().all(|letter| letters.contains(&letter));
    match kind {
        "table" | "view" | "materialized view" => has("arwdDxt"),
        "sequence" => has("rwU"),
        "schema" => has("UC"),
        _ => false,
    }
}

fn word(letter: char) -> &'static str {
    match letter {
        'a' => "insert",
        'r' => "select",
        'w' => "update",
        'd' => "delete",
        'D' => "truncate",
        'x' => "references",
        't' => "trigger",
        'X' => "execute",
        'U' => "usage",
        'C' => "create",
        'c' => "connect",
        'T' => "temporary",
        's' => "set",
        'A' => "alter system",
        _ => "maintain",
    }
}
