//! The whole fault walk, by one command:
//!
//! ```text
//! cargo test --release -p whimbrel --test fault-walk
//! ```
//!
//! Not among the tests of `cargo test`, where a sample of it runs (`it/faults.rs`).

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use whimbrel_testkit::faults::{Harm, Keep, Part, Progress, Report, Walk, Way, scripts};

/// What the program is built from.
const SOURCES: [&str; 3] = ["Cargo.lock", "crates/*/src/*", ":!crates/testkit"];

/// Does harm at every protocol message of runs of `whimbrel up`, and judges the database
#[derive(Parser)]
struct Arguments {
    /// Only scripts whose names contain this
    #[arg(long)]
    script: Option<String>,

    /// Only this harm: cut, kill, terminate or restart
    #[arg(long)]
    harm: Option<String>,

    /// Only this way: direct or PgBouncer
    #[arg(long)]
    way: Option<String>,

    /// Only so many places of each script, way and harm
    #[arg(long)]
    sample: Option<usize>,

    /// Only this place, as a failure names it (SCRIPT/WAY/HARM/PLACE), and all that is to be said of it
    #[arg(long, conflicts_with_all = ["script", "harm", "way", "sample", "resume"])]
    only: Option<String>,

    /// The major version of the server
    #[arg(long, default_value_t = 17)]
    major: u16,

    /// How many runs go side by side [default: four for each processor]
    #[arg(long)]
    workers: Option<usize>,

    /// Where what was found is kept, line by line [default: target/fault-walk.jsonl]
    #[arg(long)]
    results: Option<PathBuf>,

    /// Go on with what is kept: a place that went well with the same program is not tried again
    #[arg(long)]
    resume: bool,

    /// Only write the page of what is kept
    #[arg(long, conflicts_with_all = ["script", "harm", "way", "sample", "only"])]
    page: bool,

    /// Where to write the page; a walk of all scripts, ways and harms writes docs/faults.md
    #[arg(long)]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let started = Instant::now();
    let report = if arguments.page {
        walk(&arguments).report()
    } else {
        let mut teller = Teller::new();
        walk(&arguments).run(&mut |progress| teller.tell(progress))
    };
    tell(&report, started.elapsed());
    if let Some(path) = page(&arguments) {
        fs::write(&path, page_of(&report, arguments.major)).expect("write the page");
        say(&format!("written to {}", path.display()));
    }
    if report.failures().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn walk(arguments: &Arguments) -> Walk {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    // SCRIPT/WAY/HARM/PLACE.
    let only: Vec<&str> = arguments.only.iter().flat_map(|only| only.split('/')).collect();
    let of = |index: usize, other: &Option<String>| {
        only.get(index).map(|part| (*part).to_owned()).or_else(|| other.clone())
    };
    let part = match (&arguments.only, arguments.sample) {
        (Some(place), _) => Part::Only(place.clone()),
        (None, Some(count)) => Part::Sample(count),
        (None, None) => Part::Whole,
    };
    let path = arguments.results.clone().unwrap_or_else(|| root().join("target/fault-walk.jsonl"));
    let keep = Keep { path, resume: arguments.resume || arguments.page };
    Walk {
        whimbrel: env!("CARGO_BIN_EXE_whimbrel").into(),
        program: program(),
        scripts: chosen(scripts(), of(0, &arguments.script), |script| script.name.to_owned()),
        ways: chosen(Way::ALL.to_vec(), of(1, &arguments.way), ToString::to_string),
        harms: chosen(Harm::ALL.to_vec(), of(2, &arguments.harm), ToString::to_string),
        major: arguments.major,
        workers: if only.is_empty() { arguments.workers.unwrap_or(4 * processors) } else { 1 },
        keep: only.is_empty().then_some(keep),
        part,
    }
}

/// All, or those whose names contain a text.
fn chosen<T>(all: Vec<T>, text: Option<String>, name: impl Fn(&T) -> String) -> Vec<T> {
    let Some(text) = text else { return all };
    all.into_iter().filter(|one| name(one).contains(&text)).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The last commit that changed what the program is built from.
fn program() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).args(SOURCES).current_dir(root()).output();
        let output = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        output.unwrap_or_default()
    };
    let commit = git(&["log", "-1", "--format=%h", "--abbrev=12", "--"]);
    let changed = git(&["status", "--porcelain", "--"]);
    if changed.is_empty() { commit } else { format!("{commit} with changes") }
}

fn page(arguments: &Arguments) -> Option<PathBuf> {
    let is_of_all = [&arguments.script, &arguments.harm, &arguments.way, &arguments.only]
        .iter()
        .all(|one| one.is_none())
        && arguments.sample.is_none();
    let page = root().join("docs/faults.md");
    arguments.write.clone().or(is_of_all.then_some(page))
}

fn page_of(report: &Report, major: u16) -> String {
    let (points, whole) = (report.points(), report.whole());
    let mut programs = report.programs().into_iter();
    let (first, _) = programs.next().unwrap_or_default();
    let others: String =
        programs.map(|(program, points)| format!(", {points} of them at {program}")).collect();
    let share = if points == whole {
        format!("the whole walk, **{points} points**")
    } else {
        let percent = points * 100 / whole.max(1);
        format!("**{points} of its {whole} points ({percent} %)**, evenly spread over them")
    };
    let wrong = match report.failures().len() {
        0 => "none of them with anything wrong".to_owned(),
        count => format!("**{count} of them with something wrong** (at the end of this page)"),
    };
    let head = include_str!("head.md")
        .replace("{share}", &share)
        .replace("{wrong}", &wrong)
        .replace("{major}", &major.to_string())
        .replace("{commit}", &format!("{first}{others}"));
    format!("{head}\n{}", report.markdown())
}

fn tell(report: &Report, took: Duration) {
    for failure in report.failures() {
        say(failure);
    }
    let points = report.points();
    for (what, time) in report.spent() {
        say(&format!("{:6.1} s to {what}", time.as_secs_f64()));
    }
    let (whole, failed) = (report.whole(), report.failures().len());
    say(&format!("{points} of {whole} points known, {failed} failures, {} s", took.as_secs()));
}

fn say(line: &str) {
    writeln!(io::stderr(), "{line}").ok();
}

/// Says now and then how far the walk is, and at once what is wrong.
struct Teller {
    started: Option<Instant>,
    next: Instant,
    pause: Duration,
}

impl Teller {
    fn new() -> Self {
        let pause = if io::stderr().is_terminal() { 1 } else { 20 };
        Self { started: None, next: Instant::now(), pause: Duration::from_secs(pause) }
    }

    fn tell(&mut self, Progress { done, of, failed, news }: Progress<'_>) {
        if let Some(news) = news {
            say(news);
        }
        let now = Instant::now();
        let started = *self.started.get_or_insert(now);
        if now < self.next && done < of {
            return;
        }
        self.next = now + self.pause;
        let elapsed = (now - started).as_secs_f64();
        let counted = u32::try_from(done).map_or(f64::INFINITY, f64::from);
        let missing = u32::try_from(of - done).map_or(f64::INFINITY, f64::from);
        say(&format!(
            "{done} of {of} points, {failed} failed, {elapsed:.0} s, {:.1} a second, {:.0} s to go",
            counted / elapsed.max(0.001),
            missing * elapsed / counted
        ));
    }
}
