//! `whimbrel redo`

use whimbrel_app::Exit;
use whimbrel_app::cases::redo::{self, Options};
use whimbrel_app::run::{self, Seeds};

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::running::{Running, Side};
use crate::shapes::{Shape, shape};

/// Undo the newest migration and apply it again
///
/// For the one that is just being written: its down script, then its up script as it is now.
#[derive(clap::Args, Debug)]
pub(crate) struct Redo {
    /// Which down script to run, where the file's is not the recorded one
    #[arg(long, value_name = "SIDE")]
    down_from: Option<Side>,

    #[command(flatten)]
    running: Running,
}

impl Verb for Redo {
    const NAME: &str = "redo";
    const EXAMPLES: &str = "  \
  whimbrel redo --dev
  whimbrel redo --yes --down-from ledger   After the file's down script was rewritten";
    const REPORTS: &[Shape] = &[shape::<run::Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let from = self.down_from.map(Side::side);
        self.running.go(house, Seeds::Unwanted, async move |workspace, run, events| {
            redo::redo(workspace, &Options { from, run }, events).await
        })
    }
}
