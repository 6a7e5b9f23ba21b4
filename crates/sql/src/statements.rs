//! The statements of a script, kept small.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::places::Places;
use crate::{Kind, Span};

/// The statements of a script in their order; empty ones are left out.
///
/// A script may have millions of them, nearly all of which are plain: of those only the place is
/// kept, in some four bytes. A clone shares them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Statements(Arc<Kept>);

#[derive(Clone, Default, PartialEq, Eq)]
struct Kept {
    places: Places,
    /// Those that are not plain, by number.
    notable: BTreeMap<usize, Notable>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Notable {
    kind: Kind,
    data: Option<Span>,
}

/// One statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// From its first token to its last, the semicolon and comments around it left out.
    pub span: Span,
    /// The lines of `copy … from stdin`, without the closing `\.` line.
    pub data: Option<Span>,
    /// What kind of statement it is, as far as running it is concerned.
    pub kind: &'a Kind,
}

impl Statements {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The statement of a number, from 0.
    pub fn get(&self, number: usize) -> Option<Statement<'_>> {
        Some(self.of(number, self.0.places.get(number)?))
    }

    fn of(&self, number: usize, span: Span) -> Statement<'_> {
        match self.0.notable.get(&number) {
            Some(Notable { kind, data }) => Statement { span, data: data.clone(), kind },
            None => Statement { span, data: None, kind: &Kind::Plain },
        }
    }

    /// The statement of a number that the script itself gave.
    ///
    /// # Panics
    /// If there is none of that number.
    pub fn at(&self, number: usize) -> Statement<'_> {
        let Some(statement) = self.get(number) else {
            panic!("the script has {} statements, no number {number}", self.len());
        };
        statement
    }

    /// The last one.
    pub fn last(&self) -> Option<Statement<'_>> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Statement<'_>> {
        self.range(0..self.len())
    }

    /// Those of some numbers, as far as there are any.
    pub fn range(&self, numbers: Range<usize>) -> impl Iterator<Item = Statement<'_>> {
        let spans = self.0.places.range(numbers.clone());
        spans.zip(numbers.start..).map(|(span, number)| self.of(number, span))
    }

    /// Those among some that are not plain, with their numbers.
    pub fn notable(&self, among: Range<usize>) -> impl DoubleEndedIterator<Item = (usize, &Kind)> {
        let among = among.start..among.end.max(among.start);
        self.0.notable.range(among).map(|(number, notable)| (*number, &notable.kind))
    }

    pub(crate) fn push(&mut self, span: &Span, kind: Kind) {
        let kept = Arc::make_mut(&mut self.0);
        if kind != Kind::Plain {
            kept.notable.insert(kept.places.len(), Notable { kind, data: None });
        }
        kept.places.push(span);
    }

    /// Gives the last statement its data, or more of them.
    pub(crate) fn push_data(&mut self, data: Span) {
        let kept = Arc::make_mut(&mut self.0);
        if let Some(mut last) = kept.notable.last_entry() {
            let before = &mut last.get_mut().data;
            let start = before.as_ref().map_or(data.start, |before| before.start);
            *before = Some(start..data.end);
        }
    }
}

/// Shows them one by one.
impl fmt::Debug for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
