//! A database with many relations and a long history, beside a bare connection to it.

use super::{SELECT_ONE, Setting, Tool, expect, psql, select_one, whimbrel};
use crate::Outcome;
use crate::project::{Body, Form, Project};
use crate::race::{self, Contender, race};
use crate::report::Section;

/// Tables, each with an index for its key.
const TABLES: usize = 10_000;
/// Migrations, each with its entry.
const ENTRIES: usize = 10_000;
/// Tables made in one transaction: each needs locks.
const AT_ONCE: usize = 500;
/// What doctor and status may take, in milliseconds.
const LIMIT: f64 = 200.0;

/// `doctor` and `status`.
pub(super) fn section(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "A large database",
        "20,000 tables and indexes, and a ledger of 10,000 entries. `doctor` asks everything in two \
         messages; `status` reads every entry.",
    );
    let project = Project::new(Form::Plain, Body::Nothing, ENTRIES)?;
    let database = setting.bench.database()?;
    let url = setting.bench.url(&database);
    race::time(&mut Tool::Whimbrel.apply(setting.tools, &project, &url))?;
    expect(setting, &database, Tool::Whimbrel.ledger(), ENTRIES)?;
    for first in (0..TABLES).step_by(AT_ONCE) {
        let make = format!(
            "do $$ begin for i in {first}..{} loop \
             execute format('create table large_%s (id int primary key, a int, b text)', i); \
             end loop; end $$",
            first + AT_ONCE - 1
        );
        race::time(psql(setting.tools, &url).args(["-c", &make]))?;
    }
    race::time(psql(setting.tools, &url).args(["-c", "vacuum analyze"]))?;
    let command = |verb: &'static str| {
        let (project, url) = (&project, &url);
        Contender::new(format!("whimbrel {verb}"), move || {
            race::time(whimbrel(setting.tools, project.folder(), url).arg(verb))
        })
    };
    let mut racers =
        vec![select_one(setting.tools, url.clone()), command("doctor"), command("status")];
    race(&mut racers, setting.rounds(20))?;
    section.table("20,000 relations, 10,000 entries", &racers, &[]);
    for contender in racers.iter().filter(|contender| contender.name != SELECT_ONE) {
        let what = format!("20,000 relations, 10,000 entries: {}", contender.name);
        section.limit(&what, contender.times.least(), LIMIT, "ms");
    }
    drop(racers);
    setting.bench.drop_database(&database)?;
    Ok(section)
}
