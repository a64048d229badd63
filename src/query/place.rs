//! Where in a statement an error is, in the form of the engine: the line, and a caret below the place.

use unicode_width::UnicodeWidthStr;

/// Maximum number of characters of a line that are shown.
const WIDTH: usize = 80;

/// The engine's message, and the place in a statement behind it.
pub fn split(text: &str) -> (&str, Option<&str>) {
    match text.find("\nLINE ") {
        Some(at) => (text[..at].trim_end(), Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// The place that a message of the engine names, unless it is in another statement than this one.
pub fn of_statement<'a>(text: &'a str, sql: &str) -> Option<&'a str> {
    let place = split(text).1?;
    let quoted = place.lines().next()?.split_once(": ")?.1;
    let quoted = quoted.strip_prefix("...").unwrap_or(quoted);
    let quoted = quoted.strip_suffix("...").unwrap_or(quoted);
    sql.contains(quoted.trim()).then_some(place)
}

/// The place at this offset, in bytes.
pub fn at(sql: &str, offset: usize) -> Option<String> {
    let before = sql.get(..offset)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let (line, column) = (sql[start..].lines().next().unwrap_or_default(), sql[start..offset].chars().count());
    let skipped = if line.chars().count() > WIDTH { column.saturating_sub(WIDTH / 2) } else { 0 };
    let shown: String = line.chars().skip(skipped).take(WIDTH).collect();
    let opening = format!("LINE {}: {}", before.matches('\n').count() + 1, if skipped > 0 { "..." } else { "" });
    let closing = if line.chars().count() > skipped + WIDTH { "..." } else { "" };
    let shown_before: String = shown.chars().take(column - skipped).collect();
    let indent = " ".repeat(opening.width() + shown_before.width());
    Some(format!("{opening}{shown}{closing}\n{indent}^"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_and_a_caret() {
        assert_eq!(at("SELECT x", 7).unwrap(), "LINE 1: SELECT x\n               ^");
        assert_eq!(at("SELECT\n  日本, x\nFROM t", 17).unwrap(), "LINE 2:   日本, x\n                ^");
        let long = format!("SELECT {}x{}", "a, ".repeat(100), ", b".repeat(100));
        let shown = at(&long, 307).unwrap();
        let (line, caret) = shown.split_once('\n').unwrap();
        assert_eq!(line.chars().nth(caret.len() - 1), Some('x'));
        assert!(line.starts_with("LINE 1: ...") && line.ends_with("...") && line.len() < 100, "{line}");
        assert_eq!(at("SELECT", 99), None);
        assert_eq!(at("日本", 1), None);
    }

    #[test]
    fn only_of_the_statement_that_was_typed() {
        let text = "Binder Error: no\n\nLINE 1: ...LECT x FROM t...\n   ^";
        assert_eq!(of_statement(text, "SELECT x FROM t WHERE 1"), Some("LINE 1: ...LECT x FROM t...\n   ^"));
        assert_eq!(of_statement(text, "SELECT y FROM t"), None);
        assert_eq!(split(text).0, "Binder Error: no");
    }
}
