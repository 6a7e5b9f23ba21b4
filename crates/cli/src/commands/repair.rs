//! `whimbrel repair`

use whimbrel_app::Exit;
use whimbrel_app::cases::repair::{self, Options, Report, What};
use whimbrel_app::run::Proof;

use super::Verb;
use crate::amending::{self, Amending, Outcome};
use crate::failure::{self, Failure};
use crate::house::House;
use crate::page::Page;
use crate::shapes::{Shape, shape};
use crate::show;
use crate::theme::{Tone, clean};

/// Set right what the ledger says, without running anything
///
/// Each change is shown, proved where that is possible, confirmed, and recorded with who and why.
/// The proof: a throw-away Postgres replays what the ledger would say is applied, and the database
/// must be what comes of it; objects that differ are named and nothing is written.
#[derive(clap::Args, Debug)]
pub(crate) struct Repair {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// They are applied: somebody ran them by hand, or finished what had failed
    Applied(Ids),
    /// They are not applied: somebody undid them by hand
    Pending(Ids),
    /// Their files were changed since they were applied, and are right
    Checksum(Ids),
    /// Take their entries out of the ledger
    Forget(Ids),
    /// Their files are gone: write them back from the ledger's scripts
    Orphan(Ids),
}

#[derive(clap::Args, Debug)]
struct Ids {
    /// The migrations: their ids, their numbers, or the beginnings of their names
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,

    /// Write nothing that cannot be proved
    #[arg(long, conflicts_with = "no_proof")]
    prove: bool,

    /// Do not prove it
    #[arg(long)]
    no_proof: bool,

    #[command(flatten)]
    amending: Amending,
}

impl Verb for Repair {
    const NAME: &str = "repair";
    const EXAMPLES: &str = "  \
  whimbrel repair applied 7 --reason 'ran by hand, ticket 12'
  whimbrel repair pending 7        It was undone by hand
  whimbrel repair checksum 3       Accept the file as it is now; shows what differs
  whimbrel repair forget 5         Take its entry out
  whimbrel repair orphan 5         Write its file back from the ledger";
    const REPORTS: &[Shape] = &[shape::<Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let (what, ids) = match self.action {
            Action::Applied(ids) => (What::Applied, ids),
            Action::Pending(ids) => (What::Pending, ids),
            Action::Checksum(ids) => (What::Checksum, ids),
            Action::Forget(ids) => (What::Forget, ids),
            Action::Orphan(ids) => (What::Orphan, ids),
        };
        let proof = match (ids.prove, ids.no_proof) {
            (true, _) => Proof::Whole,
            (false, true) => Proof::Unwanted,
            (false, false) => Proof::IfPossible,
        };
        let workspace = house.workspace()?;
        let run = ids.amending.options(house, proof);
        let options = Options { what, ids: ids.ids, proof, run };
        let mut watcher = house.watcher();
        let report = house.run(repair::repair(&workspace, &options, &mut watcher))?;
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
    page.gap();
    amending::changes(&report.changes, page);
    page.gap();
    for line in &report.differences {
        page.line(whimbrel_app::mask(&clean(line)));
    }
    for file in &report.files {
        let verb = if report.written { "wrote" } else { "would write" };
        let file = page.paint(Tone::Name, clean(file.as_str()));
        page.line(format!("{verb} {file}"));
    }
    if !report.files.is_empty() {
        return;
    }
    let outcome = Outcome::of(report.written, &report.failures);
    amending::ending(&report.proof, report.changes.len(), outcome, page);
}
