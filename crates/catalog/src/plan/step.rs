//! One SQL statement of a plan.

use crate::Id;

/// One SQL statement of a plan, or a part of one that may be joined with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it says.
    pub sql: Sql,
    /// What it may stand in instead of standing alone.
    pub inline: Option<Inline>,
    /// Where it can run.
    pub mode: Mode,
    /// Whether it evaluates what people wrote over rows, so that all it calls must be there.
    pub evaluates: bool,
    /// What can go wrong with it.
    pub hazards: Vec<Hazard>,
}

/// What a step says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sql {
    /// A whole statement, without its semicolon.
    Whole(String),
    /// `alter table t`, and one of the actions that it can take with others.
    Action {
        /// Up to the first action.
        head: String,
        /// The action.
        action: String,
    },
    /// A statement that makes something of parts in parentheses.
    Create {
        /// Up to the parenthesis.
        head: String,
        /// The parts, in an order that [`Inline`] parts join.
        parts: Vec<String>,
        /// After it.
        tail: String,
    },
}

/// How a step may stand within the step that makes something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inline {
    /// What is made by the other.
    pub into: Id,
    /// What it is there.
    pub text: String,
    /// Whether it stands in a line of its own.
    pub place: Place,
}

/// Where in another step a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// As one of its parts; those with a smaller number come first.
    Part(usize),
    /// At its end.
    End,
}

/// Where a step can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// In a transaction with others.
    Any,
    /// In a transaction that must be committed before what it made is used.
    CommitAfter,
    /// In none.
    Alone,
}

/// What can go wrong with a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hazard {
    /// Of which sort it is.
    pub kind: HazardKind,
    /// In words.
    pub text: String,
}

/// The sorts of hazards, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HazardKind {
    /// Rows, or values in them, are lost.
    DataLoss,
    /// It may be refused, as by rows that are not as it wants them.
    MayFail,
    /// What is made anew is not there for a moment, or forgets what only it knew.
    Gap,
}

impl Step {
    /// A whole statement.
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: Sql::Whole(sql.into()),
            inline: None,
            mode: Mode::Any,
            evaluates: false,
            hazards: Vec::new(),
        }
    }

    /// One action of an `alter`.
    pub fn action(head: impl Into<String>, action: impl Into<String>) -> Self {
        let sql = Sql::Action { head: head.into(), action: action.into() };
        Self { sql, ..Self::new("") }
    }

    /// Where it may stand instead.
    #[must_use]
    pub fn within(self, into: Id, place: Place, text: impl Into<String>) -> Self {
        Self { inline: Some(Inline { into, text: text.into(), place }), ..self }
    }

    /// That it evaluates expressions over rows.
    #[must_use]
    pub fn evaluating(self) -> Self {
        Self { evaluates: true, ..self }
    }

    /// Where it can run.
    #[must_use]
    pub fn in_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// What can go wrong.
    #[must_use]
    pub fn with_hazard(mut self, kind: HazardKind, text: impl Into<String>) -> Self {
        self.hazards.push(Hazard { kind, text: text.into() });
        self
    }
}

/// As it is run, without the semicolon at its end.
impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.sql {
            Sql::Whole(text) => f.write_str(text),
            Sql::Action { head, action } => write!(f, "{head} {action}"),
            Sql::Create { head, parts, tail } => {
                f.write_str(head)?;
                if parts.is_empty() {
                    f.write_str(" ()")?;
                } else {
                    write!(f, " (\n    {}\n)", parts.join(",\n    "))?;
                }
                f.write_str(tail)
            }
        }
    }
}
