//! What a line for the shell finds in its environment.

use std::ffi::OsString;

use whimbrel_engine::ways::By;
use whimbrel_engine::{Secret, Target};

use super::{Plan, When};

/// How long the list of migrations may be: a system takes no variable of any length.
const LONGEST: usize = 64 * 1024;

/// The variables; those without a value are taken away.
pub(super) fn variables(plan: &Plan<'_>, when: &When<'_>) -> Vec<(&'static str, Option<OsString>)> {
    let database = &plan.project.database;
    // Where the Management API leads to a database, its URL need not.
    let url = match &database.target.by {
        By::Connection | By::Psql(_) => Some(database.target.url().reveal().to_owned()),
        By::Api(_) => None,
    };
    let text = |text: &str| Some(OsString::from(text));
    vec![
        ("WHIMBREL_HOOK", text(when.moment.name())),
        ("WHIMBREL_COMMAND", text(plan.aim.name())),
        ("WHIMBREL_ENVIRONMENT", text(database.environment.as_deref().unwrap_or_default())),
        ("WHIMBREL_DATABASE", text(&plan.state.facts.database)),
        ("WHIMBREL_MIGRATIONS", text(&list(&when.ids))),
        ("WHIMBREL_OUTCOME", when.outcome.and_then(text)),
        ("DATABASE_URL", url.map(OsString::from)),
    ]
}

/// Ids with blanks between them; `…` stands for those that a variable does not hold.
fn list(ids: &[&str]) -> String {
    let mut list = String::new();
    for id in ids {
        if list.len() + id.len() > LONGEST {
            return list + " …";
        }
        if !list.is_empty() {
            list.push(' ');
        }
        list.push_str(id);
    }
    list
}

/// The passwords that lead to a database, to be covered where a hook says them.
pub(super) fn passwords(target: &Target) -> Vec<&str> {
    /// A shorter one would cover half of what is said.
    const SHORTEST: usize = 4;
    let passwords = target.hosts.iter().filter_map(|host| target.password_for(host));
    let passwords = passwords.chain(&target.password).map(Secret::reveal);
    passwords.filter(|password| password.len() >= SHORTEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_no_variable_holds_says_so() {
        assert_eq!(list(&["1", "2"]), "1 2");
        let long = list(&vec!["20260101000000_a_migration"; 5_000]);
        assert!(long.len() <= LONGEST + " …".len());
        assert!(long.ends_with("_migration …"));
    }
}
