//! What a terminal is sent: every text from people, data and servers passes here, in [`Printer`](super::Printer) and
//! [`Table`](super::Table).

use std::borrow::Cow;

/// The text on one line. Characters that steer a terminal, end a line or reorder what follows are written as escapes.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, acts)
}

/// The same with its line ends, for places that keep the lines apart from what is around them.
pub fn lines(text: &str) -> Cow<'_, str> {
    let text = match text.contains("\r\n") {
        true => Cow::Owned(text.replace("\r\n", "\n")),
        false => Cow::Borrowed(text),
    };
    match text {
        Cow::Borrowed(text) => escaped(text, acts_within_a_line),
        Cow::Owned(text) => Cow::Owned(escaped(&text, acts_within_a_line).into_owned()),
    }
}

/// A message; the lines below its first one are indented, so that none of them looks like a message of its own.
pub fn message(text: &str) -> Cow<'_, str> {
    let shown = lines(text.trim_end());
    let is_indented = |line: &str| line.is_empty() || line.starts_with("  ");
    if shown.split('\n').skip(1).all(is_indented) {
        return shown;
    }
    Cow::Owned(shown.replace('\n', "\n  ").replace("\n  \n", "\n\n"))
}

fn escaped(text: &str, is_escaped: fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match is_escaped(letter) {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

/// C0, DEL and C1 controls; separators of lines; marks, embeddings, overrides and isolates of the bidirectional
/// algorithm (Unicode Standard Annex 9).
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

fn acts_within_a_line(letter: char) -> bool {
    letter != '\n' && acts(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_is_left() {
        let acting = "\0\u{7}\u{8}\t\r\n\u{1b}[2J\u{7f}\u{85}\u{9b}31m\u{61c}\u{200e}\u{200f}\u{2028}\u{202a}\u{202e}\u{2066}\u{2069}";
        assert_eq!(
            line(acting),
            r"\u{0}\u{7}\u{8}\t\r\n\u{1b}[2J\u{7f}\u{85}\u{9b}31m\u{61c}\u{200e}\u{200f}\u{2028}\u{202a}\u{202e}\u{2066}\u{2069}"
        );
        // Letters of every script stay, and what joins them.
        let harmless = "Žluťoučký שלום العربية 日本 👩\u{200d}👧 e\u{301}";
        assert!(matches!(line(harmless), Cow::Borrowed(text) if text == harmless));
    }

    #[test]
    fn further_lines_of_a_message_are_indented() {
        assert_eq!(message("warn: a\r\nwarn: b\rc\n"), "warn: a\n  warn: b\\rc");
        assert_eq!(message("row_limit\n  tables: a\n\n    b"), "row_limit\n  tables: a\n\n    b");
        assert_eq!(message("syntax error\n\nLINE 1: x\n        ^"), "syntax error\n\n  LINE 1: x\n          ^");
    }
}
