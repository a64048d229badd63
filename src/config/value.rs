//! What the value of a variable may be.

use std::str::FromStr;

use url::Url;

/// The kind of value that a variable takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Anything; who uses it checks more.
    Text,
    /// A whole number in this range.
    Number(u64, u64),
    /// A positive number of seconds.
    Seconds,
    /// One of [`ON`] or [`OFF`], in any case.
    Flag,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// An address with `http` or `https`.
    HttpUrl,
    /// A memory limit as DuckDB writes it, such as `1GB`.
    MemorySize,
}

pub const ON: [&str; 3] = ["1", "true", "yes"];
pub const OFF: [&str; 4] = ["0", "false", "no", "off"];
const MEMORY_UNITS: [&str; 9] = ["kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "%"];

/// Why a variable cannot be used: its name, its value, and what is allowed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}{range}")]
pub struct WrongValue {
    pub problem: String,
    range: String,
}

impl From<String> for WrongValue {
    fn from(problem: String) -> Self {
        Self { problem, range: String::new() }
    }
}

impl Kind {
    /// Checks a value that is not empty, of the variable `name`.
    pub(super) fn check(self, name: &str, value: &str) -> Result<(), WrongValue> {
        let wrong = |problem: String| Err(problem.into());
        let must_be = |allowed: &str| wrong(format!("{name} must be {allowed}, not '{value}'"));
        let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
        match self {
            Kind::Text => Ok(()),
            Kind::Number(min, max) => match u64::from_str(value) {
                Ok(number) if (min..=max).contains(&number) => Ok(()),
                Ok(_) => wrong(format!("{name} must be between {min} and {max}, not {value}")),
                Err(_) => Err(WrongValue {
                    problem: format!("{name} must be a whole number, not '{value}'"),
                    range: format!(" ({min} to {max})"),
                }),
            },
            Kind::Seconds => match i64::from_str(value) {
                Ok(seconds) if seconds > 0 => Ok(()),
                Ok(seconds) => wrong(format!("{name}={seconds} must be > 0 (seconds)")),
                Err(_) => wrong(format!("{name}='{value}' must be a positive integer (seconds)")),
            },
            Kind::Flag if is_one_of(&ON) || is_one_of(&OFF) => Ok(()),
            Kind::Flag => must_be("1, true, yes, 0, false, no or off"),
            Kind::Choice(words) if is_one_of(words) => Ok(()),
            Kind::Choice([first @ .., last]) => must_be(&format!("{} or {last}", first.join(", "))),
            Kind::Choice([]) => must_be("unset"),
            Kind::HttpUrl => match Url::parse(value) {
                Ok(url) if ["http", "https"].contains(&url.scheme()) && url.has_host() => Ok(()),
                _ => must_be("a URL that starts with https:// or http://"),
            },
            Kind::MemorySize => {
                let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%' || c == ' ');
                let unit = value[digits.len()..].trim().to_ascii_lowercase();
                let is_number = digits.parse::<f64>().is_ok_and(|size| size > 0.0 && size.is_finite());
                let is_size = is_number && MEMORY_UNITS.contains(&unit.as_str());
                if is_size { Ok(()) } else { must_be("a memory size such as 512MB or 1GB") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::env_vars::{self, EnvVar};

    #[test]
    fn wrong_values_are_named_with_what_is_allowed() {
        let problem = |var: &EnvVar, value| var.check(value).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(problem(&env_vars::AGNES_PORT, "x"), "AGNES_PORT must be a whole number, not 'x' (0 to 65535)");
        assert_eq!(problem(&env_vars::AGNES_PORT, "65536"), "AGNES_PORT must be between 0 and 65535, not 65536");
        assert_eq!(problem(&env_vars::AGNES_LOG_FORMAT, "xml"), "AGNES_LOG_FORMAT must be json or pretty, not 'xml'");
        assert_eq!(problem(&env_vars::DEBUG, "2"), "DEBUG must be 1, true, yes, 0, false, no or off, not '2'");
        for good in ["1GB", "512 MB", "1.5GiB", "80%"] {
            assert_eq!(problem(&env_vars::AGNES_QUERY_MEMORY, good), "", "{good}");
        }
        for bad in ["1", "GB", "-1GB", "1GB; SET threads = 1", "much", "nan%"] {
            assert!(problem(&env_vars::AGNES_QUERY_MEMORY, bad).contains("AGNES_QUERY_MEMORY"), "{bad}");
        }
        assert!(problem(&env_vars::AGNES_SENDGRID_URL, "ftp:x").contains("AGNES_SENDGRID_URL must be a URL"));
    }
}
