//! Reads connection strings: `host=db dbname=shop user=app password='it''s'`.

use super::TargetError;
use super::settings::Settings;

/// Whether a text is such a string, and not a URL.
pub(super) fn is_string(text: &str) -> bool {
    !text.contains("://") && text.contains('=')
}

/// Reads one as libpq does: blanks around `=` mean nothing, a value with blanks stands in single
/// quotes, and a backslash takes the next character as it is.
pub(super) fn parse(text: &str) -> Result<Settings, TargetError> {
    let mut settings = Settings::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(TargetError::String)?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(TargetError::String);
        }
        let (value, after) = value(after.trim_start())?;
        if !settings.give(name, value)? && !super::keywords::is_known(name) {
            return Err(unknown(name));
        }
        rest = after.trim_start();
    }
    Ok(settings)
}

/// Takes a value from the beginning of a text.
fn value(text: &str) -> Result<(String, &str), TargetError> {
    let quoted = text.strip_prefix('\'');
    let mut value = String::new();
    let mut characters = quoted.unwrap_or(text).chars();
    loop {
        let here = characters.as_str();
        match characters.next() {
            Some('\\') => value.extend(characters.next()),
            Some('\'') if quoted.is_some() => return Ok((value, characters.as_str())),
            Some(blank) if quoted.is_none() && blank.is_whitespace() => return Ok((value, here)),
            Some(character) => value.push(character),
            None if quoted.is_none() => return Ok((value, "")),
            None => return Err(TargetError::String),
        }
    }
}

/// A name that is none of libpq's. What does not look like a name is not shown: it may be the rest
/// of a password with blanks.
fn unknown(name: &str) -> TargetError {
    let is_name = name.len() <= 40 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if is_name { TargetError::Keyword { name: name.to_owned() } } else { TargetError::String }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Target;

    fn read(text: &str) -> Result<Target, TargetError> {
        Target::parse(text, &|_| None)
    }

    #[test]
    fn a_string_is_read_as_a_url_is() {
        let string = r"host = db.example port=5433 dbname='my shop' user=app password='a\'b c\\'";
        let url = "postgres://app:a'b%20c%5C@db.example:5433/my%20shop";
        assert_eq!(read(string), read(url));
    }

    #[test]
    fn what_is_no_setting_is_named_and_what_may_be_secret_is_not() {
        let error = read("host=db user=app colour=red").unwrap_err();
        assert_eq!(error, TargetError::Keyword { name: "colour".to_owned() });
        for text in ["host=db password=ab CD=ef", "host=db password=ab cd", "password='ab"] {
            assert_eq!(read(text), Err(TargetError::String), "{text}");
        }
    }
}
