//! Ages and sizes on the command line.

use jiff::SignedDuration;

/// `7d`, `24h`, `30m`
pub fn age(text: &str) -> Result<SignedDuration, String> {
    let minutes = scaled(text, &[("m", 1), ("h", 60), ("d", 24 * 60)]);
    let minutes = minutes.and_then(|minutes| i64::try_from(minutes).ok()).filter(|minutes| *minutes < i64::MAX / 60);
    minutes.map(SignedDuration::from_mins).ok_or_else(|| "write it like 7d, 24h or 30m".to_owned())
}

/// `1g`, `500m`, `10k`, `1t`, or a number of bytes; 1024-based.
pub fn size(text: &str) -> Result<u64, String> {
    let lower = text.to_ascii_lowercase();
    let bytes = scaled(&lower, &[("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("t", 1 << 40), ("", 1)]);
    bytes.ok_or_else(|| "write it like 1g, 500m, 10k, or as a number of bytes".to_owned())
}

/// A whole number with one of these units behind it.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let (_, factor) = units.iter().find(|(unit, _)| *unit == &text[digits.len()..])?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(["30m", "24h", "7d"].map(|text| age(text).unwrap().as_mins()), [30, 1440, 10_080]);
        assert_eq!(["0", "10k", "1G", "2t"].map(|text| size(text).unwrap()), [0, 10_240, 1 << 30, 2 << 40]);
        for wrong in ["", "d", "7", "-7d", "+7d", "1.5d", "7 d", "7w", "99999999999999999999d", "9999999999999999999m"]
        {
            assert!(age(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "g", "-1", "1gb", "1.5g", "99999999999999t", "1 g"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
