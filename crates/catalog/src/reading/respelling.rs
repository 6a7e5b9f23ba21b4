//! The one shape that the server writes otherwise than it reads it.
//!
//! `a in ('x', 'y')` on a `varchar` is written as `ANY ((ARRAY['x'::character varying, …])::text[])`,
//! and that, read back, as `ANY (ARRAY[('x'::character varying)::text, …])`, which stays as it is. Both
//! mean the same, so the second stands for both: else what was made from a text would never equal what
//! the text was taken from.

use std::borrow::Cow;

const OPENS: &str = "(ARRAY[";
const CLOSES: &str = "])::text[]";

/// The text with the shape as it stays.
pub(super) fn respelt(text: &str) -> Cow<'_, str> {
    if !text.contains(CLOSES) {
        return Cow::Borrowed(text);
    }
    let mut spelt = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(OPENS) {
        let (before, list) = rest.split_at(start);
        let list = &list[OPENS.len()..];
        spelt.push_str(before);
        let Some((elements, after)) = elements(list) else {
            spelt.push_str(OPENS);
            rest = list;
            continue;
        };
        let each: Vec<String> =
            elements.iter().map(|element| format!("({element})::text")).collect();
        spelt.extend(["ARRAY[", &each.join(", "), "]"]);
        rest = after;
    }
    spelt.push_str(rest);
    Cow::Owned(spelt)
}

/// The elements of a list of which each is a `varchar` constant, and what follows it.
fn elements(list: &str) -> Option<(Vec<&str>, &str)> {
    let mut elements = Vec::new();
    let mut rest = list;
    loop {
        let end = constant(rest)?;
        let (element, after) = rest.split_at(end);
        let after = after.strip_prefix("::character varying")?;
        elements.push(&rest[..element.len() + "::character varying".len()]);
        match after.strip_prefix(", ") {
            Some(more) => rest = more,
            None => return after.strip_prefix(CLOSES).map(|after| (elements, after)),
        }
    }
}

/// Where a quoted constant at the beginning ends.
fn constant(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let mut letters = inner.char_indices().peekable();
    while let Some((place, letter)) = letters.next() {
        if letter != '\'' {
            continue;
        }
        if letters.next_if(|(_, next)| *next == '\'').is_none() {
            return Some(place + 2);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::respelt;

    #[test]
    fn a_list_of_varchars_is_spelt_as_it_stays() {
        let written = "((a)::text = ANY ((ARRAY['x'::character varying, 'it''s, ]'::character varying])::text[]))";
        let read_back = "((a)::text = ANY (ARRAY[('x'::character varying)::text, ('it''s, ]'::character varying)::text]))";
        assert_eq!(respelt(written), read_back);
        assert_eq!(respelt(read_back), read_back);
    }

    #[test]
    fn other_lists_stay_as_they_are() {
        for text in [
            "(a = ANY (ARRAY[1, 2]))",
            "((b)::text[] = (ARRAY['x'::text, b])::text[])",
            "((ARRAY['x'::character varying, lower(b)])::text[])",
        ] {
            assert_eq!(respelt(text), text);
        }
    }
}
