//! `whimbrel explain`

use whimbrel_app::Exit;
use whimbrel_app::cases::explain::{self, CodeShown, Options, RaisedShown, Report};

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

/// What those are about that a script raises.
const RAISED: &str = "Scripts that somebody else runs";

fn show_list(report: &Report, page: &mut Page) {
    for area in &report.areas {
        let errors = area.errors.iter().map(|error| [error.code, error.title]);
        show_table(area.title, errors, page);
    }
    show_table(RAISED, report.raised.iter().map(|raised| [raised.code, raised.title]), page);
}

fn show_table<'a>(title: &str, rows: impl Iterator<Item = [&'a str; 2]>, page: &mut Page) {
    page.gap();
    page.line(page.paint(Tone::Name, title));
    let mut table = Table::new([Column::whole("code"), Column::text("what happened", 30)]);
    for row in rows {
        table.row(row.map(str::to_owned));
    }
    page.table(&table);
}

fn show_pages(report: &Report, page: &mut Page) {
    for error in report.areas.iter().flat_map(|area| &area.errors) {
        let CodeShown { code, title, cause, cure, exit_code, exit, example } = error;
        let example = format!("error[{code}]: {example}");
        let end = format!("exit code {exit_code} ({exit})");
        show_page([code, title], [cause, cure, &example, &end], page);
    }
    for raised in &report.raised {
        let RaisedShown { code, title, cause, cure, example } = raised;
        let example = format!("ERROR: {code}: {example}");
        let end = format!("SQLSTATE {code}, and the transaction of that part is undone");
        show_page([code, title], [cause, cure, &example, &end], page);
    }
}

fn show_page([code, title]: [&str; 2], texts: [&str; 4], page: &mut Page) {
    page.line(format!("{}  {title}", page.paint(Tone::Bad, code)));
    for (title, text) in ["Cause", "Cure", "Looks like", "Ends with"].iter().zip(texts) {
        page.gap();
        page.line(page.paint(Tone::Heading, title));
        page.paragraph("  ", text);
    }
}
