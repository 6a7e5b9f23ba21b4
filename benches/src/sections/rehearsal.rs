//! What the rehearsal costs beside the run itself.

use std::cell::Cell;
use std::fs;

use super::{Setting, Tool, on_fresh, whimbrel};
use crate::Outcome;
use crate::project::{Body, Form, Project};
use crate::race::{self, Contender, race};
use crate::report::Section;

/// All pending, and one pending on a thousand.
pub(super) fn section(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "The rehearsal",
        "`up` tries pending migrations in a shadow first, unless told not to. What it replays is kept, \
         so that the next rehearsal begins there.",
    );
    all_pending(setting, &mut section)?;
    one_pending(setting, &mut section)?;
    Ok(section)
}

fn all_pending(setting: &Setting<'_>, section: &mut Section) -> Outcome<()> {
    let count = 1_000;
    let project = Project::new(Form::Plain, Body::Small, count)?;
    let first = project.migrations().join("00001_make_table_1.sql");
    let round = Cell::new(0);
    let turn = |how: &'static str| {
        let (project, first, round) = (&project, &first, &round);
        move || {
            // Another first migration, so that no state of an earlier round serves.
            round.set(round.get() + 1);
            let own = std::process::id();
            let text = format!("select {own}, {};\n{}", round.get(), Body::Small.sql(1));
            fs::write(first, text)?;
            on_fresh(setting, setting.bench, count, Tool::Whimbrel.ledger(), |database| {
                let url = setting.bench.url(database);
                let mut command = whimbrel(setting.tools, project.folder(), &url);
                race::time(command.args(["up", "--yes", how]))
            })
        }
    };
    let mut racers = [
        Contender::new("whimbrel up --no-rehearsal", turn("--no-rehearsal")),
        Contender::new("whimbrel up --rehearse", turn("--rehearse")),
    ];
    race(&mut racers, setting.rounds(3))?;
    section.table("1,000 pending, nothing cached", &racers, &[]);
    Ok(())
}

fn one_pending(setting: &Setting<'_>, section: &mut Section) -> Outcome<()> {
    let count = 1_000;
    let mut sides = Vec::new();
    for how in ["--no-rehearsal", "--rehearse"] {
        let project = Project::new(Form::Plain, Body::Small, count)?;
        let database = setting.bench.database()?;
        let url = setting.bench.url(&database);
        race::time(&mut Tool::Whimbrel.apply(setting.tools, &project, &url))?;
        sides.push((how, project, url, database, Cell::new(count)));
    }
    let mut racers: Vec<Contender<'_>> = sides
        .iter()
        .map(|(how, project, url, _, last)| {
            Contender::new(format!("whimbrel up {how}"), move || {
                last.set(last.get() + 1);
                project.write(Form::Plain, Body::Small, last.get())?;
                let mut command = whimbrel(setting.tools, project.folder(), url);
                race::time(command.args(["up", "--yes", how]))
            })
        })
        .collect();
    race(&mut racers, setting.rounds(10))?;
    section.table("1 pending, 1,000 applied and cached", &racers, &[]);
    drop(racers);
    for (_, _, _, database, _) in &sides {
        setting.bench.drop_database(database)?;
    }
    Ok(())
}
