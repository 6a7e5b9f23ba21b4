//! `whimbrel status`

use std::collections::BTreeSet;

use whimbrel_app::Exit;
use whimbrel_app::cases::status::{self, Line, Options, OtherShown, RefusalShown, Report};

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::page::{Column, Page, Table};
use crate::running;
use crate::shapes::{Shape, shape};
use crate::show;
use crate::theme::{Tone, clean};

/// Show what is applied and what is pending
///
/// One line a migration: its file beside its ledger, what state that makes, when it was applied, how
/// long it took and by whom. Reads only: neither the database nor a file is changed.
#[derive(clap::Args, Debug)]
pub(crate) struct Status {
    /// End with exit code 3 if something is pending or not as it should be
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    dev: super::Dev,
}

impl Verb for Status {
    const NAME: &str = "status";
    const EXAMPLES: &str = "  \
  whimbrel status
  whimbrel status --env production
  whimbrel status --check          In a pipeline: fail if something is pending
  whimbrel status --json | jq '.migrations[] | select(.due) | .id'";
    const REPORTS: &[Shape] = &[shape::<Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let workspace = house.workspace()?;
        let options = Options { place: house.place(self.dev) };
        let mut watcher = house.watcher();
        let report = house.run(status::status(&workspace, &options, &mut watcher))?;
        drop(watcher);
        house.terminal.report(&report, show)?;
        Ok(if self.check { report.check() } else { Exit::Done })
    }
}

fn show(report: &Report, page: &mut Page) {
    show::database(&report.database, page);
    page.gap();
    let several = report.histories.len() > 1;
    let mut table = Table::new([
        Column::text("history", 8),
        Column::text("migration", 20).naming(),
        Column::whole("file"),
        Column::whole("ledger"),
        Column::whole("state"),
        Column::text("applied (UTC)", 11),
        Column::number("took"),
        Column::text("by", 8),
        Column::text("remark", 12),
    ]);
    for line in &report.migrations {
        let history = if several { line.history.clone() } else { String::new() };
        table.row(cells(line, history, page));
    }
    page.table(&table);
    page.gap();
    page.line(summary(report, page));
    seeds(report, page);
    others(&report.others, page);
    for warning in &report.warnings {
        show::remark(warning, page);
    }
    if report.summary.pending > 0 {
        let [up, preview] =
            ["up", "preview"].map(|command| running::in_earnest(std::env::args().skip(1), command));
        if report.refusals.is_empty() {
            page.hint(&format!(
                "`whimbrel {up}` runs what is pending; `whimbrel {preview}` shows it first"
            ));
        } else {
            refusals(&report.refusals, &up, page);
        }
    }
}

/// Why what is pending does not run, and each way on once.
fn refusals(refusals: &[RefusalShown], up: &str, page: &mut Page) {
    for refusal in refusals {
        page.hint(&format!("`whimbrel {up}` refuses to run: {}", refusal.message));
    }
    let ways: BTreeSet<&str> = refusals.iter().filter_map(|each| each.way.as_deref()).collect();
    for way in ways {
        page.hint(way);
    }
}

/// The seed files, a line each.
fn seeds(report: &Report, page: &mut Page) {
    if report.seeds.is_empty() {
        return;
    }
    page.gap();
    let mut table =
        Table::new([Column::text("seed", 20), Column::whole("state"), Column::whole("ran (UTC)")]);
    for seed in &report.seeds {
        let tone = match seed.state.as_ref() {
            "ran" => Tone::Good,
            "pending" => Tone::Hint,
            _ => Tone::Care,
        };
        table.row([
            clean(&seed.path),
            page.paint(tone, &seed.state),
            seed.ran_at.as_deref().map(show::time).unwrap_or_default(),
        ]);
    }
    page.table(&table);
    let is = |state| report.seeds.iter().any(|seed| seed.state == state);
    match (is("pending"), is("changed")) {
        (true, _) => page.hint("`whimbrel up --seed` runs seed files that never ran"),
        (false, true) => page.hint("`whimbrel up --seed=changed` runs them again"),
        (false, false) => {}
    }
}

/// The ledgers of other tools, a line each.
fn others(others: &[OtherShown], page: &mut Page) {
    if others.is_empty() {
        return;
    }
    page.gap();
    let mut table = Table::new([
        Column::whole("other tool"),
        Column::text("its table", 12),
        Column::number("applied"),
        Column::text("newest", 12),
        Column::whole("applied (UTC)"),
        Column::text("failed", 12),
    ]);
    for other in others {
        let name = page.paint(Tone::Name, &other.tool);
        let Some(entries) = &other.entries else {
            let unread = "this role may not read it".to_owned();
            table.row([
                name,
                clean(&other.table),
                String::new(),
                unread,
                String::new(),
                String::new(),
            ]);
            continue;
        };
        let failed = entries.first_failed.as_ref().map(|first| match entries.failed {
            0 | 1 => first.clone(),
            more => format!("{first} and {} more", more - 1),
        });
        table.row([
            name,
            clean(&other.table),
            entries.applied.to_string(),
            clean(entries.newest.as_deref().unwrap_or_default()),
            entries.applied_at.as_deref().map(show::time).unwrap_or_default(),
            failed.map(|failed| page.paint(Tone::Bad, clean(&failed))).unwrap_or_default(),
        ]);
    }
    page.table(&table);
}

fn cells(line: &Line, history: String, page: &Page) -> [String; 9] {
    let mark = |is: bool| if is { "yes" } else { "gone" };
    let tone = match (line.state.as_ref(), line.applied) {
        ("applied", _) => Tone::Good,
        ("failed" | "missing file" | "modified", _) => Tone::Bad,
        ("pending" | "changed", _) => Tone::Hint,
        (_, _) => Tone::Care,
    };
    let name = show::name(&line.id, &line.name);
    let name = if line.repeatable { format!("{name} (repeatable)") } else { name };
    // A row that a person set back to pending keeps the time of its old run.
    let is_over = line.state == "pending";
    let when = line.applied_at.as_deref().filter(|_| !is_over).map(show::time);
    let took = line.execution_time_ms.filter(|_| !is_over).map(show::milliseconds);
    [
        history,
        name,
        mark(line.file.is_some()).to_owned(),
        line.ledger.as_deref().unwrap_or("-").to_owned(),
        page.paint(tone, &line.state),
        when.unwrap_or_default(),
        took.unwrap_or_default(),
        line.applied_by.clone().unwrap_or_default(),
        remark(line),
    ]
}

/// That it never ran, and what is behind its state.
fn remark(line: &Line) -> String {
    let marked = line.marked.then_some("marked as applied, not run here");
    let note = line.note.as_deref().and_then(|note| note.lines().next());
    marked.into_iter().chain(note).collect::<Vec<_>>().join("; ")
}

fn summary(report: &Report, page: &Page) -> String {
    let summary = report.summary;
    let mut parts = vec![format!("{} applied", summary.applied)];
    if summary.pending > 0 {
        parts.push(page.paint(Tone::Hint, format!("{} pending", summary.pending)));
    }
    if summary.attention > 0 {
        let verb = if summary.attention == 1 { "wants" } else { "want" };
        parts.push(page.paint(Tone::Care, format!("{} {verb} attention", summary.attention)));
    }
    if summary.pending == 0 && summary.attention == 0 {
        parts.push(page.paint(Tone::Good, "everything is up to date"));
    }
    parts.join(", ")
}
