//! Pulls that are cut, killed, starved and disturbed: each table is the old or the new one, whole, and queries see all
//! tables of one pull.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::header;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::mount::Mount;
use crate::sandbox::{Ran, Sandbox, numbers, parquet};
use crate::server_stand_in::{Fault, StandIn, md5};

const TABLES: [&str; 6] = ["t0", "t1", "t2", "t3", "t4", "t5"];

/// The table of a round, in which each row names it.
fn rows(table: usize, round: u32) -> Vec<u8> {
    let count = 200 + 100 * table;
    parquet(&format!("SELECT {round} AS round, i AS id, md5((i + {round})::VARCHAR) AS text FROM range({count}) t(i)"))
}

/// Five tables, the last of them in parts.
fn offer(server: &StandIn, round: u32) -> Vec<Vec<u8>> {
    let files: Vec<_> = (0..TABLES.len()).map(|table| rows(table, round)).collect();
    let (last, others) = TABLES.split_last().unwrap();
    others.iter().zip(&files).for_each(|(table, file)| server.offer(table, file));
    let parts: Vec<(&str, &[u8])> = vec![("a", &files[4]), ("b", &files[5])];
    server.offer_parts(last, &parts);
    files
}

/// The round of all tables, each of which is whole.
const SEEN: &str = "SELECT min(round), max(round), string_agg(rows, ' ' ORDER BY name) FROM (
    SELECT 't0' AS name, round, count(*)::VARCHAR AS rows FROM t0 GROUP BY ALL
    UNION ALL SELECT 't1', round, count(*)::VARCHAR FROM t1 GROUP BY ALL
    UNION ALL SELECT 't2', round, count(*)::VARCHAR FROM t2 GROUP BY ALL
    UNION ALL SELECT 't3', round, count(*)::VARCHAR FROM t3 GROUP BY ALL
    UNION ALL SELECT 't4', round, count(*)::VARCHAR FROM t4 GROUP BY ALL
    UNION ALL SELECT 't5', round, count(*)::VARCHAR FROM t5 GROUP BY ALL)";

fn seen(sandbox: &Sandbox) -> u32 {
    let ran = sandbox.run(&["query", SEEN, "-f", "csv"]);
    // On a slow machine a pull may have analytics.duckdb open for longer than a query waits; that concerns no pulled table.
    let is_quiet = ran.stderr.is_empty() || ran.stderr.starts_with("warn: your own tables in analytics.duckdb");
    assert!(ran.code == 0 && is_quiet, "{}", ran.text);
    let line = ran.stdout.lines().nth(1).unwrap();
    let (first, rest) = line.split_once(',').unwrap();
    let (last, counts) = rest.split_once(',').unwrap();
    assert_eq!((first, counts), (last, "200 300 400 500 600 1300"));
    first.parse().unwrap()
}

fn pull_once(sandbox: &Sandbox) -> Ran {
    sandbox.finished(sandbox.command(&["pull", "--json"]).env("AGNES_STREAM_RETRIES", "0").output().unwrap())
}

#[test]
fn cut_at_every_tenth() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    server.offer("orders", &numbers(0));
    sandbox.run(&["pull"]);
    for tenth in 1..10 {
        let (old, new) = (numbers(tenth - 1), numbers(tenth));
        server.offer("orders", &new);
        let cut = new.len() * tenth as usize / 10;
        server.fault("orders", Fault::Cut(cut));
        let ran = pull_once(&sandbox);
        assert_eq!((ran.code, &ran.json()["ok"]), (4, &json!(false)), "{}", ran.text);
        assert_eq!(sandbox.pulled("orders").unwrap(), old);
        assert_eq!(sandbox.value("SELECT count(*) FROM orders"), "3000");
        assert_eq!(pull_once(&sandbox).code, 0);
        assert_eq!(sandbox.pulled("orders").unwrap(), new);
        assert_eq!(server.seen("/download").last().unwrap().headers[header::RANGE], format!("bytes={cut}-"));
    }
}

#[test]
fn a_storm_of_refusals() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    offer(&server, 1);
    sandbox.run(&["pull"]);
    offer(&server, 2);
    let names = ["t0", "t1", "t2", "t3", "t4", "t5#a", "t5#b"];
    let before = server.seen("/api/data/").len();
    let storm = |count| names.iter().for_each(|name| (0..count).for_each(|_| server.fault(name, Fault::Status(503))));
    // One that does not end.
    storm(4);
    let ran = sandbox.run(&["pull", "--json"]);
    assert_eq!((ran.code, ran.json()["errors"].as_array().unwrap().len()), (4, 7), "{}", ran.text);
    assert_eq!(server.seen("/api/data/").len() - before, 4 * names.len(), "the number of attempts is bounded");
    assert_eq!(seen(&sandbox), 1);
    // One that ends.
    storm(2);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(seen(&sandbox), 2);
}

#[test]
fn nothing_is_seen_of_a_pull_before_its_end() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    offer(&server, 1);
    sandbox.run(&["pull"]);
    let files = offer(&server, 2);
    // A slow one: the last byte of a table does not come.
    server.fault("t3", Fault::HoldAt(files[3].len() - 1));
    let pull = sandbox.spawn(&mut sandbox.command(&["pull"]));
    server.wait_for_count("/api/data/t3/", 2);
    server.wait_for_count("/parts/b", 2);
    assert_eq!(seen(&sandbox), 1);
    server.release();
    let ran = sandbox.finished(pull.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert_eq!(seen(&sandbox), 2);
}

#[test]
fn queries_run_throughout() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    offer(&server, 1);
    sandbox.run(&["pull"]);
    let is_over = AtomicBool::new(false);
    let rounds = std::thread::scope(|scope| {
        let queries = scope.spawn(|| {
            let mut rounds = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                rounds.push(seen(&sandbox));
            }
            rounds
        });
        for round in 2..12 {
            offer(&server, round);
            let ran = sandbox.run(&["pull"]);
            assert_eq!(ran.code, 0, "{}", ran.text);
        }
        is_over.store(true, Ordering::Relaxed);
        queries.join().unwrap()
    });
    assert!(rounds.is_sorted() && rounds.len() > 5, "{rounds:?}");
    assert_eq!(seen(&sandbox), 11);
}

#[test]
fn several_pulls_at_once() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    offer(&server, 1);
    let pulls: Vec<_> = (0..4).map(|_| sandbox.spawn(&mut sandbox.command(&["pull", "--json"]))).collect();
    let ran: Vec<Ran> = pulls.into_iter().map(|pull| sandbox.finished(pull.wait_with_output().unwrap())).collect();
    assert!(ran.iter().all(|ran| ran.code == 0));
    let updated: Vec<_> = ran.iter().filter(|ran| ran.json()["tables_updated"] == 6).collect();
    assert_eq!((updated.len(), server.seen("/api/data/").len()), (1, 7));
    assert_eq!(seen(&sandbox), 1);
}

#[test]
fn killed_at_any_point() {
    let given = std::env::var("AGNES_TEST_SEED").ok().map(|text| text.parse().unwrap());
    let seed: u64 = given.unwrap_or_else(|| rand::rng().random());
    eprintln!("AGNES_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let mut known: Vec<Vec<Vec<u8>>> = vec![offer(&server, 0)];
    sandbox.run(&["pull"]);
    let (mut before, mut advanced) = (0, 0);
    for round in 1..=50 {
        known.push(offer(&server, round));
        let requests = server.seen("").len();
        let mut pull = sandbox.spawn(&mut sandbox.command(&["pull"]));
        // The manifest, up to seven files and the rules; then at any moment of what follows.
        if random.random_bool(0.5) {
            server.wait_for_count("", requests + random.random_range(1..8));
            std::thread::sleep(Duration::from_micros(random.random_range(0..3000)));
        } else {
            server.wait_for_count("", requests + 8);
            std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
        }
        pull.kill().unwrap();
        pull.wait().unwrap();
        let now = seen(&sandbox);
        assert!(now == before || now == round, "{before} → {now} in {round}");
        advanced += u32::from(now == round);
        // What other programs see is whole, too.
        for (index, table) in TABLES[..5].iter().enumerate() {
            let file = sandbox.pulled(table).unwrap();
            assert!(known.iter().any(|files| files[index] == file), "{table} in {round}");
        }
        before = now;
    }
    eprintln!("{advanced} of 50 rounds came to their end");
    assert!(advanced < 50, "no kill came before the end");
    let files = offer(&server, 51);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(seen(&sandbox), 51);
    // Nothing is left of the others.
    let mut expected: Vec<String> = TABLES[..5]
        .iter()
        .zip(&files)
        .flat_map(|(table, file)| {
            [format!("server/files/{table}.{}.parquet", md5(file)), format!("server/parquet/{table}.parquet")]
        })
        .chain([4, 5].map(|file| {
            let part = if file == 4 { "a" } else { "b" };
            format!("server/parquet/t5/{part}.{}.parquet", md5(&files[file]))
        }))
        .collect();
    expected.sort();
    let found: Vec<_> = sandbox.files().into_iter().filter(|file| file.starts_with("server/")).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_full_disk() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let Some(mount) = Mount::tmpfs(&sandbox.workspace, "size=2m") else { return };
    server.offer("orders", &parquet("SELECT 1 AS id"));
    server.offer("other", &parquet("SELECT 1 AS id"));
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    // 3 MB that the manifest says nothing about: only writing shows that they do not fit.
    let large = parquet("SELECT i AS id, md5(i::VARCHAR) AS text FROM range(90000) t(i)");
    assert!(large.len() > 3 << 20);
    server.offer("orders", &large);
    let table = json!({"hash": md5(&large), "size_bytes": null, "rows": 1, "query_mode": "local"});
    server.answer("GET /api/sync/manifest", 200, json!({"tables": {"orders": table}, "server_time": ""}));
    let ran = sandbox.run(&["pull", "--json"]);
    assert_eq!(ran.code, 4, "{}", ran.text);
    assert!(ran.text.contains("No space left on device"), "{}", ran.text);
    assert_eq!(sandbox.value("SELECT id FROM orders"), "1");
    // The manifest says it: nothing is begun.
    let table = json!({"hash": md5(&large), "size_bytes": large.len(), "rows": 1, "query_mode": "local"});
    server.answer("GET /api/sync/manifest", 200, json!({"tables": {"orders": table}, "server_time": ""}));
    let requests = server.seen("/download").len();
    let ran = sandbox.run(&["pull", "--json"]);
    assert_eq!((ran.code, &ran.json()["errors"][0]["stage"]), (1, &json!("disk")), "{}", ran.text);
    assert_eq!(server.seen("/download").len(), requests);
    assert_eq!(sandbox.value("SELECT id FROM orders"), "1");

    mount.remount("size=64m");
    let ran = sandbox.run(&["pull"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert_eq!(sandbox.value("SELECT count(*) FROM orders"), "90000");
}
