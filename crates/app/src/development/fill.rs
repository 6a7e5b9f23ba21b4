//! Makes a database in which all migrations ran: from a template of the same server, as far as there
//! is one that some of them made, else by running them.
//!
//! A template is named by the chain of what made it, so an edited migration makes it, and all that
//! come after, unknown. What is run is a usual run, ledger and all, so that a copy knows what is
//! applied in it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use whimbrel_engine::run::Cause;
use whimbrel_engine::shadow::{Connected, DatabaseFacts, Lineage, Note, Server, Template};
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Event, Interrupt};
use whimbrel_history::Migration;
use whimbrel_history::select::Wish;

use super::Dev;
use crate::catalogue::Code;
use crate::database::DatabaseOptions;
use crate::error::Error;
use crate::events::Events;
use crate::histories;
use crate::project::{APPLICATION, Where};
use crate::run::{
    self, Aim, Allowed, Consent, Depth, Fetch, Hooks, OnError, Options, Outcome, Rehearse,
    ResultShown, SeedShown, Seeds, choose,
};

/// How many templates are kept in a server.
const TEMPLATES: usize = 4;

/// Between two looks at who is connected.
const PAUSE: Duration = Duration::from_millis(50);

/// What a database is filled with.
#[derive(Clone, Debug)]
pub(crate) struct Fill {
    /// The database, which is not there yet.
    pub(crate) database: String,
    /// Whether seed files run.
    pub(crate) seeds: Seeds,
    /// The command, for the journal.
    pub(crate) command: &'static str,
    /// The person's wish to stop.
    pub(crate) interrupt: Interrupt,
}

/// How a database was filled.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// How many migrations came with a template.
    pub(crate) copied: usize,
    /// How many ran.
    pub(crate) replayed: usize,
    /// The seed files, where they were asked for.
    pub(crate) seeds: Vec<SeedShown>,
    /// What a person should know.
    pub(crate) remarks: Vec<String>,
    /// What went wrong.
    pub(crate) failures: Vec<Error>,
}

/// Makes a database in which all migrations ran.
pub(crate) async fn fill(
    dev: &Dev<'_>,
    server: &Server,
    fill: &Fill,
    events: &mut dyn Events,
) -> Result<Filled, Error> {
    let chain = Chain::of(dev, server)?;
    let all = server.databases().await?;
    let mut filled =
        Filled { copied: begin(dev, server, fill, &chain, &all).await?, ..Filled::default() };
    if chain.migrations.is_empty() {
        return Ok(filled);
    }
    let of = chain.migrations.len();
    // What people edit, and run again, runs on a template of all before it.
    if let Some(fixed) = chain.fixed().filter(|fixed| filled.copied < *fixed) {
        up(dev, server, fill, Some(fixed - filled.copied), &mut filled, events).await?;
        if filled.failures.is_empty() {
            keep(dev, server, fill, &chain, fixed, events).await?;
        }
    }
    if filled.failures.is_empty() && filled.copied + filled.replayed < of {
        up(dev, server, fill, None, &mut filled, events).await?;
        if filled.failures.is_empty() {
            keep(dev, server, fill, &chain, of, events).await?;
        }
    }
    if filled.failures.is_empty() && fill.seeds == Seeds::Wanted {
        up(dev, server, fill, None, &mut filled, events).await?;
    }
    Ok(filled)
}

/// What makes a project's database, step by step.
struct Chain {
    lineage: Lineage,
    migrations: Vec<Migration>,
}

impl Chain {
    fn of(dev: &Dev<'_>, server: &Server) -> Result<Self, Error> {
        let read = histories::read(dev.workspace, &dev.outlines)?;
        let migrations = choose::whole(&dev.outlines, &read)?;
        let mut lineage = Lineage::of(dev.base());
        let ledger = &dev.workspace.config().ledger;
        let baseline = dev.presumed.map(|presumed| presumed.baseline.identity(server.major()));
        let begin = format!(
            "{} {} {} {} {}",
            env!("CARGO_PKG_VERSION"),
            server.version(),
            ledger.schema.as_deref().unwrap_or_default(),
            ledger.journal,
            baseline.unwrap_or_default(),
        );
        lineage.add(begin.as_bytes());
        for one in &migrations {
            let down = one.down.as_ref().map(|down| down.fingerprint.as_str());
            let parts =
                [&one.history, &one.key, &one.id, &one.checksum.bytes, &one.checksum.header];
            let mut step: String = parts.map(|part| format!("{part}\0")).concat();
            step.push_str(down.unwrap_or_default());
            lineage.add(step.as_bytes());
        }
        Ok(Self { lineage, migrations })
    }

    /// How many of the migrations come before what is edited: the repeatable ones, or else the last.
    fn fixed(&self) -> Option<usize> {
        let is_repeatable = |one: &Migration| one.repeatable;
        let first = self.migrations.iter().position(is_repeatable);
        let fixed = first.unwrap_or_else(|| self.migrations.len().saturating_sub(1));
        let rest = &self.migrations[fixed..];
        // Several histories may have some in between, which no count of migrations leads to.
        (first.is_none() || rest.iter().all(is_repeatable)).then_some(fixed)
    }

    /// The name of the template in which so many migrations ran.
    fn template(&self, count: usize) -> String {
        format!("whimbrel_template_{}", self.lineage.keys()[count])
    }
}

/// Makes the database from the template with the most of the migrations, or else an empty one.
/// Answers how many ran in it.
async fn begin(
    dev: &Dev<'_>,
    server: &Server,
    fill: &Fill,
    chain: &Chain,
    all: &[DatabaseFacts],
) -> Result<usize, Error> {
    let noted = |count: &usize| {
        let name = chain.template(*count);
        let facts = all.iter().find(|facts| facts.name == name)?;
        match &facts.note {
            Some(note @ Note::Template { .. }) => Some((*count, name, note.clone())),
            Some(Note::Branch { .. }) | None => None,
        }
    };
    let best = (1..=chain.migrations.len()).rev().find_map(|count| noted(&count));
    if let Some((count, template, Note::Template { key, comment, .. })) = best {
        server.copy_database(&template, &fill.database).await?;
        if let Some(comment) = &comment {
            server.comment_as(&fill.database, comment).await?;
        }
        let note = Note::Template { key, used: now(dev), comment };
        server.annotate(&template, &note).await?;
        return Ok(count);
    }
    let target = server.create_database(&fill.database, Template::Empty).await?;
    if let Some(presumed) = dev.presumed {
        let mut session = Session::connect(&target, APPLICATION).await?;
        presumed.ensure(&mut session, server.major()).await?;
        session.close().await;
    }
    Ok(0)
}

/// Keeps the database as the template of so many migrations.
async fn keep(
    dev: &Dev<'_>,
    server: &Server,
    fill: &Fill,
    chain: &Chain,
    count: usize,
    events: &mut dyn Events,
) -> Result<(), Error> {
    alone(server, &fill.database, dev.workspace.config().timeouts.wait.0, events).await?;
    let comment = server.comment_of(&fill.database).await?;
    let key = chain.lineage.keys()[count].clone();
    let note = Note::Template { key, used: now(dev), comment };
    server.keep_template(&fill.database, &chain.template(count), &note, TEMPLATES).await?;
    Ok(())
}

fn now(dev: &Dev<'_>) -> u64 {
    u64::try_from(dev.workspace.surroundings().clock.now().as_second()).unwrap_or_default()
}

/// Runs what is pending, or so many of it. A role that an earlier run made, and that belongs to
/// nothing any more, goes when its migration wants to make it again: roles belong to the server, and
/// stay when a database goes.
async fn up(
    dev: &Dev<'_>,
    server: &Server,
    fill: &Fill,
    count: Option<usize>,
    filled: &mut Filled,
    events: &mut dyn Events,
) -> Result<(), Error> {
    let mut tried = BTreeSet::new();
    let wish = Wish { count, ..Wish::default() };
    let mut left = count;
    loop {
        let aim = Aim::Up(Wish { count: left, ..wish.clone() });
        let options = options(fill, if count.is_none() { fill.seeds } else { Seeds::Unwanted });
        let report = Box::pin(run::run(dev.workspace, &aim, &options, events)).await?;
        let done = report.migrations.iter().filter(|one| one.result == ResultShown::Done).count();
        filled.replayed += done;
        left = left.map(|left| left.saturating_sub(done));
        filled.remarks.extend(report.remarks);
        filled.remarks.dedup();
        filled.seeds = report.seeds;
        let Outcome::Failed = report.outcome else {
            filled.failures = report.failures;
            return Ok(());
        };
        if let Some(role) = report.failures.iter().find_map(role_in_the_way)
            && tried.insert(role.clone())
            && !is_presumed(dev, server, &role)
            && server.drop_role(&role).await?
        {
            filled.remarks.push(format!("role `{role}` of an earlier run was dropped"));
            continue;
        }
        filled.failures = report.failures;
        return Ok(());
    }
}

fn is_presumed(dev: &Dev<'_>, server: &Server, role: &str) -> bool {
    dev.presumed.is_some_and(|presumed| presumed.baseline.names(server.major(), role))
}

/// The role that a migration wanted to make and that is there.
fn role_in_the_way(error: &Error) -> Option<String> {
    let Error::Migration(error) = error else { return None };
    let Cause::Server(error) = &error.source.cause else { return None };
    let name = error.message.strip_prefix("role \"")?.strip_suffix("\" already exists")?;
    (error.code == "42710").then(|| name.to_owned())
}

fn options(fill: &Fill, seeds: Seeds) -> Options {
    let database = DatabaseOptions {
        dev: true,
        dev_database: Some(fill.database.clone()),
        ..DatabaseOptions::default()
    };
    Options {
        place: Where { database, history: None, shadow_url: None },
        depth: Depth::Run,
        consent: Consent::Given,
        on_error: OnError::Stop,
        allowed: Allowed::default(),
        seeds,
        hooks: Hooks::Unwanted,
        rehearse: Rehearse::Never,
        fetch: Fetch::Forbidden,
        waiting: None,
        retry_for: None,
        command: fill.command.to_owned(),
        interrupt: fill.interrupt.clone(),
        watched: false,
    }
}

/// Waits until no other Whimbrel is at work in a database.
pub(crate) async fn alone(
    server: &Server,
    database: &str,
    patience: Duration,
    events: &mut dyn Events,
) -> Result<(), Error> {
    let since = Instant::now();
    let mut told = false;
    loop {
        let connected = server.connected(database).await?;
        let Some(Connected { pid, application, .. }) =
            connected.into_iter().find(Connected::is_whimbrel)
        else {
            return Ok(());
        };
        if since.elapsed() > patience {
            return Err(Error::Refused {
                code: Code::ANOTHER_AT_WORK,
                message: format!(
                    "another Whimbrel is at work in `{database}`: {application}, pid {pid}"
                ),
                hints: vec!["let it end, or end it, and try again".to_owned()],
            });
        }
        if !told && since.elapsed() > Duration::from_secs(1) {
            let what = format!("another Whimbrel in `{database}`: {application}, pid {pid}");
            events.on(Event::Waiting { what });
            told = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
