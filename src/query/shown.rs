//! What `agnes query` prints of a value that [`super::encoding`] has written as JSON, here or on the server.

use std::borrow::Cow;

/// The largest integer up to which every double, and so every number in JavaScript, is exact.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// The value in tables and CSV; `None` for NULL.
pub fn text(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first() {
        Some(b'n') => None,
        Some(b'"') if !json.contains('\\') => Some(json[1..json.len() - 1].into()),
        Some(b'"') => Some(serde_json::from_str(json).map_or(json.into(), Cow::Owned)),
        Some(b'[' | b'{') => Some(exact(json).into()),
        _ => Some(json.into()),
    }
}

pub fn is_number(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// The value in JSON: integers of more than 53 bits, which many readers round, become strings.
pub fn exact(json: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(json.len()), json);
    while !rest.is_empty() {
        let length = if rest.starts_with('"') {
            string_length(rest)
        } else if is_number(rest) {
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len())
        } else {
            rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()).unwrap_or(rest.len())
        };
        let (token, tail) = rest.split_at(length);
        let digits = token.trim_start_matches('-');
        let is_integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_integer && digits.parse().map_or(true, |number: u64| number > MAX_EXACT) {
            shown.extend(["\"", token, "\""]);
        } else {
            shown.push_str(token);
        }
        rest = tail;
    }
    shown
}

/// The length of the string that the JSON begins with, with its quotes.
fn string_length(json: &str) -> usize {
    let mut is_escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(json.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_more_than_53_bits_become_strings() {
        for (json, shown) in [
            ("9007199254740991", "9007199254740991"),
            ("-9007199254740991", "-9007199254740991"),
            ("9007199254740992", "\"9007199254740992\""),
            ("-27670116110564327421", "\"-27670116110564327421\""),
            ("1e+300", "1e+300"),
            ("9007199254740993.0", "9007199254740993.0"),
            ("null", "null"),
            (r#""9007199254740993 \\""#, r#""9007199254740993 \\""#),
            (
                r#"{"9007199254740993":[9007199254740993,true,"\"9007199254740993"]}"#,
                r#"{"9007199254740993":["9007199254740993",true,"\"9007199254740993"]}"#,
            ),
        ] {
            assert_eq!(exact(json), shown);
        }
    }
}
