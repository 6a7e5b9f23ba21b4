//! The name of a branch's database.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// How much of a branch's name is kept, so that the whole stays below Postgres' 63 bytes.
const LONGEST: usize = 40;

/// How many digits tell branches apart whose names look alike in a database's name.
const DIGITS: usize = 8;

/// The database of a branch: the name of the project's own, then that of the branch in the letters
/// that need no quotes. Where that says less than the branch's name does, a part of its hash follows,
/// so that no two branches have one database.
pub(crate) fn database_of(base: &str, branch: &str) -> String {
    let slug: String = branch
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(LONGEST)
        .collect();
    if slug == branch && !ends_in_digits(branch) {
        return format!("{base}_{slug}");
    }
    let hash = Sha256::digest(branch);
    let hash = hash.iter().take(DIGITS / 2).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    });
    format!("{base}_{}_{hash}", slug.trim_matches('_'))
}

/// Whether a name could be taken for one with a hash at its end.
fn ends_in_digits(name: &str) -> bool {
    let (_, last) = name.rsplit_once('_').unwrap_or_default();
    last.len() == DIGITS && last.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::database_of;

    #[test]
    fn a_simple_name_stays_as_it_is() {
        assert_eq!(database_of("app", "login"), "app_login");
        assert_eq!(database_of("postgres", "issue_7"), "postgres_issue_7");
    }

    #[test]
    fn names_that_look_alike_lead_to_different_databases() {
        let branches = [
            "feature/login",
            "feature-login",
            "feature_login",
            "Feature_login",
            "feature_login/",
            "ünïcode",
            "日本",
            "日本語",
            &"x".repeat(200),
            &"x".repeat(201),
            &database_of("app", "feature/login")["app_".len()..],
        ];
        let databases: BTreeSet<String> =
            branches.iter().map(|branch| database_of("app", branch)).collect();
        assert_eq!(databases.len(), branches.len(), "{databases:?}");
        for name in &databases {
            assert!(name.len() <= 63, "{name}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()));
        }
        assert!(databases.iter().any(|name| name.starts_with("app_feature_login_")));
    }
}
