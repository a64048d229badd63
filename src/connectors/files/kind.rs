//! The type of a column, from its texts. A type is only used where the value can be turned back into the text.
//!
//! | Type | Texts |
//! |---|---|
//! | `BOOLEAN` | `true`, `false` in any case |
//! | `BIGINT` | whole numbers of up to 18 digits without leading zero or plus sign |
//! | `DOUBLE` | the same with fraction or exponent |
//! | `DATE` | `2024-01-31` |
//! | `TIMESTAMP` | `2024-01-31 10:00[:00[.000000]]`, also with `T` |
//! | `TIMESTAMPTZ` | the same with `Z` or an offset |
//! | `VARCHAR` | everything else: codes such as `007`, dates in other orders, long digit strings, mixtures |

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value seen.
    Unknown,
    Boolean,
    Integer,
    Double,
    Date,
    Timestamp,
    Instant,
    Text,
}

impl Kind {
    /// The narrowest type of one text; empty means no value.
    pub fn of(text: &str) -> Self {
        if text.is_empty() {
            Self::Unknown
        } else if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            Self::Boolean
        } else {
            number(text).or_else(|| date_or_time(text)).unwrap_or(Self::Text)
        }
    }

    /// The narrowest type that holds what both hold.
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Unknown, known) | (known, Self::Unknown) => known,
            (Self::Integer, Self::Double) | (Self::Double, Self::Integer) => Self::Double,
            _ => Self::Text,
        }
    }

    /// The type to which DuckDB's reader casts it. The reader's own casts to whole numbers, dates and truth values lose
    /// without a word (`1.7` → 2, `007` → 7, `2024-01-31 10:00` → 2024-01-31), so those are read as text.
    pub fn reader_type(self) -> &'static str {
        match self {
            Self::Double => "DOUBLE",
            Self::Timestamp => "TIMESTAMP",
            Self::Instant => "TIMESTAMPTZ",
            _ => "VARCHAR",
        }
    }

    /// For what is read as text: its cast, NULL where that fails, and the condition under which the value `cast` (a
    /// quoted column) of the text `column` has lost nothing.
    pub fn checked_cast(self, column: &str, cast: &str) -> Option<(String, String)> {
        match self {
            Self::Integer => Some((format!("TRY_CAST({column} AS BIGINT)"), format!("{cast}::VARCHAR = {column}"))),
            Self::Date => {
                Some((format!("TRY_CAST({column} AS DATE)"), format!("strlen({column}) = 10 AND {cast} IS NOT NULL")))
            }
            Self::Boolean => {
                let strict = format!("CASE lower({column}) WHEN 'true' THEN true WHEN 'false' THEN false END");
                Some((strict, format!("{cast} IS NOT NULL")))
            }
            _ => None,
        }
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number(text: &str) -> Option<Kind> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let plain = digits(whole) && whole.len() <= 18 && (whole == "0" || !whole.starts_with('0'));
    let exact = exponent.is_none_or(|text| digits(text.strip_prefix(['-', '+']).unwrap_or(text)));
    match (plain && exact && fraction.is_none_or(digits), fraction.or(exponent)) {
        (true, None) if text == "-0" => Some(Kind::Text),
        (true, None) => Some(Kind::Integer),
        (true, Some(_)) => Some(Kind::Double),
        (false, _) => None,
    }
}

fn date_or_time(text: &str) -> Option<Kind> {
    let shaped = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(b, s)| if s == b'0' { b.is_ascii_digit() } else { b == s })
    };
    if !shaped(text.get(..10)?, "0000-00-00") {
        return None;
    }
    let Some(separator) = text[10..].chars().next() else { return Some(Kind::Date) };
    if !matches!(separator, ' ' | 'T') {
        return None;
    }
    let clock = &text[11..];
    let (clock, zone) = clock.split_at(clock.find(['Z', '+', '-']).unwrap_or(clock.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let time = shaped(clock, "00:00") || shaped(clock, "00:00:00");
    if !time || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    match zone {
        "" => Some(Kind::Timestamp),
        "Z" => Some(Kind::Instant),
        _ if shaped(&zone[1..], "00:00") || shaped(&zone[1..], "00") => Some(Kind::Instant),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, kind) in [
            ("", Kind::Unknown),
            ("0", Kind::Integer),
            ("-12", Kind::Integer),
            ("123456789012345678", Kind::Integer),
            ("1234567890123456789", Kind::Text),
            ("007", Kind::Text),
            ("00", Kind::Text),
            ("-0", Kind::Text),
            ("+3", Kind::Text),
            ("1_000", Kind::Text),
            (" 1", Kind::Text),
            ("1,5", Kind::Text),
            ("0.5", Kind::Double),
            ("-1.25e-3", Kind::Double),
            ("1e3", Kind::Double),
            ("007.5", Kind::Text),
            ("1.", Kind::Text),
            ("True", Kind::Boolean),
            ("2024-01-31", Kind::Date),
            ("31.01.2024", Kind::Text),
            ("02/03/2020", Kind::Text),
            ("2024-01-31 10:00:00", Kind::Timestamp),
            ("2024-01-31T10:00:00.123456", Kind::Timestamp),
            ("2024-01-31 10:00:00.1234567", Kind::Text),
            ("2024-01-31T10:00:00Z", Kind::Instant),
            ("2024-01-31T10:00:00+02:00", Kind::Instant),
            ("2024-01-31 at ten", Kind::Text),
            ("2024-01-3é", Kind::Text),
        ] {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }

    #[test]
    fn mixtures() {
        assert_eq!(Kind::Integer.join(Kind::Double), Kind::Double);
        assert_eq!(Kind::Unknown.join(Kind::Date), Kind::Date);
        assert_eq!(Kind::Date.join(Kind::Timestamp), Kind::Text);
        assert_eq!(Kind::Boolean.join(Kind::Integer), Kind::Text);
    }
}
