//! Changes of statements, by their tokens.

use rand::rngs::StdRng;
use rand::{Rng, RngExt};

use super::grammar::pick;
use crate::query::statements::token;
use crate::query::testing::mutations::WORDS;

/// Pieces beside [`WORDS`].
const PIECES: [&str; 30] = [
    "name",
    "id",
    "'salaries.parquet'",
    "PIVOT",
    "ON",
    "USING",
    "TABLE",
    "$$",
    "recurring.",
    "t",
    "people",
    "NATURAL JOIN",
    "SEMI JOIN",
    "COLUMNS(*)",
    "EXCLUDE",
    "::",
    ".",
    "[",
    "]",
    "{",
    "}",
    "lambda x:",
    "server.main.",
    "hr.people",
    "UNPIVOT",
    "WINDOW",
    "FILTER",
    "USING KEY (id)",
    "GROUP BY ALL",
    "NOT",
];

/// White space to DuckDB, or not.
const SPACES: [&str; 9] = ["\u{a0}", "\u{2003}", "\u{3000}", "\u{b}", "\u{85}", "\u{feff}", "\u{200b}", "\0", "\r"];

/// Letters, and others that look alike or become them in lower case.
const ALIKE: [(char, char); 6] = [('o', 'о'), ('s', 'ſ'), ('k', '\u{212a}'), ('e', 'е'), ('i', 'ı'), ('a', 'ａ')];

/// Changes a statement in one to four ways, partly by what another one has.
pub fn mutated(random: &mut StdRng, sql: &str, other: &str) -> String {
    let (mut tokens, others) = (tokens(sql), tokens(other));
    for _ in 0..random.random_range(1..=4) {
        change(random, &mut tokens, &others);
    }
    tokens.concat()
}

fn change(random: &mut StdRng, tokens: &mut Vec<String>, others: &[String]) {
    if tokens.is_empty() || others.is_empty() {
        return;
    }
    let at = random.random_range(0..tokens.len());
    match random.random_range(0..12) {
        0 => tokens.insert(at, piece(random)),
        1 => tokens[at] = piece(random),
        2 => drop(tokens.remove(at)),
        3 => {
            let with = random.random_range(0..tokens.len());
            tokens.swap(at, with);
        }
        4 => tokens[at] = others[random.random_range(0..others.len())].clone(),
        5..8 => {
            // One thing in parentheses in place of another.
            let (place, part) = (group(random, tokens), group(random, others));
            tokens.splice(place, others[part].iter().cloned());
        }
        8 => {
            // Another name.
            let words = |tokens: &[String]| (0..tokens.len()).filter(|at| is_word(&tokens[*at])).collect::<Vec<_>>();
            let (mine, theirs) = (words(tokens), words(others));
            if !mine.is_empty() && !theirs.is_empty() {
                tokens[pick(random, &mine)] = others[pick(random, &theirs)].clone();
            }
        }
        9 => tokens.insert(at, pick(random, &SPACES).into()),
        10 => {
            let (plain, alike) = pick(random, &ALIKE);
            tokens[at] = tokens[at].replacen(plain, &alike.to_string(), 1);
        }
        _ if is_word(&tokens[at]) => tokens[at] = format!("\"{}\"", tokens[at]),
        _ => tokens[at] = tokens[at].to_uppercase(),
    }
}

fn piece(random: &mut StdRng) -> String {
    let at = random.random_range(0..WORDS.len() + PIECES.len());
    format!(" {} ", WORDS.get(at).unwrap_or_else(|| &PIECES[at - WORDS.len()]))
}

fn tokens(mut sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    while !sql.is_empty() {
        let next = token(sql);
        tokens.push(next.to_owned());
        sql = &sql[next.len()..];
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// A random part that begins and ends with matching parentheses; one token, if there are none.
fn group(random: &mut impl Rng, tokens: &[String]) -> std::ops::Range<usize> {
    let open: Vec<usize> = (0..tokens.len()).filter(|at| tokens[*at] == "(").collect();
    let start = if open.is_empty() { random.random_range(0..tokens.len()) } else { pick(random, &open) };
    let mut depth = 0_usize;
    let end = tokens[start..].iter().position(|token| {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    start..end.map_or(tokens.len(), |end| start + end + 1)
}
