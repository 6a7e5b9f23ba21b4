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
use whimbrel_testkit::faults::{Harm, Part, Progress, Report, Walk, Way, scripts};

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

    /// The major version of the server
    #[arg(long, default_value_t = 17)]
    major: u16,

    /// How many runs go side by side [default: three for each processor]
    #[arg(long)]
    workers: Option<usize>,

    /// Where to write the table; without it a whole walk writes docs/faults.md
    #[arg(long)]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let is_whole = arguments.script.is_none()
        && arguments.harm.is_none()
        && arguments.way.is_none()
        && arguments.sample.is_none();
    let walk = Walk {
        whimbrel: env!("CARGO_BIN_EXE_whimbrel").into(),
        scripts: chosen(scripts(), arguments.script.as_deref(), |script| script.name.to_owned()),
        harms: chosen(Harm::ALL.to_vec(), arguments.harm.as_deref(), ToString::to_string),
        ways: chosen(Way::ALL.to_vec(), arguments.way.as_deref(), ToString::to_string),
        major: arguments.major,
        part: arguments.sample.map_or(Part::Whole, Part::Sample),
        workers: arguments.workers.unwrap_or(3 * processors),
    };
    let started = Instant::now();
    let mut teller = Teller::new();
    let report = walk.run(&mut |progress| teller.tell(progress));
    say(&format!("{} points in {} s", report.points(), started.elapsed().as_secs()));
    for failure in report.failures() {
        say(failure);
    }
    let failed = report.failures().len();
    if failed > 0 {
        say(&format!("{failed} failures"));
        return ExitCode::FAILURE;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md");
    if let Some(path) = arguments.write.or(is_whole.then_some(page)) {
        let text = page_of(&report, arguments.major, started.elapsed());
        fs::write(&path, text).expect("write the table");
        say(&format!("written to {}", path.display()));
    }
    ExitCode::SUCCESS
}

/// All, or those whose names contain a text.
fn chosen<T>(all: Vec<T>, text: Option<&str>, name: impl Fn(&T) -> String) -> Vec<T> {
    let Some(text) = text else { return all };
    all.into_iter().filter(|one| name(one).contains(text)).collect()
}

fn page_of(report: &Report, major: u16, took: Duration) -> String {
    let commit = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let commit = commit.unwrap_or_default();
    let head = include_str!("head.md")
        .replace("{commit}", &commit)
        .replace("{major}", &major.to_string())
        .replace("{points}", &report.points().to_string())
        .replace("{minutes}", &took.as_secs().div_ceil(60).to_string());
    format!("{head}\n{}", report.markdown())
}

fn say(line: &str) {
    writeln!(io::stderr(), "{line}").ok();
}

/// Says now and then how far the walk is.
struct Teller {
    started: Instant,
    next: Instant,
    pause: Duration,
}

impl Teller {
    fn new() -> Self {
        let pause = if io::stderr().is_terminal() { 1 } else { 20 };
        let now = Instant::now();
        Self { started: now, next: now, pause: Duration::from_secs(pause) }
    }

    fn tell(&mut self, Progress { done, of, failed }: Progress) {
        let now = Instant::now();
        if now < self.next && done < of {
            return;
        }
        self.next = now + self.pause;
        let elapsed = (now - self.started).as_secs();
        say(&format!("{done} of {of} points, {failed} failed, {elapsed} s"));
    }
}
