//! Numbers as people read them.

use jiff::Timestamp;

/// `53.0 KB`: base 1024, one decimal.
pub fn human_size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if value < 1024.0 {
            return format!("{value:.1} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TB")
}

/// The time between two moments: `5m`, `3h`, `2d`.
pub fn age(from: Timestamp, to: Timestamp) -> String {
    let minutes = (to.as_second() - from.as_second()).max(0) / 60;
    match minutes {
        0..60 => format!("{minutes}m"),
        60..1440 => format!("{}h", minutes / 60),
        _ => format!("{}d", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(human_size(54_272), "53.0 KB");
        assert_eq!(human_size(5_u64 << 40), "5.0 TB");
        let after = |seconds| age(Timestamp::UNIX_EPOCH, Timestamp::new(seconds, 0).unwrap());
        assert_eq!([0, 59, 3_599, 3_600, 86_399, 86_400].map(after), ["0m", "0m", "59m", "1h", "23h", "1d"]);
        assert_eq!(after(-5), "0m");
    }
}
