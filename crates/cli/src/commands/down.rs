//! `whimbrel down`

use std::num::NonZeroUsize;

use whimbrel_app::Exit;
use whimbrel_app::cases::down::{self, Options};
use whimbrel_app::run::select::Back;
use whimbrel_app::run::{self, Seeds};

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::running::{Running, Side};
use crate::shapes::{Shape, shape};

/// Undo what is applied, the newest first
///
/// Runs down scripts in the reverse of the order in which they were applied, and nothing before what
/// depends on it. A migration without a down script is named, and nothing runs.
#[derive(clap::Args, Debug)]
pub(crate) struct Down {
    /// How many [default: 1]
    #[arg(value_name = "N")]
    count: Option<NonZeroUsize>,

    /// Until this one is the newest
    #[arg(long, value_name = "ID", conflicts_with = "count")]
    to: Option<String>,

    /// Everything
    #[arg(long, conflicts_with_all = ["count", "to"])]
    all: bool,

    /// Which down script to run, where the file's is not the recorded one
    #[arg(long, value_name = "SIDE")]
    down_from: Option<Side>,

    #[command(flatten)]
    running: Running,
}

impl Verb for Down {
    const NAME: &str = "down";
    const EXAMPLES: &str = "  \
  whimbrel down                      Undo the newest
  whimbrel down 3 --dry-run --full   Show how the newest three would be undone
  whimbrel down --to 004             Undo everything after 004";
    const REPORTS: &[Shape] = &[shape::<run::Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let back = match (self.to, self.all) {
            (Some(to), _) => Back::To(to),
            (None, true) => Back::All,
            (None, false) => Back::Newest(self.count.map_or(1, NonZeroUsize::get)),
        };
        let from = self.down_from.map(Side::side);
        self.running.go(house, Seeds::Unwanted, async move |workspace, run, events| {
            down::down(workspace, &Options { back, from, run }, events).await
        })
    }
}
