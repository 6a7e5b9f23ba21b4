//! The known word that a mistyped one was meant to be.

/// Finds the word that differs least from `given`, if it is near enough to be meant.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let limit = given.chars().count() / 3 + 1;
    known
        .into_iter()
        .map(|word| (distance(&given, &word.to_lowercase()), word))
        .filter(|(distance, word)| {
            *distance <= limit || (given.len() > 2 && word.to_lowercase().contains(&given))
        })
        .min()
        .map(|(_, word)| word)
}

/// Finds the word that `given` is but for a slip of the finger or two, and not the word itself.
pub fn misspelt<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONG_ENOUGH: usize = 5;
    const SLIPS: usize = 2;
    let given = given.to_lowercase();
    if given.chars().count() < LONG_ENOUGH {
        return None;
    }
    let known = known.into_iter().map(|word| (distance(&given, &word.to_lowercase()), word));
    known.filter(|(distance, _)| *distance <= SLIPS).min().map(|(_, word)| word)
}

/// The number of letters to insert, drop, change or swap with their neighbour.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = last;
        last = row;
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: [&str; 3] = ["create_table", "create_index", "custom_sql"];

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        assert_eq!(nearest("craete_table", TYPES), Some("create_table"));
        assert_eq!(nearest("CREATE_INDX", TYPES), Some("create_index"));
        assert_eq!(nearest("table", TYPES), Some("create_table"));
    }

    #[test]
    fn a_slip_is_told_from_another_word() {
        let known = ["sslmode", "sslcert", "connect_timeout"];
        assert_eq!(misspelt("sslmod", known), Some("sslmode"));
        assert_eq!(misspelt("ssl_mode", known), Some("sslmode"));
        assert_eq!(misspelt("conect_timeuot", known), Some("connect_timeout"));
        for other in ["sslaccept", "socket_timeout", "schema", "ssl", "pool_timeout"] {
            assert_eq!(misspelt(other, known), None, "{other}");
        }
    }

    #[test]
    fn a_far_word_finds_none() {
        assert_eq!(nearest("xyz", TYPES), None);
    }
}
