//! Durations as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time, written as Postgres writes one: `500ms`, `2s`, `5min`, `1h`, `0`.
///
/// ```
/// # use whimbrel_app::Period;
/// let period: Period = "1h 30min".parse().unwrap();
/// assert_eq!(period.to_string(), "1h 30min");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration")]
pub struct PeriodError {
    /// The text.
    pub text: String,
}

impl PeriodError {
    /// What to write instead.
    pub const HINT: &'static str = "write a number and a unit: 500ms, 2s, 5min, 1h, 1h 30min, or 0";
}

/// The units, the largest first, with the milliseconds that each holds.
const UNITS: &[(&str, u64)] =
    &[("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// Other ways to write a unit.
const ALIASES: &[(&str, &str)] = &[
    ("m", "min"),
    ("mins", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
];

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        parse(text).map(Self).ok_or_else(|| PeriodError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = &rest[..letters];
        let unit = ALIASES.iter().find(|(alias, _)| *alias == unit).map_or(unit, |(_, unit)| unit);
        let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.checked_mul(*milliseconds)?)?;
        rest = rest[letters..].trim_start();
    }
    (!text.trim().is_empty()).then(|| Duration::from_millis(total))
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if left == 0 {
            return f.write_str("0");
        }
        let mut between = "";
        for (name, milliseconds) in UNITS {
            let count = left / milliseconds;
            left %= milliseconds;
            if count > 0 {
                write!(f, "{between}{count}{name}")?;
                between = " ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_reads_and_reads_back() {
        for (text, milliseconds) in [
            ("0", 0),
            ("500ms", 500),
            ("2 s", 2_000),
            ("5m", 300_000),
            ("1h30min", 5_400_000),
            ("2 days", 172_800_000),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.0, Duration::from_millis(milliseconds), "{text}");
            assert_eq!(period.to_string().parse::<Period>().unwrap(), period, "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            " ",
            "5",
            "-1s",
            "1.5s",
            "s",
            "5 parsecs",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(
                text.parse::<Period>(),
                Err(PeriodError { text: text.to_owned() }),
                "{text:?}"
            );
        }
    }
}
