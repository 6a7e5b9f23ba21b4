//! `whimbrel adopt`

use whimbrel_app::Exit;
use whimbrel_app::cases::adopt::{self, BaselineShown, Options, Report};
use whimbrel_app::run::Proof;

use super::Verb;
use crate::amending::{self, Amending, Outcome};
use crate::failure::{self, Failure};
use crate::house::House;
use crate::page::Page;
use crate::shapes::{Shape, shape};
use crate::show;
use crate::theme::{Tone, clean};

/// Take over a database that another tool, or a person by hand, has migrated so far
///
/// The other tool's ledger is read, its entries are found among this project's files, and those are
/// recorded as applied without running. Files that were changed since are told by the tool's own
/// checksum, and refused. First it is proved: a throw-away Postgres replays what would be recorded, and the
/// database must be what comes of it. The other tool's table is left as it is.
///
/// A project without migrations begins with `--from-database`: pg_dump writes down what the database
/// has, and that becomes the first migration, proved and recorded in the same way.
#[derive(clap::Args, Debug)]
pub(crate) struct Adopt {
    /// The tool whose ledger is read [default: the one that is there]
    #[arg(long, value_name = "TOOL", conflicts_with = "to")]
    from: Option<String>,

    /// Without a tool: the last migration whose effects are in the database [default: the last]
    #[arg(long, value_name = "ID")]
    to: Option<String>,

    /// Write the first migration from what the database has; it is called NAME
    #[arg(
        long,
        value_name = "NAME",
        num_args = 0..=1,
        default_missing_value = "baseline",
        conflicts_with_all = ["from", "to"]
    )]
    from_database: Option<String>,

    /// Do not prove it
    #[arg(long)]
    no_proof: bool,

    #[command(flatten)]
    amending: Amending,
}

impl Verb for Adopt {
    const NAME: &str = "adopt";
    const EXAMPLES: &str = "  \
  whimbrel adopt                          Read the other tool's ledger, prove it, ask, record it
  whimbrel adopt --dry-run                Only show and prove it
  whimbrel adopt --from dbmate --yes      In a pipeline
  whimbrel adopt --to 12                  No tool: everything up to 12 is in the database
  whimbrel adopt --from-database          No migrations yet: the first is what the database has";
    const REPORTS: &[Shape] = &[shape::<Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let proof = if self.no_proof { Proof::Unwanted } else { Proof::Required };
        let workspace = house.workspace()?;
        let options = Options {
            from: self.from,
            to: self.to,
            proof,
            remarks: Vec::new(),
            run: self.amending.options(house, proof),
        };
        let mut watcher = house.watcher();
        let report = match &self.from_database {
            Some(name) => {
                house.run(adopt::from_database(&workspace, name, &options, &mut watcher))?
            }
            None => house.run(adopt::adopt(&workspace, &options, &mut watcher))?,
        };
        drop(watcher);
        house.terminal.report(&report, show)?;
        for error in &report.failures {
            failure::print_part(error, &house.terminal);
        }
        Ok(report.exit())
    }
}

fn show(report: &Report, page: &mut Page) {
    show::database(&report.database, page);
    if let (Some(tool), Some(table)) = (report.tool, &report.table) {
        let compared = match report.compared {
            0 => String::new(),
            count => format!(", {} compared by its own checksum", show::count(count, "file")),
        };
        let tool = page.paint(Tone::Name, tool);
        page.line(format!("from {tool}, {}{compared}", clean(table)));
    }
    if let Some(baseline) = &report.baseline {
        show_baseline(baseline, report.written, page);
    }
    page.gap();
    if report.changes.is_empty() {
        page.line(page.paint(Tone::Good, "nothing to do: everything is recorded"));
    } else {
        amending::changes(&report.changes, page);
        page.gap();
    }
    for id in &report.changed {
        let label = page.paint(Tone::Care, "changed since it was applied:");
        page.line(format!("{label} {}", clean(id)));
    }
    for left in &report.left_out {
        let label = page.paint(Tone::Care, "left out:");
        page.line(format!("{label} {}: {}", clean(&left.version), left.why));
    }
    let outcome = Outcome::of(report.written, &report.failures);
    amending::ending(&report.proof, report.changes.len(), outcome, page);
}

/// The first migration, and its whole text where nothing was written.
fn show_baseline(baseline: &BaselineShown, is_written: bool, page: &mut Page) {
    let BaselineShown { file, pg_dump, statements, remarks, text } = baseline;
    let file = page.paint(Tone::Name, clean(file.as_str()));
    let count = show::count(*statements, "statement");
    let word = if is_written { "written" } else { "would be written" };
    page.line(format!("{file} {word} from the database by pg_dump {pg_dump}: {count}"));
    for remark in remarks {
        let label = page.paint(Tone::Care, "note:");
        page.line(format!("{label} {}", clean(remark)));
    }
    if let Some(text) = text {
        page.gap();
        text.lines().for_each(|line| page.line(clean(line)));
    }
}
