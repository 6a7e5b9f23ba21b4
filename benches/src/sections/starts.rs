//! A server that brings its migrations along, with nothing to do, beside one that looks at none.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Setting;
use crate::Outcome;
use crate::race::{Contender, race};
use crate::report::Section;
use crate::tools;

/// How many replicas start with and without migrations.
const REPLICAS: usize = 20;
/// What looking at the migrations may add, in milliseconds.
const LIMIT: f64 = 100.0;
const WITHOUT: &str = "a server that looks at no migrations";
const WITH: &str = "the same with everything applied";

/// From starting the process to its being ready to serve.
pub(super) fn section(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "A server's start",
        "examples/axum-start, from the start of its process until it listens. Each replica ends \
         before the next begins.",
    );
    let program = tools::built("whimbrel-example-axum-start")?;
    let database = setting.bench.database()?;
    let url = setting.bench.url(&database);
    let start = |migrates: &'static str| {
        let mut command = Command::new(&program);
        command.env("DATABASE_URL", &url).env("PORT", "0").env("MIGRATE", migrates);
        until_it_listens(&mut command)
    };
    start("yes")?;
    let mut racers =
        vec![Contender::new(WITHOUT, || start("no")), Contender::new(WITH, || start("yes"))];
    race(&mut racers, setting.rounds(REPLICAS).max(REPLICAS))?;
    section.table(&format!("{REPLICAS} replicas"), &racers, &[]);
    let added = racers[1].times.median() - racers[0].times.median();
    section.limit("a no-op start of the embedded example adds (medians)", added, LIMIT, "ms");
    drop(racers);
    setting.bench.drop_database(&database)?;
    Ok(section)
}

/// Waits for the line that says so, and ends the process.
fn until_it_listens(command: &mut Command) -> Outcome<Duration> {
    let start = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stderr.take().ok_or("its stderr is piped")?).lines();
    let mut said = Vec::new();
    let mut took = None;
    for line in lines {
        let line = line?;
        if line.starts_with("listening on ") {
            took = Some(start.elapsed());
            break;
        }
        said.push(line);
    }
    child.kill()?;
    child.wait()?;
    took.ok_or_else(|| format!("it never listened: {}", said.join("\n")).into())
}
