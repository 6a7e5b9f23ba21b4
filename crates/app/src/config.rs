//! `whimbrel.toml`: what a project says that its files do not show.

mod hooks;
pub mod keys;

use std::collections::BTreeMap;
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use whimbrel_sql::{Diagnostic, Severity};

use crate::database::WayName;
use crate::period::{Period, PeriodError};
use keys::{Key, Kind};
use whimbrel_history::nearest;

pub use hooks::HooksConfig;

/// The file's name.
pub const FILE: &str = "whimbrel.toml";

/// What whimbrel.toml says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The histories in the order of the file; empty where they are to be found by their files.
    pub histories: Vec<HistoryConfig>,
    /// Whimbrel's own ledger.
    pub ledger: LedgerConfig,
    /// How the database is reached.
    pub connection: ConnectionConfig,
    /// The environments by name.
    pub environments: BTreeMap<String, EnvironmentConfig>,
    /// The development database.
    pub dev: DevConfig,
    /// The seed files.
    pub seeds: SeedsConfig,
    /// What runs around migrations.
    pub hooks: HooksConfig,
    /// Limits in time.
    pub timeouts: Timeouts,
}

/// `[seeds]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeedsConfig {
    /// Patterns of files, relative to the project's folder, in the order in which they run.
    pub files: Vec<String>,
}

/// `[dev]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DevConfig {
    /// Whether each branch of the repository has a database of its own.
    pub per_branch: bool,
    /// Whether seed files run in a new one.
    pub seed: bool,
    /// The port that is preferred.
    pub port: Option<u16>,
    /// The major version of a new server.
    pub major: Option<u16>,
}

/// `[history.NAME]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryConfig {
    /// Its name.
    pub name: String,
    /// The format's name; `None` is to be found out.
    pub format: Option<String>,
    /// The folder; `None` is where the format usually has it.
    pub folder: Option<Utf8PathBuf>,
    /// Histories that run before it.
    pub after: Vec<String>,
    /// Files that are repeatable, relative to the folder.
    pub repeatable: Vec<String>,
    /// Whether folders below count.
    pub nested: bool,
}

/// `[ledger]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerConfig {
    /// The schema of Whimbrel's own ledger; `None` is the default, or where its tables are found.
    pub schema: Option<String>,
    /// Whether there is a journal.
    pub journal: bool,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self { schema: None, journal: true }
    }
}

/// How a database is reached: `[connection]`, or of one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionConfig {
    /// The way's name.
    pub via: Option<String>,
    /// The project at Supabase, for the way that goes over its Management API.
    pub project_ref: Option<String>,
}

impl ConnectionConfig {
    fn of(table: &DeTable<'_>) -> Self {
        Self { via: text(table, "via"), project_ref: text(table, "project_ref") }
    }
}

/// `[env.NAME]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentConfig {
    /// Where its URL is.
    pub url: Option<EnvironmentUrl>,
    /// Whether it asks before data is lost.
    pub protected: bool,
    /// Patterns of its seed files, in place of all others; `None` where it says nothing.
    pub seeds: Option<Vec<String>>,
    /// What runs around migrations, each in place of what runs in every environment.
    pub hooks: HooksConfig,
    /// How it is reached.
    pub connection: ConnectionConfig,
}

/// Where an environment's URL is.
#[derive(Clone, PartialEq, Eq)]
pub enum EnvironmentUrl {
    /// In a variable of this name.
    Variable(String),
    /// In whimbrel.toml itself.
    Here(String),
}

impl std::fmt::Debug for EnvironmentUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "Variable({name})"),
            Self::Here(url) => write!(f, "Here({})", crate::mask(url)),
        }
    }
}

/// `[timeouts]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Period,
    /// For a table's lock, each try.
    pub lock: Period,
    /// For a statement; zero is none.
    pub statement: Period,
    /// For all tries together.
    pub retry_for: Period,
    /// For another run to end.
    pub wait: Period,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = |count| Period(std::time::Duration::from_secs(count));
        Self {
            connect: seconds(10),
            lock: seconds(2),
            statement: seconds(0),
            retry_for: seconds(60),
            wait: seconds(300),
        }
    }
}

/// A whimbrel.toml that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} in `{path}`", match .problems.len() { 1 => "a mistake".to_owned(), n => format!("{n} mistakes") })]
pub struct ConfigError {
    /// The file.
    pub path: Utf8PathBuf,
    /// Its text.
    pub text: String,
    /// What is wrong, in the order of the file.
    pub problems: Vec<Diagnostic>,
}

impl Config {
    /// Reads the text of a whimbrel.toml; `formats` are the formats there are.
    ///
    /// All mistakes are reported at once, each with its place. A key that is not known is one: a
    /// setting that is silently ignored is worse than none.
    pub fn parse(path: &Utf8Path, text: &str, formats: &[&str]) -> Result<Self, ConfigError> {
        let mut reader = Reader { path, formats, problems: Vec::new() };
        let config = match DeTable::parse(text) {
            Ok(table) => {
                reader.check(table.get_ref(), &mut Vec::new());
                let config = reader.fill(table.get_ref());
                reader.check_names(&config, table.get_ref());
                config
            }
            Err(error) => {
                let message = error.message().lines().collect::<Vec<_>>().join(", ");
                reader.problem(error.span(), message, Vec::new());
                Self::default()
            }
        };
        let mut problems = reader.problems;
        if problems.is_empty() {
            return Ok(config);
        }
        problems.sort_by_key(|problem| problem.span.as_ref().map(|span| span.start));
        Err(ConfigError { path: path.to_owned(), text: text.to_owned(), problems })
    }
}

/// Checks a parsed file against [`keys::ALL`] and takes its values.
struct Reader<'a> {
    path: &'a Utf8Path,
    formats: &'a [&'a str],
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn problem(&mut self, span: Option<Range<usize>>, message: String, hints: Vec<String>) {
        self.problems.push(Diagnostic {
            severity: Severity::Error,
            file: Some(self.path.to_string()),
            span,
            message,
            hints,
        });
    }

    /// Holds every key of a table, and of the tables in it, against the list.
    fn check(&mut self, table: &DeTable<'_>, at: &mut Vec<String>) {
        for (name, value) in table {
            let depth = at.len();
            at.push(name.get_ref().to_string());
            let below: Vec<&Key> = keys::ALL.iter().filter(|key| leads(key.path, at)).collect();
            if below.is_empty() {
                at.truncate(depth);
                self.unknown(name, at);
                continue;
            }
            match (below.iter().find(|key| key.path.len() == at.len()), value.get_ref()) {
                (Some(key), _) => self.check_value(key, value),
                (None, DeValue::Table(table)) => self.check(table, at),
                (None, other) => {
                    let message = format!("`{}` is a table, not {}", at.join("."), article(other));
                    self.problem(
                        Some(value.span()),
                        message,
                        vec![format!("write [{}]", at.join("."))],
                    );
                }
            }
            at.truncate(depth);
        }
    }

    fn unknown(&mut self, name: &Spanned<std::borrow::Cow<'_, str>>, at: &[String]) {
        let known: Vec<&str> = keys::ALL
            .iter()
            .filter(|key| leads(key.path, at) && key.path.len() > at.len())
            .map(|key| key.path[at.len()])
            .collect();
        let place = if at.is_empty() { String::new() } else { format!(" in `{}`", at.join(".")) };
        let hint = if let Some(meant) = nearest(name.get_ref(), known.iter().copied()) {
            format!("did you mean `{meant}`?")
        } else {
            let mut names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            names.dedup();
            format!("known there: {}", names.join(", "))
        };
        self.problem(
            Some(name.span()),
            format!("unknown key `{}`{place}", name.get_ref()),
            vec![hint],
        );
    }

    fn check_value(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) {
        let fits = match (key.kind, value.get_ref()) {
            (
                Kind::Text | Kind::Format | Kind::Period | Kind::Way | Kind::Texts,
                DeValue::String(_),
            )
            | (Kind::Flag, DeValue::Boolean(_)) => true,
            (Kind::Number, DeValue::Integer(_)) => small_number(value.get_ref()).is_some(),
            (Kind::List | Kind::Texts, DeValue::Array(items)) => {
                items.iter().all(|item| item.get_ref().is_str())
            }
            (
                Kind::Text
                | Kind::Format
                | Kind::Period
                | Kind::Way
                | Kind::Flag
                | Kind::Number
                | Kind::List
                | Kind::Texts,
                _,
            ) => false,
        };
        if !fits {
            let message = format!(
                "`{}` wants {}, not {}",
                key.dotted(),
                key.kind.expected(),
                article(value.get_ref())
            );
            self.problem(
                Some(value.span()),
                message,
                vec![format!("for example `{}`", key.example)],
            );
            return;
        }
        let Some(text) = value.get_ref().as_str() else { return };
        match key.kind {
            Kind::Format if !self.formats.contains(&text) => {
                let hint = match nearest(text, self.formats.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("formats: {}", self.formats.join(", ")),
                };
                self.problem(Some(value.span()), format!("unknown format `{text}`"), vec![hint]);
            }
            Kind::Way => {
                let names = || WayName::ALL.iter().map(|way| way.name());
                if names().any(|name| name == text) {
                    return;
                }
                let hint = match nearest(text, names()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("ways: {}", names().collect::<Vec<_>>().join(", ")),
                };
                self.problem(Some(value.span()), format!("`{text}` is no way"), vec![hint]);
            }
            Kind::Period => {
                if let Err(error) = text.parse::<Period>() {
                    self.problem(
                        Some(value.span()),
                        error.to_string(),
                        vec![PeriodError::HINT.to_owned()],
                    );
                }
            }
            Kind::Text | Kind::Format | Kind::Flag | Kind::Number | Kind::List | Kind::Texts => {}
        }
    }

    /// Takes the values, those that did not fit left at their defaults.
    fn fill(&mut self, root: &DeTable<'_>) -> Config {
        let mut config = Config::default();
        for (name, table) in tables(root, "history") {
            let history = HistoryConfig {
                name: name.get_ref().to_string(),
                format: text(table, "format"),
                folder: text(table, "folder").map(|folder| tidy(&folder)),
                after: list(table, "after"),
                repeatable: list(table, "repeatable"),
                nested: flag(table, "nested").unwrap_or_default(),
            };
            config.histories.push(history);
        }
        for (name, table) in tables(root, "env") {
            let url = match (text(table, "url_env"), text(table, "database_url")) {
                (Some(variable), None) => Some(EnvironmentUrl::Variable(variable)),
                (None, Some(url)) => Some(EnvironmentUrl::Here(url)),
                (None, None) => None,
                (Some(_), Some(_)) => {
                    let message =
                        format!("`env.{}` has both `url_env` and `database_url`", name.get_ref());
                    self.problem(Some(name.span()), message, vec!["keep one of them".to_owned()]);
                    None
                }
            };
            let environment = EnvironmentConfig {
                url,
                protected: flag(table, "protected").unwrap_or_default(),
                seeds: table.contains_key("seeds").then(|| list(table, "seeds")),
                hooks: HooksConfig::of(table),
                connection: ConnectionConfig::of(table),
            };
            config.environments.insert(name.get_ref().to_string(), environment);
        }
        if let Some(connection) = table(root, "connection") {
            config.connection = ConnectionConfig::of(connection);
        }
        if let Some(ledger) = table(root, "ledger") {
            config.ledger.schema = text(ledger, "schema");
            config.ledger.journal = flag(ledger, "journal").unwrap_or(true);
        }
        if let Some(dev) = table(root, keys::DEV) {
            let number = |name| small_number(dev.get(name)?.get_ref());
            config.dev = DevConfig {
                per_branch: flag(dev, "per_branch").unwrap_or_default(),
                seed: flag(dev, "seed").unwrap_or_default(),
                port: number("port"),
                major: number("major"),
            };
        }
        config.hooks = HooksConfig::of(root);
        if let Some(seeds) = table(root, "seeds") {
            config.seeds.files = list(seeds, "files");
        }
        if let Some(timeouts) = table(root, "timeouts") {
            let places: [(&str, &mut Period); 5] = [
                ("connect", &mut config.timeouts.connect),
                ("lock", &mut config.timeouts.lock),
                ("statement", &mut config.timeouts.statement),
                ("retry_for", &mut config.timeouts.retry_for),
                ("wait", &mut config.timeouts.wait),
            ];
            for (name, place) in places {
                if let Some(period) = text(timeouts, name).and_then(|text| text.parse().ok()) {
                    *place = period;
                }
            }
        }
        config
    }

    /// Every history that another runs after must be there.
    fn check_names(&mut self, config: &Config, root: &DeTable<'_>) {
        for (_, table) in tables(root, "history") {
            let after = table.get("after").and_then(|value| value.get_ref().as_array());
            for item in after.into_iter().flatten() {
                let Some(name) = item.get_ref().as_str() else { continue };
                if config.histories.iter().any(|history| history.name == name) {
                    continue;
                }
                let names = config.histories.iter().map(|history| history.name.as_str());
                let hint = match nearest(name, names) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("say it in this file: [history.{name}]"),
                };
                self.problem(Some(item.span()), format!("unknown history `{name}`"), vec![hint]);
            }
        }
    }
}

/// Whether a key's path begins as these names do.
fn leads(path: &[&str], at: &[String]) -> bool {
    path.len() >= at.len() && path.iter().zip(at).all(|(part, name)| *part == "*" || *part == name)
}

/// A value's kind with its article.
fn article(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a flag",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn table<'t, 'i>(root: &'t DeTable<'i>, name: &str) -> Option<&'t DeTable<'i>> {
    root.get(name)?.get_ref().as_table()
}

/// The tables directly in a table, with their names, in the order of the file.
fn tables<'t, 'i>(
    root: &'t DeTable<'i>,
    name: &str,
) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t DeTable<'i>)> {
    let all = table(root, name).into_iter().flat_map(|all| all.iter());
    let mut tables: Vec<_> =
        all.filter_map(|(name, value)| Some((name, value.get_ref().as_table()?))).collect();
    tables.sort_by_key(|(name, _)| name.span().start);
    tables
}

fn text(table: &DeTable<'_>, name: &str) -> Option<String> {
    Some(table.get(name)?.get_ref().as_str()?.to_owned())
}

fn flag(table: &DeTable<'_>, name: &str) -> Option<bool> {
    table.get(name)?.get_ref().as_bool()
}

/// A number from 1 to 65535, written as people write one.
fn small_number(value: &DeValue<'_>) -> Option<u16> {
    let DeValue::Integer(number) = value else { return None };
    number.as_str().replace('_', "").parse().ok().filter(|number| *number > 0)
}

fn list(table: &DeTable<'_>, name: &str) -> Vec<String> {
    let items = table.get(name).and_then(|value| value.get_ref().as_array());
    items
        .into_iter()
        .flatten()
        .filter_map(|item| Some(item.get_ref().as_str()?.to_owned()))
        .collect()
}

/// A folder as the rest of the code has it: `/` between parts, no `./`, no trailing `/`.
pub(crate) fn tidy(folder: &str) -> Utf8PathBuf {
    let folder = folder.replace('\\', "/");
    let parts = folder.split('/').filter(|part| !part.is_empty() && *part != ".");
    let tidied = parts.collect::<Vec<_>>().join("/");
    let root = if folder.starts_with('/') { "/" } else { "" };
    Utf8PathBuf::from(format!("{root}{tidied}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: &[&str] = &["plain", "annotated", "supabase"];

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(Utf8Path::new(FILE), text, FORMATS)
    }

    /// `line:column message | hint` of every problem.
    fn problems(text: &str) -> Vec<String> {
        let error = parse(text).unwrap_err();
        let show = |problem: &Diagnostic| {
            let start = problem.span.as_ref().map_or(0, |span| span.start);
            let place = whimbrel_sql::position(text, start);
            format!(
                "{}:{} {} | {}",
                place.line,
                place.column,
                problem.message,
                problem.hints.join(" | ")
            )
        };
        error.problems.iter().map(show).collect()
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn a_whole_file_is_taken() {
        let config = parse(
            r#"
            [history.app]
            format = "annotated"
            folder = "./sql/migrations/"
            after = ["base"]
            nested = true
            [history.base]
            repeatable = ["R__*.sql"]
            [ledger]
            schema = "ops"
            journal = false
            [env.production]
            url_env = "PRODUCTION_URL"
            protected = true
            [timeouts]
            lock = "750ms"
            "#,
        )
        .unwrap();
        let [app, base] = &config.histories[..] else { panic!() };
        assert_eq!((app.name.as_str(), base.name.as_str()), ("app", "base"));
        assert_eq!(app.folder.as_deref(), Some(Utf8Path::new("sql/migrations")));
        assert_eq!((app.format.as_deref(), app.nested), (Some("annotated"), true));
        assert_eq!(app.after, ["base"]);
        assert_eq!(base.repeatable, ["R__*.sql"]);
        assert_eq!(config.ledger, LedgerConfig { schema: Some("ops".to_owned()), journal: false });
        assert_eq!(
            config.environments["production"],
            EnvironmentConfig {
                url: Some(EnvironmentUrl::Variable("PRODUCTION_URL".to_owned())),
                protected: true,
                seeds: None,
                hooks: HooksConfig::default(),
                connection: ConnectionConfig::default(),
            }
        );
        assert_eq!(config.timeouts.lock.to_string(), "750ms");
    }

    #[test]
    fn the_example_of_every_key_is_taken_and_a_wrong_kind_is_not() {
        for key in keys::ALL {
            let header = key.path[..key.path.len() - 1].join(".").replace('*', "supabase");
            let taken = parse(&format!("[{header}]\n{}", key.example)).unwrap();
            assert!(
                key.default == key.example.split(" = ").nth(1).unwrap()
                    || taken != Config::default(),
                "{}",
                key.dotted()
            );
            let name = key.path.last().unwrap();
            let [problem] = &problems(&format!("[{header}]\n{name} = 1.5"))[..] else { panic!() };
            assert!(problem.starts_with(&format!("2:{} ", name.len() + 4)), "{problem}");
            assert!(problem.contains("not a number"), "{problem}");
        }
    }

    #[test]
    fn unknown_keys_are_errors_with_their_place_and_the_nearest_key() {
        assert_eq!(
            problems("[history.app]\nfromat = 'plain'\nxyz = 1\n[leger]\nschema = 'x'\n"),
            [
                "2:1 unknown key `fromat` in `history.app` | did you mean `format`?",
                "3:1 unknown key `xyz` in `history.app` | known there: `format`, `folder`, `after`, `repeatable`, `nested`",
                "4:2 unknown key `leger` | did you mean `ledger`?",
            ]
        );
    }

    #[test]
    fn unknown_names_are_errors_with_the_nearest() {
        assert_eq!(
            problems(
                "[history.app]\nformat = 'anotated'\nafter = ['bse']\n[history.base]\n\
                 [env.production]\nvia = 'psqll'\n"
            ),
            [
                "2:10 unknown format `anotated` | did you mean `annotated`?",
                "3:10 unknown history `bse` | did you mean `base`?",
                "6:7 `psqll` is no way | did you mean `psql`?"
            ]
        );
    }

    #[test]
    fn a_table_that_is_none_is_an_error() {
        assert_eq!(
            problems("history = 1"),
            ["1:11 `history` is a table, not a number | write [history]"]
        );
    }

    #[test]
    fn a_file_that_is_no_toml_is_an_error_with_its_place() {
        let [problem] = &problems("[ledger\nx = 1")[..] else { panic!() };
        assert!(problem.starts_with("1:8 "), "{problem}");
    }

    #[test]
    fn a_url_given_twice_is_an_error() {
        let [problem] = &problems("[env.x]\nurl_env = 'A'\ndatabase_url = 'postgres://h/d'")[..]
        else {
            panic!()
        };
        assert_eq!(problem, "1:6 `env.x` has both `url_env` and `database_url` | keep one of them");
    }

    #[test]
    fn hooks_of_an_environment_take_the_place_of_the_others_one_by_one() {
        let config = parse(
            "[hooks]\nbefore = 'a.sql'\nafter = ['b', 'c']\n[env.x.hooks]\nbefore = []\nafter_failure = 'd'",
        )
        .unwrap();
        assert_eq!(config.hooks.before, Some(vec!["a.sql".to_owned()]));
        let here = config.hooks_in(Some("x"));
        assert_eq!(here.before, Some(Vec::new()));
        assert_eq!(here.after, Some(vec!["b".to_owned(), "c".to_owned()]));
        assert_eq!(here.after_failure, Some(vec!["d".to_owned()]));
        assert_eq!(config.hooks_in(None), config.hooks);
    }

    #[test]
    fn a_debug_print_shows_no_password() {
        let config = parse("[env.x]\ndatabase_url = 'postgres://u:hunter2@h/d'").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
