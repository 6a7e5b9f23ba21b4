//! A text for a person: lines and tables as wide as the terminal.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use crate::aim;
use crate::theme::{Theme, Tone};

/// Lines being written.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    theme: Theme,
    width: usize,
}

impl Page {
    /// An empty page of some width.
    pub(crate) fn new(theme: Theme, width: usize) -> Self {
        Self { text: String::new(), theme, width }
    }

    /// How it is coloured.
    pub(crate) fn theme(&self) -> Theme {
        self.theme
    }

    /// Shows something in a tone.
    pub(crate) fn paint(&self, tone: Tone, text: impl std::fmt::Display) -> String {
        self.theme.paint(tone, text)
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.text.push_str(aim::aimed(text.as_ref()).trim_end());
        self.text.push('\n');
    }

    /// Adds an empty line, unless the page is empty or ends in one.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Adds a text in as many lines as it takes, each behind the indent.
    pub(crate) fn paragraph(&mut self, indent: &str, text: &str) {
        for line in self.wrapped(indent.len(), text) {
            self.line(format!("{indent}{line}"));
        }
    }

    /// A text in lines that fit behind an indent, broken between words; a word is never broken.
    pub(crate) fn wrapped(&self, indent: usize, text: &str) -> Vec<String> {
        let width = self.width.saturating_sub(indent).max(30);
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let last = lines.last().map_or(0, |line| line.chars().count());
            if last > 0 && last + 1 + word.chars().count() > width {
                lines.push(String::new());
            }
            let line = lines.last_mut().expect("there is one from the beginning");
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines
    }

    /// Adds a line that says what to do next.
    pub(crate) fn hint(&mut self, text: &str) {
        let label = self.paint(Tone::Hint, "hint:");
        self.line(format!("{label} {text}"));
    }

    /// Adds a table.
    pub(crate) fn table(&mut self, table: &Table) {
        let widths = table.widths(self.width);
        let header: Vec<String> =
            table.columns.iter().map(|column| self.paint(Tone::Heading, column.title)).collect();
        self.row(table, &widths, &header);
        for row in &table.rows {
            self.row(table, &widths, row);
        }
    }

    fn row(&mut self, table: &Table, widths: &[usize], cells: &[String]) {
        let mut line = String::new();
        for ((cell, width), column) in cells.iter().zip(widths).zip(&table.columns) {
            if *width == 0 {
                continue;
            }
            match (plain_width(cell), column.align) {
                (Some(own), Align::Left) if own <= *width => {
                    line.push_str(cell);
                    line.extend(std::iter::repeat_n(' ', width - own));
                }
                (Some(own), Align::Right) if own <= *width => {
                    line.extend(std::iter::repeat_n(' ', width - own));
                    line.push_str(cell);
                }
                (_, align) => {
                    let alignment = match align {
                        Align::Left => Alignment::Left,
                        Align::Right => Alignment::Right,
                    };
                    let fitted = truncate_str(cell, *width, "…");
                    line.push_str(&pad_str(&fitted, *width, alignment, None));
                }
            }
            line.push_str("  ");
        }
        self.line(line);
    }

    /// The text.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// The width of a text on the terminal.
fn text_width(text: &str) -> usize {
    plain_width(text).unwrap_or_else(|| measure_text_width(text))
}

/// The width of a text of nothing but ASCII's visible letters and blanks, which most cells of a
/// long table are; any other is measured letter by letter, its colours left out.
fn plain_width(text: &str) -> Option<usize> {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')).then_some(text.len())
}

/// Rows under titles. Columns that hold nothing are left out.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// What stands above it.
    pub(crate) title: &'static str,
    /// On which side its cells stand.
    pub(crate) align: Align,
    /// The width down to which it may be cut where the terminal is narrow.
    pub(crate) least: usize,
}

/// A side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// For text.
    Left,
    /// For numbers.
    Right,
}

impl Column {
    /// A column of text that may be cut down to a width.
    pub(crate) const fn text(title: &'static str, least: usize) -> Self {
        Self { title, align: Align::Left, least }
    }

    /// A column that is never cut.
    pub(crate) const fn whole(title: &'static str) -> Self {
        Self { title, align: Align::Left, least: usize::MAX }
    }

    /// A column of numbers, never cut.
    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, align: Align::Right, least: usize::MAX }
    }

    /// The width that it keeps on the narrowest terminal.
    fn floor(&self) -> usize {
        if self.least == usize::MAX { usize::MAX } else { self.least.div_ceil(2) }
    }
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), rows: Vec::new() }
    }

    /// Adds a row, a cell for each column.
    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        let cells = cells.into();
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// The width of each column within a total; an empty column has none.
    ///
    /// What is too wide is taken from the widest columns that may be cut.
    fn widths(&self, total: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|index| {
                let cells = self.rows.iter().map(|row| text_width(&row[index]));
                match cells.max().unwrap_or(0) {
                    0 => 0,
                    widest => widest.max(measure_text_width(self.columns[index].title)),
                }
            })
            .collect();
        let shown = widths.iter().filter(|width| **width > 0).count();
        let room = total.saturating_sub(2 * shown.saturating_sub(1));
        self.shrink(&mut widths, room, |column| column.least);
        // Where that is not enough, they give more: a line that wraps is worse.
        self.shrink(&mut widths, room, Column::floor);
        widths
    }

    /// Takes from columns that may be cut, the widest for what it needs first, down to a least.
    fn shrink(&self, widths: &mut [usize], room: usize, least: fn(&Column) -> usize) {
        while widths.iter().sum::<usize>() > room {
            let may_shrink = |index: &usize| widths[*index] > least(&self.columns[*index]);
            let spare = |index: &usize| widths[*index] * 100 / self.columns[*index].least.max(1);
            let Some(widest) = (0..widths.len()).filter(may_shrink).max_by_key(spare) else {
                break;
            };
            widths[widest] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: usize) -> String {
        let mut table = Table::new([
            Column::text("migration", 8),
            Column::whole("state"),
            Column::number("took"),
            Column::whole("never"),
        ]);
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        table.row(row(["001_create_user_profiles", "applied", "12 ms", ""]));
        table.row(row(["002_größe", "pending", "", ""]));
        let mut page = Page::new(Theme::Plain, width);
        page.table(&table);
        page.into_text()
    }

    #[test]
    fn a_table_has_columns_and_leaves_empty_ones_out() {
        let expected = "\
migration                 state     took
001_create_user_profiles  applied  12 ms
002_größe                 pending
";
        assert_eq!(shown(80), expected);
    }

    #[test]
    fn a_narrow_terminal_cuts_what_may_be_cut() {
        let expected = "\
migration       state     took
001_create_us…  applied  12 ms
002_größe       pending
";
        assert_eq!(shown(30), expected);
        assert!(shown(1).starts_with("mig…  state"));
    }
}
