//! The catalogue of errors: every one that a command ends with has an id that never changes its
//! meaning, a cause, a cure, and a page (`whimbrel explain W1234`, docs/errors.md).

mod code;
mod mapping;
mod raised;

mod command;
mod comparing;
mod configuration;
mod connection;
mod hooks;
mod pooler;
mod run;
mod script;
mod server;
mod shadow;
mod steps;
mod tools;

pub use code::{Area, Code};
pub(crate) use mapping::of_connect;
pub use raised::{RAISED, Raised};

/// Every area, in the order of its numbers.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub const AREAS: &[&Area] = &[
    &command::AREA,
    &configuration::AREA,
    &connection::AREA,
    &pooler::AREA,
    &script::AREA,
    &run::AREA,
    &server::AREA,
    &steps::AREA,
    &hooks::AREA,
    &shadow::AREA,
    &tools::AREA,
    &comparing::AREA,
];

/// Every code, ascending.
pub fn all() -> impl Iterator<Item = &'static Code> {
    AREAS.iter().flat_map(|area| area.codes.iter().copied())
}

/// The code of an id, as a person types it: `w1101`, `1101`.
pub fn find(id: &str) -> Option<&'static Code> {
    let id = id.trim().to_ascii_uppercase();
    all().find(|code| code.id == id || code.id[1..] == id)
}

/// What a script raises under a code, as a person types it: `wb001`.
pub fn find_raised(code: &str) -> Option<&'static Raised> {
    let code = code.trim().to_ascii_uppercase();
    RAISED.iter().find(|raised| raised.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_ascend_and_begin_as_their_area_does() {
        let ids: Vec<&str> = all().map(|code| code.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        for area in AREAS {
            for code in area.codes {
                assert!(code.id.starts_with(area.prefix), "{}", code.id);
                assert!(code.id.len() == 5, "{}", code.id);
                assert!(code.id[1..].bytes().all(|byte| byte.is_ascii_digit()), "{}", code.id);
            }
        }
    }

    #[test]
    fn no_two_say_the_same() {
        let titles: BTreeSet<&str> = all().map(|code| code.title).collect();
        assert_eq!(titles.len(), all().count());
        for code in all() {
            assert!(!code.title.ends_with('.'), "{}", code.id);
            for text in [code.cause, code.cure] {
                assert!(text.ends_with('.'), "{}: {text}", code.id);
            }
            assert!(!code.example.is_empty(), "{}", code.id);
        }
    }

    #[test]
    fn what_a_script_raises_is_told_apart() {
        let codes: Vec<&str> = RAISED.iter().map(|raised| raised.code).collect();
        assert!(codes.is_sorted_by(|one, other| one < other), "{codes:?}");
        for raised in RAISED {
            assert!(!raised.title.ends_with('.'), "{}", raised.code);
            assert!(raised.cause.ends_with('.') && raised.cure.ends_with('.'), "{}", raised.code);
            assert_eq!(find_raised(&raised.code.to_lowercase()), Some(raised));
        }
    }

    #[test]
    fn an_id_is_found_as_it_is_typed() {
        for given in ["W1101", "w1101", " 1101 "] {
            assert_eq!(find(given), Some(Code::NO_PROJECT_FOLDER), "{given}");
        }
        assert_eq!(find("W0000"), None);
        assert_eq!(find(""), None);
    }
}
