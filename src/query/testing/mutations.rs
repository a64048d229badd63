use proptest::prelude::*;

use super::{Fixture, SECRET};

/// What changes put into statements.
pub const WORDS: [&str; 34] = [
    "SELECT",
    "*",
    "FROM",
    "salaries",
    "orders",
    "keboola.",
    "main.",
    "\"salaries\"",
    "(",
    ")",
    ",",
    "WITH",
    "AS",
    "UNION ALL",
    "query(",
    "WHERE",
    "IN",
    "LATERAL",
    "query_table('salaries')",
    "(SELECT * FROM salaries)",
    "x",
    "1",
    "=",
    "--\n",
    "/*",
    "*/",
    "'",
    "\"",
    ";",
    "LIMIT 1",
    "SUMMARIZE",
    "DESCRIBE",
    "VALUES",
    "RECURSIVE",
];

/// Pieces beside [`WORDS`].
const PIECES: [&str; 12] = [
    "'SELECT * FROM sal'||'aries'",
    "salary",
    "person",
    "read_parquet('{}')",
    "'{}'",
    "\"{}\"",
    "glob('{}')",
    "PIVOT",
    "ON",
    "USING",
    "TABLE",
    "$$",
];

const SEEDS: [&str; 5] = [
    "SELECT * FROM orders",
    "WITH salaries AS (SELECT * FROM orders) SELECT * FROM salaries",
    "SELECT (SELECT max(id) FROM orders) FROM orders o, LATERAL (SELECT o.id) x",
    "SELECT id FROM orders UNION ALL SELECT 1",
    "SELECT * FROM (SUMMARIZE orders) WHERE 1 IN (SELECT id FROM orders)",
];

#[derive(Clone, Debug)]
enum Change {
    Insert(usize, usize),
    Replace(usize, usize),
    Remove(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..40_usize, 0..WORDS.len() + PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (0..40_usize, 0..WORDS.len() + PIECES.len()).prop_map(|(at, piece)| Change::Replace(at, piece)),
        (0..40_usize).prop_map(Change::Remove),
    ]
}

#[test]
fn no_mutation_returns_what_was_not_granted() {
    let fixture = Fixture::new();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let cases = (0..SEEDS.len(), prop::collection::vec(change(), 0..5));
    let result = runner.run(&cases, |(seed, changes)| {
        let mut words: Vec<String> = SEEDS[seed].split(' ').map(str::to_owned).collect();
        for change in changes {
            let piece = |index: usize| {
                let piece = WORDS.get(index).unwrap_or_else(|| &PIECES[index - WORDS.len()]);
                piece.replace("{}", &fixture.path("salaries"))
            };
            let length = words.len();
            match change {
                Change::Insert(at, index) => words.insert(at % (length + 1), piece(index)),
                Change::Replace(at, index) if length > 0 => words[at % length] = piece(index),
                Change::Remove(at) if length > 1 => drop(words.remove(at % length)),
                _ => {}
            }
        }
        let sql = words.join(" ");
        if let Ok(answer) = fixture.run(&sql) {
            prop_assert!(!answer.contains(SECRET) && !answer.contains("987654"), "{}", sql);
        }
        Ok(())
    });
    result.unwrap();
}
