//! A text for a person: lines and tables as wide as the terminal.

use std::borrow::Cow;

use console::{Alignment, pad_str, truncate_str};

use crate::aim;
use crate::theme::{Theme, Tone};
use crate::wrap::{broken, filled, plain_width, text_width};

/// The width where there is no terminal: nothing is cut or broken, whoever reads along.
pub(crate) const ENDLESS: usize = 1000;

/// Below this width nothing of a table is cut: what is left would tell too little.
const USUAL: usize = 80;

/// The width in which a text is shown, however far in it stands.
const LEAST: usize = 10;

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

    /// Adds a line, broken where the terminal ends.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        let text = &*aim::aimed(text.as_ref());
        if text.len() <= self.width || self.width >= ENDLESS {
            return self.verbatim(text);
        }
        let width = self.width;
        for line in text.split('\n').flat_map(|line| broken(line, width)) {
            self.verbatim(line);
        }
    }

    /// Adds a line that somebody may copy: it is as long as it is.
    pub(crate) fn verbatim(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref().trim_end());
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

    /// A text in lines that fit behind an indent, broken between words.
    pub(crate) fn wrapped(&self, indent: usize, text: &str) -> Vec<String> {
        let width = self.width.saturating_sub(indent).max(LEAST);
        filled(aim::aimed(text).split_whitespace(), width, width)
    }

    /// Whether there is room for a text behind an indent.
    pub(crate) fn has_room(&self, indent: usize) -> bool {
        self.width >= indent + 3 * LEAST
    }

    /// Adds a line that says what to do next.
    pub(crate) fn hint(&mut self, text: &str) {
        let label = self.paint(Tone::Hint, "hint:");
        self.line(format!("{label} {text}"));
    }

    /// Adds a table: rows of columns, or where they do not fit, a block of lines for each row.
    pub(crate) fn table(&mut self, table: &Table) {
        if table.rows.is_empty() {
            return;
        }
        let Some(widths) = table.widths(self.width) else {
            return self.blocks(table);
        };
        let header: Vec<String> =
            table.columns.iter().map(|column| self.paint(Tone::Heading, column.title)).collect();
        self.row(table, &widths, &header);
        for row in &table.rows {
            self.row(table, &widths, row);
        }
    }

    /// Adds each row as what names it, and a line for each other cell that holds something.
    fn blocks(&mut self, table: &Table) {
        for row in &table.rows {
            let named = (0..row.len()).filter(|index| !row[*index].is_empty());
            let Some(name) = named
                .clone()
                .find(|index| table.columns[*index].names)
                .or_else(|| named.clone().next())
            else {
                continue;
            };
            self.line(match table.columns[name].align {
                Align::Left => row[name].clone(),
                Align::Right => format!("{} {}", table.columns[name].title, row[name]),
            });
            for index in named.filter(|index| *index != name) {
                let (title, cell) = (table.columns[index].title, &row[index]);
                let title = if title.is_empty() { String::new() } else { format!("{title}: ") };
                self.line(format!("  {}{cell}", self.paint(Tone::Faint, title)));
            }
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
        self.verbatim(line);
    }

    /// The text.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
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
    /// The width down to which it may be cut where the terminal is not wide.
    pub(crate) least: usize,
    /// Whether its cell is what a row is called.
    names: bool,
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
        Self { title, align: Align::Left, least, names: false }
    }

    /// A column that is never cut.
    pub(crate) const fn whole(title: &'static str) -> Self {
        Self { title, align: Align::Left, least: usize::MAX, names: false }
    }

    /// A column of numbers, never cut.
    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, align: Align::Right, least: usize::MAX, names: false }
    }

    /// The same, and its cell is what a row is called; without one that is the first.
    pub(crate) const fn naming(self) -> Self {
        Self { names: true, ..self }
    }

    /// The width that it keeps on a terminal of the usual width.
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
        let mut cells = cells.into();
        for cell in &mut cells {
            if let Cow::Owned(aimed) = aim::aimed(cell) {
                *cell = aimed;
            }
        }
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// The width of each column within a total; an empty column has none. `None` where they do not
    /// fit.
    ///
    /// What is too wide is taken from the widest columns that may be cut.
    fn widths(&self, total: usize) -> Option<Vec<usize>> {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|index| {
                let cells = self.rows.iter().map(|row| text_width(&row[index]));
                match cells.max().unwrap_or(0) {
                    0 => 0,
                    widest => widest.max(text_width(self.columns[index].title)),
                }
            })
            .collect();
        let shown = widths.iter().filter(|width| **width > 0).count();
        let room = total.saturating_sub(2 * shown.saturating_sub(1));
        if total >= USUAL {
            self.shrink(&mut widths, room, |column| column.least);
            self.shrink(&mut widths, room, Column::floor);
        }
        (widths.iter().sum::<usize>() <= room).then_some(widths)
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
    fn a_terminal_of_usual_width_cuts_what_may_be_cut() {
        let mut table = Table::new([Column::text("migration", 8), Column::whole("state")]);
        table.row(["x".repeat(100), "applied".to_owned()]);
        let mut page = Page::new(Theme::Plain, 80);
        page.table(&table);
        let text = page.into_text();
        assert!(text.lines().all(|line| text_width(line) <= 80), "{text}");
        assert!(text.contains("x…  applied"), "{text}");
    }

    #[test]
    fn a_narrow_terminal_has_a_block_for_each_row_and_cuts_nothing() {
        let expected = "\
001_create_user_profiles
  state: applied
  took: 12 ms
002_größe
  state: pending
";
        assert_eq!(shown(39), expected);
        assert_eq!(shown(40).lines().count(), 3);
        let narrowest = shown(12);
        assert!(narrowest.lines().all(|line| text_width(line) <= 12), "{narrowest}");
    }

    #[test]
    fn a_row_is_called_by_its_number_or_by_what_names_it() {
        let number = Column::number("run");
        for (column, expected) in [
            (Column::text("by", 4), "run 7\n  by: somebody\n  why: because\n"),
            (Column::text("by", 4).naming(), "somebody\n  run: 7\n  why: because\n"),
        ] {
            let mut table = Table::new([number, column, Column::whole("why")]);
            table.row(["7", "somebody", "because"].map(str::to_owned));
            let mut page = Page::new(Theme::Plain, 20);
            page.table(&table);
            assert_eq!(page.into_text(), expected);
        }
    }

    #[test]
    fn a_table_without_rows_is_nothing() {
        let mut page = Page::new(Theme::Plain, 80);
        page.table(&Table::new([Column::whole("state")]));
        assert_eq!(page.into_text(), "");
    }

    #[test]
    fn a_long_line_is_broken_but_for_one_that_is_copied() {
        let mut page = Page::new(Theme::Plain, 12);
        page.hint("do it now, or never");
        page.verbatim("select 1 from somewhere");
        assert_eq!(page.into_text(), "hint: do it\n  now, or\n  never\nselect 1 from somewhere\n");
    }
}
