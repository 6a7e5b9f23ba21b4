//! Whimbrel's figures beside those of what a user would pick instead.
//!
//! ```text
//! cargo run --release -p whimbrel-benches                       prints the tables
//! cargo run --release -p whimbrel-benches -- --write            and writes docs/benchmarks.md
//! cargo run --release -p whimbrel-benches -- nothing apply      only these sections
//! cargo run --release -p whimbrel-benches -- --rounds 3         at most so many rounds
//! ```
//!
//! Machines are noisy, so times say little and ratios of one run say something: all contenders of
//! a table take turns, in another order each round.

mod project;
mod race;
mod report;
mod sections;
mod server;
mod tools;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use report::Section;
use sections::Setting;
use server::{Bench, Storage};
use tools::Tools;

/// The result of anything here: whatever goes wrong ends the whole.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// What was asked for.
struct Wish {
    sections: Vec<String>,
    rounds: Option<usize>,
    write: bool,
}

fn wish() -> Outcome<Wish> {
    let mut wish = Wish { sections: Vec::new(), rounds: None, write: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--write" => wish.write = true,
            "--rounds" => {
                let rounds = arguments.next().ok_or("--rounds wants a number")?;
                wish.rounds = Some(rounds.parse()?);
            }
            name if sections::ALL.iter().any(|(known, _)| *known == name) => {
                wish.sections.push(name.to_owned());
            }
            other => {
                let known: Vec<&str> = sections::ALL.iter().map(|(name, _)| *name).collect();
                return Err(format!("no section `{other}`: there are {}", known.join(", ")).into());
            }
        }
    }
    if wish.write && !wish.sections.is_empty() {
        return Err("--write wants all sections".into());
    }
    Ok(wish)
}

fn run() -> Outcome<()> {
    let wish = wish()?;
    let tools = Tools::find()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bench = Bench::start(&runtime, Storage::Memory)?;
    let setting = Setting { tools: &tools, runtime: &runtime, bench: &bench, rounds: wish.rounds };
    let load = load();
    let mut done = Vec::new();
    for (name, section) in sections::ALL {
        if wish.sections.is_empty() || wish.sections.iter().any(|wanted| wanted == name) {
            say(&format!("{name} …"));
            let section = section(&setting)?;
            data(section.text())?;
            done.push(section);
        }
    }
    data(&report::summary(&done))?;
    if wish.write {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks.md"));
        fs::write(path, page(&setting, &done, &load)?)?;
        say("wrote docs/benchmarks.md");
    }
    Ok(())
}

/// The page, with all that is needed to judge the figures.
fn page(setting: &Setting<'_>, sections: &[Section], load: &str) -> Outcome<String> {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
    let versions = setting.tools.versions()?;
    let mut page = format!(
        "{HEAD}\nMeasured on {date}, {}, load average {load} at the beginning and {} at the end. \
         {}; PostgreSQL {}.\n\n",
        machine(),
        self::load(),
        versions.join(" · "),
        setting.bench.version(),
    );
    page.push_str(&report::summary(sections));
    for section in sections {
        page.push('\n');
        page.push_str(section.text());
    }
    let notes = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/notes.md"));
    page.push_str(&fs::read_to_string(notes)?);
    Ok(page)
}

const HEAD: &str = "# Benchmarks\n
Made by `cargo run --release -p whimbrel-benches -- --write`; without `--write` it only prints. It \
builds the release binary and wants psql, sqlx-cli and dbmate, and says how to get them.\n
Every time is that of a whole process, from the outside. All contenders of a table take turns in \
shuffled rounds on one server, so that whatever else the machine does meets all alike; the *least* \
time says most of the work itself, the *median* of what a user meets on such a machine. Ratios are to \
the first row of the same table; targets are judged by the least. Differences under a tenth are noise.\n";

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, name)| name);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores of {model}, Linux {}", kernel.trim())
}

fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("?").to_owned()
}

fn say(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}

fn data(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
