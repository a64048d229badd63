//! Random statements, most of which are valid, made from templates.

mod expressions;
mod names;
mod production;
mod queries;
mod relations;

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

pub use names::{GRANTED, PUBLISHED};
pub use production::Production;

/// Levels of queries and expressions below which only the simplest are made.
const LEVELS: usize = 4;

/// One of these is the length of a statement at most; short ones take less time.
const BYTES: [usize; 6] = [100, 120, 160, 200, 250, 500];

/// A template, and what it shows.
type Rule = (Production, &'static str);

/// A relation whose columns can be used. Each has the columns `id` and `name`.
#[derive(Clone)]
struct Source {
    /// As written before a column.
    alias: String,
    /// Whether it is a published table, which also has `amount`, `s` and `l`.
    is_table: bool,
}

pub struct Statement {
    pub sql: String,
    pub productions: BTreeSet<Production>,
}

pub struct Generator {
    random: StdRng,
    used: BTreeSet<Production>,
    /// The relations of each query around the current place, innermost last.
    sources: Vec<Vec<Source>>,
    /// Common table expressions, innermost last.
    expressions: Vec<String>,
    level: usize,
    /// The granted tables and ways to write them that this generator uses, so that few workers do.
    tables: [(&'static str, &'static str); 2],
    spellings: [usize; 2],
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        let (used, sources, expressions) = Default::default();
        let mut random = StdRng::seed_from_u64(seed);
        // Seeds that follow each other use all.
        let at = seed as usize;
        let tables = [GRANTED[at % GRANTED.len()], pick(&mut random, &GRANTED)];
        let spellings = [at % names::SPELLINGS, random.random_range(0..names::SPELLINGS)];
        Self { random, used, sources, expressions, level: 0, tables, spellings }
    }

    pub fn random(&mut self) -> &mut StdRng {
        &mut self.random
    }

    pub fn statement(&mut self) -> Statement {
        let bytes = self.choose(&BYTES);
        loop {
            (self.level, self.sources, self.expressions) = Default::default();
            let sql = self.top();
            let productions = std::mem::take(&mut self.used);
            if sql.len() < bytes {
                return Statement { sql, productions };
            }
        }
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.random.random_ratio(1, count)
    }

    fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        pick(&mut self.random, from)
    }

    fn use_one(&mut self, rules: &[Rule]) -> &'static str {
        let (production, template) = self.choose(rules);
        self.used.insert(production);
        template
    }

    /// One of the rules, filled in; beyond [`LEVELS`] the first one.
    fn expand_one(&mut self, rules: &[Rule]) -> String {
        let rules = if self.level >= LEVELS { &rules[..1] } else { rules };
        let template = self.use_one(rules);
        self.level += 1;
        let text = self.expand(template);
        self.level -= 1;
        text
    }

    /// Fills in a template. `{name}` is the same throughout it; other braces stay.
    fn expand(&mut self, template: &str) -> String {
        let (mut text, mut rest, mut name) = (String::new(), template, None);
        while let Some(at) = rest.find('{') {
            text.push_str(&rest[..at]);
            let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
            let filled = match &rest[at..end] {
                "{int}" => self.int(),
                "{text}" => self.text(),
                "{bool}" => self.bool(),
                "{query}" => self.query(),
                "{ints}" => self.ints(),
                "{table}" => self.table().0,
                "{file}" => self.choose(&names::FILES).to_owned(),
                "{n}" => self.random.random_range(1..5).to_string(),
                "{name}" => name.get_or_insert_with(|| self.new_name()).clone(),
                _ => {
                    text.push('{');
                    rest = &rest[at + 1..];
                    continue;
                }
            };
            text.push_str(&filled);
            rest = &rest[end..];
        }
        text + rest
    }
}

pub fn pick<T: Copy>(random: &mut impl Rng, from: &[T]) -> T {
    from[random.random_range(0..from.len())]
}
