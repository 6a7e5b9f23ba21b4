//! `whimbrel diff`

use whimbrel_app::Exit;
use whimbrel_app::cases::diff::{self, DeltaShown, Options, ProofShown, ProofWanted, Report};

use super::{Dev, Verb};
use crate::failure::Failure;
use crate::house::House;
use crate::page::Page;
use crate::shapes::{Shape, shape};
use crate::terminal::{self, Terminal};
use crate::theme::Tone;

/// Print the SQL that makes one state of a database another
///
/// The script goes to stdout and nothing else does; nothing is changed anywhere. It is tried first in
/// a throw-away server that is made like FROM: what comes of it must be TO.
///
/// A state is a database (its URL, or @NAME for an environment of whimbrel.toml), a file of SQL that
/// makes it, a folder of such files in any order, or `empty`.
#[derive(clap::Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Diff {
    /// What there is
    from: String,

    /// What there is to be
    to: String,

    /// Show what differs, for people, in place of the script
    #[arg(long)]
    summary: bool,

    /// End with 3 when they differ
    #[arg(long)]
    check: bool,

    /// Print the plan without trying it
    #[arg(long, conflicts_with = "unproved")]
    no_proof: bool,

    /// Print the plan even if trying it shows that it does not lead there
    #[arg(long)]
    unproved: bool,
}

impl Verb for Diff {
    const NAME: &str = "diff";
    const EXAMPLES: &str = "  \
  whimbrel diff \"$DATABASE_URL\" schema.sql           What is missing in the database
  whimbrel diff @staging @production --summary       How two environments differ
  whimbrel diff empty @production                    The whole database as SQL
  whimbrel diff @production schema/ --check          End with 3 when there is drift";
    const REPORTS: &[Shape] = &[shape::<Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let workspace = house.workspace()?;
        let proof = match (self.no_proof || self.summary, self.unproved) {
            (true, _) => ProofWanted::No,
            (false, true) => ProofWanted::Try,
            (false, false) => ProofWanted::Must,
        };
        let database = house.place(Dev { dev: false }).database;
        let options = Options { from: self.from, to: self.to, database, proof };
        let mut watcher = house.watcher();
        let report = house.run(diff::diff(&workspace, &options, &mut watcher))?;
        drop(watcher);
        if house.terminal.manner.json {
            Terminal::json(&report)?;
        } else if self.summary {
            let mut page = house.terminal.page();
            summary(&report, &mut page);
            terminal::data(page.into_text().as_bytes())?;
        } else {
            terminal::data(report.script.as_bytes())?;
            let mut page = house.terminal.talk_page();
            remarks(&report, &mut page);
            house.terminal.talk(page);
        }
        let differs = self.check && !report.is_equal();
        Ok(if differs { house.exit(Exit::Pending) } else { Exit::Done })
    }
}

fn remarks(report: &Report, page: &mut Page) {
    match &report.proof {
        _ if report.is_equal() => page.line("nothing differs"),
        ProofShown::Proved { server } => page.line(format!("proved on {server}")),
        ProofShown::Failed { because } => {
            page.line(format!("the plan does not lead there: {because}"));
        }
        ProofShown::None { because } => page.line(format!("not proved: {because}")),
    }
    if !report.unmodelled.is_empty() {
        page.line(format!("not compared: {}", report.unmodelled.join(", ")));
    }
}

fn summary(report: &Report, page: &mut Page) {
    for delta in report.deltas.iter().filter(|delta| !delta.is_part) {
        let DeltaShown { kind, name, change, attributes, is_part: _ } = delta;
        let (mark, tone) = match *change {
            "added" => ("+", Tone::Good),
            "removed" => ("-", Tone::Bad),
            _ => ("~", Tone::Care),
        };
        let what = match attributes.as_slice() {
            [] => String::new(),
            some => format!(": {}", some.join(", ").replace('_', " ")),
        };
        let line = format!("{} {kind} {name}{what}", page.paint(tone, mark));
        page.line(line);
    }
    if report.deltas.is_empty() {
        page.line("nothing differs");
    }
}
