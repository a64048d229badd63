//! Random statements: whatever the server lets through, DuckDB binds only tables that the caller may read, also where it
//! has all of them; and nobody can see from outside what other tables there are.

mod figures;
mod grammar;
mod mutations;
mod worlds;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::RngExt;

use super::SECRET;
use crate::config::Environment;
use crate::engine::{self, Connection, Limits};
use crate::query::{QueryError, namespace};
use figures::Figures;
use grammar::{GRANTED, Generator, Production};
use mutations::mutated;
use worlds::{Everything, Outcome, STOPPED, TRAP, Workers, World, parse};

/// Statements of one chunk, which has a seed of its own.
const CHUNK: u64 = 500;
/// One of so many accepted statements also runs in the other world and where all tables are.
const SAMPLE: u64 = 5;
/// Accepted statements that are remembered for mutations.
const REMEMBERED: usize = 100;

/// `AGNES_TEST_STATEMENTS` says how many there are; `AGNES_TEST_SEED` makes others, or repeats a chunk of a run.
#[test]
fn accepted_statements_bind_granted_tables_only() {
    let environment = Environment::process();
    let given = |name| environment.named(name).map(|text| text.parse::<u64>().unwrap());
    let count = given("AGNES_TEST_STATEMENTS").unwrap_or(50_000);
    let seed = given("AGNES_TEST_SEED").unwrap_or(1);
    eprintln!("AGNES_TEST_SEED={seed} AGNES_TEST_STATEMENTS={count}");
    let worlds = [World::new(true), World::new(false)];
    let (next, figures) = (AtomicU64::new(0), Mutex::new(Figures::default()));
    std::thread::scope(|scope| {
        for _ in 0..engine::cores() {
            scope.spawn(|| {
                let mut chunks = Chunks::new(&worlds);
                loop {
                    let chunk = next.fetch_add(1, Ordering::Relaxed);
                    if chunk * CHUNK >= count {
                        break;
                    }
                    chunks.run(seed.wrapping_add(chunk));
                }
                figures.lock().unwrap().add(chunks.figures);
            });
        }
    });
    let figures = figures.into_inner().unwrap();
    eprintln!("{figures}");
    figures.check();
}

/// What one thread tries.
struct Chunks<'a> {
    parser: Connection,
    workers: [Workers<'a>; 2],
    everything: Everything<'a>,
    worlds: &'a [World; 2],
    figures: Figures,
}

impl<'a> Chunks<'a> {
    fn new(worlds: &'a [World; 2]) -> Self {
        Self {
            parser: engine::in_memory(&Limits::small()).unwrap(),
            workers: [Workers::new(&worlds[0]), Workers::new(&worlds[1])],
            everything: Everything::new(&worlds[0]),
            worlds,
            figures: Figures::default(),
        }
    }

    fn run(&mut self, seed: u64) {
        let mut generator = Generator::new(seed);
        let mut accepted: Vec<String> = Vec::new();
        for number in 0..CHUNK {
            let is_mutated = accepted.len() > 1 && number % 4 == 0;
            let (sql, productions) = if is_mutated {
                let [at, other] = [0, 1].map(|_| generator.random().random_range(0..accepted.len()));
                (mutated(generator.random(), &accepted[at], &accepted[other]), BTreeSet::new())
            } else {
                let statement = generator.statement();
                (statement.sql, statement.productions)
            };
            self.figures.count("statements");
            let place = format!("AGNES_TEST_SEED={seed}, statement {number}");
            if !self.try_one(&sql, &productions, number, &place) {
                continue;
            }
            if accepted.len() < REMEMBERED {
                accepted.push(sql);
            } else {
                accepted[(number % REMEMBERED as u64) as usize] = sql;
            }
        }
    }

    /// Returns whether the statement runs.
    fn try_one(&mut self, sql: &str, productions: &BTreeSet<Production>, number: u64, place: &str) -> bool {
        let outline = parse(&self.parser, sql);
        let decided = outline.and_then(|outline| {
            let [one, other] = &self.worlds;
            let named = namespace::resolve(sql, &outline.relations, one);
            let others = namespace::resolve(sql, &outline.relations, other);
            Ok((outline, named?, others?))
        });
        let (outline, named, others) = match decided {
            Ok(accepted) => accepted,
            Err(error) => {
                self.figures.count(reason(&error));
                productions.iter().for_each(|production| *self.figures.refused.entry(*production).or_default() += 1);
                let shown = format!("{error:?}: {error}");
                if self.shows_more(&shown) {
                    self.violation("shows more", sql, place, &[shown]);
                }
                return false;
            }
        };
        self.figures.count("accepted");
        let first = self.workers[0].run(&outline.sql, &named);
        if let Outcome::Stopped = first {
            self.figures.count("stopped");
            return false;
        }
        let (is_sample, is_answered) = (number.is_multiple_of(SAMPLE), matches!(first, Outcome::Rows(..)));
        let bound = self.everything.bind(&outline.sql);
        let mut shown = vec![first.shown(), bound.shown()];
        if is_sample || is_answered && matches!(bound, Outcome::Failed(_)) {
            shown[1] = self.everything.run(&outline.sql).shown();
            shown.push(self.workers[1].run(&outline.sql, &others).shown());
        }
        if shown.iter().any(|shown| shown.contains(TRAP)) {
            self.violation("binds what was not granted", sql, place, &shown);
        } else if shown.iter().any(|shown| self.shows_more(shown)) {
            self.violation("shows more", sql, place, &shown);
        } else if shown.iter().any(|shown| shown == STOPPED) {
            self.figures.count("stopped");
        } else if let [here, everything, other] = shown.as_slice() {
            self.figures.count("run in both worlds and with all tables");
            // Which databases there are changes texts of errors.
            let differ = is_answered || everything.starts_with('{');
            if settled(here) != settled(other) || differ && here != everything {
                self.violation("answers differ", sql, place, &shown);
            }
        }
        let Outcome::Rows(body, rows) = &first else {
            self.figures.count("failed");
            return false;
        };
        self.figures.count(if *rows > 0 { "with rows" } else { "without rows" });
        for production in productions {
            *self.figures.accepted.entry(*production).or_default() += 1;
        }
        for (table, _) in GRANTED {
            if body.contains(&format!("{table} 1")) {
                *self.figures.tables.entry(table).or_default() += 1;
            }
        }
        true
    }

    /// Whether a text has something of the tables that the caller may not read, or of where tables are.
    fn shows_more(&self, shown: &str) -> bool {
        shown.contains(SECRET) || self.worlds.iter().any(|world| shown.contains(world.path().to_str().unwrap()))
    }

    fn violation(&mut self, what: &'static str, sql: &str, place: &str, shown: &[String]) {
        self.figures.count(what);
        self.figures.violations.push(format!("{what}, {place}\n{sql}\n{}", shown.join("\n")));
    }
}

/// Of two types that are as similar, the engine suggests either.
fn settled(shown: &str) -> &str {
    let is_guess = shown.contains("Type with name");
    shown.split("Did you mean").next().filter(|_| is_guess).unwrap_or(shown)
}

fn reason(error: &QueryError) -> &'static str {
    match error {
        QueryError::NotSelect => "refused: not a SELECT",
        QueryError::Refused => "refused: Only single SELECT",
        QueryError::Denied { .. } => "refused: access denied",
        QueryError::UnknownTable { .. } => "refused: unknown table",
        QueryError::Sql(_) => "refused: parser or parameter",
        QueryError::TooComplex(_) => "refused: too complex",
        _ => "refused: other",
    }
}
