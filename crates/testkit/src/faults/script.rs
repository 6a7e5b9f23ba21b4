//! What a fault walk runs, and how the database is asked what took.

/// A project of plain migrations, and how to count what each of them did.
#[derive(Clone, Debug)]
pub struct Script {
    /// What it shows, as a heading.
    pub name: &'static str,
    /// What is in the database before its first run.
    pub before: &'static str,
    /// Its migrations in their order.
    pub migrations: Vec<Scripted>,
}

/// A migration of a [`Script`].
#[derive(Clone, Debug)]
pub struct Scripted {
    /// Its id, which is its file's name without the ending.
    pub id: &'static str,
    /// Its text.
    pub sql: String,
    /// How it is run.
    pub course: Course,
}

/// How a migration is run, with what each part of it does.
#[derive(Clone, Debug)]
pub enum Course {
    /// In one transaction with its entry.
    Whole(Effect),
    /// Step by step.
    Steps(Vec<Step>),
}

/// A step, by what its outcome is tied to.
#[derive(Clone, Debug)]
pub enum Step {
    /// Commits together with its intent's outcome.
    Together(Effect),
    /// Stands alone, and the catalog tells whether it took.
    Alone(Effect),
    /// Stands alone and commits a part of its work at a time; may run again.
    Repeatable(Effect),
    /// Likewise, and nothing tells how far it came: it must not run again unasked.
    Unknowable(Effect),
}

/// What a part of a migration does, as something that can be counted.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// A query for a number: zero before, and zero where a table of it is missing.
    pub count: &'static str,
    /// The number after it ran once. Zero stands for nothing that can be counted.
    pub once: i64,
}

impl Effect {
    /// Something that leaves no trace, as `vacuum`.
    pub(super) const TRACELESS: Self = Self { count: "select 0", once: 0 };
}

impl Scripted {
    /// Its effects, one for each step.
    pub fn effects(&self) -> Vec<Effect> {
        match &self.course {
            Course::Whole(effect) => vec![*effect],
            Course::Steps(steps) => steps.iter().map(Step::effect).collect(),
        }
    }
}

impl Step {
    /// What it does.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Together(effect)
            | Self::Alone(effect)
            | Self::Repeatable(effect)
            | Self::Unknowable(effect) => *effect,
        }
    }
}
