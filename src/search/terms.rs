//! The different words of an index, and which of them are close to a word that is searched for.

use std::collections::HashMap;

use super::words::stem;

/// How close a word is to the one that is searched for, from 1 (the same) down.
pub type Closeness = f32;

const SAME: Closeness = 1.0;
const SAME_STEM: Closeness = 0.9;
const BEGINS_WITH: Closeness = 0.7;
const ONE_TYPO: Closeness = 0.6;
const TWO_TYPOS: Closeness = 0.4;

/// Shorter words have no typos; a beginning has at least so many letters, too.
const MIN_TYPO: usize = 4;
const MIN_BEGINNING: usize = 3;
/// Words from this length on may have two typos.
const MIN_TWO_TYPOS: usize = 8;

pub struct Terms {
    /// In order.
    terms: Vec<Term>,
    /// Positions in `terms`.
    by_stem: HashMap<String, Vec<usize>>,
}

struct Term {
    text: String,
    length: usize,
    letters: u64,
}

impl Terms {
    /// Of sorted, different words.
    pub fn new(words: Vec<String>) -> Self {
        let mut by_stem: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, word) in words.iter().enumerate() {
            by_stem.entry(stem(word)).or_default().push(at);
        }
        let terms = words.into_iter().map(|text| Term { length: text.chars().count(), letters: letters(&text), text });
        Self { terms: terms.collect(), by_stem }
    }

    /// Returns the positions of the words that are close to this one.
    pub fn close_to(&self, word: &str) -> HashMap<usize, Closeness> {
        let mut close = HashMap::new();
        let mut note = |at: usize, closeness: Closeness| {
            let best = close.entry(at).or_insert(closeness);
            *best = closeness.max(*best);
        };
        if let Ok(at) = self.terms.binary_search_by(|term| term.text.as_str().cmp(word)) {
            note(at, SAME);
        }
        self.by_stem.get(&stem(word)).into_iter().flatten().for_each(|at| note(*at, SAME_STEM));
        let length = word.chars().count();
        if length >= MIN_BEGINNING {
            let first = self.terms.partition_point(|term| term.text.as_str() < word);
            let begun = self.terms[first..].iter().take_while(|term| term.text.starts_with(word)).count();
            (first..first + begun).for_each(|at| note(at, BEGINS_WITH));
        }
        let typos = if length >= MIN_TWO_TYPOS { 2 } else { usize::from(length >= MIN_TYPO) };
        if typos == 0 || word.chars().all(char::is_numeric) {
            return close;
        }
        let wanted = letters(word);
        for (at, term) in self.terms.iter().enumerate() {
            // Each typo changes at most two of the letters that occur, and the length by one.
            let is_possible = (term.letters ^ wanted).count_ones() as usize <= 2 * typos
                && term.length.abs_diff(length) <= typos
                && term.length >= MIN_TYPO;
            if !is_possible {
                continue;
            }
            match strsim::osa_distance(word, &term.text) {
                1 => note(at, ONE_TYPO),
                2 if typos == 2 => note(at, TWO_TYPOS),
                _ => {}
            }
        }
        close
    }
}

/// Returns which letters occur, as bits; several share one.
fn letters(word: &str) -> u64 {
    word.chars().fold(0, |letters, character| letters | 1 << (u32::from(character) % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(words: &str) -> Terms {
        let mut words: Vec<_> = words.split(' ').map(str::to_owned).collect();
        words.sort();
        Terms::new(words)
    }

    fn close(terms: &Terms, word: &str) -> Vec<(String, Closeness)> {
        let mut close: Vec<_> = terms.close_to(word).into_iter().collect();
        close.sort_by(|(a, closer), (b, other)| other.total_cmp(closer).then(a.cmp(b)));
        close.into_iter().map(|(at, closeness)| (terms.terms[at].text.clone(), closeness)).collect()
    }

    #[test]
    fn from_the_same_word_to_two_typos() {
        let terms = terms("country countries county order ordered orders region rev revenue id ids");
        let found = [("country", SAME), ("countries", SAME_STEM), ("county", ONE_TYPO)];
        assert_eq!(close(&terms, "country"), found.map(|(word, closeness)| (word.to_owned(), closeness)));
        assert_eq!(close(&terms, "coutnry"), [("country".into(), ONE_TYPO)]);
        assert_eq!(close(&terms, "cuontreis"), [("countries".into(), TWO_TYPOS)]);
        assert_eq!(close(&terms, "revnue"), [("revenue".into(), ONE_TYPO)]);
        assert_eq!(close(&terms, "rev"), [("rev".into(), SAME), ("revenue".into(), BEGINS_WITH)]);
        // A typo in a short word is another word.
        assert_eq!(close(&terms, "ir"), []);
        assert_eq!(close(&terms, "xyzzy"), []);
    }

    proptest! {
        /// The quick look at lengths and letters leaves out nothing that is close.
        #[test]
        fn no_word_with_a_typo_is_missed(one in "[a-eé]{4,9}", other in "[a-eé]{4,9}") {
            let terms = Terms::new(vec![other.clone()]);
            let typos = if one.chars().count() >= MIN_TWO_TYPOS { 2 } else { 1 };
            prop_assert!(strsim::osa_distance(&one, &other) > typos || !terms.close_to(&one).is_empty());
        }
    }
}
