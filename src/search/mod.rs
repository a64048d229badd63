//! Search in names and descriptions: in memory, with typos, ranked.
//!
//! An index knows nothing of who may see what: each search says which entries are visible, and what is not visible
//! changes neither what is found nor its order.

mod terms;
mod words;

use std::collections::{BTreeMap, HashMap};

use terms::{Closeness, Terms};

/// What can be found: a table with its columns, or a metric.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The names that it goes by, the most usual one first.
    pub names: Vec<String>,
    pub descriptions: Vec<String>,
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub description: Option<String>,
}

/// What was found, the best first.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    pub hits: Vec<Hit>,
    /// How many there are in all.
    pub total: usize,
}

#[derive(Debug, PartialEq)]
pub struct Hit {
    /// Position of the entry among those that the index was made of.
    pub entry: usize,
    /// Positions of its columns that match, the best first.
    pub columns: Vec<usize>,
}

/// Weights of the fields, which say how much a word there tells about an entry.
const NAME: f32 = 4.0;
const COLUMN: f32 = 2.0;
const DESCRIPTION: f32 = 1.5;
const COLUMN_DESCRIPTION: f32 = 1.0;
/// An entry whose name is what was searched for is before all others.
const EXACT_NAME: f32 = 3.0;

pub struct Index {
    terms: Terms,
    /// For each term, where it occurs, in order of entries.
    postings: Vec<Vec<Posting>>,
    /// The words of each name of each entry, joined.
    names: Vec<Vec<String>>,
}

struct Posting {
    entry: u32,
    /// Of the entry; `None` for its names and descriptions.
    column: Option<u32>,
    weight: f32,
}

impl Index {
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut occurrences: BTreeMap<String, Vec<Posting>> = BTreeMap::new();
        let mut names = Vec::new();
        for (entry, content) in (0..).zip(entries) {
            let mut add = |text: &str, column, weight| {
                for word in words_of(text, weight) {
                    let postings = occurrences.entry(word).or_default();
                    let place = postings.iter_mut().rev().take_while(|posting| posting.entry == entry);
                    match place.into_iter().find(|posting| posting.column == column) {
                        Some(posting) => posting.weight = posting.weight.max(weight),
                        None => postings.push(Posting { entry, column, weight }),
                    }
                }
            };
            content.names.iter().for_each(|name| add(name, None, NAME));
            content.descriptions.iter().for_each(|text| add(text, None, DESCRIPTION));
            for (at, column) in (0..).zip(&content.columns) {
                add(&column.name, Some(at), COLUMN);
                column.description.iter().for_each(|text| add(text, Some(at), COLUMN_DESCRIPTION));
            }
            names.push(content.names.iter().map(|name| words::words(name).concat()).collect());
        }
        let (words, postings) = occurrences.into_iter().unzip();
        Self { terms: Terms::new(words), postings, names }
    }

    /// Finds the visible entries that match at least one word of the query, of which there are `visible` in all; returns
    /// `limit` of them from the one at `offset` on.
    pub fn search(&self, query: &str, is_visible: &[bool], limit: usize, offset: usize) -> Found {
        let searched = words::searched(query);
        let mut scores: HashMap<u32, Score> = HashMap::new();
        let visible = is_visible.iter().filter(|visible| **visible).count();
        for word in &searched {
            let best = self.best_places(word, is_visible);
            // The rarer a word is among what is visible, the more it tells.
            let rarity = (1.0 + visible as f32 / best.len().max(1) as f32).ln();
            for (entry, place) in best {
                scores.entry(entry).or_default().add(&place, rarity);
            }
        }
        let whole = words::words(query).concat();
        let mut ranked: Vec<_> = scores
            .into_iter()
            .map(|(entry, score)| {
                let is_name = self.names[entry as usize].contains(&whole);
                (score.total(searched.len()) * if is_name { EXACT_NAME } else { 1.0 }, entry, score)
            })
            .collect();
        ranked.sort_by(|(one, a, _), (other, b, _)| other.total_cmp(one).then(a.cmp(b)));
        let total = ranked.len();
        let page = ranked.into_iter().skip(offset).take(limit);
        Found { hits: page.map(|(_, entry, score)| score.hit(entry)).collect(), total }
    }

    /// Returns where a word occurs best in each visible entry, and in each of its columns.
    fn best_places(&self, word: &str, is_visible: &[bool]) -> HashMap<u32, Place> {
        let mut places: HashMap<u32, Place> = HashMap::new();
        for (term, closeness) in self.terms.close_to(word) {
            for posting in self.postings[term].iter().filter(|posting| is_visible[posting.entry as usize]) {
                places.entry(posting.entry).or_default().note(posting, closeness);
            }
        }
        places
    }
}

/// Returns the words of a text; those of a name also as one.
fn words_of(text: &str, weight: f32) -> Vec<String> {
    let mut words = words::words(text);
    if words.len() > 1 && weight >= COLUMN {
        words.push(words.concat());
    }
    words
}

/// Where one word occurs best.
#[derive(Default)]
struct Place {
    best: f32,
    columns: HashMap<u32, f32>,
}

impl Place {
    fn note(&mut self, posting: &Posting, closeness: Closeness) {
        let value = posting.weight * closeness;
        self.best = self.best.max(value);
        if let Some(column) = posting.column {
            let best = self.columns.entry(column).or_default();
            *best = best.max(value);
        }
    }
}

/// What speaks for an entry.
#[derive(Default)]
struct Score {
    sum: f32,
    words: usize,
    columns: HashMap<u32, f32>,
}

impl Score {
    fn add(&mut self, place: &Place, rarity: f32) {
        self.sum += place.best * rarity;
        self.words += 1;
        for (column, value) in &place.columns {
            *self.columns.entry(*column).or_default() += value * rarity;
        }
    }

    /// An entry with all words is better than one that has one of them in a better place.
    fn total(&self, searched: usize) -> f32 {
        self.sum * self.words as f32 / searched as f32
    }

    fn hit(self, entry: u32) -> Hit {
        let mut columns: Vec<_> = self.columns.into_iter().collect();
        columns.sort_by(|(a, one), (b, other)| other.total_cmp(one).then(a.cmp(b)));
        Hit { entry: entry as usize, columns: columns.into_iter().map(|(column, _)| column as usize).collect() }
    }
}

#[cfg(test)]
mod tests;
