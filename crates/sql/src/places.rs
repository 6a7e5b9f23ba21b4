//! Where the statements of a script lie, in few bytes each.

use std::ops::Range;

use crate::Span;

/// Spans in their order, none before the end of the one before it.
///
/// Each is kept as the gap before it and its length, in as many groups of seven bits as they take:
/// three bytes for most, where a span has sixteen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    written: Vec<u8>,
    /// Of each so many spans the first: where it is written, and the end of the one before it.
    anchors: Vec<(usize, usize)>,
    count: usize,
    /// The end of the last one.
    end: usize,
}

/// How many spans share an anchor.
const APART: usize = 16;

impl Places {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Adds one behind the others.
    pub(crate) fn push(&mut self, span: &Span) {
        if self.count.is_multiple_of(APART) {
            self.anchors.push((self.written.len(), self.end));
        }
        write(&mut self.written, span.start - self.end);
        write(&mut self.written, span.len());
        self.count += 1;
        self.end = span.end;
    }

    /// The span of a number.
    pub(crate) fn get(&self, number: usize) -> Option<Span> {
        self.range(number..number.saturating_add(1)).next()
    }

    /// Those of some numbers, as far as there are any.
    pub(crate) fn range(&self, numbers: Range<usize>) -> impl Iterator<Item = Span> {
        let last = numbers.end.min(self.count);
        let first = numbers.start.min(last);
        let (mut at, mut end) = self.anchors.get(first / APART).copied().unwrap_or_default();
        let mut next = move || {
            let start = end + read(&self.written, &mut at);
            end = start + read(&self.written, &mut at);
            start..end
        };
        let passed = if first < last { first % APART } else { 0 };
        for _ in 0..passed {
            next();
        }
        (first..last).map(move |_| next())
    }
}

fn write(to: &mut Vec<u8>, mut number: usize) {
    while number > 0x7F {
        to.push(u8::try_from(number & 0x7F).expect("it has seven bits") | 0x80);
        number >>= 7;
    }
    to.push(u8::try_from(number).expect("it has seven bits"));
}

fn read(from: &[u8], at: &mut usize) -> usize {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let byte = from[*at];
        *at += 1;
        number |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return number;
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_in_comes_out(
            sizes in proptest::collection::vec((0_usize..300, 0_usize..40_000), 0..60),
            from in 0_usize..70,
            to in 0_usize..70,
        ) {
            let mut places = Places::default();
            let mut end = 0;
            let spans: Vec<Span> = sizes
                .into_iter()
                .map(|(gap, length)| {
                    let start = end + gap;
                    end = start + length;
                    places.push(&(start..end));
                    start..end
                })
                .collect();
            prop_assert_eq!(places.len(), spans.len());
            prop_assert_eq!(places.range(0..usize::MAX).collect::<Vec<_>>(), spans.clone());
            for number in 0..70 {
                prop_assert_eq!(places.get(number), spans.get(number).cloned());
            }
            let some: Vec<Span> = places.range(from..to).collect();
            let to = to.min(spans.len());
            prop_assert_eq!(some, spans[from.min(to)..to].to_vec());
        }
    }
}
