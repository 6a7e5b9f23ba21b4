//! Operators. What is only named by another, as its commutator, is no fact.

use super::{Alter, Change, Cx, Kind};
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Operator;

impl Kind for Operator {
    fn name(&self) -> &'static str {
        "operator"
    }

    fn class(&self) -> u32 {
        2617
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["function", "commutator", "negator", "restrict", "join", "hashes", "merges"]
    }

    fn query(&self, _: u32) -> Option<String> {
        let other = |column: &str| {
            format!(
                "(select 'operator(' || pg_catalog.quote_ident(x.nspname) || '.' || c.oprname || ')' \
                from pg_catalog.pg_operator c \
                join pg_catalog.pg_namespace x on x.oid = c.oprnamespace \
                where c.oid = o.{column})"
            )
        };
        Some(format!(
            "select o.oid, n.nspname as k1, o.oprname as k2, \
                case when o.oprleft = 0 then 'none' \
                    else pg_catalog.format_type(o.oprleft, null) end as k3, \
                pg_catalog.format_type(o.oprright, null) as k4, \
                pg_catalog.pg_get_userbyid(o.oprowner) as owner, \
                o.oprcode::pg_catalog.regproc as function, \
                {} as commutator, {} as negator, \
                nullif(o.oprrest, 0)::pg_catalog.regproc as restrict, \
                nullif(o.oprjoin, 0)::pg_catalog.regproc as join, \
                nullif(o.oprcanhash, false) as hashes, nullif(o.oprcanmerge, false) as merges \
            from pg_catalog.pg_operator o \
            join pg_catalog.pg_namespace n on n.oid = o.oprnamespace \
            where o.oid >= 16384 and o.oprcode <> 0 and n.nspname !~ '^pg_temp_'",
            other("oprcom"),
            other("oprnegate"),
        ))
    }

    fn phrase(&self, id: &Id) -> String {
        format!("operator {} ({}, {})", name(id), id.part(2), id.part(3))
    }

    /// An operator that another names before it is there is made by that as a shell.
    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut words = vec![format!("function = {}", fact.text("function"))];
        let left = fact.id.part(2);
        words.extend((left != "none").then(|| format!("leftarg = {left}")));
        words.push(format!("rightarg = {}", fact.id.part(3)));
        for word in ["commutator", "negator", "restrict", "join"] {
            words.extend(fact.get(word).map(|value| format!("{word} = {value}")));
        }
        for word in ["hashes", "merges"] {
            words.extend(fact.is(word).then(|| word.to_owned()));
        }
        let text = format!("create operator {} ({})", name(&fact.id), words.join(", "));
        vec![Step::new(text)]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, cx: Cx<'_>) -> Alter {
        // What has been said of these stays said; they can come, since 17.
        const COME: &[&str] = &["commutator", "negator", "hashes", "merges"];
        let comes = |name: &&&str| cx.new.major >= 17 && !change.old.is(name);
        let stays = COME.iter().filter(|name| change.is_of(name)).all(|name| comes(&name));
        if change.is_of("function") || !stays {
            return Alter::Replace;
        }
        let value = |name: &str| match change.new.get(name) {
            Some(_) if matches!(name, "hashes" | "merges") => name.to_owned(),
            Some(value) => format!("{name} = {value}"),
            None => format!("{name} = none"),
        };
        let options: Vec<String> = change.what.iter().map(|name| value(name)).collect();
        let head = self.phrase(&change.new.id);
        Alter::steps(vec![Step::new(format!("alter {head} set ({})", options.join(", ")))])
    }

    fn names(&self, fact: &Fact) -> Vec<String> {
        vec![self.phrase(&fact.id)]
    }
}

/// An operator's own name is never quoted.
fn name(id: &Id) -> String {
    format!("{}.{}", id.ident(0), id.part(1))
}
