//! Tables of figures, with the targets beside them.

use std::fmt::Write as _;

use crate::race::Contender;

/// One section of the report.
#[derive(Debug, Default)]
pub(crate) struct Section {
    text: String,
    /// The figures that have a target.
    pub(crate) verdicts: Vec<Verdict>,
}

/// A figure and its target.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) what: String,
    pub(crate) target: String,
    pub(crate) reached: String,
    pub(crate) met: bool,
}

/// What a figure has to be at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtMost<'a> {
    /// Whose figure.
    pub(crate) who: &'a str,
    /// This many times the other's.
    pub(crate) times: f64,
    /// The other.
    pub(crate) than: &'a str,
}

impl Section {
    /// Begins with a title and a paragraph.
    pub(crate) fn new(title: &str, words: &str) -> Self {
        Self { text: format!("## {title}\n\n{words}\n"), verdicts: Vec::new() }
    }

    /// Adds a table of a race; ratios are to the first contender, the least to the least and the
    /// median to the median.
    pub(crate) fn table(&mut self, caption: &str, race: &[Contender<'_>], targets: &[AtMost<'_>]) {
        let Some(floor) = race.first() else { return };
        let mut text = format!(
            "\n**{caption}**\n\n| | least, ms | median, ms | ratio of the least | of the medians | \
             target |\n| --- | --: | --: | --: | --: | --- |\n"
        );
        for contender in race {
            let own: Vec<&AtMost<'_>> =
                targets.iter().filter(|target| target.who == contender.name).collect();
            let mut marks = Vec::new();
            for target in own {
                let Some(other) = race.iter().find(|other| other.name == target.than) else {
                    continue;
                };
                let verdict = judge(caption, contender, other, *target);
                marks.push(format!("{} {}", verdict.target, mark(verdict.met)));
                self.verdicts.push(verdict);
            }
            writeln!(
                text,
                "| {} | {} | {} | {:.2} | {:.2} | {} |",
                contender.name,
                milliseconds(contender.times.least()),
                milliseconds(contender.times.median()),
                contender.times.least() / floor.times.least(),
                contender.times.median() / floor.times.median(),
                marks.join("; "),
            )
            .expect("a string takes all");
        }
        self.text.push_str(&text);
    }

    /// Adds a figure that has a limit of its own.
    pub(crate) fn limit(&mut self, what: &str, reached: f64, limit: f64, unit: &str) {
        self.verdicts.push(Verdict {
            what: what.to_owned(),
            target: format!("under {limit} {unit}"),
            reached: match reached {
                small if small < 1.0 => format!("{small:.3} {unit}"),
                _ => format!("{reached:.1} {unit}"),
            },
            met: reached < limit,
        });
    }

    /// Adds a table of two columns.
    pub(crate) fn pairs(&mut self, head: (&str, &str), rows: &[(String, String)]) {
        let mut text = format!("\n| {} | {} |\n| --- | --: |\n", head.0, head.1);
        for (name, value) in rows {
            writeln!(text, "| {name} | {value} |").expect("a string takes all");
        }
        self.text.push_str(&text);
    }

    /// The section as Markdown.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

fn judge(caption: &str, who: &Contender<'_>, than: &Contender<'_>, target: AtMost<'_>) -> Verdict {
    let least = who.times.least() / than.times.least();
    let median = who.times.median() / than.times.median();
    Verdict {
        what: format!("{caption}: {}", who.name),
        target: format!("≤ {}× {}", target.times, target.than),
        reached: format!("{least:.2}× (medians {median:.2}×)"),
        met: least <= target.times,
    }
}

/// All figures with a target, in one table.
pub(crate) fn summary(sections: &[Section]) -> String {
    let mut text = "| figure | target | reached | |\n| --- | --- | --- | --- |\n".to_owned();
    for verdict in sections.iter().flat_map(|section| &section.verdicts) {
        let Verdict { what, target, reached, met } = verdict;
        writeln!(text, "| {what} | {target} | {reached} | {} |", mark(*met))
            .expect("a string takes all");
    }
    text
}

fn mark(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}

fn milliseconds(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}
