//! Random histories of tables, fetched by increments: afterwards each table holds what a whole load gives, and that is what was put.

use std::collections::BTreeMap;
use std::path::PathBuf;

use agnes::base::ident::quote_path;
use agnes::connectors::{Request, TableRequest};
use agnes::engine::{self, Connection, Limits};
use agnes::extract::parts_folder;
use agnes::protocol::sync_options::SyncOptions;
use serde_json::json;

use crate::keboola_server::{Content, Table};
use crate::{Scene, row};

/// When every export of the stand-in begins.
const BEGAN: i64 = 1_768_003_200;
const ROUNDS: usize = 3;

/// Texts that are near each other as numbers. The first lists stay typed as long as nothing of the others comes.
const NUMBERS: [&[&str]; 5] = [
    &["1", "2", "-3", "10", "135217135789158401", "135217135789158403"],
    &["1.50", "1.51", "0.30", "99999999999999.99", "100000000000000.01"],
    &["1.5", "2.25", "850", "0.125"],
    &["1", "1.0", "1.00", "01", "+1", " 1", "1e0", "10E-1"],
    &["12E5", "1200000", "12345678901234567890", "1e-05", "0.00001", "nan", "NaN", "inf", "-0", "0", ""],
];
const TEXTS: [&str; 7] = ["a", "A", "á", "", "x, \"y\"", "1", "01"];
const DAYS: [&str; 5] = ["2026-01-05", "2026-01-31", "2026-02-01", "2026-02-01 00:00:00", ""];

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }

    /// Mostly of the first `known` lists.
    fn number(&mut self, known: usize) -> &'static str {
        let lists = if self.below(20) == 0 { NUMBERS.len() } else { known };
        let list = self.below(lists);
        self.of(NUMBERS[list])
    }
}

/// The rows of a table by key: time of import, day, value.
type Rows = BTreeMap<[String; 2], (i64, String, String)>;

struct History {
    request: TableRequest,
    types: serde_json::Value,
    /// Which kinds of numbers are usual in it.
    known: usize,
    has_text_key: bool,
    rows: Rows,
}

impl History {
    fn new(number: usize, random: &mut Random) -> Self {
        let base = ["NUMERIC", "INTEGER", "STRING", "FLOAT", "BOOLEAN"][random.below(5)];
        let entry =
            |key: &str, value: &str| json!({"key": format!("KBC.datatype.{key}"), "value": value, "provider": "user"});
        let mut key = vec![entry("basetype", base)];
        if random.below(3) == 0 {
            key.extend([entry("type", "NUMBER"), entry("length", "38,2")]);
        }
        let has_text_key = random.below(2) == 0;
        let keys = if has_text_key { vec!["k1".into(), "k2".into()] } else { vec!["k1".into()] };
        let is_partitioned = random.below(3) == 0;
        let options = SyncOptions {
            full_refresh_every_days: Some(0),
            partition_by: is_partitioned.then(|| "day".into()),
            ..SyncOptions::default()
        };
        Self {
            request: TableRequest {
                sync_strategy: Some(if is_partitioned { "partitioned" } else { "incremental" }.into()),
                sync_options: Some(options),
                primary_key: keys,
                ..row(&format!("t{number}"))
            },
            types: json!({"k1": key, "value": [entry("basetype", "NUMERIC")], "day": [entry("basetype", "DATE")]}),
            known: random.below(NUMBERS.len()) + 1,
            has_text_key,
            rows: Rows::new(),
        }
    }

    /// Inserts and updates some rows, and puts the table.
    fn change(&mut self, round: usize, random: &mut Random, scene: &Scene) {
        let at = if round == 0 { BEGAN - 500_000 } else { BEGAN };
        for _ in 0..=random.below(8) {
            let second = if self.has_text_key { random.of(&TEXTS) } else { "same" };
            let key = [random.number(self.known).to_owned(), second.to_owned()];
            let row = (at, random.of(&DAYS).to_owned(), random.number(self.known).to_owned());
            self.rows.insert(key, row);
        }
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let line = |([first, second], (at, day, value)): (&[String; 2], &(i64, String, String))| {
            (*at, [first, second, day, value].map(|text| quoted(text)).join(","))
        };
        let id = format!("in.c-crm.{}", self.request.name);
        scene.keboola.put(Table {
            detail: json!({"columnMetadata": self.types}),
            imported: Some(self.rows.iter().map(line).collect()),
            ..Table::new(&id, &["k1", "k2", "day", "value"], Content::Whole(Vec::new()))
        });
    }

    /// Compares what is stored in the directory of the scene.
    fn check(&self, connection: &Connection, scene: &Scene, what: &str) {
        let name = &self.request.name;
        let folder = parts_folder(&scene.directory, name);
        let files: Vec<PathBuf> = match std::fs::read_dir(folder) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => vec![scene.parquet(name)],
        };
        let files: Vec<_> = files.iter().map(|file| quote_path(file)).collect();
        let sql = format!(
            "SELECT coalesce(k1::VARCHAR, ''), k2, coalesce(day::VARCHAR, ''), coalesce(value::VARCHAR, ''), typeof(value), \
             typeof(day) FROM read_parquet([{}])",
            files.join(", ")
        );
        let mut statement = connection.prepare(&sql).unwrap();
        let text = |row: &engine::Row<'_>, column| row.get::<_, String>(column);
        let found = statement.query_map([], |row| {
            Ok(([text(row, 0)?, text(row, 1)?], [text(row, 2)?, text(row, 3)?], [text(row, 4)?, text(row, 5)?]))
        });
        let found: Vec<_> = found.unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(found.len(), self.rows.len(), "{what} {name}: {found:?} {:?}", self.rows);
        for (key, [day, value], [value_type, day_type]) in found {
            let (_, expected_day, expected) =
                self.rows.get(&key).unwrap_or_else(|| panic!("{what} {name}: {key:?} is new"));
            let as_double = value_type == "DOUBLE"
                && matches!((value.parse::<f64>(), expected.parse::<f64>()), (Ok(found), Ok(put)) if found == put);
            assert!(as_double || value == *expected, "{what} {name} {key:?}: {value} is not {expected}");
            let as_date = day_type == "DATE" && expected_day.starts_with(&day);
            assert!(as_date || day == *expected_day, "{what} {name} {key:?}: {day} is not {expected_day}");
        }
    }
}

async fn histories(seed: u64, count: usize) {
    let mut random = Random(seed);
    let connection = engine::in_memory(&Limits::small()).unwrap();
    let scene = Scene::new().await;
    let mut histories: Vec<_> = (0..count).map(|number| History::new(number, &mut random)).collect();
    for round in 0..ROUNDS {
        histories.iter_mut().for_each(|history| history.change(round, &mut random, &scene));
        fetch(&scene, histories.iter().map(|history| history.request.clone()).collect()).await;
        histories.iter().for_each(|history| history.check(&connection, &scene, &format!("seed {seed} round {round}")));
    }
    let exports = scene.keboola.exports();
    let increments = exports.iter().filter(|export| !export["changedSince"].is_null()).count();
    assert_eq!(increments, count * (ROUNDS - 1), "each change is first asked for alone");
    let again = exports.len() - increments - count;
    assert!((1..increments).contains(&again), "{again} of {increments} increments did not fit");

    // Nothing is there yet, so this loads everything.
    let whole = Scene { directory: scene.directory.with_file_name("whole"), ..scene };
    fetch(&whole, histories.iter().map(|history| history.request.clone()).collect()).await;
    assert_eq!(whole.keboola.exports().len(), exports.len() + count);
    histories.iter().for_each(|history| history.check(&connection, &whole, &format!("seed {seed} whole")));
}

async fn fetch(scene: &Scene, tables: Vec<TableRequest>) {
    let report = scene.run_request(Request { tables, ..Request::default() }).await;
    assert_eq!(report.errors, [], "{report:?}");
}

#[tokio::test]
async fn increments_equal_a_whole_load() {
    histories(0x5EED_0001, 100).await;
}

#[tokio::test]
async fn increments_equal_a_whole_load_of_other_tables() {
    histories(0x5EED_0002, 100).await;
}
