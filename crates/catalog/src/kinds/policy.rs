//! Row policies.

use whimbrel_sql::Ident;

use super::{Alter, Change, Cx, Kind};
use crate::array::elements;
use crate::plan::Step;
use crate::{Fact, Id};

pub(super) struct Policy;

impl Kind for Policy {
    fn name(&self) -> &'static str {
        "policy"
    }

    fn class(&self) -> u32 {
        3256
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["restrictive", "command", "roles", "using", "check"]
    }

    fn query(&self, _: u32) -> Option<String> {
        Some(
            "select p.oid, n.nspname as k1, c.relname as k2, p.polname as k3, \
                '1259:' || c.oid as within, \
                case when not p.polpermissive then 't' end as restrictive, \
                case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' \
                    when 'd' then 'delete' else 'all' end as command, \
                (select pg_catalog.array_agg(coalesce(r.rolname, '') order by r.rolname) \
                    from pg_catalog.unnest(p.polroles) o (oid) \
                    left join pg_catalog.pg_roles r on r.oid = o.oid) as roles, \
                pg_catalog.pg_get_expr(p.polqual, p.polrelid) as using, \
                pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as check \
            from pg_catalog.pg_policy p \
            join pg_catalog.pg_class c on c.oid = p.polrelid \
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
            where p.oid >= 16384"
                .to_owned(),
        )
    }

    fn roles(&self, fact: &Fact) -> Vec<String> {
        fact.list("roles")
    }

    fn phrase(&self, id: &Id) -> String {
        format!("policy {} on {}", id.ident(2), id.qualified())
    }

    fn create(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        let mut words = vec![format!("create {}", self.phrase(&fact.id))];
        if fact.is("restrictive") {
            words.push("as restrictive".to_owned());
        }
        if fact.text("command") != "all" {
            words.push(format!("for {}", fact.text("command")));
        }
        let roles = roles(fact);
        if roles != "public" {
            words.push(format!("to {roles}"));
        }
        for (word, attribute) in [("using", "using"), ("with check", "check")] {
            if let Some(expression) = fact.get(attribute) {
                words.push(format!("{word} {}", wrapped(expression)));
            }
        }
        vec![Step::new(words.join(" "))]
    }

    fn drop(&self, fact: &Fact, _: Cx<'_>) -> Vec<Step> {
        vec![Step::new(format!("drop {}", self.phrase(&fact.id)))]
    }

    fn alter(&self, change: Change<'_>, _: Cx<'_>) -> Alter {
        let new = change.new;
        let loses = |attribute: &str| change.is_of(attribute) && !new.is(attribute);
        if change.is_of("restrictive")
            || change.is_of("command")
            || loses("using")
            || loses("check")
        {
            return Alter::Replace;
        }
        let mut words = vec![format!("alter {}", self.phrase(&new.id))];
        if change.is_of("roles") {
            words.push(format!("to {}", roles(new)));
        }
        for (word, attribute) in [("using", "using"), ("with check", "check")] {
            if change.is_of(attribute) {
                words.push(format!("{word} {}", wrapped(new.text(attribute))));
            }
        }
        Alter::steps(vec![Step::new(words.join(" "))])
    }
}

/// In parentheses, which the server writes around an expression only where it needs them.
fn wrapped(expression: &str) -> String {
    format!("({expression})")
}

fn roles(fact: &Fact) -> String {
    let name =
        |role: String| if role.is_empty() { "public".to_owned() } else { Ident(&role).to_string() };
    let names: Vec<String> = elements(fact.text("roles")).into_iter().map(name).collect();
    names.join(", ")
}
