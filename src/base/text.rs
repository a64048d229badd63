//! Texts for people and for their shells.

/// `1,234,567`
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A text as one word of a command line.
pub fn shell_word(text: &str) -> String {
    match text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        let grouped = [0, 999, 1000, 12_345, 1_234_567].map(thousands);
        assert_eq!(grouped, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn a_shell_reads_one_word() {
        assert_eq!(["a-b_1", "a b", "it's"].map(shell_word), ["a-b_1", "'a b'", r"'it'\''s'"]);
    }
}
