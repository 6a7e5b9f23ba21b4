//! Lines broken where the terminal ends: between words, and inside of one that is longer than that.
//!
//! Escape codes have no width, and one that is on at the end of a line stays on in the next.

use console::{AnsiCodeIterator, measure_text_width};

/// A line in as many lines as it takes; those after the first stand a little further in.
pub(crate) fn broken(line: &str, width: usize) -> Vec<String> {
    if text_width(line) <= width {
        return vec![line.to_owned()];
    }
    let own = line.len() - line.trim_start_matches(' ').len();
    let own = own.min(width / 2);
    let further = (own + FURTHER).min(width / 2);
    let (first, rest) = (width - own, width - further);
    let lines = filled(line.trim_start_matches(' ').split(' '), first, rest);
    let behind = |(number, line): (usize, String)| {
        let indent = if number == 0 { own } else { further };
        format!("{:indent$}{}", "", line.trim_end_matches(' '))
    };
    lines.into_iter().enumerate().map(behind).collect()
}

/// By how much the rest of a broken line stands further in.
const FURTHER: usize = 2;

/// Words in lines of a width, of which the first may have another.
pub(crate) fn filled<'a>(
    words: impl Iterator<Item = &'a str>,
    first: usize,
    rest: usize,
) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in words {
        let mut word = word.to_owned();
        let mut wide = text_width(&word);
        let room = |lines: &[String]| if lines.len() == 1 { first } else { rest }.max(1);
        if used > 0 && used + 1 + wide <= room(&lines) {
            push(&mut lines, " ");
            used += 1;
        } else if used > 0 {
            lines.push(String::new());
            used = 0;
        }
        while wide > room(&lines) {
            let (head, tail) = cut(&word, room(&lines));
            push(&mut lines, &head);
            lines.push(String::new());
            word = tail;
            wide = text_width(&word);
        }
        push(&mut lines, &word);
        used += wide;
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    lines.last_mut().expect("there is one from the beginning").push_str(text);
}

/// A word's beginning of a width, and what is left of it.
fn cut(word: &str, width: usize) -> (String, String) {
    let (mut head, mut tail) = (String::new(), String::new());
    let mut used = 0;
    for (part, is_code) in AnsiCodeIterator::new(word) {
        if is_code {
            if tail.is_empty() { &mut head } else { &mut tail }.push_str(part);
            continue;
        }
        for letter in part.chars() {
            let wide = text_width(letter.encode_utf8(&mut [0; 4]));
            // One letter is taken at least: it may be wider than the terminal.
            if tail.is_empty() && (used + wide <= width || used == 0) {
                used += wide;
                head.push(letter);
            } else {
                tail.push(letter);
            }
        }
    }
    (head, tail)
}

/// The width of a text on the terminal.
pub(crate) fn text_width(text: &str) -> usize {
    plain_width(text).unwrap_or_else(|| measure_text_width(text))
}

/// The width of a text of nothing but ASCII's visible letters and blanks, which most cells of a
/// long table are; any other is measured letter by letter, its colours left out.
pub(crate) fn plain_width(text: &str) -> Option<usize> {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_fits_is_left_alone() {
        assert_eq!(broken("  a  b", 6), ["  a  b"]);
    }

    #[test]
    fn a_line_is_broken_between_words_and_its_rest_stands_further_in() {
        assert_eq!(broken("  one two three", 9), ["  one two", "    three"]);
        assert_eq!(broken("a  b c", 4), ["a  b", "  c"]);
    }

    #[test]
    fn a_word_longer_than_a_line_is_cut() {
        assert_eq!(broken("to abcdefghij", 6), ["to", "  abcd", "  efgh", "  ij"]);
        assert_eq!(broken("grüße-größer", 6), ["grüße-", "  größ", "  er"]);
        assert_eq!(broken("漢字漢字", 5), ["漢字", "  漢", "  字"]);
    }

    #[test]
    fn colours_have_no_width_and_are_never_cut() {
        let red = "\u{1b}[31m";
        let off = "\u{1b}[0m";
        assert_eq!(
            broken(&format!("{red}abcdefgh{off} i"), 6),
            [format!("{red}abcdef"), format!("  gh{off} i")]
        );
    }
}
