//! Words of a command line, written so that a shell takes them as they were given.

use whimbrel_app::mask;

/// Stands where a secret was left out.
pub(crate) const OPEN: &str = "…";

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@%+=,".contains(c);
    if word == OPEN || (!word.is_empty() && word.chars().all(is_plain)) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A command line of words, secrets covered.
///
/// They are covered before anything is quoted, since quotation marks show where a password ends. What
/// covers is as long as what it covers, byte for byte, so each word is found again afterwards.
pub(crate) fn line(words: &[String]) -> String {
    let covered = mask(&words.join(" "));
    let mut rest = covered.as_str();
    let quoted = words.iter().map(|word| {
        let (covered, after) = rest.split_at(word.len());
        rest = after.get(1..).unwrap_or_default();
        quoted(covered)
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::line;

    fn of(words: &[&str]) -> String {
        line(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_a_shell_would_cut_or_read_is_quoted() {
        assert_eq!(of(&["up", "--to", "7"]), "up --to 7");
        assert_eq!(of(&["--reason", "it's by hand", ""]), r"--reason 'it'\''s by hand' ''");
        assert_eq!(of(&["--env", "größe", "a*b", "$HOME"]), "--env größe 'a*b' '$HOME'");
    }

    #[test]
    fn a_secret_is_covered_and_the_words_around_it_stay() {
        assert_eq!(of(&["@a", "postgres://u:it(s@h/d", "x y"]), "@a 'postgres://u:****@h/d' 'x y'");
        assert_eq!(of(&["--reason", "password 'abc'", "z"]), r"--reason 'password '\''***'\''' z");
    }
}
