//! Hears what the server says while migrations and hooks run, for the report.

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::{Event, Events as Watch};

use crate::events::{Answer, Events, Question};
use crate::mask;
use crate::wire::MigrationShown;

/// How many the report has.
const MOST: usize = 200;

/// How many characters of one.
const LONGEST: usize = 2000;

/// Something that the server said: `raise notice`, a table that is there already …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoticeShown {
    /// The migration or hook that was under way.
    pub during: Option<String>,
    /// `notice`, `warning`, `info` …
    pub severity: String,
    /// What was said, secrets covered.
    pub message: String,
}

/// Somebody who watches, and what the server said meanwhile.
pub(super) struct Hearing<'a> {
    to: &'a mut dyn Events,
    during: Option<String>,
    /// The first of them.
    pub(super) notices: Vec<NoticeShown>,
    /// How many there were beyond those.
    pub(super) more: usize,
}

impl<'a> Hearing<'a> {
    pub(super) fn new(to: &'a mut dyn Events) -> Self {
        Self { to, during: None, notices: Vec::new(), more: 0 }
    }
}

impl Watch for Hearing<'_> {
    fn on(&mut self, event: Event) {
        match &event {
            Event::Started { migration, .. } | Event::Step { migration, .. } => {
                self.during = Some(migration.clone());
            }
            Event::Notice { .. } if self.notices.len() == MOST => self.more += 1,
            Event::Notice { severity, message } => {
                let message: String = mask(message).chars().take(LONGEST).collect();
                let (during, severity) = (self.during.clone(), severity.to_lowercase());
                self.notices.push(NoticeShown { during, severity, message });
            }
            _ => {}
        }
        self.to.on(event);
    }

    fn go_on(&mut self, migration: &str, error: &str) -> bool {
        self.to.go_on(migration, error)
    }
}

impl Events for Hearing<'_> {
    fn planned(&mut self, count: usize) {
        self.to.planned(count);
    }

    fn loses(&mut self, migrations: &[MigrationShown]) {
        self.to.loses(migrations);
    }

    fn hook_begins(&mut self, hook: &str, what: &str) {
        self.during = Some(what.to_owned());
        self.to.hook_begins(hook, what);
    }

    fn hook_says(&mut self, line: &str) {
        self.to.hook_says(line);
    }

    fn ask(&mut self, question: &Question<'_>) -> Answer {
        self.to.ask(question)
    }
}
