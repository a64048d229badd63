//! What one text looks like.

use super::class::{Class, Shape};
use super::number::number;
use super::time::time;

impl Shape {
    pub fn of(text: &[u8]) -> Self {
        let plain = |class| Self { class, whole: 0, scale: 0 };
        match text {
            [b'0'..=b'9', _, _, _, b'-', ..] => time(text).map(plain).or_else(|| number(text)),
            [b'0'..=b'9' | b'-', ..] => number(text),
            [b't' | b'T' | b'f' | b'F', ..] => boolean(text).map(plain),
            _ => None,
        }
        .unwrap_or(plain(Class::Text))
    }
}

fn boolean(text: &[u8]) -> Option<Class> {
    match text {
        b"true" | b"false" => Some(Class::LowerBoolean),
        b"True" | b"False" => Some(Class::TitleBoolean),
        b"TRUE" | b"FALSE" => Some(Class::UpperBoolean),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (class, texts) in [
            (Class::Integer, &["0", "7", "-12", "123456789012345"][..]),
            (Class::LongInteger, &["1234567890123456", "9223372036854775807", "-9223372036854775808"]),
            (Class::HugeInteger, &["9223372036854775808", "99999999999999999999999999999999999999"]),
            (Class::Fraction, &["0.5", "-12.25", "1234567890123.45", "0.000001"]),
            (Class::PointZero, &["0.0", "3.0", "-12.0", "12345678901234.0"]),
            (Class::NegativeZero, &["-0.0"]),
            (Class::FixedFraction, &["1.50", "850.00", "0.00", "0.10", "12.500"]),
            (Class::PrintedDouble, &["0.30000000000000004", "-200.9557142857143", "1234567890123456.0"]),
            (Class::FullDouble, &["40300.619960000004", "-72.886806000000007", "0.10000000000000001"]),
            (
                Class::LongFraction,
                &["99999999999999.99", "0.12345678901234560", "123456789012345678.0", "0.123456789012345678"],
            ),
            (Class::Exponent, &["1e-05", "1.5E-5", "-1.5e-07", "1e+20", "1.5e20", "1.7976931348623157e308", "5e-324"]),
            (Class::LowerBoolean, &["true", "false"]),
            (Class::TitleBoolean, &["True", "False"]),
            (Class::UpperBoolean, &["TRUE", "FALSE"]),
            (Class::Date, &["2024-01-31", "2024-02-29", "0001-01-01", "9999-12-31"]),
            (Class::Timestamp, &["2024-01-31 10:00", "2024-01-31T10:00:59", "2024-01-31T10:00:00.123456"]),
            (
                Class::Instant,
                &[
                    "2024-01-31T10:00:00Z",
                    "2024-01-31 10:00:00.5+02",
                    "2024-01-31T10:00:00-0130",
                    "2024-01-31T10:00:00+05:30",
                ],
            ),
            (Class::ShortInstant, &["2021-08-06T13:18Z", "2021-08-06T13:18+02"]),
            (
                Class::Text,
                &[
                    "007",
                    "00",
                    "-0",
                    "+3",
                    "1_000",
                    " 1",
                    "1 ",
                    "1,5",
                    ".5",
                    "1.",
                    "007.5",
                    "12E5",
                    "12E309",
                    "5E-05",
                    "1e5",
                    "1e+05",
                    "1.50e-07",
                    "1e400",
                    "1e-400",
                    "10e-7",
                    "0e-7",
                    "-0.00",
                    "nan",
                    "inf",
                    "1.2.3",
                    "-",
                    "--1",
                    "1-2",
                    "tRUE",
                    "t",
                    "yes",
                    "100000000000000000000000000000000000000",
                    "0.100000000000000000000000000000000000001",
                    "٣",
                    "1\u{a0}",
                    "31.01.2024",
                    "2024-02-30",
                    "2023-02-29",
                    "1900-02-29",
                    "0000-01-01",
                    "2024-13-01",
                    "2024-1-31",
                    "2024-01-31T24:00",
                    "2024-01-31T10:00:60",
                    "2024-01-31T10:00:00.1234567",
                    "2024-01-31T10",
                    "2024-01-31T10:00:00 Z",
                    "2024-07-31 10:00:00+2",
                    "2024-02-30T10:00:00Z",
                    "2024-01-31T10:00:00+16:00",
                    "2024-01-31t10:00:00z",
                    "0001-01-01T00:00:00+02",
                    "2024-01-31 at ten",
                    "2024-01-3é",
                    "12345-01-01",
                ],
            ),
        ] {
            for text in texts {
                assert_eq!(Shape::of(text.as_bytes()).class, class, "{text}");
            }
        }
    }

    #[test]
    fn digits() {
        assert_eq!(Shape::of(b"-12.500"), Shape { class: Class::FixedFraction, whole: 2, scale: 3 });
        assert_eq!(Shape::of(b"850"), Shape { class: Class::Integer, whole: 3, scale: 0 });
    }
}
