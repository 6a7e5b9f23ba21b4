//! Proves a plan: the old state is built in the shadow, the plan is run there, and what comes of
//! it is read and compared with the new state.

use std::collections::BTreeSet;

use whimbrel_catalog::{Catalog, Delta, Plan, PlanError, deltas, plan};
use whimbrel_sql::{Ident, position, split};

use crate::Events;
use crate::read::{CatalogError, catalog};
use crate::shadow::{Baseline, Server, Shadow, ShadowError, ShadowOptions, Template};
use crate::wire::{ConnectError, Failure, Session};

/// A shadow in which states are built and plans are tried.
pub struct Laboratory {
    server: Server,
    made: usize,
    /// What every database begins with, and the name of the one that has just that.
    baseline: Option<(Baseline, Option<String>)>,
    /// Leaves out of a state what is no business of a plan.
    scope: Scope,
}

/// Leaves out of a state what is no business of a plan.
pub type Scope = fn(Catalog) -> Catalog;

/// What came of a proof.
#[derive(Debug)]
pub enum Verdict {
    /// The plan leads from the old state to the new one.
    Proved,
    /// It leads elsewhere: what differs from the new state.
    Differs(Vec<Delta>),
    /// A step is refused.
    Refused {
        /// The step's number, from 0.
        step: usize,
        /// What the server says.
        failure: Failure,
    },
    /// The old state cannot be built there.
    NotBuilt {
        /// Why.
        because: String,
    },
}

/// A statement of a script that the server refuses.
#[derive(Debug)]
pub struct RefusedSql {
    /// The script's path.
    pub path: String,
    /// The line on which the statement begins.
    pub line: usize,
    /// What the server says.
    pub message: String,
}

/// A laboratory that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LaboratoryError {
    /// There is no shadow.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
    /// It cannot be connected to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It was lost.
    #[error("work in the shadow")]
    Lost(#[from] Failure),
    /// A state in it cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// No plan builds the state.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Laboratory {
    /// Starts a throw-away server.
    pub async fn open(
        options: &ShadowOptions,
        major: u16,
        scope: Scope,
        events: &mut dyn Events,
    ) -> Result<Self, LaboratoryError> {
        let server = Shadow::start(options, major, events).await?;
        let baseline = options.baseline.map(|baseline| (baseline, None));
        Ok(Self { server, made: 0, baseline, scope })
    }

    /// Where it came from, for people.
    pub fn described(&self) -> &str {
        self.server.described()
    }

    /// A database of its own in which nothing is but the baseline.
    async fn database(&mut self) -> Result<Session, LaboratoryError> {
        self.made += 1;
        let name = format!("laboratory_{}", self.made);
        let Some((baseline, made)) = &mut self.baseline else {
            return connect(&self.server, &name, Template::Empty).await;
        };
        if made.is_none() {
            let first = "laboratory_0";
            let mut session = connect(&self.server, first, Template::Empty).await?;
            baseline.set_up(&mut session, self.server.major()).await?;
            session.close().await;
            *made = Some(first.to_owned());
        }
        connect(&self.server, &name, made.as_deref().map_or(Template::Empty, Template::Copy)).await
    }

    /// What is in a database.
    async fn state(&self, session: &mut Session) -> Result<Catalog, LaboratoryError> {
        Ok((self.scope)(catalog(session).await?))
    }

    /// Builds a state in a new database, as the role that had it.
    async fn build(
        &self,
        session: &mut Session,
        state: &Catalog,
        roles: &BTreeSet<String>,
    ) -> Result<Built, LaboratoryError> {
        for role in roles {
            let role = Ident(role);
            // It may be there: the shadow's own, or an earlier database's.
            let made = session.simple(&format!("create role {role} superuser")).await;
            if let Err(failure) = made
                && failure.is_lost()
            {
                return Err(failure.into());
            }
        }
        session.simple(&format!("set session authorization {}", Ident(&state.role))).await?;
        session.simple("set check_function_bodies = off").await?;
        let empty = self.state(session).await?;
        for planned in plan(&empty, state)?.steps {
            let text = planned.step.to_string();
            if let Err(failure) = session.simple(&text).await {
                if failure.is_lost() {
                    return Err(failure.into());
                }
                return Ok(Built::Not(format!("`{}`: {failure}", first_line(&text))));
            }
        }
        let left = deltas(&self.state(session).await?, state);
        let left = left.into_iter().find(|delta| !is_order_only(delta));
        Ok(left
            .map_or(Built::Made, |delta| Built::Not(format!("{} comes out otherwise", delta.id))))
    }

    /// Builds the state that scripts make, each with its path, whatever order they stand in.
    pub async fn make(
        &mut self,
        scripts: &[(&str, &str)],
    ) -> Result<Result<Catalog, RefusedSql>, LaboratoryError> {
        let mut session = self.database().await?;
        if let Err(refused) = load(&mut session, scripts).await? {
            return Ok(Err(refused));
        }
        let state = self.state(&mut session).await?;
        session.close().await;
        Ok(Ok(state))
    }

    /// Tries a plan that was made for these two states.
    pub async fn prove(
        &mut self,
        old: &Catalog,
        new: &Catalog,
        tried: &Plan,
    ) -> Result<Verdict, LaboratoryError> {
        let mut session = self.database().await?;
        match self.build(&mut session, old, &roles(&[old, new])).await? {
            Built::Made => {}
            Built::Not(because) => return Ok(Verdict::NotBuilt { because }),
        }
        for (number, planned) in tried.steps.iter().enumerate() {
            if let Err(failure) = session.simple(&planned.step.to_string()).await {
                if failure.is_lost() {
                    return Err(failure.into());
                }
                return Ok(Verdict::Refused { step: number, failure });
            }
        }
        let left = deltas(&self.state(&mut session).await?, new);
        session.close().await;
        let left: Vec<Delta> = left.into_iter().filter(|delta| !is_order_only(delta)).collect();
        Ok(if left.is_empty() { Verdict::Proved } else { Verdict::Differs(left) })
    }
}

/// Makes a database and connects to it.
async fn connect(
    server: &Server,
    name: &str,
    template: Template<'_>,
) -> Result<Session, LaboratoryError> {
    let target = server.create_database(name, template).await?;
    Ok(Session::connect(&target, "whimbrel shadow").await?)
}

/// Runs scripts statement by statement. What needs something that is not there yet is put aside,
/// and tried again as long as that helps.
async fn load(
    session: &mut Session,
    scripts: &[(&str, &str)],
) -> Result<Result<(), RefusedSql>, LaboratoryError> {
    session.simple("set check_function_bodies = off").await?;
    let mut left: Vec<(&str, usize, String)> = Vec::new();
    for (path, text) in scripts {
        let script = match split(text) {
            Ok(script) => script,
            Err(error) => {
                let line = position(text, error.span().start).line;
                return Ok(Err(RefusedSql {
                    path: (*path).to_owned(),
                    line,
                    message: error.to_string(),
                }));
            }
        };
        for statement in script.statements.iter() {
            let line = position(text, statement.span.start).line;
            left.push((path, line, text[statement.span].to_owned()));
        }
    }
    loop {
        let before = left.len();
        let mut aside = Vec::new();
        let mut refused = None;
        for (path, line, sql) in left {
            match session.simple(&sql).await {
                Ok(_) => {}
                Err(failure) if failure.is_lost() => return Err(failure.into()),
                Err(failure) => {
                    let message = said(&failure);
                    let refusal = RefusedSql { path: path.to_owned(), line, message };
                    if !lacks_something(&failure) {
                        return Ok(Err(refusal));
                    }
                    refused.get_or_insert(refusal);
                    aside.push((path, line, sql));
                }
            }
        }
        match refused {
            None => return Ok(Ok(())),
            Some(refused) if aside.len() == before => return Ok(Err(refused)),
            Some(_) => left = aside,
        }
    }
}

/// Whether a statement may be accepted once another has run.
fn lacks_something(failure: &Failure) -> bool {
    const MISSING: &[&str] = &["42P01", "42883", "42704", "42703", "3F000"];
    matches!(failure, Failure::Server { error, .. } if MISSING.contains(&error.code.as_str()))
}

fn said(failure: &Failure) -> String {
    match failure {
        Failure::Server { error, .. } => error.message.clone(),
        other => other.to_string(),
    }
}

/// Whether nothing but the order of columns differs, which no plan changes.
fn is_order_only(delta: &Delta) -> bool {
    matches!(&delta.change, whimbrel_catalog::Change::Altered(what) if what.iter().all(|each| *each == "order"))
}

enum Built {
    Made,
    Not(String),
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Every role that a state knows of.
fn roles(states: &[&Catalog]) -> BTreeSet<String> {
    let mut roles = BTreeSet::new();
    for state in states {
        roles.insert(state.role.clone());
        roles.extend(state.roles());
    }
    roles.retain(|role| !role.is_empty() && !role.starts_with("pg_"));
    roles
}
