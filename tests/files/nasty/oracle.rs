//! What a published value may look like, by its type and the text in the file.

use jiff::SignedDuration;
use jiff::civil::DateTime;

/// What is wrong with the value `published` of the text `text`, where an empty text is no value.
pub fn fault(kind: &str, text: &str, published: Option<&str>) -> Option<String> {
    let is_right = match published {
        None => text.is_empty(),
        Some(_) if text.is_empty() => false,
        Some(published) => match kind {
            "BOOLEAN" => text.to_lowercase() == published,
            "DOUBLE" => {
                let is_whole = text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
                published == text
                    || (is_whole && published == format!("{text}.0"))
                    || (published.contains('e') && is_same_number(text, published))
                    || (text.contains(['e', 'E']) && is_same_number(text, published))
            }
            "TIMESTAMP" => local(text).is_some_and(|time| Some(time) == local(published)),
            "TIMESTAMP WITH TIME ZONE" => instant(text).is_some_and(|time| Some(time) == instant(published)),
            "VARCHAR" | "BIGINT" | "DATE" => text == published,
            // More zeros than in the file, if they say nothing there.
            decimal if decimal.starts_with("DECIMAL(") => {
                text == published
                    || (published.contains('.')
                        && published.trim_end_matches('0').trim_end_matches('.') == text.trim_end_matches(".0")
                        && (text.ends_with(".0") || !text.contains('.') || !text.ends_with('0')))
            }
            _ => false,
        },
    };
    (!is_right).then(|| format!("{text:?} became {published:?} as {kind}"))
}

/// Compares two decimal numbers digit by digit.
fn is_same_number(text: &str, other: &str) -> bool {
    number(text).is_some_and(|number_of_text| Some(number_of_text) == number(other))
}

/// Sign, digits from the first to the last that is not zero, and the power of ten of the last.
fn number(text: &str) -> Option<(bool, String, i64)> {
    let lower = text.to_ascii_lowercase();
    let (mantissa, power) = lower.split_once('e').unwrap_or((&lower, "0"));
    let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power: i64 = power.parse().ok()?;
    let short = digits.trim_end_matches('0');
    let power = power - fraction.len() as i64 + (digits.len() - short.len()) as i64;
    Some((is_negative, short.trim_start_matches('0').to_owned(), power))
}

fn local(text: &str) -> Option<DateTime> {
    (text.len() > 10).then(|| text.replacen(' ', "T", 1).parse().ok()).flatten()
}

/// The instant in UTC. Offsets are taken off here, since years such as 9999 are beyond jiff's own instants.
fn instant(text: &str) -> Option<DateTime> {
    if let Some(time) = text.strip_suffix('Z') {
        return local(time);
    }
    let at = text.get(16..)?.find(['+', '-'])? + 16;
    let (time, offset) = text.split_at(at);
    let digits: String = offset[1..].chars().filter(|character| *character != ':').collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = hours.parse::<i64>().ok()? * 60 + if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    local(time)?.checked_sub(SignedDuration::from_mins(sign * minutes)).ok()
}

#[test]
fn the_oracle_knows_wrong_values() {
    for (kind, text, published, is_right) in [
        ("DOUBLE", "3", "3.0", true),
        ("DOUBLE", "3.10", "3.1", false),
        ("DOUBLE", "1e-05", "1e-05", true),
        ("DOUBLE", "0.000001", "1e-06", true),
        ("DOUBLE", "99999999999999.99", "99999999999999.98", false),
        ("DOUBLE", "12E5", "1200000.0", true),
        ("DOUBLE", "1e400", "inf", false),
        ("DECIMAL(18,2)", "1.5", "1.50", true),
        ("DECIMAL(18,3)", "1.50", "1.500", false),
        ("DECIMAL(18,1)", "10", "10.0", true),
        ("DECIMAL(18,2)", "1.5", "1.51", false),
        ("DECIMAL(38,0)", "1", "100", false),
        ("BOOLEAN", "1", "true", false),
        ("DATE", "2024-02-30", "2024-03-01", false),
        ("TIMESTAMP", "2024-01-31 10:00", "2024-01-31 10:00:00", true),
        ("TIMESTAMP", "2024-01-31T10:00:00Z", "2024-01-31 10:00:00", false),
        ("TIMESTAMP WITH TIME ZONE", "2024-01-31T10:00+05:30", "2024-01-31 04:30:00+00", true),
        ("TIMESTAMP WITH TIME ZONE", "9999-12-31T23:59:59Z", "9999-12-31 23:59:59+00", true),
        ("TIMESTAMP WITH TIME ZONE", "2024-01-31 10:00:00", "2024-01-31 10:00:00+00", false),
        ("VARCHAR", "007", "7", false),
    ] {
        assert_eq!(fault(kind, text, Some(published)).is_none(), is_right, "{kind} {text}");
    }
    assert!(fault("VARCHAR", "x", None).is_some() && fault("VARCHAR", "", Some("")).is_some());
}
