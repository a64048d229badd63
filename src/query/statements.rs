//! Which part of a text is the statement whose rows are shown.

use super::policy::after_block;

/// The last of several statements, without comments and semicolons around it.
pub fn last_statement(sql: &str) -> &str {
    let (mut start, mut end, mut is_over, mut at) = (0, 0, true, 0);
    while at < sql.len() {
        let token = token(&sql[at..]);
        let next = at + token.len();
        if token == ";" {
            is_over = true;
        } else if !token.trim().is_empty() && !token.starts_with("--") && !token.starts_with("/*") {
            start = if is_over { at } else { start };
            (end, is_over) = (next, false);
        }
        at = next;
    }
    &sql[start..end]
}

/// Whether a text ends with a semicolon that ends a statement, and not a comment or a quoted text.
pub fn is_finished(sql: &str) -> bool {
    let (mut rest, mut is_finished) = (sql, false);
    while !rest.is_empty() {
        let token = token(rest);
        rest = &rest[token.len()..];
        let is_meaningless = token.trim().is_empty() || token.starts_with("--") || token.starts_with("/*");
        is_finished = if is_meaningless { is_finished } else { token == ";" };
    }
    is_finished
}

/// Whether a `SELECT` ends with `ORDER BY` and has no `LIMIT`. Not found where the whole statement is in parentheses.
pub fn is_ordered(sql: &str) -> bool {
    let (mut rest, mut depth, mut is_select, mut is_ordered) = (sql, 0_usize, None, false);
    while !rest.is_empty() {
        let token = token(rest);
        rest = &rest[token.len()..];
        let is = |words: &[&str]| words.iter().any(|word| token.eq_ignore_ascii_case(word));
        match token {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if token.trim().is_empty() || token.starts_with("--") || token.starts_with("/*") => continue,
            _ if depth > 0 => {}
            _ if is(&["order"]) => is_ordered = true,
            _ if is(&["limit"]) => return false,
            _ => {}
        }
        is_select.get_or_insert(is(&["select", "with", "from"]));
    }
    is_ordered && is_select == Some(true)
}

/// What the text begins with: a word, a quoted text, a comment, or a single character.
pub(super) fn token(sql: &str) -> &str {
    let word = sql.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(sql.len());
    let length = match sql.as_bytes() {
        [b'-', b'-', ..] => sql.find('\n').unwrap_or(sql.len()),
        [b'/', b'*', ..] => sql.len() - after_block(&sql[2..]).len(),
        [b'e' | b'E', b'\'', ..] => 1 + quoted(&sql[1..], '\\'),
        // A quote inside is doubled, which is as good as two texts.
        [b'\'' | b'"', ..] => quoted(sql, '\0'),
        [b'$', ..] => dollar_quoted(sql),
        _ if word > 0 => word,
        _ => sql.chars().next().map_or(0, char::len_utf8),
    };
    &sql[..length]
}

/// The length of a text up to the quote that it begins with; after an `escape`, a quote does not count.
fn quoted(sql: &str, escape: char) -> usize {
    let (mut is_escaped, quote) = (false, sql.chars().next());
    let end = sql.char_indices().skip(1).find(|(_, c)| {
        let is_end = Some(*c) == quote && !is_escaped;
        is_escaped = *c == escape && !is_escaped;
        is_end
    });
    end.map_or(sql.len(), |(at, _)| at + 1)
}

/// `$tag$ … $tag$`; a parameter such as `$1` is only its first character.
fn dollar_quoted(sql: &str) -> usize {
    let is_tag = |tag: &str| tag.chars().all(|c| c.is_alphanumeric() || c == '_');
    let Some((tag, rest)) = sql[1..].split_once('$').filter(|(tag, _)| is_tag(tag)) else { return 1 };
    let tag = &sql[..tag.len() + 2];
    rest.find(tag).map_or(sql.len(), |end| end + 2 * tag.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_the_whole_statement() {
        for (sql, ordered) in [
            ("SELECT 1", false),
            ("-- a\n/* b */ select a FROM orders\nOrder By a -- limit", true),
            ("WITH t AS (SELECT 1 LIMIT 2) FROM t ORDER BY ALL OFFSET 3", true),
            ("SELECT 'limit', \"order\" FROM t ORDER BY 1", true),
            ("SELECT a FROM t ORDER BY a LIMIT 5", false),
            ("SELECT row_number() OVER (ORDER BY a) FROM t", false),
            ("SELECT 'ORDER BY' FROM (SELECT a FROM t ORDER BY a)", false),
            ("SUMMARIZE SELECT a FROM t ORDER BY a", false),
        ] {
            assert_eq!(is_ordered(sql), ordered, "{sql}");
        }
    }

    #[test]
    fn semicolons_in_texts_and_comments_separate_nothing() {
        for (sql, last) in [
            ("SELECT 1", "SELECT 1"),
            ("SET x = 1; SELECT 2 ;; -- done", "SELECT 2"),
            ("SELECT ';', \"a;\" -- ; SELECT 2\n, 3", "SELECT ';', \"a;\" -- ; SELECT 2\n, 3"),
            ("SELECT 'it''s;' ; FROM é", "FROM é"),
            ("/* a; /* b; */ ; */ SELECT 1 /* ; */ + 1 /* ; */", "SELECT 1 /* ; */ + 1"),
            ("SELECT $$;$$, $a$ $b$; $a$, $1", "SELECT $$;$$, $a$ $b$; $a$, $1"),
            (r"SELECT 1; SELECT e'\';', x$1, 'é\'; SELECT 3", "SELECT 3"),
            ("SELECT 'open; SELECT 2", "SELECT 'open; SELECT 2"),
            (" -- nothing ;", ""),
        ] {
            assert_eq!(last_statement(sql), last, "{sql}");
        }
    }
}
