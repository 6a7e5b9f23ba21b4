//! A file of SQL that is no migration, as something to run.

use camino::Utf8Path;
use whimbrel_engine::run::{Direction, Work};
use whimbrel_history::{
    Checksum, Cut, Definition, Directives, Files as _, Migration, Section, Text,
};

use super::works::uncut;
use crate::error::Error;
use crate::project::Project;

/// Reads it; its path stands for all that a migration would be called.
pub(super) fn work(
    project: &Project,
    path: &Utf8Path,
    history: &str,
    hash: &str,
) -> Result<Work, Error> {
    let text = Text::read(path, project.workspace.folder().open(path)?)?;
    let Cut { script, fingerprint } = text.cut()?;
    let up = Section { path: path.to_owned(), span: 0..text.len(), fingerprint };
    let script = script.map_err(|error| uncut(project, path.as_str(), &up, &text, &error))?;
    let migration = Migration {
        history: history.to_owned(),
        key: path.to_string(),
        id: path.to_string(),
        version: None,
        name: path.to_string(),
        description: None,
        kind: None,
        path: path.to_owned(),
        depends_on: Vec::new(),
        repeatable: false,
        up,
        down: None,
        checksum: Checksum {
            text: hash.to_owned(),
            bytes: hash.to_owned(),
            header: hash.to_owned(),
            statements: None,
        },
        directives: Directives::default(),
    };
    Ok(Work {
        definition: Definition { migration, up: text, down: None },
        direction: Direction::Up,
        script,
        ledger: 0,
        seed: None,
        again: false,
        after: Vec::new(),
        stand_ins: project.has_stand_ins(),
        lines_above: 0,
    })
}
