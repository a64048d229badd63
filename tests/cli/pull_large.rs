//! Files that are large enough for several ranges at the same time.

use std::sync::OnceLock;

use axum::http::header;
use serde_json::json;

use crate::sandbox::{Sandbox, parquet};
use crate::server_stand_in::{Fault, Seen, StandIn};

/// Some 30 MB.
fn large() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let rows = "SELECT i AS id, md5(i::VARCHAR) AS one, md5((i + 1000000)::VARCHAR) AS two FROM range(440000) t(i)";
        let bytes = parquet(rows);
        assert!(bytes.len() > 24 << 20, "{} bytes", bytes.len());
        bytes
    })
}

fn ranges(seen: &[Seen]) -> Vec<(usize, usize)> {
    let range = |seen: &Seen| {
        let (first, last) =
            seen.headers.get(header::RANGE)?.to_str().unwrap().strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().unwrap(), last.parse().ok()?))
    };
    let mut ranges: Vec<_> = seen.iter().filter_map(range).collect();
    ranges.sort_unstable();
    ranges
}

#[test]
fn ranges_come_at_the_same_time_and_make_up_the_file() {
    let server = StandIn::start();
    server.offer("orders", large());
    server.fault("orders", Fault::HoldAt(1000));
    let sandbox = Sandbox::signed_in(&server);
    let pull = sandbox.spawn(&mut sandbox.command(&["pull"]));
    // One of them waits, and others are asked for meanwhile.
    server.wait_for_count("/download", 5);
    server.release();
    let ran = sandbox.finished(pull.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(sandbox.pulled("orders").unwrap() == large());
    let ranges = ranges(&server.seen("/download"));
    assert!(ranges.len() > 4, "{ranges:?}");
    assert!(ranges.windows(2).all(|two| two[0].1 + 1 == two[1].0), "each byte is requested once: {ranges:?}");
    assert_eq!((ranges[0].0, ranges.last().unwrap().1), (0, large().len() - 1));
}

#[test]
fn an_interrupted_file_is_continued_by_the_next_pull() {
    let server = StandIn::start();
    server.offer("orders", large());
    (0..4).for_each(|_| server.fault("orders", Fault::Cut(500_000)));
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.finished(sandbox.command(&["pull"]).env("AGNES_STREAM_RETRIES", "0").output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.text);
    let files = sandbox.files();
    let part = files.iter().find(|file| file.ends_with(".part")).expect("what has come is kept");
    let there = std::fs::metadata(sandbox.workspace.join(part)).unwrap().len();
    let before = server.seen("/download").len();
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert!(sandbox.pulled("orders").unwrap() == large());
    let first = ranges(&server.seen("/download")[before..])[0].0;
    assert_eq!((first as u64, there), (500_000, 500_000));
}

#[test]
fn wrong_bytes_in_a_range_are_found_and_fetched_again() {
    let server = StandIn::start();
    server.offer("orders", large());
    server.fault("orders", Fault::Bytes(large().iter().map(|byte| !byte).collect()));
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["pull"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(sandbox.pulled("orders").unwrap() == large());
    let first = ranges(&server.seen("/download")).iter().filter(|range| range.0 == 0).count();
    assert_eq!(first, 2);
}

#[test]
fn a_file_that_changes_between_two_ranges_comes_in_its_new_version() {
    let server = StandIn::start();
    server.offer("orders", large());
    let new = parquet("SELECT 7 AS id");
    server.fault("orders", Fault::HoldAt(1000));
    server.fault("orders", Fault::Replaced(new.clone()));
    let sandbox = Sandbox::signed_in(&server);
    let pull = sandbox.spawn(&mut sandbox.command(&["pull"]));
    server.wait_for_count("/download", 2);
    server.release();
    let ran = sandbox.finished(pull.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(sandbox.pulled("orders").unwrap() == new);
    assert_eq!(server.seen("/manifest").len(), 2);
    assert!(!sandbox.files().iter().any(|file| file.ends_with(".part")));
}

#[test]
fn a_server_that_sends_no_ranges_sends_the_file_as_a_whole() {
    let server = StandIn::start();
    server.offer("orders", large());
    // Its tag for this version is not the hash, as with v0.35.
    server.tag_as("orders", "1795399969123");
    let sandbox = Sandbox::signed_in(&server);
    server.fault("orders", Fault::Bytes(large().to_vec()));
    server.fault("orders", Fault::Cut(20 << 20));
    let mut pull = sandbox.command(&["pull", "--json"]);
    let ran =
        sandbox.finished(pull.env("AGNES_STREAM_RETRIES", "0").env("AGNES_PULL_CONCURRENCY", "1").output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.text);
    // The next pull goes on by the server's own tag.
    let mut pull = sandbox.command(&["pull", "--json"]);
    let ran = sandbox.finished(pull.env("AGNES_PULL_CONCURRENCY", "1").output().unwrap());
    assert_eq!((ran.code, &ran.json()["tables_updated"]), (0, &json!(1)), "{}", ran.text);
    assert!(sandbox.pulled("orders").unwrap() == large());
    let seen = server.seen("/download");
    let last = &seen.last().unwrap().headers;
    assert_eq!(
        (&last[header::RANGE], &last[header::IF_RANGE]),
        (&format!("bytes={}-", 20 << 20).parse().unwrap(), &"\"1795399969123\"".parse().unwrap())
    );
}
