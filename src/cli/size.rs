//! Sizes for people.

/// `53.0 KB`: base 1024, one decimal.
pub fn human(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if value < 1024.0 {
            return format!("{value:.1} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    #[test]
    fn units() {
        assert_eq!(super::human(54_272), "53.0 KB");
        assert_eq!(super::human(5_u64 << 40), "5.0 TB");
    }
}
