//! Examines a database that let us in.

use std::collections::BTreeMap;
use std::time::Duration;

use whimbrel_engine::state::relations;
use whimbrel_engine::wire::{Answer, Failure, ServerError, Session};
use whimbrel_history::platform;
use whimbrel_history::tools::{Search, probe};

use super::ask::ask;
use super::checks::{self, Seen, Setting};
use super::finding::{About, Finding, Group};
use super::ledgers::{self, Found};

/// What is known of the database, and what was found.
pub(super) struct Examined {
    pub(super) seen: Seen,
    pub(super) findings: Vec<Finding>,
}

/// That something could not be asked.
pub(super) const ANSWERS: About = About {
    id: "answers",
    group: Group::Database,
    looks_at: "whether the database answers every question",
    why: "what is not answered is not known",
    cure: "look at the error: a right may be missing, or the server is not quite Postgres",
};

/// Who and where we are.
fn facts() -> String {
    format!(
        "select pg_catalog.current_setting('server_version_num') as version_number, \
         pg_catalog.current_setting('server_version') as version, \
         d.datname as database, pg_catalog.pg_get_userbyid(d.datdba) as owner, \
         current_user as role, pg_catalog.current_schema() as schema, \
         pg_catalog.pg_is_in_recovery() as standby, pg_catalog.pg_backend_pid() as backend, \
         {} as is_supabase \
         from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()",
        platform::IS_THERE
    )
}

/// The settings that checks look at, before any of them is changed here.
const SETTINGS: &str = "select name, setting, source from pg_catalog.pg_settings where name in \
    ('statement_timeout', 'transaction_timeout', 'lock_timeout', \
    'idle_in_transaction_session_timeout', 'search_path', 'default_transaction_read_only')";

/// A lock on the catalog, or on a ledger, must not keep us waiting.
pub(super) const PATIENCE: &str = "set local lock_timeout = '2s'";

/// Asks everything in two messages: what can be asked of any database, and then what the ledgers
/// found in it say.
pub(super) async fn examine(
    session: &mut Session,
    longer_than: Duration,
    schema: Option<&str>,
) -> Result<Examined, Failure> {
    let asked: Vec<Option<String>> =
        checks::ALL.iter().map(|check| check.question(longer_than)).collect();
    let mut questions = vec![facts(), SETTINGS.to_owned(), PATIENCE.to_owned()];
    questions.push(relations(whimbrel_history::ledgers::ALL.iter().copied()));
    questions.push(probe(Search::Quick));
    questions.extend(asked.iter().flatten().cloned());
    let mut answers = ask(session, &questions).await?.into_iter();
    let mut next = || answers.next().unwrap_or_else(|| Ok(Answer::default()));

    let seen = see(&next(), &next()).ok_or_else(|| Failure::Protocol {
        source: std::io::Error::other("it does not say what it is, as Postgres does"),
    })?;
    drop(next());
    let mut findings = Vec::new();
    let found = ledgers::found(&answer(next(), "ledgers", &mut findings), schema);
    let tools = answer(next(), "the ledgers of tools", &mut findings);
    for (check, question) in checks::ALL.iter().zip(&asked) {
        let about = check.about();
        let answered = match question {
            None => Ok(Answer::default()),
            Some(_) => next(),
        };
        match answered {
            Ok(answer) => findings.extend(check.judge(&answer, &seen)),
            Err(error) => findings.push(unanswered(about.looks_at, &error)),
        }
    }
    let found = Found { own: found, tools: whimbrel_engine::tools::recognise(&tools) };
    findings.extend(ledgers::examine(session, &found, &tools, &seen).await?);
    Ok(Examined { seen, findings })
}

/// Takes an answer, or says that there is none.
fn answer(
    answer: Result<Answer, Box<ServerError>>,
    about: &str,
    findings: &mut Vec<Finding>,
) -> Answer {
    answer.unwrap_or_else(|error| {
        findings.push(unanswered(about, &error));
        Answer::default()
    })
}

/// That a question was not answered.
pub(super) fn unanswered(about: &str, error: &ServerError) -> Finding {
    ANSWERS
        .note(format!("not looked at: {about}"))
        .shown_by(format!("{} ({})", error.message, error.code))
}

fn see(
    facts: &Result<Answer, Box<ServerError>>,
    settings: &Result<Answer, Box<ServerError>>,
) -> Option<Seen> {
    let row = facts.as_ref().ok()?.first()?;
    let text = |column| row.get(column).unwrap_or_default().to_owned();
    let setting = |row: whimbrel_engine::wire::Row<'_>| {
        let text = |column| row.get(column).unwrap_or_default().to_owned();
        (text("name"), Setting { value: text("setting"), source: text("source") })
    };
    let settings: BTreeMap<_, _> =
        settings.iter().flat_map(|answer| answer.rows().map(setting)).collect();
    Some(Seen {
        version_number: text("version_number").parse().ok()?,
        version: text("version"),
        database: text("database"),
        owner: text("owner"),
        role: text("role"),
        schema: row.get("schema").map(str::to_owned),
        standby: text("standby") == "t",
        supabase: text("is_supabase") == "t",
        backend: text("backend").parse().ok()?,
        settings,
    })
}
