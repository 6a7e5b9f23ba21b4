//! The project's own files.

use super::finding::{About, Finding, Group};
use crate::histories;
use crate::wire::chain;
use crate::workspace::Workspace;

/// The project's own files.
pub(super) const ABOUT: About = About {
    id: "project",
    group: Group::Project,
    looks_at: "the histories of the project: those of whimbrel.toml, or those that its files show",
    why: "without one there is nothing to migrate",
    cure: "`whimbrel init`, or another folder (`--project`)",
};

pub(super) fn judge(workspace: &Workspace) -> Vec<Finding> {
    let root = workspace.folder().root();
    let outlines = match histories::outlines(workspace) {
        Ok(outlines) => outlines,
        Err(error) => {
            let finding = ABOUT.trouble(chain(&error).join(": ")).known_as(error.code());
            return vec![error.hints().into_iter().fold(finding, Finding::cured_by)];
        }
    };
    let shown = outlines.iter().map(|outline| {
        let (name, folder) = (&outline.settings.name, &outline.settings.folder);
        format!("{name}: {} in `{folder}` ({})", outline.format.name(), outline.because)
    });
    let finding = match outlines.len() {
        0 => ABOUT
            .note(format!("no migrations in `{root}`"))
            .cured_by("`whimbrel init` begins a history; `--project FOLDER` names another folder"),
        1 => ABOUT.ok("one history"),
        several => ABOUT.ok(format!("{several} histories")),
    };
    vec![shown.fold(finding, Finding::shown_by)]
}
