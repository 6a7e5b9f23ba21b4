//! Commands that are proposed go to the database that this one went to.
//!
//! A hint knows what to do, and not with which options this command was called. What is pasted
//! without them would be about another project or another database, so they are put into every
//! command between backticks, in one place.

use std::borrow::Cow;
use std::sync::OnceLock;

use clap::ValueEnum as _;
use whimbrel_app::cases;

use crate::arguments::Globals;
use crate::words::quoted;

/// Options that every command takes.
static PROJECT: OnceLock<String> = OnceLock::new();

/// Options that lead to a database.
static DATABASE: OnceLock<String> = OnceLock::new();

/// How a proposed command begins.
const BEGIN: &str = "`whimbrel ";

/// Remembers how this command was called.
pub(crate) fn set(globals: &Globals) {
    if let Some(folder) = &globals.project {
        let _ = PROJECT.set(format!(" --project {}", quoted(folder.as_str())));
    }
    let mut options = String::new();
    if let Some(name) = &globals.env {
        options.extend([" --env ", &quoted(name)]);
    }
    if let Some(url) = &globals.database_url {
        let url = url.reveal();
        match url.strip_prefix('@') {
            Some(name) => options.extend([" --env ", &quoted(name)]),
            // Whoever gave a password gives it again.
            None if whimbrel_app::mask(url) != url => options.push_str(" --database-url …"),
            None => options.extend([" --database-url ", &quoted(url)]),
        }
    }
    if let Some(via) = globals.via.and_then(|via| via.to_possible_value()) {
        options.extend([" --via ", via.get_name()]);
    }
    if !options.is_empty() {
        let _ = DATABASE.set(options);
    }
}

/// Remembers that it went to the development database.
pub(crate) fn set_dev() {
    let _ = DATABASE.set(" --dev".to_owned());
}

/// A text whose proposed commands go to the same database.
pub(crate) fn aimed(text: &str) -> Cow<'_, str> {
    let project = PROJECT.get().map_or("", String::as_str);
    aimed_at(text, project, DATABASE.get().map_or("", String::as_str))
}

fn aimed_at<'a>(text: &'a str, project: &str, database: &str) -> Cow<'a, str> {
    if project.is_empty() && database.is_empty() || !text.contains(BEGIN) {
        return Cow::Borrowed(text);
    }
    let mut aimed = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(BEGIN) {
        let (before, command) = rest.split_at(begin + BEGIN.len());
        let Some(end) = command.find('`') else { break };
        let (command, after) = command.split_at(end);
        aimed.push_str(before);
        aimed.push_str(command);
        let verb = command.split(' ').next().unwrap_or_default();
        let has = |option: &str| command.split(' ').any(|word| word == option);
        if !has("--project") {
            aimed.push_str(project);
        }
        let is_named = ["--env", "--database-url", "--dev", "--via"].into_iter().any(has);
        if is_about_a_database(verb) && !is_named {
            aimed.push_str(database);
        }
        rest = after;
    }
    aimed.push_str(rest);
    Cow::Owned(aimed)
}

/// Whether a command looks for a database.
fn is_about_a_database(verb: &str) -> bool {
    let case = cases::ALL.iter().find(|case| case.name == verb);
    case.is_some_and(|case| case.database != cases::Database::Untouched)
}

#[cfg(test)]
mod tests {
    use super::aimed_at;

    #[test]
    fn what_is_proposed_goes_where_this_went() {
        let aimed = |text| aimed_at(text, " --project a", " --env production").into_owned();
        assert_eq!(
            aimed("`whimbrel up` again, or `whimbrel repair applied 3` records it"),
            "`whimbrel up --project a --env production` again, or \
             `whimbrel repair applied 3 --project a --env production` records it"
        );
        assert_eq!(aimed("`whimbrel new NAME`"), "`whimbrel new NAME --project a`");
        assert_eq!(aimed("`whimbrel up --via psql`"), "`whimbrel up --via psql --project a`");
        assert_eq!(aimed("see `up`, and `whimbrel up"), "see `up`, and `whimbrel up");
        assert_eq!(aimed_at("`whimbrel up`", "", ""), "`whimbrel up`");
    }
}
