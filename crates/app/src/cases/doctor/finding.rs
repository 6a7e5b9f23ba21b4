//! What doctor says: one finding a check, or several.

use schemars::JsonSchema;
use serde::Serialize;

use crate::catalogue::Code;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// It will hurt in some cases.
    Warning,
    /// It hurts already.
    Trouble,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Trouble => "trouble",
        }
    }
}

/// What findings are about, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// The files of the project.
    Project,
    /// The way to the database.
    Connection,
    /// The server.
    Server,
    /// The role that we are there.
    Role,
    /// What is in the database.
    Database,
    /// What records the migrations.
    Ledgers,
}

impl Group {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Connection => "connection",
            Self::Server => "server",
            Self::Role => "role",
            Self::Database => "database",
            Self::Ledgers => "ledgers",
        }
    }
}

/// What a check is, for findings and for the page about it.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name in JSON.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// What is looked at.
    pub looks_at: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub cure: &'static str,
}

/// Something that was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The check.
    pub check: &'static str,
    /// What it is about.
    pub group: Group,
    /// How much it matters.
    pub severity: Severity,
    /// What is so, in one sentence.
    pub what: String,
    /// What shows it.
    pub evidence: Vec<String>,
    /// What to do, a sentence each.
    pub cure: Vec<String>,
    /// Statements that do it.
    pub sql: Vec<String>,
    /// The id in the catalogue of errors, where another command would end with that error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
}

impl About {
    /// A finding of this check.
    pub(super) fn finding(&self, severity: Severity, what: impl Into<String>) -> Finding {
        Finding {
            check: self.id,
            group: self.group,
            severity,
            what: crate::mask(&what.into()),
            evidence: Vec::new(),
            code: None,
            cure: Vec::new(),
            sql: Vec::new(),
        }
    }

    /// That all is as it should be.
    pub(super) fn ok(&self, what: impl Into<String>) -> Finding {
        self.finding(Severity::Ok, what)
    }

    /// Something worth knowing.
    pub(super) fn note(&self, what: impl Into<String>) -> Finding {
        self.finding(Severity::Note, what)
    }

    /// Something that will hurt in some cases.
    pub(super) fn warning(&self, what: impl Into<String>) -> Finding {
        self.finding(Severity::Warning, what)
    }

    /// Something that hurts already.
    pub(super) fn trouble(&self, what: impl Into<String>) -> Finding {
        self.finding(Severity::Trouble, what)
    }
}

impl Finding {
    /// With something that shows it.
    #[must_use]
    pub(super) fn shown_by(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(crate::mask(&evidence.into()));
        self
    }

    /// With something to do.
    #[must_use]
    pub(super) fn cured_by(mut self, cure: impl Into<String>) -> Self {
        self.cure.push(crate::mask(&cure.into()));
        self
    }

    /// As an error of the catalogue.
    #[must_use]
    pub(super) fn known_as(mut self, code: &Code) -> Self {
        self.code = Some(code.id);
        self
    }

    /// With a statement that does it.
    #[must_use]
    pub(super) fn with_sql(mut self, sql: impl Into<String>) -> Self {
        self.sql.push(sql.into());
        self
    }
}

/// A length of time in the largest unit that fits: `3 min`.
pub(super) fn ago(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A size in the largest unit that fits: `1200 MB`.
pub(super) fn size(bytes: i64) -> String {
    match bytes {
        ..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        10_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}
