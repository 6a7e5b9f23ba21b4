//! Foreign data wrappers, and the options of whatever is foreign.
//!
//! What an option's name calls a secret is never read: a salted hash stands for it.

use whimbrel_sql::{Ident, Literal};

use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::{HazardKind, Step};
use crate::{Fact, Id};

pub(super) struct ForeignDataWrapper;

impl Kind for ForeignDataWrapper {
    fn name(&self) -> &'static str {
        "foreign data wrapper"
    }

    fn class(&self) -> u32 {
        2328
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["handler", "validator", "options"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(format!(
            "select w.oid, w.fdwname as k1, pg_catalog.pg_get_userbyid(w.fdwowner) as owner, \
                w.fdwacl as acl, \
                case when w.fdwacl is not null then pg_catalog.acldefault('F', w.fdwowner) end as born, \
                nullif(w.fdwhandler, 0)::pg_catalog.regproc as handler, \
                nullif(w.fdwvalidator, 0)::pg_catalog.regproc as validator, \
                {} as options \
            from pg_catalog.pg_foreign_data_wrapper w where w.oid >= 16384",
            read("w.fdwoptions", "w.fdwname", OF_SECRETS)
        ))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("foreign data wrapper {}", id.ident(0))
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut words = vec![format!("create {}", self.phrase(&fact.id))];
        for word in ["handler", "validator"] {
            words.extend(fact.get(word).map(|function| format!("{word} {function}")));
        }
        words.extend(listed(fact));
        vec![with_word_of_secrets(Step::new(words.join(" ")), fact)]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let mut words = Vec::new();
        for word in ["handler", "validator"].into_iter().filter(|word| change.is_of(word)) {
            words.push(match change.new.get(word) {
                Some(function) => format!("{word} {function}"),
                None => format!("no {word}"),
            });
        }
        words.extend(changed(change));
        Alter::steps(statement(&format!("alter {}", self.phrase(&change.new.id)), &words))
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}

/// The names of options whose values are nobody's business.
pub(super) const OF_SECRETS: &str = "pass|secret|token|api_?key|access_?key|private|credential";

/// What stands before the hash that stands for a value.
const SECRET: char = '\u{2}';

/// SQL that reads options, with salted hashes for those whose names match.
pub(super) fn read(column: &str, salt: &str, secrets: &str) -> String {
    format!(
        "(select pg_catalog.array_agg(case \
            when pg_catalog.split_part(o, '=', 1) ~* '{secrets}' then \
                pg_catalog.split_part(o, '=', 1) || e'=\\x02' || pg_catalog.left(pg_catalog.encode( \
                    pg_catalog.sha256(pg_catalog.convert_to('whimbrel ' || {salt} || ' ' || o, 'UTF8')), \
                    'hex'), 16) \
            else o end order by o) from pg_catalog.unnest({column}) o)"
    )
}

/// `options (a 'b')`, where there are any that may be said.
pub(super) fn listed(fact: &Fact) -> Option<String> {
    let said: Vec<String> = elements(fact.text("options"))
        .iter()
        .filter_map(|option| option.split_once('='))
        .filter(|(_, value)| !value.starts_with(SECRET))
        .map(|(name, value)| format!("{} {}", Ident(name), Literal(value)))
        .collect();
    (!said.is_empty()).then(|| format!("options ({})", said.join(", ")))
}

/// `options (set a 'b', drop c)`, where any that may be said differ.
pub(super) fn changed(change: Change<'_>) -> Option<String> {
    let [before, after] = [change.old, change.new].map(|fact| elements(fact.text("options")));
    let split = |option: &String| {
        option.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let (before, after): (Vec<_>, Vec<_>) =
        (before.iter().filter_map(split).collect(), after.iter().filter_map(split).collect());
    let mut actions = Vec::new();
    for (name, _) in &before {
        if !after.iter().any(|(other, _)| other == name) {
            actions.push(format!("drop {}", Ident(name)));
        }
    }
    for (name, value) in after.iter().filter(|(_, value)| !value.starts_with(SECRET)) {
        match before.iter().find(|(other, _)| other == name) {
            None => actions.push(format!("add {} {}", Ident(name), Literal(value))),
            Some((_, was)) if was != value => {
                actions.push(format!("set {} {}", Ident(name), Literal(value)));
            }
            Some(_) => {}
        }
    }
    (!actions.is_empty()).then(|| format!("options ({})", actions.join(", ")))
}

/// One statement of words, where there are any.
pub(super) fn statement(head: &str, words: &[String]) -> Vec<Step> {
    if words.is_empty() {
        Vec::new()
    } else {
        vec![Step::new(format!("{head} {}", words.join(" ")))]
    }
}

/// A step with a word of the options that it leaves out.
pub(super) fn with_word_of_secrets(step: Step, fact: &Fact) -> Step {
    let secret: Vec<String> = elements(fact.text("options"))
        .iter()
        .filter_map(|option| option.split_once('='))
        .filter(|(_, value)| value.starts_with(SECRET))
        .map(|(name, _)| name.to_owned())
        .collect();
    if secret.is_empty() {
        return step;
    }
    let text = format!("{} of it is never read, and must be set by hand", secret.join(" and "));
    step.with_hazard(HazardKind::Gap, text)
}
