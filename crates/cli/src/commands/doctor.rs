//! `whimbrel doctor`

use whimbrel_app::cases::doctor::{self, Finding, Options, Report, Severity, Summary};
use whimbrel_app::{Exit, Period};

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::page::Page;
use crate::running;
use crate::shapes::{Shape, shape};
use crate::show;
use crate::theme::{Tone, clean};

/// Explain the project, the way to its database, and what there will hurt
///
/// Which connection URL won and why, what stands between, TLS, the role's rights and settings, locks,
/// long transactions, invalid indexes, the ledgers of every tool and who else reaches them: each with
/// what to do. Reads only, and goes as far as it can when the database cannot be reached.
#[derive(clap::Args, Debug)]
pub(crate) struct Doctor {
    /// End with exit code 3 if there is a warning or trouble
    #[arg(long)]
    check: bool,

    /// From when on a transaction of somebody else is long
    #[arg(long, value_name = "DURATION", default_value = "1min", value_parser = running::period)]
    longer_than: Period,

    #[command(flatten)]
    dev: super::Dev,
}

impl Verb for Doctor {
    const NAME: &str = "doctor";
    const EXAMPLES: &str = "  \
  whimbrel doctor
  whimbrel doctor --env production
  whimbrel doctor --check          In a pipeline: fail if something will hurt
  whimbrel doctor --json | jq '.findings[] | select(.severity != \"ok\")'";
    const REPORTS: &[Shape] = &[shape::<Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let workspace = house.workspace()?;
        let database = house.place(self.dev).database;
        let options = Options { database, longer_than: self.longer_than.0 };
        let mut watcher = house.watcher();
        let report = house.run(doctor::doctor(&workspace, &options, &mut watcher))?;
        drop(watcher);
        house.terminal.report(&report, show)?;
        Ok(if self.check { report.check() } else { Exit::Done })
    }
}

/// The column in which findings begin: behind the longest group and the longest severity.
const INDENT: usize = 21;

fn show(report: &Report, page: &mut Page) {
    if let Some(database) = &report.database {
        show::database(database, page);
        page.gap();
    }
    for group in report.findings.chunk_by(|one, other| one.group == other.group) {
        show_group(group, page);
    }
    page.gap();
    page.line(summary(report.summary, page));
}

/// What is as it should be in one line, and each finding that is not.
fn show_group(findings: &[Finding], page: &mut Page) {
    let mut title = findings.first().map_or("", |finding| finding.group.word());
    let is_ok = |finding: &&Finding| finding.severity == Severity::Ok;
    let fine: Vec<&str> =
        findings.iter().filter(is_ok).map(|finding| finding.what.as_str()).collect();
    if !fine.is_empty() {
        line(page, title, Severity::Ok, &fine.join("; "));
        title = "";
        for evidence in findings.iter().filter(is_ok).flat_map(|finding| &finding.evidence) {
            below(page, Tone::Faint, evidence);
        }
    }
    for finding in findings.iter().filter(|finding| !is_ok(finding)) {
        line(page, title, finding.severity, &finding.what);
        title = "";
        for evidence in &finding.evidence {
            below(page, Tone::Faint, evidence);
        }
        for cure in &finding.cure {
            below(page, Tone::Hint, &format!("hint: {cure}"));
        }
        for sql in &finding.sql {
            let sql = clean(sql);
            let indent = indent(page);
            page.verbatim(format!("{:indent$}{}", "", page.paint(Tone::Name, sql)));
        }
        if let Some(code) = finding.code {
            below(page, Tone::Faint, &format!("more: whimbrel explain {code}"));
        }
    }
}

/// A finding's first line, and the rest of its sentence below.
fn line(page: &mut Page, title: &str, severity: Severity, what: &str) {
    let tone = match severity {
        Severity::Ok => Tone::Good,
        Severity::Note => Tone::Hint,
        Severity::Warning => Tone::Care,
        Severity::Trouble => Tone::Bad,
    };
    // Padded before it is painted: escape codes have no width.
    let word = page.paint(tone, format!("{:<9}", severity.word()));
    let indent = indent(page);
    let mut first = format!("{title:<12}{word}");
    if indent < INDENT {
        page.line(std::mem::take(&mut first));
    }
    for text in page.wrapped(indent, &clean(what)) {
        let before = std::mem::take(&mut first);
        let blanks = if before.is_empty() { indent } else { 0 };
        page.line(format!("{before}{:blanks$}{text}", ""));
    }
}

/// How far in findings stand: on a narrow terminal they begin below their group and severity.
fn indent(page: &Page) -> usize {
    if page.has_room(INDENT) { INDENT } else { 2 }
}

/// A line below a finding.
fn below(page: &mut Page, tone: Tone, text: &str) {
    let indent = indent(page);
    for text in page.wrapped(indent, &clean(text)) {
        page.line(format!("{:indent$}{}", "", page.paint(tone, text)));
    }
}

fn summary(summary: Summary, page: &Page) -> String {
    let Summary { ok: _, notes, warnings, troubles } = summary;
    let mut parts = Vec::new();
    for (number, noun, tone) in [
        (troubles, "trouble", Tone::Bad),
        (warnings, "warning", Tone::Care),
        (notes, "note", Tone::Hint),
    ] {
        if number > 0 {
            parts.push(page.paint(tone, show::count(number, noun)));
        }
    }
    if warnings + troubles == 0 {
        parts.insert(0, page.paint(Tone::Good, "nothing will hurt"));
    }
    parts.join(", ")
}
