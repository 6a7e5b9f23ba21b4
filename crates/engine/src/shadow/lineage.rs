//! How a database came to be, as a chain of hashes: the name of its state in the cache.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use super::cluster::short_hex;

/// What a database was made by, step after step: a baseline, then migrations.
///
/// Each step's hash covers all steps before it, so a cached state of a prefix is found by name,
/// and an edited migration makes all later states unknown.
///
/// ```
/// use whimbrel_engine::shadow::Lineage;
///
/// let mut lineage = Lineage::of("app");
/// lineage.add(b"create table users (id int)");
/// lineage.add(b"create table posts (id int)");
/// assert_eq!(lineage.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    database: String,
    last: [u8; 32],
    steps: Vec<String>,
}

impl Lineage {
    /// Nothing yet, in a database of this name: scripts may name the database they run in.
    pub fn of(database: &str) -> Self {
        Self {
            database: database.to_owned(),
            last: Sha256::digest(database).into(),
            steps: Vec::new(),
        }
    }

    /// Adds a step: whatever determines what it does (its script, its settings, its role).
    pub fn add(&mut self, content: &[u8]) {
        let mut hash = Sha256::new();
        hash.update(self.last);
        hash.update(content);
        self.last = hash.finalize().into();
        self.steps.push(short_hex(&self.last));
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The key of the state after each step, each covering all steps before it.
    pub fn keys(&self) -> &[String] {
        &self.steps
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The entry of the cache for the state after all steps.
    pub(crate) fn entry(&self, states: &Utf8Path, recipe: &str) -> Option<Utf8PathBuf> {
        self.steps.last().map(|step| states.join(entry_name(recipe, step)))
    }

    /// The cached states of this lineage's prefixes, the longest first, each with its length.
    pub(crate) fn cached(&self, states: &Utf8Path, recipe: &str) -> Vec<(usize, Utf8PathBuf)> {
        let Ok(entries) = states.read_dir_utf8() else { return Vec::new() };
        let there: BTreeSet<String> =
            entries.flatten().map(|entry| entry.file_name().to_owned()).collect();
        let steps = self.steps.iter().enumerate().rev();
        steps
            .map(|(at, step)| (at + 1, entry_name(recipe, step)))
            .filter(|(_, name)| there.contains(name))
            .map(|(length, name)| (length, states.join(name)))
            .collect()
    }
}

fn entry_name(recipe: &str, step: &str) -> String {
    format!("{recipe}-{step}")
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::Lineage;

    fn lineage(database: &str, steps: &[&str]) -> Lineage {
        let mut lineage = Lineage::of(database);
        for step in steps {
            lineage.add(step.as_bytes());
        }
        lineage
    }

    #[test]
    fn equal_steps_give_equal_names_and_a_changed_one_changes_all_later_names() {
        let one = lineage("app", &["a", "b", "c"]);
        let two = lineage("app", &["a", "x", "c"]);
        assert_eq!(one, lineage("app", &["a", "b", "c"]));
        assert_eq!(one.steps[0], two.steps[0]);
        assert_ne!(one.steps[1], two.steps[1]);
        assert_ne!(one.steps[2], two.steps[2]);
    }

    #[test]
    fn the_bounds_between_steps_count() {
        assert_ne!(lineage("app", &["ab", "c"]).last, lineage("app", &["a", "bc"]).last);
    }

    #[test]
    fn the_name_of_the_database_counts() {
        assert_ne!(lineage("app", &["a"]).last, lineage("other", &["a"]).last);
    }

    #[test]
    fn the_longest_cached_prefix_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let states = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        let whole = lineage("app", &["a", "b", "c", "d"]);
        for prefix in [&["a"][..], &["a", "b", "c"], &["a", "x"]] {
            let entry = lineage("app", prefix).entry(&states, "17-key").unwrap();
            std::fs::create_dir(entry).unwrap();
        }
        let lengths: Vec<usize> =
            whole.cached(&states, "17-key").into_iter().map(|(length, _)| length).collect();
        assert_eq!(lengths, [3, 1]);
    }
}
