//! Takes secrets out of text that is about to be shown.

use std::ops::Range;

/// Covers every secret in a text with asterisks, byte for byte, so that positions in it still hold.
///
/// A secret is the password of a connection URL or of a keyword/value connection string, the
/// constant after `password` in SQL, and what looks like a Supabase key or a JSON web token. Used
/// for texts that belong to the user (a line of whimbrel.toml, of a migration, a server's message):
/// Whimbrel's own texts hold no secret to begin with.
///
/// ```
/// # use whimbrel_app::mask;
/// assert_eq!(mask("postgres://app:hunter2@db/app"), "postgres://app:*******@db/app");
/// assert_eq!(mask("create role x password 'abc'"), "create role x password '***'");
/// ```
pub fn mask(text: &str) -> String {
    let mut masked = text.as_bytes().to_vec();
    let finders = [url_passwords, keyword_passwords, tokens];
    for span in finders.iter().flat_map(|find| find(text)) {
        masked[span].fill(b'*');
    }
    String::from_utf8(masked).expect("whole characters were replaced by ASCII")
}

/// What may stand in a password's place: the word itself, and what covers one already.
const SHOWABLE: &[&str] = &["password", "•••"];

/// `scheme://user:PASSWORD@host`, with or without its scheme, up to the last `@`.
///
/// A `/`, `?`, `#` or `@` may itself be part of an unescaped password, so the last `@` decides:
/// better to cover too much than to show a part.
fn url_passwords(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut start = 0;
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'))
    {
        let user = word.find("://").map_or(0, |scheme| scheme + "://".len());
        if let (Some(colon), Some(host)) = (word[user..].find(':'), word.rfind('@'))
            && user + colon < host
        {
            let span = start + user + colon + 1..start + host;
            // Where a URL is explained, the word stands for itself.
            if !SHOWABLE.contains(&&text[span.clone()]) {
                spans.push(span);
            }
        }
        // Every character that words are split at is one byte, but for white space.
        let next = start + word.len();
        start = next + text[next..].chars().next().map_or(0, char::len_utf8);
    }
    spans
}

/// `password=…`, `"password": "…"`, `password '…'`, `pwd: …`: the value after the word.
fn keyword_passwords(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut spans = Vec::new();
    for word in
        ["password", "passwd", "pgpassword", "secret", "api_key", "apikey", "service_role_key"]
    {
        for (at, _) in lower.match_indices(word) {
            if let Some(span) = value_after(text, at + word.len()) {
                spans.push(span);
            }
        }
    }
    spans
}

/// The value that follows a keyword: quoted, or after `=` or `:` up to white space.
fn value_after(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = &text[from..];
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let blank = |c: char| c == ' ' || c == '\t';
    let rest = rest.trim_start_matches(blank);
    let assigned = rest.starts_with(['=', ':']) && !rest.starts_with("::");
    let rest = if assigned { rest[1..].trim_start_matches(blank) } else { rest };
    let rest =
        rest.strip_prefix(['E', 'e']).filter(|after| after.starts_with('\'')).unwrap_or(rest);
    let start = text.len() - rest.len();
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let inner = &rest[1..];
        let end = inner.find(quote).unwrap_or(inner.len());
        return Some(start + 1..start + 1 + end);
    }
    if !assigned {
        return None;
    }
    let end =
        rest.find(|c: char| c.is_whitespace() || matches!(c, '&' | ';' | ',' | '"' | '\'' | ')'));
    Some(start..start + end.unwrap_or(rest.len()))
}

/// Words that begin as Supabase's keys and JSON web tokens do.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for prefix in ["sbp_", "sb_secret_", "eyJ"] {
        for (at, _) in text.match_indices(prefix) {
            let rest = &text[at..];
            let length = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
                .unwrap_or(rest.len());
            if length >= 20 {
                spans.push(at..at + length);
            }
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let masked = mask(text);
        assert_eq!(masked, expected);
        assert_eq!(masked.len(), text.len(), "positions must hold");
    }

    #[test]
    fn a_password_with_unescaped_characters_is_covered_whole() {
        check(
            "url = \"postgresql://u:p@ss/w#rd@host:5432/db\"",
            "url = \"postgresql://u:*********@host:5432/db\"",
        );
    }

    #[test]
    fn a_question_mark_in_a_password_does_not_reveal_its_rest() {
        check("postgres://u:a?b@host/db", "postgres://u:***@host/db");
    }

    #[test]
    fn an_address_in_the_query_covers_too_much_rather_than_too_little() {
        check("postgres://u:abc@host/db?user=x@y", "postgres://u:******************@y");
    }

    #[test]
    fn a_url_that_lost_its_scheme_is_covered() {
        check("unknown app:hunter2@host\u{a0}x", "unknown app:*******@host\u{a0}x");
    }

    #[test]
    fn a_url_without_password_stays() {
        check("postgres://u@host/db and https://x.y/z", "postgres://u@host/db and https://x.y/z");
    }

    #[test]
    fn a_multibyte_password_leaves_valid_text() {
        check("postgres://u:pä@h/d", "postgres://u:***@h/d");
    }

    #[test]
    fn connection_strings_and_queries_are_covered() {
        check("host=db password=abc user=u", "host=db password=*** user=u");
        check("host=db password='a b' user=u", "host=db password='***' user=u");
        check("postgres://h/d?password=abc&x=1", "postgres://h/d?password=***&x=1");
        check("PGPASSWORD: abc", "PGPASSWORD: ***");
    }

    #[test]
    fn sql_passwords_are_covered_and_columns_are_not() {
        check(
            "alter role a with encrypted password E'x\\y';",
            "alter role a with encrypted password E'***';",
        );
        check("password text not null,", "password text not null,");
        check("select password::text from users", "select password::text from users");
    }

    #[test]
    fn keys_are_covered() {
        let key = format!("sbp_{}", "a".repeat(40));
        check(&format!("token {key}."), &format!("token {}", "*".repeat(key.len() + 1)));
    }
}
