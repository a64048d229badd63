//! Texts as words: what is compared when somebody searches.

use std::collections::HashSet;
use std::sync::LazyLock;

use icu_normalizer::DecomposingNormalizerBorrowed;
use rust_stemmers::{Algorithm, Stemmer};

/// Longer words are cut, in names and in what is searched for.
const MAX_WORD: usize = 40;
/// Words of a search that are looked up; of a longer one, the first.
const MAX_SEARCHED: usize = 16;

/// Words of questions that say nothing about what is asked for.
static EMPTY_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "a about all an and any are as at be by can do does did each find for from give had has have how i in is it its \
     list many me much of on or our per please show tell that the their there these this to was we were what when \
     where which who whose why will with would you your table tables column columns"
        .split_whitespace()
        .collect()
});

/// Returns the words of a text in lower case, without accents: split where something other than a letter or digit
/// stands, between letters and digits, and before the capitals of `camelCase`.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut last = Kind::Other;
    for character in DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(text.chars()) {
        if is_accent(character) {
            continue;
        }
        let kind = Kind::of(character);
        let continues = kind == last || last == Kind::Upper && kind == Kind::Lower;
        if !continues && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if kind != Kind::Other && word.chars().count() < MAX_WORD {
            word.extend(character.to_lowercase());
        }
        last = kind;
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Upper,
    Lower,
    Digit,
    Other,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            _ if character.is_uppercase() => Self::Upper,
            _ if character.is_alphabetic() => Self::Lower,
            _ if character.is_numeric() => Self::Digit,
            _ => Self::Other,
        }
    }
}

/// The combining accents that a letter is decomposed into.
fn is_accent(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

/// Returns the different words that are searched for, without those that say nothing, unless there are no others.
pub fn searched(query: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let all: Vec<_> = words(query).into_iter().filter(|word| seen.insert(word.clone())).collect();
    let mut telling: Vec<_> = all.iter().filter(|word| !EMPTY_WORDS.contains(word.as_str())).cloned().collect();
    if telling.is_empty() {
        telling = all;
    }
    telling.truncate(MAX_SEARCHED);
    telling
}

/// Returns what `orders`, `order` and `ordered` have in common.
pub fn stem(word: &str) -> String {
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_become_words() {
        for (text, expected) in [
            ("order_items", "order items"),
            ("customerID", "customer id"),
            ("OrderLineItem", "order line item"),
            ("HTTPStatus", "httpstatus"),
            ("q4-2026 revenue (net)", "q 4 2026 revenue net"),
            ("Zákazník, řádek", "zakaznik radek"),
            ("Straße ﬁle", "straße file"),
            ("売上_2026", "売上 2026"),
            ("", ""),
            ("--", ""),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
        assert_eq!(words(&"x".repeat(1000))[0].len(), MAX_WORD);
    }

    #[test]
    fn questions_lose_their_empty_words() {
        assert_eq!(searched("Which table has the revenue per customer?"), ["revenue", "customer"]);
        assert_eq!(searched("all tables"), ["all", "tables"]);
        assert_eq!(searched("a b b c"), ["b", "c"]);
        assert_eq!(searched(&(0..100).map(|n| format!("w{} ", "x".repeat(n))).collect::<String>()).len(), MAX_SEARCHED);
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        assert_eq!(stem("orders"), stem("ordered"));
        assert_eq!(stem("categories"), stem("category"));
        assert_ne!(stem("customer"), stem("country"));
    }
}
