//! Says what an error means: its page of the catalogue, or the list of all.

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_history::nearest;

use crate::cases::{Case, Database};
use crate::catalogue::{self, AREAS, Code, RAISED, Raised};
use crate::error::Error;
use crate::wire::VERSION;

/// This use case.
pub const CASE: Case = Case { name: "explain", database: Database::Untouched };

/// What to explain.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The id, as a person types it; `None` is all of them.
    pub id: Option<String>,
}

/// Errors of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// By what they are about.
    pub areas: Vec<AreaShown>,
    /// Those that a script raises which somebody else runs.
    pub raised: Vec<RaisedShown>,
}

/// Errors about the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AreaShown {
    /// What they are about.
    pub title: &'static str,
    /// They.
    pub errors: Vec<CodeShown>,
}

/// An error of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CodeShown {
    /// Its id.
    pub code: &'static str,
    /// The exit code.
    pub exit_code: u8,
    /// The word for it.
    pub exit: &'static str,
    /// What happened.
    pub title: &'static str,
    /// How that comes about.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
    /// What its message looks like.
    pub example: &'static str,
}

/// An error that a script raises in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RaisedShown {
    /// Its SQLSTATE.
    pub code: &'static str,
    /// What happened.
    pub title: &'static str,
    /// How that comes about.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
    /// What its message looks like.
    pub example: &'static str,
}

impl RaisedShown {
    fn new(raised: &Raised) -> Self {
        let Raised { code, title, cause, cure, example } = *raised;
        Self { code, title, cause, cure, example }
    }
}

impl CodeShown {
    fn new(code: &Code) -> Self {
        let Code { id, exit, title, cause, cure, example } = *code;
        Self { code: id, exit_code: exit.code(), exit: exit.name(), title, cause, cure, example }
    }
}

/// Explains one, or lists all. It needs no project, so that no broken one keeps it from answering.
pub fn explain(options: &Options) -> Result<Report, Error> {
    let wanted = options.id.as_deref();
    let code = wanted.and_then(catalogue::find);
    let raised = wanted.and_then(catalogue::find_raised);
    if let Some(id) = wanted
        && code.is_none()
        && raised.is_none()
    {
        return Err(unknown(id));
    }
    let areas = AREAS.iter().map(|area| {
        let codes = area.codes.iter();
        let errors = codes.filter(|one| wanted.is_none() || code == Some(**one));
        AreaShown { title: area.title, errors: errors.map(|code| CodeShown::new(code)).collect() }
    });
    let areas = areas.filter(|area| !area.errors.is_empty()).collect();
    let raised = RAISED.iter().filter(|one| wanted.is_none() || raised == Some(*one));
    Ok(Report { version: VERSION, areas, raised: raised.map(RaisedShown::new).collect() })
}

fn unknown(id: &str) -> Error {
    let raised = RAISED.iter().map(|raised| raised.code);
    let meant = nearest(id, catalogue::all().map(|code| code.id).chain(raised));
    let meant = meant.map(|meant| format!("did you mean `{meant}`?"));
    let list = "`whimbrel explain` lists them all".to_owned();
    Error::Usage {
        code: Code::UNKNOWN_CODE,
        message: format!("there is no error `{id}`"),
        hints: meant.into_iter().chain([list]).collect(),
    }
}
