//! `whimbrel explain`

use whimbrel_app::Exit;
use whimbrel_app::cases::explain::{self, CodeShown, Options, Report};

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::page::{Column, Page, Table};
use crate::shapes::{Shape, shape};
use crate::theme::Tone;

/// Say what an error means and what to do
///
/// Each error has an id, which stands in brackets: `error[W2001]: …`. Without one, all are listed.
#[derive(clap::Args, Debug)]
pub(crate) struct Explain {
    /// The id of an error
    #[arg(value_name = "CODE")]
    id: Option<String>,
}

impl Verb for Explain {
    const NAME: &str = "explain";
    const EXAMPLES: &str = "  \
  whimbrel explain W2001   What this error means, and what to do
  whimbrel explain         Every error there is";
    const REPORTS: &[Shape] = &[shape::<Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let report = explain::explain(&Options { id: self.id.clone() })?;
        let show = if self.id.is_some() { show_pages } else { show_list };
        house.terminal.report(&report, show)?;
        Ok(Exit::Done)
    }
}

fn show_list(report: &Report, page: &mut Page) {
    for area in &report.areas {
        page.gap();
        page.line(page.paint(Tone::Name, area.title));
        let mut table = Table::new([Column::whole("code"), Column::text("what happened", 30)]);
        for error in &area.errors {
            table.row([error.code.to_owned(), error.title.to_owned()]);
        }
        page.table(&table);
    }
}

fn show_pages(report: &Report, page: &mut Page) {
    for error in report.areas.iter().flat_map(|area| &area.errors) {
        show_page(error, page);
    }
}

fn show_page(error: &CodeShown, page: &mut Page) {
    page.line(format!("{}  {}", page.paint(Tone::Bad, error.code), error.title));
    let CodeShown { cause, cure, exit_code, exit, .. } = error;
    let example = format!("error[{}]: {}", error.code, error.example);
    let end = format!("exit code {exit_code} ({exit})");
    for (title, text) in
        [("Cause", *cause), ("Cure", *cure), ("Looks like", &example), ("Ends with", &end)]
    {
        page.gap();
        page.line(page.paint(Tone::Heading, title));
        page.paragraph("  ", text);
    }
}
