//! A server that is killed at any point of a sync: what is published is always whole, and nothing is lost.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use agnes::base::ident::quote_ident;
use agnes::base::{atomic_file, hash};
use agnes::config::DataDir;
use agnes::engine::{self, Limits};
use rand::RngExt;
use rand::rngs::StdRng;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::http::Http;
use crate::program::{PATIENCE, Place, Serving};
use crate::{SCHEDULER, place, random, temporary_files};

const TABLES: [&str; 5] = ["t0", "t1", "t2", "t3", "t4"];
const ROWS: u32 = 12_000;
/// Twenty kills during each of extract, rebuild and swap.
const ROUNDS: u32 = 60;

/// Replaces the source of every table; each row tells the round, and each table has some more rows every time.
fn replace_sources(place: &Place, round: u32) {
    for (number, table) in TABLES.iter().enumerate() {
        let mut text = String::from("id,round,text\n");
        for id in 0..rows(number, round) {
            writeln!(text, "{id},{round},the {id}th text of {table}").unwrap();
        }
        let path = place.data_dir().join(format!("uploads/tables/{table}.csv"));
        atomic_file::write(&path, text.as_bytes()).unwrap();
    }
}

fn rows(table: usize, round: u32) -> u32 {
    ROWS + 10 * round + u32::try_from(table).unwrap()
}

/// Reads every published view whole: table → the round it is of. Fails on anything that does not fit together.
fn published(place: &Place) -> BTreeMap<String, u32> {
    let data_dir = DataDir::new(place.data_dir()).unwrap();
    let connection = engine::open_read_only(&data_dir.analytics_db(), &Limits::small()).unwrap();
    let mut statement = connection.prepare("SELECT name, file, hash, rows, size_bytes FROM _published_files").unwrap();
    type Fact = (String, String, String, i64, u64);
    let facts: Vec<Fact> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let views: i64 =
        connection.query_row("SELECT count(*) FROM duckdb_views() WHERE NOT internal", [], |row| row.get(0)).unwrap();
    assert_eq!(views, facts.len() as i64);
    let read = |(name, file, md5, rows, size): Fact| {
        let path = data_dir.published().join(file);
        assert_eq!((hash::md5_file(&path).unwrap(), path.metadata().unwrap().len()), (md5, size), "{name}");
        // Every value is read, and all rows are of one round.
        let sql = format!(
            "SELECT count(*), min(round), max(round), count(DISTINCT id), sum(length(text)) FROM {}",
            quote_ident(&name)
        );
        let (count, first, last, ids): (i64, u32, u32, i64) =
            connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        assert_eq!((count, ids, first), (rows, rows, last), "{name}");
        let number = TABLES.iter().position(|table| *table == name).unwrap();
        assert_eq!(count, i64::from(self::rows(number, first)), "{name} of round {first}");
        (name, first)
    };
    facts.into_iter().map(read).collect()
}

/// Every table of the manifest can be downloaded as the manifest says.
fn assert_served(http: &Http) {
    let manifest = || http.get("/api/sync/manifest").json()["tables"].clone();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let before = manifest();
        let tables = before.as_object().unwrap();
        assert_eq!(tables.keys().collect::<Vec<_>>(), TABLES, "a table is missing");
        let hashes: Vec<Value> = tables
            .keys()
            .map(|name| {
                let file = http.get(&format!("/api/data/{name}/download"));
                assert_eq!(file.status, 200, "{name}: {}", file.text());
                let mut hasher = hash::ContentHasher::default();
                hasher.update(&file.body);
                hasher.finish().into()
            })
            .collect();
        // Between manifest and download a rebuild may have published.
        if manifest() == before {
            let offered: Vec<Value> = tables.values().map(|table| table["hash"].clone()).collect();
            assert_eq!(hashes, offered);
            return;
        }
        assert!(Instant::now() < deadline, "the manifest never rests");
    }
}

/// Waits until no process works on this place any more.
fn assert_no_orphans(place: &Place) {
    let mark = format!("DATA_DIR={}", place.data_dir().display());
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let alive: Vec<String> = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
            .filter(|pid| {
                let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
            })
            .collect();
        if alive.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "processes live on: {alive:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for a moment of the sync that is worth a kill: while files are converted, while tables are published, or while
/// the last one is done and the new generation is put in place.
fn wait_for_moment(place: &Place, random: &mut StdRng, round: u32, known: &[String], whole: Duration) {
    let published =
        |start: &str| published_files(place).iter().any(|name| name.starts_with(start) && !known.contains(name));
    let (what, longest): (&dyn Fn() -> bool, Duration) = match round % 3 {
        0 => (&|| is_converting(place), whole.mul_f64(0.5)),
        1 => (&|| published("t0."), whole.mul_f64(0.2)),
        _ => (&|| published("t4."), Duration::from_millis(50)),
    };
    let deadline = Instant::now() + PATIENCE;
    while !what() {
        assert!(Instant::now() < deadline, "the moment of round {round} never comes");
        std::thread::sleep(Duration::from_micros(300));
    }
    std::thread::sleep(longest.mul_f64(random.random_range(0.0..1.0)));
}

/// Whether the extractor has begun to write a table.
fn is_converting(place: &Place) -> bool {
    let entries = std::fs::read_dir(place.data_dir().join("extracts/local/data")).unwrap();
    entries.flatten().any(|entry| atomic_file::is_temporary(&entry.file_name().to_string_lossy()))
}

fn published_files(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.data_dir().join("analytics/published")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn sync_whole(server: &Serving, http: &Http, nth: usize) -> Duration {
    let started = Instant::now();
    assert_eq!(http.post("/api/sync/trigger", &Value::Null).status, 200);
    server.wait_for("\"msg\":\"sync finished\"", nth);
    started.elapsed()
}

#[test]
fn a_kill_at_any_point_of_a_sync_loses_nothing() {
    let mut random = random();
    let place = place();
    replace_sources(&place, 0);
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    for table in TABLES {
        let body = json!({"name": table, "source_type": "local", "query_mode": "local"});
        assert_eq!(http.post("/api/admin/register-table", &body).status, 201);
    }
    sync_whole(&server, &http, 1);
    replace_sources(&place, 1);
    let whole = sync_whole(&server, &http, 2);
    assert_eq!(published(&place), TABLES.map(|table| (table.to_owned(), 1)).into());
    assert_eq!(server.end(Signal::KILL).0, None);

    let mut groups = Vec::new();
    let mut before = published(&place);
    let mut advanced = 0;
    for round in 2..ROUNDS + 2 {
        let server = place.serve(&[]);
        let http = Http::new(&server.url, SCHEDULER);
        let stored = http.get("/api/admin/groups").json();
        let stored: Vec<_> = stored.as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
        let lost: Vec<_> = groups.iter().filter(|name: &&String| !stored.contains(&name.as_str())).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        assert_served(&http);

        let name = format!("round {round}");
        assert_eq!(http.post("/api/admin/groups", &json!({ "name": name })).status, 201);
        groups.push(name);
        let known = published_files(&place);
        replace_sources(&place, round);
        assert_eq!(http.post("/api/sync/trigger", &Value::Null).status, 200);
        wait_for_moment(&place, &mut random, round, &known, whole);
        assert_eq!(server.end(Signal::KILL).0, None);
        assert_no_orphans(&place);

        let now = published(&place);
        for table in TABLES {
            assert!(now[table] >= before[table] && now[table] <= round, "{table}: {before:?} → {now:?} in {round}");
        }
        advanced += u32::from(now != before);
        before = now;
    }
    eprintln!("a sync takes {whole:?}; {advanced} of {ROUNDS} rounds published something");
    assert!(advanced > 0, "every kill came before the first publication, so nothing was tried");

    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    replace_sources(&place, ROUNDS + 2);
    sync_whole(&server, &http, 1);
    assert_served(&http);
    let (code, log) = server.end(Signal::TERM);
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(published(&place), TABLES.map(|table| (table.to_owned(), ROUNDS + 2)).into());
    assert_eq!(temporary_files(&place.data_dir()), [""; 0]);
    assert_eq!(published_files(&place).len(), TABLES.len(), "files of earlier rounds are gone");
}
