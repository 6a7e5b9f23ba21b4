//! A project in a test's hand: migrations by their text, run against a database of the test's own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use whimbrel_engine::journal::Runner;
use whimbrel_engine::lock::{LockKey, Wait};
use whimbrel_engine::run::{
    Announce, Direction, Enter, EnterError, Needed, OnError, Options, Report, Work, enter, run,
};
use whimbrel_engine::state::{self, State, Wanted};
use whimbrel_engine::wire::{Answer, Session};
use whimbrel_engine::{Event, Events, Interrupt, Target};
use whimbrel_history::ledgers::{self, Ledger};
use whimbrel_history::{Checksum, Definition, Directives, Migration, Section, Status};
use whimbrel_testkit::{Database, Server};

/// Migrations and how to run them.
pub(crate) struct Project {
    pub(crate) target: Target,
    pub(crate) migrations: Vec<Definition>,
    pub(crate) options: Options,
    pub(crate) interrupt: Interrupt,
    pub(crate) wait: Wait,
    pub(crate) ledger: &'static dyn Ledger,
}

/// A database of the test's own on a shared server of version 17.
pub(crate) async fn database() -> Database {
    Server::shared(17).await.database().await
}

/// What happened, in order.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Vec<Event>);

impl Events for Heard {
    fn on(&mut self, event: Event) {
        self.0.push(event);
    }
}

impl Project {
    pub(crate) fn new(target: &Target) -> Self {
        let runner = Runner {
            command: "up".to_owned(),
            os_user: "tester".to_owned(),
            host: "here".to_owned(),
            version: "0".to_owned(),
        };
        Self {
            target: target.clone(),
            migrations: Vec::new(),
            options: Options {
                runner,
                application: "whimbrel test".to_owned(),
                lock_timeout: "500ms".to_owned(),
                statement_timeout: None,
                announce: Announce::Migrations,
                retry_for: Duration::from_secs(20),
                on_error: OnError::Stop,
                journal: true,
                allow_rerun: false,
                direct: None,
                mask: str::to_owned,
            },
            interrupt: Interrupt::default(),
            wait: Wait::For(Duration::from_mins(1)),
            ledger: ledgers::ALL[0],
        }
    }

    /// Adds a migration with an up script.
    pub(crate) fn with(mut self, id: &str, up: &str) -> Self {
        self.migrations.push(definition(id, up, None));
        self
    }

    /// Adds a migration with both scripts.
    pub(crate) fn with_down(mut self, id: &str, up: &str, down: &str) -> Self {
        self.migrations.push(definition(id, up, Some(down)));
        self
    }

    pub(crate) fn key(&self) -> LockKey {
        LockKey::new(self.ledger.name(), self.ledger.lock_keys())
    }

    pub(crate) fn pending(&self, state: &State) -> Vec<Work> {
        let applied: BTreeSet<&str> = state.ledgers[0]
            .entries
            .iter()
            .filter(|entry| entry.status == Status::Completed)
            .map(|entry| entry.id.as_str())
            .collect();
        self.migrations
            .iter()
            .filter(|definition| !applied.contains(definition.migration.id.as_str()))
            .map(|definition| work(definition, Direction::Up))
            .collect()
    }

    /// Enters a run and runs what is pending; `None` where another run did everything.
    pub(crate) async fn try_up(
        &self,
        events: &mut (dyn Events + Send),
    ) -> Result<Option<Report>, EnterError> {
        let ledgers = [(self.ledger, None)];
        let wanted = Wanted { ledgers: &ledgers, last_applied: false, tools: None, sealed: false };
        let mut session = Session::connect(&self.target, "whimbrel test").await?;
        state::read(&mut session, wanted).await?;
        let enter_with = Enter {
            target: &self.target,
            application: "whimbrel test",
            key: self.key(),
            wait: self.wait,
            wanted,
            interrupt: &self.interrupt,
        };
        let mut is_done = |state: &State| self.pending(state).is_empty();
        let entered = enter(&enter_with, session, &mut is_done, events).await?;
        let Some(entered) = entered else { return Ok(None) };
        let works = self.pending(&entered.state);
        Ok(Some(run(entered, &self.target, &works, &self.options, &self.interrupt, events).await))
    }

    /// Undoes the given migrations, in that order.
    pub(crate) async fn down(&self, ids: &[&str]) -> Report {
        let ledgers = [(self.ledger, None)];
        let wanted = Wanted { ledgers: &ledgers, last_applied: false, tools: None, sealed: false };
        let session = Session::connect(&self.target, "whimbrel test").await.unwrap();
        let enter_with = Enter {
            target: &self.target,
            application: "whimbrel test",
            key: self.key(),
            wait: self.wait,
            wanted,
            interrupt: &self.interrupt,
        };
        let events = &mut Heard::default();
        let entered = enter(&enter_with, session, &mut |_| false, events).await.unwrap().unwrap();
        let works: Vec<Work> = ids
            .iter()
            .filter_map(|id| self.migrations.iter().find(|it| it.migration.id == *id))
            .map(|definition| work(definition, Direction::Down))
            .collect();
        run(entered, &self.target, &works, &self.options, &self.interrupt, events).await
    }

    pub(crate) async fn up(&self) -> Report {
        self.try_up(&mut Heard::default())
            .await
            .expect("the run can be entered")
            .expect("nobody else runs")
    }

    /// The ids that the ledger has as applied.
    pub(crate) async fn applied(&self) -> Vec<String> {
        let ledgers = [(self.ledger, None)];
        let wanted = Wanted { ledgers: &ledgers, last_applied: false, tools: None, sealed: false };
        let mut session = Session::connect(&self.target, "whimbrel test").await.unwrap();
        let state = state::read(&mut session, wanted).await.unwrap();
        let mut ids: Vec<String> = state.ledgers[0]
            .entries
            .iter()
            .filter(|entry| entry.status == Status::Completed)
            .map(|entry| entry.id.clone())
            .collect();
        ids.sort();
        ids
    }
}

/// One value, asked of the database itself.
pub(crate) async fn ask(target: &Target, sql: &str) -> String {
    let mut session = Session::connect(target, "whimbrel test judge").await.unwrap();
    let answers = session.simple(sql).await.unwrap();
    let value = answers.last().and_then(Answer::value).unwrap_or("null").to_owned();
    session.close().await;
    value
}

pub(crate) fn work(definition: &Definition, direction: Direction) -> Work {
    let text = match direction {
        Direction::Up => &definition.up,
        Direction::Down => definition.down.as_ref().unwrap(),
    };
    let history = Arc::from(definition.migration.history.as_str());
    let needs = definition.migration.depends_on.iter();
    let needs =
        needs.map(|id| Needed { history: Arc::clone(&history), id: Some(id.clone()) }).collect();
    Work {
        script: text.script().unwrap().unwrap(),
        definition: definition.clone(),
        direction,
        ledger: 0,
        again: false,
        seed: None,
        after: needs,
        stand_ins: false,
        lines_above: 0,
    }
}

pub(crate) fn definition(id: &str, up: &str, down: Option<&str>) -> Definition {
    let section = |text: &str| Section {
        path: format!("migrations/{id}.sql").into(),
        span: 0..text.len(),
        fingerprint: whimbrel_sql::fingerprint(text),
    };
    let migration = Migration {
        history: "plain".to_owned(),
        key: format!("plain:{id}"),
        id: id.to_owned(),
        version: None,
        name: id.to_owned(),
        description: None,
        kind: None,
        path: format!("migrations/{id}.sql").into(),
        depends_on: Vec::new(),
        repeatable: false,
        up: section(up),
        down: down.map(section),
        checksum: Checksum {
            text: "0".repeat(64),
            bytes: "0".repeat(64),
            header: "0".repeat(64),
            statements: None,
        },
        directives: Directives::default(),
    };
    Definition { migration, up: up.into(), down: down.map(Into::into) }
}
