//! Writes a new migration file.

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_history::History;
use whimbrel_history::formats::{NewMigration, advise};

use super::{Case, Database};
use crate::catalogue::Code;
use crate::error::Error;
use crate::histories;
use crate::mask;
use crate::wire;
use crate::workspace::Workspace;

/// What is known of this use case.
pub const CASE: Case = Case { name: "new", database: Database::Untouched };

/// What a person said.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The history, where there are several.
    pub history: Option<String>,
    /// The name.
    pub name: String,
    /// One line of prose.
    pub description: Option<String>,
    /// The type, in formats that have types.
    pub kind: Option<String>,
    /// What must be applied before it; `None` leaves it to the format.
    pub depends_on: Option<Vec<String>>,
    /// The up script.
    pub up: String,
}

/// What was written.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// The history it belongs to.
    pub history: String,
    /// Its format.
    pub format: String,
    /// The files, the up script's first.
    #[schemars(with = "Vec<String>")]
    pub files: Vec<Utf8PathBuf>,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// Writes the files of a new migration.
pub fn new(workspace: &Workspace, options: &Options) -> Result<Report, Error> {
    // A file's name is printed and committed.
    if mask(&options.name) != options.name {
        return Err(Error::Usage {
            code: Code::SECRET_NAME,
            message: "the name holds what looks like a password".to_owned(),
            hints: vec!["a connection URL goes to `--database-url`".to_owned()],
        });
    }
    let outlines = histories::outlines(workspace)?;
    let outline = histories::the_one(outlines, options.history.as_deref())?;
    let mut histories = histories::read(workspace, std::slice::from_ref(&outline))?;
    let history = histories.pop().expect("one was asked for");
    let remarks = same_name(&options.name, &history);
    let now = workspace.surroundings().clock.now().as_second();
    let new = NewMigration {
        name: options.name.clone(),
        description: options.description.clone(),
        kind: options.kind.clone(),
        depends_on: options.depends_on.clone(),
        up: options.up.clone(),
        down: None,
        now: u64::try_from(now).unwrap_or(0),
    };
    let files = outline.format.compose(&new, &history).map_err(|refusal| Error::Usage {
        code: Code::NAME,
        message: refusal.message,
        hints: refusal.hints,
    })?;
    for file in &files {
        workspace.folder().create(&file.path, &file.text)?;
    }
    Ok(Report {
        version: wire::VERSION,
        history: history.name,
        format: outline.format.name().to_owned(),
        files: files.into_iter().map(|file| file.path).collect(),
        remarks,
    })
}

/// Names the migration that has the name already: mostly it is written a second time by mistake.
fn same_name(name: &str, history: &History) -> Vec<String> {
    let slug = advise(name).unwrap_or_default();
    let same = history.migrations.iter().rev().find(|migration| migration.name == slug);
    same.map(|migration| format!("`{}` has the same name", migration.id)).into_iter().collect()
}
