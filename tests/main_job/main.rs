//! The main job with the built program alone: sample data, a person with a grant, pull, queries, changes, withdrawal.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails ends the test")]

#[path = "../support/http.rs"]
mod http;
#[path = "../support/program.rs"]
mod program;
mod questions;
mod tables;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use agnes::base::hash;
use http::Http;
use program::{PATIENCE, Place, Ran, Serving};
use rustix::process::Signal;
use serde_json::{Value, json};

const PASSWORD: &str = "a long password 7";

/// A HOME with a workspace, like that of somebody at their own machine.
struct Person {
    place: Place,
    workspace: PathBuf,
}

impl Person {
    fn new(server: &str, variables: &[(&str, &str)]) -> Self {
        let place = Place::new(&[variables, &[("AGNES_SERVER", server)]].concat());
        let workspace = place.dir.path().join("workspace");
        std::fs::create_dir(&workspace).unwrap();
        Self { place, workspace }
    }

    fn run_with(&self, args: &[&str], input: &str) -> Ran {
        program::finish(self.place.command(args).current_dir(&self.workspace), input)
    }

    /// Runs a command that succeeds.
    fn run(&self, args: &[&str]) -> String {
        let ran = self.run_with(args, "");
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        ran.stdout
    }

    fn pull(&self) -> Value {
        let report: Value = serde_json::from_str(&self.run(&["pull", "--here", "--json"])).unwrap();
        assert_eq!((&report["ok"], &report["errors"]), (&json!(true), &json!([])));
        report
    }

    /// Tables in the workspace.
    fn tables(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.workspace.join("server/parquet"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn file(&self, table: &str) -> PathBuf {
        self.workspace.join(format!("server/parquet/{table}.parquet"))
    }

    /// Content and time of a table's file.
    fn state(&self, table: &str) -> (Vec<u8>, SystemTime) {
        let path = self.file(table);
        (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap())
    }

    fn token(&self) -> String {
        let text = std::fs::read_to_string(self.place.dir.path().join(".config/agnes/tokens.json")).unwrap();
        let tokens: Value = serde_json::from_str(&text).unwrap();
        tokens["servers"].as_object().unwrap().values().next().unwrap()["access_token"].as_str().unwrap().to_owned()
    }
}

/// Tables of the caller's manifest, after checking what clients of v0.35 rely on.
fn manifest(http: &Http) -> BTreeMap<String, Value> {
    let reply = http.get("/api/sync/manifest");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let manifest = reply.json();
    assert!(manifest["assets"].is_object() && manifest["server_time"].is_string(), "{manifest}");
    let tables: BTreeMap<String, Value> = serde_json::from_value(manifest["tables"].clone()).unwrap();
    for (name, table) in &tables {
        let md5 = table["hash"].as_str().unwrap();
        assert!(md5.len() == 32 && md5.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{name}: {md5}");
        assert!(table["rows"].as_u64().unwrap() > 0 && table["size_bytes"].as_u64().unwrap() > 0, "{name}: {table}");
        assert_eq!((&table["query_mode"], &table["source_type"]), (&json!("local"), &json!("local")), "{name}");
        let updated = table["updated"].as_str().unwrap();
        assert!(updated.parse::<jiff::civil::DateTime>().is_ok(), "{name}: {updated}");
    }
    tables
}

fn md5(bytes: &[u8]) -> String {
    let mut hasher = hash::ContentHasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// Flights and miles of each carrier, counted from the sample file without the engine.
fn expected_flights() -> BTreeMap<String, (u64, u64)> {
    let file = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/demo/flights.csv.gz")).unwrap();
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let header = reader.headers().unwrap().clone();
    let column = |name| header.iter().position(|it| it == name).unwrap();
    let (carrier, distance) = (column("carrier"), column("distance"));
    let mut flights = BTreeMap::<String, (u64, u64)>::new();
    for row in reader.records() {
        let row = row.unwrap();
        let entry = flights.entry(row[carrier].to_owned()).or_default();
        *entry = (entry.0 + 1, entry.1 + row[distance].parse::<u64>().unwrap());
    }
    flights
}

/// `carrier,flights,miles` lines of an answer in CSV.
fn flights_of(answer: &str) -> BTreeMap<String, (u64, u64)> {
    let mut reader = csv::Reader::from_reader(answer.as_bytes());
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        (row[0].to_owned(), (row[1].parse().unwrap(), row[2].parse().unwrap()))
    });
    rows.collect()
}

/// What the demo printed behind a word.
fn shown(server: &Serving, word: &str) -> String {
    let line = server.wait_for(word, 1);
    line.strip_prefix(word).unwrap().split_whitespace().next().unwrap().to_owned()
}

#[test]
fn from_sample_data_to_a_workspace_and_back() {
    let host = Place::new(&[]);
    let server = host.serve(&["--demo"]);
    assert_eq!(shown(&server, "Agnes demo "), server.url);
    let admin = Person::new(&server.url, &[("AGNES_TOKEN", &shown(&server, "Token "))]);
    assert_eq!(admin.pull()["tables_updated"], 5, "an admin has every table");

    // A second person, who may read one table.
    admin.run(&["admin", "add-user", "ann@example.com"]);
    let ran = admin.run_with(&["admin", "set-password", "ann@example.com", "--password-stdin"], PASSWORD);
    assert_eq!(ran.code, 0, "{ran:?}");
    admin.run(&["admin", "group", "create", "Analysts"]);
    admin.run(&["admin", "group", "add-member", "Analysts", "ann@example.com"]);
    admin.run(&["admin", "grant", "create", "Analysts", "table", "flights"]);
    let ann = Person::new(&server.url, &[]);
    assert_eq!(ann.run_with(&["pull"], "").code, 7, "not signed in yet");
    let wrong = ann.run_with(&["auth", "login", "--email", "ann@example.com", "--password-stdin"], "not this one");
    assert!(wrong.code == 1 && wrong.stderr.contains("Invalid email or password"), "{wrong:?}");
    let ran = ann.run_with(&["auth", "login", "--email", "ann@example.com", "--password-stdin"], PASSWORD);
    assert_eq!(ran.code, 0, "{ran:?}");
    let http = Http::new(&server.url, &ann.token());

    // Exactly that table arrives, byte by byte.
    assert_eq!(ann.pull()["tables_updated"], 1);
    assert_eq!(ann.tables(), ["flights.parquet"]);
    let offered = manifest(&http);
    assert_eq!(offered.keys().collect::<Vec<_>>(), ["flights"]);
    let (bytes, _) = ann.state("flights");
    assert_eq!(offered["flights"]["hash"], md5(&bytes));
    assert!(http.get("/api/data/flights/download").body == bytes);

    // The numbers are right, here and there.
    let sql = "SELECT carrier, count(*) AS flights, sum(distance)::BIGINT AS miles FROM flights GROUP BY ALL";
    let expected = expected_flights();
    assert_eq!(offered["flights"]["rows"], expected.values().map(|(flights, _)| flights).sum::<u64>());
    assert_eq!(flights_of(&ann.run(&["query", sql, "--format", "csv"])), expected);
    assert_eq!(flights_of(&ann.run(&["query", sql, "--format", "csv", "--remote"])), expected);

    // So are they in files.
    for place in [&[][..], &["--remote"]] {
        for file in ["miles.csv", "miles.parquet"] {
            let wrote = ann.run(&[&["query", sql, "--output", file], place].concat());
            assert!(wrote.starts_with(&format!("Wrote {} rows to {file} (", expected.len())), "{wrote}");
            let read = format!("SELECT * FROM '{file}'");
            assert_eq!(flights_of(&ann.run(&["query", &read, "--format", "csv"])), expected, "{file} {place:?}");
        }
        let refused = ann.run_with(&[&["query", sql, "--output", "miles.xlsx"], place].concat(), "");
        assert!(refused.code == 1 && refused.stderr.contains(".parquet or .csv"), "{refused:?}");
        let failed = ann.run_with(&[&["query", "SELECT 'x'::INT", "--output", "none.csv"], place].concat(), "");
        assert!(failed.code == 1 && !ann.workspace.join("none.csv").exists(), "{failed:?}");
    }

    tables::finds_what_is_granted(&ann, &offered["flights"]["rows"]);
    tables::keeps_a_part(&ann);

    // What was not granted cannot be had in any way.
    assert_eq!(http.get("/api/data/planes/download").status, 403);
    assert_eq!(http.get("/api/data/no_such_table/download").status, 403, "nor does it show what exists");
    let refused = http.post("/api/query", &json!({"sql": "SELECT count(*) FROM planes"}));
    assert_eq!(refused.status, 403, "{}", refused.text());
    let shown = http.post("/api/query", &json!({"sql": "SHOW TABLES"})).json();
    assert_eq!(shown["rows"], json!([["flights"]]));
    for sql in ["SELECT * FROM plane", "SHOW ALL TABLES", "SELECT * FROM duckdb_views()", "SELECT * FROM fligths"] {
        let reply = http.post("/api/query", &json!({ "sql": sql }));
        assert!(reply.status >= 400 && !reply.text().contains("planes"), "{sql}: {}", reply.text());
    }
    assert_eq!(http.get("/api/admin/registry").status, 403);
    assert_eq!(ann.run_with(&["query", "SELECT 1 FROM planes"], "").code, 1);

    // A second table is granted, and its source grows: only that one is fetched anew.
    admin.run(&["admin", "grant", "create", "Analysts", "table", "airlines"]);
    assert_eq!(ann.pull()["tables_updated"], 1);
    assert_eq!(ann.tables(), ["airlines.parquet", "flights.parquet"]);
    let (flights, before) = (ann.state("flights"), manifest(&http));
    let source = host.data_dir().join("uploads/tables/airlines.csv");
    let airlines = std::fs::read_to_string(&source).unwrap();
    let rows = airlines.lines().count() - 1;
    std::fs::write(&source, format!("{airlines}Z1,Zephyr One\nZ2,\"Zephyr, Two\"\n")).unwrap();
    admin.run(&["admin", "sync"]);
    let deadline = Instant::now() + PATIENCE;
    while manifest(&http)["airlines"]["hash"] == before["airlines"]["hash"] {
        assert!(Instant::now() < deadline, "the manifest stays");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(manifest(&http)["flights"]["hash"], before["flights"]["hash"]);
    assert_eq!(ann.pull()["tables_updated"], 1);
    assert!(ann.state("flights") == flights, "the other table is left alone");
    let counted = ann.run(&["query", "SELECT count(*), max(name) FROM airlines", "--format", "csv"]);
    assert_eq!(counted.lines().nth(1).unwrap(), format!("{},\"Zephyr, Two\"", rows + 2));

    // A new start keeps everything.
    let before = manifest(&http);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    assert!(!host.data_dir().join("state/system.duckdb.wal").exists());
    let down = ann.run_with(&["pull"], "");
    assert_eq!(down.code, 7, "{down:?}");
    let rebuilt = host.run(&["rebuild"]);
    assert_eq!((rebuilt.code, rebuilt.stdout.as_str()), (0, "local: airlines, airports, flights, planes, weather\n"));
    let server = host.serve(&["--demo", "--port", &port]);
    let http = Http::new(&server.url, &ann.token());
    server.wait_for("filled before", 1);
    assert_eq!(manifest(&http), before);
    assert_eq!(ann.pull()["tables_updated"], 0);

    // What is withdrawn goes away, with its data.
    admin.run(&["admin", "grant", "delete", "Analysts", "table", "airlines"]);
    assert_eq!(ann.pull()["tables_removed"], json!(["airlines"]));
    assert_eq!(ann.tables(), ["flights.parquet"]);
    assert_eq!(ann.run_with(&["query", "SELECT * FROM airlines"], "").code, 1);
    assert_eq!(flights_of(&ann.run(&["query", sql, "--format", "csv"])), expected);
    assert_eq!(http.get("/api/data/airlines/download").status, 403);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}
