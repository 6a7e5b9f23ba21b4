//! Memory and size.

use std::fs;

use super::{Setting, Tool, psql};
use crate::project::{Body, Project, Sending, psql_script};
use crate::report::Section;
use crate::{Outcome, race};

/// The most memory while applying 1,000, and the size of the program.
pub(super) fn section(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "Memory and size",
        "Peak memory is `VmHWM` of the process while it applies the 1,000 small migrations; psql's and \
         pg's shared libraries are not in the size.",
    );
    let tools = setting.tools;
    let mut rows = Vec::new();
    for (name, tool, program) in [
        ("whimbrel", Tool::Whimbrel, &tools.whimbrel),
        ("whimbrel, annotated", Tool::WhimbrelAnnotated, &tools.whimbrel),
        ("sqlx-cli", Tool::Sqlx, &tools.sqlx),
        ("dbmate", Tool::Dbmate, &tools.dbmate),
    ] {
        let project = Project::new(tool.form(), Body::Small, 1_000)?;
        let database = setting.bench.database()?;
        let url = setting.bench.url(&database);
        let peak = megabytes(race::peak(&mut tool.apply(tools, &project, &url))? * 1024);
        let size = megabytes(fs::metadata(program)?.len());
        setting.bench.drop_database(&database)?;
        rows.push((name.to_owned(), format!("{peak:.1} MB, {size:.1} MB")));
        if tool == Tool::Whimbrel {
            section.limit("peak memory, applying 1,000", peak, 20.0, "MB");
            section.limit("release binary", size, 15.0, "MB");
        }
    }
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("migrations.sql");
    fs::write(&script, psql_script(Sending::ByMigration, 1_000))?;
    let database = setting.bench.database()?;
    let url = setting.bench.url(&database);
    let peak = megabytes(race::peak(psql(tools, &url).arg("-f").arg(&script))? * 1024);
    setting.bench.drop_database(&database)?;
    rows.push(("psql, a message a migration".to_owned(), format!("{peak:.1} MB, –")));
    section.pairs(("", "peak memory, binary"), &rows);
    Ok(section)
}

#[expect(clippy::cast_precision_loss, reason = "sizes of programs have less than 52 bits")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
