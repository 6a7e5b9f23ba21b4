//! What the server answers to one statement.

use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, RowDescriptionBody};

/// The answer to one statement: its command tag and its rows.
///
/// All values of all rows lie in one text, so that many small rows cost little more than their
/// bytes, and an answer without rows costs next to nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    tag: Box<str>,
    table: Option<Box<Table>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    columns: Vec<String>,
    text: String,
    cells: Vec<Cell>,
    rows: usize,
}

/// Where a value lies in the text; a null has no length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    start: u32,
    length: u32,
}

const NULL: u32 = u32::MAX;

/// One row of an [`Answer`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    table: &'a Table,
    index: usize,
}

impl Answer {
    pub(super) fn new(tag: &str, table: Option<Box<Table>>) -> Self {
        Self { tag: tag.into(), table }
    }

    /// The command tag: `CREATE TABLE`, `INSERT 0 3`. Empty for an empty statement.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The number at the tag's end: the rows that the statement returned or touched.
    pub fn count(&self) -> Option<u64> {
        self.tag.rsplit(' ').next()?.parse().ok()
    }

    /// The columns' names in their order.
    pub fn columns(&self) -> &[String] {
        self.table.as_ref().map_or(&[], |table| &table.columns)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.rows)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows in their order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|index| {
            let table = self.table.as_deref().expect("a row lies in a table");
            Row { table, index }
        })
    }

    /// The first row.
    pub fn first(&self) -> Option<Row<'_>> {
        self.rows().next()
    }

    /// The first value of the first row: the answer to `select count(*)` and the like.
    pub fn value(&self) -> Option<&str> {
        self.first().filter(|_| !self.columns().is_empty()).and_then(|row| row.at(0))
    }
}

impl<'a> Row<'a> {
    /// The value in the column of that name; `None` is null.
    ///
    /// # Panics
    /// If there is no such column: a query and what reads it stand side by side in the source.
    /// Where the columns are the user's, ask [`Answer::columns`] first.
    pub fn get(&self, column: &str) -> Option<&'a str> {
        let columns = &self.table.columns;
        let Some(index) = columns.iter().position(|name| name == column) else {
            panic!("the query has no column `{column}`, only {columns:?}");
        };
        self.at(index)
    }

    /// The value in the column of that index; `None` is null.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn at(&self, column: usize) -> Option<&'a str> {
        let columns = self.table.columns.len();
        assert!(column < columns, "the query has {columns} columns, no column {column}");
        let cell = self.table.cells[self.index * columns + column];
        let start = cell.start as usize;
        (cell.length != NULL).then(|| &self.table.text[start..start + cell.length as usize])
    }
}

impl Table {
    /// Begins with its columns. Names that are no text, because a script has set another
    /// `client_encoding`, are left empty.
    pub(super) fn new(description: &RowDescriptionBody) -> Self {
        let fields = description.fields();
        let (width, _) = fields.size_hint();
        let names = fields.map(|field| Ok(field.name().to_owned())).collect();
        let columns = names.unwrap_or_else(|_| vec![String::new(); width]);
        Self { columns, ..Self::default() }
    }

    pub(super) fn push(&mut self, row: &DataRowBody) -> io::Result<()> {
        let mut ranges = row.ranges();
        let cells = self.cells.len();
        while let Some(range) = ranges.next()? {
            let cell = match range {
                Some(range) => self.append(&row.buffer()[range])?,
                None => Cell { start: 0, length: NULL },
            };
            self.cells.push(cell);
        }
        if self.cells.len() - cells != self.columns.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a row of another width"));
        }
        self.rows += 1;
        Ok(())
    }

    /// Takes in a value. A script may have set another `client_encoding`; what is no UTF-8 then is
    /// replaced.
    fn append(&mut self, value: &[u8]) -> io::Result<Cell> {
        let start = self.text.len();
        match str::from_utf8(value) {
            Ok(text) => self.text.push_str(text),
            Err(_) => self.text.push_str(&String::from_utf8_lossy(value)),
        }
        let too_much = |_| io::Error::new(io::ErrorKind::InvalidData, "an answer of over 4 GB");
        let length = u32::try_from(self.text.len() - start).map_err(too_much)?;
        Ok(Cell { start: u32::try_from(start).map_err(too_much)?, length })
    }
}
