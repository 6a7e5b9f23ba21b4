//! Applying small migrations, each with its own transaction and ledger entry.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::{Setting, Tool, on_fresh, psql};
use crate::Outcome;
use crate::project::{Body, Project, Sending, psql_script};
use crate::race::{self, Contender, race};
use crate::report::{AtMost, Section};
use crate::server::{Bench, Storage};

const BY_STATEMENT: &str = "psql, statement by statement";
const BY_MIGRATION: &str = "psql, a message a migration";
const AT_ONCE: &str = "psql, all in one message";
const OURS: &str = "whimbrel up";
const ANNOTATED: &str = "whimbrel up, annotated";
const SQLX: &str = "sqlx migrate run";
const DBMATE: &str = "dbmate migrate";

/// A thousand on this machine.
pub(super) fn section(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "Applying 1,000",
        "A migration is a table of five columns with a primary key, an index and a row. psql's ledger \
         is one small table; Whimbrel's keeps both scripts, a history of executions and a journal. \
         After each turn the tables and the entries are counted.",
    );
    let turns = Turns { setting, bench: setting.bench, count: 1_000 };
    let near = |database: &str| setting.bench.url(database);
    let mut racers = vec![
        turns.psql(BY_MIGRATION, Sending::ByMigration, near)?,
        turns.psql(BY_STATEMENT, Sending::ByStatement, near)?,
        turns.psql(AT_ONCE, Sending::AtOnce, near)?,
        turns.tool(OURS, Tool::Whimbrel, near)?,
        turns.tool(ANNOTATED, Tool::WhimbrelAnnotated, near)?,
        turns.tool(SQLX, Tool::Sqlx, near)?,
        turns.tool(DBMATE, Tool::Dbmate, near)?,
    ];
    race(&mut racers, setting.rounds(7))?;
    let targets = [
        AtMost { who: OURS, times: 1.1, than: BY_MIGRATION },
        AtMost { who: OURS, times: 1.0, than: SQLX },
        AtMost { who: OURS, times: 1.0, than: DBMATE },
    ];
    section.table("1,000 migrations", &racers, &targets);
    Ok(section)
}

/// A hundred over a long link.
pub(super) fn far(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "Applying 100, 30 ms away",
        "The same migrations through the proxy. One message of Whimbrel's carries many migrations, \
         each with its own `begin` and `commit`.",
    );
    let link = setting.bench.far();
    let far = |database: &str| link.url(database);
    let turns = Turns { setting, bench: setting.bench, count: 100 };
    let mut racers = vec![
        turns.psql(BY_STATEMENT, Sending::ByStatement, far)?,
        turns.psql(BY_MIGRATION, Sending::ByMigration, far)?,
        turns.psql(AT_ONCE, Sending::AtOnce, far)?,
        turns.tool(OURS, Tool::Whimbrel, far)?,
        turns.tool(SQLX, Tool::Sqlx, far)?,
        turns.tool(DBMATE, Tool::Dbmate, far)?,
    ];
    race(&mut racers, setting.rounds(1))?;
    let targets = [AtMost { who: OURS, times: 0.1, than: BY_STATEMENT }];
    section.table("100 migrations, 30 ms away", &racers, &targets);
    Ok(section)
}

/// A hundred where every commit waits for a disk.
pub(super) fn disk(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "Applying 100, fsync on",
        "The server's data is on a disk, with Postgres' own defaults of `fsync`, `full_page_writes` \
         and `synchronous_commit`.",
    );
    let bench = Bench::start(setting.runtime, Storage::Disk)?;
    let near = |database: &str| bench.url(database);
    let turns = Turns { setting, bench: &bench, count: 100 };
    let mut racers = vec![
        turns.psql(AT_ONCE, Sending::AtOnce, near)?,
        turns.psql(BY_MIGRATION, Sending::ByMigration, near)?,
        turns.psql(BY_STATEMENT, Sending::ByStatement, near)?,
        turns.tool(OURS, Tool::Whimbrel, near)?,
        turns.tool(SQLX, Tool::Sqlx, near)?,
        turns.tool(DBMATE, Tool::Dbmate, near)?,
    ];
    race(&mut racers, setting.rounds(12))?;
    let targets = [AtMost { who: OURS, times: 1.1, than: AT_ONCE }];
    section.table("100 migrations, fsync on", &racers, &targets);
    Ok(section)
}

/// Makes contenders that apply so many migrations to a fresh database each time.
struct Turns<'a> {
    setting: &'a Setting<'a>,
    bench: &'a Bench<'a>,
    count: usize,
}

impl<'a> Turns<'a> {
    fn psql(
        &self,
        name: &str,
        sending: Sending,
        url: impl Fn(&str) -> String + 'a,
    ) -> Outcome<Contender<'a>> {
        let folder = TempDir::new()?;
        let script = folder.path().join("migrations.sql");
        fs::write(&script, psql_script(sending, self.count))?;
        Ok(self.contender(name, "ledger", move |setting, database| {
            let _ = &folder;
            race::time(psql(setting.tools, &url(database)).arg("-f").arg(&script))
        }))
    }

    fn tool(
        &self,
        name: &str,
        tool: Tool,
        url: impl Fn(&str) -> String + 'a,
    ) -> Outcome<Contender<'a>> {
        let project = Project::new(tool.form(), Body::Small, self.count)?;
        Ok(self.contender(name, tool.ledger(), move |setting, database| {
            race::time(&mut tool.apply(setting.tools, &project, &url(database)))
        }))
    }

    fn contender(
        &self,
        name: &str,
        ledger: &'static str,
        turn: impl Fn(&Setting<'a>, &str) -> Outcome<Duration> + 'a,
    ) -> Contender<'a> {
        let Self { setting, bench, count } = *self;
        Contender::new(name, move || {
            on_fresh(setting, bench, count, ledger, |database| turn(setting, database))
        })
    }
}
