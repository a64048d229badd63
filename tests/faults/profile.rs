//! Tables that are too wide or too large to profile without a limit.

use std::fmt::Write;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use agnes::base::atomic_file;
use agnes::base::ident::quote_path;
use agnes::engine::{self, Limits};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::flood::peak;
use crate::http::Http;
use crate::program::{PATIENCE, Place, Serving};
use crate::{SCHEDULER, place};

/// How much the server may grow while its children profile, in KiB.
const GROWTH_KIB: u64 = 200 * 1024;
/// The default of `AGNES_PROFILE_MEMORY_MB`, in KiB.
const CHILD_KIB: u64 = 1024 * 1024;

fn put_file(place: &Place, name: &str, content: &str) {
    let path = place.data_dir().join("uploads/tables").join(name);
    atomic_file::write(&path, content.as_bytes()).unwrap();
}

/// 300 rows of numbers.
fn wide(columns: usize) -> String {
    let mut text = (0..columns).map(|n| format!("feature_{n}")).collect::<Vec<_>>().join(",");
    for row in 0..300 {
        for column in 0..columns {
            let separator = if column == 0 { '\n' } else { ',' };
            write!(text, "{separator}{}", ((row * column) % 97) as f64 / 4.0).unwrap();
        }
    }
    text.push('\n');
    text
}

/// Texts of a megabyte, one in each row.
fn put_long_texts(place: &Place, rows: usize) {
    let file = quote_path(&place.data_dir().join("uploads/tables/letters.parquet"));
    let connection = engine::in_memory(&Limits { memory: "2GB".into(), ..Limits::small() }).unwrap();
    let rows = format!("SELECT i AS id, repeat('x' || i, 500000) AS letter FROM range({rows}) t(i)");
    connection.execute_batch(&format!("COPY ({rows}) TO {file} (FORMAT parquet, COMPRESSION zstd)")).unwrap();
}

fn register(http: &Http, name: &str) {
    let reply = http.post("/api/admin/register-table", &json!({"name": name, "source_type": "local"}));
    assert_eq!(reply.status, 201, "{}", reply.text());
}

/// Syncs and returns the run, and the most memory of a process that profiled, in KiB.
fn sync(http: &Http, server: &Serving) -> (Value, u64) {
    let id = http.post("/api/sync/trigger", &Value::Null).json()["run_id"].as_str().unwrap().to_owned();
    let (deadline, mut most) = (Instant::now() + 3 * PATIENCE, 0);
    loop {
        most = most.max(profiler_memory(server.child.id()));
        let run = http.get(&format!("/api/sync/runs/{id}")).json();
        if !["queued", "running"].contains(&run["status"].as_str().unwrap()) {
            return (run, most);
        }
        assert!(Instant::now() < deadline, "waited in vain for {run}");
        sleep(Duration::from_millis(5));
    }
}

/// The most memory that a profiling child of a process ever held, in KiB; 0: it has none.
fn profiler_memory(parent: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{parent}/task")).unwrap().filter_map(Result::ok);
    let children: String =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok()).collect();
    let is_profiler = |pid: &&str| {
        let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.contains("\0extract\0profile\0")
    };
    children.split_whitespace().filter(is_profiler).filter_map(|pid| peak(pid.parse().ok()?)).max().unwrap_or_default()
}

fn profile(http: &Http, table: &str) -> (u16, Value) {
    let reply = http.get(&format!("/api/catalog/profile/{table}"));
    (reply.status, reply.json())
}

/// The notes of a run on profiles.
fn notes(run: &Value) -> Vec<&Value> {
    run["tables"].as_array().unwrap().iter().filter(|table| table["step"] == "profile").collect()
}

#[test]
fn wide_tables_are_profiled_in_little_memory() {
    let place = place();
    put_file(&place, "wide.csv", &wide(800));
    put_file(&place, "wider.csv", &wide(1500));
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    ["wide", "wider"].iter().for_each(|table| register(&http, table));
    let before = peak(server.child.id()).unwrap();
    let (run, most) = sync(&http, &server);
    assert_eq!((&run["status"], notes(&run)), (&json!("ok"), vec![]), "{run}");
    assert!(most > 0 && most < CHILD_KIB, "the profiler held {most} KiB");
    for (table, columns) in [("wide", 800), ("wider", 1500)] {
        let (status, profile) = profile(&http, table);
        let shown = profile["columns"].as_array().unwrap();
        assert_eq!((status, shown.len(), &profile["column_count"]), (200, columns, &json!(columns)));
        // 97 is prime: every column but the first, and those of its multiples, has all its quarters.
        assert_eq!((&shown[0]["unique_count"], &shown[97]["unique_count"]), (&json!(1), &json!(1)));
        let (last, stats) = (&shown[columns - 1], &shown[columns - 1]["numeric_stats"]);
        assert_eq!((&last["unique_count"], &stats["min"], &stats["max"]), (&json!(97), &json!(0.0), &json!(24.0)));
        assert_eq!(profile["sample_rows"][1]["feature_1"], "0.25");
        assert_eq!(profile["sample_rows"][1].as_object().unwrap().len(), columns);
    }
    let growth = peak(server.child.id()).unwrap() - before;
    eprintln!("the server grew by {growth} KiB, the profiler held {most} KiB");
    assert!(growth < GROWTH_KIB, "the server grew by {growth} KiB");
    assert_eq!(server.end(Signal::TERM).0, Some(0));

    // After a restart the next sync profiles only what is new.
    put_file(&place, "small.csv", "id\n1\n2\n");
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    register(&http, "small");
    let at = profile(&http, "wider").1["profiled_at"].clone();
    assert_eq!(sync(&http, &server).0["status"], "ok");
    assert_eq!(profile(&http, "small").1["row_count"], 2);
    assert_eq!(profile(&http, "wider").1["profiled_at"], at);
}

#[test]
fn a_failed_profile_says_why_and_waits_for_other_data() {
    let place = Place::new(&[("SCHEDULER_API_TOKEN", SCHEDULER), ("AGNES_PROFILE_MEMORY_MB", "256")]);
    fs::create_dir_all(place.data_dir().join("uploads/tables")).unwrap();
    put_long_texts(&place, 250);
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    register(&http, "letters");
    let (run, most) = sync(&http, &server);
    let reason = "it needs more memory than a profile may use (256 MB, AGNES_PROFILE_MEMORY_MB)";
    assert_eq!((&run["status"], notes(&run).len()), (&json!("ok"), 1), "{run}");
    assert_eq!(notes(&run)[0]["notes"], json!([format!("no profile: {reason}")]));
    assert!(most < 300 * 1024, "the profiler held {most} KiB");
    let missing = (404, json!({"detail": format!("letters has no profile: {reason}")}));
    assert_eq!(profile(&http, "letters"), missing);
    assert!(no_leftovers(&place), "files of the profiler stay");

    // Neither another sync nor a restart tries again.
    put_file(&place, "small.csv", "id\n1\n");
    register(&http, "small");
    let (run, _) = sync(&http, &server);
    assert_eq!((&run["status"], notes(&run)), (&json!("ok"), vec![]), "{run}");
    assert_eq!(profile(&http, "small").0, 200);
    let (code, log) = server.end(Signal::TERM);
    assert_eq!((code, log.matches("table not profiled").count()), (Some(0), 1), "{log}");
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    assert_eq!(notes(&sync(&http, &server).0), Vec::<&Value>::new());
    assert_eq!(profile(&http, "letters"), missing);

    // Other data are profiled, and long values are cut.
    put_long_texts(&place, 2);
    let (run, _) = sync(&http, &server);
    assert_eq!(notes(&run), Vec::<&Value>::new(), "{run}");
    let (status, profile) = profile(&http, "letters");
    let letter = &profile["columns"][1];
    assert_eq!((status, &letter["string_stats"]["max_length"]), (200, &json!(1_000_000)));
    let cut = format!("{}… (1000000 characters)", "x0".repeat(250));
    assert_eq!(letter["sample_values"][0], cut);
    assert!(profile.to_string().len() < 20_000);
}

#[test]
fn a_profile_has_a_deadline() {
    let place = Place::new(&[("SCHEDULER_API_TOKEN", SCHEDULER), ("AGNES_PROFILE_TIMEOUT", "1")]);
    let folder = place.data_dir().join("uploads/tables");
    fs::create_dir_all(&folder).unwrap();
    let many = (0..1000).map(|n| format!("(i * {}) % 977 / 4 AS f{n}", n + 1)).collect::<Vec<_>>().join(", ");
    let file = quote_path(&folder.join("slow.parquet"));
    let connection = engine::in_memory(&Limits { memory: "2GB".into(), ..Limits::small() }).unwrap();
    let copy = format!("COPY (SELECT {many} FROM range(10000) t(i)) TO {file} (FORMAT parquet)");
    connection.execute_batch(&copy).unwrap();
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    register(&http, "slow");
    let (run, _) = sync(&http, &server);
    assert_eq!(run["status"], "ok", "{run}");
    let reason = "slow has no profile: it takes longer than a profile may take (1 s, AGNES_PROFILE_TIMEOUT)";
    assert_eq!(profile(&http, "slow"), (404, json!({ "detail": reason })));
    assert!(no_leftovers(&place), "files of the profiler stay");
    assert_eq!(profiler_memory(server.child.id()), 0, "the profiler is gone");
}

fn no_leftovers(place: &Place) -> bool {
    !place.data_dir().join("analytics/.spill/profile").exists()
}
