//! Privileges as Postgres writes them in an access control list: letters, a star after one that may
//! be handed on.

use std::collections::BTreeMap;

/// Privileges by their letters, and whether each may be handed on.
pub(crate) type Privileges = BTreeMap<char, bool>;

/// Adds the privileges of a text to others.
pub(crate) fn add(privileges: &mut Privileges, text: &str) {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let handed_on = letters.next_if_eq(&'*').is_some();
        *privileges.entry(letter).or_default() |= handed_on;
    }
}

/// The privileges of a text.
pub(crate) fn read(text: &str) -> Privileges {
    let mut privileges = Privileges::new();
    add(&mut privileges, text);
    privileges
}

/// Privileges as a text, by their letters.
pub(crate) fn write(privileges: &Privileges) -> String {
    let letters = privileges.iter();
    letters.flat_map(|(letter, star)| [Some(*letter), star.then_some('*')]).flatten().collect()
}
