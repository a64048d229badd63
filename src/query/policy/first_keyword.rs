//! The first word of a statement, which decides between two errors.

use super::contains_word;

/// How a query begins.
const QUERIES: &str = "select with from pivot pivot_wider pivot_longer unpivot summarize";

/// How a query begins that shows the columns of another one, or the names of tables.
const DESCRIPTIONS: &str = "describe desc show";

/// Other statements that only show something.
const READ_ONLY: &str = "explain table values";

/// Statements that change something.
const STATEMENTS: &str = "\
    alter analyze attach begin call checkpoint comment commit copy create deallocate delete detach drop execute \
    export force import insert install load merge pragma prepare reset rollback set truncate update use vacuum \
    upsert";

pub fn is_query(word: &str) -> bool {
    contains_word(QUERIES, word)
}

pub fn is_description(word: &str) -> bool {
    contains_word(DESCRIPTIONS, word)
}

pub fn is_read_only(word: &str) -> bool {
    word.is_empty() || is_description(word) || contains_word(READ_ONLY, word)
}

pub fn is_statement(word: &str) -> bool {
    contains_word(STATEMENTS, word)
}

/// The first word in lower case, after white space, comments and parentheses.
pub fn keyword(sql: &str) -> String {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = after_block(comment);
        } else {
            let word = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_');
            return word.collect::<String>().to_ascii_lowercase();
        }
    }
}

/// What follows a block comment, given without its start. Comments nest, as they do in the engine.
pub fn after_block(text: &str) -> &str {
    let (mut depth, mut at, bytes) = (1, 0, text.as_bytes());
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return &text[at..];
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words() {
        for (sql, word) in [
            (" \u{a0}SELECT 1", "select"),
            ("/* a /* b */ */ -- c\n ((select 1))", "select"),
            ("-- only", ""),
            ("", ""),
            ("/* open", ""),
            ("Drop\tTABLE x", "drop"),
        ] {
            assert_eq!(keyword(sql), word, "{sql}");
        }
    }
}
