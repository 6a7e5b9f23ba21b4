//! Nothing to do: `up` and `status` where everything is applied.

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::{SELECT_ONE, Setting, Tool, expect, select_one};
use crate::Outcome;
use crate::project::{Body, Project};
use crate::race::{self, Contender, race};
use crate::report::{AtMost, Section};
use crate::server::Far;

/// A tool's project and a database in which it is applied.
struct Applied {
    tool: Tool,
    project: Project,
    database: String,
}

/// Files that have just been written are not known by their times; those of a project mostly are.
const SETTLED: Duration = Duration::from_secs(4);

impl Applied {
    /// Lets the tool fill its own ledger.
    fn new(setting: &Setting<'_>, tool: Tool, count: usize) -> Outcome<Self> {
        let project = Project::new(tool.form(), Body::Nothing, count)?;
        let database = setting.bench.database()?;
        let url = setting.bench.url(&database);
        race::time(&mut tool.apply(setting.tools, &project, &url))?;
        expect(setting, &database, tool.ledger(), count)?;
        Ok(Self { tool, project, database })
    }

    fn url(&self, setting: &Setting<'_>, far: Option<&Far>) -> String {
        match far {
            Some(far) => far.url(&self.database),
            None => setting.bench.url(&self.database),
        }
    }

    fn apply<'a>(
        &'a self,
        setting: &'a Setting<'_>,
        name: &str,
        far: Option<&Far>,
    ) -> Contender<'a> {
        let url = self.url(setting, far);
        Contender::new(name, move || {
            race::time(&mut self.tool.apply(setting.tools, &self.project, &url))
        })
    }

    fn status<'a>(
        &'a self,
        setting: &'a Setting<'_>,
        name: &str,
        far: Option<&Far>,
    ) -> Contender<'a> {
        let url = self.url(setting, far);
        Contender::new(name, move || {
            race::time(&mut self.tool.status(setting.tools, &self.project, &url))
        })
    }
}

/// At 10 to 10,000 applied migrations.
pub(super) fn section(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "Nothing to do",
        "Each tool filled its own ledger. Whimbrel verifies every checksum: of files whose size and \
         times are what they were, the one that it knows; *without its cache* it reads all files. \
         sqlx-cli reads all files, dbmate keeps no checksums.",
    );
    for (count, rounds, target) in
        [(10, 40, 1.3), (100, 40, 1.3), (1_000, 40, 1.3), (10_000, 15, 7.0)]
    {
        one(setting, &mut section, count, rounds, target)?;
    }
    Ok(section)
}

fn one(
    setting: &Setting<'_>,
    section: &mut Section,
    count: usize,
    rounds: usize,
    target: f64,
) -> Outcome<()> {
    let ours = Applied::new(setting, Tool::Whimbrel, count)?;
    let annotated = Applied::new(setting, Tool::WhimbrelAnnotated, count)?;
    let sqlx = Applied::new(setting, Tool::Sqlx, count)?;
    let dbmate = Applied::new(setting, Tool::Dbmate, count)?;
    let floor = setting.bench.url(&ours.database);
    let url = floor.clone();
    let mut racers = vec![
        select_one(setting.tools, floor),
        ours.apply(setting, "whimbrel up", None),
        ours.status(setting, "whimbrel status", None),
        annotated.apply(setting, "whimbrel up, annotated", None),
        sqlx.apply(setting, "sqlx migrate run", None),
        sqlx.status(setting, "sqlx migrate info", None),
        dbmate.apply(setting, "dbmate migrate", None),
        dbmate.status(setting, "dbmate status", None),
        Contender::new("whimbrel up, without its cache", || {
            cold(ours.tool.apply(setting.tools, &ours.project, &url))
        }),
        Contender::new(COLD_STATUS, || cold(ours.tool.status(setting.tools, &ours.project, &url))),
    ];
    std::thread::sleep(SETTLED);
    race(&mut racers, setting.rounds(rounds))?;
    let targets = ["whimbrel up", "whimbrel status", "whimbrel up, annotated"].map(|who| AtMost {
        who,
        times: target,
        than: SELECT_ONE,
    });
    section.table(&format!("{count} applied"), &racers, &targets);
    if let Some(status) = racers.iter().find(|one| one.name == COLD_STATUS && count >= 1_000) {
        let files = u32::try_from(count)?;
        let each = status.times.least() / f64::from(files);
        section.limit(&format!("{count} applied: {COLD_STATUS}, a file"), each, 0.1, "ms");
    }
    drop(racers);
    for applied in [&ours, &annotated, &sqlx, &dbmate] {
        setting.bench.drop_database(&applied.database)?;
    }
    Ok(())
}

const COLD_STATUS: &str = "whimbrel status, without its cache";

/// A command that knows nothing of earlier ones.
fn cold(mut command: Command) -> Outcome<Duration> {
    let cache = TempDir::new()?;
    race::time(command.env("WHIMBREL_CACHE_DIR", cache.path()))
}

/// At 100 applied migrations, over a long link.
pub(super) fn far(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "Nothing to do, 30 ms away",
        "100 applied migrations, through a proxy that adds 15 ms each way (and a round trip for the \
         TCP connection, as a real link does).",
    );
    let far = setting.bench.far();
    let ours = Applied::new(setting, Tool::Whimbrel, 100)?;
    let sqlx = Applied::new(setting, Tool::Sqlx, 100)?;
    let dbmate = Applied::new(setting, Tool::Dbmate, 100)?;
    let mut racers = vec![
        select_one(setting.tools, far.url(&ours.database)),
        ours.apply(setting, "whimbrel up", Some(&far)),
        ours.status(setting, "whimbrel status", Some(&far)),
        sqlx.apply(setting, "sqlx migrate run", Some(&far)),
        sqlx.status(setting, "sqlx migrate info", Some(&far)),
        dbmate.apply(setting, "dbmate migrate", Some(&far)),
        dbmate.status(setting, "dbmate status", Some(&far)),
    ];
    std::thread::sleep(SETTLED);
    race(&mut racers, setting.rounds(20))?;
    let targets =
        ["whimbrel up", "whimbrel status"].map(|who| AtMost { who, times: 1.5, than: SELECT_ONE });
    section.table("100 applied, 30 ms away", &racers, &targets);
    drop(racers);
    for applied in [&ours, &sqlx, &dbmate] {
        setting.bench.drop_database(&applied.database)?;
    }
    Ok(section)
}
