//! Splits Rust source into tokens. Comments are dropped; every other character that is not part of a word or a literal
//! is a token of its own.

/// The tokens with their lines, from 1.
pub fn tokens(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = length(rest, first);
        let (token, behind) = rest.split_at(length);
        if !first.is_whitespace() && !token.starts_with("//") && !token.starts_with("/*") {
            found.push((token.to_owned(), line));
        }
        line += token.matches('\n').count();
        rest = behind;
    }
    found
}

/// Length in bytes of the token, comment or blank at the start of `text`.
fn length(text: &str, first: char) -> usize {
    let until = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return until("*/", 2);
    }
    let word = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let behind = &text[word..];
    match first {
        _ if ["r", "br", "cr"].contains(&&text[..word]) && behind.trim_start_matches('#').starts_with('"') => {
            let marks = behind.len() - behind.trim_start_matches('#').len();
            until(&format!("\"{}", "#".repeat(marks)), word + marks + 1)
        }
        _ if ["", "b", "c"].contains(&&text[..word]) && behind.starts_with('"') => {
            let mut escaped = false;
            let end = behind[1..].find(|c: char| {
                let is_end = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                is_end
            });
            end.map_or(text.len(), |end| word + 1 + end + 1)
        }
        // A character, unless it is a lifetime.
        '\'' => match text[1..].chars().next() {
            Some('\\') => until("'", 3),
            Some(c) if text[1 + c.len_utf8()..].starts_with('\'') => 2 + c.len_utf8(),
            _ => 1,
        },
        _ => word.max(first.len_utf8()),
    }
}

#[test]
fn comments_and_literals_are_told_apart() {
    let text = "a::b // \"x\"\n/* c\n*/ \"d\\\" // e\" r#\"f\"g\"# 'h' '\\'' '\"' &'i b\"j\" 'ä'";
    let texts: Vec<_> = tokens(text).into_iter().map(|(token, line)| format!("{line} {token}")).collect();
    let expected = [
        "1 a",
        "1 :",
        "1 :",
        "1 b",
        "3 \"d\\\" // e\"",
        "3 r#\"f\"g\"#",
        "3 'h'",
        "3 '\\''",
        "3 '\"'",
        "3 &",
        "3 '",
        "3 i",
        "3 b\"j\"",
        "3 'ä'",
    ];
    assert_eq!(texts, expected);
}
